//! What docs/*.md shows in PowerShell runs: each block of a page is taken from it and run against a sandbox.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pssailpointcc_sandbox::{ACCESS_TOKEN, Endpoint, Fault, FaultKind, Sandbox};
use support::{find_program, library, read, root};

/// Windows PowerShell reads a file without a mark in the system's code page. A path that begins with `$PWD` names no
/// file where the location is on a drive of PowerShell's own, or a share.
#[test]
fn what_is_shown_reads_files_as_utf_8_and_by_paths_that_exist_everywhere() {
    let pages = ["README.md", "CONTRIBUTING.md", "docs", "examples", "powershell/PSSailpointCC"];
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = pages.iter().map(|page| root().join(page)).collect();
    while let Some(path) = folders.pop() {
        match std::fs::read_dir(&path) {
            Ok(entries) => folders.extend(entries.map(|entry| entry.expect("readable").path())),
            Err(_) => files.push(path),
        }
    }
    assert!(files.len() > 30, "{files:?}");
    let mut readers = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}: {line}", file.display(), number + 1);
            let lower = line.to_ascii_lowercase();
            // The module's own $PWD.Provider is no path.
            assert!(!lower.contains("$pwd/") && !lower.contains("$pwd\\") && !lower.contains("${pwd}"), "{place}");
            for reader in ["import-csv ", "get-content ", "gc "] {
                let Some(at) = lower.find(reader) else { continue };
                let command = lower[at..].split('|').next().unwrap_or_default();
                let reads = command.contains(".csv ") || command.contains(".txt ");
                if lower[..at].ends_with(|before: char| before.is_alphanumeric()) || !reads || command.contains(").") {
                    continue;
                }
                readers += 1;
                assert!(command.contains("-encoding utf8"), "{place}");
            }
        }
    }
    assert!(readers >= 4, "{readers}");
}

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
fn the_qualified_names_mean_this_module_beside_another_one_of_the_same_names() {
    let sandbox = Sandbox::start();
    let other = "New-Module -Name PSSailpoint { function Get-Configuration { @{} }; function Invoke-CCRefreshIdentities { throw 'the other' } } | Import-Module #";
    let block =
        block("docs/migration.md", "PSSailpointCC\\Get-Configuration").replace("Import-Module PSSailpoint ", other);
    let request = "$Request = @{ filter = 'uid == \"amelie.roux\"' }";
    let Some(said) = run(&sandbox, &format!("{request}\n{block}\n(Get-Command Get-Configuration).ModuleName")) else {
        return;
    };
    assert_eq!(refreshed(&sandbox), ["amelie.roux"], "{said}");
    assert!(said.contains("PSSailpoint\n") || said.contains("PSSailpoint\r\n"), "the other module came last: {said}");
}

#[test]
fn every_block_of_powershell_in_the_migration_guide_is_run_here() {
    let page = read("docs/migration.md");
    assert_eq!(blocks(&page).count(), 5);
}

/// The one command of docs/bulk.md.
fn bulk() -> String {
    block("docs/bulk.md", "-JournalPath")
}

#[test]
fn a_run_of_thousands_goes_on_after_the_tenant_was_gone_half_way_and_sends_nobody_twice() {
    let sandbox = Sandbox::builder().people(3_000).task_duration(Duration::ZERO).start();
    let directory = people(&sandbox);
    sandbox.fault(Fault::on(Endpoint::Any).kind(FaultKind::Die).skip(11));
    let Some(said) = run_in(&directory, &sandbox, &format!("(Get-Configuration).MaximumRetryCount = 0\n{}", bulk()))
    else {
        return;
    };
    assert!(sandbox.has_died(), "{said}");
    let before = refreshed(&sandbox).len();
    assert!(before > 0 && before < 2_500, "half-way: {before}, {said}");
    sandbox.clear_faults();
    let said = run_in(&directory, &sandbox, &bulk()).unwrap_or_default();
    everybody_once(&sandbox, &said);
    // And a third time there is nothing left to do.
    let requests = sandbox.log().len();
    let said = run_in(&directory, &sandbox, &bulk()).unwrap_or_default();
    assert!(sandbox.log().len() == requests && said.contains("skipped"), "{said}");
}

