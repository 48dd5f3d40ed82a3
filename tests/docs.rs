//! What docs/*.md shows in PowerShell runs: each block of a page is taken from it and run against a sandbox.

mod support;

use std::process::Command;

use pssailpointcc_sandbox::{ACCESS_TOKEN, Endpoint, Sandbox};
use support::{find_program, library, read, root};

#[test]
fn the_script_of_the_documented_page_runs_after_its_import_line_was_changed() {
    let sandbox = Sandbox::start();
    let Some(said) = run(&sandbox, &block("docs/migration.md", "$Configuration = Get-Configuration")) else { return };
    assert_eq!(refreshed(&sandbox), ["amelie.roux"], "{said}");
}

#[test]
fn the_script_of_the_documented_page_runs_on_a_tenant_that_has_lost_the_endpoint() {
    for status in [404, 405, 410, 401] {
        let sandbox = Sandbox::builder().retired(status).start();
        let Some(said) = run(&sandbox, &block("docs/migration.md", "$Configuration = Get-Configuration")) else {
            return;
        };
        assert_eq!(refreshed(&sandbox), ["amelie.roux"], "{status}: {said}");
        assert!(sandbox.refreshes().iter().all(|refresh| refresh.by == Endpoint::Process), "{status}: {said}");
    }
}

#[test]
fn what_a_broken_filter_was_meant_to_say_is_said_by_names() {
    let sandbox = Sandbox::start();
    let script = block("docs/migration.md", "-Identity amelie.roux, john.smith");
    let Some(said) = run(&sandbox, &script) else { return };
    assert_eq!(refreshed(&sandbox), ["amelie.roux", "john.smith"], "{said}");
}

#[test]
fn an_explicit_no_is_refused_by_the_successor_until_it_is_allowed_for_the_session() {
    let sandbox = Sandbox::builder().retired(410).start();
    let call = "Invoke-CCRefreshIdentities -Filter 'uid == \"amelie.roux\"' -RefreshArgs @{ promoteAttributes = $true; provision = $false }";
    let Some(said) = run(&sandbox, &format!("try {{ {call} }} catch {{ $_.Exception.Data['code'] }}")) else { return };
    assert!(said.contains("unsupported_argument"), "{said}");
    assert_eq!(refreshed(&sandbox), [""; 0], "{said}");
    let allowed = block("docs/migration.md", "-AllowBroader");
    let said = run(&sandbox, &format!("{allowed}\n{call}")).unwrap_or_default();
    assert_eq!(refreshed(&sandbox), ["amelie.roux"], "{said}");
    assert!(said.contains("WARNING:") && said.contains("provision"), "{said}");
}

#[test]
fn the_way_to_look_before_sends_nothing_and_names_people() {
    let sandbox = Sandbox::start();
    let Some(said) = run(&sandbox, &block("docs/migration.md", "-Backend process -WhatIf")) else { return };
    assert!(said.contains("What if: Refresh"), "{said}");
    assert_eq!(refreshed(&sandbox), [""; 0], "{said}");
}

#[test]
fn every_block_of_powershell_in_the_migration_guide_is_run_here() {
    let page = read("docs/migration.md");
    assert_eq!(blocks(&page).count(), 4);
}

/// What a session prints that has this tenant in its environment; nothing where there is no `pwsh`, which the end of
/// `cargo test` says.
fn run(sandbox: &Sandbox, script: &str) -> Option<String> {
    let pwsh = find_program("PWSH", &["pwsh"])?;
    let import = "Import-Module ./powershell/PSSailpointCC\n";
    let script = format!("{import}{}", script.replace("YOUR_ACCESS_TOKEN", ACCESS_TOKEN));
    let output = Command::new(pwsh)
        .args(["-NoProfile", "-NonInteractive", "-Command", &script])
        .current_dir(root())
        .env("PSSAILPOINTCC_LIBRARY", library())
        .env("SAIL_BASE_URL", sandbox.url())
        .env("SAIL_CLIENT_ID", "sandbox-client")
        .env("SAIL_CLIENT_SECRET", "sandbox-secret")
        .env("NO_COLOR", "1")
        .output()
        .expect("pwsh starts");
    Some(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// Whom the tenant has refreshed, in order of their names.
fn refreshed(sandbox: &Sandbox) -> Vec<String> {
    let mut names: Vec<String> = sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).collect();
    names.sort();
    names
}

/// The block of PowerShell on a page that has this text in it.
fn block(page: &str, part: &str) -> String {
    let text = read(page);
    let found = blocks(&text).find(|block| block.contains(part)).map(str::to_owned);
    found.unwrap_or_else(|| panic!("{page} has no block with {part}"))
}

fn blocks(page: &str) -> impl Iterator<Item = &str> {
    page.split("```powershell\n").skip(1).filter_map(|rest| rest.split("```").next())
}
