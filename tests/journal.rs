//! The journal: the same command again goes on. What was refreshed is asked of the sandbox's log.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pssailpointcc_sandbox::{Builder, Client, Endpoint, Fault, FaultKind, Identity, Sandbox, TaskEnd};
use serde_json::{Value, json};
use support::{Operation, arrived, configuration, refresh, with};

const REFRESH: &str = "cc_refresh_identities";

/// A folder of its own for one test; removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("pssailpointcc-journal-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn journal(&self) -> PathBuf {
        self.0.join("people.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn builder(number: usize) -> Builder {
    let people = (0..number).map(|number| Identity::new(&name(number))).collect();
    Sandbox::builder().identities(people).task_duration(Duration::ZERO)
}

fn name(number: usize) -> String {
    format!("person.{number:05}")
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(name).collect()
}

fn request(sandbox: &Sandbox, journal: &Path, names: &[String]) -> Value {
    json!({
        "identities": names, "refreshArgs": { "promoteAttributes": true },
        "options": { "backend": "process", "journal": journal },
        "configuration": with(configuration(sandbox.url()), &json!({ "maximumConcurrency": 1, "maximumRetryCount": 0 })),
    })
}

fn option(mut request: Value, name: &str, value: Value) -> Value {
    request["options"][name] = value;
    request
}

/// How often each was refreshed.
fn refreshed(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

/// Everybody was refreshed once.
fn each_once(sandbox: &Sandbox, names: &[String]) {
    let refreshed = refreshed(sandbox);
    assert_eq!(refreshed.keys().collect::<BTreeSet<_>>(), names.iter().collect::<BTreeSet<_>>());
    assert!(refreshed.values().all(|times| *times == 1), "{refreshed:?}");
}

/// The people of an answer's calls with this outcome.
fn people(answer: &Value, outcome: &str) -> usize {
    let calls = answer["calls"].as_array().into_iter().flatten().filter(|call| call["outcome"] == outcome);
    calls.map(|call| call["identities"].as_array().map_or(0, Vec::len)).sum()
}

fn lines(journal: &Path) -> Vec<Value> {
    let text = fs::read_to_string(journal).expect("the journal is there");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect()
}

#[test]
fn a_finished_run_is_not_done_again() {
    let (sandbox, folder) = (builder(600).start(), Folder::new());
    let mut all = names(0..600);
    all.push("nobody.here".to_owned());
    let request = request(&sandbox, &folder.journal(), &all);
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(0)), "{answer}");
    let before = sandbox.log().len();
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(601)), "{answer}");
    assert_eq!(sandbox.log().len(), before, "nothing was asked");
    each_once(&sandbox, &names(0..600));
}

#[test]
fn a_batch_is_in_the_file_before_it_is_sent_and_its_outcome_after() {
    let (sandbox, folder) = (builder(300).start(), Folder::new());
    let ids: Vec<String> = sandbox.identities().into_iter().map(|person| person.id).collect();
    refresh(&request(&sandbox, &folder.journal(), &names(0..300)));
    let lines = lines(&folder.journal());
    assert_eq!(lines[0]["journal"], 1);
    assert_eq!((&lines[0]["tenant"], &lines[0]["backend"]), (&json!(sandbox.url()), &json!("process")));
    assert_eq!(
        (&lines[0]["identityAttribute"], &lines[0]["refreshArgs"]),
        (&json!("uid"), &json!({ "promoteAttributes": true }))
    );
    let kinds: Vec<(Option<u64>, Option<&str>)> =
        lines[1..].iter().map(|line| (line["batch"].as_u64(), line["outcome"].as_str())).collect();
    assert_eq!(kinds, [(Some(1), None), (Some(1), Some("accepted")), (Some(2), None), (Some(2), Some("accepted"))]);
    assert_eq!((&lines[1]["identities"], &lines[1]["ids"]), (&json!(names(0..250)), &json!(ids[..250])));
    assert!(
        lines[1]["since"].as_str().is_some_and(|since| since.len() == "2026-11-28T10:00:00".len()),
        "{}",
        lines[1]["since"]
    );
    assert_eq!(lines[2]["task"], json!(sandbox.refreshes()[0].task));
    let text = fs::read_to_string(folder.journal()).expect("there");
    for secret in ["sandbox-client", "sandbox-secret", "Bearer"] {
        assert!(!text.contains(secret));
    }
}

