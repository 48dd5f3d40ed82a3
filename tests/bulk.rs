//! A hundred thousand people at once: nobody is left out, nobody is sent twice, memory stays what the answer needs, and
//! a storm of faults loses nobody silently.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox, people};
use serde_json::{Value, json};
use support::{arrived, configuration, refresh, with};

const PEOPLE: usize = 100_000;
const BATCH: usize = 250;

/// So many people whom search finds, and one more whom `inactive == false` does not mean.
fn sandbox_of(number: usize) -> Sandbox {
    let mut people = people::generate(number + 1);
    for person in &mut people {
        (person.correlated, person.inactive) = (true, false);
    }
    people[number].inactive = true;
    Sandbox::builder().identities(people).start()
}

fn request(sandbox: &Sandbox, part: &Value) -> Value {
    let request = json!({ "configuration": configuration(sandbox.url()), "options": { "backend": "process" } });
    with(request, part)
}

fn by_filter(sandbox: &Sandbox) -> Value {
    request(sandbox, &json!({ "filter": "inactive == false" }))
}

fn by_name(sandbox: &Sandbox) -> Value {
    request(sandbox, &json!({ "identities": names(sandbox) }))
}

/// User names of all that are there, every tenth of them written as nobody's.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let name = |(number, person): (usize, Identity)| match number % 10 {
        9 => format!("{}.nobody", person.name),
        _ => person.name,
    };
    sandbox.identities().into_iter().enumerate().map(name).collect()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().expect("a text"))
}

/// Everybody who was given, by what became of them. Fails where somebody is there twice.
fn accounts(answer: &Value) -> BTreeMap<&str, &str> {
    let calls = answer["calls"].as_array().into_iter().flatten();
    let in_calls = calls.flat_map(|call| {
        let outcome = call["outcome"].as_str().expect("a text");
        texts(&call["identities"]).map(move |identity| (identity, outcome))
    });
    let mut accounts = BTreeMap::new();
    for (identity, outcome) in in_calls.chain(texts(&answer["unmatched"]).map(|identity| (identity, "unmatched"))) {
        assert_eq!(accounts.insert(identity, outcome), None, "{identity} is accounted for twice");
    }
    accounts
}

/// How often each was refreshed, by name.
fn refreshed(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut refreshed = BTreeMap::new();
    for name in sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names) {
        *refreshed.entry(name).or_default() += 1;
    }
    refreshed
}

#[test]
fn everybody_whom_a_filter_means_is_refreshed_once_in_as_few_calls_as_there_can_be() {
    let sandbox = sandbox_of(PEOPLE);
    let called = Called::with(&by_filter(&sandbox));
    called.is_flat_beside(&Called::with(&by_filter(&sandbox_of(PEOPLE / 10))));
    let answer = called.answer;
    assert_eq!((&answer["ok"], &answer["matched"]), (&json!(true), &json!(PEOPLE)), "{}", answer["error"]);
    let once = |person: &Identity| person.refreshes == u64::from(!person.inactive);
    assert!(sandbox.identities().iter().all(once));
    assert_eq!(arrived(&sandbox, Endpoint::Process), PEOPLE / BATCH);
    assert_eq!(accounts(&answer).values().filter(|outcome| **outcome == "accepted").count(), PEOPLE);
    // A first page that suits most filters, and then as many as a page may have.
    let limit = |query: &str| query.split('&').find_map(|part| part.strip_prefix("limit=")?.parse::<usize>().ok());
    let searches = sandbox.arrivals(Endpoint::Search);
    let limits: Vec<usize> = searches.iter().filter_map(|search| limit(&search.query)).collect();
    assert_eq!(limits, [&[250][..], &[10_000; 10]].concat());
}

#[test]
fn every_name_is_refreshed_once_or_reported() {
    let sandbox = sandbox_of(PEOPLE);
    let names = names(&sandbox);
    let called = Called::with(&by_name(&sandbox));
    called.is_flat_beside(&Called::with(&by_name(&sandbox_of(PEOPLE / 10))));
    let answer = called.answer;
    assert_eq!(answer["ok"], true, "{}", answer["error"]);
    let accounts = accounts(&answer);
    let refreshed = refreshed(&sandbox);
    for name in &names {
        let (outcome, times) = if name.ends_with(".nobody") { ("unmatched", None) } else { ("accepted", Some(&1)) };
        assert_eq!((accounts.get(name.as_str()), refreshed.get(name)), (Some(&outcome), times), "{name}");
    }
    assert_eq!(accounts.len(), names.len());
    assert_eq!(arrived(&sandbox, Endpoint::Search), names.len().div_ceil(BATCH));
    assert_eq!(arrived(&sandbox, Endpoint::Process), refreshed.len().div_ceil(BATCH));
}

/// A call in a process of its own, whose memory is nobody else's.
struct Called {
    answer: Value,
    /// How long request and answer are: what the caller holds in any case.
    texts: usize,
    /// How much more memory the process held at most than before the call, in bytes; where the system tells.
    peak: Option<usize>,
}

