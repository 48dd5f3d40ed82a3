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
    build(cargo_command(), arguments, package, wanted)
}

fn build(mut command: Command, arguments: &[&str], package: &str, wanted: impl Fn(&Path) -> bool) -> Result<PathBuf> {
    command.args(arguments);
    // The message format must precede the arguments of rustc.
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    file(&messages(&mut command)?, package, wanted)
        .ok_or_else(|| format!("cargo {} has built no such file.", arguments.join(" ")))
}

/// Builds the library and the sandbox for development. At once, because each alone needs other features of the same
/// crates, which would be built twice.
pub(crate) fn library_and_sandbox() -> Result<(PathBuf, PathBuf)> {
    let mut command = cargo_command();
    command.args(["build", "--package", "pssailpointcc", "--package", "pssailpointcc-sandbox", "--lib", "--bins"]);
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let messages = messages(&mut command)?;
    let library = file(&messages, "pssailpointcc", is_shared_library).ok_or("cargo has built no library.")?;
    let sandbox = file(&messages, "pssailpointcc-sandbox", is_program).ok_or("cargo has built no sandbox.")?;
    Ok((library, sandbox))
}

/// The file of a package that `wanted` accepts, of those that cargo reports.
fn file(messages: &[Value], package: &str, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let mut files = messages.iter().filter(|message| message["target"]["name"] == package).flat_map(|message| {
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().chain([message["executable"].clone()])
    });
    files.find_map(|file| file.as_str().map(PathBuf::from).filter(|path| wanted(path)))
}

/// The cargo that runs this program.
pub(crate) fn cargo_command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    forget_own_package(&mut command);
    command
}

/// Removes the variables that `cargo run` sets for xtask. ring's build script depends on them: if they changed between
/// a nested cargo and one started by hand, ring and all its dependents would be rebuilt each time.
pub(crate) fn forget_own_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
}

/// What a cargo reports as JSON.
pub(crate) fn messages(command: &mut Command) -> Result<Vec<Value>> {
    let text = output(command)?;
    Ok(text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect())
}

/// What a program prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.output().map_err(|error| format!("{shown} could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown} failed ({}). {}", output.status, String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command with its first arguments.
fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args()).take(3);
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Where cargo keeps the sources of crates.
pub(crate) fn cargo_home() -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// The shared library: `so`, `dylib` or `dll`.
pub(crate) fn is_shared_library(path: &Path) -> bool {
    matches!(path.extension().and_then(|extension| extension.to_str()), Some("so" | "dylib" | "dll"))
}

pub(crate) fn is_program(path: &Path) -> bool {
    path.extension().is_none_or(|extension| extension == "exe")
}

/// Paths of this machine, and what stands in their place in a library.
pub(crate) fn renamed_paths() -> [(PathBuf, &'static str); 2] {
    [(cargo_home(), "/cargo"), (root().to_owned(), "/pssailpointcc")]
}

/// Builds the library as it is packaged, and alone: an rlib built with it would turn link-time optimisation off.
pub(crate) fn release_library() -> Result<PathBuf> {
    let renamed = renamed_paths().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let mut command = cargo_command();
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", renamed.join("\u{1f}"));
    let arguments = ["rustc", "--package", "pssailpointcc", "--lib", "--profile", "ship", "--crate-type", "cdylib"];
    build(command, &arguments, "pssailpointcc", is_shared_library)
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

/// The files of a folder, sorted.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_file()).collect())
}

/// The folders of a folder, sorted.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| failed(path, error))
}

pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| failed(path, error))
}

/// Writes a file, and makes its folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    }
    std::fs::write(path, bytes).map_err(|error| failed(path, error))
}

pub(crate) fn failed(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
