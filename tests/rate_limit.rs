//! The service's rate limit, kept on this side: shared by all who use a credential, and fair.

mod support;

use pssailpointcc_sandbox::{Client, Endpoint, Fault, Sandbox};
use serde_json::{Value, json};
use support::{Operation, configuration, configure, refresh, until, with};

const REFRESH: &str = "cc_refresh_identities";

/// A request that is one refresh and nothing else.
fn single(sandbox: &Sandbox, members: &Value) -> Value {
    json!({
        "filter": "uid == \"amelie.roux\"", "options": { "preflight": false },
        "configuration": with(configuration(sandbox.url()), members),
    })
}

/// The same, recognised in the log by its number.
fn numbered(sandbox: &Sandbox, number: u64, members: &Value) -> Value {
    with(single(sandbox, members), &json!({ "refreshArgs": { "number": number } }))
}

/// The numbers of the refreshes in the order in which they came.
fn order(sandbox: &Sandbox) -> Vec<u64> {
    sandbox.refreshes().iter().filter_map(|refresh| refresh.arguments["number"].as_u64()).collect()
}

fn limit(requests: u64, seconds: f64) -> Value {
    json!({ "rateLimit": { "requests": requests, "seconds": seconds } })
}

#[test]
fn the_service_s_limit_is_never_hit_by_many_calls_from_many_threads() {
    let sandbox = Sandbox::builder().rate_limit(40).rate_window(std::time::Duration::from_secs(1)).start();
    let request = single(&sandbox, &limit(40, 1.0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let answer = refresh(&request);
                    assert_eq!(answer["ok"], true, "{answer}");
                }
            });
        }
    });
    let statuses: Vec<Option<u16>> = sandbox.arrivals(Endpoint::Refresh).iter().map(|arrival| arrival.status).collect();
    assert_eq!(statuses, vec![Some(200); 200]);
}

#[test]
fn a_twentieth_is_left_to_others_and_until_then_nobody_waits() {
    let sandbox = Sandbox::start();
    let narrow = limit(20, 3_600.0);
    for _ in 0..19 {
        assert_eq!(refresh(&single(&sandbox, &narrow))["ok"], true);
    }
    let answer = refresh(&with(
        single(&sandbox, &narrow),
        &json!({ "options": { "preflight": false, "totalTimeoutSec": 0.3 } }),
    ));
    assert_eq!((&answer["error"]["code"], &answer["error"]["sent"]), (&json!("timeout"), &json!("no")), "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains("rate limit")), "{answer}");
    assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 19);
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 1, "which does not count");

    let operation = Operation::start(REFRESH, &single(&sandbox, &narrow));
    let progress = operation.until_phase("rate limit");
    let message = progress["message"].as_str().expect("text");
    assert!(message.starts_with("Waiting for the rate limit (20 requests in 3600 s)"), "{message}");
}

