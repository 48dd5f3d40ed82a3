//! A run with a journal is killed at random moments and started again until it ends: everybody is refreshed once.
//!
//! `KILLS` and `NAMES` set the size, `SEED` repeats the random choices of a run.
#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox};
use serde_json::{Value, json};
use support::native::{LINKED, command, compile, tenant};
use support::random::{Random, variable};
use support::{find_program, library, root};

/// The command that is killed and started again, from the file of names and the journal's path. It prints what became of
/// each batch as a line of JSON, and fails where something has failed.
type Start<'s> = &'s dyn Fn(&Sandbox, &Path, &Path) -> Command;

#[test]
fn a_c_program_that_is_killed_and_started_again_refreshes_everybody_once() {
    let Some(program) = compile("examples/stream.c", "journal_kill", LINKED) else { return };
    let size = Size { kills: variable("KILLS").unwrap_or(60), names: variable("NAMES").unwrap_or(5_000) };
    everybody_once(&size, Duration::from_millis(150), &|sandbox, names, journal| {
        stream(&program, sandbox, names, journal)
    });
}

#[test]
fn a_pipeline_that_is_killed_and_started_again_refreshes_everybody_once() {
    let Some(pwsh) = find_program("PWSH", &["pwsh"]) else {
        assert!(
            std::env::var_os("CC_REQUIRE_PWSH").is_none(),
            "CC_REQUIRE_PWSH is set, and there is no pwsh on the PATH"
        );
        return;
    };
    // A start takes a second.
    let size = Size { kills: variable("KILLS").unwrap_or(8), names: variable("NAMES").unwrap_or(2_000) };
    everybody_once(&size, Duration::from_millis(1_500), &|sandbox, names, journal| {
        let mut command = Command::new(&pwsh);
        command.args(["-NoProfile", "-NonInteractive", "-Command", PIPELINE]).current_dir(root());
        command.env("PSSAILPOINTCC_LIBRARY", library()).envs(tenant(sandbox)).env("NO_COLOR", "1");
        command.env("NAMES_FILE", names).env("JOURNAL_FILE", journal);
        command
    });
}

/// A name that nobody has is an error of the pipeline, and none of the run.
const PIPELINE: &str = "
    $ErrorActionPreference = 'Stop'
    Import-Module ./powershell/PSSailpointCC
    $arguments = @{ RefreshArgs = @{ promoteAttributes = $true }; JournalPath = $env:JOURNAL_FILE }
    Import-Csv $env:NAMES_FILE -Header uid |
        Invoke-CCRefreshIdentities @arguments -ErrorAction SilentlyContinue -ErrorVariable failed -WarningAction Ignore |
        ForEach-Object { $_ | Select-Object Outcome, Identities | ConvertTo-Json -Compress }
    if ($failed | Where-Object FullyQualifiedErrorId -NotLike 'NoMatch,*') { exit 1 }
";

#[test]
fn whom_the_tenant_cannot_tell_of_may_have_been_sent_and_nobody_else() {
    let Some(program) = compile("examples/stream.c", "journal_kill_untold", LINKED) else { return };
    let sandbox = sandbox_of(1_000, 0, Arc::default());
    sandbox.fault(Fault::on(Endpoint::TaskList).status(403).times(0));
    sandbox.fault(Fault::on(Endpoint::Identities).status(403).times(0));
    // Two batches are answered before the kill.
    sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Slow).delay(Duration::from_secs(60)).skip(2).times(2));
    let run = Run::new(&sandbox, Arc::default(), &(0..1_000).map(name).collect::<Vec<_>>());
    let start: Start<'_> = &|sandbox, names, journal| stream(&program, sandbox, names, journal);
    run.until(Some(Moment { event: Event::Journal { lines: 7 }, delay: Duration::ZERO, latest: LONGEST }), start);
    let in_flight: BTreeSet<String> = unfinished(&run.journal_lines());
    assert_eq!(in_flight.len(), 500);
    run.until(None, start);
    let calls = calls(&run.output());
    let told = |outcome: &str| -> BTreeSet<String> {
        calls.iter().filter(|call| call["outcome"] == outcome).flat_map(|call| texts(&call["identities"])).collect()
    };
    assert_eq!(told("maybe_sent"), in_flight);
    let sent = sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).collect::<BTreeSet<_>>();
    assert!((0..1_000).map(name).all(|name| sent.contains(&name) || in_flight.contains(&name)));
}

