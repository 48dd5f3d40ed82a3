//! The project's own commands: `cargo xtask help` lists them.

#[cfg(feature = "package")]
mod automation;
#[cfg(feature = "package")]
mod bench;
#[cfg_attr(not(feature = "package"), allow(dead_code, reason = "the other commands need it"))]
mod build;
mod demo;
#[cfg(feature = "package")]
mod package;
#[cfg_attr(not(feature = "package"), allow(dead_code, reason = "the other commands need it"))]
mod sandbox;
#[cfg(feature = "package")]
mod sanitize;
#[cfg(feature = "package")]
mod soak;

use std::process::ExitCode;

/// The result of a command; the error text is printed.
type Result<T> = std::result::Result<T, String>;

const HELP: &str = "\
cargo xtask COMMAND

  demo      builds everything, starts a sandbox tenant and runs the documented example on it (also: cargo demo)
  module    builds the module for this machine in target/module/PSSailpointCC
  package   builds packages for all systems in target/package: the module, and archives for C and C++
              --target NAME,...    only for these: linux-x64, linux-arm64, linux-musl-x64, linux-musl-arm64, win-x64,
                                   win-arm64, osx-x64, osx-arm64
              --require NAME,...   fails if these are not built; other targets that cannot be built here are listed
              --built              builds no library, but packs those of target/package that were built from these sources
              --same-as FILE       fails if the checksums are not those of another build
              --try                compiles programs with this machine's packages, and installs the module
  bench     compares module and library with Invoke-RestMethod and libcurl, in one run, as ratios; or only one part:
            module, native, filter, growth, bulk
  soak      runs threads, cancels, faults and removals against a sandbox tenant: --seconds N (60), --seed N
  sanitize  runs some of the library's tests with AddressSanitizer: needs Linux on x86-64
  ci        formatting, lints, all tests, and a minute each of fuzzing, soak and sanitizer
  tools     installs what tests and packages need, for the workflows: --powershell VERSION, --packages
  release   draft TAG: a draft release of target/package; publish TAG: its module, in the PowerShell Gallery
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.first().map(String::as_str) {
        Some("demo") => demo::run(),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(command) => run(command, &arguments[1..]),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "package")]
fn run(command: &str, arguments: &[String]) -> Result<()> {
    match command {
        "module" => package::module(),
        "package" => package::run(arguments),
        "bench" => bench::run(arguments.first().map(String::as_str)),
        "sanitize" => sanitize::run(),
        "soak" => soak::run(arguments.iter().cloned()),
        "ci" => automation::ci(),
        "tools" => automation::tools(arguments),
        "release" => automation::release(arguments),
        other => Err(format!("There is no command \"{other}\".\n\n{HELP}")),
    }
}

/// `cargo demo` builds this program without the other commands.
#[cfg(not(feature = "package"))]
fn run(command: &str, _: &[String]) -> Result<()> {
    Err(format!("cargo demo has no argument \"{command}\". The other commands are those of cargo xtask.\n\n{HELP}"))
}
