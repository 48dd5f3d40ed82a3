//! Filters of many values, and searches that do not end: what is evaluated is bounded, by hashing, by the deadline, by
//! a cancel, and by the number of identities that search has announced.

mod filter_support;
mod support;

use std::cell::Cell;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use filter_support::random::{Random, VALUES, quoted};
use pssailpointcc::filter::{
    eval::{Judge, KnownAttributes, Verdict, judge},
    parse,
};
use pssailpointcc_sandbox::{Endpoint, Fault, Sandbox};
use serde_json::{Value, json};
use support::{Operation, arrived, configuration, find, refresh, says, with};

fn verdict(filter: &str, document: &Value) -> Verdict {
    judge(&parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")), document)
}

/// A value of every type that a document may have.
fn value(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(7),
        3 => json!(0.5),
        4 => json!([]),
        5 => json!(["smith"]),
        6 => json!(""),
        _ => random.one_of(&VALUES).into(),
    }
}

fn document(random: &mut Random) -> Value {
    let mut document = json!({ "id": "1", "attributes": {} });
    for attribute in ["uid", "email", "displayName"] {
        if random.below(8) > 0 {
            document["attributes"][attribute] = value(random);
        }
    }
    // The same value in the second place, or another one.
    for attribute in ["email", "displayName"] {
        match random.below(4) {
            0 => {}
            1 => document[attribute] = value(random),
            _ => document[attribute] = document["attributes"][attribute].clone(),
        }
    }
    document
}

#[test]
fn a_chain_of_comparisons_means_what_its_parts_mean_one_by_one() {
    let mut random = Random::new(14);
    for _ in 0..3_000 {
        let document = document(&mut random);
        let attribute = random.one_of(&["uid", "email", "displayName", "nothing", "created"]);
        let case = random.one_of(&["", "i"]);
        let values: Vec<String> = (0..8 + random.below(8)).map(|_| quoted(random.one_of(&VALUES))).collect();
        let not = |text: String| format!("!({text})");
        let one = |operator: &str, value: &String| format!("{attribute} {case}{operator} {value}");
        for (connective, parts) in [
            (" || ", values.iter().map(|value| one("==", value)).collect::<Vec<_>>()),
            (" && ", values.iter().map(|value| one("!=", value)).collect()),
            (" && ", values.iter().map(|value| not(one("==", value))).collect()),
            (" || ", values.iter().map(|value| not(one("!=", value))).collect()),
        ] {
            let verdicts: Vec<Verdict> = parts.iter().map(|part| verdict(part, &document)).collect();
            let (strongest, weakest) =
                if connective == " || " { (Verdict::Yes, Verdict::No) } else { (Verdict::No, Verdict::Yes) };
            let expected = [strongest, Verdict::Unknown].into_iter().find(|wanted| verdicts.contains(wanted));
            let chain = parts.join(connective);
            assert_eq!(verdict(&chain, &document), expected.unwrap_or(weakest), "{chain}\n{document:#}");
        }
    }
}

#[test]
fn an_in_means_what_its_values_mean_one_by_one() {
    let mut random = Random::new(15);
    for _ in 0..3_000 {
        let document = json!({ "attributes": { "uid": value(&mut random) } });
        let literal = |random: &mut Random| match random.below(8) {
            0 => "true".to_owned(),
            1 => "7".to_owned(),
            2 => "null".to_owned(),
            3 => "\"\"".to_owned(),
            _ => quoted(random.one_of(&VALUES)),
        };
        let values: Vec<String> = (0..1 + random.below(6)).map(|_| literal(&mut random)).collect();
        for (method, operator) in [("in", "=="), ("inIgnoreCase", "i==")] {
            let together = format!("uid.{method}({{{}}})", values.join(", "));
            let parts: Vec<String> = values.iter().map(|value| format!("uid {operator} {value}")).collect();
            let verdicts: Vec<Verdict> = parts.iter().map(|part| verdict(part, &document)).collect();
            let expected = [Verdict::Yes, Verdict::Unknown].into_iter().find(|wanted| verdicts.contains(wanted));
            assert_eq!(verdict(&together, &document), expected.unwrap_or(Verdict::No), "{together}\n{document}");
        }
    }
}

