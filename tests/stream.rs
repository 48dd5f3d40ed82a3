//! A refresh that is fed while it runs: every name once, in order, and what stops it.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox};
use serde_json::{Value, json};
use support::{Operation, arrived, configuration, refresh, with};

const REFRESH: &str = "cc_refresh_identities";

fn sandbox_of(number: usize) -> Sandbox {
    let people = (0..number).map(|number| Identity::new(&name(number))).collect();
    Sandbox::builder().identities(people).task_duration(Duration::ZERO).start()
}

fn name(number: usize) -> String {
    format!("person.{number:05}")
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(name).collect()
}

fn request(sandbox: &Sandbox, part: &Value) -> Value {
    let request = json!({ "configuration": configuration(sandbox.url()), "options": { "backend": "process" } });
    with(request, part)
}

fn stream(sandbox: &Sandbox, part: &Value) -> Operation {
    Operation::start(REFRESH, &with(request(sandbox, &json!({ "stream": true })), part))
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().expect("a text"))
}

/// The names of batches by what became of them, in order.
fn told(batches: &[Value]) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for batch in batches {
        for call in batch["calls"].as_array().into_iter().flatten().filter(|call| call["reason"] != "ambiguous") {
            let outcome = call["outcome"].as_str().expect("a text");
            told.extend(texts(&call["identities"]).map(|name| (name.to_owned(), outcome.to_owned())));
        }
        told.extend(texts(&batch["unmatched"]).map(|name| (name.to_owned(), "unmatched".to_owned())));
    }
    told
}

fn count(told: &[(String, String)]) -> BTreeMap<&str, usize> {
    told.iter().fold(BTreeMap::new(), |mut counts, (_, outcome)| {
        *counts.entry(outcome.as_str()).or_default() += 1;
        counts
    })
}