/// Names the folder of a call.
const FOLDER: &str = "PSSAILPOINTCC_TESTS_BULK";

impl Called {
    fn with(request: &Value) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("pssailpointcc-bulk-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let text = request.to_string();
        fs::write(folder.join("request"), &text).expect("written");
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        let output = command.args(["--ignored", "--exact", "a_call"]).env(FOLDER, &folder).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the call has ended");
        let (answer, peak) = (read("answer"), read("peak").parse().ok());
        fs::remove_dir_all(&folder).expect("removed");
        Self { texts: text.len() + answer.len(), answer: serde_json::from_str(&answer).expect("JSON"), peak }
    }

    /// Nothing but the texts, and what is made of them, takes more memory than with fewer people.
    fn is_flat_beside(&self, few: &Self) {
        let (Some(peak), Some(peak_of_few)) = (self.peak, few.peak) else { return };
        let (texts, peak) = (self.texts - few.texts, peak.saturating_sub(peak_of_few));
        assert!(peak < 5 * texts, "{peak} bytes more for texts of {texts} bytes more");
    }
}

#[test]
#[ignore = "not a test: the memory tests run it in a process of its own"]
fn a_call() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let text = CString::new(fs::read(folder.join("request")).expect("it is there")).expect("JSON has no NUL");
    // The peak begins anew. Only Linux has this file.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS");
    // SAFETY: NUL-terminated, and alive during the call.
    let answer = unsafe { ffi::cc_refresh_identities(text.as_ptr()) };
    let peak = memory("VmHWM").zip(before).map(|(after, before)| after - before);
    // SAFETY: a text that the library has returned.
    let answer = unsafe { CStr::from_ptr(answer) };
    fs::write(folder.join("answer"), answer.to_bytes()).expect("written");
    fs::write(folder.join("peak"), peak.map(|peak| peak.to_string()).unwrap_or_default()).expect("written");
}

/// A line of Linux's account of this process, in bytes.
fn memory(line: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.strip_suffix("kB"))?;
    Some(kilobytes.trim().parse::<usize>().ok()? * 1024)
}

/// Names through faults: everybody who was given is accounted for, and the log agrees.
fn storm(faults: &[Fault]) -> (Value, Sandbox) {
    let sandbox = sandbox_of(PEOPLE / 5);
    faults.iter().for_each(|fault| sandbox.fault(fault.clone()));
    let names = names(&sandbox);
    let answer = refresh(&by_name(&sandbox));
    let accounts = accounts(&answer);
    assert_eq!(accounts.keys().copied().collect::<BTreeSet<_>>(), names.iter().map(String::as_str).collect());
    let refreshed = refreshed(&sandbox);
    for (name, outcome) in accounts {
        let times = refreshed.get(name).copied().unwrap_or_default();
        match outcome {
            "accepted" => assert_eq!(times, 1, "{name}"),
            "maybe_sent" => assert!(times <= 1, "{name}"),
            _ => assert_eq!(times, 0, "{name} is {outcome}"),
        }
        assert_eq!(outcome == "unmatched", name.ends_with(".nobody"), "{name} is {outcome}");
    }
    (answer, sandbox)
}

fn too_many() -> Fault {
    Fault::on(Endpoint::Any).status(429).every(3).times(0)
}

fn lost_unread() -> Fault {
    Fault::on(Endpoint::Any).kind(FaultKind::ResetBefore).every(10).times(0)
}

fn people_of(answer: &Value, outcome: &str) -> usize {
    accounts(answer).values().filter(|of| **of == outcome).count()
}

#[test]
fn what_is_sent_again_is_sent_once() {
    let (answer, _sandbox) = storm(&[too_many()]);
    assert_eq!(answer["ok"], true, "{}", answer["error"]);
}

#[test]
fn a_storm_loses_nobody() {
    let (answer, sandbox) = storm(&[too_many(), lost_unread()]);
    let lost = sandbox.log().iter().filter(|arrival| arrival.fault == Some("reset_before")).count();
    assert!(lost > 10 && people_of(&answer, "accepted") > PEOPLE / 10, "{}", answer["error"]);
}

#[test]
fn a_death_half_way_loses_nobody() {
    let process = PEOPLE / 5 / BATCH;
    for executed in [false, true] {
        let death = Fault::on(Endpoint::Process).kind(FaultKind::Die).skip(process as u64 / 2).executed(executed);
        let (answer, sandbox) = storm(&[too_many(), lost_unread(), death]);
        assert!(sandbox.has_died());
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["sent"]), (&json!("partial_failure"), &json!("maybe")), "{error}");
        assert!(people_of(&answer, "accepted") > 0 && people_of(&answer, "not_sent") > 0);
        assert!((1..=BATCH * 16).contains(&people_of(&answer, "maybe_sent")), "the calls that were under way");
    }
}
