//! Everything at once, for `SECONDS`: threads that refresh by name, by filter and as streams, cancels at random moments,
//! faults, expired tokens, people who come and go. After each round what the answers say is held against the sandbox's log,
//! and the process against its memory and its threads.
//!
//! `SECONDS` is 10 unless given (`cargo xtask soak --seconds N`), `SEED` repeats the random choices.
#![cfg(target_os = "linux")]

mod support;

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::random::{Random, variable};
use support::{Operation, configuration, find, refresh, sandbox_program, with};

const THREADS: usize = 6;
const JOBS: usize = 12;
/// Longest delay of a fault, and so how long a request can be under way after its caller has gone.
const DELAY_MS: usize = 40;
/// The memory that a run may take more at its end than after its first rounds, in KB. Twice as much with the arenas that
/// glibc makes for threads, which `cargo xtask soak` does without.
const GROWTH: u64 = 2_048;

#[test]
fn nobody_is_lost_and_no_account_is_untrue_whatever_goes_wrong() {
    let tenant = Tenant::start();
    let mut random = Random::new();
    let seconds = variable("SECONDS").unwrap_or(10);
    let until = Instant::now() + Duration::from_secs(seconds);
    let people = tenant.people();
    let mut sizes = Vec::new();
    let mut jobs = 0;
    while Instant::now() < until || sizes.len() < 4 {
        let (seed, is_over) = (random.below(usize::MAX) as u64, AtomicBool::new(false));
        let expected: Vec<Expected> = std::thread::scope(|scope| {
            scope.spawn(|| chaos(&tenant, Random(seed), &is_over));
            let workers = (0..THREADS).map(|worker| {
                let own: Vec<&str> = people.iter().skip(worker).step_by(THREADS).map(String::as_str).collect();
                let (tenant, round) = (&tenant, sizes.len());
                scope.spawn(move || work(tenant, round, &own, Random(seed ^ (worker as u64 + 1))))
            });
            let workers: Vec<_> = workers.collect();
            let expected = workers.into_iter().map(|worker| worker.join().expect("it does not panic")).collect();
            is_over.store(true, Ordering::SeqCst);
            expected
        });
        tenant.control("DELETE", "/sandbox/faults", None);
        std::thread::sleep(Duration::from_millis(5 * DELAY_MS as u64));
        tenant.compare(&expected, &people);
        tenant.restore_guests();
        jobs += THREADS * JOBS;
        sizes.push(settled());
    }
    let warm = sizes[3.max(sizes.len() / 5).min(sizes.len() - 1)];
    // Threads of operations end a second after the last of them; on a busy machine it takes longer.
    let last = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(100));
        size()
    });
    let last = last.take(100).find(|last| last.threads <= warm.threads).unwrap_or_else(size);
    println!(
        "{} rounds, {jobs} jobs; resident {} KB after the first rounds, {} KB at the end; threads {}",
        sizes.len(),
        warm.resident,
        last.resident,
        last.threads
    );
    assert!(last.threads <= warm.threads, "{} threads more", last.threads - warm.threads);
    let growth = if std::env::var_os("MALLOC_ARENA_MAX").is_some() { GROWTH } else { 2 * GROWTH };
    assert!(last.resident <= warm.resident + growth, "{} KB more", last.resident - warm.resident);
}

/// What the answers say of each person.
type Expected = HashMap<String, Account>;

/// How often somebody must have been refreshed at least, and at most.
#[derive(Default)]
struct Account {
    least: u64,
    most: u64,
    /// The answers that say so, for a message.
    answers: Vec<Arc<str>>,
}

impl Account {
    fn add(&mut self, least: u64, most: u64, answer: &Arc<str>) {
        (self.least, self.most) = (self.least + least, self.most + most);
        self.answers.push(Arc::clone(answer));
    }
}

