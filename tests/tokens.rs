//! Tokens are shared by calls of one configuration, and by no others.

mod support;

use std::time::Duration;

use pssailpointcc_sandbox::{Client, Endpoint, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

fn person(configuration: &Value) -> Value {
    refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": configuration }))
}

/// Runs `work` on so many threads at once.
fn on_threads(number: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for index in 0..number {
            scope.spawn({
                let work = &work;
                move || work(index)
            });
        }
    });
}

#[test]
fn a_thousand_calls_from_64_threads_ask_for_one_token() {
    let sandbox = Sandbox::start();
    let configuration = configuration(sandbox.url());
    on_threads(64, |index| {
        for _ in (index..1000).step_by(64) {
            assert_eq!(person(&configuration)["ok"], true);
        }
    });
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 1);
    assert_eq!(sandbox.refreshes().len(), 1000);
}

#[test]
fn threads_with_configurations_of_their_own_never_see_each_other_s_tenant_or_token() {
    let tenants: Vec<Sandbox> = (0..4)
        .map(|_| {
            (0..16)
                .fold(Sandbox::builder(), |builder, n| {
                    builder.client(Client::new(&format!("client-{n}"), &format!("secret-{n}")))
                })
                .start()
        })
        .collect();
    on_threads(64, |index| {
        let own = with(
            configuration(tenants[index / 16].url()),
            &json!({
                "clientId": format!("client-{}", index % 16), "clientSecret": format!("secret-{}", index % 16),
            }),
        );
        for _ in 0..5 {
            let answer = person(&own);
            assert_eq!(answer["baseUrl"], tenants[index / 16].url(), "{answer}");
            assert_eq!(answer["ok"], true, "{answer}");
        }
    });
    for tenant in &tenants {
        assert_eq!(tenant.arrivals(Endpoint::Token).len(), 16, "one a client");
        let mut by_client = [0; 16];
        for arrival in tenant.arrivals(Endpoint::Refresh) {
            let client =
                arrival.client.as_deref().and_then(|c| c.strip_prefix("client-")).and_then(|n| n.parse::<usize>().ok());
            by_client[client.expect("a client of its own")] += 1;
        }
        assert_eq!(by_client, [5; 16]);
    }
}

#[test]
fn a_token_endpoint_that_refuses_says_so_to_every_thread_that_waited() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Token).kind(FaultKind::Slow).delay(Duration::from_millis(300)).times(0));
    let wrong = with(configuration(sandbox.url()), &json!({ "clientSecret": "wrong" }));
    on_threads(8, |_| {
        let answer = person(&wrong);
        assert_eq!(answer["error"]["code"], "unauthorized", "{answer}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .is_some_and(|m| m.contains("sandbox-client") && m.contains("/oauth/token")),
            "{answer}"
        );
        assert!(!answer.to_string().contains("wrong"), "{answer}");
    });
    assert!(sandbox.arrivals(Endpoint::Refresh).is_empty());
}

#[test]
fn a_token_that_lives_30_seconds_or_less_is_used_while_it_lives() {
    let sandbox = Sandbox::builder().token_lifetime(Duration::from_secs(25)).start();
    let configuration = with(configuration(sandbox.url()), &json!({ "preflight": false }));
    for _ in 0..5 {
        assert_eq!(person(&configuration)["ok"], true);
    }
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 1);
}

#[test]
fn an_empty_token_is_an_error() {
    for token in ["", "  ", "\u{200b}"] {
        let sandbox = Sandbox::start();
        let body = json!({ "access_token": token, "expires_in": 749 }).to_string();
        sandbox.fault(Fault::on(Endpoint::Token).status(200).body(&body).times(0));
        let answer = person(&configuration(sandbox.url()));
        assert_eq!(answer["error"]["code"], "invalid_response", "{answer}");
        support::says(&answer, "an empty access_token");
        assert!(sandbox.arrivals(Endpoint::Refresh).is_empty());
    }
}

#[test]
fn each_status_of_the_token_endpoint_says_what_to_do() {
    for (status, code, advice) in [
        (302, "http_status", "It points to https://acme.example/login"),
        (403, "forbidden", "allowed networks"),
        (404, "not_found", "There is no token endpoint at"),
        (405, "http_status", "There is no token endpoint at"),
        (429, "rate_limited", "wait"),
        (500, "http_status", "Try again later"),
        (503, "http_status", "Try again later"),
    ] {
        let sandbox = Sandbox::start();
        let fault = Fault::on(Endpoint::Token).times(0);
        sandbox.fault(match status {
            302 => fault.kind(FaultKind::Redirect).status(302).location("https://acme.example/login"),
            _ => fault.status(status),
        });
        let fast = with(configuration(sandbox.url()), &json!({ "maximumRetryCount": 0, "preflight": false }));
        let answer = person(&fast);
        assert_eq!((&answer["error"]["code"], &answer["error"]["sent"]), (&json!(code), &json!("no")), "{answer}");
        support::says(&answer, "/oauth/token");
        support::says(&answer, &status.to_string());
        support::says(&answer, advice);
        assert!(sandbox.arrivals(Endpoint::Refresh).is_empty());
    }
}

