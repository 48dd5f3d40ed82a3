//! Runs the Pester tests (tests/powershell) on every Pester that is installed.

mod support;

use std::process::Command;

use support::{find_program, library, root, sandbox_program};

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
    let majors: Vec<&str> =
        ["5", "6"].into_iter().filter(|major| installed.split_whitespace().any(|m| m == *major)).collect();
    assert!(!majors.is_empty(), "pwsh has neither Pester 5 nor 6: Install-Module Pester -Scope CurrentUser");
    // On Pester's versions by turns: a run for each would take minutes.
    let turns = majors.iter().cycle();
    let retired = ["404", "405", "410", "401"].into_iter().map(Some).zip(turns);
    for (retired, major) in majors.iter().map(|major| (None, major)).chain(retired) {
        let mut command = Command::new(&pwsh);
        command
            .args(["-NoProfile", "-NonInteractive", "-File"])
            .arg(root().join("tests/powershell/Run.ps1"))
            .args(["-PesterVersion", major])
            .env("PSSAILPOINTCC_LIBRARY", library())
            .env("PSSAILPOINTCC_SANDBOX", sandbox_program())
            .env("NO_COLOR", "1");
        let mut run = format!("Pester {major}");
        if let Some(status) = retired {
            command.args(["-Retired", status]);
            run.push_str(&format!(" on tenants whose /cc answers {status}"));
        }
        let output = command.output().expect("pwsh starts");
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{run} reports failures (above)");
        assert!(text.contains("passed, 0 failed") && !text.contains("\n0 passed"), "{run} has run nothing (above)");
    }
}
