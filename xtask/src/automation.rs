//! What the workflows of .github run. Each of their steps is one of these commands, or one that people run too.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::{Result, build, package, sanitize, soak};

/// Formatting, lints, all tests, and a minute of each of the longer proofs.
pub(crate) fn ci() -> Result<()> {
    for arguments in ["fmt --all --check", "clippy --workspace --all-targets -- -D warnings", "test"] {
        build::run(build::cargo_command().args(arguments.split(' ')))?;
    }
    // The filter's fuzz target, on stable: the same checks as `cargo fuzz run filter`, for a minute.
    let fuzz = ["test", "--package", "pssailpointcc", "--test", "filter_fuzz"];
    build::run(build::cargo_command().args(fuzz).env("FUZZ_SECONDS", "60"))?;
    if cfg!(target_os = "linux") {
        soak::run(["--seconds", "60"].map(str::to_owned).into_iter())?;
    }
    if sanitize::IS_POSSIBLE { sanitize::run() } else { Ok(()) }
}

/// Installs tools on a runner of the workflows.
pub(crate) fn tools(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--powershell", version] => {
            if cfg!(target_os = "linux") {
                program("sudo", "apt-get update -qq")?;
                program("sudo", "apt-get install -y -qq --no-install-recommends gcc g++ cmake pkg-config valgrind")?;
            }
            let pwsh = powershell(version)?;
            for range in ["-MinimumVersion 5.5 -MaximumVersion 5.99", "-MinimumVersion 6.0"] {
                // 6 does not run on Windows PowerShell.
                if version != "5.1" || range.contains("5.99") {
                    let script = format!("Install-Module Pester {range} -Scope CurrentUser -Force -SkipPublisherCheck");
                    build::run(Command::new(&pwsh).args(["-NoProfile", "-NonInteractive", "-Command", &script]))?;
                }
            }
            Ok(())
        }
        ["--packages"] if cfg!(target_os = "linux") => {
            program("sudo", "apt-get update -qq")?;
            let packages = "gcc g++ cmake pkg-config gcc-mingw-w64-x86-64-win32";
            program("sudo", &format!("apt-get install -y -qq --no-install-recommends {packages}"))?;
            let mut pip = Command::new("pip");
            // A runner is used once.
            pip.args(["install", "--quiet", "cargo-zigbuild", "ziglang"]).env("PIP_BREAK_SYSTEM_PACKAGES", "1");
            build::run(&mut pip)?;
            program("rustup", &format!("target add {}", package::triples(|name| !name.starts_with("osx"))))
        }
        ["--packages"] => {
            program("rustup", &format!("target add {}", package::triples(|name| name.starts_with("osx"))))
        }
        _ => Err("cargo xtask tools takes --powershell VERSION, or --packages.".to_owned()),
    }
}

/// A PowerShell of this version; later steps find it in PWSH.
fn powershell(version: &str) -> Result<PathBuf> {
    let pwsh = if version == "5.1" {
        PathBuf::from("powershell.exe")
    } else {
        let folder = build::root().join("target/powershell");
        let mut install = Command::new("dotnet");
        install.args(["tool", "install", "PowerShell", "--version", &format!("{version}.*"), "--tool-path"]);
        build::run(install.arg(&folder))?;
        folder.join(format!("pwsh{}", std::env::consts::EXE_SUFFIX))
    };
    if let Some(file) = std::env::var_os("GITHUB_ENV").map(PathBuf::from) {
        let opened = std::fs::OpenOptions::new().append(true).open(&file);
        let written = opened.and_then(|mut opened| writeln!(opened, "PWSH={}", pwsh.display()));
        written.map_err(|error| build::failed(&file, error))?;
    }
    Ok(pwsh)
}

/// A draft release, or the publication of one.
pub(crate) fn release(arguments: &[String]) -> Result<()> {
    let [action, tag] = arguments else {
        return Err("cargo xtask release takes draft or publish, and the tag.".to_owned());
    };
    let version = env!("CARGO_PKG_VERSION");
    if *tag != format!("v{version}") {
        return Err(format!("The tag is {tag}, and the version of Cargo.toml is {version}."));
    }
    let folder = build::root().join("target/package");
    match action.as_str() {
        "draft" => {
            let notes = folder.join("notes.md");
            build::write(&notes, package::release_notes()?.as_bytes())?;
            let mut command = Command::new("gh");
            command
                .args(["release", "create", tag, "--draft", "--verify-tag", "--title", tag, "--notes-file"])
                .arg(notes);
            command.args(package::published(&folder)?);
            build::run(&mut command)
        }
        // What was looked at in the draft, and not another build of it.
        "publish" => {
            let file = format!("PSSailpointCC.{version}.nupkg");
            let mut download = Command::new("gh");
            download.args(["release", "download", tag, "--clobber", "--pattern", &file, "--dir"]).arg(&folder);
            build::run(&mut download)?;
            let script = "$ErrorActionPreference = 'Stop'\n\
                          Publish-PSResource -NupkgPath $env:PACKAGE -Repository PSGallery -ApiKey $env:PSGALLERY_KEY";
            let mut publish = Command::new("pwsh");
            publish.args(["-NoProfile", "-NonInteractive", "-Command", script]).env("PACKAGE", folder.join(file));
            build::run(&mut publish)
        }
        other => Err(format!("cargo xtask release takes draft or publish, and not {other}.")),
    }
}

fn program(name: &str, arguments: &str) -> Result<()> {
    build::run(Command::new(name).args(arguments.split_whitespace()))
}
