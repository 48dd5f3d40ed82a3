//! Uses the packages for this machine as their users do, on a sandbox tenant: unpacked, and without the clone.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::archive::{Content, Entry};
use super::library::Library;
use super::sdk;
use crate::sandbox::Sandbox;
use crate::{Result, build};

/// How the examples are compiled from the unpacked archive: name, module of pkg-config, and whether nothing is shared.
const LINKS: [(&str, &str, bool); 3] = [
    ("shared", "pssailpointcc", false),
    ("static", "pssailpointcc-static", false),
    ("all-static", "pssailpointcc", true),
];

/// Builds programs with the archive for C, and installs the module in every way; says what it could not try.
pub(crate) fn run(library: &Library, files: &[Entry], nupkg: &Path) -> Result<()> {
    let folder = super::library::folder().join("trial");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| build::failed(&folder, error))?;
    }
    unpack(files, &folder)?;
    let kit = folder.join(sdk::name(library));
    let mut missing = Vec::new();
    let mut programs = Vec::new();
    programs.extend(by_pkg_config(&kit, &folder, &mut missing)?);
    programs.extend(by_cmake(&kit, &folder, &mut missing)?);
    let sandbox = Sandbox::start(&[], &["--rate-limit", "0"])?;
    let libraries = kit.join(if cfg!(windows) { "bin" } else { "lib" });
    for program in &programs {
        sandbox.clear_log()?;
        let mut command = Command::new(program);
        command.env("SAIL_BASE_URL", &sandbox.url);
        command.env("SAIL_CLIENT_ID", "sandbox-client").env("SAIL_CLIENT_SECRET", "sandbox-secret");
        command.env("LD_LIBRARY_PATH", &libraries).env("DYLD_LIBRARY_PATH", &libraries);
        if cfg!(windows) {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let path = std::env::join_paths([libraries.clone()].into_iter().chain(std::env::split_paths(&path)));
            command.env("PATH", path.map_err(|error| error.to_string())?);
        }
        build::output(&mut command)?;
        let refreshed: Vec<_> = sandbox.log()?.into_iter().filter(|arrival| !arrival["refreshed"].is_null()).collect();
        if refreshed.len() != 1 || refreshed[0]["refreshed"]["names"] != serde_json::json!(["amelie.roux"]) {
            return Err(format!("{} has refreshed not amelie.roux alone: {refreshed:?}", program.display()));
        }
        println!("  ok: {} refreshes", program.strip_prefix(&folder).unwrap_or(program).display());
    }
    match build::find_program("PWSH", &["pwsh"]) {
        Some(pwsh) => {
            let installed = folder.join("installed");
            std::fs::create_dir_all(&installed).map_err(|error| build::failed(&installed, error))?;
            let mut command = Command::new(pwsh);
            command
                .args(["-NoProfile", "-NonInteractive", "-File"])
                .arg(build::root().join("tests/package/install.ps1"));
            command.args(["-Url", &sandbox.url, "-Package"]).arg(nupkg).arg("-Folder").arg(&installed);
            build::run(command.env_remove("PSSAILPOINTCC_LIBRARY"))?;
        }
        None => missing.push("the module: PowerShell (https://aka.ms/powershell)"),
    }
    for line in &missing {
        println!("  NOT RUN: {line}");
    }
    match std::env::var_os("CC_REQUIRE_PWSH").is_some() && !missing.is_empty() {
        true => Err("CC_REQUIRE_PWSH is set, so this is a failure.".to_owned()),
        false => Ok(()),
    }
}

fn unpack(files: &[Entry], folder: &Path) -> Result<()> {
    for file in files {
        let path = folder.join(&file.path);
        match &file.content {
            Content::File(bytes) => build::write(&path, bytes)?,
            #[cfg(unix)]
            Content::Link(target) => {
                std::os::unix::fs::symlink(target, &path).map_err(|error| build::failed(&path, error))?;
            }
            #[cfg(not(unix))]
            Content::Link(target) => {
                return Err(format!("{} -> {target}: no package for Windows has links.", file.path));
            }
        }
    }
    Ok(())
}

fn by_pkg_config(kit: &Path, folder: &Path, missing: &mut Vec<&'static str>) -> Result<Vec<PathBuf>> {
    let (c, cpp) =
        (build::find_program("CC", &["cc", "gcc", "clang"]), build::find_program("CXX", &["c++", "g++", "clang++"]));
    let (Some(c), Some(cpp), Some(pkg_config)) =
        (c, cpp, build::find_program("PKG_CONFIG", &["pkg-config", "pkgconf"]))
    else {
        missing.push("the C and C++ programs by pkg-config: cc, c++, pkg-config");
        return Ok(Vec::new());
    };
    let mut programs = Vec::new();
    for (name, module, all_static) in LINKS {
        // A Mac has no static C library.
        if all_static && !cfg!(target_os = "linux") {
            continue;
        }
        let mut ask = Command::new(&pkg_config);
        ask.args(["--cflags", "--libs"]).args(all_static.then_some("--static")).arg(module);
        let arguments = build::output(ask.env("PKG_CONFIG_PATH", kit.join("lib/pkgconfig")))?;
        for (compiler, standard, language) in [(&c, "-std=c11", "c"), (&cpp, "-std=c++17", "cpp")] {
            let program = folder.join(format!("{language}-{name}"));
            let mut compile = Command::new(compiler);
            compile.arg(standard).arg(kit.join(format!("share/doc/pssailpointcc/examples/refresh.{language}")));
            compile.args(arguments.split_whitespace()).args(all_static.then_some("-static")).arg("-o").arg(&program);
            build::output(&mut compile)?;
            programs.push(program);
        }
    }
    Ok(programs)
}

fn by_cmake(kit: &Path, folder: &Path, missing: &mut Vec<&'static str>) -> Result<Vec<PathBuf>> {
    let Some(cmake) = build::find_program("CMAKE", &["cmake"]) else {
        missing.push("the C and C++ programs by find_package: cmake");
        return Ok(Vec::new());
    };
    let built = folder.join("cmake");
    let mut configure = Command::new(&cmake);
    configure.arg("-S").arg(build::root().join("tests/package")).arg("-B").arg(&built);
    configure.arg(format!("-DCMAKE_PREFIX_PATH={}", kit.display())).arg("-DCMAKE_BUILD_TYPE=Release");
    configure.arg(format!("-DEXAMPLES={}", kit.join("share/doc/pssailpointcc/examples").display()));
    build::output(configure.arg(format!("-DVERSION={}", env!("CARGO_PKG_VERSION"))))?;
    build::output(Command::new(&cmake).arg("--build").arg(&built).args(["--config", "Release"]))?;
    let names = ["c_pssailpointcc", "c_static", "cpp_pssailpointcc", "cpp_static"];
    let names = names.map(|name| format!("{name}{}", std::env::consts::EXE_SUFFIX));
    Ok(names.map(|name| if cfg!(windows) { built.join("Release").join(name) } else { built.join(name) }).into())
}
