//! Runs the Pester tests (tests/powershell) on every Pester that is installed.

mod support;

use std::path::Path;
use std::process::Command;
use std::thread;

use support::{find_program, library, root, sandbox_program};

/// On each Pester: tenants as they are, and then either tenants with their `/cc` shut down, or the module in its branch for
/// Windows PowerShell. Not both on each: that would take minutes.
const RUNS: [(&str, &[&[&str]]); 2] = [("5", &[&[], &["-Desktop"]]), ("6", &[&[], &["-Retired", "404"]])];

/// Without `pwsh` nothing is run, which the end of `cargo test` says; `CC_REQUIRE_PWSH=1` makes it a failure.
#[test]
fn every_pester_test_passes() {
    let Some(pwsh) = find_program("PWSH", &["pwsh"]) else {
        assert!(
            std::env::var_os("CC_REQUIRE_PWSH").is_none(),
            "CC_REQUIRE_PWSH is set, and there is no pwsh on the PATH"
        );
        return;
    };
    let installed = Command::new(&pwsh)
        .args(["-NoProfile", "-NonInteractive", "-Command", "(Get-Module -ListAvailable Pester).Version.Major"])
        .output()
        .expect("pwsh starts");
    let installed = String::from_utf8_lossy(&installed.stdout).into_owned();
    let runs: Vec<_> =
        RUNS.iter().filter(|(major, _)| installed.split_whitespace().any(|installed| installed == *major)).collect();
    assert!(!runs.is_empty(), "pwsh has neither Pester 5 nor 6: Install-Module Pester -Scope CurrentUser");
    let failures: Vec<String> = thread::scope(|scope| {
        let pesters = runs.into_iter().map(|(major, arguments)| {
            let pwsh = &pwsh;
            scope.spawn(move || arguments.iter().filter_map(|arguments| run(pwsh, major, arguments).err()).collect())
        });
        let pesters: Vec<_> = pesters.collect();
        pesters.into_iter().flat_map(|pester| pester.join().unwrap_or_else(|_| vec!["a thread".to_owned()])).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs the tests once; otherwise what failed.
fn run(pwsh: &Path, major: &str, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(pwsh);
    command
        .args(["-NoProfile", "-NonInteractive", "-File"])
        .arg(root().join("tests/powershell/Run.ps1"))
        .args(["-PesterVersion", major])
        .args(arguments)
        .env("PSSAILPOINTCC_LIBRARY", library())
        .env("PSSAILPOINTCC_SANDBOX", sandbox_program())
        .env("NO_COLOR", "1");
    let output = command.output().expect("pwsh starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let is_passed = output.status.success() && text.contains("passed, 0 failed") && !text.contains("\n0 passed");
    if is_passed {
        return Ok(());
    }
    // What ends the text says what failed; the rest is long.
    let name = format!("Pester {major} {}", arguments.join(" "));
    println!("{name}:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    let summary = text.rfind(SUMMARY).map_or("It did not reach its end (above).", |at| &text[at + SUMMARY.len()..]);
    Err(format!("{name}:{summary}"))
}

/// What Run.ps1 writes before the failures.
const SUMMARY: &str = "\nFAILURES\n";
