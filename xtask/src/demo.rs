//! Runs the documented example on the sandbox: a refused request, a refresh, and the tenant's log.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::{Result, build};

/// Builds everything, starts a sandbox, and runs the example through PowerShell, or through the C ABI without
/// PowerShell.
pub(crate) fn run() -> Result<()> {
    println!("Building the library and the sandbox ...");
    let (library, sandbox) = build::library_and_sandbox()?;
    let sandbox = Sandbox::start_program(&sandbox, &["--people", "1000"])?;
    println!("A sandbox tenant with 1000 identities listens on {}\n", sandbox.url);
    match build::find_program("PWSH", &["pwsh"]) {
        Some(pwsh) => through_powershell(&pwsh, &library, &sandbox)?,
        None => {
            println!(
                "There is no pwsh on the PATH, so this uses the C ABI. With PowerShell 7.4 or later\n\
                 (https://aka.ms/powershell, or its path in PWSH) cargo demo shows the module.\n"
            );
            through_c(&library, &sandbox)?;
        }
    }
    println!("The refreshes in the log of the tenant:");
    let mut refreshed = 0;
    for arrival in sandbox.log()?.iter().filter(|arrival| !arrival["refreshed"].is_null()) {
        refreshed += 1;
        println!("{}", describe(arrival));
    }
    match refreshed {
        2 => Ok(()),
        number => Err(format!("Two refreshes should have arrived; {number} did.")),
    }
}

fn through_powershell(pwsh: &Path, library: &Path, sandbox: &Sandbox) -> Result<()> {
    let script = build::root().join("examples/demo.ps1");
    let mut command = Command::new(pwsh);
    command
        .args(["-NoProfile", "-NonInteractive", "-File"])
        .arg(script)
        .args(["-BaseUrl", &sandbox.url])
        .env("PSSAILPOINTCC_LIBRARY", library);
    build::run(&mut command)
}

fn through_c(library: &Path, sandbox: &Sandbox) -> Result<()> {
    let folder = library.parent().ok_or("The library lies in no folder.")?;
    let program = build::root().join("target").join(format!("demo{}", std::env::consts::EXE_SUFFIX));
    let compiler = build::find_program("CC", &["cc", "gcc", "clang"])
        .ok_or("There is neither pwsh nor a C compiler (cc, gcc, clang) on the PATH: install one of them.")?;
    let mut compile = Command::new(compiler);
    compile
        .arg(build::root().join("examples/demo.c"))
        .arg("-I")
        .arg(build::root().join("include"))
        .arg("-L")
        .arg(folder)
        .args(["-lpssailpointcc", "-o"])
        .arg(&program);
    build::run(&mut compile)?;
    let mut command = Command::new(&program);
    command.arg(&sandbox.url).env("LD_LIBRARY_PATH", folder).env("DYLD_LIBRARY_PATH", folder);
    build::run(&mut command)
}

/// A refresh in the sandbox's log, as text.
fn describe(arrival: &Value) -> String {
    let refreshed = &arrival["refreshed"];
    let names: Vec<&str> = refreshed["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let who = match refreshed["scope"].as_str() {
        Some("everybody") => format!("refreshed EVERYBODY: {}", text(&refreshed["reason"])),
        Some("chosen") => format!("refreshed {} of its identities: {}", names.len(), names.join(", ")),
        _ => "refreshed nobody".to_owned(),
    };
    format!("  {} {}\n  {}\n  {who}", text(&arrival["method"]), text(&arrival["path"]), text(&arrival["body"]))
}
