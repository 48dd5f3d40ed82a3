//! 100,000 people by name, through C and through the pipeline, compared with one call per person, at the service's rate
//! limit.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::native::{self, Programs};
use super::table::{Figure, Line};
use super::{Bench, Missing, Part, command, output};
use crate::sandbox::Sandbox;
use crate::{Result, build, package};

const PEOPLE: usize = 100_000;

/// The number of names for the memory comparison.
const FEW: usize = 10_000;

/// The number of single calls that are made. All but the first hundred wait for the rate limit.
const SAMPLE: u32 = 300;
const BURST: usize = 100;

/// In which so many requests are allowed.
const WINDOW: Duration = Duration::from_secs(10);

pub(super) fn measure(bench: &Bench) -> Result<Part> {
    let Some(compiler) = native::compiler() else {
        return Ok((Vec::new(), vec![native::no_compiler("100,000 names through C")]));
    };
    let root = build::root();
    let folder = bench.library.parent().ok_or("The library lies in no folder.")?;
    let (tenant, people) = (folder.join("tenant.csv"), folder.join("people.csv"));
    // Includes the person of benches/library.c: otherwise its filter matches nobody, and refreshes everybody 300 times.
    write(&tenant, &csv(std::iter::once("amelie.roux".to_owned()).chain((0..PEOPLE).map(name))))?;
    write(&people, &csv((0..PEOPLE).map(name)))?;
    let arguments = ["--csv", &tenant.to_string_lossy(), "--rate-limit", "100", "--task-time", "0"];
    let sandbox = Sandbox::start(&["--release"], &arguments)?;
    let link = |command: &mut std::process::Command| {
        command.arg("-I").arg(root.join("include")).arg("-L").arg(folder).arg("-lpssailpointcc");
    };
    let one_by_one = native::compile(&compiler, "library", link)?;
    let bulk = native::compile(&compiler, "bulk", link)?;
    let programs = Programs { folder, url: &sandbox.url };

    programs.run(command(&one_by_one), SAMPLE, &[])?;
    let each = time_of_each(&sandbox.log()?)?;
    let one_by_one = Cost { requests: PEOPLE as f64, time: each * PEOPLE as u32 };

    let request = folder.join("bulk.json");
    let call = |number: usize| -> Result<f64> {
        let configuration = json!({ "baseUrl": sandbox.url, "accessToken": "sandbox-token" });
        let names: Vec<String> = (0..number).map(name).collect();
        write(&request, &json!({ "identities": names, "configuration": configuration }).to_string())?;
        let mut command = command(&bulk);
        command.arg(&request).env("LD_LIBRARY_PATH", folder).env("DYLD_LIBRARY_PATH", folder);
        let bytes = output(&mut command)?;
        bytes.trim().parse().map_err(|_| format!("benches/bulk.c gave no figure, but: {bytes}"))
    };
    let few = Figure::Bytes(call(FEW)?);
    let (cost, bytes) = Cost::of(&sandbox, || call(PEOPLE))?;
    let [requests, time] =
        cost.compared_with(&one_by_one, ["100,000 names by C: requests", "100,000 names by C: time"]);
    let memory = Line {
        what: "100,000 names by C: peak memory".into(),
        ours: Figure::Bytes(bytes),
        other: Some(("10,000 names", few)),
        aim: None,
    };
    let mut lines = vec![requests, time, memory];
    lines.extend(streamed(&sandbox, &bulk, folder, &cost, &one_by_one)?);
    let mut missing = Vec::new();
    match pipeline(bench, &sandbox, &people)? {
        Ok((cost, [first, last])) => {
            lines.extend(
                cost.compared_with(&one_by_one, ["100,000 by the pipeline: requests", "100,000 by the pipeline: time"]),
            );
            lines.push(Line {
                what: "100,000 by the pipeline: memory at end".into(),
                ours: Figure::Bytes(last),
                // Garbage that is not collected yet.
                other: Some(("after 10,000, and 4 MB", Figure::Bytes(first + 4e6))),
                aim: Some(1.0),
            });
        }
        Err(lacking) => missing.push(lacking),
    }
    Ok((lines, missing))
}