#[test]
fn a_run_that_was_cancelled_goes_on_and_nobody_is_sent_twice() {
    let (sandbox, folder) = (builder(1_000).start(), Folder::new());
    let all = names(0..1_000);
    // The third call is taken, and its answer does not come before the cancel.
    let slow = Fault::on(Endpoint::Process).kind(FaultKind::SlowHeaders).delay(Duration::from_secs(30)).executed(true);
    sandbox.fault(slow.skip(2));
    let request = request(&sandbox, &folder.journal(), &all);
    let operation = Operation::start(REFRESH, &request);
    support::until("the third call", || (sandbox.refreshes().len() == 3).then_some(()));
    operation.cancel();
    let answer = operation.result();
    assert_eq!(answer["error"]["code"], "cancelled", "{}", answer["error"]);
    assert_eq!(people(&answer, "maybe_sent"), 250);
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(750)), "{}", answer["error"]);
    each_once(&sandbox, &all);
}

/// A journal of a run that has died, whose second batch has no outcome; it was begun a minute ago by the sandbox's clock.
fn died(sandbox: &Sandbox, journal: &Path, people: &[String], offset: i64) {
    let ids: Vec<String> = sandbox.identities().into_iter().map(|person| person.id).collect();
    let head = json!({
        "journal": 1, "tenant": sandbox.url(), "backend": "process", "identityAttribute": "uid",
        "refreshArgs": { "promoteAttributes": true },
    });
    let batch = json!({ "batch": 1, "since": since(offset), "identities": people, "ids": ids[..people.len()] });
    fs::write(journal, format!("{head}\n{batch}\n")).expect("written");
}

/// The time a minute before the sandbox's.
fn since(offset: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let seconds = now.checked_add_signed(offset - 60).expect("after 1970");
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
    // Sun, 06 Nov 1994 08:49:37 GMT
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == &date[8..11]).expect("a month") + 1;
    format!("{}-{month:02}-{}T{}", &date[12..16], &date[5..7], &date[17..25])
}

/// Refreshes people as a run would that has died before it could write the outcome.
fn taken(sandbox: &Sandbox, people: &[String]) {
    let answer = refresh(&with(
        request(sandbox, Path::new(""), people),
        &json!({ "options": { "backend": "process", "journal": null } }),
    ));
    assert_eq!(answer["ok"], true, "{answer}");
}

#[test]
fn who_was_refreshed_since_by_the_service_s_clock_is_not_sent_again() {
    for offset in [0, -86_400, 86_400] {
        let (sandbox, folder) = (builder(300).clock_offset(offset).start(), Folder::new());
        let all = names(0..300);
        died(&sandbox, &folder.journal(), &all[..250], offset);
        taken(&sandbox, &all[..250]);
        let answer = refresh(&request(&sandbox, &folder.journal(), &all));
        assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(250)), "{offset}: {answer}");
        each_once(&sandbox, &all);
    }
}

#[test]
fn who_was_not_sent_is_sent_and_the_tenant_tells_it() {
    for offset in [0, -86_400, 86_400] {
        let (sandbox, folder) = (builder(300).clock_offset(offset).start(), Folder::new());
        let all = names(0..300);
        died(&sandbox, &folder.journal(), &all[..250], offset);
        let answer = refresh(&request(&sandbox, &folder.journal(), &all));
        assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(0)), "{offset}: {answer}");
        assert_eq!(people(&answer, "maybe_sent"), 0);
        each_once(&sandbox, &all);
        assert!(arrived(&sandbox, Endpoint::TaskList) > 0);
    }
}

