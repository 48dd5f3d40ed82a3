//! Runs the library's tests with AddressSanitizer, which finds what valgrind does not see inside the Rust code.

use crate::{Result, build};

/// The tests that pass most input through the boundary and the threads. The others start the shared library or programs
/// that are not built for the sanitizer.
const TESTS: [&str; 4] = ["hostile", "operations", "secrets", "stream"];

/// Whether this system has what it needs.
pub(crate) const IS_POSSIBLE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

pub(crate) fn run() -> Result<()> {
    if !IS_POSSIBLE {
        return Err("cargo xtask sanitize needs Linux on x86-64.".to_owned());
    }
    let mut command = build::cargo_command();
    command
        .args(["test", "--package", "pssailpointcc", "--lib", "--target", TARGET, "--target-dir", "target/sanitize"])
        .args(TESTS.iter().flat_map(|test| ["--test", *test]))
        // The stable toolchain has the sanitizer's runtime, and only the option is unstable.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        // What lives as long as the process is no leak; the C tests look for the others.
        .env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=1");
    build::run(&mut command)
}

const TARGET: &str = "x86_64-unknown-linux-gnu";
