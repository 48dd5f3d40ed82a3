//! Every fault, seen from the other end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use pssailpointcc_sandbox::{ACCESS_TOKEN, Endpoint, Fault, FaultKind, Sandbox};
use reqwest::blocking::{Client, ClientBuilder, Response};

const REFRESH: &str = "/cc/api/system/refreshIdentities";
const BODY: &str = "{\"filter\":\"uid == \\\"amelie.roux\\\"\"}";

/// A client that uses each connection once; one for all, because building one takes longer than most tests.
fn client() -> Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| build(|builder| builder.pool_max_idle_per_host(0)));
    CLIENT.clone()
}

/// A client that keeps connections.
fn keeping() -> Client {
    build(|builder| builder)
}

fn build(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder =
        Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never());
    change(builder).build().expect("a plain client can be built")
}

fn refresh(client: &Client, sandbox: &Sandbox) -> reqwest::Result<Response> {
    let request = client.post(format!("{}{REFRESH}", sandbox.url())).bearer_auth(ACCESS_TOKEN);
    request.header("content-type", "application/json").body(BODY).send()
}

/// The refresh that a fault hits: what came of it, and how many refreshes there have been.
fn hit(fault: Fault) -> (reqwest::Result<(u16, String)>, usize) {
    let sandbox = Sandbox::start();
    let name = fault.to_json()["kind"].clone();
    sandbox.fault(fault);
    let answer = refresh(&client(), &sandbox);
    let answer = answer.and_then(|response| Ok((response.status().as_u16(), response.text()?)));
    let arrivals = sandbox.arrivals(Endpoint::Refresh);
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].fault.map(Into::into), Some(name));
    assert!(sandbox.faults_left().is_empty());
    let refreshed = sandbox.refreshes().len();
    assert_eq!(refresh(&client(), &sandbox).expect("the fault is over").status(), 200);
    (answer, refreshed)
}

fn on_refresh(kind: FaultKind) -> Fault {
    Fault::on(Endpoint::Refresh).kind(kind).delay(Duration::from_millis(1))
}

#[test]
fn what_breaks_the_connection_breaks_it() {
    for (kind, refreshed) in [
        (FaultKind::ResetBefore, 0),
        (FaultKind::ResetUnexecuted, 0),
        (FaultKind::RefusedStream, 0),
        (FaultKind::Goaway, 0),
        (FaultKind::Reset, 1),
        (FaultKind::CutOff, 1),
        (FaultKind::Garbage, 1),
    ] {
        let (answer, number) = hit(on_refresh(kind));
        assert!(answer.is_err(), "{kind:?}: {answer:?}");
        assert_eq!(number, refreshed, "{kind:?}");
    }
}

#[test]
fn what_is_slow_arrives_whole() {
    for kind in [FaultKind::Slow, FaultKind::SlowHeaders, FaultKind::Trickle] {
        let (answer, refreshed) = hit(on_refresh(kind));
        let (status, text) = answer.expect("it comes in the end");
        assert_eq!((status, refreshed), (200, 1), "{kind:?}");
        assert!(text.starts_with("{\"id\":") && text.ends_with('}'), "{kind:?}: {text}");
    }
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Slow).delay(Duration::from_millis(300)));
    let start = Instant::now();
    refresh(&client(), &sandbox).expect("it comes in the end");
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn bodies_can_be_anything_but_what_was_asked_for() {
    let text = |fault: Fault| hit(fault).0.expect("it is HTTP");
    assert_eq!(text(on_refresh(FaultKind::BadJson)), (200, "{\"id\": \"2c91\", \"type\": ".to_owned()));
    assert_eq!(text(on_refresh(FaultKind::BadJson).body("nul")), (200, "nul".to_owned()));
    assert!(text(on_refresh(FaultKind::Html)).1.starts_with("<!DOCTYPE html>"));
    for kind in [FaultKind::Huge, FaultKind::HugeGzip] {
        let (status, body) = text(on_refresh(kind).megabytes(3));
        assert_eq!((status, body.len()), (200, 3 * 1024 * 1024 + 2));
        assert!(body.starts_with("\"aaa") && body.ends_with("aaa\""));
    }
    let (status, echo) = text(on_refresh(FaultKind::Echo));
    assert_eq!(status, 400);
    assert!(echo.contains("Bearer sandbox-token") && echo.contains("amelie.roux"));
}

