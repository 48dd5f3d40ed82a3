//! The PowerShell module, compared with the start of PowerShell and Invoke-RestMethod.

use std::path::Path;
use std::time::{Duration, Instant};

use super::table::{Figure, Line, median};
use super::{Bench, Missing, Part, command, output};
use crate::{Result, build, package};

/// The number of new processes per measurement of a start.
const STARTS: usize = 11;

/// Rounds in one process. The first ones are typical for scripts; the last ones run after all just-in-time compilation,
/// which takes thousands of rounds.
const ROUNDS: usize = 4000;
const EARLY: std::ops::Range<usize> = 1..50;
const WARM: std::ops::Range<usize> = 3500..4000;

pub(super) fn measure(bench: &Bench) -> Result<Part> {
    let Some(pwsh) = build::find_program("PWSH", &["pwsh"]) else {
        return Ok((Vec::new(), vec![no_powershell("the module")]));
    };
    let clone = build::root().join("powershell/PSSailpointCC");
    let packaged = build::root().join("target/bench/PSSailpointCC");
    package::module_with(&bench.library, &packaged)?;
    let script = Script { pwsh: &pwsh, url: &bench.sandbox.url };

    let mut starts: [Vec<Duration>; 5] = Default::default();
    for _ in 0..STARTS {
        let times = [
            engine_start(&pwsh)?,
            script.one("Import", &packaged)?,
            script.one("Import", &clone)?,
            script.one("FirstLibrary", &packaged)?,
            script.one("FirstRestMethod", &packaged)?,
        ];
        starts.iter_mut().zip(times).for_each(|(all, time)| all.push(time));
    }
    let [engine, import, import_clone, first, first_rest] = starts.map(|times| Figure::Time(median(times)));
    let rounds = script.run("Warm", &packaged)?;
    let of = |name, part: std::ops::Range<usize>| {
        let times = times_of(&rounds, name).get(part).map(<[Duration]>::to_vec);
        times.map(|times| Figure::Time(median(times))).ok_or("benches/module.ps1 gave too few figures.")
    };
    let (early, early_rest) = (of("library", EARLY)?, of("rest", EARLY)?);
    let (warm, rest) = (of("library", WARM)?, of("rest", WARM)?);
    let (preflight, session) = (of("preflight", WARM)?, of("session", WARM)?);

    let engine = Some(("engine start (pwsh)", engine));
    let lines = vec![
        // The target is 50 ms for an engine that starts in 250 ms.
        Line { what: "import of the packaged module".into(), ours: import, other: engine, aim: Some(0.2) },
        Line { what: "import from a clone".into(), ours: import_clone, other: engine, aim: None },
        Line {
            what: "first Invoke-CCRefreshIdentities".into(),
            ours: first,
            other: Some(("first Invoke-RestMethod", first_rest)),
            aim: None,
        },
        Line {
            what: "2nd to 50th Invoke-CCRefreshIdentities".into(),
            ours: early,
            other: Some(("Invoke-RestMethod", early_rest)),
            aim: None,
        },
        Line {
            what: "warm Invoke-CCRefreshIdentities".into(),
            ours: warm,
            other: Some(("Invoke-RestMethod", rest)),
            aim: Some(0.5),
        },
        Line {
            what: "the same with its preflight".into(),
            ours: preflight,
            other: Some(("without, warm", warm)),
            aim: None,
        },
        // With a reused connection, which is rare in scripts.
        Line {
            what: "warm Invoke-CCRefreshIdentities".into(),
            ours: warm,
            other: Some(("Invoke-RestMethod -WebSession", session)),
            aim: None,
        },
    ];
    Ok((lines, Vec::new()))
}

/// A measurement that needs PowerShell.
pub(super) fn no_powershell(what: &'static str) -> Missing {
    Missing { what, tool: "PowerShell 7.4 or later: https://aka.ms/powershell (or its path in PWSH)".to_owned() }
}

fn engine_start(pwsh: &Path) -> Result<Duration> {
    let begin = Instant::now();
    output(command(pwsh).args(["-NoProfile", "-NonInteractive", "-Command", "1"]))?;
    Ok(begin.elapsed())
}

/// benches/module.ps1, which measures inside PowerShell.
struct Script<'a> {
    pwsh: &'a Path,
    url: &'a str,
}

impl Script<'_> {
    /// Returns lines with a name and its times in microseconds.
    fn run(&self, part: &str, module: &Path) -> Result<String> {
        let mut command = command(self.pwsh);
        command
            .args(["-NoProfile", "-NonInteractive", "-File"])
            .arg(build::root().join("benches/module.ps1"))
            .args(["-Part", part, "-Url", self.url, "-Module"])
            .arg(module)
            .args(["-Rounds", &ROUNDS.to_string()]);
        output(&mut command)
    }

    fn one(&self, part: &str, module: &Path) -> Result<Duration> {
        let text = self.run(part, module)?;
        times_of(&text, "once").pop().ok_or_else(|| format!("benches/module.ps1 gave no figure, but: {text}"))
    }
}

fn times_of(text: &str, name: &str) -> Vec<Duration> {
    let values = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    values.split_whitespace().filter_map(|value| Some(Duration::from_micros(value.parse().ok()?))).collect()
}