#[test]
fn a_token_endpoint_that_answers_no_token_is_an_invalid_response() {
    for kind in [FaultKind::BadJson, FaultKind::Html, FaultKind::Garbage] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Token).kind(kind).times(0));
        let answer = person(&configuration(sandbox.url()));
        assert_eq!(answer["error"]["code"], "invalid_response", "{kind:?}: {answer}");
        assert_eq!(answer["error"]["sent"], "no");
    }
}

#[test]
fn what_a_server_repeats_of_a_secret_is_blotted_out() {
    for endpoint in [Endpoint::Token, Endpoint::Refresh] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(endpoint).kind(FaultKind::Echo).times(0));
        let answer = person(&configuration(sandbox.url()));
        assert_eq!(answer["ok"], false);
        let text = answer.to_string();
        assert!(!text.contains("sandbox-secret") && text.contains("***"), "{text}");
        let issued =
            sandbox.arrivals(Endpoint::Refresh).first().and_then(|a| a.header("authorization").map(str::to_owned));
        if let Some(token) = issued.as_deref().and_then(|header| header.strip_prefix("Bearer ")) {
            assert!(!text.contains(token), "{text}");
        }
    }
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Echo).times(0));
    for own in [
        json!({ "accessToken": "Bearer t0ken-of-mine" }),
        json!({ "defaultHeaders": { "Authorization": "Bearer t0ken-of-mine" } }),
    ] {
        let own = with(json!({ "baseUrl": sandbox.url(), "preflight": false, "lookup": support::nowhere() }), &own);
        let text = person(&own).to_string();
        assert!(!text.contains("t0ken-of-mine") && text.contains("***"), "{text}");
    }
}

#[test]
fn a_secret_is_blotted_out_in_every_form_that_a_server_may_repeat_it_in() {
    let secret = "hun\"ter/2+\\ü x";
    for body in [
        format!("{{\"error\":\"{}\"}}", "hun%22ter%2F2%2B%5C%C3%BC+x"),
        json!({ "error": secret }).to_string(),
        json!({ "error": secret }).to_string().replace('h', "\\u0068"),
        format!("no JSON: {secret}"),
    ] {
        let sandbox = Sandbox::builder().client(Client::new("own", secret)).start();
        sandbox.fault(Fault::on(Endpoint::Token).status(400).body(&body).times(0));
        let own = with(configuration(sandbox.url()), &json!({ "clientId": "own", "clientSecret": secret }));
        let error = person(&own)["error"].clone();
        let (message, response) = (error["message"].to_string(), error["response"].to_string());
        assert!(response.contains("***") && !response.contains("ter") && !message.contains("ter/2"), "{error}");
    }
}

#[test]
fn what_default_headers_hold_is_blotted_out_and_a_short_token_spoils_nothing() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Token).status(400).body("{\"error\":\"I got pass-of-mine\"}").times(0));
    let own = with(configuration(sandbox.url()), &json!({ "defaultHeaders": { "X-Pass": "pass-of-mine" } }));
    assert!(!person(&own).to_string().contains("pass-of-mine"));
    sandbox.fault(Fault::on(Endpoint::Refresh).status(403).times(0));
    let short =
        json!({ "baseUrl": sandbox.url(), "accessToken": "e", "preflight": false, "lookup": support::nowhere() });
    assert!(!person(&short).to_string().contains("***"));
}

#[test]
fn a_call_that_waits_for_another_s_token_does_not_get_that_one_s_timeout() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Token).kind(FaultKind::Slow).delay(Duration::from_millis(900)));
    let patient = with(configuration(sandbox.url()), &json!({ "preflight": false }));
    let hasty = with(patient.clone(), &json!({ "timeoutSec": 0.3, "maximumRetryCount": 0 }));
    std::thread::scope(|scope| {
        let hasty = scope.spawn(|| person(&hasty));
        std::thread::sleep(Duration::from_millis(100));
        let patient: Vec<_> = (0..4).map(|_| scope.spawn(|| person(&patient))).collect();
        assert_eq!(hasty.join().expect("no panic")["error"]["code"], "timeout");
        for call in patient {
            let answer = call.join().expect("no panic");
            assert_eq!(answer["ok"], true, "{answer}");
        }
    });
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 2);
}

#[test]
fn the_total_timeout_holds_for_token_and_refresh_together() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Token).kind(FaultKind::Slow).delay(Duration::from_millis(200)));
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Slow).delay(Duration::from_secs(20)));
    let answer = refresh(&json!({
        "filter": "uid == \"amelie.roux\"", "options": { "totalTimeoutSec": 0.8 }, "configuration": configuration(sandbox.url()),
    }));
    assert_eq!(answer["error"]["code"], "timeout", "{answer}");
    assert_eq!(answer["error"]["sent"], "maybe", "{answer}");
}
