//! A refresh arrives at most once, and `sent` tells the truth: what the answer says is held against the sandbox's log.

mod support;

use std::time::Duration;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

/// A request for one person.
fn request(sandbox: &Sandbox) -> Value {
    let configuration = with(
        configuration(sandbox.url()),
        &json!({ "timeoutSec": 30, "maximumRetryCount": 2, "maximumResponseBytes": 1_000_000, "backend": "cc" }),
    );
    json!({ "filter": "uid == \"amelie.roux\"", "configuration": configuration })
}

/// The same, for faults that are slow.
fn impatient(sandbox: &Sandbox) -> Value {
    let mut request = request(sandbox);
    request["configuration"]["timeoutSec"] = json!(1.5);
    request
}

/// `sent` and the outcomes of the calls say the same.
fn agree(answer: &Value, what: &str) {
    let calls = answer["calls"].as_array().into_iter().flatten();
    let outcomes: Vec<&str> = calls.filter_map(|call| call["outcome"].as_str()).collect();
    let expected = match (answer["ok"].as_bool(), answer["error"]["sent"].as_str()) {
        (Some(true), _) => !outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == "accepted"),
        (_, Some("no")) => outcomes.iter().all(|outcome| ["rejected", "not_sent"].contains(outcome)),
        (_, Some("yes")) => outcomes.contains(&"accepted") && !outcomes.contains(&"maybe_sent"),
        (_, Some("maybe")) => outcomes.contains(&"maybe_sent"),
        _ => false,
    };
    assert!(expected, "{what}: {answer:#}");
}

/// Holds an answer against what arrived.
fn check(sandbox: &Sandbox, answer: &Value, what: &str) {
    agree(answer, what);
    let arrived = sandbox.arrivals(Endpoint::Refresh);
    let taken = arrived.iter().filter(|a| !matches!(a.status, Some(401 | 429))).count();
    assert!(taken <= 1, "{what}: {taken} refreshes arrived: {answer}");
    let refreshed = sandbox.refreshes().len();
    assert!(refreshed <= 1, "{what}: refreshed {refreshed} times: {answer}");
    if answer["ok"] == true {
        assert_eq!(refreshed, 1, "{what}: {answer}");
        return;
    }
    let error = &answer["error"];
    assert!(error["message"].as_str().is_some_and(|text| text.len() > 20), "{what}: {answer}");
    match error["sent"].as_str() {
        Some("no") => assert_eq!(refreshed, 0, "{what} says that nothing was sent: {answer}"),
        Some("yes") => assert_eq!(refreshed, 1, "{what} says that it was taken: {answer}"),
        Some("maybe") => {}
        _ => panic!("{what}: no `sent`: {answer}"),
    }
}