#[test]
fn a_wait_for_the_limit_is_no_part_of_timeout_sec() {
    let sandbox = Sandbox::start();
    let request = single(&sandbox, &with(limit(1, 1.0), &json!({ "timeoutSec": 0.5 })));
    for _ in 0..3 {
        let answer = refresh(&request);
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

#[test]
fn who_has_no_more_time_gives_the_turn_to_the_next() {
    let sandbox = Sandbox::start();
    assert_eq!(refresh(&numbered(&sandbox, 0, &limit(1, 3_600.0)))["ok"], true);
    let first = with(
        numbered(&sandbox, 1, &limit(1, 3_600.0)),
        &json!({ "options": { "preflight": false, "totalTimeoutSec": 0.5 } }),
    );
    let first = Operation::start(REFRESH, &first);
    first.until_phase("rate limit");
    let next = Operation::start(REFRESH, &numbered(&sandbox, 2, &limit(1, 0.01)));
    assert_eq!(next.result()["ok"], true);
    assert_eq!(first.result()["error"]["code"], "timeout");
    assert_eq!(order(&sandbox), [0, 2]);
}

#[test]
fn who_comes_first_goes_first() {
    let sandbox = Sandbox::start();
    let narrow = limit(1, 0.5);
    assert_eq!(refresh(&numbered(&sandbox, 0, &narrow))["ok"], true);
    let waiting: Vec<Operation> = (1..6)
        .map(|number| {
            let operation = Operation::start(REFRESH, &numbered(&sandbox, number, &narrow));
            // The first may be gone before it was looked at.
            until("its turn", || {
                let answer = operation.wait(0);
                (answer["state"] == "done" || answer["progress"]["phase"] == "rate limit").then_some(())
            });
            operation
        })
        .collect();
    for operation in &waiting {
        assert_eq!(operation.result()["ok"], true);
    }
    assert_eq!(order(&sandbox), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn two_threads_with_the_same_credential_share_a_limit_and_neither_starves() {
    let sandbox = Sandbox::start();
    let narrow = limit(2, 0.15);
    std::thread::scope(|scope| {
        for thread in [1, 2] {
            let request = numbered(&sandbox, thread, &narrow);
            scope.spawn(move || {
                for _ in 0..12 {
                    assert_eq!(refresh(&request)["ok"], true);
                }
            });
        }
    });
    let order = order(&sandbox);
    let both = &order[..order.len() - order.iter().rev().take_while(|number| **number == order[23]).count()];
    let longest = both.chunk_by(|a, b| a == b).map(<[u64]>::len).max();
    assert!(longest <= Some(4), "one was let pass again and again: {order:?}");
}

#[test]
fn other_credentials_and_other_hosts_have_a_limit_of_their_own() {
    let start = || Sandbox::builder().client(Client::new("one", "secret")).client(Client::new("two", "secret")).start();
    let tenants = [start(), start()];
    for tenant in &tenants {
        for client in ["one", "two"] {
            let own = with(limit(1, 3_600.0), &json!({ "clientId": client, "clientSecret": "secret" }));
            assert_eq!(refresh(&single(tenant, &own))["ok"], true);
        }
    }
}

#[test]
fn a_429_holds_back_everybody_with_that_credential_until_its_retry_after_has_passed() {
    for fault in [
        Fault::on(Endpoint::Refresh).status(429).retry_after(1),
        Fault::on(Endpoint::Refresh).status(429).retry_after_date(3),
    ] {
        let sandbox = Sandbox::start();
        sandbox.fault(fault);
        let refused = Operation::start(REFRESH, &numbered(&sandbox, 1, &json!({})));
        refused.until_phase("rate limit");
        let others: Vec<Operation> =
            (2..4).map(|number| Operation::start(REFRESH, &numbered(&sandbox, number, &json!({})))).collect();
        for operation in others.iter().chain([&refused]) {
            let answer = operation.result();
            assert_eq!(answer["ok"], true, "{answer}");
        }
        let arrivals = sandbox.arrivals(Endpoint::Refresh);
        assert_eq!(arrivals.len(), 4);
        assert!(arrivals[1].at_ms >= arrivals[0].at_ms + 990, "by the sandbox's clock");
    }
}

#[test]
fn who_would_have_to_wait_longer_than_timeout_sec_is_told_at_once_and_not_sent() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(90));
    let refused = Operation::start(REFRESH, &single(&sandbox, &json!({})));
    refused.until_phase("rate limit");
    let answer = refresh(&single(&sandbox, &json!({ "timeoutSec": 5 })));
    // The one who waits goes on waiting.
    assert_eq!(refused.wait(0)["progress"]["phase"], "rate limit");
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["sent"]),
        (&json!("rate_limited"), &json!("no")),
        "{answer}"
    );
    let seconds = answer["error"]["retryAfterSec"].as_u64();
    assert!(seconds > Some(5) && seconds <= Some(90), "{answer}");
    assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 1);
}

#[test]
fn a_retry_after_that_asks_for_nothing_leaves_the_pause_of_the_configuration() {
    for fault in [
        Fault::on(Endpoint::Refresh).status(429).retry_after(0),
        Fault::on(Endpoint::Refresh).status(429).retry_after_date(0),
        Fault::on(Endpoint::Refresh).status(429),
    ] {
        let sandbox = Sandbox::start();
        sandbox.fault(fault.times(0));
        let operation = Operation::start(REFRESH, &single(&sandbox, &json!({ "retryIntervalSeconds": 60 })));
        operation.until_phase("waiting");
        assert_eq!(operation.cancel()["sent"], "no");
        assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 1);
        assert_eq!(refresh(&single(&sandbox, &json!({ "maximumRetryCount": 0 })))["error"]["code"], "rate_limited");
    }
}

#[test]
fn a_retry_after_that_its_own_call_does_not_wait_for_holds_back_nobody_else() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(3_600));
    assert_eq!(refresh(&single(&sandbox, &json!({})))["error"]["code"], "rate_limited");
    assert_eq!(refresh(&single(&sandbox, &json!({})))["ok"], true);
}

#[test]
fn the_limit_and_the_concurrency_are_the_configuration_s() {
    let report = |members: &Value| configure(&with(json!({ "preview": true, "lookup": support::nowhere() }), members));
    let answer = report(&json!({}));
    assert_eq!(answer["configuration"]["rateLimit"], json!({ "requests": 100, "seconds": 10.0 }), "{answer}");
    assert_eq!(
        (&answer["configuration"]["maximumConcurrency"], &answer["sources"]["rateLimit"]),
        (&json!(4), &json!("default"))
    );
    let answer = report(&json!({ "rateLimit": { "requests": 50 }, "maximumConcurrency": 16 }));
    assert_eq!(answer["configuration"]["rateLimit"], json!({ "requests": 50, "seconds": 10.0 }), "{answer}");
    assert_eq!(
        (&answer["configuration"]["maximumConcurrency"], &answer["sources"]["rateLimit"]),
        (&json!(16), &json!("call"))
    );
    for (wrong, part) in [
        (json!({ "rateLimit": 100 }), "rateLimit must be a JSON object"),
        (json!({ "rateLimit": { "requests": 0 } }), "rateLimit.requests must be"),
        (json!({ "rateLimit": { "seconds": 0 } }), "rateLimit.seconds must be"),
        (json!({ "rateLimit": { "request": 1 } }), "no member \"request\""),
        (json!({ "maximumConcurrency": 17 }), "maximumConcurrency must be"),
    ] {
        let answer = report(&wrong);
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains(part)), "{answer}");
    }
}
