//! The log of the requests is bounded, and says so.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pssailpointcc_sandbox::{ACCESS_TOKEN, Arrival, Builder, Endpoint, Sandbox};
use reqwest::blocking::Client;
use serde_json::{Value, json};

const BOUND: usize = 50_000;
const CALLS: u64 = 400;

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a plain client can be built")
}

/// A sandbox that has answered so many refreshes, in turn of two people.
fn after_calls(sandbox: Builder) -> Sandbox {
    let (sandbox, client) = (sandbox.start(), client());
    for number in 0..CALLS {
        let body = json!({ "filter": format!("uid == \"{}\"", person(number)), "refreshArgs": { "number": number } });
        let request = client.post(format!("{}/cc/api/system/refreshIdentities", sandbox.url()));
        let request = request.bearer_auth(ACCESS_TOKEN).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().expect("the sandbox answers");
        assert_eq!(answer.status(), 200);
    }
    sandbox
}

fn person(number: u64) -> &'static str {
    ["amelie.roux", "smith"][(number % 2) as usize]
}

/// What a request holds at least.
fn bytes(arrival: &Arrival) -> usize {
    let headers: usize = arrival.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    arrival.path.len() + headers + arrival.body.len()
}

fn control(sandbox: &Sandbox, path: &str) -> (u16, Value) {
    let answer = client().get(format!("{}{path}", sandbox.url())).send().expect("the sandbox answers");
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().expect("a body")).expect("JSON"))
}

#[test]
fn the_log_keeps_the_newest_requests_within_its_bound_and_counts_all() {
    let sandbox = after_calls(Sandbox::builder().log_bytes(BOUND));
    let (newest, dropped) = sandbox.newest();
    assert_eq!(newest.len() as u64 + dropped, CALLS);
    let total: usize = newest.iter().map(bytes).sum();
    assert!((BOUND / 10..=BOUND).contains(&total), "{total} bytes in {} requests", newest.len());
    for (arrival, number) in newest.iter().zip(dropped..) {
        assert_eq!(arrival.number, number + 1);
        assert!(arrival.text().contains(&format!("\"number\":{number}}}")), "{}", arrival.text());
        let refreshed = arrival.refreshed.as_ref().expect("a refresh");
        assert_eq!(
            (&*refreshed.names, &refreshed.arguments),
            (&[person(number).to_owned()][..], &json!({ "number": number }))
        );
    }
    let each = CALLS / 2;
    assert_eq!(json!(sandbox.refresh_counts()), json!({ "amelie.roux": each, "smith": each }));
    assert_eq!(control(&sandbox, "/sandbox/refreshes").1, json!({ "amelie.roux": each, "smith": each }));
    assert_eq!(control(&sandbox, "/sandbox/arrivals").1, json!({ "refresh": CALLS }));
}

#[test]
fn a_log_that_has_dropped_requests_is_no_log_to_count_on() {
    let sandbox = after_calls(Sandbox::builder().log_bytes(BOUND));
    let (newest, dropped) = sandbox.newest();
    let (status, answer) = control(&sandbox, "/sandbox/log");
    assert_eq!((status, &answer["dropped"]), (507, &json!(dropped)));
    assert_eq!(answer["log"], newest.iter().map(Arrival::to_json).collect::<Value>());
    let asks: [&dyn Fn() -> usize; 3] =
        [&|| sandbox.log().len(), &|| sandbox.arrivals(Endpoint::Refresh).len(), &|| sandbox.refreshes().len()];
    for ask in asks {
        let panic = catch_unwind(AssertUnwindSafe(ask)).expect_err("it is not whole");
        let text = panic.downcast_ref::<String>().expect("a text");
        assert!(text.contains(&format!("dropped its oldest {dropped} requests")), "{text}");
    }
    sandbox.clear_log();
    assert_eq!((control(&sandbox, "/sandbox/log"), sandbox.log().len()), ((200, json!([])), 0));
    assert_eq!(control(&sandbox, "/sandbox/refreshes").1, json!({}));
}

#[test]
fn a_log_within_its_bound_is_whole() {
    let sandbox = after_calls(Sandbox::builder());
    let log = sandbox.log();
    assert_eq!((log.len() as u64, sandbox.newest().1), (CALLS, 0));
    assert_eq!(control(&sandbox, "/sandbox/log"), (200, log.iter().map(Arrival::to_json).collect()));
    assert_eq!(sandbox.refreshes().len() as u64, CALLS);
}
