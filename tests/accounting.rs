//! Several calls, some of which fail: everybody who was given is accounted for, once, and the sandbox's log agrees.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use pssailpointcc_sandbox::{Arrival, Endpoint, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

/// 600 people by id and two ids that nobody has: three calls, 250, 250 and 100.
fn ids(sandbox: &Sandbox) -> Vec<String> {
    let people = sandbox.identities();
    people.into_iter().map(|person| person.id).chain(["0000".to_owned(), "1111".to_owned()]).collect()
}

fn request(sandbox: &Sandbox, ids: &[String]) -> Value {
    // One call after the other: which is the second is certain then.
    let members = json!({
        "timeoutSec": 30, "maximumRetryCount": 2, "maximumResponseBytes": 1_000_000, "maximumConcurrency": 1,
    });
    json!({ "identities": ids, "identityAttribute": "id", "configuration": with(configuration(sandbox.url()), &members) })
}

/// The outcome of everybody; each name stands in one call or in `unmatched`.
fn outcomes(answer: &Value) -> BTreeMap<String, String> {
    let mut outcomes = BTreeMap::new();
    let mut add = |name: &Value, outcome: &str| {
        let name = name.as_str().expect("a name").to_owned();
        assert_eq!(outcomes.insert(name.clone(), outcome.to_owned()), None, "{name} stands twice");
    };
    for call in
        answer["calls"].as_array().expect("a list").iter().filter(|call| call["call"] != "synchronize-attributes")
    {
        let outcome = call["outcome"].as_str().expect("an outcome");
        call["identities"].as_array().expect("a list").iter().for_each(|name| add(name, outcome));
        if outcome != "not_sent" {
            assert_eq!(call["error"].is_null(), outcome == "accepted", "{call}");
        }
    }
    answer["unmatched"].as_array().into_iter().flatten().for_each(|name| add(name, "unmatched"));
    outcomes
}

/// The outcome of each call.
fn by_call(answer: &Value) -> Vec<&str> {
    answer["calls"].as_array().into_iter().flatten().filter_map(|call| call["outcome"].as_str()).collect()
}

/// Holds an answer against the sandbox's people and log.
fn check(sandbox: &Sandbox, answer: &Value, given: &[String], what: &str) {
    let outcomes = outcomes(answer);
    let names: Vec<&String> = outcomes.keys().collect();
    let mut sorted: Vec<&String> = given.iter().collect();
    sorted.sort();
    assert_eq!(names, sorted, "{what}: nobody is lost");
    for person in sandbox.identities() {
        let Some(outcome) = outcomes.get(&person.id) else { continue };
        assert!(person.refreshes <= 1, "{what}: {} was refreshed {} times", person.name, person.refreshes);
        match outcome.as_str() {
            "accepted" => assert_eq!(person.refreshes, 1, "{what}: {} was accepted", person.name),
            "rejected" | "not_sent" => assert_eq!(person.refreshes, 0, "{what}: {} was {outcome}", person.name),
            _ => {}
        }
    }
    let has = |outcome: &str| outcomes.values().any(|found| found == outcome);
    match answer["error"]["sent"].as_str() {
        None => assert_eq!(answer["ok"], true, "{what}"),
        Some("no") => assert!(sandbox.refreshes().is_empty() && !has("accepted") && !has("maybe_sent"), "{what}"),
        Some("yes") => assert!(has("accepted") && !has("maybe_sent"), "{what}"),
        Some(_) => assert!(has("maybe_sent"), "{what}"),
    }
}

#[test]
fn a_call_that_fails_for_itself_does_not_stop_the_others() {
    for (status, outcome, sent) in
        [(400, "rejected", "yes"), (500, "maybe_sent", "maybe"), (503, "maybe_sent", "maybe")]
    {
        let sandbox = Sandbox::builder().people(600).start();
        let given = ids(&sandbox);
        sandbox.fault(Fault::on(Endpoint::Process).status(status).skip(1));
        let answer = refresh(&request(&sandbox, &given));
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["sent"]), (&json!("partial_failure"), &json!(sent)), "{error}");
        assert_eq!(by_call(&answer), ["accepted", outcome, "accepted"], "in the order of what was given");
        assert_eq!(
            (&answer["calls"][1]["status"], &answer["calls"][1]["error"]["code"]),
            (&json!(status), &json!("http_status"))
        );
        assert!(answer["calls"][1]["trackingId"].is_string(), "{}", answer["calls"][1]["error"]);
        let said = error["message"].as_str().expect("text");
        assert!(said.starts_with("1 of 3 calls") && said.contains("350 were accepted"), "{said}");
        assert!(error["hint"].as_str().is_some_and(|hint| hint.contains(&format!("status {status}"))), "{error}");
        check(&sandbox, &answer, &given, &status.to_string());
        assert_eq!(sandbox.arrivals(Endpoint::Process).len(), 3);
    }
}

