//! Runs the Pester tests (tests/powershell) on every Pester that is installed.

mod support;

use std::path::Path;
use std::process::Command;
use std::thread;

use support::{find_program, library, root, sandbox_program};

/// Which tenants a Pester sees: as they are, then with their `/cc` shut down; and once the module in its branch for
/// Windows PowerShell. Not all of them on each: that would take minutes.
const RUNS: [(&str, &[&[&str]]); 2] =
    [("5", &[&[], &["-Retired", "404"], &["-Desktop"]]), ("6", &[&[], &["-Retired", "405"], &["-Retired", "401"]])];

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
    thread::scope(|scope| {
        for (major, arguments) in runs {
            scope.spawn(|| arguments.iter().for_each(|arguments| run(&pwsh, major, arguments)));
        }
    });
}

fn run(pwsh: &Path, major: &str, arguments: &[&str]) {
    let mut command = Command::new(pwsh);
    command
        .args(["-NoProfile", "-NonInteractive", "-File"])
        .arg(root().join("tests/powershell/Run.ps1"))
        .args(["-PesterVersion", major])
        .args(arguments)
        .env("PSSAILPOINTCC_LIBRARY", library())
        .env("PSSAILPOINTCC_SANDBOX", sandbox_program())
        .env("NO_COLOR", "1");
    let name = format!("Pester {major} {}", arguments.join(" "));
    let output = command.output().expect("pwsh starts");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{name}:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name} reports failures (above)");
    assert!(text.contains("passed, 0 failed") && !text.contains("\n0 passed"), "{name} has run nothing (above)");
}
