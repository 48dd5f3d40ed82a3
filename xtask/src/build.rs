//! Building with cargo, and finding programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Result;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root")
}

/// Runs cargo with `arguments`, with its output on the terminal. Returns the file of `package` that `wanted` accepts.
pub(crate) fn cargo(arguments: &[&str], package: &str, wanted: impl Fn(&Path) -> bool) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root());
    // `cargo run` sets these variables for xtask. ring's build script depends on them: if they changed between a nested
    // cargo and one started by hand, ring and all its dependents would be rebuilt each time.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    // The message format must precede the arguments of rustc.
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo {} failed.", arguments.join(" ")));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut files = messages.filter(|message| message["target"]["name"] == package).flat_map(|message| {
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().chain([message["executable"].clone()])
    });
    files
        .find_map(|file| file.as_str().map(PathBuf::from).filter(|path| wanted(path)))
        .ok_or_else(|| format!("cargo {} has built no such file.", arguments.join(" ")))
}

/// The shared library: `so`, `dylib` or `dll`.
pub(crate) fn is_shared_library(path: &Path) -> bool {
    matches!(path.extension().and_then(|extension| extension.to_str()), Some("so" | "dylib" | "dll"))
}

/// Builds the release library alone: an rlib built with it would turn link-time optimisation off.
pub(crate) fn release_library() -> Result<PathBuf> {
    let arguments = ["rustc", "--package", "pssailpointcc", "--lib", "--release", "--crate-type", "cdylib"];
    cargo(&arguments, "pssailpointcc", is_shared_library)
}

/// The program named by the variable, or the first of `names` on the PATH.
pub(crate) fn find_program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file())
    })
}

/// Runs a program, with its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown} failed ({status}).")),
        Err(error) => Err(format!("{shown} could not be started: {error}")),
    }
}
