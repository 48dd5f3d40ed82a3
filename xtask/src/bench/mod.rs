//! Benchmarks, as ratios to common tools: the start of PowerShell, Invoke-RestMethod, libcurl.
//!
//! All measurements run on one machine against one sandbox, and compared ones alternate, so that the ratios are stable
//! on slow or busy machines. A new measurement is a new [`Line`] in `module`, `native`, `filter`, `growth` or `bulk`.

mod bulk;
mod filter;
mod growth;
mod module;
mod native;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::Sandbox;
use crate::{Result, build};

use self::table::Line;

/// A measurement that was not possible, and the missing tool.
struct Missing {
    what: &'static str,
    tool: String,
}

/// The inputs of the measurements.
struct Bench {
    sandbox: Sandbox,
    /// The release library.
    library: PathBuf,
    /// The built benches/filter.rs and benches/growth.rs.
    filter: PathBuf,
    growth: PathBuf,
}

/// The lines of one part, and what could not be measured.
type Part = (Vec<Line>, Vec<Missing>);

type Measure = fn(&Bench) -> Result<Part>;

const PARTS: [(&str, Measure); 5] = [
    ("module", module::measure),
    ("native", native::measure),
    ("filter", filter::measure),
    ("growth", growth::measure),
    ("bulk", bulk::measure),
];

/// Measures all parts, or only the named one, and prints the table.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let parts: Vec<_> = PARTS.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if parts.is_empty() {
        let names = PARTS.map(|(name, _)| name).join(", ");
        return Err(format!("There is no part \"{}\" of the benchmark, but {names}.", only.unwrap_or_default()));
    }
    println!("Building the library, the sandbox and the benchmarks in release form ...");
    // First, because this build leaves a library without link-time optimisation.
    let (filter, growth) = (build_bench("filter")?, build_bench("growth")?);
    let library = copy(&build::release_library()?)?;
    // Tasks end at once: thousands of running tasks would slow the sandbox down.
    let sandbox = Sandbox::start(&["--release"], &["--rate-limit", "0", "--task-time", "0"])?;
    let bench = Bench { sandbox, library, filter, growth };
    println!("Measuring; this takes some minutes, and other work on this machine disturbs it ...\n");
    let (mut lines, mut missing) = (Vec::new(), Vec::new());
    for (_, measure) in parts {
        let (measured, not_measured) = measure(&bench)?;
        lines.extend(measured);
        missing.extend(not_measured);
    }
    table::print(&lines);
    for Missing { what, tool } in &missing {
        println!("\nNOT MEASURED: {what}. It needs {tool}.");
    }
    println!("\n{}", machine());
    Ok(())
}

/// A program of benches/.
fn build_bench(name: &str) -> Result<PathBuf> {
    let arguments = ["bench", "--package", "pssailpointcc", "--bench", name, "--no-run"];
    build::cargo(&arguments, name, |path| path.extension().is_none_or(|extension| extension == "exe"))
}

/// A copy that no later build replaces.
fn copy(library: &Path) -> Result<PathBuf> {
    let folder = build::root().join("target/bench");
    let target = folder.join(library.file_name().unwrap_or_default());
    let copied = std::fs::create_dir_all(&folder).and_then(|()| std::fs::copy(library, &target));
    copied.map(|_| target).map_err(|error| format!("{}: {error}", library.display()))
}

/// A command without variables for proxies and tenants, so that it uses the sandbox.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_ascii_uppercase();
        if upper.ends_with("_PROXY") || upper.starts_with("SAIL_") || upper.starts_with("PSSAILPOINTCC_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program, and returns its output.
fn output(command: &mut Command) -> Result<String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{shown} could not be started: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{shown} failed ({}).\n{}", output.status, String::from_utf8_lossy(&output.stderr))),
    }
}

/// The machine of the measurements.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty());
    let load = load.map_or_else(String::new, |load| format!(", load {load}"));
    format!("{} {}, {processors} processors{load}", std::env::consts::OS, std::env::consts::ARCH)
}