/// The same names streamed, and streamed with a journal.
fn streamed(sandbox: &Sandbox, bulk: &Path, folder: &Path, at_once: &Cost, one_by_one: &Cost) -> Result<Vec<Line>> {
    let (request, journal) = (folder.join("stream.json"), folder.join("stream.jsonl"));
    let _ = std::fs::remove_file(&journal);
    let call = |number: usize, options: Value| -> Result<f64> {
        let configuration = json!({ "baseUrl": sandbox.url, "accessToken": "sandbox-token" });
        write(&request, &json!({ "stream": true, "options": options, "configuration": configuration }).to_string())?;
        let mut command = command(bulk);
        command.arg(&request).arg(number.to_string());
        let bytes = output(command.env("LD_LIBRARY_PATH", folder).env("DYLD_LIBRARY_PATH", folder))?;
        bytes.trim().parse().map_err(|_| format!("benches/bulk.c gave no figure, but: {bytes}"))
    };
    let few = call(FEW, json!({}))?;
    let (cost, bytes) = Cost::of(sandbox, || call(PEOPLE, json!({})))?;
    let (with_journal, _) = Cost::of(sandbox, || call(PEOPLE, json!({ "journal": journal })))?;
    let line = |what, ours, name, other, aim| Line { what: String::from(what), ours, other: Some((name, other)), aim };
    let (requests, time) = (|cost: &Cost| Figure::Number(cost.requests), |cost: &Cost| Figure::Time(cost.time));
    Ok(vec![
        line("100,000 streamed: requests", requests(&cost), "all at once", requests(at_once), Some(1.05)),
        line("100,000 streamed: time", time(&cost), "all at once", time(at_once), None),
        line(
            "100,000 streamed: peak memory",
            Figure::Bytes(bytes),
            "10,000, and 10 MB",
            Figure::Bytes(few + 10e6),
            Some(1.0),
        ),
        line("with a journal: requests", requests(&with_journal), "without", requests(&cost), Some(1.05)),
        line("with a journal: time", time(&with_journal), "without", time(&cost), Some(1.05)),
        line("with a journal: time", time(&with_journal), "one call per person", time(one_by_one), Some(0.0085)),
    ])
}

fn name(number: usize) -> String {
    format!("person.{number:06}")
}

fn csv(names: impl Iterator<Item = String>) -> String {
    std::iter::once("uid".to_owned()).chain(names).map(|line| line + "\n").collect()
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The time of one call at the rate limit.
fn time_of_each(log: &[Value]) -> Result<Duration> {
    let executed = log.iter().filter(|arrival| arrival["endpoint"] == "refresh" && arrival["executed"] == true);
    let times: Vec<u64> = executed.filter_map(|arrival| arrival["atMs"].as_u64()).collect();
    match (times.get(BURST - 1), times.last()) {
        (Some(first), Some(last)) => {
            let number = u32::try_from(times.len() - BURST).map_err(|error| error.to_string())?;
            Ok(Duration::from_millis(last - first) / number.max(1))
        }
        _ => Err(format!("Of {SAMPLE} refreshes one by one {} arrived.", times.len())),
    }
}

/// The cost of refreshing everybody.
struct Cost {
    requests: f64,
    time: Duration,
}

impl Cost {
    /// The cost of `run`; fails unless everybody was refreshed.
    fn of<T>(sandbox: &Sandbox, run: impl FnOnce() -> Result<T>) -> Result<(Self, T)> {
        // The requests of the process before would count, and be waited for.
        std::thread::sleep(WINDOW);
        sandbox.clear_log()?;
        let begin = Instant::now();
        let value = run()?;
        let time = begin.elapsed();
        let log = sandbox.log()?;
        let refreshed: usize =
            log.iter().filter_map(|arrival| arrival["refreshed"]["ids"].as_array()).map(Vec::len).sum();
        match refreshed {
            PEOPLE => Ok((Self { requests: log.len() as f64, time }, value)),
            other => Err(format!("Of {PEOPLE} people {other} were refreshed.")),
        }
    }

    /// Lines for requests and time.
    fn compared_with(&self, other: &Self, [requests, time]: [&'static str; 2]) -> [Line; 2] {
        let line = |what, ours, other, aim| Line {
            what: String::from(what),
            ours,
            other: Some(("one call per person", other)),
            aim,
        };
        [
            // 0.008 without any that is refused by the rate limit.
            line(requests, Figure::Number(self.requests), Figure::Number(other.requests), None),
            line(time, Figure::Time(self.time), Figure::Time(other.time), Some(0.008)),
        ]
    }
}

/// `Import-Csv people.csv | Invoke-CCRefreshIdentities`: the cost, and the memory in bytes after a tenth of the people and at
/// the end.
fn pipeline(bench: &Bench, sandbox: &Sandbox, people: &Path) -> Result<std::result::Result<(Cost, [f64; 2]), Missing>> {
    const WHAT: &str = "100,000 names through the pipeline";
    let Some(pwsh) = build::find_program("PWSH", &["pwsh"]) else {
        return Ok(Err(super::module::no_powershell(WHAT)));
    };
    let packaged = build::root().join("target/bench/PSSailpointCC");
    package::module_with(&bench.library, &packaged)?;
    let run = || -> Result<String> {
        let script: PathBuf = build::root().join("benches/bulk.ps1");
        let mut command = command(&pwsh);
        command.args(["-NoProfile", "-NonInteractive", "-File"]).arg(script);
        command.args(["-Url", &sandbox.url, "-Module"]).arg(&packaged).arg("-People").arg(people);
        output(&mut command)
    };
    let (cost, text) = Cost::of(sandbox, run)?;
    let figures: Vec<f64> = text.split_whitespace().filter_map(|bytes| bytes.parse().ok()).collect();
    match figures[..] {
        [first, last] => Ok(Ok((cost, [first, last]))),
        _ => Err(format!("benches/bulk.ps1 gave no two figures, but: {text}")),
    }
}
