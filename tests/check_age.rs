//! A refresh on `/cc` leaves within 2 s of the check that precedes it, whatever it waits for: held against the sandbox's
//! log and clock, on a tenant that removes whoever was not checked for longer.

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pssailpointcc_sandbox::{Arrival, Endpoint, Fault, FaultKind, HAND_WRITTEN, Sandbox, Scope};
use serde_json::{Value, json};
use support::{Operation, configuration, refresh, with};

/// The age that the manual promises, in milliseconds.
const MAX_AGE_MS: u64 = 2_000;

fn tenant() -> pssailpointcc_sandbox::Builder {
    Sandbox::builder().people(400).removes_after(Duration::from_millis(MAX_AGE_MS))
}

/// The user names of people who are in search.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let is_plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'.');
    // Those that are written by hand are found by each other's searches.
    let people = sandbox.identities().into_iter().skip(HAND_WRITTEN);
    let names = people.filter(|person| person.correlated).map(|person| person.name);
    names.filter(is_plain).collect()
}

fn by_filter(sandbox: &Sandbox, filter: &str, members: &Value) -> Value {
    let configuration = with(with(configuration(sandbox.url()), &json!({ "backend": "cc" })), members);
    json!({ "filter": filter, "configuration": configuration })
}

fn uid(name: &str) -> String {
    format!("uid == \"{name}\"")
}

/// Whether a request is a check of this filter or name.
fn is_check(arrival: &Arrival, name: &str) -> bool {
    arrival.endpoint == Endpoint::Search && arrival.executed && arrival.text().contains(&format!("\\\"{name}\\\""))
}

/// Nobody but who was named was refreshed, and each after a check that was young enough. Gives the names.
fn checked_refreshes(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log();
    let mut refreshed = Vec::new();
    for arrival in log.iter().filter(|arrival| arrival.endpoint == Endpoint::Refresh) {
        let Some(refresh) = &arrival.refreshed else { continue };
        assert_eq!(refresh.scope, Scope::Chosen, "{}", refresh.reason);
        let [name] = refresh.names.as_slice() else { panic!("one is named at a time: {:?}", refresh.names) };
        let check = log.iter().rev().find(|check| check.number < arrival.number && is_check(check, name));
        let age = arrival.at_ms - check.expect("a check precedes the refresh").at_ms;
        assert!(age <= MAX_AGE_MS, "the check of {name} was {age} ms old");
        refreshed.push(name.clone());
    }
    refreshed
}

#[test]
fn a_check_that_has_become_too_old_behind_the_rate_limit_is_made_again() {
    let sandbox = tenant().start();
    let names = names(&sandbox);
    let narrow = json!({ "rateLimit": { "requests": 4, "seconds": 2.5 } });
    let answers: Vec<(String, Value)> = std::thread::scope(|scope| {
        let threads: Vec<_> = names[..8]
            .iter()
            .map(|name| scope.spawn(|| (name.clone(), refresh(&by_filter(&sandbox, &uid(name), &narrow)))))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    let refreshed = checked_refreshes(&sandbox);
    for (name, answer) in answers {
        assert_eq!(answer["ok"], true, "{name}: {answer}");
        assert!(refreshed.contains(&name), "{name}");
    }
}

#[test]
fn whoever_is_removed_while_a_refresh_waits_for_retry_after_is_not_sent() {
    for (retry_after, status) in [(3, 429), (4, 429)] {
        let sandbox = tenant().start();
        let names = names(&sandbox);
        sandbox.fault(Fault::on(Endpoint::Refresh).status(status).retry_after(retry_after));
        let operation = Operation::start("cc_refresh_identities", &by_filter(&sandbox, &uid(&names[0]), &json!({})));
        operation.until_phase("rate limit");
        sandbox.remove_identity(&names[0]);
        let answer = operation.result();
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("no_match"), &json!("no")),
            "{answer:#}"
        );
        assert_eq!(answer["calls"][0]["outcome"], "not_sent", "{answer:#}");
        assert_eq!(sandbox.refreshes(), []);
    }
}

#[test]
fn an_attribute_that_is_no_longer_searchable_is_noticed_after_the_wait() {
    let sandbox = tenant().start();
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(3));
    let filter = "department == \"Legal\" && uid.startsWith(\"pat\")";
    let operation = Operation::start("cc_refresh_identities", &by_filter(&sandbox, filter, &json!({})));
    operation.until_phase("rate limit");
    let list = json!([{ "name": "department", "searchable": false }]).to_string();
    sandbox.fault(Fault::on(Endpoint::IdentityAttributes).status(200).body(&list).times(0));
    let answer = operation.result();
    assert_eq!(answer["error"]["code"], "preflight_unavailable", "{answer:#}");
    assert_eq!((&answer["error"]["sent"], &answer["calls"][0]["outcome"]), (&json!("no"), &json!("not_sent")));
    assert_eq!(sandbox.refreshes(), []);
}

