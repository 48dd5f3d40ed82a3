//! Packages the module for installation: one script file, and the release library.

use std::path::Path;

use crate::{Result, build};

/// Packages the module in target/module/PSSailpointCC.
pub(crate) fn run() -> Result<()> {
    let source = build::root().join("powershell/PSSailpointCC");
    let target = build::root().join("target/module/PSSailpointCC");
    let library = build::release_library()?;
    package(&source, &target, &library)?;
    println!("{}\n\n    Import-Module {}", target.display(), target.display());
    Ok(())
}

/// Packages the module from its source and a library.
pub(crate) fn package(source: &Path, target: &Path, library: &Path) -> Result<()> {
    if target.exists() {
        std::fs::remove_dir_all(target).map_err(|error| failed(target, error))?;
    }
    let bin = target.join("bin").join(runtime_identifier());
    std::fs::create_dir_all(&bin).map_err(|error| failed(&bin, error))?;
    copy(library, &bin.join(library.file_name().unwrap_or_default()))?;
    // The script apart, because Windows PowerShell must not read it.
    for file in ["PSSailpointCC.psd1", "PSSailpointCC.Format.ps1xml", "Clean.ps1"] {
        copy(&source.join(file), &target.join(file))?;
    }
    let help = target.join("en-US");
    std::fs::create_dir_all(&help).map_err(|error| failed(&help, error))?;
    for file in files(&source.join("en-US"))? {
        copy(&file, &help.join(file.file_name().unwrap_or_default()))?;
    }
    let script = target.join("PSSailpointCC.psm1");
    std::fs::write(&script, one_file(source)?).map_err(|error| failed(&script, error))
}

/// The root script with all functions, instead of the lines that load them one by one.
fn one_file(source: &Path) -> Result<String> {
    const BEGIN: &str = "#region functions";
    const END: &str = "#endregion functions";
    let root = source.join("PSSailpointCC.psm1");
    let text = read(&root)?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{} has no \"{BEGIN}\" and \"{END}\".", root.display()));
    };
    let mut script = text[..begin].to_owned();
    for folder in ["Private", "Public"] {
        for file in files(&source.join(folder))? {
            script.push_str(read(&file)?.trim_end());
            script.push_str("\n\n");
        }
    }
    script.push_str(text[end + END.len()..].trim_start());
    Ok(script)
}

/// .NET's name for this system and processor.
fn runtime_identifier() -> String {
    let system = match std::env::consts::OS {
        "windows" => "win",
        "macos" => "osx",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}-{processor}")
}

/// The files of a folder, sorted, so that the package is reproducible.
fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    let mut files: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| failed(path, error))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).map_err(|error| failed(from, error))
}

fn failed(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