/// One thread's jobs. It names its own people, whom no other thread names, and guests, who may be gone.
fn work(tenant: &Tenant, round: usize, own: &[&str], mut random: Random) -> Expected {
    let mut expected = Expected::new();
    // A client, a cache of tokens and a rate limit of its own for each round: old ones must go.
    let agent = format!("soak/{round}");
    let configuration = with(
        configuration(&tenant.url),
        &json!({ "userAgent": agent, "timeoutSec": 5, "maximumRetryCount": 2, "maximumConcurrency": 1 + random.below(4) }),
    );
    for _ in 0..JOBS {
        let some = own.len() / 3;
        let names: Vec<&str> =
            own.iter().skip(random.below(own.len() - some)).take(1 + random.below(some)).copied().collect();
        let guest = format!("guest.{}", random.below(GUESTS));
        let mut given: Vec<&str> = names.clone();
        if random.below(2) == 0 {
            given.push(&guest);
        }
        let by_name = json!({ "identities": given, "configuration": configuration });
        let total = [Value::Null, json!(0.05)][random.below(5) / 4].clone();
        match random.below(7) {
            0 => {
                let answer = refresh(&with(by_name, &json!({ "options": { "totalTimeoutSec": total } })));
                account(&mut expected, &given, [&answer]);
            }
            1 => {
                let few = &given[..given.len().min(4)];
                let answer = refresh(&with(by_name, &json!({ "identities": few, "options": { "backend": "cc" } })));
                account(&mut expected, few, [&answer]);
            }
            2 => {
                let operation = Operation::start("cc_refresh_identities", &by_name);
                std::thread::sleep(Duration::from_millis(random.below(30) as u64));
                operation.cancel();
                account(&mut expected, &given, [&operation.result()]);
            }
            3 => stream(&mut expected, &given, &configuration, &mut random),
            4 => {
                let filter = format!("uid == \"{}\"", names[0]);
                let backend = ["cc", "auto"][random.below(2)];
                let request =
                    json!({ "filter": filter, "options": { "backend": backend }, "configuration": configuration });
                filtered(&mut expected, &names[..1], &refresh(&request));
            }
            5 => {
                let filter = format!("uid.in({{\"{}\"}})", names.join("\", \""));
                let request =
                    json!({ "filter": filter, "options": { "backend": "process" }, "configuration": configuration });
                filtered(&mut expected, &names, &refresh(&request));
            }
            _ => {
                let filter = format!("uid == \"{}\"", names[0]);
                let answer = find(&json!({ "filter": filter, "configuration": configuration }));
                assert!(answer["ok"] != true || answer["identities"][0]["name"] == names[0], "{answer}");
            }
        }
    }
    expected
}

/// A stream that is fed in pieces, and ended or cancelled.
fn stream(expected: &mut Expected, given: &[&str], configuration: &Value, random: &mut Random) {
    let operation =
        Operation::start("cc_refresh_identities", &json!({ "stream": true, "configuration": configuration }));
    let mut batches = Vec::new();
    let mut sent = Vec::new();
    for some in given.chunks(1 + random.below(100)) {
        batches.extend(operation.batch(0));
        let answer = operation.send(&json!({ "identities": some }));
        if answer["ok"] != true {
            break;
        }
        sent.extend(some);
    }
    if random.below(3) == 0 {
        operation.cancel();
    } else {
        operation.send(&json!({ "end": true }));
    }
    let (rest, done) = operation.rest();
    batches.extend(rest);
    batches.push(done);
    account(expected, &sent, &batches);
}

