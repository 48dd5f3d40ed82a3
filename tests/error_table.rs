//! Every cause of an error in every situation: the code, whether a refresh was sent, the ways out that the hint names,
//! and the requests that arrived at the sandbox. tests/data/error-table.txt has the right values;
//! `UPDATE_ERRORS=1 cargo test --test error_table` rewrites it, for a review of the difference.
//!
//! Whatever hint is followed, nobody is refreshed who was not named, and the same error does not come again.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use pssailpointcc_sandbox::{Client, Endpoint, Fault, FaultKind, Sandbox, Scope, TaskEnd};
use serde_json::{Value, json};
use support::{Operation, configuration, configured, read, refresh, root, with};

const TABLE: &str = "tests/data/error-table.txt";

/// The people whom a request names.
const NAMED: [&str; 2] = ["amelie.roux", "john.smith"];

/// How a refresh is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Situation {
    Auto,
    Cc,
    CcUncounted,
    CcUnread,
    CcNames,
    Process,
    Names,
    Stream,
    Wait,
    Plan,
}

use Situation::{Auto, Cc, CcNames, CcUncounted, CcUnread, Names, Plan, Process, Stream, Wait};

const SITUATIONS: [(Situation, &str); 10] = [
    (Auto, "auto"),
    (Cc, "cc"),
    (CcUncounted, "cc, not counted"),
    (CcUnread, "cc, not read"),
    (CcNames, "cc, by name"),
    (Process, "process"),
    (Names, "process, by name"),
    (Stream, "process, stream"),
    (Wait, "process, wait"),
    (Plan, "cc, dry run"),
];

impl Situation {
    fn has_names(self) -> bool {
        matches!(self, CcNames | Names | Stream | Wait)
    }

    /// The options of the request.
    fn options(self) -> Value {
        match self {
            Auto => json!({}),
            Cc => json!({ "backend": "cc" }),
            CcUncounted => json!({ "backend": "cc", "preflight": false }),
            CcUnread => json!({ "backend": "cc", "skipFilterCheck": true }),
            CcNames => json!({ "backend": "cc" }),
            Process | Names | Stream => json!({ "backend": "process" }),
            Wait => json!({ "backend": "process", "wait": true, "waitTimeoutSec": 5, "pollIntervalMs": 10 }),
            Plan => json!({ "backend": "cc", "dryRun": true }),
        }
    }

    /// The endpoint that takes the refresh.
    fn endpoint(self) -> Endpoint {
        if matches!(self, Process | Names | Stream | Wait) { Endpoint::Process } else { Endpoint::Refresh }
    }
}

/// What is wrong.
struct Cause {
    name: String,
    /// The filter of a request without names.
    filter: Option<&'static str>,
    names: Value,
    arguments: Value,
    options: Value,
    configuration: Value,
    faults: Faults,
    retired: Option<u16>,
    has_https: bool,
    fails_task: bool,
}

enum Faults {
    None,
    At(Vec<Fault>),
    /// At the endpoint that takes the refresh.
    OfRefresh(Box<dyn Fn(Endpoint) -> Fault + Sync>),
}

/// Everything that the successor of `/cc` does.
fn all_arguments() -> Value {
    json!({ "correlateEntitlements": true, "promoteAttributes": true, "refreshManagerStatus": true, "provision": true })
}

