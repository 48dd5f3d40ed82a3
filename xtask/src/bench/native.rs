//! The C ABI, compared with libcurl's easy interface with one handle for all calls, or one for each thread: benches/library.c,
//! benches/curl.c. The target is the same request; libcurl's minimal request is for information.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::table::{Figure, Line, median};
use super::{Bench, Missing, Part, command, output};
use crate::sandbox::Sandbox;
use crate::{Result, build};

/// The extra arguments of benches/library.c and benches/curl.c.
const PLAIN: &[&str] = &[];
const PREFLIGHT: &[&str] = &["preflight"];
const BARE: &[&str] = &["bare"];
const THREADS: &[&str] = &["threads", "64"];

/// The number of threads of [`THREADS`].
const THREAD_COUNT: u32 = 64;

/// The numbers of calls of each of them.
const TIMED_BY_THREADS: [u32; 2] = [2, 52];

/// Two numbers of calls. The difference excludes the start-up, which takes libcurl as long as 200 calls.
const TIMED: [u32; 2] = [1, 2001];
const COUNTED: [u32; 2] = [200, 1200];

/// The number of runs per number of calls.
const RUNS: usize = 21;

pub(super) fn measure(bench: &Bench) -> Result<Part> {
    let Some(compiler) = compiler() else {
        return Ok((Vec::new(), vec![no_compiler("the C ABI beside libcurl")]));
    };
    let mut not_measured = Vec::new();
    let folder = bench.library.parent().ok_or("The library lies in no folder.")?;
    let root = build::root();
    let ours = compile(&compiler, "library", |command| {
        command.arg("-I").arg(root.join("include")).arg("-L").arg(folder).arg("-lpssailpointcc");
    })?;
    let curl = match compile(&compiler, "curl", |command| {
        command.arg("-lcurl");
    }) {
        Ok(program) => Some(program),
        Err(reason) => {
            let reason = reason.lines().find(|line| line.contains("curl")).unwrap_or_default().trim().to_owned();
            let tool = format!("libcurl and its headers, such as Debian's libcurl4-openssl-dev ({reason})");
            not_measured.push(Missing { what: "libcurl", tool });
            None
        }
    };
    let programs = Programs { folder, url: &bench.sandbox.url };

    // Alternating.
    let [mut ours_time, mut preflight_time, mut same_time, mut bare_time]: [Vec<Duration>; 4] = Default::default();
    let [mut threads_time, mut threads_same_time]: [Vec<Duration>; 2] = Default::default();
    for _ in 0..RUNS {
        ours_time.push(programs.wall(&ours, PLAIN, TIMED)?);
        preflight_time.push(programs.wall(&ours, PREFLIGHT, TIMED)?);
        threads_time.push(programs.wall(&ours, THREADS, TIMED_BY_THREADS)? / THREAD_COUNT);
        if let Some(curl) = &curl {
            same_time.push(programs.wall(curl, PLAIN, TIMED)?);
            bare_time.push(programs.wall(curl, BARE, TIMED)?);
            threads_same_time.push(programs.wall(curl, THREADS, TIMED_BY_THREADS)? / THREAD_COUNT);
        }
    }
    let time = |times| Figure::Time(median(times));
    let others = curl.as_ref().map(|_| [time(same_time), time(bare_time)]);
    let (refresh, with_preflight) = (time(ours_time), time(preflight_time));
    let mut lines = compared_with_curl("C ABI: a refresh, time", refresh, others, 1.1);
    lines.push(after_preflight("C ABI: with its preflight, time", with_preflight, refresh));
    // The time of all calls by their number: its inverse are calls a second.
    let same = curl.as_ref().map(|_| ("libcurl, 64 easy handles", time(threads_same_time)));
    let what = "C ABI: 64 threads, all calls' time / calls";
    lines.push(Line { what: String::from(what), ours: time(threads_time), other: same, aim: Some(1.0) });
    match build::find_program("VALGRIND", &["valgrind"]) {
        Some(valgrind) => {
            let count = |program, arguments| programs.instructions(&valgrind, program, arguments);
            let others = match &curl {
                Some(curl) => Some([count(curl, PLAIN)?, count(curl, BARE)?]),
                None => None,
            };
            let refresh = count(&ours, PLAIN)?;
            lines.extend(compared_with_curl("C ABI: a refresh, instructions", refresh, others, 1.0));
            let with_preflight = count(&ours, PREFLIGHT)?;
            lines.push(after_preflight("C ABI: with its preflight, instructions", with_preflight, refresh));
        }
        None => {
            let tool = "Debian's valgrind (or its path in VALGRIND)".to_owned();
            not_measured.push(Missing { what: "instructions of the C ABI", tool });
        }
    }
    lines.extend(sizes(&compiler, bench)?);
    Ok((lines, not_measured))
}

