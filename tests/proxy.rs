//! Proxies: what fails there is told with the proxy's address, and never blamed on the tenant.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use pssailpointcc_sandbox::Sandbox;
use serde_json::{Value, json};
use support::{nowhere, refresh, says, with};

/// A proxy that keeps what it is asked, and gives one answer to everything.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&asked);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                serve(connection, answer, &kept);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn serve(mut connection: TcpStream, answer: &str, kept: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    // What begins otherwise is TLS, whose end is not looked for.
    let is_connect = |head: &[u8]| head.len() < 7 || head.starts_with(b"CONNECT");
    while !head.ends_with(b"\r\n\r\n")
        && is_connect(&head)
        && connection.read(&mut byte).is_ok_and(|length| length == 1)
    {
        head.push(byte[0]);
    }
    // Before the answer: whoever has it may ask at once.
    kept.lock().expect("no panic").push(String::from_utf8_lossy(&head).into_owned());
    let _ = connection.write_all(answer.as_bytes());
}

/// A refresh on a tenant that only the proxy could reach.
fn refresh_by(part: Value) -> Value {
    let configuration = json!({
        "baseUrl": "https://acme.invalid", "accessToken": "t0ken-of-mine", "retryIntervalSeconds": 0.01,
        "lookup": nowhere(),
    });
    refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": with(configuration, &part) }))
}

/// The error names the proxy, holds no password, says that nothing was sent, and does not point to the tenant.
fn blames_the_proxy(answer: &Value, address: &str) {
    says(answer, address);
    assert_eq!(answer["error"]["sent"], "no", "{answer}");
    let text = answer.to_string();
    assert!(!text.contains("hunter2") && !text.contains("baseUrl"), "{text}");
}

#[test]
fn a_proxy_that_wants_a_password_is_asked_once() {
    let wants = Proxy::start(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    );
    let without = refresh_by(json!({ "proxy": wants.address }));
    blames_the_proxy(&without, &format!("The proxy http://{} wants a user name and a password", wants.address));
    says(&without, "DOMAIN%5Cuser");
    assert_eq!(wants.asked().len(), 1, "failed log-ins lock accounts");

    let with_password = refresh_by(json!({ "proxy": format!("http://CORP%5Cme:hunter2@{}", wants.address) }));
    blames_the_proxy(
        &with_password,
        &format!("The proxy http://{} has refused the user name or the password", wants.address),
    );
    let asked = wants.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    // CORP\me:hunter2
    assert!(asked[1].contains("Basic Q09SUFxtZTpodW50ZXIy"), "{asked:?}");
}

#[test]
fn what_a_proxy_answers_to_connect_is_told_by_its_status() {
    for (status, answer, is_tried_again) in [
        ("502", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", true),
        ("503", "HTTP/1.0 503 Service Unavailable\r\n\r\n", true),
        ("403", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", false),
    ] {
        let proxy = Proxy::start(answer);
        let answer =
            refresh_by(json!({ "proxy": format!("http://me:hunter2@{}", proxy.address), "maximumRetryCount": 1 }));
        assert_eq!(answer["error"]["code"], "connection", "{answer}");
        blames_the_proxy(&answer, &format!("The proxy http://{} opened no connection to acme.invalid", proxy.address));
        says(&answer, &format!("CONNECT with status {status}"));
        // Each attempt asks twice: the client does not tell the status.
        assert_eq!(proxy.asked().len(), if is_tried_again { 4 } else { 2 }, "{status}");
        assert!(proxy.asked().iter().all(|head| head.contains("Basic bWU6aHVudGVyMg==")), "{:?}", proxy.asked());
    }
    for answer in ["", "220 smtp.example ESMTP\r\n"] {
        let proxy = Proxy::start(answer);
        let answer = refresh_by(json!({ "proxy": proxy.address, "maximumRetryCount": 0 }));
        blames_the_proxy(&answer, &format!("http://{}", proxy.address));
    }
}

#[test]
fn a_proxy_that_cannot_be_reached_is_told_apart_from_the_tenant() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let refused = refresh_by(json!({ "proxy": format!("http://me:hunter2@{free}"), "maximumRetryCount": 0 }));
    assert_eq!(refused["error"]["code"], "connection", "{refused}");
    blames_the_proxy(&refused, &format!("No connection to the proxy http://{free}"));

    let unknown = refresh_by(json!({ "proxy": "http://me:hunter2@no-such-proxy.invalid:8080" }));
    assert_eq!(unknown["error"]["code"], "host_not_found", "{unknown}");
    blames_the_proxy(&unknown, "The proxy http://no-such-proxy.invalid:8080 was not found");

    let no_tls = Proxy::start("HTTP/1.1 400 Bad Request\r\n\r\n");
    let answer = refresh_by(json!({ "proxy": format!("https://{}", no_tls.address), "maximumRetryCount": 0 }));
    assert_eq!(answer["error"]["code"], "tls", "{answer}");
    says(&answer, &format!("the proxy https://{}", no_tls.address));
}

#[test]
fn an_answer_that_does_not_come_is_told_with_the_proxy_on_the_way() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound");
    let answer = refresh_by(json!({ "proxy": format!("http://{address}"), "timeoutSec": 0.2 }));
    assert_eq!(answer["error"]["code"], "timeout", "{answer}");
    says(&answer, &format!("through the proxy http://{address}"));
    let answer = refresh_by(json!({
        "proxy": format!("http://{address}"), "connectTimeoutSec": 0.2, "maximumRetryCount": 0,
    }));
    assert_eq!(answer["error"]["code"], "connection", "{answer}");
    blames_the_proxy(&answer, &format!("through the proxy http://{address}"));
}