#[test]
fn every_status_comes_in_the_service_s_form_and_refreshes_nobody() {
    for status in [400, 401, 403, 404, 405, 410, 429, 500, 502, 503, 504] {
        let (answer, refreshed) = hit(Fault::on(Endpoint::Refresh).status(status));
        let (answered, text) = answer.expect("it is HTTP");
        assert_eq!((answered, refreshed), (status, 0));
        let member = match status {
            401 => "\"error\"",
            429 => "\" Rate Limit Exceeded \"",
            _ => "\"trackingId\"",
        };
        assert!(text.contains(member), "{status}: {text}");
    }
    let (_, refreshed) = hit(Fault::on(Endpoint::Refresh).status(503).executed(true));
    assert_eq!(refreshed, 1);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Any).status(429).retry_after(7));
    sandbox.fault(Fault::on(Endpoint::Any).status(429).retry_after_date(7));
    let answers = [(); 2].map(|()| refresh(&client(), &sandbox).expect("it is HTTP"));
    assert_eq!(answers[0].headers()["retry-after"], "7");
    assert!(answers[1].headers()["retry-after"].to_str().is_ok_and(|date| date.ends_with(" GMT")));
}

#[test]
fn a_redirect_leads_where_the_log_sees_it() {
    let sandbox = Sandbox::start();
    sandbox.fault(on_refresh(FaultKind::Redirect));
    sandbox.fault(on_refresh(FaultKind::Redirect).location("https://example.com/").status(302));
    let answer = refresh(&client(), &sandbox).expect("it is HTTP");
    assert_eq!(answer.status(), 307);
    assert_eq!(answer.headers()["location"], format!("{}/elsewhere", sandbox.url()));
    assert_eq!(refresh(&client(), &sandbox).expect("it is HTTP").headers()["location"], "https://example.com/");
    client().post(format!("{}/elsewhere", sandbox.url())).send().expect("it is HTTP");
    assert_eq!(sandbox.log()[2].endpoint, Endpoint::Other);
}

#[test]
fn a_reset_before_a_request_hits_kept_connections_too() {
    let (sandbox, client) = (Sandbox::start(), keeping());
    refresh(&client, &sandbox).expect("nothing is wrong yet");
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::ResetBefore));
    assert!(refresh(&client, &sandbox).is_err());
    assert_eq!((sandbox.refreshes().len(), sandbox.connections()), (1, 1));
    assert_eq!(sandbox.log()[1].fault, Some("reset_before"));
}

#[test]
fn on_any_every_nth_new_connection_is_reset_unread_and_the_control_is_spared() {
    let sandbox = Sandbox::builder().keep_alive(Duration::ZERO).start();
    sandbox.fault(Fault::on(Endpoint::Any).kind(FaultKind::ResetBefore).every(3).times(0));
    let outcomes: Vec<bool> = (0..9)
        .map(|_| {
            let control = client().get(format!("{}/sandbox/log", sandbox.url())).send();
            assert!(control.is_ok_and(|response| response.status() == 200));
            refresh(&client(), &sandbox).is_ok()
        })
        .collect();
    assert_eq!(outcomes, [true, true, false, true, true, false, true, true, false]);
    assert_eq!(sandbox.refreshes().len(), 6);
}

#[test]
fn on_any_later_requests_of_a_connection_are_reset_unread_too() {
    for (client, connections) in [(keeping(), 3), (client(), 6)] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Any).kind(FaultKind::ResetBefore).every(3).times(0));
        let outcomes = [(); 8].map(|()| refresh(&client, &sandbox).is_ok());
        assert_eq!(outcomes, [true, true, false, true, true, false, true, true]);
        let log = sandbox.log();
        assert_eq!((log.len(), sandbox.refreshes().len()), (8, 6));
        assert!([2, 5].iter().all(|at| log[*at].fault == Some("reset_before") && log[*at].body.is_empty()));
        assert!(sandbox.connections() >= connections);
    }
}

