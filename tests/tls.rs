//! Encrypted connections: which certificates are taken, and what HTTP/2 says of a request that it has not taken.

mod support;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use support::{configuration, nowhere, refresh, says, with};

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
    says(&answer, "issued by \"pssailpointcc sandbox authority\"");
    says(&answer, "caFile");
    assert!(!answer.to_string().contains("skipCertificateCheck"), "{answer}");
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
    says(&answer, "another host name: wrong.example.");
    says(&answer, "baseUrl");
    assert!(!answer.to_string().contains("skipCertificateCheck"), "{answer}");
}

#[test]
fn an_expired_certificate_is_told_with_its_date() {
    let sandbox = Sandbox::builder().https().expired().start();
    let answer = refresh_with(&sandbox, json!({ "caFile": sandbox.ca_file() }));
    assert_eq!(answer["error"]["code"], "tls", "{answer}");
    says(&answer, "has expired on Thu, 02 Jan 2020");
    says(&answer, "clock");
    assert!(!answer.to_string().contains("skipCertificateCheck") && !answer.to_string().contains("caFile"), "{answer}");
}

/// A file of this test's own.
fn file(name: &str, content: &[u8]) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("target/tmp is writable");
    path.display().to_string()
}

#[test]
fn a_ca_file_is_read_as_windows_writes_it() {
    let sandbox = Sandbox::builder().https().start();
    let pem = std::fs::read_to_string(sandbox.ca_file()).expect("readable");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(pem.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for content in
        [format!("\u{feff}{pem}").into_bytes(), utf16, pem.replace('\n', "\r\n").into_bytes(), pem.trim().into()]
    {
        let answer = refresh_with(&sandbox, json!({ "caFile": file("windows.pem", &content) }));
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

#[test]
fn a_malformed_certificate_of_a_ca_file_is_named_by_its_number_and_line() {
    let sandbox = Sandbox::builder().https().start();
    let pem = std::fs::read_to_string(sandbox.ca_file()).expect("readable");
    let second = pem.lines().count() + 1;
    for broken in [
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
    ] {
        let path = file("broken.pem", format!("{}\n{broken}", pem.trim_end()).as_bytes());
        let answer = refresh_with(&sandbox, json!({ "caFile": path }));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
        says(&answer, &format!("certificate 2, which begins at line {second}"));
    }
    let der = refresh_with(&sandbox, json!({ "caFile": file("binary.cer", &[0x30, 0x82, 1, 2, 3]) }));
    says(&der, "in DER form, not in PEM form");
    says(&refresh_with(&sandbox, json!({ "caFile": file("empty.pem", b"") })), "holds no certificate");
}

#[test]
fn a_ca_file_that_has_changed_is_read_again() {
    let (first, second) = (Sandbox::builder().https().start(), Sandbox::builder().https().start());
    let content = |sandbox: &Sandbox| std::fs::read(sandbox.ca_file()).expect("readable");
    let path = file("changing.pem", &content(&first));
    let part = json!({ "caFile": path });
    assert_eq!(refresh_with(&first, part.clone())["ok"], true);
    assert_eq!(refresh_with(&second, part.clone())["error"]["code"], "tls");
    file("changing.pem", &content(&second));
    assert_eq!(refresh_with(&second, part.clone())["ok"], true, "the new authority is trusted");
    // A new connection: one that is open stays open.
    assert_eq!(refresh_with(&first, part)["error"]["code"], "tls", "and the former one no longer");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn the_variables_of_openssl_name_the_authorities_or_are_named_themselves() {
    let sandbox = Sandbox::builder().https().start();
    let by = |variable: &str, value: &str, more: Value| {
        let lookup = with(nowhere(), &json!({ "environment": { variable: value } }));
        refresh_with(&sandbox, with(json!({ "lookup": lookup }), &more))
    };
    let authority = sandbox.ca_file().display().to_string();
    assert_eq!(by("SSL_CERT_FILE", &authority, json!({}))["ok"], true);
    let empty = file("no-certificates.pem", b"");
    for value in [empty.as_str(), "/no/such/file.pem"] {
        for more in [json!({}), json!({ "caFile": authority })] {
            let answer = by("SSL_CERT_FILE", value, more);
            assert_eq!(answer["error"]["code"], "tls", "{answer}");
            says(&answer, &format!("SSL_CERT_FILE names {value}"));
        }
    }
    let answer = by("SSL_CERT_DIR", "/no/such/folder", json!({}));
    says(&answer, "SSL_CERT_DIR names /no/such/folder");
    // A blank variable is none.
    assert_eq!(by("SSL_CERT_FILE", " ", json!({ "caFile": authority }))["ok"], true);
    says(&by("SSL_CERT_FILE", " ", json!({})), "this system's store");
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
