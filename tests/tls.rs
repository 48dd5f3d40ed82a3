//! Encrypted connections: which certificates are taken, and what HTTP/2 says of a request that it has not taken.

mod support;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

fn refresh_with(sandbox: &Sandbox, more: Value) -> Value {
    let configuration = with(configuration(sandbox.url()), &more);
    refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": configuration }))
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_nothing_is_sent() {
    let sandbox = Sandbox::builder().https().start();
    let answer = refresh_with(&sandbox, json!({}));
    assert_eq!(answer["error"]["code"], "tls", "{answer}");
    assert_eq!(answer["error"]["sent"], "no");
    assert!(answer["error"]["hint"].as_str().is_some_and(|hint| hint.contains("caFile")), "{answer}");
    assert!(sandbox.log().is_empty());
    assert_eq!(sandbox.connections(), 1, "what would be refused again is not tried again");
}

#[test]
fn an_authority_in_ca_file_is_trusted_beside_the_system_s() {
    let sandbox = Sandbox::builder().https().start();
    let answer = refresh_with(&sandbox, json!({ "caFile": sandbox.ca_file() }));
    assert_eq!(answer["ok"], true, "{answer}");
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let sandbox = Sandbox::builder().https_for(&["wrong.example"]).start();
    let answer = refresh_with(&sandbox, json!({ "caFile": sandbox.ca_file() }));
    assert_eq!(answer["error"]["code"], "tls", "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains("another host name")), "{answer}");
}

#[test]
fn skip_certificate_check_takes_any_certificate() {
    let sandbox = Sandbox::builder().https_for(&["wrong.example"]).start();
    assert_eq!(refresh_with(&sandbox, json!({ "skipCertificateCheck": true }))["ok"], true);
}

#[test]
fn a_ca_file_without_a_certificate_is_an_invalid_argument() {
    let sandbox = Sandbox::builder().https().start();
    for path in ["Cargo.toml", "no/such/file.pem"] {
        let answer = refresh_with(&sandbox, json!({ "caFile": path }));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains(path)), "{answer}");
    }
}

#[test]
fn https_to_a_port_that_speaks_http_is_a_tls_error() {
    let sandbox = Sandbox::start();
    let https = sandbox.url().replace("http:", "https:");
    let answer = refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": configuration(&https) }));
    assert_eq!(answer["error"]["code"], "tls", "{answer}");
}

#[test]
fn a_host_without_an_address_has_a_code_of_its_own() {
    let answer = refresh(&json!({
        "filter": "uid == \"amelie.roux\"", "configuration": configuration("https://tenant.invalid")
    }));
    assert_eq!(answer["error"]["code"], "host_not_found", "{answer}");
    assert_eq!(answer["error"]["sent"], "no");
}

#[test]
fn what_http_2_has_not_taken_is_sent_again() {
    for kind in [FaultKind::RefusedStream, FaultKind::Goaway] {
        let sandbox = Sandbox::builder().https().http2().start();
        let trusted = json!({ "caFile": sandbox.ca_file() });
        assert_eq!(refresh_with(&sandbox, trusted.clone())["ok"], true);
        assert_eq!(sandbox.arrivals(Endpoint::Refresh)[0].version, "HTTP/2.0");
        sandbox.clear_log();
        sandbox.fault(Fault::on(Endpoint::Refresh).kind(kind));
        let answer = refresh_with(&sandbox, trusted);
        assert_eq!(answer["ok"], true, "{kind:?}: {answer}");
        assert_eq!(sandbox.refreshes().len(), 1);
        assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 2, "{kind:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_ca_file_that_never_ends_is_refused_and_holds_up_nobody() {
    let sandbox = Sandbox::builder().https().start();
    for path in ["/dev/zero", "/dev/stdin", "/"] {
        assert_eq!(refresh_with(&sandbox, json!({ "caFile": path }))["error"]["code"], "invalid_argument", "{path}");
    }
}