/// How often each was refreshed.
fn refreshed(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

#[test]
fn each_finished_batch_comes_once_in_the_order_of_the_input() {
    let sandbox = sandbox_of(1_100);
    let operation = stream(&sandbox, &json!({}));
    let all = names(0..1_100);
    let mut batches = operation.feed(all.iter().map(String::as_str));
    assert_eq!(operation.send(&json!({ "end": true }))["ok"], true);
    let (rest, done) = operation.rest();
    batches.extend(rest);
    let numbers: Vec<_> = batches.iter().map(|batch| batch["batch"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let told = told(&batches);
    assert_eq!(told.iter().map(|(name, _)| name).collect::<Vec<_>>(), all.iter().collect::<Vec<_>>());
    assert!(told.iter().all(|(_, outcome)| outcome == "accepted"));
    assert_eq!(
        (&done["ok"], &done["totals"]["given"], &done["totals"]["accepted"]),
        (&json!(true), &json!(1_100), &json!(1_100))
    );
    assert!(done.get("calls").is_none(), "totals only: {done}");
    assert_eq!((arrived(&sandbox, Endpoint::Search), arrived(&sandbox, Endpoint::Process)), (5, 5));
    assert!(refreshed(&sandbox).len() == 1_100 && refreshed(&sandbox).values().all(|times| *times == 1));
    assert_eq!(operation.wait(0)["result"], done, "done is given again, the batches are not");
}

#[test]
fn a_name_is_refreshed_once_over_the_whole_run() {
    let sandbox = sandbox_of(600);
    let operation = stream(&sandbox, &json!({}));
    let all = names(0..600);
    for _ in 0..2 {
        operation.feed(all.iter().map(String::as_str));
    }
    operation.send(&json!({ "identities": [name(0), "Person.00000"], "end": true }));
    let (batches, done) = operation.rest();
    let totals = &done["totals"];
    assert_eq!((&totals["given"], &totals["repeated"], &totals["unmatched"]), (&json!(1_202), &json!(601), &json!(1)));
    assert!(refreshed(&sandbox).values().all(|times| *times == 1), "{totals}");
    assert!(!batches.is_empty());
}

#[test]
fn a_blocking_call_sends_a_name_once_too() {
    let sandbox = sandbox_of(3);
    let twice = [names(0..3), names(0..3)].concat();
    let answer = refresh(&request(&sandbox, &json!({ "identities": twice })));
    assert_eq!((&answer["ok"], &answer["matched"]), (&json!(true), &json!(3)), "{answer}");
    assert!(refreshed(&sandbox).values().all(|times| *times == 1));
}

#[test]
fn names_of_several_attributes_go_in_one_run() {
    let sandbox = sandbox_of(4);
    let id = sandbox.identities()[2].id.clone();
    let operation = stream(&sandbox, &json!({ "identityAttribute": "name" }));
    operation.send(&json!({ "identities": [name(0)] }));
    operation.send(&json!({ "identities": [id], "identityAttribute": "id" }));
    operation.send(&json!({ "identities": [name(1)], "identityAttribute": "uid", "end": true }));
    let (batches, done) = operation.rest();
    let attributes: Vec<_> = batches.iter().map(|batch| batch["identityAttribute"].as_str().expect("text")).collect();
    assert_eq!(attributes, ["name", "id", "uid"], "{batches:?}");
    assert_eq!((refreshed(&sandbox).len(), &done["totals"]["accepted"]), (3, &json!(3)));
}

#[test]
fn unmatched_names_are_told_with_the_batch_that_follows_them() {
    let sandbox = sandbox_of(300);
    let operation = stream(&sandbox, &json!({}));
    let mut all = names(0..300);
    all.insert(10, "nobody.here".to_owned());
    all.push("nobody.there".to_owned());
    operation.feed(all.iter().map(String::as_str));
    operation.send(&json!({ "end": true }));
    let (batches, done) = operation.rest();
    assert_eq!(
        (&batches[0]["unmatched"], &batches[1]["unmatched"]),
        (&json!(["nobody.here"]), &json!(["nobody.there"]))
    );
    assert_eq!((&done["ok"], &done["totals"]["unmatched"]), (&json!(true), &json!(2)));
    assert_eq!(arrived(&sandbox, Endpoint::Process), 2, "whole batches of those who were found");
}

#[test]
fn the_ceiling_holds_for_the_whole_run() {
    let sandbox = sandbox_of(900);
    let part = json!({ "options": { "backend": "process", "maxIdentities": 600 } });
    let operation = stream(&sandbox, &part);
    let all = names(0..900);
    let mut batches = operation.feed(all.iter().map(String::as_str));
    operation.send(&json!({ "end": true }));
    let (rest, done) = operation.rest();
    batches.extend(rest);
    assert_eq!(
        (&done["error"]["code"], &done["error"]["sent"]),
        (&json!("too_many_matches"), &json!("yes")),
        "sent is of the whole run: {done}"
    );
    assert_eq!(count(&told(&batches)), BTreeMap::from([("accepted", 500), ("not_sent", 400)]));
    assert_eq!(refreshed(&sandbox).len(), 500);
    let stopping: Vec<_> = batches.iter().filter(|batch| batch["error"]["stopsRun"] == true).collect();
    assert_eq!(stopping.len(), 1);
}

#[test]
fn names_that_are_all_sent_at_once_are_counted_before_the_first_is_sent() {
    let sandbox = sandbox_of(900);
    let part = json!({ "options": { "backend": "process", "maxIdentities": 600 } });
    let operation = stream(&sandbox, &part);
    operation.send(&json!({ "identities": names(0..900), "end": true }));
    let (batches, done) = operation.rest();
    assert_eq!(
        (&done["error"]["code"], &done["error"]["matched"]),
        (&json!("too_many_matches"), &json!(900)),
        "{done}"
    );
    assert_eq!(count(&told(&batches)), BTreeMap::from([("not_sent", 900)]));
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn the_ceiling_holds_after_a_look_up_that_failed_while_all_names_were_counted() {
    let sandbox = sandbox_of(900);
    sandbox.fault(Fault::on(Endpoint::Search).status(500));
    let part = json!({ "options": { "backend": "process", "maxIdentities": 300 } });
    let operation = stream(&sandbox, &part);
    operation.send(&json!({ "identities": names(0..900), "end": true }));
    let (batches, done) = operation.rest();
    assert_eq!(count(&told(&batches)), BTreeMap::from([("accepted", 250), ("not_sent", 650)]), "{done}");
    assert_eq!(refreshed(&sandbox).len(), 250);
}

#[test]
fn the_batch_that_stops_the_run_is_reported_before_more_names_come() {
    let sandbox = sandbox_of(250);
    sandbox.fault(Fault::on(Endpoint::Refresh).status(403).skip(3));
    let operation = stream(&sandbox, &json!({ "options": { "backend": "cc" } }));
    operation.send(&json!({ "identities": names(0..250) }));
    let batch = operation.batch(60_000).expect("a batch, although the end was not sent");
    assert_eq!(batch["error"]["stopsRun"], true, "{batch}");
}

/// What one fault of the third call of `process` does to the rest: of a blocking call and of a stream. Each row is one of
/// the rule's (src/refresh/run/stops.rs).
#[test]
fn what_stops_the_rest_is_the_same_for_a_blocking_call_and_for_a_stream() {
    let on = || Fault::on(Endpoint::Process).skip(2);
    let page = "<html><body>Log in</body></html>";
    for (what, fault, code, stops) in [
        ("a log-in page", on().status(200).body(page), "invalid_response", true),
        ("401", on().status(401).times(0), "unauthorized", true),
        ("403", on().status(403), "forbidden", true),
        ("404", on().status(404), "not_found", true),
        ("405", on().status(405), "http_status", true),
        ("410", on().status(410), "gone", true),
        ("429 that does not end", on().status(429).retry_after(60).times(0), "rate_limited", true),
        ("400 for one batch", on().status(400), "http_status", false),
        ("500", on().status(500), "http_status", false),
        ("503", on().status(503), "http_status", false),
        ("a connection that is lost", on().kind(FaultKind::Reset), "connection", false),
        ("an answer that is no HTTP", on().kind(FaultKind::Garbage), "invalid_response", false),
    ] {
        let part = |sandbox: &Sandbox| {
            let one_by_one = with(
                configuration(sandbox.url()),
                &json!({ "maximumConcurrency": 1, "timeoutSec": 5, "maximumRetryCount": 0 }),
            );
            json!({ "configuration": one_by_one })
        };
        let blocking = {
            let sandbox = sandbox_of(1_250);
            sandbox.fault(fault.clone());
            let answer = refresh(&with(
                with(request(&sandbox, &part(&sandbox)), &json!({ "identities": names(0..1_250) })),
                &json!({}),
            ));
            assert_eq!(answer["error"]["code"], "partial_failure", "{what}: {answer}");
            assert!(
                answer["calls"].as_array().is_some_and(|calls| calls.iter().any(|call| call["error"]["code"] == code)),
                "{what}: {}",
                answer["calls"]
            );
            (told(std::slice::from_ref(&answer)), refreshed(&sandbox).len())
        };
        let streamed = {
            let sandbox = sandbox_of(1_250);
            sandbox.fault(fault.clone());
            let operation = stream(&sandbox, &part(&sandbox));
            let all = names(0..1_250);
            let mut batches = operation.feed(all.iter().map(String::as_str));
            operation.send(&json!({ "end": true }));
            let (rest, done) = operation.rest();
            batches.extend(rest);
            assert_eq!((&done["ok"], &done["error"]["code"]), (&json!(false), &json!(code)), "{what}: {done}");
            assert_eq!(batches[2]["error"]["stopsRun"] == true, stops, "{what}: {}", batches[2]["error"]);
            (told(&batches), refreshed(&sandbox).len())
        };
        assert_eq!(blocking, streamed, "{what}");
        let accepted = count(&streamed.0)["accepted"];
        assert_eq!(accepted, if stops { 500 } else { 1_000 }, "{what}");
    }
}

#[test]
fn an_expired_token_is_renewed_and_the_stream_goes_on() {
    let sandbox = sandbox_of(600);
    let operation = stream(&sandbox, &json!({}));
    operation.feed(names(0..250).iter().map(String::as_str));
    assert!(operation.batch(60_000).is_some_and(|batch| batch["ok"] == true));
    sandbox.expire_tokens();
    operation.feed(names(250..600).iter().map(String::as_str));
    operation.send(&json!({ "end": true }));
    let (_, done) = operation.rest();
    assert_eq!((&done["ok"], &done["totals"]["accepted"]), (&json!(true), &json!(600)), "{done}");
    assert!(refreshed(&sandbox).values().all(|times| *times == 1));
}

#[test]
fn after_an_error_that_stops_the_run_names_are_taken_and_told_as_not_sent() {
    let sandbox = sandbox_of(600);
    sandbox.fault(Fault::on(Endpoint::Process).status(403).times(0));
    let operation = stream(&sandbox, &json!({}));
    operation.feed(names(0..250).iter().map(String::as_str));
    let batch = operation.batch(60_000).expect("a batch");
    assert_eq!((&batch["error"]["code"], &batch["error"]["stopsRun"]), (&json!("forbidden"), &json!(true)), "{batch}");
    let answer = operation.send(&json!({ "identities": names(250..600) }));
    assert_eq!((&answer["ok"], &answer["stopped"]), (&json!(true), &json!(true)), "{answer}");
    operation.send(&json!({ "end": true }));
    let (batches, done) = operation.rest();
    assert_eq!(count(&told(&batches)), BTreeMap::from([("not_sent", 350)]));
    assert_eq!(
        (&done["error"]["code"], &done["totals"]["notSent"], &done["totals"]["rejected"]),
        (&json!("forbidden"), &json!(350), &json!(250))
    );
    assert_eq!(arrived(&sandbox, Endpoint::Process), 1);
}

#[test]
fn an_error_before_the_first_name_is_the_run_s_and_every_name_is_told() {
    let sandbox = sandbox_of(300);
    for (part, code) in [
        (json!({ "refreshArgs": { "provision": false } }), "unsupported_argument"),
        (json!({ "configuration": { "lookup": support::nowhere() } }), "not_configured"),
        (json!({ "options": { "backend": "process", "journal": "/nonexistent/people.jsonl" } }), "journal_error"),
        (json!({ "nonsense": 1 }), "invalid_argument"),
    ] {
        let operation = stream(&sandbox, &part);
        operation.send(&json!({ "identities": names(0..200) }));
        let stopped = support::until("the error", || {
            let answer = operation.send(&json!({ "identities": [] }));
            (answer["stopped"] == true).then_some(answer)
        });
        assert_eq!(stopped["ok"], true);
        operation.send(&json!({ "identities": names(200..300), "end": true }));
        let (batches, done) = operation.rest();
        assert_eq!((&done["error"]["code"], &done["totals"]["notSent"]), (&json!(code), &json!(300)), "{done}");
        assert_eq!(count(&told(&batches)), BTreeMap::from([("not_sent", 300)]), "{code}");
    }
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn a_send_that_cannot_be_taken_says_why_and_the_run_goes_on() {
    let sandbox = sandbox_of(5);
    let message = |answer: &Value| answer["error"]["message"].as_str().unwrap_or_default().to_owned();
    let operation = stream(&sandbox, &json!({}));
    for (wrong, word) in [
        (json!({ "identities": "amelie.roux" }), "array of texts"),
        (json!({ "identities": ["a", 7] }), "identities[1]"),
        (json!({ "identities": ["a", " "] }), "blank"),
        (json!({ "identity": ["a"] }), "no member"),
        (json!({}), "neither identities nor end"),
        (json!(["a"]), "JSON object"),
        (json!({ "identities": ["a"], "identityAttribute": "no attribute" }), "identityAttribute"),
    ] {
        let answer = operation.send(&wrong);
        assert_eq!((&answer["ok"], &answer["error"]["code"]), (&json!(false), &json!("invalid_argument")), "{answer}");
        assert!(message(&answer).contains(word), "{word}: {answer}");
    }
    operation.send(&json!({ "identities": names(0..5), "end": true }));
    assert!(message(&operation.send(&json!({ "identities": ["late"] }))).contains("end of the names"));
    let (_, done) = operation.rest();
    assert_eq!((&done["ok"], &done["totals"]["accepted"]), (&json!(true), &json!(5)), "{done}");
    assert!(message(&operation.send(&json!({ "identities": ["late"] }))).contains("ended"));

    let fed = Operation::start(REFRESH, &request(&sandbox, &json!({ "identities": [name(0)] })));
    assert!(message(&fed.send(&json!({ "identities": ["more"] }))).contains("takes no names"));
    assert_eq!(fed.result()["ok"], true);

    let cancelled = stream(&sandbox, &json!({}));
    cancelled.cancel();
    assert!(message(&cancelled.send(&json!({ "identities": ["late"] }))).contains("cancelled"));
    let freed = stream(&sandbox, &json!({}));
    let number = freed.0;
    drop(freed);
    assert_eq!(Operation(number).send(&json!({ "end": true }))["state"], "unknown");
}

#[test]
fn stream_goes_with_nothing_that_it_contradicts() {
    let sandbox = sandbox_of(1);
    for (part, word) in [
        (json!({ "identities": [name(0)] }), "identities and stream"),
        (json!({ "filter": "uid == \"x\"" }), "filter and identities"),
        (json!({ "options": { "dryRun": true } }), "dryRun"),
        (json!({ "options": { "allowFullRefresh": true } }), "no meaning"),
    ] {
        let operation = stream(&sandbox, &part);
        operation.send(&json!({ "end": true }));
        let (_, done) = operation.rest();
        let message = done["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(word), "{part}: {done}");
    }
    let answer = refresh(&request(&sandbox, &json!({ "stream": true })));
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("cc_operation_send")), "{answer}");
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn a_cancelled_stream_tells_what_became_of_every_name() {
    let sandbox = sandbox_of(1_000);
    sandbox.fault(
        Fault::on(Endpoint::Process).kind(FaultKind::SlowHeaders).delay(Duration::from_secs(30)).skip(1).times(0),
    );
    let one_by_one = with(configuration(sandbox.url()), &json!({ "maximumConcurrency": 1 }));
    let operation = stream(&sandbox, &json!({ "configuration": one_by_one }));
    operation.feed(names(0..1_000).iter().map(String::as_str));
    let first = operation.batch(60_000).expect("the first batch");
    support::until("the second call", || (arrived(&sandbox, Endpoint::Process) == 2).then_some(()));
    assert_eq!(operation.cancel()["sent"], "maybe");
    let (batches, done) = operation.rest();
    let all = [vec![first], batches].concat();
    assert_eq!(count(&told(&all)), BTreeMap::from([("accepted", 250), ("maybe_sent", 250), ("not_sent", 500)]));
    assert_eq!((&done["error"]["code"], &done["error"]["sent"]), (&json!("cancelled"), &json!("maybe")), "{done}");
    assert_eq!(done["totals"]["notSent"], 500);
}

#[test]
fn batches_that_nobody_takes_pause_the_run() {
    const TAKEN_BEFORE: usize = 64 + 16;
    let sandbox = sandbox_of(30_000);
    let operation = stream(&sandbox, &json!({}));
    let all = names(0..30_000);
    for some in all.chunks(1_000) {
        operation.send(&json!({ "identities": some }));
    }
    let full = operation.send(&json!({ "end": true }));
    assert_eq!(full["ok"], true);
    // It has paused when nothing more arrives although names wait.
    let mut before = usize::MAX;
    support::until("a pause", || {
        let now = arrived(&sandbox, Endpoint::Process);
        std::thread::sleep(Duration::from_millis(300));
        let is_still = now == before && now >= 64;
        before = now;
        is_still.then_some(())
    });
    assert!(before <= TAKEN_BEFORE, "{before} batches were sent, and nobody took one");
    let (batches, done) = operation.rest();
    assert_eq!((batches.len(), &done["totals"]["accepted"]), (120, &json!(30_000)), "{done}");
}

#[test]
fn names_that_come_while_an_answer_is_awaited_are_sent() {
    let sandbox = sandbox_of(1_000);
    let slow = Fault::on(Endpoint::Process).kind(FaultKind::SlowHeaders).delay(Duration::from_secs(60));
    sandbox.fault(slow.times(0));
    let operation = stream(&sandbox, &json!({}));
    for (number, some) in names(0..1_000).chunks(250).enumerate() {
        operation.send(&json!({ "identities": some }));
        support::until("the call", || (arrived(&sandbox, Endpoint::Process) == number + 1).then_some(()));
    }
    assert_eq!(operation.wait(0)["state"], "running");
    operation.cancel();
    assert_eq!(operation.rest().1["totals"]["maybeSent"], 1_000);
}

#[test]
fn a_stream_that_waits_tells_a_batch_when_its_task_has_ended() {
    let sandbox = sandbox_of(300);
    let operation =
        stream(&sandbox, &json!({ "options": { "backend": "process", "wait": true, "pollIntervalMs": 20 } }));
    operation.feed(names(0..300).iter().map(String::as_str));
    operation.send(&json!({ "end": true }));
    let (batches, done) = operation.rest();
    assert_eq!(done["ok"], true, "{done}");
    assert!(batches.iter().all(|batch| batch["calls"][0]["task"]["state"] == "succeeded"), "{batches:?}");
}

#[test]
fn by_cc_each_person_is_a_call_of_a_batch() {
    let sandbox = sandbox_of(300);
    let operation = stream(&sandbox, &json!({ "options": { "backend": "cc" } }));
    operation.feed(names(0..300).iter().map(String::as_str));
    operation.send(&json!({ "identities": ["a\u{7}b"], "end": true }));
    let (batches, done) = operation.rest();
    assert_eq!(arrived(&sandbox, Endpoint::Refresh), 300, "{done}");
    assert!(refreshed(&sandbox).len() == 300 && refreshed(&sandbox).values().all(|times| *times == 1));
    assert_eq!(count(&told(&batches)), BTreeMap::from([("accepted", 300), ("unmatched", 1)]));
}

#[test]
fn the_texts_of_a_client_have_its_names() {
    let sandbox = sandbox_of(3);
    let part = json!({ "options": { "backend": "process", "maxIdentities": 2 }, "identities": names(0..3) });
    let hint = |client: &str| {
        let answer = refresh(&with(request(&sandbox, &part), &json!({ "client": client })));
        answer["error"]["hint"].as_str().expect("a hint").to_owned()
    };
    assert!(hint("c").ends_with("Where so many are meant, raise maxIdentities."), "{}", hint("c"));
    assert!(hint("powershell").contains("raise -MaxIdentities"), "{}", hint("powershell"));
}