#[test]
fn a_variable_that_cannot_be_used_is_an_error_and_never_a_direct_connection() {
    for value in [
        r"http://CORP\me:hunter2@proxy.example:8080",
        r"CORP\me:hunter2@proxy.example:8080",
        "http://me:hunter2#1@proxy.example:8080",
        "http://me:hunter2/1@proxy.example:8080",
        "http://me:hunter2?1@proxy.example:8080",
        "socks5://me:hunter2@proxy.example:1080",
        "http://",
        "http://me:hunter2@:8080",
    ] {
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            let answer = refresh_by(json!({
                "lookup": with(nowhere(), &json!({ "environment": { variable: value } })),
            }));
            assert_eq!(answer["error"]["code"], "invalid_argument", "{value}: {answer}");
            blames_the_proxy(&answer, &format!("{variable} cannot be used as the address of a proxy"));
            says(&answer, "%5C");
        }
        let answer = refresh_by(json!({ "proxy": value }));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{value}: {answer}");
        says(&answer, "%5C");
    }
}

#[test]
fn a_variable_that_is_not_needed_is_not_read() {
    let sandbox = Sandbox::start();
    let unusable =
        |more: Value| with(nowhere(), &json!({ "environment": with(json!({ "HTTPS_PROXY": "socks5://x" }), &more) }));
    let answer =
        refresh_by(json!({ "baseUrl": sandbox.url(), "accessToken": "sandbox-token", "lookup": unusable(json!({})) }));
    assert_eq!(answer["ok"], true, "a loopback address: {answer}");
    let answer = refresh_by(json!({ "lookup": unusable(json!({ "NO_PROXY": "*.invalid" })) }));
    assert_eq!(answer["error"]["code"], "host_not_found", "{answer}");
    let answer = refresh_by(json!({ "lookup": unusable(json!({ "NO_PROXY": "acme.invalid:8443" })) }));
    assert_eq!(answer["error"]["code"], "invalid_argument", "another port: {answer}");
}

#[test]
fn no_proxy_takes_networks_and_ports() {
    let proxy = Proxy::start("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    let by = |base_url: &str, list: &str| {
        let before = proxy.asked().len();
        refresh_by(json!({
            "baseUrl": base_url, "proxy": proxy.address, "noProxy": list, "maximumRetryCount": 0, "connectTimeoutSec": 0.2,
        }));
        proxy.asked().len() > before
    };
    assert!(by("https://acme.invalid:8443", "acme.invalid:443"), "another port");
    assert!(!by("https://acme.invalid:8443", "other.example, acme.invalid:8443"));
    assert!(!by("https://acme.invalid", "*.example *.invalid"));
    assert!(!by("https://192.0.2.7", "192.0.2.0/24"));
    assert!(by("https://192.0.2.7", "192.0.3.0/24"));
}