#[test]
fn an_answer_that_is_not_the_service_s_own_leaves_open_whether_the_refresh_was_taken() {
    let page = "<!DOCTYPE html><html><body>Please sign in</body></html>";
    for (endpoint, backend, own) in [
        (Endpoint::Refresh, "cc", "{}"),
        (Endpoint::Process, "process", r#"{"type":"TASK_RESULT","id":"2c91","name":null}"#),
    ] {
        for status in [200, 201, 202, 204] {
            for body in ["", " ", "OK", page, "{\"id\": \"2c9", "{}", r#"{"id": 7}"#, "[]", own] {
                let is_own =
                    if backend == "cc" { body.starts_with(['{', '[']) && !body.ends_with('9') } else { body == own };
                // An answer without content has no body.
                let is_own = is_own && status != 204;
                let sandbox = Sandbox::start();
                sandbox.fault(Fault::on(endpoint).status(status).body(body).times(0));
                let answer = refresh(&with(request(&sandbox), &json!({ "options": { "backend": backend } })));
                let what = format!("{backend} {status} {body}");
                agree(&answer, &what);
                assert_eq!(answer["ok"], is_own, "{what}: {answer:#}");
                if !is_own {
                    assert_eq!(answer["error"]["sent"], "maybe", "{what}: {answer:#}");
                    assert_eq!(answer["error"]["code"], "invalid_response", "{what}: {answer:#}");
                    let response = &answer["error"]["response"];
                    assert!(
                        response["body"] != Value::Null || response["text"].is_string(),
                        "with what came: {answer:#}"
                    );
                }
            }
        }
    }
}

fn slowly(fault: Fault, kind: FaultKind) -> Fault {
    let delay = match kind {
        FaultKind::SlowHeaders | FaultKind::Trickle => Duration::from_millis(100),
        FaultKind::Refused => Duration::from_millis(60),
        _ => Duration::from_secs(3),
    };
    fault.kind(kind).delay(delay).megabytes(4)
}

#[test]
fn no_fault_makes_a_refresh_arrive_twice_or_sent_lie() {
    // A flood holds up the hosts that share its thread, those of other tests among them: tests/flood.rs.
    let kinds =
        FaultKind::all().filter(|kind| !matches!(kind, FaultKind::Panic | FaultKind::Status | FaultKind::Flood));
    let threads: Vec<_> = kinds
        .flat_map(|kind| {
            [Endpoint::Token, Endpoint::Search, Endpoint::Refresh, Endpoint::Any].map(|endpoint| (kind, endpoint))
        })
        .flat_map(|(kind, endpoint)| [1, 0].map(|times| (kind, endpoint, times)))
        .map(|(kind, endpoint, times)| {
            std::thread::spawn(move || {
                let sandbox = Sandbox::start();
                sandbox.fault(slowly(Fault::on(endpoint).times(times), kind));
                let answer = refresh(&impatient(&sandbox));
                check(&sandbox, &answer, &format!("{kind:?} on {endpoint:?}, {times} times"));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("the thread's assertions hold"));
}

#[test]
fn no_status_makes_a_refresh_arrive_twice_or_sent_lie() {
    for endpoint in [Endpoint::Token, Endpoint::Search, Endpoint::Refresh] {
        for status in
            [301, 302, 307, 400, 401, 403, 404, 405, 408, 410, 429, 451, 500, 502, 503, 504, 511, 522, 524, 599]
        {
            for executed in [false, true] {
                let sandbox = Sandbox::start();
                sandbox.fault(Fault::on(endpoint).status(status).executed(executed && status >= 500).times(0));
                let answer = refresh(&request(&sandbox));
                assert_eq!(answer["ok"], false, "{status}");
                check(&sandbox, &answer, &format!("{status} on {endpoint:?}, executed {executed}"));
            }
        }
    }
}

#[test]
fn only_a_refusal_of_the_request_proves_that_the_refresh_was_not_taken() {
    for (status, sent) in [
        (302, "maybe"),
        (307, "maybe"),
        (400, "no"),
        (401, "no"),
        (403, "no"),
        (404, "no"),
        (408, "maybe"),
        (410, "no"),
        (429, "no"),
        (499, "maybe"),
        (500, "maybe"),
        (502, "maybe"),
        (503, "maybe"),
        (504, "maybe"),
        (511, "maybe"),
        (522, "maybe"),
        (524, "maybe"),
    ] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Refresh).status(status).times(0));
        assert_eq!(refresh(&request(&sandbox))["error"]["sent"], sent, "{status}");
    }
}

#[test]
fn each_status_has_its_code() {
    for (status, code) in [
        (307, "http_status"),
        (400, "http_status"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "http_status"),
        (410, "gone"),
        (429, "rate_limited"),
        (500, "http_status"),
        (503, "http_status"),
    ] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Refresh).status(status).retry_after(60).times(0));
        let answer = refresh(&request(&sandbox));
        assert_eq!(answer["error"]["code"], code, "{answer}");
        assert_eq!(answer["error"]["response"]["status"], status, "{answer}");
        assert!(
            answer["error"]["message"].as_str().is_some_and(|m| m.contains(sandbox.url())),
            "names the address: {answer}"
        );
    }
}