/// Kills until `size` is reached, then lets the command end. `start_up`: how long it takes about until it sends.
fn everybody_once(size: &Size, start_up: Duration, start: Start<'_>) {
    let mut random = Random::new();
    let refreshes = Arc::new(AtomicU64::new(0));
    let offset = [-100_000, -7, 0, 7, 100_000][random.below(5)];
    let sandbox = sandbox_of(size.names, offset, Arc::clone(&refreshes));
    for fault in [
        Fault::on(Endpoint::Any).kind(FaultKind::ResetBefore).every(11),
        Fault::on(Endpoint::Any).status(429).every(13),
        Fault::on(Endpoint::Process).kind(FaultKind::Reset).every(7),
        Fault::on(Endpoint::Process).kind(FaultKind::ResetUnexecuted).every(9),
        Fault::on(Endpoint::Process).status(500).every(8),
        Fault::on(Endpoint::Any).kind(FaultKind::Slow).delay(Duration::from_millis(60)).every(3),
    ] {
        sandbox.fault(fault.skip(random.below(10) as u64).times(0));
    }
    let given = given(size.names, &mut random);
    let run = Run::new(&sandbox, refreshes, &given);
    let (mut kills, mut runs, begin) = (0, 0, Instant::now());
    loop {
        let left = size.kills - kills;
        let moment = (left > 0).then(|| Moment::random(&mut random, left <= size.kills.div_ceil(30), start_up));
        runs += 1;
        assert!(runs < size.kills + 40, "it does not end");
        let before = sandbox.log().len();
        match run.until(moment, start) {
            None => kills += 1,
            Some(status) => {
                may_have_been_sent_are_lost_calls(&sandbox, before, &run.output());
                if status.success() {
                    break;
                }
            }
        }
    }
    let journal = run.journal_lines();
    let lines = |is_meant: &dyn Fn(&Value) -> bool| journal.iter().filter(|line| is_meant(line)).count();
    let (sent, settled) = (lines(&|line| !line["since"].is_null()), lines(&|line| line["reason"] == "refreshed"));
    println!("{kills} kills, {runs} runs, {} s; clock {offset} s off", begin.elapsed().as_secs());
    println!("{sent} batches sent, of {settled} only the tenant could tell");
    // A few kills may meet no batch that is under way.
    assert!(kills >= size.kills / 2 && (settled > 0 || size.kills < 50), "no kill has met a batch that was under way");

    let wanted: BTreeSet<&String> = given.iter().collect();
    for person in sandbox.identities() {
        assert_eq!(person.refreshes, u64::from(wanted.contains(&person.name)), "{}", person.name);
    }
    let unmatched = journal.iter().flat_map(|line| texts(&line["unmatched"])).collect::<BTreeSet<_>>();
    assert!(unmatched.iter().eq(wanted.iter().copied().filter(|name| name.ends_with(NOBODY))), "{unmatched:?}");

    let before = sandbox.arrivals(Endpoint::Process).len();
    let again = run.until(None, start).expect("it was not killed");
    assert!(again.success(), "{again}");
    assert_eq!(sandbox.arrivals(Endpoint::Process).len(), before, "the same command again sends nobody");
}

/// The tenant can tell of everybody whom an earlier run may have sent: only calls of this run are left, whose connection
/// was reset.
fn may_have_been_sent_are_lost_calls(sandbox: &Sandbox, before: usize, output: &[Value]) {
    let resets = sandbox.log()[before..]
        .iter()
        .filter(|arrival| arrival.fault.is_some_and(|fault| fault.starts_with("reset")))
        .count();
    let maybe: Vec<Value> = calls(output).into_iter().filter(|call| call["outcome"] == "maybe_sent").collect();
    let shown: Vec<_> = maybe.iter().map(|call| (&call["identities"][0], &call["reason"])).collect();
    assert!(maybe.len() <= resets && maybe.iter().all(|call| call["reason"].is_null()), "{resets} resets: {shown:?}");
}

/// How many kills, of a run of how many names.
struct Size {
    kills: usize,
    names: usize,
}

const NOBODY: &str = ".nobody";

fn name(number: usize) -> String {
    format!("person.{number:06}")
}

/// So many people, and some more whom nobody names. Tasks take longer than most kills are apart.
fn sandbox_of(people: usize, clock_offset: i64, refreshes: Arc<AtomicU64>) -> Sandbox {
    let others = (0..100).map(|number| format!("other.{number}"));
    Sandbox::builder()
        .identities((0..people).map(name).chain(others).map(|name| Identity::new(&name)).collect())
        .task_duration(Duration::from_millis(700))
        .clock_offset(clock_offset)
        .on_refresh(move |_, _| {
            refreshes.fetch_add(1, Ordering::Relaxed);
        })
        .start()
}

/// Everybody, with names between them that nobody has and names that were given before.
fn given(people: usize, random: &mut Random) -> Vec<String> {
    let mut given = Vec::new();
    for number in 0..people {
        given.push(name(number));
        match random.below(60) {
            0 => given.push(name(number) + NOBODY),
            1 => given.push(name(random.below(number + 1))),
            _ => {}
        }
    }
    given
}

fn stream(program: &Path, sandbox: &Sandbox, names: &Path, journal: &Path) -> Command {
    let mut command = command(program);
    command.arg(names).arg(journal).envs(tenant(sandbox));
    command
}

const LONGEST: Duration = Duration::from_secs(120);

/// When a run is killed: so long after an event, at the latest after some time.
struct Moment {
    event: Event,
    delay: Duration,
    latest: Duration,
}