#[test]
fn a_refresh_with_a_renewed_token_or_after_a_429_is_checked_again() {
    for fault in [Fault::on(Endpoint::Refresh).status(401), Fault::on(Endpoint::Refresh).status(429)] {
        let sandbox = tenant().start();
        let name = &names(&sandbox)[0];
        // The time passes before the refresh is sent again.
        sandbox.fault(fault.clone());
        sandbox.fault(Fault::on(Endpoint::Token).kind(FaultKind::Slow).delay(Duration::from_secs(3)).skip(1));
        let slowly = json!({ "retryIntervalSeconds": 3 });
        let answer = refresh(&by_filter(&sandbox, &uid(name), &slowly));
        assert_eq!(answer["ok"], true, "{fault:?}: {answer}");
        let checks = sandbox.log().iter().filter(|arrival| is_check(arrival, name)).count();
        assert_eq!((checked_refreshes(&sandbox).len(), checks), (1, 2), "{fault:?}");
    }
}

#[test]
fn a_refused_stream_of_http_2_is_checked_again() {
    for kind in [FaultKind::RefusedStream, FaultKind::Goaway] {
        let sandbox = tenant().https().http2().start();
        let name = &names(&sandbox)[0];
        sandbox.fault(Fault::on(Endpoint::Refresh).kind(kind));
        let slowly = json!({ "retryIntervalSeconds": 3, "caFile": sandbox.ca_file() });
        let answer = refresh(&by_filter(&sandbox, &uid(name), &slowly));
        assert_eq!(answer["ok"], true, "{kind:?}: {answer}");
        assert_eq!(checked_refreshes(&sandbox), std::slice::from_ref(name), "{kind:?}");
        let checks = sandbox.log().iter().filter(|arrival| is_check(arrival, name)).count();
        assert_eq!(checks, 2, "{kind:?}");
    }
}

#[test]
fn each_name_on_cc_has_a_check_that_is_young_enough() {
    let sandbox = tenant().start();
    let names: Vec<String> = names(&sandbox).into_iter().take(24).collect();
    let configuration = with(
        configuration(sandbox.url()),
        &json!({ "rateLimit": { "requests": 12, "seconds": 1.0 }, "backend": "cc" }),
    );
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(3).skip(5));
    let answer = refresh(&json!({ "identities": names, "configuration": configuration }));
    assert_eq!(answer["ok"], true, "{answer:#}");
    let refreshed = checked_refreshes(&sandbox);
    let mut accounted: Vec<String> = Vec::new();
    for call in answer["calls"].as_array().expect("a list") {
        let name = call["identities"][0].as_str().expect("a name").to_owned();
        match call["outcome"].as_str() {
            Some("accepted") => assert!(refreshed.contains(&name), "{call}"),
            _ => assert_eq!((&call["reason"], refreshed.contains(&name)), (&json!("gone"), false), "{call}"),
        }
        accounted.push(name);
    }
    accounted.sort_unstable();
    let mut given = names.clone();
    given.sort_unstable();
    assert_eq!(accounted, given);
}