#[test]
fn a_run_of_thousands_goes_on_after_it_was_killed_half_way_and_sends_nobody_twice() {
    let sandbox = Sandbox::builder().people(3_000).task_duration(Duration::ZERO).start();
    let directory = people(&sandbox);
    sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Slow).delay(Duration::from_millis(300)).times(0));
    let Some(mut first) = session(&directory, &sandbox, &bulk()) else { return };
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("pwsh starts");
    support::until("the middle of the run", || (refreshed(&sandbox).len() > 1_000).then_some(()));
    first.kill().expect("it runs");
    first.wait().expect("it has ended");
    sandbox.clear_faults();
    let said = run_in(&directory, &sandbox, &bulk()).unwrap_or_default();
    everybody_once(&sandbox, &said);
}

#[test]
fn a_run_of_thousands_goes_on_after_a_right_that_lacked_and_leaves_out_nobody() {
    let sandbox = Sandbox::builder().people(1_500).task_duration(Duration::ZERO).start();
    let directory = people(&sandbox);
    sandbox.fault(Fault::on(Endpoint::Process).status(403).skip(1).times(0));
    let Some(said) = run_in(&directory, &sandbox, &bulk()) else { return };
    assert!(said.contains("Rejected"), "{said}");
    sandbox.clear_faults();
    let said = run_in(&directory, &sandbox, &bulk()).unwrap_or_default();
    everybody_once(&sandbox, &said);
}

#[test]
fn every_block_of_powershell_in_the_bulk_page_is_run_here() {
    assert_eq!(blocks(&read("docs/bulk.md")).count(), 1);
}

/// A folder with a file of everybody who can be found.
fn people(sandbox: &Sandbox) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("bulk-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).expect("a folder");
    let lines = names(sandbox).into_iter().map(|name| format!("\"{}\"\n", name.replace('"', "\"\"")));
    std::fs::write(directory.join("people.csv"), format!("uid\n{}", lines.collect::<String>())).expect("a file");
    directory
}

/// Those whom search knows.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let all = sandbox.identities().into_iter();
    all.filter(|person| person.correlated).map(|person| person.name).collect()
}

/// Everybody has been refreshed, and nobody twice.
fn everybody_once(sandbox: &Sandbox, said: &str) {
    let mut all = names(sandbox);
    all.sort();
    assert_eq!(refreshed(sandbox), all, "{said}");
}

/// What a session prints that has this tenant in its environment; nothing where there is no `pwsh`, which the end of
/// `cargo test` says.
fn run(sandbox: &Sandbox, script: &str) -> Option<String> {
    run_in(root(), sandbox, script)
}

/// The same in a folder.
fn run_in(directory: &Path, sandbox: &Sandbox, script: &str) -> Option<String> {
    let output = session(directory, sandbox, script)?.output().expect("pwsh starts");
    Some(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

fn session(directory: &Path, sandbox: &Sandbox, script: &str) -> Option<Command> {
    let pwsh = find_program("PWSH", &["pwsh"])?;
    let module = root().join("powershell/PSSailpointCC");
    let script = format!("Import-Module '{}'\n{}", module.display(), script.replace("YOUR_ACCESS_TOKEN", ACCESS_TOKEN));
    let mut command = Command::new(pwsh);
    command
        .args(["-NoProfile", "-NonInteractive", "-Command", &script])
        .current_dir(directory)
        .env("PSSAILPOINTCC_LIBRARY", library())
        .env("SAIL_BASE_URL", sandbox.url())
        .env("SAIL_CLIENT_ID", "sandbox-client")
        .env("SAIL_CLIENT_SECRET", "sandbox-secret")
        .env("NO_COLOR", "1");
    Some(command)
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

#[test]
fn every_promise_of_the_security_policy_names_the_tests_that_hold_it() {
    let text = std::fs::read_to_string(root().join("SECURITY.md")).expect("SECURITY.md");
    let section =
        |from: &str, to: &str| text.split(from).nth(1).and_then(|rest| rest.split(to).next()).expect("a section");
    let promises: Vec<&str> = section("## Promises", "## Not promised").split("\n- **").skip(1).collect();
    assert!(promises.len() >= 7, "{promises:?}");
    for promise in promises {
        let files: Vec<&str> = promise.split('`').filter(|part| part.starts_with("tests/")).collect();
        assert!(!files.is_empty(), "no test: {promise}");
        for file in files {
            assert!(root().join(file).is_file(), "{file} does not exist: {promise}");
        }
    }
}