#[test]
fn a_call_that_fails_for_all_stops_the_rest() {
    for status in [401, 403, 404, 405, 410, 429] {
        let sandbox = Sandbox::builder().people(600).start();
        let given = ids(&sandbox);
        sandbox.fault(Fault::on(Endpoint::Process).status(status).retry_after(60).skip(1).times(0));
        let answer = refresh(&request(&sandbox, &given));
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("partial_failure"), &json!("yes")),
            "{status}"
        );
        assert_eq!(by_call(&answer), ["accepted", "rejected", "not_sent"], "{status}");
        check(&sandbox, &answer, &given, &status.to_string());

        // From the beginning: the error is that of the call itself.
        let sandbox = Sandbox::builder().people(600).start();
        sandbox.fault(Fault::on(Endpoint::Process).status(status).retry_after(60).times(0));
        let answer = refresh(&request(&sandbox, &given));
        assert_eq!(answer["error"]["response"]["status"], status, "{}", answer["error"]);
        assert_eq!(answer["error"]["sent"], "no", "{status}");
        check(&sandbox, &answer, &given, &status.to_string());
        assert_eq!(answer["calls"][2]["outcome"], "not_sent");
    }
}

#[test]
fn no_fault_makes_a_call_arrive_twice_or_the_account_lie() {
    let kinds = FaultKind::all().filter(|kind| !matches!(kind, FaultKind::Panic | FaultKind::Status));
    let cases: Vec<_> = kinds.flat_map(|kind| [(kind, 0, 1), (kind, 1, 1), (kind, 1, 0)]).collect();
    // A few at a time: each has a sandbox and a client of its own.
    for cases in cases.chunks(12) {
        std::thread::scope(|scope| {
            for (kind, skip, times) in cases.iter().copied() {
                scope.spawn(move || {
                    let sandbox = Sandbox::builder().people(600).start();
                    let given = ids(&sandbox);
                    let delay = match kind {
                        FaultKind::SlowHeaders | FaultKind::Trickle => Duration::from_millis(100),
                        FaultKind::Refused => Duration::from_millis(60),
                        _ => Duration::from_secs(3),
                    };
                    sandbox.fault(
                        Fault::on(Endpoint::Process).kind(kind).skip(skip).times(times).delay(delay).megabytes(4),
                    );
                    let mut request = request(&sandbox, &given);
                    request["configuration"]["timeoutSec"] = json!(1.5);
                    let answer = refresh(&request);
                    let what = format!("{kind:?} after {skip}, {times} times");
                    check(&sandbox, &answer, &given, &what);
                    // A sandbox that was here before may have given out the token: the port is the same.
                    let counts = |arrival: &Arrival| arrival.complete && arrival.status != Some(401);
                    let taken = sandbox.arrivals(Endpoint::Process).iter().filter(|arrival| counts(arrival)).count();
                    assert!(taken <= 3, "{what}: {taken} calls for three batches");
                });
            }
        });
    }
}

#[test]
fn a_lost_connection_and_a_page_are_no_proof() {
    let sandbox = Sandbox::builder().people(600).start();
    let given = ids(&sandbox);
    sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Reset).skip(1));
    let answer = refresh(&request(&sandbox, &given));
    assert_eq!(by_call(&answer), ["accepted", "maybe_sent", "accepted"], "{}", answer["error"]);
    assert_eq!(answer["error"]["sent"], "maybe");
    check(&sandbox, &answer, &given, "a reset");
    // A page is no answer of the service, and the next would be none.
    let sandbox = Sandbox::builder().people(600).start();
    sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Html).times(0));
    let answer = refresh(&request(&sandbox, &given));
    assert_eq!(sandbox.arrivals(Endpoint::Process).len(), 1, "{}", answer["error"]);
    check(&sandbox, &answer, &given, "a page");
}