#[test]
fn what_dies_takes_everything_with_it() {
    let (sandbox, client, other) = (Sandbox::start(), keeping(), keeping());
    sandbox.fault(Fault::on(Endpoint::Token).kind(FaultKind::Slow).delay(Duration::from_secs(60)));
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Die).skip(2));
    let held = std::thread::spawn({
        let request = other.post(format!("{}/oauth/token", sandbox.url()));
        move || request.send()
    });
    while sandbox.log().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let control = format!("{}/sandbox/faults", sandbox.url());
    for _ in 0..2 {
        refresh(&client, &sandbox).expect("it lives");
        assert!(client.get(&control).send().is_ok());
    }
    assert!(refresh(&client, &sandbox).is_err());
    assert!(sandbox.has_died());
    assert!(held.join().expect("it does not panic").is_err());
    assert!(client.get(&control).send().is_err());
    assert!(refresh(&client, &sandbox).is_err());
    assert_eq!((sandbox.refreshes().len(), sandbox.arrivals(Endpoint::Refresh).len()), (2, 3));
    sandbox.clear_faults();
    refresh(&client, &sandbox).expect("it lives again");
}

#[test]
fn what_dies_for_a_time_remembers() {
    let sandbox = Sandbox::start();
    let die = Fault::on(Endpoint::Any).kind(FaultKind::Die).delay(Duration::from_millis(100));
    sandbox.fault(die.executed(true));
    assert!(refresh(&client(), &sandbox).is_err());
    let patience = Instant::now() + Duration::from_secs(5);
    while refresh(&client(), &sandbox).is_err() {
        assert!(Instant::now() < patience && !sandbox.has_died());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(sandbox.refreshes().len(), 2);
}

#[test]
fn a_closed_door_refuses_and_opens_again() {
    let (sandbox, client) = (Sandbox::start(), keeping());
    refresh(&client, &sandbox).expect("nothing is wrong yet");
    sandbox.fault(Fault::on(Endpoint::Any).kind(FaultKind::Refused).times(0));
    // The client may not have seen yet that its connection has ended: the first error can be of either kind.
    assert!(refresh(&client, &sandbox).is_err());
    for _ in 0..3 {
        assert!(refresh(&client, &sandbox).is_err_and(|error| error.is_connect()));
    }
    sandbox.clear_faults();
    refresh(&client, &sandbox).expect("it is open again");
    sandbox.fault(Fault::on(Endpoint::Any).kind(FaultKind::Refused).delay(Duration::from_millis(200)));
    assert!(refresh(&client, &sandbox).is_err());
    std::thread::sleep(Duration::from_millis(300));
    refresh(&client, &sandbox).expect("it is open again");
    assert_eq!(sandbox.refreshes().len(), 3);
}

#[test]
fn a_door_closes_behind_a_request() {
    let (sandbox, client) = (Sandbox::start(), keeping());
    sandbox.fault(Fault::on(Endpoint::Any).kind(FaultKind::Refused).skip(2).times(0));
    refresh(&client, &sandbox).expect("the first passes");
    refresh(&client, &sandbox).expect("the second passes");
    // The connection ends when the second is answered, a moment after the client has read it.
    std::thread::sleep(Duration::from_millis(50));
    assert!(refresh(&client, &sandbox).is_err());
    sandbox.clear_faults();
    assert_eq!(sandbox.refreshes().len(), 2);
}

#[test]
fn a_door_that_closes_on_a_refresh_leaves_it_undone() {
    let (sandbox, client) = (Sandbox::start(), keeping());
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Refused).times(1).delay(Duration::from_millis(300)));
    let patience = Instant::now() + Duration::from_secs(5);
    let mut failed = 0;
    while refresh(&client, &sandbox).is_err() {
        failed += 1;
        assert!(Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(failed > 1);
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn a_panic_in_the_sandbox_fails_the_test_that_used_it() {
    let sandbox = Sandbox::start();
    sandbox.fault(on_refresh(FaultKind::Panic));
    assert!(refresh(&client(), &sandbox).is_err());
    assert!(refresh(&client(), &sandbox).is_ok());
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(sandbox)));
    let text = dropped.expect_err("the panic comes out").downcast::<String>().expect("it has a text");
    assert!(text.contains("the sandbox panics, as it was asked to"), "{text}");

    let sandbox = Sandbox::start();
    sandbox.fault(on_refresh(FaultKind::Panic));
    assert!(refresh(&client(), &sandbox).is_err());
    assert!(sandbox.take_panic().is_some());
}