#[test]
fn an_error_carries_the_service_s_body_its_tracking_id_and_the_call() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).status(400));
    let answer = refresh(&request(&sandbox));
    let tracking_id = answer["error"]["trackingId"].as_str().expect("a tracking id");
    assert_eq!(answer["error"]["response"]["body"]["trackingId"], tracking_id);
    let error = &answer["error"];
    assert_eq!(
        answer["calls"],
        json!([{
            "call": "refreshIdentities", "outcome": "rejected", "status": 400,
            "error": { "code": "http_status", "message": error["message"] }, "trackingId": error["trackingId"],
        }])
    );
}

#[test]
fn a_refused_connection_is_tried_again_until_it_is_taken() {
    // A port that nobody listens on until the sandbox does.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let patient = json!({ "maximumRetryCount": 100, "retryIntervalSeconds": 0.05 });
    let patient = with(configuration(&format!("http://127.0.0.1:{port}")), &patient);
    let request = json!({ "filter": "uid == \"amelie.roux\"", "configuration": patient });
    let caller = std::thread::spawn(move || refresh(&request));
    std::thread::sleep(Duration::from_millis(200));
    let sandbox = Sandbox::builder().port(port).start();
    let answer = caller.join().expect("no panic");
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn a_429_is_waited_out_as_long_as_the_service_asks() {
    for fault in [
        Fault::on(Endpoint::Refresh).status(429).retry_after(1),
        Fault::on(Endpoint::Refresh).status(429).retry_after_date(2),
    ] {
        let sandbox = Sandbox::start();
        sandbox.fault(fault);
        let patient = with(configuration(sandbox.url()), &json!({ "timeoutSec": 30 }));
        let answer = refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": patient }));
        assert_eq!(answer["ok"], true, "{answer}");
        let arrivals = sandbox.arrivals(Endpoint::Refresh);
        assert_eq!(arrivals.iter().map(|a| a.status).collect::<Vec<_>>(), [Some(429), Some(200)]);
        assert!(arrivals[1].at_ms - arrivals[0].at_ms >= 900, "it came before it was asked for");
    }
}

#[test]
fn a_429_that_asks_for_longer_than_the_timeout_is_answered_at_once() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(60).times(0));
    let answer = refresh(&request(&sandbox));
    assert_eq!(answer["error"]["code"], "rate_limited");
    assert_eq!(answer["error"]["retryAfterSec"], 60);
    assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let (sandbox, elsewhere) = (Sandbox::start(), Sandbox::start());
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Redirect).location(elsewhere.url()));
    let answer = refresh(&request(&sandbox));
    assert_eq!(answer["error"]["response"]["status"], 307);
    assert!(answer["error"]["hint"].as_str().is_some_and(|hint| hint.contains(elsewhere.url())), "{answer}");
    assert!(elsewhere.log().is_empty());
}

#[test]
fn an_answer_is_no_larger_than_it_may_be_unpacked() {
    for kind in [FaultKind::Huge, FaultKind::HugeGzip] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Refresh).kind(kind).megabytes(4));
        let answer = refresh(&request(&sandbox));
        assert_eq!(answer["error"]["code"], "invalid_response", "{kind:?}: {answer}");
        assert_eq!(answer["error"]["sent"], "maybe");
    }
}

#[test]
fn a_list_of_a_million_values_is_an_error_and_not_a_tree_in_memory() {
    let sandbox = Sandbox::start();
    let body = format!("[{}]", vec!["0"; 1_000_000].join(","));
    sandbox.fault(Fault::on(Endpoint::Search).status(200).body(&body).times(0));
    let request = with(request(&sandbox), &json!({ "options": { "backend": "process" } }));
    let request = support::configured(request, &json!({ "maximumResponseBytes": 16_777_216 }));
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "invalid_response", "{answer}");
    support::says(&answer, "too many values");
}

