//! A cancel between any two requests of a refresh: everybody who was given is accounted for, once, and the sandbox's
//! log agrees.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox, TaskEnd};
use serde_json::{Value, json};
use support::{Operation, configuration, until, with};

/// People by a badge: so many whom one person has each, one that two have, and one that nobody has.
fn sandbox_with(badges: usize) -> (Sandbox, Vec<String>) {
    let badges: Vec<String> = (0..badges).map(|number| format!("badge-{number}")).collect();
    let people = badges.iter().map(|badge| (format!("person.{badge}"), badge.as_str()));
    let both = ["one", "other"].map(|name| (name.to_owned(), "both"));
    let people = people.chain(both).map(|(name, badge)| Identity::new(&name).with("badge", badge)).collect();
    let sandbox = Sandbox::builder().identities(people).task_duration(Duration::from_millis(20)).start();
    (sandbox, badges.into_iter().chain(["both".to_owned(), "nobody".to_owned()]).collect())
}

/// What became of everybody, by the calls of one kind, and by what stands beside them.
fn accounts(answer: &Value, kind: &str) -> BTreeMap<String, String> {
    let mut accounts = BTreeMap::new();
    let mut add = |name: &Value, outcome: &Value| {
        let (name, outcome) = (name.as_str().expect("a name").to_owned(), outcome.as_str().expect("a text").to_owned());
        assert_eq!(accounts.insert(name.clone(), outcome), None, "{name} stands twice: {answer}");
    };
    let calls = answer["calls"].as_array().into_iter().flatten();
    for call in calls.filter(|call| call["call"].is_null() || call["call"] == kind) {
        call["identities"].as_array().into_iter().flatten().for_each(|name| add(name, &call["outcome"]));
    }
    answer["unmatched"].as_array().into_iter().flatten().for_each(|name| add(name, &json!("unmatched")));
    accounts
}

/// Cancels a refresh as soon as so many requests have arrived, and holds what it says against the log. False where it
/// had ended before.
fn cancel_after(number: usize, badges: usize, members: &Value) -> bool {
    let (sandbox, names) = sandbox_with(badges);
    let request = json!({
        "identities": names, "identityAttribute": "badge",
        "configuration": with(configuration(sandbox.url()), &json!({ "maximumConcurrency": 2 })),
    });
    for endpoint in [Endpoint::Process, Endpoint::Synchronize, Endpoint::Refresh] {
        sandbox.fault(Fault::on(endpoint).kind(FaultKind::Slow).delay(Duration::from_millis(5)).times(0));
    }
    let operation = Operation::start("cc_refresh_identities", &with(request, members));
    let is_cancelled = until("the request, or the end", || {
        let is_there = sandbox.log().len() >= number;
        (is_there || operation.wait(0)["state"] == "done").then_some(is_there)
    });
    let sent = operation.cancel()["sent"].as_str().expect("a text").to_owned();
    let answer = operation.result();
    // What was on its way when the cancel came.
    std::thread::sleep(Duration::from_millis(30));
    let refreshes = sandbox.refreshes();
    let times = |badge: &str, by: Endpoint| {
        let name = format!("person.{badge}");
        refreshes.iter().filter(|refresh| refresh.by == by && refresh.names.contains(&name)).count()
    };
    let is_cc = members["options"]["backend"] == "cc";
    let (first, by) = if is_cc { ("refreshIdentities", Endpoint::Refresh) } else { ("process", Endpoint::Process) };
    let accounts = [accounts(&answer, first), accounts(&answer, "synchronize-attributes")];
    let given: Vec<&String> = accounts[0].keys().collect();
    let mut wanted: Vec<&String> = names.iter().collect();
    wanted.sort();
    assert_eq!(given, wanted, "after {number}: everybody once: {answer}");
    for (accounts, by) in accounts.iter().zip([by, Endpoint::Synchronize]) {
        for (name, outcome) in accounts {
            let times = times(name, by);
            match outcome.as_str() {
                "accepted" => assert_eq!(times, 1, "after {number}: {name} was accepted by {by:?}: {answer}"),
                "maybe_sent" => assert!(times <= 1, "after {number}: {name} by {by:?}"),
                _ => assert_eq!(times, 0, "after {number}: {name} was {outcome} by {by:?}: {answer}"),
            }
        }
    }
    if answer["ok"] == true {
        return false;
    }
    assert_eq!(answer["error"]["code"], "cancelled", "{answer}");
    assert_eq!(answer["error"]["sent"], sent.as_str(), "after {number}: {answer}");
    let has = |outcome: &str| accounts.iter().flat_map(BTreeMap::values).any(|of| of == outcome);
    match sent.as_str() {
        "no" => assert!(refreshes.is_empty() && !has("accepted") && !has("maybe_sent"), "after {number}: {answer}"),
        // Also of an answer that had begun, and whose rest was not waited for.
        _ => assert!(has("maybe_sent") || has("accepted"), "after {number}: {answer}"),
    }
    is_cancelled
}