#[test]
fn connections_are_kept_as_long_as_was_said() {
    let (sandbox, client) = (Sandbox::builder().keep_alive(Duration::from_millis(200)).start(), keeping());
    for _ in 0..3 {
        refresh(&client, &sandbox).expect("nothing is wrong");
    }
    assert_eq!(sandbox.connections(), 1);
    std::thread::sleep(Duration::from_millis(400));
    refresh(&client, &sandbox).expect("on a new connection");
    assert_eq!(sandbox.connections(), 2);

    let mut stream = TcpStream::connect(sandbox.url().trim_start_matches("http://")).expect("it listens");
    stream.write_all(b"GET /").expect("it is open");
    assert_eq!(stream.read(&mut [0; 8]).ok(), Some(0));
}

#[test]
fn https_is_trusted_by_its_own_authority_only() {
    let sandbox = Sandbox::builder().https().start();
    assert!(refresh(&client(), &sandbox).is_err());
    let pem = std::fs::read(sandbox.ca_file()).expect("the file is there");
    let authority = reqwest::Certificate::from_pem(&pem).expect("it is PEM");
    let trusting = Client::builder().no_proxy().tls_certs_only([authority]).build().expect("it can be built");
    assert_eq!(refresh(&trusting, &sandbox).expect("it is trusted").version(), reqwest::Version::HTTP_11);
    sandbox.fault(on_refresh(FaultKind::Reset));
    assert!(refresh(&trusting, &sandbox).is_err());
    assert_eq!(sandbox.refreshes().len(), 2);
    let file = sandbox.ca_file().to_owned();
    drop(sandbox);
    assert!(!file.exists());
}

#[test]
fn http2_is_offered_where_asked_for_and_has_faults_of_its_own() {
    let sandbox = Sandbox::builder().https().http2().start();
    let pem = std::fs::read(sandbox.ca_file()).expect("the file is there");
    let authority = reqwest::Certificate::from_pem(&pem).expect("it is PEM");
    let client = Client::builder().no_proxy().tls_certs_only([authority]).retry(reqwest::retry::never());
    let client = client.build().expect("it can be built");
    assert_eq!(refresh(&client, &sandbox).expect("it is trusted").version(), reqwest::Version::HTTP_2);
    let h2_error = |error: &reqwest::Error| {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = source {
            if let Some(h2) = error.downcast_ref::<h2::Error>() {
                return h2.reason().map(|reason| (reason, h2.is_go_away(), h2.is_remote()));
            }
            source = error.source();
        }
        None
    };
    sandbox.fault(on_refresh(FaultKind::RefusedStream));
    let error = refresh(&client, &sandbox).expect_err("the stream is refused");
    assert_eq!(h2_error(&error), Some((h2::Reason::REFUSED_STREAM, false, true)));
    refresh(&client, &sandbox).expect("the connection goes on");
    assert_eq!(sandbox.connections(), 1);
    sandbox.fault(on_refresh(FaultKind::Goaway));
    let error = refresh(&client, &sandbox).expect_err("the connection is left");
    assert_eq!(h2_error(&error), Some((h2::Reason::NO_ERROR, true, true)));
    assert_eq!(sandbox.refreshes().len(), 2);
    for (kind, refreshed) in [(FaultKind::Reset, 1), (FaultKind::ResetBefore, 0), (FaultKind::CutOff, 1)] {
        sandbox.clear_log();
        sandbox.fault(on_refresh(kind));
        assert!(refresh(&client, &sandbox).and_then(Response::bytes).is_err(), "{kind:?}");
        assert_eq!(sandbox.refreshes().len(), refreshed, "{kind:?}");
    }
}