#[test]
fn a_status_says_the_same_of_delivery_when_its_body_breaks_off() {
    for (status, sent) in [(200, "maybe"), (400, "no"), (429, "no"), (502, "maybe"), (503, "maybe"), (504, "maybe")] {
        for kind in [FaultKind::CutOff, FaultKind::Trickle] {
            let sandbox = Sandbox::start();
            sandbox
                .fault(Fault::on(Endpoint::Refresh).status(status).kind(kind).delay(Duration::from_secs(3)).times(0));
            let answer = refresh(&impatient(&sandbox));
            assert_eq!(answer["error"]["sent"], sent, "{status} {kind:?}: {answer}");
        }
    }
}

#[test]
fn a_body_that_trickles_ends_at_the_deadline() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Trickle).delay(Duration::from_millis(300)));
    let answer = refresh(&with(request(&sandbox), &json!({ "options": { "totalTimeoutSec": 0.6 } })));
    assert_eq!(answer["error"]["code"], "timeout", "{answer}");
    assert_eq!(answer["error"]["sent"], "maybe", "its status alone proves nothing: {answer}");
}

#[test]
fn a_token_that_is_refused_is_renewed_once() {
    let sandbox = Sandbox::start();
    // The refresh shall be what meets the refusal, and not the search before it.
    let request = |sandbox: &Sandbox| with(request(sandbox), &json!({ "options": { "preflight": false } }));
    assert_eq!(refresh(&request(&sandbox))["ok"], true);
    sandbox.expire_tokens();
    assert_eq!(refresh(&request(&sandbox))["ok"], true);
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 2);
    let statuses: Vec<_> = sandbox.arrivals(Endpoint::Refresh).iter().map(|a| a.status).collect();
    assert_eq!(statuses, [Some(200), Some(401), Some(200)]);

    sandbox.fault(Fault::on(Endpoint::Refresh).status(401).times(0));
    let answer = refresh(&request(&sandbox));
    assert_eq!(answer["error"]["code"], "unauthorized");
    assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 5, "once more, and no more: {answer}");
}

#[test]
fn a_token_that_runs_out_before_the_search_is_renewed_for_both() {
    let sandbox = Sandbox::start();
    assert_eq!(refresh(&request(&sandbox))["ok"], true);
    sandbox.expire_tokens();
    assert_eq!(refresh(&request(&sandbox))["ok"], true);
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 2);
    let statuses = |endpoint| sandbox.arrivals(endpoint).iter().map(|a| a.status).collect::<Vec<_>>();
    assert_eq!(statuses(Endpoint::Search), [Some(200), Some(401), Some(200)]);
    assert_eq!(statuses(Endpoint::Refresh), [Some(200), Some(200)]);
}

#[test]
fn an_access_token_is_never_renewed() {
    let sandbox = Sandbox::start();
    let given = json!({ "baseUrl": sandbox.url(), "accessToken": "long-expired-token", "lookup": support::nowhere() });
    let answer = refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": given }));
    assert_eq!(answer["error"]["code"], "unauthorized");
    assert_eq!(answer["error"]["sent"], "no");
    assert_eq!(sandbox.log().len(), 1, "no token was asked for");
}

#[test]
fn the_documented_body_goes_out_as_it_came_in() {
    let sandbox = Sandbox::start();
    let text = format!(
        r#"{{"refreshArgs":{{"refreshLinks":"True","b":1.50,"correlateEntitlements" : true,"none":null,"deep":{{"a":[1,{{"é":"\u00e9😀"}}]}}}},"filter":"uid == \"amelie.roux\"","configuration":{}}}"#,
        configuration(sandbox.url())
    );
    let answer = support::call(pssailpointcc::ffi::cc_refresh_identities, &text);
    assert_eq!(answer["ok"], true, "{answer}");
    let arrived = &sandbox.arrivals(Endpoint::Refresh)[0];
    assert_eq!(
        arrived.text(),
        r#"{"filter":"uid == \"amelie.roux\"","refreshArgs":{"refreshLinks":"True","b":1.50,"correlateEntitlements":true,"deep":{"a":[1,{"é":"\u00e9😀"}]}}}"#
    );
    assert_eq!(arrived.header("content-type"), Some("application/json"));
    assert_eq!(arrived.header("accept"), Some("application/json"));
}
