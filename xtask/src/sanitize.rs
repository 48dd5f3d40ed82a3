//! Runs the library's tests with AddressSanitizer, which finds what valgrind does not see inside the Rust code.

use std::process::Command;

use crate::{Result, build};

/// The tests that pass most input through the boundary and the threads. The others start the shared library or programs
/// that are not built for the sanitizer.
const TESTS: [&str; 4] = ["hostile", "operations", "secrets", "stream"];

pub(crate) fn run() -> Result<()> {
    // The toolchain is chosen by the proxy of rustup, not by the cargo that runs this.
    let mut command = Command::new("cargo");
    command
        .arg("+nightly")
        .args(["test", "--package", "pssailpointcc", "--lib", "--target", TARGET, "--target-dir", "target/sanitize"])
        .args(TESTS.iter().flat_map(|test| ["--test", *test]))
        .current_dir(build::root())
        .env("RUSTFLAGS", "-Zsanitizer=address")
        // What lives as long as the process is no leak; the C tests look for the others.
        .env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=1");
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTC_WRAPPER"] {
        command.env_remove(name);
    }
    build::run(&mut command)
}

const TARGET: &str = "x86_64-unknown-linux-gnu";