#[test]
fn a_task_that_runs_is_waited_for_before_anybody_is_told_apart() {
    let (sandbox, folder) = (builder(300).start(), Folder::new());
    let all = names(0..300);
    died(&sandbox, &folder.journal(), &all[..250], 0);
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(3)));
    taken(&sandbox, &all[..250]);
    let answer = refresh(&request(&sandbox, &folder.journal(), &all));
    assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(250)), "{answer}");
    each_once(&sandbox, &all);
}

#[test]
fn those_of_whom_the_tenant_cannot_tell_are_set_aside_and_sent_when_that_is_asked_for() {
    let scopes = ["idn:identity:read", "idn:identity:process", "sp:search:read"];
    let client = Client::new("few", "few-secret").scopes(&scopes);
    let (sandbox, folder) = (builder(300).client(client).start(), Folder::new());
    let all = names(0..300);
    died(&sandbox, &folder.journal(), &all[..250], 0);
    let mut request = request(&sandbox, &folder.journal(), &all);
    request["configuration"]["clientId"] = json!("few");
    request["configuration"]["clientSecret"] = json!("few-secret");
    let answer = refresh(&request);
    assert_eq!((people(&answer, "accepted"), people(&answer, "maybe_sent")), (50, 250), "{answer}");
    let uncertain =
        answer["calls"].as_array().and_then(|calls| calls.iter().find(|call| call["reason"] == "uncertain"));
    assert!(uncertain.is_some(), "{}", answer["calls"]);
    let answer = refresh(&request);
    assert_eq!((&answer["skipped"], people(&answer, "maybe_sent")), (&json!(50), 250), "they stay uncertain: {answer}");
    let answer = refresh(&option(request, "resendUncertain", json!(true)));
    assert_eq!((people(&answer, "accepted"), people(&answer, "maybe_sent")), (250, 0), "{answer}");
    each_once(&sandbox, &all);
}

#[test]
fn who_was_refreshed_in_the_second_of_the_batch_but_not_by_it_is_not_left_out() {
    let (sandbox, folder) = (builder(300).start(), Folder::new());
    let all = names(0..300);
    let earlier = refresh(&with(
        request(&sandbox, Path::new(""), &all[..250]),
        &json!({ "options": { "backend": "process", "journal": null } }),
    ));
    let second = sandbox.identities()[0].last_refresh.clone().expect("refreshed");
    died(&sandbox, &folder.journal(), &all[..250], 0);
    // The journal knows the earlier refresh's task: the batch has none.
    let journal = fs::read_to_string(folder.journal()).expect("readable").replace(&since(0), &second[..19]);
    let tasks = json!({ "tasks": [earlier["calls"][0]["task"]["id"]] });
    fs::write(folder.journal(), format!("{journal}{tasks}\n")).expect("written");
    let answer = refresh(&request(&sandbox, &folder.journal(), &all));
    assert_eq!((people(&answer, "accepted"), &answer["skipped"]), (300, &json!(0)), "{answer}");
}

#[test]
fn who_was_refreshed_since_is_done_even_if_the_tenant_does_not_list_its_tasks() {
    let (sandbox, folder) = (builder(300).start(), Folder::new());
    let all = names(0..300);
    died(&sandbox, &folder.journal(), &all[..250], 0);
    taken(&sandbox, &all[..200]);
    sandbox.fault(Fault::on(Endpoint::TaskList).status(403).times(0));
    let answer = refresh(&request(&sandbox, &folder.journal(), &all));
    assert_eq!(
        (people(&answer, "accepted"), people(&answer, "maybe_sent"), &answer["skipped"]),
        (50, 50, &json!(200)),
        "{answer}"
    );
}

/// A stream that goes on after a run of 250 people has died just now.
fn stream_after_death(sandbox: &Sandbox, folder: &Folder, given: &[String]) -> Operation {
    died(sandbox, &folder.journal(), &names(0..250), 60);
    let mut request = request(sandbox, &folder.journal(), &[]);
    request["stream"] = json!(true);
    request.as_object_mut().expect("an object").remove("identities");
    let operation = Operation::start(REFRESH, &request);
    operation.feed(given.iter().map(String::as_str));
    operation.send(&json!({ "end": true }));
    operation
}

