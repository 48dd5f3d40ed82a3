//! Who drives a host's connections changes: the caller that waits, another caller, the lane's thread (src/http/io.rs). Each
//! hand-over is a test. A first call warms the lane up, because its thread drives the first exchange; for a while after
//! it, the next caller drives.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use support::{Operation, configuration, configured, nowhere, refresh, with};

/// How the server treats a request.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    /// After this time.
    After(Duration),
    /// At once, and the connection is closed without notice a little later, when nobody drives any more.
    AndClose,
    Never,
}

const AT_ONCE: Answer = Answer::After(Duration::ZERO);

/// A service that answers refreshes over HTTP/1.1.
struct Service {
    url: String,
    /// Tells of each request.
    asked: Receiver<()>,
    /// Tells of each connection that the client has closed.
    closed: Receiver<()>,
    connections: Arc<AtomicUsize>,
}

impl Service {
    /// `answer` to the request of this number, from 0, which holds the word of its filter.
    fn start(answer: fn(usize, &str) -> Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let ((tell_asked, asked), (tell_closed, closed)) = (mpsc::channel(), mpsc::channel());
        let (connections, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let opened = Arc::clone(&connections);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                opened.fetch_add(1, Ordering::SeqCst);
                let (asked, closed, requests) = (tell_asked.clone(), tell_closed.clone(), Arc::clone(&requests));
                std::thread::spawn(move || serve(&connection, answer, &requests, &asked, &closed));
            }
        });
        Self { url, asked, closed, connections }
    }

    /// A request with this word.
    fn request(&self, word: &str) -> Value {
        json!({
            "filter": format!("uid == \"{word}\""),
            "options": { "preflight": false },
            "configuration": {
                "baseUrl": self.url, "accessToken": "token-of-a-test", "lookup": nowhere(), "maximumRetryCount": 0,
            },
        })
    }

    /// A service whose next exchange its caller drives.
    fn warm(answer: fn(usize, &str) -> Answer) -> Self {
        let service = Self::start(answer);
        let answer = refresh(&service.request("first"));
        assert_eq!(answer["ok"], true, "{answer}");
        service.asked.recv().expect("it was asked");
        service
    }
}