#[test]
fn one_call_alone_keeps_its_own_error() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Reset));
    let answer = refresh(&with(
        request(&sandbox, &["smith".to_owned(), "nobody".to_owned()]),
        &json!({ "identityAttribute": "uid" }),
    ));
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["sent"]),
        (&json!("connection"), &json!("maybe")),
        "{answer}"
    );
    assert_eq!((&answer["unmatched"], &answer["calls"][0]["outcome"]), (&json!(["nobody"]), &json!("maybe_sent")));
    assert_eq!(answer["error"]["calls"], Value::Null, "beside the error, not in it");
}

#[test]
fn what_the_time_does_not_suffice_for_is_not_sent() {
    let sandbox = Sandbox::builder().people(600).start();
    let given = ids(&sandbox);
    sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Slow).delay(Duration::from_secs(20)).skip(1));
    let options = json!({ "options": { "totalTimeoutSec": 3 } });
    let answer = refresh(&with(request(&sandbox, &given), &options));
    assert_eq!(by_call(&answer), ["accepted", "maybe_sent", "not_sent"], "{}", answer["error"]);
    check(&sandbox, &answer, &given, "the total timeout");
}

#[test]
fn without_a_token_nothing_was_rejected() {
    let sandbox = Sandbox::builder().people(600).start();
    let given = ids(&sandbox);
    sandbox.fault(Fault::on(Endpoint::Token).status(401).times(0));
    let answer = refresh(&request(&sandbox, &given));
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["sent"]),
        (&json!("unauthorized"), &json!("no")),
        "{}",
        answer["error"]
    );
    assert!(outcomes(&answer).values().all(|outcome| outcome == "not_sent"));
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 1, "and it is not asked for again");
}

#[test]
fn by_cc_everybody_is_accounted_for_as_well() {
    let sandbox = Sandbox::start();
    let given: Vec<String> = ["smith", "nobody", "Smith", "AND", "amelie.roux"].map(str::to_owned).to_vec();
    let cc = with(request(&sandbox, &given), &json!({ "identityAttribute": "uid", "options": { "backend": "cc" } }));
    sandbox.fault(Fault::on(Endpoint::Refresh).status(400).skip(1));
    sandbox.fault(Fault::on(Endpoint::Refresh).status(410).skip(1));
    let answer = refresh(&cc);
    assert_eq!(answer["error"]["code"], "partial_failure", "{answer}");
    let outcomes = outcomes(&answer);
    let found: Vec<&str> = given.iter().map(|name| outcomes[name].as_str()).collect();
    assert_eq!(found, ["accepted", "unmatched", "rejected", "rejected", "not_sent"], "{answer}");
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn calls_under_way_are_finished_after_an_error_that_stops_the_rest() {
    let sandbox = Sandbox::builder().people(2_000).start();
    let given = ids(&sandbox);
    sandbox.fault(Fault::on(Endpoint::Process).status(403).times(1));
    let request = request(&sandbox, &given);
    let configuration = with(request["configuration"].clone(), &json!({ "maximumConcurrency": 3 }));
    let answer = refresh(&with(request, &json!({ "configuration": configuration })));
    check(&sandbox, &answer, &given, "three under way");
    let outcomes = by_call(&answer);
    let number = |outcome: &str| outcomes.iter().filter(|of| **of == outcome).count();
    assert_eq!((number("rejected"), outcomes.len()), (1, 8), "{outcomes:?}");
    // Whichever of the first three it met: those beside it were sent, and no more than those behind it.
    assert!((2..=4).contains(&number("accepted")) && number("not_sent") >= 3, "{outcomes:?}");
    let arrived = sandbox.arrivals(Endpoint::Process).len();
    assert_eq!(arrived, number("accepted") + 1, "{outcomes:?}");
}

#[test]
fn where_no_token_comes_it_is_asked_for_once() {
    for status in [400, 500, 503] {
        let sandbox = Sandbox::builder().people(600).start();
        let given = ids(&sandbox);
        sandbox.fault(Fault::on(Endpoint::Token).status(status).times(0));
        let mut request = request(&sandbox, &given);
        request["configuration"]["maximumRetryCount"] = json!(0);
        let answer = refresh(&request);
        assert_eq!(answer["error"]["response"]["status"], status, "{}", answer["error"]);
        check(&sandbox, &answer, &given, "no token");
        assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 1, "{status}: it would fail for the others as well");
    }
}