fn cause(name: &str) -> Cause {
    Cause {
        name: name.to_owned(),
        filter: Some(r#"uid == "amelie.roux""#),
        names: json!(["amelie.roux"]),
        arguments: all_arguments(),
        options: json!({}),
        configuration: json!({}),
        faults: Faults::None,
        retired: None,
        has_https: false,
        fails_task: false,
    }
}

fn at(name: &str, fault: Fault) -> Cause {
    Cause { faults: Faults::At(vec![fault.times(0)]), ..cause(name) }
}

fn status(on: Endpoint, status: u16) -> Fault {
    Fault::on(on).status(status).retry_after(1_000)
}

fn client(name: &str) -> Value {
    // Trial::new gives it a number.
    json!({ "clientId": name })
}

fn causes() -> Vec<Cause> {
    let of_filter = |name: &str, filter: &'static str| Cause { filter: Some(filter), ..cause(name) };
    let by = |name: &str, configuration: Value| Cause { configuration, ..cause(name) };
    let token = json!({ "clientId": null, "clientSecret": null, "accessToken": "sandbox-token" });
    let wrong_token = json!({ "clientId": null, "clientSecret": null, "accessToken": "another" });
    let no_client = json!({ "clientId": null, "clientSecret": null });
    let mut causes = vec![
        cause("nothing"),
        // The token and the address.
        by("no credentials", no_client),
        by("wrong client id", json!({ "clientId": "nobody" })),
        by("wrong secret", json!({ "clientSecret": "wrong" })),
        by("wrong access token", wrong_token),
        by("no scopes", client("noscope")),
        by("HELPDESK", client("helpdesk")),
        Cause {
            filter: Some(r#"uid == "amelie.roux" && department == "Engineering""#),
            ..by("HELPDESK, another attribute", client("helpdesk"))
        },
        by("API client", client("application")),
        by("host not found", json!({ "baseUrl": "https://tenant.invalid" })),
        Cause { has_https: true, ..by("tls", json!({})) },
        // Nothing listens there.
        by("refused connection", json!({ "baseUrl": "http://127.0.0.1:1" })),
        at("lost connection", Fault::on(Endpoint::Any).kind(FaultKind::ResetUnexecuted)),
        at("another host", Fault::on(Endpoint::Any).status(404)),
        Cause {
            faults: Faults::At(vec![Fault::on(Endpoint::Any).status(404).times(0)]),
            ..by("another host, access token", token.clone())
        },
        at("a web page everywhere", Fault::on(Endpoint::Any).kind(FaultKind::Html)),
    ];
    for number in [403, 404, 429, 503] {
        causes.push(at(&format!("token {number}"), status(Endpoint::Token, number)));
    }
    for number in [307, 400, 401, 403, 404, 429, 500, 503] {
        causes.push(at(&format!("search {number}"), status(Endpoint::Search, number)));
    }
    let no_search = status(Endpoint::Search, 404).times(0);
    causes.extend([
        Cause { faults: Faults::At(vec![no_search]), ..by("search 404, access token", token) },
        at("search, a web page", Fault::on(Endpoint::Search).kind(FaultKind::Html)),
        at("search, no answer", Fault::on(Endpoint::Search).kind(FaultKind::Reset)),
        Cause {
            configuration: json!({ "timeoutSec": 1.5 }),
            ..at(
                "search, timeout",
                Fault::on(Endpoint::Search).kind(FaultKind::Slow).delay(std::time::Duration::from_secs(30)),
            )
        },
    ]);
    for number in [403, 404, 500] {
        let filter = r#"uid.in({"amelie.roux", "john.smith"})"#;
        let both = json!(["amelie.roux", "john.smith"]);
        causes.push(Cause {
            filter: Some(filter),
            names: both,
            ..at(&format!("count {number}"), status(Endpoint::Count, number))
        });
        let filter = r#"uid == "amelie.roux" && department == "Engineering""#;
        let on = status(Endpoint::IdentityAttributes, number);
        causes.push(Cause { filter: Some(filter), ..at(&format!("list of attributes {number}"), on) });
    }
    for number in [307, 400, 401, 403, 404, 405, 410, 429, 500, 503] {
        let fault = move |on| status(on, number).times(0);
        causes.push(Cause { faults: Faults::OfRefresh(Box::new(fault)), ..cause(&format!("refresh {number}")) });
    }
    for (name, kind) in [
        ("refresh, a web page", FaultKind::Html),
        ("refresh, no answer", FaultKind::Reset),
        ("refresh, no HTTP", FaultKind::Garbage),
    ] {
        let fault = move |on| Fault::on(on).kind(kind).times(0);
        causes.push(Cause { faults: Faults::OfRefresh(Box::new(fault)), ..cause(name) });
    }
    for number in [401, 404, 410] {
        causes.push(Cause { retired: Some(number), ..cause(&format!("/cc is gone, {number}")) });
    }
    causes.extend([
        Cause { retired: Some(404), filter: Some("uid == name"), ..cause("/cc is gone, undecidable") },
        // The filter, the names, the arguments.
        of_filter("filter does not parse", r#"uid = "amelie.roux""#),
        Cause { names: json!(["nobody"]), ..of_filter("nobody", r#"uid == "nobody""#) },
        Cause { names: json!(["AMELIE.ROUX"]), ..of_filter("another case", r#"uid == "AMELIE.ROUX""#) },
        of_filter("undecidable", "uid == name"),
        of_filter("not searchable", r#"costCenter == "CC-100" && uid == "amelie.roux""#),
        of_filter("no attribute", r#"departmnt == "Engineering""#),
        of_filter("a member of documents", r#"status == "UNREGISTERED" && uid == "amelie.roux""#),
        of_filter("everybody", "uid.notNull()"),
        Cause { filter: None, ..cause("no filter") },
        Cause {
            names: json!(["amelie.roux", "john.smith"]),
            options: json!({ "maxIdentities": 1 }),
            ..of_filter("too many", r#"uid == "amelie.roux" || uid == "john.smith""#)
        },
        Cause { arguments: json!({ "provision": "yes" }), ..cause("no boolean") },
        Cause { arguments: json!({ "provision": true, "Provision": true }), ..cause("an argument twice") },
        Cause { arguments: json!({ "provision": false }), ..cause("an argument is false") },
        Cause { arguments: json!({ "pruneIdentities": true }), ..cause("prune") },
        Cause { arguments: json!({ "pruneIdentities": true }), ..of_filter("prune everybody", "uid.notNull()") },
        Cause { arguments: json!({ "refreshLinks": true }), ..cause("an undocumented argument") },
        Cause {
            arguments: json!({ "provision": false }),
            ..of_filter("false, not searchable", r#"costCenter == "CC-100" && uid == "amelie.roux""#)
        },
        Cause { options: json!({ "journal": "/nonexistent/journal" }), ..cause("no journal") },
        Cause { fails_task: true, ..cause("failed task") },
        at("task 404", status(Endpoint::TaskStatus, 404)),
        at("task 403", status(Endpoint::TaskStatus, 403)),
        // One of two calls fails.
        Cause {
            names: json!(["amelie.roux", "john.smith"]),
            configuration: json!({ "maximumConcurrency": 1 }),
            faults: Faults::OfRefresh(Box::new(|on| Fault::on(on).status(400).skip(1).times(0))),
            ..of_filter("second refresh 400", r#"uid == "amelie.roux" || uid == "john.smith""#)
        },
    ]);
    causes
}

/// A cause in a situation. Its client has a name of its own, because the process remembers tokens and what is known of
/// tenants, and ports come again.
struct Trial<'c> {
    number: usize,
    cause: &'c Cause,
    situation: Situation,
    sandbox: Sandbox,
}

impl<'c> Trial<'c> {
    fn new(cause: &'c Cause, situation: Situation) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let client = |name: &str| Client::new(&format!("{name}-{number}"), "sandbox-secret");
        let builder = Sandbox::builder()
            .task_duration(std::time::Duration::from_millis(20))
            .client(client("sandbox"))
            .client(client("noscope").scopes(&[]))
            .client(client("helpdesk").helpdesk())
            .client(client("application").application());
        let builder = if cause.has_https { builder.https() } else { builder };
        let builder = match cause.retired {
            Some(status) => builder.retired(status),
            None => builder,
        };
        let sandbox = builder.start();
        match &cause.faults {
            Faults::None => {}
            Faults::At(faults) => faults.iter().for_each(|fault| sandbox.fault(fault.clone())),
            Faults::OfRefresh(fault) => sandbox.fault(fault(situation.endpoint())),
        }
        if cause.fails_task {
            sandbox.script_task(TaskEnd::new("ERROR"));
        }
        Self { number, cause, situation, sandbox }
    }

    fn request(&self) -> Value {
        let Cause { filter, names, arguments, options, configuration: own, .. } = self.cause;
        let mut request = json!({
            "refreshArgs": arguments, "options": with(self.situation.options(), options),
            "configuration": configuration(self.sandbox.url()),
        });
        match filter {
            _ if self.situation.has_names() => request["identities"] = names.clone(),
            Some(filter) => request["filter"] = json!(filter),
            None => {}
        }
        let mut own = with(json!({ "clientId": "sandbox" }), own);
        if let Some(name) = own["clientId"].as_str() {
            own["clientId"] = json!(format!("{name}-{}", self.number));
        }
        configured(request, &own)
    }

    fn answer(&self, request: &Value) -> Value {
        if self.situation != Stream {
            return refresh(request);
        }
        let mut request = request.clone();
        let names = request["identities"].take();
        request.as_object_mut().expect("an object").remove("identities");
        request["stream"] = json!(true);
        let operation = Operation::start("cc_refresh_identities", &request);
        operation.send(&json!({ "identities": names, "end": true }));
        operation.rest().1
    }

    /// The line of the table.
    fn line(&self, situation: &str, answer: &Value) -> String {
        let error = &answer["error"];
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let code = if answer["ok"] == true { "ok".to_owned() } else { text(&error["code"]) };
        let ways: Vec<&str> = ways(error).into_iter().map(|way| way.0).collect();
        let mut requests: Vec<(&str, usize)> = Vec::new();
        for arrival in self.sandbox.log() {
            match requests.last_mut() {
                Some((last, times)) if *last == arrival.endpoint.name() => *times += 1,
                _ => requests.push((arrival.endpoint.name(), 1)),
            }
        }
        let requests: Vec<String> = requests
            .into_iter()
            // How often a task is polled depends on the machine.
            .map(
                |(name, times)| {
                    if times == 1 || name == "task-status" { name.to_owned() } else { format!("{name}*{times}") }
                },
            )
            .collect();
        let or_none = |items: Vec<String>| if items.is_empty() { "-".to_owned() } else { items.join(" ") };
        let ways = or_none(ways.into_iter().map(str::to_owned).collect());
        let name = &self.cause.name;
        format!("{name} | {situation} | {code} | {} | {ways} | {}", text(&error["sent"]), or_none(requests))
    }

    /// Nobody was refreshed who was not named, and `sent` is true.
    fn check(&self, answer: &Value) {
        let what = format!("{} | {:?}: {answer:#}", self.cause.name, self.situation);
        let refreshes = self.sandbox.refreshes();
        for refreshed in &refreshes {
            let is_asked = matches!(self.situation, CcUncounted | CcUnread);
            if refreshed.scope == Scope::Everybody || refreshed.names.len() > NAMED.len() {
                assert!(is_asked, "everybody was refreshed, by a request that counts: {what}");
            } else {
                assert!(refreshed.names.iter().all(|name| NAMED.contains(&name.as_str())), "{what}");
            }
        }
        let error = &answer["error"];
        if error.is_null() {
            return;
        }
        assert!(error["hint"].as_str().is_some_and(|hint| hint.len() > 20), "no hint: {what}");
        if error["sent"] == "no" {
            assert!(refreshes.is_empty(), "a refresh was executed: {what}");
        }
        if !refreshes.is_empty() {
            assert!(["yes", "maybe"].contains(&error["sent"].as_str().expect("a word")), "{what}");
        }
    }

    /// Follows a way out: nobody else is refreshed, and the same error does not come again.
    fn follow(&self, way: &Way, code: &Value) {
        let Some(change) = way.2 else { return };
        let request = change(self.request());
        self.sandbox.clear_log();
        let answer = self.answer(&request);
        let what = format!("{} | {:?}, by {}: {answer:#}", self.cause.name, self.situation, way.0);
        for refreshed in self.sandbox.refreshes() {
            assert_eq!(refreshed.scope, Scope::Chosen, "{what}");
            assert!(refreshed.names.iter().all(|name| NAMED.contains(&name.as_str())), "{what}");
        }
        assert_ne!(&answer["error"]["code"], code, "the way leads nowhere: {what}");
    }
}

/// A way out: its word in the table, its text in a hint, and the request by which it is followed; `None` if it says that
/// everybody is meant.
type Way = (&'static str, &'static str, Option<fn(Value) -> Value>);

const WAYS: [Way; 8] = [
    ("process", "options.backend = process", Some(|request| option(request, "backend", json!("process")))),
    ("uncounted", "options.preflight = false sends", Some(|request| option(request, "preflight", json!(false)))),
    ("broader", "options.allowBroader", Some(|request| option(request, "allowBroader", json!(true)))),
    ("maximum", "raise maxIdentities", Some(|request| option(request, "maxIdentities", json!(1_000)))),
    ("everybody", "options.allowFullRefresh", None),
    ("prune", "options.allowPruneAll", None),
    ("attribute", "identityAttribute name", Some(|request| with(request, &json!({ "identityAttribute": "name" })))),
    (
        "filter",
        "one of id, name (the user name) and email",
        Some(|request| with(request, &json!({ "filter": r#"name == "amelie.roux""# }))),
    ),
];

fn option(request: Value, name: &str, value: Value) -> Value {
    let options = with(request["options"].clone(), &json!({ name: value }));
    with(request, &json!({ "options": options }))
}

fn ways(error: &Value) -> Vec<Way> {
    let hint = error["hint"].as_str().unwrap_or_default();
    let ways: Vec<Way> = WAYS.into_iter().filter(|(_, text, _)| hint.contains(text)).collect();
    // An option that a hint names is a way out, one that is to be left out, or a limit of time.
    for part in hint.split("options.").skip(1) {
        let is_known =
            ways.iter().any(|(_, text, _)| text.strip_prefix("options.").is_some_and(|text| part.starts_with(text)));
        let is_left_out =
            ["preflight = false out", "skipFilterCheck out", "skipFilterCheck has no effect", "totalTimeoutSec set"];
        assert!(
            is_known || is_left_out.iter().any(|text| part.starts_with(text)),
            "an option outside of the ways: {hint}"
        );
    }
    ways
}

/// The lines of a cause.
fn lines(cause: &Cause) -> Vec<String> {
    let mut lines = Vec::new();
    for (situation, name) in SITUATIONS {
        let trial = Trial::new(cause, situation);
        let answer = trial.answer(&trial.request());
        trial.check(&answer);
        lines.push(trial.line(name, &answer));
        for way in ways(&answer["error"]) {
            // The faults and the tenant as they were.
            Trial::new(cause, situation).follow(&way, &answer["error"]["code"]);
        }
    }
    lines
}

#[test]
fn every_cause_in_every_situation_is_as_the_table_says_and_no_hint_refreshes_anybody_else() {
    let causes = causes();
    // Most of them wait.
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((number, cause)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|number| Some((number, causes.get(number)?)))
        {
            done.push((number, lines(cause)));
        }
        done
    };
    let mut done: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no trial has failed")).collect()
    });
    done.sort();
    let table: Vec<String> = done.into_iter().flat_map(|(_, lines)| lines).collect();
    let head = "# cause | situation | code | sent | ways out | requests\n";
    if std::env::var_os("UPDATE_ERRORS").is_some() {
        std::fs::write(root().join(TABLE), format!("{head}{}\n", table.join("\n"))).expect("the table is writable");
    }
    let expected: Vec<String> = read(TABLE).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let differences: Vec<String> = table
        .iter()
        .zip(&expected)
        .filter(|(line, expected)| line != expected)
        .map(|(line, expected)| format!("- {expected}\n+ {line}"))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(table.len(), expected.len());
}

/// The codes that no request can bring about here, with the tests that do.
const ELSEWHERE: [(&str, &str); 2] = [("cancelled", "tests/cancelled.rs"), ("internal", "src/ffi.rs")];

#[test]
fn every_code_of_the_manual_is_in_the_table() {
    let manual = read("src/manual.txt");
    let section =
        manual.split(" * ERRORS\n").nth(1).and_then(|rest| rest.split(" * Codes are never").next()).expect("ERRORS");
    let codes = section
        .lines()
        .filter_map(|line| line.strip_prefix(" *     ")?.split(' ').next().filter(|code| !code.is_empty()));
    let table = read(TABLE);
    let told: Vec<&str> = table.lines().filter_map(|line| line.split(" | ").nth(2)).collect();
    for code in codes {
        let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == code);
        match elsewhere {
            Some((_, file)) => assert!(read(file).contains(&format!("\"{code}\"")), "{code} in {file}"),
            None => assert!(told.contains(&code), "{code}"),
        }
    }
    assert!(told.len() > 600, "the table has shrunk to {}", told.len());
}