#[test]
fn whom_an_earlier_run_may_have_sent_is_reported_if_the_run_stops_before_it_asks() {
    let (sandbox, folder) = (builder(750).start(), Folder::new());
    sandbox.fault(Fault::on(Endpoint::Process).status(403));
    let (batches, done) = stream_after_death(&sandbox, &folder, &names(0..750)).rest();
    let totals = &done["totals"];
    assert_eq!(
        (&totals["given"], &totals["rejected"], &totals["notSent"], &totals["maybeSent"]),
        (&json!(750), &json!(250), &json!(250), &json!(250))
    );
    let uncertain = batches.iter().filter(|batch| batch["calls"][0]["reason"] == "uncertain");
    assert_eq!(uncertain.map(|batch| people(batch, "maybe_sent")).sum::<usize>(), 250, "{batches:?}");
}

#[test]
fn whom_an_earlier_run_may_have_sent_is_reported_if_the_run_is_cancelled_while_it_asks() {
    let (sandbox, folder) = (builder(250).start(), Folder::new());
    let operation = stream_after_death(&sandbox, &folder, &names(0..250));
    support::until("it asks", || {
        operation.wait(10)["progress"]["message"].as_str().is_some_and(|text| text.contains("Asking")).then_some(())
    });
    operation.cancel();
    let (_, done) = operation.rest();
    assert_eq!((&done["error"]["code"], &done["totals"]["maybeSent"]), (&json!("cancelled"), &json!(250)), "{done}");
}

#[test]
fn names_that_are_done_are_not_reported_as_not_sent_by_a_run_that_fails() {
    let (sandbox, folder) = (builder(750).start(), Folder::new());
    refresh(&request(&sandbox, &folder.journal(), &names(0..250)));
    let request = request(&sandbox, &folder.journal(), &names(0..750));
    sandbox.fault(Fault::on(Endpoint::Process).status(403));
    let answer = refresh(&request);
    assert_eq!((people(&answer, "rejected"), people(&answer, "not_sent")), (250, 250), "{}", answer["error"]);
    sandbox.fault(Fault::on(Endpoint::Search).status(500));
    let answer = refresh(&request);
    assert_eq!(
        (&answer["error"]["code"], people(&answer, "not_sent")),
        (&json!("http_status"), 500),
        "a look-up failed"
    );
    let answer = refresh(&option(request, "maxIdentities", json!(300)));
    assert_eq!((&answer["error"]["code"], people(&answer, "not_sent")), (&json!("too_many_matches"), 500));
}

/// A call may have waited for the rate limit after its batch was written.
#[test]
fn a_request_that_arrives_after_the_next_run_has_begun_is_not_sent_again() {
    let (sandbox, folder) = (builder(250).start(), Folder::new());
    let all = names(0..250);
    died(&sandbox, &folder.journal(), &all, 0);
    let operation = Operation::start(REFRESH, &request(&sandbox, &folder.journal(), &all));
    support::until("it waits", || {
        operation.wait(10)["progress"]["message"].as_str().is_some_and(|text| text.contains("Asking")).then_some(())
    });
    taken(&sandbox, &all);
    let answer = operation.result();
    assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(250)), "{answer}");
    each_once(&sandbox, &all);
}

#[test]
fn what_may_pass_is_sent_again_and_what_would_be_refused_again_is_not() {
    for (status, again) in [(400, false), (403, true), (500, true), (503, true)] {
        let (sandbox, folder) = (builder(500).start(), Folder::new());
        let all = names(0..500);
        sandbox.fault(Fault::on(Endpoint::Process).status(status));
        let request = request(&sandbox, &folder.journal(), &all);
        refresh(&request);
        refresh(&request);
        let expected = if again { 500 } else { 250 };
        assert_eq!(refreshed(&sandbox).len(), expected, "{status}");
        assert!(refreshed(&sandbox).values().all(|times| *times == 1));
    }
}

