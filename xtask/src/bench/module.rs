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

/// The batches of benches/module.ps1.
const BATCHES: usize = 10;

pub(super) fn measure(bench: &Bench) -> Result<Part> {
    let Some(pwsh) = build::find_program("PWSH", &["pwsh"]) else {
        return Ok((Vec::new(), vec![no_powershell("the module")]));
    };
    let clone = build::root().join("powershell/PSSailpointCC");
    let packaged = build::root().join("target/bench/PSSailpointCC");
    package::module_with(&bench.library, &packaged)?;
    let script = Script { pwsh: &pwsh, url: &bench.sandbox.url };

    let mut starts: [Vec<Duration>; 6] = Default::default();
    for _ in 0..STARTS {
        let first = script.run("FirstLibrary", &packaged)?;
        let times = [
            engine_start(&pwsh)?,
            script.one("Import", &packaged)?,
            script.one("Import", &clone)?,
            time_of(&first, "once")?,
            time_of(&first, "start")?,
            script.one("FirstRestMethod", &packaged)?,
        ];
        starts.iter_mut().zip(times).for_each(|(all, time)| all.push(time));
    }
    let [engine, import, import_clone, first, start, first_rest] = starts.map(|times| Figure::Time(median(times)));
    let rounds = script.run("Warm", &packaged)?;
    let of = |name, part: std::ops::Range<usize>| {
        let times = times_of(&rounds, name).get(part).map(<[Duration]>::to_vec);
        times.map(|times| Figure::Time(median(times))).ok_or("benches/module.ps1 gave too few figures.")
    };
    let (early, early_rest) = (of("library", EARLY)?, of("rest", EARLY)?);
    let (warm, rest) = (of("library", WARM)?, of("rest", WARM)?);
    let (batch, batch_rest) = (of("batch-library", 0..BATCHES)?, of("batch-rest", 0..BATCHES)?);
    let (preflight, session) = (of("preflight", WARM)?, of("session", WARM)?);

    let line = |what: &str, ours, name, other, aim| Line { what: what.into(), ours, other: Some((name, other)), aim };
    const ENGINE: &str = "engine start (pwsh)";
    const REST: &str = "Invoke-RestMethod";
    let lines = vec![
        line("import of the packaged module", import, ENGINE, engine, Some(0.15)),
        line("import from a clone", import_clone, ENGINE, engine, Some(0.35)),
        line("import, Get-Configuration, first call", start, ENGINE, engine, Some(0.7)),
        line("first Invoke-CCRefreshIdentities", first, "first Invoke-RestMethod", first_rest, Some(0.45)),
        line("2nd to 50th Invoke-CCRefreshIdentities", early, REST, early_rest, Some(0.7)),
        line("warm Invoke-CCRefreshIdentities", warm, REST, rest, Some(0.65)),
        line("the same, a hundred in a row", batch, REST, batch_rest, Some(0.65)),
        line("the same with its preflight", preflight, "without, warm", warm, None),
        // With a reused connection, which is rare in scripts.
        line("warm Invoke-CCRefreshIdentities", warm, "Invoke-RestMethod -WebSession", session, Some(1.3)),
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
        time_of(&self.run(part, module)?, "once")
    }
}

fn time_of(text: &str, name: &str) -> Result<Duration> {
    times_of(text, name).pop().ok_or_else(|| format!("benches/module.ps1 gave no figure, but: {text}"))
}

fn times_of(text: &str, name: &str) -> Vec<Duration> {
    let values = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    values.split_whitespace().filter_map(|value| Some(Duration::from_micros(value.parse().ok()?))).collect()
}