#[test]
fn the_work_for_one_person_does_not_grow_with_the_number_of_values() {
    let name = |number: usize| format!("person.{number}");
    let join = |each: &dyn Fn(usize) -> String, connective: &str| -> String {
        (0..100_000).map(each).collect::<Vec<_>>().join(connective)
    };
    for filter in [
        format!("uid.in({{{}}})", join(&|number| quoted(&name(number)), ", ")),
        format!("!(uid.inIgnoreCase({{{}}}))", join(&|number| quoted(&name(number)), ", ")),
        join(&|number| format!("uid == {}", quoted(&name(number))), " || "),
        join(&|number| format!("uid i!= {}", quoted(&name(number))), " && "),
        join(&|number| format!("!(email == {})", quoted(&name(number))), " && "),
    ] {
        let filter = parse(&filter).expect("a filter");
        let judge = Judge::new(&filter);
        // Asked at the first condition of a person, and after a thousand others.
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            false
        };
        for number in 0..2_000 {
            let document = json!({ "email": null, "attributes": { "uid": name(number * 100) } });
            assert!(judge.judge_unless(&document, &KnownAttributes::default(), &stop).is_some());
        }
        assert_eq!(asked.get(), 2_000);
    }
}

#[test]
fn an_evaluation_is_given_up_when_it_is_told_to_stop() {
    let filter: Vec<String> = (0..20_000).map(|number| format!("uid.startsWith(\"{number} \")")).collect();
    let filter = parse(&filter.join(" || ")).expect("a filter");
    let (judge, asked) = (Judge::new(&filter), Cell::new(0));
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() == 5
    };
    assert_eq!(
        judge.judge_unless(&json!({ "attributes": { "uid": "smith" } }), &KnownAttributes::default(), &stop),
        None
    );
    assert_eq!(asked.get(), 5);
}

#[test]
fn forty_thousand_values_find_those_who_have_them() {
    let sandbox = Sandbox::builder().people(3_000).start();
    let people = sandbox.identities();
    let wanted = people.iter().filter(|person| person.correlated).step_by(3).map(|person| person.name.clone());
    let wanted: Vec<String> = wanted.skip(5).collect();
    let others = (0..40_000 - wanted.len()).map(|number| format!("nobody.{number}"));
    let values: Vec<String> = wanted.iter().cloned().chain(others).map(|name| quoted(&name)).collect();
    for filter in [
        format!("name.in({{{}}})", values.join(",")),
        values.iter().map(|value| format!("name == {value}")).collect::<Vec<_>>().join(" || "),
    ] {
        sandbox.clear_log();
        let answer = refresh(&json!({
            "filter": filter, "options": { "backend": "process" }, "configuration": configuration(sandbox.url()),
        }));
        assert_eq!((&answer["ok"], &answer["matched"]), (&json!(true), &json!(wanted.len())), "{}", answer["error"]);
        let refreshed: usize = sandbox.refreshes().iter().map(|refresh| refresh.ids.len()).sum();
        assert_eq!(refreshed, wanted.len());
    }
}

/// A filter that takes minutes for the people of the tenant: nothing hashes beginnings.
fn long_filter() -> String {
    let parts: Vec<String> = (0..20_000).map(|number| format!("uid.startsWithIgnoreCase(\"{number}\")")).collect();
    parts.join(" || ")
}

#[test]
fn the_end_of_the_calls_time_is_noticed_while_people_are_evaluated() {
    let sandbox = Sandbox::builder().people(20_000).start();
    for backend in ["process", "cc"] {
        let answer = refresh(&json!({
            "filter": long_filter(), "options": { "totalTimeoutSec": 3, "backend": backend },
            "configuration": configuration(sandbox.url()),
        }));
        assert_eq!((&answer["error"]["code"], &answer["error"]["sent"]), (&json!("timeout"), &json!("no")), "{answer}");
    }
    assert_eq!(sandbox.refreshes(), []);
}