#[test]
fn a_stream_has_a_journal_too_and_tells_what_it_skips() {
    let (sandbox, folder) = (builder(600).start(), Folder::new());
    let all = names(0..600);
    let mut request = request(&sandbox, &folder.journal(), &[]);
    request["stream"] = json!(true);
    request.as_object_mut().expect("an object").remove("identities");
    for (fed, skipped) in [(300, 0), (600, 300), (600, 600)] {
        let operation = Operation::start(REFRESH, &request);
        operation.feed(all[..fed].iter().map(String::as_str));
        operation.send(&json!({ "end": true }));
        let (_, done) = operation.rest();
        assert_eq!((&done["ok"], &done["totals"]["skipped"]), (&json!(true), &json!(skipped)), "{done}");
        let said =
            done["warnings"].as_array().is_some_and(|all| all.iter().any(|one| one.to_string().contains("skipped")));
        assert_eq!(said, skipped > 0, "{done}");
    }
    each_once(&sandbox, &all);
}

#[test]
fn a_filter_on_process_has_a_journal_and_one_on_cc_has_none() {
    let (sandbox, folder) = (builder(600).start(), Folder::new());
    sandbox.put_identity({
        let mut other = Identity::new("other");
        other.inactive = true;
        other
    });
    let mut request = request(&sandbox, &folder.journal(), &[]);
    request.as_object_mut().expect("an object").remove("identities");
    request["filter"] = json!("inactive == false");
    sandbox.fault(Fault::on(Endpoint::Process).status(403).skip(1));
    assert_eq!(refresh(&request)["ok"], false);
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(250)), "{answer}");
    each_once(&sandbox, &names(0..600));
    let answer = refresh(&option(request, "backend", json!("cc")));
    assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
}

#[test]
fn by_cc_a_run_goes_on_too() {
    let (sandbox, folder) = (builder(20).start(), Folder::new());
    let all = names(0..20);
    let request = option(request(&sandbox, &folder.journal(), &all), "backend", json!("cc"));
    sandbox.fault(Fault::on(Endpoint::Refresh).status(403).skip(7));
    assert_eq!(refresh(&request)["error"]["code"], "partial_failure");
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(7)), "{answer}");
    each_once(&sandbox, &all);
}

#[test]
fn attributes_that_were_not_synchronized_are_synchronized_and_nobody_is_processed_twice() {
    let (sandbox, folder) = (builder(5).start(), Folder::new());
    let all = names(0..5);
    let mut request = request(&sandbox, &folder.journal(), &all);
    request["refreshArgs"] = json!({ "synchronizeAttributes": true });
    sandbox.fault(Fault::on(Endpoint::Synchronize).status(403).skip(2));
    assert_eq!(refresh(&request)["ok"], false);
    let answer = refresh(&request);
    assert_eq!(answer["ok"], true, "{answer}");
    let by = |endpoint| {
        let of = sandbox.refreshes().into_iter().filter(move |refresh| refresh.by == endpoint);
        let mut names: Vec<String> = of.flat_map(|refresh| refresh.names).collect();
        names.sort();
        names
    };
    assert_eq!((by(Endpoint::Process), by(Endpoint::Synchronize)), (all.clone(), all));
}

#[test]
fn who_may_have_been_synchronized_only_stays_uncertain_as_the_tenant_does_not_tell_it() {
    let (sandbox, folder) = (builder(300).start(), Folder::new());
    let arguments = json!({
        "correlateEntitlements": false, "promoteAttributes": false, "refreshManagerStatus": false,
        "synchronizeAttributes": true, "provision": false,
    });
    let all = names(0..5);
    died(&sandbox, &folder.journal(), &all[..3], 0);
    let journal = fs::read_to_string(folder.journal()).expect("readable");
    let promote = json!({ "promoteAttributes": true }).to_string();
    fs::write(folder.journal(), journal.replace(&promote, &arguments.to_string())).expect("written");
    let answer = refresh(&with(request(&sandbox, &folder.journal(), &all), &json!({ "refreshArgs": arguments })));
    assert_eq!((people(&answer, "accepted"), people(&answer, "maybe_sent")), (2, 3), "{answer}");
    assert_eq!(arrived(&sandbox, Endpoint::Synchronize), 2);
}