/// What has come about since the run was started.
enum Event {
    Start,
    /// So many lines were written to the journal.
    Journal {
        lines: usize,
    },
    /// So many refreshes were executed.
    Refreshed {
        times: u64,
    },
    /// The tenant was asked so often for its tasks.
    Asked {
        times: usize,
    },
}

impl Moment {
    /// `is_late`: after the run has waited for what is on its way, where it asks and sends again.
    fn random(random: &mut Random, is_late: bool, start_up: Duration) -> Self {
        let most = if is_late { 50_000 } else { 20_000 };
        let delay = Duration::from_micros(random.below(most) as u64);
        let (event, delay) = match (is_late, random.below(3)) {
            (false, 0) => (Event::Start, start_up.mul_f64(random.below(1_000) as f64 / 500.0)),
            (_, 1) => (Event::Journal { lines: 1 + random.below(if is_late { 3 } else { 8 }) }, delay / 10),
            (false, _) => (Event::Refreshed { times: 1 + random.below(4) as u64 }, delay),
            (true, _) => (Event::Asked { times: 1 }, delay),
        };
        let latest = if is_late { LONGEST } else { start_up * (2 + random.below(4) as u32) };
        Self { event, delay, latest }
    }
}

/// A command with its files, and the tenant that it is run against.
struct Run<'s> {
    sandbox: &'s Sandbox,
    refreshes: Arc<AtomicU64>,
    folder: PathBuf,
}

impl<'s> Run<'s> {
    fn new(sandbox: &'s Sandbox, refreshes: Arc<AtomicU64>, names: &[String]) -> Self {
        let port = sandbox.url().rsplit(':').next().unwrap_or_default();
        let folder = std::env::temp_dir().join(format!("pssailpointcc-kill-{}-{port}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("names"), names.join("\n")).expect("written");
        Self { sandbox, refreshes, folder }
    }

    /// Runs the command to its end, or kills it at a moment.
    fn until(&self, moment: Option<Moment>, start: Start<'_>) -> Option<ExitStatus> {
        let (lines, refreshed, asked) = (self.lines(), self.refreshes.load(Ordering::Relaxed), self.asked());
        let happened = |event: &Event| match event {
            Event::Start => true,
            Event::Journal { lines: more } => self.lines() >= lines + more,
            Event::Refreshed { times } => self.refreshes.load(Ordering::Relaxed) >= refreshed + times,
            Event::Asked { times } => self.asked() >= asked + times,
        };
        let output = File::create(self.folder.join("output")).expect("a file");
        let mut command = start(self.sandbox, &self.folder.join("names"), &self.folder.join("journal"));
        let begin = Instant::now();
        let mut child = Killed(command.stdout(output).spawn().expect("it starts"));
        let mut end = moment.as_ref().map_or(begin + LONGEST, |moment| begin + moment.latest);
        let mut is_armed = moment.is_some();
        loop {
            if let Some(status) = child.0.try_wait().expect("it is a child") {
                return Some(status);
            }
            if is_armed && let Some(moment) = moment.as_ref().filter(|moment| happened(&moment.event)) {
                (is_armed, end) = (false, end.min(Instant::now() + moment.delay));
            }
            if Instant::now() >= end {
                assert!(moment.is_some(), "it does not end: {}", self.folder.display());
                return None;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    fn lines(&self) -> usize {
        fs::read(self.folder.join("journal")).map_or(0, |journal| journal.iter().filter(|byte| **byte == b'\n').count())
    }

    fn asked(&self) -> usize {
        self.sandbox.arrivals(Endpoint::TaskList).len()
    }

    /// What the last run has printed.
    fn output(&self) -> Vec<Value> {
        json_lines(&fs::read_to_string(self.folder.join("output")).expect("it has run"))
    }

    fn journal_lines(&self) -> Vec<Value> {
        json_lines(&fs::read_to_string(self.folder.join("journal")).expect("it has run"))
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // What a failure needs stays.
        match std::thread::panicking() {
            true => println!("the journal is in {}", self.folder.display()),
            false => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

/// A process that is killed when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // SIGKILL. It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The calls in what a run has printed; of the pipeline its results, which tell of several calls with one outcome.
fn calls(output: &[Value]) -> Vec<Value> {
    let of = |line: &Value| match line["Outcome"].as_str() {
        Some("MaybeSent") => vec![json!({ "outcome": "maybe_sent", "identities": line["Identities"] })],
        Some(_) => Vec::new(),
        None => line["result"]["calls"].as_array().cloned().unwrap_or_default(),
    };
    output.iter().flat_map(of).collect()
}

/// Those in batches of a journal that have no outcome.
fn unfinished(journal: &[Value]) -> BTreeSet<String> {
    let ended: BTreeSet<u64> =
        journal.iter().filter(|line| !line["outcome"].is_null()).filter_map(|line| line["batch"].as_u64()).collect();
    let open = journal.iter().filter(|line| line["batch"].as_u64().is_some_and(|batch| !ended.contains(&batch)));
    open.flat_map(|line| texts(&line["identities"])).collect()
}