/// Cancels after each request in turn, until the refresh has ended before.
fn cancel_anywhere(badges: usize, members: &Value) {
    // One that was cancelled before it had begun has no account: nobody was looked at.
    let times = (1..60).take_while(|number| cancel_after(*number, badges, members)).count();
    assert!(times > 3, "{times} requests and no more");
}

#[test]
fn a_cancel_between_any_two_batches_loses_nobody() {
    cancel_anywhere(1_300, &json!({}));
}

#[test]
fn a_cancel_between_any_two_synchronize_calls_loses_nobody() {
    cancel_anywhere(10, &json!({ "refreshArgs": { "synchronizeAttributes": true } }));
}

#[test]
fn a_cancel_between_any_two_calls_of_cc_loses_nobody() {
    cancel_anywhere(12, &json!({ "options": { "backend": "cc" } }));
}

#[test]
fn a_cancel_while_tasks_are_waited_for_loses_nobody() {
    cancel_anywhere(600, &json!({ "options": { "wait": true, "pollIntervalMs": 10 } }));
}

#[test]
fn a_cancel_before_what_was_not_taken_is_sent_again_says_that_nothing_was_sent() {
    for kind in [FaultKind::RefusedStream, FaultKind::Goaway] {
        let sandbox = Sandbox::builder().https().http2().start();
        let request = json!({
            "filter": "uid == \"amelie.roux\"", "options": { "preflight": false },
            "configuration": with(configuration(sandbox.url()), &json!({ "caFile": sandbox.ca_file(), "retryIntervalSeconds": 60 })),
        });
        sandbox.fault(Fault::on(Endpoint::Refresh).kind(kind).times(0));
        let operation = Operation::start("cc_refresh_identities", &request);
        operation.until_phase("waiting");
        assert_eq!(operation.cancel(), json!({ "ok": true, "sent": "no" }), "{kind:?}");
        let answer = operation.result();
        assert_eq!((&answer["error"]["sent"], &answer["calls"][0]["outcome"]), (&json!("no"), &json!("not_sent")));
        assert!(sandbox.refreshes().is_empty());
    }
}

#[test]
fn a_cancel_while_whoever_was_refreshed_is_looked_up_loses_no_name_that_nobody_has() {
    let (sandbox, names) = sandbox_with(3);
    sandbox.script_task(TaskEnd::new("WARNING").message("One source was slow."));
    sandbox.fault(Fault::on(Endpoint::Identities).kind(FaultKind::Slow).delay(Duration::from_secs(600)).times(0));
    let request = json!({
        "identities": names, "identityAttribute": "badge", "configuration": configuration(sandbox.url()),
        "options": { "wait": true, "pollIntervalMs": 10 },
    });
    let operation = Operation::start("cc_refresh_identities", &request);
    until("the look", || (sandbox.arrivals(Endpoint::Identities).len() == 1).then_some(()));
    assert_eq!(operation.cancel()["sent"], "yes");
    let answer = operation.result();
    assert_eq!((&answer["error"]["code"], &answer["unmatched"]), (&json!("cancelled"), &json!(["nobody"])), "{answer}");
    assert_eq!(accounts(&answer, "process").len(), names.len());
    assert_eq!(answer["calls"][0]["task"]["state"], "warning", "{answer}");
    assert!(answer["warnings"].to_string().contains("One source was slow."), "{answer}");
}