#[test]
fn an_empty_path_of_a_journal_is_refused() {
    let sandbox = builder(300).start();
    let answer = refresh(&request(&sandbox, Path::new(" "), &names(0..5)));
    assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
    assert_eq!(answer["error"]["message"], "options.journal is empty.");
    assert_eq!(arrived(&sandbox, Endpoint::Process), 0);
}

#[test]
fn a_journal_of_another_run_is_refused_with_both_told() {
    let (sandbox, other, folder) = (builder(3).start(), builder(3).start(), Folder::new());
    let request = request(&sandbox, &folder.journal(), &names(0..3));
    refresh(&request);
    let elsewhere = with(request.clone(), &json!({ "configuration": configuration(other.url()) }));
    let arguments = with(request.clone(), &json!({ "refreshArgs": { "promoteAttributes": true, "provision": true } }));
    let attribute = with(request.clone(), &json!({ "identityAttribute": "name" }));
    let backend = option(request.clone(), "backend", json!("cc"));
    for (changed, told) in [
        (elsewhere, [sandbox.url().to_owned(), other.url().to_owned()]),
        (arguments, ["refreshArgs".to_owned(), "provision".to_owned()]),
        (attribute, ["\"uid\" there".to_owned(), "\"name\" here".to_owned()]),
        (backend, ["\"process\" there".to_owned(), "\"cc\" here".to_owned()]),
    ] {
        let answer = refresh(&changed);
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("journal_error"), &json!("no")),
            "{answer}"
        );
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(told.iter().all(|told| message.contains(told.as_str())), "{message}");
    }
    assert!(other.refreshes().is_empty());
    let ordered = with(request, &json!({ "refreshArgs": { "promoteAttributes": true } }));
    assert_eq!(refresh(&ordered)["skipped"], 3);
}

#[test]
fn a_journal_in_use_is_refused_and_free_when_its_run_has_ended() {
    let (sandbox, folder) = (builder(300).start(), Folder::new());
    sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::SlowHeaders).delay(Duration::from_secs(30)));
    let request = request(&sandbox, &folder.journal(), &names(0..300));
    let operation = Operation::start(REFRESH, &request);
    support::until("the first call", || (arrived(&sandbox, Endpoint::Process) == 1).then_some(()));
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "journal_error", "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("in use")), "{answer}");
    operation.cancel();
    operation.result();
    assert_ne!(refresh(&request)["error"]["code"], "journal_error");
}

#[test]
fn a_line_that_was_cut_off_at_the_end_is_no_error_and_one_before_it_is() {
    let (sandbox, folder) = (builder(600).start(), Folder::new());
    let all = names(0..600);
    let request = request(&sandbox, &folder.journal(), &all);
    refresh(&with(request.clone(), &json!({ "identities": all[..500] })));
    let whole = fs::read_to_string(folder.journal()).expect("there");
    for torn in
        ["{\"batch\":3,\"identi", "{", "\0\0\0\0", "{\"batch\":3,\"since\":null,\"identities\":[\"person.00501\"]}"]
    {
        fs::write(folder.journal(), format!("{whole}{torn}")).expect("written");
        let answer = refresh(&with(request.clone(), &json!({ "identities": all[..500] })));
        assert_eq!((&answer["ok"], &answer["skipped"]), (&json!(true), &json!(500)), "{torn}: {answer}");
    }
    let second = whole.find('\n').expect("a line") + 1;
    let damaged = format!("{}{{\"batch\":1,\"ident\n{}", &whole[..second], &whole[second..]);
    fs::write(folder.journal(), damaged).expect("written");
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "journal_error", "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("line 2")), "{answer}");
    fs::write(folder.journal(), whole).expect("written");
    assert_eq!(refresh(&request)["ok"], true);
    each_once(&sandbox, &all);
}