#[test]
fn a_name_that_is_gone_after_the_wait_is_in_the_journal_as_not_sent() {
    let sandbox = tenant().start();
    let names = names(&sandbox);
    let folder = std::env::temp_dir().join(format!("pssailpointcc-check-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("gone.jsonl");
    let _ = std::fs::remove_file(&path);
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(3));
    let request = json!({
        "identities": [names[0], names[1]], "options": { "journal": path },
        "configuration": with(configuration(sandbox.url()), &json!({ "backend": "cc", "maximumConcurrency": 1 })),
    });
    let operation = Operation::start("cc_refresh_identities", &request);
    operation.until_phase("rate limit");
    sandbox.remove_identity(&names[0]);
    let answer = operation.result();
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!((&answer["calls"][0]["reason"], &answer["calls"][1]["outcome"]), (&json!("gone"), &json!("accepted")));
    assert_eq!(checked_refreshes(&sandbox), [names[1].clone()]);
    let again = refresh(&request);
    assert_eq!((&again["skipped"], &again["unmatched"]), (&json!(1), &json!([names[0]])), "{again:#}");
    std::fs::remove_dir_all(folder).expect("it is there");
}

#[test]
fn a_check_whose_answer_is_always_slow_counts_from_its_answer() {
    let sandbox = Sandbox::start();
    let slow = Fault::on(Endpoint::Search).kind(FaultKind::Slow).delay(Duration::from_millis(1_900));
    sandbox.fault(slow.times(0));
    let answer = refresh(&by_filter(&sandbox, &uid("amelie.roux"), &json!({})));
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn a_limit_that_is_too_low_for_a_check_and_its_refresh_is_exceeded_by_one() {
    let sandbox = tenant().start();
    let name = &names(&sandbox)[0];
    let answer = refresh(&by_filter(&sandbox, &uid(name), &json!({ "rateLimit": { "requests": 1, "seconds": 3 } })));
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(checked_refreshes(&sandbox), std::slice::from_ref(name));
    assert_eq!(sandbox.arrivals(Endpoint::Search).len(), 2);
}

#[test]
fn reading_many_pages_takes_longer_than_the_count_holds_and_some_are_looked_up_again() {
    let sandbox = Sandbox::builder().people(2_400).start();
    let slow = Fault::on(Endpoint::Search).kind(FaultKind::Slow).delay(Duration::from_millis(1_000));
    sandbox.fault(slow.times(3));
    let filter = r#"location == "Austin""#;
    let request = with(by_filter(&sandbox, filter, &json!({})), &json!({ "options": { "maxIdentities": 500 } }));
    let answer = refresh(&request);
    assert_eq!(answer["ok"], true, "{answer}");
    let log = sandbox.log();
    let last = log.iter().rposition(|arrival| arrival.endpoint == Endpoint::Refresh).expect("it was sent");
    let check = log[..last].iter().rev().find(|arrival| arrival.endpoint == Endpoint::Search).expect("a check");
    assert!(check.text().contains("id:"), "{}", check.text());
    assert!(log[last].at_ms - check.at_ms <= MAX_AGE_MS);
}

#[test]
fn without_a_preflight_nothing_is_held_back() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(3));
    let request =
        with(by_filter(&sandbox, &uid("amelie.roux"), &json!({})), &json!({ "options": { "preflight": false } }));
    assert_eq!(refresh(&request)["ok"], true);
    assert_eq!((sandbox.arrivals(Endpoint::Search).len(), sandbox.refreshes().len()), (0, 1));
}

/// How many refreshes; `PSSAILPOINTCC_CHECKED_REFRESHES=10000` for the whole proof.
fn number_of_refreshes() -> usize {
    std::env::var("PSSAILPOINTCC_CHECKED_REFRESHES").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

#[test]
fn no_fault_and_no_wait_makes_a_refresh_of_everybody() {
    let number = number_of_refreshes();
    let (limit, threads) = (60 + number / 10, 16 + number / 200);
    let sandbox = Sandbox::builder()
        .people(number * 2 + 100)
        .removes_after(Duration::from_millis(MAX_AGE_MS))
        .rate_limit(limit)
        .rate_window(Duration::from_secs(3))
        .start();
    let names: Vec<String> = names(&sandbox).into_iter().take(number).collect();
    let on = |endpoint| Fault::on(endpoint).times(0);
    sandbox.fault(on(Endpoint::Refresh).status(429).retry_after(3).every(11));
    sandbox.fault(on(Endpoint::Refresh).status(429).every(7));
    sandbox.fault(on(Endpoint::Search).status(429).retry_after(1).every(13));
    sandbox.fault(on(Endpoint::Refresh).status(401).every(17));
    sandbox.fault(on(Endpoint::Search).kind(FaultKind::Slow).delay(Duration::from_millis(700)).every(5));
    sandbox.fault(on(Endpoint::Search).kind(FaultKind::Slow).delay(Duration::from_millis(2_500)).every(19));
    sandbox.fault(on(Endpoint::Refresh).kind(FaultKind::ResetBefore).every(23));
    let next = AtomicUsize::new(0);
    let limits = json!({ "rateLimit": { "requests": limit, "seconds": 3 }, "maximumRetryCount": 10, "retryIntervalSeconds": 0.6 });
    let outcomes: Vec<(String, Value)> = std::thread::scope(|scope| {
        let work = || {
            let mut answers = Vec::new();
            while let Some(name) = names.get(next.fetch_add(1, Ordering::SeqCst)) {
                answers.push((name.clone(), refresh(&by_filter(&sandbox, &uid(name), &limits))));
            }
            answers
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("answers")).collect()
    });
    let refreshed = checked_refreshes(&sandbox);
    for (name, answer) in &outcomes {
        let times = refreshed.iter().filter(|refreshed| *refreshed == name).count();
        match answer["error"]["sent"].as_str() {
            None => assert_eq!(times, 1, "{answer}"),
            Some("no") => assert_eq!(times, 0, "{answer}"),
            Some(_) => assert!(times <= 1, "{answer}"),
        }
    }
    let mut errors = BTreeMap::<String, usize>::new();
    for (_, answer) in outcomes.iter().filter(|(_, answer)| answer["ok"] != true) {
        *errors.entry(format!("{} {}", answer["error"]["code"], answer["error"]["sent"])).or_default() += 1;
    }
    assert!(errors.values().sum::<usize>() * 2 < number, "of {number}: {errors:?}");
}
