//! Runs the Pester tests (tests/powershell) on every Pester that is installed.

mod support;

use std::path::Path;
use std::process::Command;
use std::thread;

use support::{find_program, library, root, sandbox_program};

/// Which tenants a Pester sees: as they are, then with their `/cc` shut down. Not all of them on each: that would take
/// minutes.
const RUNS: [(&str, [Option<&str>; 3]); 2] =
    [("5", [None, Some("404"), Some("410")]), ("6", [None, Some("405"), Some("401")])];

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
        for (major, tenants) in runs {
            scope.spawn(|| tenants.iter().for_each(|retired| run(&pwsh, major, *retired)));
        }
    });
}

fn run(pwsh: &Path, major: &str, retired: Option<&str>) {
    let mut command = Command::new(pwsh);
    command
        .args(["-NoProfile", "-NonInteractive", "-File"])
        .arg(root().join("tests/powershell/Run.ps1"))
        .args(["-PesterVersion", major])
        .env("PSSAILPOINTCC_LIBRARY", library())
        .env("PSSAILPOINTCC_SANDBOX", sandbox_program())
        .env("NO_COLOR", "1");
    let mut name = format!("Pester {major}");
    if let Some(status) = retired {
        command.args(["-Retired", status]);
        name.push_str(&format!(" on tenants whose /cc answers {status}"));
    }
    let output = command.output().expect("pwsh starts");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{name}:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name} reports failures (above)");
    assert!(text.contains("passed, 0 failed") && !text.contains("\n0 passed"), "{name} has run nothing (above)");
}