#[test]
fn what_is_no_journal_is_refused_before_anything_is_sent_and_stays_as_it_is() {
    let (sandbox, folder) = (builder(3).start(), Folder::new());
    let all = names(0..3);
    let file = |text: &str| {
        fs::write(folder.journal(), text).expect("written");
        folder.journal()
    };
    let check = |path: &Path, word: &str| {
        let answer = refresh(&request(&sandbox, path, &all));
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("journal_error"), &json!("no")),
            "{answer}"
        );
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(word), "{word}: {message}");
        assert_eq!(people(&answer, "not_sent"), 3, "everybody is told: {answer}");
    };
    check(&folder.0, "no regular file");
    check(&folder.0.join("missing").join("people.jsonl"), "cannot be opened");
    for (text, word) in [
        ("uid\namelie.roux\n", "no journal"),
        ("{\"a\":1}\n", "no journal"),
        ("one line without an end", "no journal"),
        ("[]\n", "no journal"),
        ("{\"journal\":2,\"tenant\":\"x\"}\n", "format version 2"),
        ("{\"journal\":1,\"tenant\":7}\n", "invalid first line"),
    ] {
        check(&file(text), word);
        assert_eq!(fs::read_to_string(folder.journal()).expect("there"), text, "untouched");
    }
    #[cfg(unix)]
    {
        let pipe = folder.0.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        check(&pipe, "no regular file");
        check(Path::new("/dev/full"), "no regular file");
    }
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn names_of_every_kind_are_found_again() {
    let odd = ["Smith", "smith", "\u{e9}", "e\u{301}", "with \"quotes\" and \\", "line\nbreak", "\u{1f600}"];
    let long = "x".repeat(10_000);
    let people: Vec<Identity> = odd.iter().copied().chain([long.as_str()]).map(Identity::new).collect();
    let (sandbox, folder) =
        (Sandbox::builder().identities(people).task_duration(Duration::ZERO).start(), Folder::new());
    let all: Vec<String> = odd.iter().copied().chain([long.as_str()]).map(str::to_owned).collect();
    let request = request(&sandbox, &folder.journal(), &all);
    let first = refresh(&request);
    let told = people_told(&first);
    let second = refresh(&request);
    assert_eq!(second["skipped"], json!(told), "{first}");
    assert!(refreshed(&sandbox).values().all(|times| *times == 1));
}