/// What the library takes on the disk and, after a refresh over https, in memory.
fn sizes(compiler: &Path, bench: &Bench) -> Result<Vec<Line>> {
    const MEGABYTE: f64 = 1e6;
    let line = |what: &str, ours, name, limit, aim| Line {
        what: what.into(),
        ours: Figure::Bytes(ours),
        other: Some((name, Figure::Bytes(limit))),
        aim,
    };
    let size = std::fs::metadata(&bench.library).map_err(|error| build::failed(&bench.library, error))?.len();
    let mut lines = vec![line("the library, stripped", size as f64, "4 MB", 4.0 * MEGABYTE, Some(1.0))];
    if cfg!(target_os = "linux") {
        let program = compile(compiler, "resident", |command| {
            command.arg("-ldl");
        })?;
        let sandbox = Sandbox::start(&["--release"], &["--https"])?;
        let ca_file = sandbox.ca_file.as_deref().ok_or("The sandbox names no certificate authority.")?;
        let text = output(command(&program).arg(&bench.library).arg(&sandbox.url).arg(ca_file))?;
        let resident = text.trim().parse().map_err(|_| format!("benches/resident.c gave no figure, but: {text}"))?;
        lines.push(line("resident after a call by https", resident, "5 MB", 5.0 * MEGABYTE, Some(1.0)));
    }
    Ok(lines)
}

/// Our figure with libcurl's for the same and for the minimal request, if available.
fn compared_with_curl(what: &'static str, ours: Figure, others: Option<[Figure; 2]>, aim: f64) -> Vec<Line> {
    let Some([same, bare]) = others else {
        return vec![Line { what: String::from(what), ours, other: None, aim: None }];
    };
    vec![
        Line { what: String::from(what), ours, other: Some(("libcurl, one easy handle", same)), aim: Some(aim) },
        Line { what: String::from(what), ours, other: Some(("libcurl, no gzip, no agent", bare)), aim: None },
    ]
}

/// With one more request on the same connection.
fn after_preflight(what: &'static str, ours: Figure, without: Figure) -> Line {
    Line { what: String::from(what), ours, other: Some(("without, one request", without)), aim: Some(1.9) }
}

pub(super) fn compiler() -> Option<PathBuf> {
    build::find_program("CC", &["cc", "gcc", "clang"])
}

/// A measurement that needs a C compiler.
pub(super) fn no_compiler(what: &'static str) -> Missing {
    Missing { what, tool: "a C compiler, such as Debian's gcc (or its path in CC)".to_owned() }
}

/// Compiles benches/{name}.c.
pub(super) fn compile(compiler: &Path, name: &str, link: impl FnOnce(&mut std::process::Command)) -> Result<PathBuf> {
    let folder = build::root().join("target/bench");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut compile = std::process::Command::new(compiler);
    compile.args(["-O2", "-pthread"]).arg(build::root().join(format!("benches/{name}.c"))).arg("-o").arg(&program);
    link(&mut compile);
    output(&mut compile).map(|_| program)
}

/// The environment of the compiled programs.
pub(super) struct Programs<'a> {
    /// The folder of the library.
    pub(super) folder: &'a Path,
    pub(super) url: &'a str,
}

impl Programs<'_> {
    pub(super) fn run(&self, mut command: std::process::Command, calls: u32, arguments: &[&str]) -> Result<String> {
        command
            .args([self.url, &calls.to_string()])
            .args(arguments)
            .env("LD_LIBRARY_PATH", self.folder)
            .env("DYLD_LIBRARY_PATH", self.folder);
        output(&mut command)
    }

    /// The wall time of one call, from runs with these numbers of calls.
    fn wall(&self, program: &Path, arguments: &[&str], numbers: [u32; 2]) -> Result<Duration> {
        let time = |calls| {
            let begin = Instant::now();
            self.run(command(program), calls, arguments).map(|_| begin.elapsed())
        };
        let [short, long] = numbers.map(time);
        Ok(long?.saturating_sub(short?) / (numbers[1] - numbers[0]))
    }

    /// The instructions of one call, on all threads of the client, without the kernel.
    fn instructions(&self, valgrind: &Path, program: &Path, arguments: &[&str]) -> Result<Figure> {
        let [short, long] = COUNTED.map(|calls| self.count(valgrind, program, calls, arguments));
        let (short, long) = (short?, long?);
        Ok(Figure::Instructions((long - short) / f64::from(COUNTED[1] - COUNTED[0])))
    }

    fn count(&self, valgrind: &Path, program: &Path, calls: u32, arguments: &[&str]) -> Result<f64> {
        let profile = program.with_extension(format!("{calls}.callgrind"));
        let mut command = command(valgrind);
        command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", profile.display())).arg(program);
        self.run(command, calls, arguments)?;
        let text = std::fs::read_to_string(&profile).map_err(|error| format!("{}: {error}", profile.display()))?;
        let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
        totals
            .and_then(|totals| totals.trim().parse().ok())
            .ok_or_else(|| format!("{} has no totals.", profile.display()))
    }
}
