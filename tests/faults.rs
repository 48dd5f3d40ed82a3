//! The fault table, tests/data/faults.txt: on each endpoint each fault, and what becomes of it.
//!
//! A line is `transport | job | endpoint | fault | code | sent | requests`. After a deliberate change `UPDATE_FAULTS=1`
//! rewrites the three columns at the end. What holds for every line is in `promises`, and no update changes it.

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Client, Endpoint, Fault, FaultKind, Sandbox, Scope};
use serde_json::{Value, json};
use support::proxy::Proxy;
use support::{call, configuration, find, read, refresh, root, with};

const TABLE: &str = "tests/data/faults.txt";
/// Most cases wait for something.
const THREADS: usize = 24;

#[test]
fn every_fault_ends_as_the_table_says() {
    let text = read(TABLE);
    let lines: Vec<&str> = text.lines().collect();
    let results: Vec<Mutex<Option<Result<String, String>>>> = lines.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some(line) = lines.get(number) else { return };
                    if !line.is_empty() && !line.starts_with('#') {
                        let found = Case::read(line, number).run();
                        *results[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                    }
                }
            });
        }
    });
    let mut broken = Vec::new();
    let found = lines.iter().zip(results).map(|(line, result)| {
        match result.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(Ok(found)) => found,
            Some(Err(promise)) => {
                broken.push(promise);
                (*line).to_owned()
            }
            None => (*line).to_owned(),
        }
    });
    let found: Vec<String> = found.collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    assert!(found.iter().filter(|line| line.contains('|')).count() >= 300, "the table has too few lines");
    if std::env::var_os("UPDATE_FAULTS").is_some() {
        std::fs::write(root().join(TABLE), found.join("\n") + "\n").expect("the table can be written");
    } else {
        let differences: Vec<String> = lines
            .iter()
            .zip(&found)
            .filter(|(line, found)| line != found)
            .map(|(line, found)| format!("- {line}\n+ {found}"))
            .collect();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

struct Case<'t> {
    number: usize,
    /// The columns that are not found out.
    given: String,
    transport: &'t str,
    job: &'t str,
    endpoint: Endpoint,
    fault: &'t str,
}

impl<'t> Case<'t> {
    fn read(line: &'t str, number: usize) -> Self {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [transport, job, endpoint, fault, ..] = columns[..] else { panic!("too few columns: {line}") };
        let endpoint = Endpoint::all().find(|known| known.name() == endpoint).unwrap_or_else(|| panic!("{line}"));
        let given = format!("{transport:<5} | {job:<13} | {:<19} | {fault:<22}", endpoint.name());
        Self { number, given, transport, job, endpoint, fault }
    }

    /// The whole line, or the promise that was broken.
    fn run(&self) -> Result<String, String> {
        // A client of its own: tokens and what is known of a tenant are kept by address and credentials, and an address
        // may have been another sandbox's before.
        let client = format!("client-{}", self.number);
        let builder = Sandbox::builder().people(20).client(Client::new(&client, SECRET)).task_duration(Duration::ZERO);
        let sandbox = match self.transport {
            "http" => builder.start(),
            "https" => builder.https().start(),
            "h2" => builder.https().http2().start(),
            "proxy" => builder.https_for(&["acme.example"]).start(),
            other => panic!("there is no transport {other}"),
        };
        for person in sandbox.identities().into_iter().filter(|person| NAMES.contains(&person.name.as_str())) {
            sandbox.put_identity(person.with("badge", "yes"));
        }
        let mut settings = json!({
            "clientId": client, "clientSecret": SECRET, "timeoutSec": 5,
            "maximumRetryCount": 1, "maximumResponseBytes": 1_000_000,
        });
        if self.fault.starts_with("refused") {
            // Of two at once both may come before the door closes.
            settings["maximumConcurrency"] = json!(1);
        }
        let proxy =
            (self.transport == "proxy").then(|| Proxy::to(&format!("http://{}", &sandbox.url()["https://".len()..])));
        if let Some(proxy) = &proxy {
            settings = with(settings, &json!({ "baseUrl": "https://acme.example", "proxy": proxy.url() }));
        }
        if self.transport != "http" {
            settings["caFile"] = json!(sandbox.ca_file());
        }
        let configuration = with(configuration(sandbox.url()), &settings);
        let task = (self.job == "task").then(|| self.task(&configuration, &sandbox));
        sandbox.fault(fault(self.endpoint, self.fault));
        let begin = Instant::now();
        let answer = match task {
            Some(id) => call(ffi::cc_get_task, &json!({ "id": id, "configuration": configuration }).to_string()),
            None => self.call(&configuration),
        };
        // What a request does after its caller has gone.
        std::thread::sleep(Duration::from_millis(20));
        self.promises(&answer, &sandbox, begin)?;
        let error = &answer["error"];
        let code = if answer["ok"] == true { "ok" } else { error["code"].as_str().expect("a code") };
        let sent = error["sent"].as_str().unwrap_or("-");
        let mut requests = BTreeMap::<&str, usize>::new();
        for arrival in sandbox.log() {
            *requests.entry(arrival.endpoint.name()).or_default() += 1;
        }
        let requests: Vec<String> = requests.iter().map(|(endpoint, number)| format!("{endpoint} {number}")).collect();
        Ok(format!("{} | {code:<22} | {sent:<5} | {}", self.given, requests.join(", ")).trim_end().to_owned())
    }

