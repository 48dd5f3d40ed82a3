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
    for major in majors {
        let output = Command::new(&pwsh)
            .args(["-NoProfile", "-NonInteractive", "-File"])
            .arg(root().join("tests/powershell/Run.ps1"))
            .args(["-PesterVersion", major])
            .env("PSSAILPOINTCC_LIBRARY", library())
            .env("PSSAILPOINTCC_SANDBOX", sandbox_program())
            .env("NO_COLOR", "1")
            .output()
            .expect("pwsh starts");
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "Pester {major} reports failures (above)");
        assert!(
            text.contains("passed, 0 failed") && !text.contains("\n0 passed"),
            "Pester {major} has run nothing (above)"
        );
    }
}
