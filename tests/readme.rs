//! The README shows programs that run: each is taken from it and run against a sandbox.

mod support;

use std::process::Command;

use pssailpointcc_sandbox::Sandbox;
use support::{find_program, library, read, root};

/// The blocks of this language, one behind the other.
fn blocks(text: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks: String = text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty(), "a block of {language}");
    blocks
}

#[test]
fn the_c_program_is_the_example_that_the_c_tests_run() {
    let shown = blocks(&read("README.md"), "c");
    assert!(read("examples/refresh.c").ends_with(&shown), "README.md and examples/refresh.c differ");
}

#[test]
fn the_powershell_that_is_shown_refreshes_one_person_by_filter_and_by_name_and_names_others() {
    let Some(pwsh) = find_program("PWSH", &["pwsh"]) else { return };
    let sandbox = Sandbox::start();
    let output = Command::new(pwsh)
        .args(["-NoProfile", "-NonInteractive", "-Command", &blocks(&read("README.md"), "powershell")])
        .current_dir(root())
        // As if it were installed.
        .env("PSModulePath", root().join("powershell"))
        .env("PSSAILPOINTCC_LIBRARY", library())
        .env("SAIL_BASE_URL", sandbox.url())
        .env("SAIL_CLIENT_ID", "sandbox-client")
        .env("SAIL_CLIENT_SECRET", "sandbox-secret")
        .env("NO_COLOR", "1")
        .output()
        .expect("pwsh starts");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let refreshes = sandbox.refreshes();
    assert_eq!(refreshes.len(), 3, "{text}");
    assert!(refreshes.iter().all(|refresh| refresh.names == ["amelie.roux"]), "{text}");
    for part in [
        "QUEUED",
        "Accepted",
        "no.such.person",
        "department == \"Sales\" && inactive == false",
        "What if: Refresh",
        "DisplayName",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_message_that_the_readme_shows_is_the_one_that_is_written() {
    let Some(pwsh) = find_program("PWSH", &["pwsh"]) else { return };
    let readme = read("README.md");
    let shown = blocks(&readme, "text");
    let (command, message) = shown.split_once("\n\n").expect("a command and its answer");
    let command = command.strip_prefix("PS> ").expect("a prompt");
    let output = Command::new(pwsh)
        .args(["-NoProfile", "-NonInteractive", "-Command"])
        .arg(format!("Import-Module ./powershell/PSSailpointCC; try {{ {command} }} catch {{ $_.ErrorDetails.Message; $_.ErrorDetails.RecommendedAction }}"))
        .current_dir(root())
        .env("PSSAILPOINTCC_LIBRARY", library())
        .env("NO_COLOR", "1")
        .output()
        .expect("pwsh starts");
    let written = String::from_utf8_lossy(&output.stdout);
    let bare =
        |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let shown = bare(message.replace("Invoke-CCRefreshIdentities: ", "").replace("  Recommendation:\n", "").as_str());
    assert_eq!(bare(&written), shown);
}