/// Everybody in an answer who is done.
fn people_told(answer: &Value) -> usize {
    people(answer, "accepted") + answer["unmatched"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_dry_run_writes_no_journal() {
    let (sandbox, folder) = (builder(3).start(), Folder::new());
    let answer = refresh(&option(request(&sandbox, &folder.journal(), &names(0..3)), "dryRun", json!(true)));
    assert_eq!(answer["ok"], true, "{answer}");
    assert!(!folder.journal().exists());
}

#[test]
fn resend_uncertain_needs_a_journal() {
    let sandbox = builder(1).start();
    let request = json!({
        "identities": [name(0)], "options": { "resendUncertain": true }, "configuration": configuration(sandbox.url()),
    });
    assert_eq!(refresh(&request)["error"]["code"], "invalid_argument");
}

/// Names the folder of a run in a process of its own.
const FOLDER: &str = "PSSAILPOINTCC_TESTS_JOURNAL";

/// A disk that is full: the system refuses to make a file larger than so many blocks of 512 bytes.
#[cfg(unix)]
#[test]
fn where_the_journal_cannot_be_written_nothing_more_is_sent() {
    let (sandbox, folder) = (builder(1_500).start(), Folder::new());
    let all = names(0..1_500);
    let request = request(&sandbox, &folder.journal(), &all);
    fs::write(folder.0.join("request"), request.to_string()).expect("written");
    let program = std::env::current_exe().expect("this program has a path");
    let script = "ulimit -f 80; trap '' XFSZ; exec \"$0\" --ignored --exact a_run";
    let mut command = std::process::Command::new("sh");
    let output = command.arg("-c").arg(script).arg(program).env(FOLDER, &folder.0).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let answer: Value = serde_json::from_slice(&fs::read(folder.0.join("answer")).expect("there")).expect("JSON");
    let (sent, not_sent) = (people(&answer, "accepted"), people(&answer, "not_sent"));
    assert_eq!(answer["error"]["code"], "journal_error", "{}", answer["error"]);
    assert!(sent > 0 && not_sent > 0 && sent + not_sent == 1_500, "{sent} {not_sent}");
    assert_eq!(refreshed(&sandbox).len(), sent, "the report is the log's");
    let answer = refresh(&request);
    assert_eq!(
        (&answer["ok"], people(&answer, "accepted")),
        (&json!(true), not_sent),
        "it goes on: {}",
        answer["error"]
    );
    each_once(&sandbox, &all);
}

#[test]
#[ignore = "not a test: the full disk test runs it in a process of its own"]
fn a_run() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let text = fs::read_to_string(folder.join("request")).expect("it is there");
    let answer = refresh(&serde_json::from_str(&text).expect("JSON"));
    // Only as much as the limit lets it have.
    let told = json!({ "error": answer["error"], "calls": answer["calls"] });
    let mut short = told.clone();
    for call in short["calls"].as_array_mut().into_iter().flatten() {
        call["ids"].take();
    }
    fs::write(folder.join("answer"), short.to_string()).expect("written");
}

#[test]
fn whom_their_task_has_not_refreshed_the_next_run_sends_again() {
    let run = |request: &Value, is_stream: bool| -> Value {
        if !is_stream {
            return refresh(request);
        }
        let mut request = request.clone();
        let names = request.as_object_mut().and_then(|request| request.remove("identities")).expect("names");
        request["stream"] = json!(true);
        let operation = Operation::start(REFRESH, &request);
        operation.send(&json!({ "identities": names, "end": true }));
        operation.rest().1
    };
    for is_stream in [false, true] {
        let (sandbox, folder) = (builder(5).start(), Folder::new());
        let people = names(0..5);
        let request = option(request(&sandbox, &folder.journal(), &people), "wait", json!(true));
        let request = option(request, "pollIntervalMs", json!(10));
        // One person of a task that has succeeded.
        sandbox.script_task(TaskEnd::new("SUCCESS").failing(&people[3]));
        let answer = run(&request, is_stream);
        assert_eq!(answer["ok"], true, "{answer}");
        sandbox.clear_log();
        // A task that has failed.
        sandbox.script_task(TaskEnd::new("ERROR"));
        run(&request, is_stream);
        assert_eq!(refreshed(&sandbox).keys().collect::<Vec<_>>(), [&people[3]]);
        sandbox.clear_log();
        let answer = run(&request, is_stream);
        assert_eq!(answer["ok"], true, "{answer}");
        assert_eq!(refreshed(&sandbox).keys().collect::<Vec<_>>(), [&people[3]]);
        sandbox.clear_log();
        // Then all are done.
        let answer = run(&request, is_stream);
        assert_eq!((&answer["ok"], sandbox.refreshes().len()), (&json!(true), 0), "{answer}");
    }
}

#[test]
fn whom_their_task_has_not_refreshed_a_filter_sends_again() {
    let (sandbox, folder) = (builder(4).start(), Folder::new());
    let request = json!({
        "filter": "uid.in({\"person.00001\", \"person.00002\"})",
        "options": { "backend": "process", "journal": folder.journal(), "wait": true, "pollIntervalMs": 10 },
        "configuration": configuration(sandbox.url()),
    });
    sandbox.script_task(TaskEnd::new("TERMINATED"));
    assert_eq!(refresh(&request)["error"]["code"], "task_failed");
    assert_eq!(refresh(&request)["ok"], true);
    assert_eq!(refresh(&request)["skipped"], 2);
    let refreshed = refreshed(&sandbox);
    assert_eq!(refreshed.values().collect::<Vec<_>>(), [&2, &2], "{refreshed:?}");
}
