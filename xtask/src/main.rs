//! The project's own commands: `cargo xtask demo`, `module`, `bench`, `soak`, `sanitize`.

mod bench;
mod build;
mod demo;
mod module;
mod sandbox;
mod sanitize;
mod soak;

use std::process::ExitCode;

/// The result of a command; the error text is printed.
type Result<T> = std::result::Result<T, String>;

const HELP: &str = "\
cargo xtask COMMAND

  demo      builds everything, starts a sandbox tenant and runs the documented example on it (also: cargo demo)
  module    packages the module with the release library in target/module/PSSailpointCC
  bench     compares module and library with Invoke-RestMethod and libcurl, in one run, as ratios; or only one part:
            module, native, filter, bulk
  soak      runs threads, cancels, faults and removals against a sandbox tenant: --seconds N (60), --seed N
  sanitize  runs the library's tests with AddressSanitizer: needs Linux on x86-64 and the toolchain nightly
";

fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    let done = match command.as_deref() {
        Some("demo") => demo::run(),
        Some("module") => module::run(),
        Some("bench") => bench::run(std::env::args().nth(2).as_deref()),
        Some("sanitize") => sanitize::run(),
        Some("soak") => soak::run(std::env::args().skip(2)),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => Err(format!("There is no command \"{other}\".\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
