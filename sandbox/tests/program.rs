//! The program: what it prints, and when it ends.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use reqwest::blocking::{Client, Response};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pssailpointcc-sandbox");

/// A program that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str]) -> (Running, String, Lines<BufReader<ChildStdout>>) {
    let mut command = Command::new(PROGRAM);
    let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it has been built");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let first = lines.next().expect("it says where it listens").expect("it is text");
    let url = first.strip_prefix("listening on ").expect("this comes first").to_owned();
    assert!(lines.next().is_some_and(|line| line.is_ok_and(|line| line.contains("sandbox-client"))));
    (Running(child), url, lines)
}

fn post(url: &str, body: &str) -> reqwest::Result<Response> {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().expect("a plain client can be built")
    });
    let request = CLIENT.post(url).bearer_auth("sandbox-token").header("content-type", "application/json");
    request.body(body.to_owned()).send()
}

#[test]
fn it_prints_where_it_listens_and_what_it_refreshed() {
    let (_running, url, mut lines) = start(&["--people", "20"]);
    let refresh = format!("{url}/cc/api/system/refreshIdentities");
    post(&refresh, "{\"filter\":\"uid == \\\"amelie.roux\\\" ||\\n uid == \\\"john.smith\\\"\"}").expect("it answers");
    post(&refresh, "{\"filter\":\"uid == \\\"a\\\",\\\"b\\\"\"}").expect("it answers");
    let mut line = || lines.next().expect("there is a line").expect("it is text");
    let refreshed = line();
    assert!(refreshed.starts_with("refreshed 2 of 20: amelie.roux, john.smith (filter uid == "), "{refreshed}");
    let refreshed = line();
    assert!(refreshed.starts_with("refreshed EVERYBODY (20): the filter does not parse"), "{refreshed}");
}

#[test]
fn its_rate_limit_is_on_unless_switched_off() {
    for (arguments, refused) in [(&["--people", "1"][..], true), (&["--people", "1", "--rate-limit", "0"], false)] {
        let (_running, url, _lines) = start(arguments);
        let refresh = format!("{url}/cc/api/system/refreshIdentities");
        let statuses: Vec<u16> =
            (0..101).map(|_| post(&refresh, "{}").expect("it answers").status().as_u16()).collect();
        assert_eq!(statuses.contains(&429), refused);
    }
}

#[test]
fn its_clock_can_be_set_behind() {
    let (_running, url, _lines) = start(&["--people", "1", "--clock-offset", "-864000"]);
    let response = post(&url, "").expect("it answers");
    let date = httpdate::parse_http_date(response.headers()["date"].to_str().expect("it is text"));
    let day = Duration::from_secs(86_400);
    assert!(date.expect("it is a date") < SystemTime::now() - 9 * day);
}

#[test]
fn it_fails_when_it_has_panicked() {
    let (mut running, url, _lines) = start(&[]);
    post(&format!("{url}/sandbox/faults"), "{\"kind\":\"panic\"}").expect("the control answers");
    assert!(post(&url, "").is_err());
    assert_eq!(running.0.wait().expect("it ends").code(), Some(1));
}

#[test]
fn it_ends_when_it_dies() {
    let (mut running, url, _lines) = start(&["--people", "1"]);
    post(&format!("{url}/sandbox/faults"), "{\"kind\":\"die\"}").expect("the control answers");
    assert!(post(&url, "").is_err());
    assert_eq!(running.0.wait().expect("it ends").code(), Some(1));
}

#[test]
fn it_says_what_is_wrong_with_its_arguments() {
    for (arguments, says) in [
        (&["--people", "many"][..], "many"),
        (&["--retired", "403"], "--retired is 404, 405, 410 or 401"),
        (&["--csv", "/nowhere.csv"], "/nowhere.csv"),
        (&["--clock-offset", "9999999999"], "the clock offset must be at most 50 years"),
        (&["--poeple", "1"], "--poeple"),
    ] {
        let output = Command::new(PROGRAM).args(arguments).stdin(Stdio::null()).output().expect("it has been built");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && text.contains(says), "{text}");
    }
    let help = Command::new(PROGRAM).arg("--help").stdin(Stdio::null()).output().expect("it has been built");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--people N"));
}

#[cfg(unix)]
#[test]
fn it_ends_with_the_program_that_started_it() {
    let script = format!("'{PROGRAM}' --people 1 & sleep 1");
    let mut shell = Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().expect("there is a shell");
    let mut lines = BufReader::new(shell.stdout.take().expect("it is piped")).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok_and(|line| line.starts_with("listening on "))));
    // The pipe is closed when the last one that writes into it has ended: shell and sandbox.
    assert!(lines.all(|line| line.is_ok()));
    assert!(shell.wait().expect("it ends").success());
}