#[test]
fn a_cancel_is_noticed_while_people_are_evaluated() {
    let sandbox = Sandbox::builder().people(20_000).start();
    for function in ["cc_refresh_identities", "cc_find_identities"] {
        let request = json!({ "filter": long_filter(), "configuration": configuration(sandbox.url()) });
        let operation = Operation::start(function, &request);
        support::until("the search", || (arrived(&sandbox, Endpoint::Search) > 0).then_some(()));
        assert_eq!(operation.cancel()["sent"], "no");
        assert_eq!(operation.result()["error"]["code"], "cancelled");
        sandbox.clear_log();
    }
}

#[test]
fn ids_that_do_not_ascend_are_an_error_and_not_an_endless_search() {
    let page = |ids: &mut dyn Iterator<Item = u32>| -> String {
        let documents: Vec<Value> =
            ids.map(|id| json!({ "id": format!("{id:032x}"), "attributes": { "uid": format!("p{id}") } })).collect();
        Value::from(documents).to_string()
    };
    for body in [page(&mut (0..260)), page(&mut (0..260).rev()), page(&mut [1, 2, 3].repeat(90).into_iter())] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Search).status(200).body(&body).times(0));
        let request = json!({ "filter": "uid == \"nobody\"", "configuration": configuration(sandbox.url()) });
        for answer in [refresh(&with(request.clone(), &json!({ "options": { "backend": "process" } }))), find(&request)]
        {
            assert_eq!(answer["error"]["code"], "invalid_response", "{answer}");
            says(&answer, "order of their ids");
        }
        assert!(arrived(&sandbox, Endpoint::Search) <= 4);
    }
}

#[test]
fn a_search_that_never_ends_is_an_error_after_the_number_that_it_announced() {
    for announced in [None, Some(3), Some(600)] {
        let server = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", server.local_addr().expect("an address"));
        std::thread::spawn(move || endless_search(&server, announced));
        let configuration = json!({ "baseUrl": url, "accessToken": "t", "lookup": support::nowhere(), "rateLimit": support::no_rate_limit() });
        let request = json!({ "filter": "uid == \"nobody\"", "options": { "backend": "process" }, "configuration": configuration });
        let answer = refresh(&request);
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("invalid_response"), &json!("no")),
            "{answer}"
        );
        says(&answer, "without an end");
    }
}

/// Answers every search with a full page of the ids that follow, and every count with the number.
fn endless_search(server: &TcpListener, announced: Option<u32>) {
    let mut last = 0_u32;
    for stream in server.incoming() {
        let stream = stream.expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        loop {
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                head.push(line.to_ascii_lowercase());
            }
            let Some(length) = head.iter().find_map(|line| line.strip_prefix("content-length:")) else { break };
            let mut body = vec![0; length.trim().parse().expect("a number")];
            reader.read_exact(&mut body).expect("the body");
            let limit = head[0].split("limit=").nth(1).and_then(|rest| rest.split(['&', ' ']).next()?.parse().ok());
            let limit: u32 = limit.unwrap_or(0);
            let page: Vec<Value> = (last..last + limit)
                .map(|id| json!({ "id": format!("{id:032x}"), "attributes": { "uid": format!("p{id}") } }))
                .collect();
            last += limit;
            let page = Value::from(page).to_string();
            let count = match announced {
                Some(number) => format!("x-total-count: {number}\r\n"),
                None if limit == 0 => "x-total-count: 12000\r\n".to_owned(),
                None => String::new(),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{count}content-length: {}\r\n\r\n",
                page.len()
            );
            let mut stream = &stream;
            if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes())).is_err() {
                break;
            }
        }
    }
}