    /// The task of a refresh that no fault hits. It stands in no log.
    fn task(&self, configuration: &Value, sandbox: &Sandbox) -> Value {
        let answer = refresh(&json!({ "identities": NAMES, "configuration": configuration }));
        assert_eq!(answer["ok"], true, "{answer}");
        sandbox.clear_log();
        answer["calls"][0]["task"]["id"].clone()
    }

    fn call(&self, configuration: &Value) -> Value {
        let by_filter = |options: Value| {
            refresh(
                &json!({ "filter": "uid.in({\"smith\", \"amelie.roux\"})", "options": options, "configuration": configuration }),
            )
        };
        let by_name = |options: Value| {
            refresh(&json!({ "identities": NAMES, "options": options, "configuration": configuration }))
        };
        match self.job {
            "cc" => by_filter(json!({ "backend": "cc" })),
            // An attribute that is not among the standard ones is asked for.
            "cc attribute" => {
                let filter = "badge == \"yes\"";
                refresh(&json!({ "filter": filter, "options": { "backend": "cc" }, "configuration": configuration }))
            }
            "cc unchecked" => by_filter(json!({ "backend": "cc", "preflight": false })),
            "auto" => by_filter(json!({})),
            "process" => by_filter(json!({ "backend": "process" })),
            "names" => by_name(json!({})),
            "names on cc" => by_name(json!({ "backend": "cc" })),
            "wait" => by_name(json!({ "wait": true, "pollIntervalMs": 10, "waitTimeoutSec": 3 })),
            "find" => find(&json!({ "filter": "uid == \"smith\"", "configuration": configuration })),
            other => panic!("there is no job {other}"),
        }
    }

    /// What holds for every fault; otherwise which promise is broken.
    fn promises(&self, answer: &Value, sandbox: &Sandbox, begin: Instant) -> Result<(), String> {
        let holds = |is_so: bool, promise: &str| {
            if is_so { Ok(()) } else { Err(format!("{promise}: {}\n{answer:#}", self.given)) }
        };
        let mut times = BTreeMap::<String, usize>::new();
        let refreshes = sandbox.refreshes();
        for refresh in &refreshes {
            holds(refresh.scope != Scope::Everybody, "no full refresh")?;
            refresh.names.iter().for_each(|name| *times.entry(name.clone()).or_default() += 1);
        }
        holds(begin.elapsed() < Duration::from_secs(30), "the deadlines are kept")?;
        holds(times.keys().all(|name| NAMES.contains(&name.as_str())), "nobody who was not named")?;
        holds(times.values().all(|times| *times == 1), "nobody twice")?;
        let error = &answer["error"];
        match (answer["ok"].as_bool(), error["sent"].as_str()) {
            (Some(true), _) if matches!(self.job, "find" | "task") => {}
            (Some(true), _) => holds(times.len() == NAMES.len(), "ok: everybody who was named")?,
            (_, Some("no")) => holds(refreshes.is_empty(), "sent no: nobody")?,
            (_, sent) => holds(matches!(sent, Some("maybe" | "yes")), "ok, or sent")?,
        }
        for call in answer["calls"].as_array().into_iter().flatten() {
            let names: Vec<&str> =
                call["identities"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            // By a filter people are known by their ids.
            let is_done = |name: &str| {
                times.contains_key(name) || refreshes.iter().any(|refresh| refresh.ids.iter().any(|id| id == name))
            };
            let done = names.iter().filter(|name| is_done(name)).count();
            match call["outcome"].as_str() {
                Some("accepted") => holds(done == names.len(), "accepted: refreshed")?,
                Some("rejected" | "not_sent") => holds(done == 0, "rejected, not_sent: not refreshed")?,
                outcome => holds(outcome == Some("maybe_sent") && error["sent"] != "no", "maybe_sent: not sent no")?,
            }
        }
        if answer["ok"] != true {
            holds(error["code"] != "internal" && error["code"].is_string(), "a code of the table of errors")?;
            holds(error["message"].as_str().is_some_and(|message| message.len() > 20), "a message")?;
        }
        holds(!answer.to_string().contains(SECRET), "no secret")
    }
}

const SECRET: &str = "s3cret-of-the-client";
const NAMES: [&str; 2] = ["smith", "amelie.roux"];

/// A fault as the table writes it: a status or a kind, `*` for always, `done` where the work is done nevertheless, and
/// `retry-after N`.
fn fault(endpoint: Endpoint, text: &str) -> Fault {
    let mut fault = Fault::on(endpoint).delay(Duration::from_secs(20)).megabytes(4);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        fault = match word {
            "*" => fault.times(0),
            "done" => fault.executed(true),
            "retry-after" => fault.retry_after(words.next().and_then(|number| number.parse().ok()).expect("a number")),
            "page" => fault.body("<html><body>A page.</body></html>"),
            "empty" => fault.body(""),
            "text" => fault.body("Thank you"),
            "list" => fault.body("[1,2,3]"),
            "{}" => fault.body("{}"),
            _ => match word.parse::<u16>() {
                Ok(status @ 300..=399) => fault.kind(FaultKind::Redirect).status(status),
                Ok(status) => fault.status(status),
                Err(_) => {
                    let kind = FaultKind::all().find(|kind| kind.name() == word);
                    fault.kind(kind.unwrap_or_else(|| panic!("there is no fault {word}")))
                }
            },
        };
    }
    if matches!(text.split(' ').next(), Some("trickle" | "slow_headers")) {
        fault = fault.delay(Duration::from_millis(300));
    }
    if text.starts_with("refused") {
        fault = fault.delay(Duration::from_millis(100));
    }
    fault
}