/// Counts what these answers say of everybody who was given: each in one call, or unmatched, or not sent at all.
fn account<'a>(expected: &mut Expected, given: &[&str], answers: impl IntoIterator<Item = &'a Value>) {
    let mut outcomes: HashMap<String, String> = HashMap::new();
    let mut add = |name: &Value, outcome: &str, answer: &Value| {
        let name = name.as_str().expect("a name").to_owned();
        assert_eq!(outcomes.insert(name.clone(), outcome.to_owned()), None, "{name} stands twice: {answer}");
    };
    let mut sent = Vec::new();
    for answer in answers {
        for call in
            answer["calls"].as_array().into_iter().flatten().filter(|call| call["call"] != "synchronize-attributes")
        {
            let outcome = call["outcome"].as_str().expect("an outcome");
            call["identities"].as_array().into_iter().flatten().for_each(|name| add(name, outcome, answer));
        }
        answer["unmatched"].as_array().into_iter().flatten().for_each(|name| add(name, "unmatched", answer));
        sent.push((answer["error"]["sent"].clone(), answer.to_string()));
    }
    let text = sent.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n").into();
    for name in given {
        let outcome = outcomes.get(*name).map(String::as_str);
        let (least, most) = match outcome {
            Some("accepted") => (1, 1),
            Some("maybe_sent") => (0, 1),
            Some("rejected" | "not_sent" | "unmatched") => (0, 0),
            None => {
                assert!(sent.iter().any(|(sent, _)| sent == "no"), "nothing is said of {name}: {sent:?}");
                (0, 0)
            }
            Some(other) => panic!("{name} is {other}"),
        };
        expected.entry((*name).to_owned()).or_default().add(least, most, &text);
    }
    if outcomes.values().any(|outcome| outcome == "accepted" || outcome == "maybe_sent") {
        assert!(sent.iter().all(|(sent, answer)| sent != "no" || !answer.contains("\"accepted\"")), "{sent:?}");
    }
}

/// The same for a filter that matches exactly these.
fn filtered(expected: &mut Expected, names: &[&str], answer: &Value) {
    let (least, most) = match (answer["ok"].as_bool(), answer["error"]["sent"].as_str()) {
        (Some(true), _) => (1, 1),
        (_, Some("no")) => (0, 0),
        _ => (0, 1),
    };
    let text = answer.to_string().into();
    for name in names {
        expected.entry((*name).to_owned()).or_default().add(least, most, &text);
    }
}

/// Faults, expired tokens, and guests who go.
fn chaos(tenant: &Tenant, mut random: Random, is_over: &AtomicBool) {
    const KINDS: [&str; 12] = [
        "status",
        "reset_before",
        "reset",
        "reset_unexecuted",
        "slow",
        "slow_headers",
        "trickle",
        "cut_off",
        "garbage",
        "bad_json",
        "html",
        "refused",
    ];
    const ENDPOINTS: [&str; 9] =
        ["any", "token", "refresh", "search", "count", "process", "identity-attributes", "identities", "task-status"];
    while !is_over.load(Ordering::SeqCst) {
        match random.below(10) {
            0 => tenant.control("POST", "/sandbox/expire-tokens", None),
            1 | 2 => tenant.control("DELETE", &format!("/sandbox/identities/guest.{}", random.below(GUESTS)), None),
            _ => {
                let kind = KINDS[random.below(KINDS.len())];
                let delay = if kind == "slow" || kind == "refused" { random.below(DELAY_MS) } else { 1 };
                let status = [429, 500, 503, 502, 401, 403, 408, 400, 504][random.below(9)];
                let mut fault = json!({
                    "on": ENDPOINTS[random.below(ENDPOINTS.len())], "kind": kind, "delayMs": delay,
                    "times": 1 + random.below(3), "skip": random.below(3),
                });
                if kind == "status" {
                    fault["status"] = status.into();
                }
                tenant.control("POST", "/sandbox/faults", Some(&fault))
            }
        };
        std::thread::sleep(Duration::from_millis(2 + random.below(10) as u64));
    }
}

const GUESTS: usize = 40;

/// The sandbox, as a process of its own: its memory is not the library's.
struct Tenant {
    url: String,
    process: Child,
    client: reqwest::blocking::Client,
}

impl Tenant {
    fn start() -> Self {
        let mut command = Command::new(sandbox_program());
        command.args(["--people", "600", "--rate-limit", "0", "--task-time", "20"]).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the sandbox starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let line = lines.next().expect("a line").expect("text");
        let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder().no_proxy().build().expect("a plain client");
        let tenant = Self { url, process, client };
        tenant.restore_guests();
        tenant
    }

    fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let send = || {
            let method = method.parse().expect("a method");
            let request = self.client.request(method, format!("{}{path}", self.url));
            request.body(body.map(Value::to_string).unwrap_or_default()).send()?.text()
        };
        // A fault may have closed the listening socket.
        for _ in 0..500 {
            if let Ok(text) = send() {
                return serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the sandbox does not answer")
    }

    /// The user names of the correlated people, but the guests.
    fn people(&self) -> Vec<String> {
        let people = self.control("GET", "/sandbox/identities", None);
        let people = people.as_array().expect("a list").iter().filter(|person| person["correlated"] == true);
        let names = people.map(|person| person["name"].as_str().expect("a name").to_owned());
        names.filter(|name| !name.starts_with("guest.")).collect()
    }

    fn restore_guests(&self) {
        let guests: Vec<Value> = (0..GUESTS).map(|number| json!({ "name": format!("guest.{number}") })).collect();
        self.control("POST", "/sandbox/identities", Some(&json!(guests)));
    }

    /// Holds a round's accounts against the log, and clears it.
    fn compare(&self, expected: &[Expected], people: &[String]) {
        let log = self.control("GET", "/sandbox/log", None);
        let log: Vec<&Value> = log.as_array().unwrap_or_else(|| panic!("{}", log["error"])).iter().collect();
        let everybody: Vec<&&Value> =
            log.iter().filter(|arrival| arrival["refreshed"]["scope"] == "everybody").collect();
        for refresh in &everybody {
            assert!(age_of_check(&log, refresh) <= MAX_AGE_MS, "a full refresh: {refresh}");
        }
        let everybody = everybody.len() as u64;
        let counts = self.control("GET", "/sandbox/refreshes", None);
        for name in people {
            let count = counts[name].as_u64().unwrap_or(0);
            let none = Account::default();
            let said = expected.iter().find_map(|of| of.get(name)).unwrap_or(&none);
            let (least, most) = (said.least + everybody, said.most + everybody);
            let answers = said.answers.join("\n\n");
            assert!(
                (least..=most).contains(&count),
                "{name} was refreshed {count} times, not {least} to {most}:\n{answers}"
            );
        }
        self.control("DELETE", "/sandbox/log", None);
    }
}

/// The age that the manual promises for the check of a refresh on `/cc`, and what a busy machine adds. Who is removed within
/// that time makes it a refresh of everybody, which no client of `/cc` can prevent.
const MAX_AGE_MS: u64 = 3_000;

/// How long before a refresh its person was last searched for.
fn age_of_check(log: &[&Value], refresh: &Value) -> u64 {
    let text = |arrival: &Value| arrival["body"].as_str().unwrap_or_default().to_owned();
    let at = |arrival: &Value| arrival["atMs"].as_u64().expect("a time");
    let filter = text(refresh);
    // {"filter":"uid == \"guest.1\""}
    let name = filter.split("\\\"").nth(1).unwrap_or_else(|| panic!("no filter of one name: {filter}"));
    let name = format!("\\\"{name}\\\"");
    let is_check = |arrival: &&&Value| {
        arrival["endpoint"] == "search" && at(arrival) <= at(refresh) && text(arrival).contains(&name)
    };
    log.iter().filter(is_check).map(|check| at(refresh) - at(check)).min().unwrap_or(u64::MAX)
}

impl Drop for Tenant {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Clone, Copy)]
struct Size {
    /// In KB.
    resident: u64,
    threads: u64,
}

/// The size of this process when the threads of the operations have ended.
fn settled() -> Size {
    let mut last = size();
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(5));
        let now = size();
        if now.threads >= last.threads {
            break;
        }
        last = now;
    }
    size()
}

fn size() -> Size {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux has it");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    };
    Size { resident: number("VmRSS:"), threads: number("Threads:") }
}