fn serve(
    connection: &TcpStream,
    answer: fn(usize, &str) -> Answer,
    requests: &AtomicUsize,
    asked: &Sender<()>,
    closed: &Sender<()>,
) {
    let mut reader = BufReader::new(connection);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                let _ = closed.send(());
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        let answer = answer(requests.fetch_add(1, Ordering::SeqCst), &String::from_utf8_lossy(&body));
        let _ = asked.send(());
        match answer {
            Answer::Never => continue,
            Answer::After(time) => std::thread::sleep(time),
            Answer::AndClose => {}
        }
        let text = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        let mut connection = connection;
        let is_broken = connection.write_all(text.as_bytes()).is_err();
        if is_broken || answer == Answer::AndClose {
            std::thread::sleep(Duration::from_millis(3));
            let _ = connection.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

#[test]
fn a_connection_that_was_closed_while_nobody_waited_is_not_used_again() {
    let service = Service::warm(|_, _| Answer::AndClose);
    // With nobody driving after the first one, with the lane's thread driving after the last ones.
    for pause in [15, 15, 20, 200, 15, 200, 15] {
        std::thread::sleep(Duration::from_millis(pause));
        let answer = refresh(&service.request("next"));
        assert_eq!(answer["ok"], true, "after {pause} ms: {answer}");
    }
    assert_eq!(service.connections.load(Ordering::SeqCst), 8);
}

#[test]
fn a_connection_stays_open_from_one_driver_to_the_next() {
    let service = Service::warm(|_, _| AT_ONCE);
    for pause in [0, 0, 10, 200, 0, 200, 200, 0] {
        std::thread::sleep(Duration::from_millis(pause));
        let answer = refresh(&service.request("next"));
        assert_eq!(answer["ok"], true, "after {pause} ms: {answer}");
    }
    assert_eq!(service.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_caller_gets_its_answer_after_the_one_that_drove_has_left() {
    let service =
        Service::warm(|_, body| Answer::After(Duration::from_millis(if body.contains("slow") { 45 } else { 15 })));
    for _ in 0..10 {
        let quick = Operation::start("cc_refresh_identities", &service.request("quick"));
        service.asked.recv().expect("it was asked");
        let slow = refresh(&service.request("slow"));
        assert_eq!(slow["ok"], true, "{slow}");
        assert_eq!(quick.result()["ok"], true);
        service.asked.recv().expect("it was asked");
    }
}

#[test]
fn an_answer_that_takes_long_comes_though_its_caller_stops_driving() {
    let service = Service::warm(|_, _| Answer::After(Duration::from_millis(300)));
    let others: Vec<_> = (0..4).map(|_| Operation::start("cc_refresh_identities", &service.request("other"))).collect();
    for _ in 0..3 {
        let answer = refresh(&service.request("long"));
        assert_eq!(answer["ok"], true, "{answer}");
    }
    others.iter().for_each(|other| assert_eq!(other.result()["ok"], true));
}

#[test]
fn a_cancel_ends_a_call_that_drives_and_the_others_go_on() {
    let service =
        Service::warm(
            |_, body| if body.contains("never") { Answer::Never } else { Answer::After(Duration::from_millis(30)) },
        );
    for pause in [0, 10, 200] {
        let cancelled = Operation::start("cc_refresh_identities", &service.request("never"));
        service.asked.recv().expect("it was asked");
        let other = Operation::start("cc_refresh_identities", &service.request("other"));
        service.asked.recv().expect("it was asked");
        std::thread::sleep(Duration::from_millis(pause));
        assert_eq!(cancelled.cancel()["sent"], "maybe");
        let result = cancelled.result();
        assert_eq!(
            (&result["error"]["code"], &result["error"]["sent"]),
            (&json!("cancelled"), &json!("maybe")),
            "{result}"
        );
        assert_eq!(other.result()["ok"], true);
        service.closed.recv_timeout(Duration::from_secs(60)).expect("its connection was closed");
        assert_eq!(refresh(&service.request("next"))["ok"], true);
        service.asked.recv().expect("it was asked");
    }
}

#[test]
fn an_operation_that_is_freed_while_it_drives_gives_its_connection_up() {
    let service = Service::warm(|_, body| if body.contains("never") { Answer::Never } else { AT_ONCE });
    for pause in [0, 10, 200] {
        let freed = Operation::start("cc_refresh_identities", &service.request("never"));
        service.asked.recv().expect("it was asked");
        std::thread::sleep(Duration::from_millis(pause));
        drop(freed);
        service.closed.recv_timeout(Duration::from_secs(60)).expect("its connection was closed");
        assert_eq!(refresh(&service.request("next"))["ok"], true);
        service.asked.recv().expect("it was asked");
    }
}

#[test]
fn a_call_ends_at_its_own_deadline_whoever_drives() {
    let service = Service::warm(|_, body| if body.contains("never") { Answer::Never } else { AT_ONCE });
    // Too short to drive, and longer.
    for seconds in [0.03, 0.3, 5.5] {
        let limited = configured(service.request("never"), &json!({ "timeoutSec": seconds }));
        let answer = refresh(&limited);
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("timeout"), &json!("maybe")),
            "{answer}"
        );
        service.closed.recv_timeout(Duration::from_secs(60)).expect("its connection was closed");
        assert_eq!(refresh(&service.request("next"))["ok"], true);
    }
}

#[test]
fn callers_share_one_connection_of_http_2() {
    let sandbox = Sandbox::builder().https().http2().start();
    let request = json!({
        "filter": "uid == \"smith\"",
        "configuration": with(configuration(sandbox.url()), &json!({ "caFile": sandbox.ca_file() })),
    });
    assert_eq!(refresh(&request)["ok"], true);
    let connections = sandbox.connections();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let answer = refresh(&request);
                    assert_eq!(answer["ok"], true, "{answer}");
                }
            });
        }
    });
    assert_eq!((sandbox.connections(), sandbox.refreshes().len()), (connections, 41));
}

#[test]
fn a_caller_with_256_kib_of_stack_can_open_an_encrypted_connection() {
    let sandbox = Sandbox::builder().https().start();
    let request = json!({
        "filter": "uid == \"smith\"",
        "configuration": with(configuration(sandbox.url()), &json!({ "caFile": sandbox.ca_file() })),
    });
    let calls = || {
        for call in 0..5 {
            // The next call needs a new connection.
            sandbox.fault(Fault::on(Endpoint::Search).kind(FaultKind::ResetBefore));
            let answer = refresh(&request);
            assert_eq!(answer["ok"], true, "{call}: {answer}");
        }
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, calls);
        thread.expect("a thread").join().expect("no panic");
    });
    assert!(sandbox.connections() > 5);
}

#[test]
fn a_flood_does_not_keep_the_caller_that_drives_from_its_deadline() {
    let sandbox = Sandbox::start();
    let request = json!({ "filter": "uid == \"smith\"", "configuration": configuration(sandbox.url()) });
    assert_eq!(refresh(&request)["ok"], true);
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Flood).times(0));
    let answer = refresh(&configured(request, &json!({ "timeoutSec": 6, "maximumRetryCount": 0 })));
    assert_eq!((&answer["error"]["code"], &answer["error"]["sent"]), (&json!("timeout"), &json!("maybe")), "{answer}");
}
