//! Builds the library for one target, checks it, and keeps it in target/package.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::crates::{self, Id, Linked, hex};
use super::inspect;
use super::target::{Builder, System, Target};
use crate::{Result, build};

/// A library that was built here, or copied here from another machine.
pub(crate) struct Library {
    pub(crate) target: Target,
    pub(crate) shared: Vec<u8>,
    /// Its name tells for which linker it is.
    pub(crate) archive: (String, Vec<u8>),
    /// The version of the compiler, whose standard library it contains.
    pub(crate) rustc: String,
}

/// Where libraries and packages are put.
pub(crate) fn folder() -> PathBuf {
    build::root().join("target/package")
}

/// The number in the name of the shared library.
pub(crate) fn abi() -> Result<u32> {
    let header = build::read(&build::root().join("include/pssailpointcc.h"))?;
    let number = header.lines().find_map(|line| line.strip_prefix("#define CC_ABI_VERSION "));
    number.and_then(|number| number.trim().parse().ok()).ok_or_else(|| "The header has no CC_ABI_VERSION.".to_owned())
}

impl Library {
    /// Builds the library, and refuses it if it must not be shipped.
    pub(crate) fn build(builder: &Builder, portable: bool) -> Result<Self> {
        let target = builder.target;
        println!("Building the library for {} ...", target.name);
        let mut command = builder.cargo();
        command.current_dir(build::root());
        build::forget_own_package(&mut command);
        command.args(["--package", "pssailpointcc", "--lib", "--profile", "ship", "--locked"]);
        command.args(["--crate-type", "cdylib,staticlib", "--message-format=json-render-diagnostics"]);
        let soname = target.shared_library_of_abi(abi()?);
        command
            .env("CARGO_TARGET_DIR", folder().join(if portable { "build" } else { "build-here" }))
            .env("PSSAILPOINTCC_SONAME", &soname)
            .env("ZERO_AR_DATE", "1")
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(builder)?.join("\u{1f}"));
        // For the assembler and C files of ring.
        let maps: Vec<String> =
            renamed_paths(builder).iter().map(|(from, to)| format!("-ffile-prefix-map={from}={to}")).collect();
        if !target.triple().ends_with("msvc") {
            command.env(format!("CFLAGS_{}", target.triple().replace('-', "_")), format!("-g0 {}", maps.join(" ")));
        }
        let messages = build::messages(command.stderr(Stdio::inherit()))?;
        let own = messages.iter().filter(|message| message["target"]["name"] == "pssailpointcc");
        let files: Vec<PathBuf> = own
            .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
            .filter_map(|file| file.as_str().map(PathBuf::from))
            .collect();
        let file = |wanted: &dyn Fn(&str) -> bool| {
            let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let found = files.iter().find(|file| wanted(&name(file))).ok_or("cargo has built no library.")?;
            Ok::<_, String>((name(found), build::bytes(found)?))
        };
        let (_, mut shared) = file(&|name| name == target.shared_library())?;
        if target.is_windows() && builder.needs_zig {
            inspect::clear_times(&mut shared).map_err(|error| format!("{}: {error}", target.shared_library()))?;
        }
        let mut archive = file(&|name| matches!(name, "libpssailpointcc.a" | "pssailpointcc.lib"))?;
        if target.is_windows() && builder.needs_zig {
            inspect::clear_object_names(&mut archive.1);
        }
        let library = Self { target, shared, archive, rustc: builder.rustc_version() };
        library.check(&soname, portable)?;
        complete(builder, &messages)?;
        if portable {
            library.keep()?;
        }
        Ok(library)
    }

    /// A library that was built from these sources before, here or elsewhere.
    pub(crate) fn kept(target: Target) -> Result<Option<Self>> {
        let folder = folder().join(target.name);
        let Ok(text) = std::fs::read_to_string(folder.join("built.json")) else { return Ok(None) };
        let built: Value = serde_json::from_str(&text).map_err(|error| format!("built.json: {error}"))?;
        if built["sources"] != fingerprint()? {
            return Ok(None);
        }
        let text = |member: &str| built[member].as_str().unwrap_or_default().to_owned();
        let archive = (text("archive"), build::bytes(&folder.join(text("archive")))?);
        let shared = build::bytes(&folder.join(target.shared_library()))?;
        let library = Self { target, shared, archive, rustc: text("rustc") };
        library.check(&target.shared_library_of_abi(abi()?), true)?;
        Ok(Some(library))
    }

    fn keep(&self) -> Result<()> {
        let folder = folder().join(self.target.name);
        build::write(&folder.join(self.target.shared_library()), &self.shared)?;
        build::write(&folder.join(&self.archive.0), &self.archive.1)?;
        let built = json!({ "archive": self.archive.0, "rustc": self.rustc, "sources": fingerprint()? });
        build::write(&folder.join("built.json"), format!("{built:#}\n").as_bytes())
    }

    fn check(&self, soname: &str, portable: bool) -> Result<()> {
        let mut faults = inspect::faults(&self.shared, self.target, soname, portable)?;
        let traces = inspect::traces(&self.archive.1);
        faults.extend(
            traces.into_iter().map(|trace| format!("the static library holds a path of this machine: {trace}")),
        );
        if faults.is_empty() {
            return Ok(());
        }
        Err(format!("The library for {} must not be shipped:\n  {}", self.target.name, faults.join("\n  ")))
    }
}

fn rust_flags(builder: &Builder) -> Result<Vec<String>> {
    let renamed = renamed_paths(builder);
    let mut flags: Vec<String> = renamed.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}")).collect();
    match builder.target.triple() {
        "x86_64-pc-windows-gnu" => flags.push("-Clink-arg=-Wl,--no-insert-timestamp".to_owned()),
        "aarch64-pc-windows-gnullvm" => {
            // Without a list every symbol is exported: cargo-zigbuild drops the one of rustc. Its path is relative, because
            // cargo makes names of symbols from the flags.
            const LIST: &str = "target/package/exports.def";
            let names: Vec<String> = inspect::functions_of_the_header()?.into_iter().collect();
            let text = format!("EXPORTS\n    {}\n", names.join("\n    "));
            build::write(&build::root().join(LIST), text.as_bytes())?;
            flags.push(format!("-Clink-arg={LIST}"));
        }
        triple if triple.ends_with("msvc") => flags.push("-Clink-arg=/Brepro".to_owned()),
        _ if builder.target.system == System::Musl => flags.push("-Ctarget-feature=-crt-static".to_owned()),
        _ => {}
    }
    Ok(flags)
}

/// Paths of this machine, and what stands in their place in a library.
fn renamed_paths(builder: &Builder) -> Vec<(String, &'static str)> {
    let mut renamed = Vec::from(build::renamed_paths());
    renamed.extend(builder.std_sources().map(|sources| (sources, "/rust")));
    renamed.into_iter().map(|(path, name)| (path.to_string_lossy().into_owned(), name)).collect()
}

/// Compares what cargo has compiled for the target with what the SBOM lists, which another command has told.
fn complete(builder: &Builder, messages: &[Value]) -> Result<()> {
    let target = builder.target;
    // The list names the standard library as one.
    let std = builder.std_sources().map(|sources| build::read(&sources.join("library/Cargo.lock"))).transpose()?;
    let in_std = crates::of_lock(&std.unwrap_or_default());
    let linked = Linked::of(&[target], BTreeSet::new())?;
    let listed: BTreeSet<&Id> = linked.ids().collect();
    let folder = format!("/{}/", target.triple());
    for message in messages.iter().filter(|message| message["reason"] == "compiler-artifact") {
        let is_ours = |file: &Value| file.as_str().is_some_and(|file| file.replace('\\', "/").contains(&folder));
        let for_target = message["filenames"].as_array().into_iter().flatten().any(is_ours);
        let is_library =
            message["target"]["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "lib"));
        // "registry+https://…#name@version"
        let id = message["package_id"].as_str().unwrap_or_default();
        let manifest = message["manifest_path"].as_str().unwrap_or_default();
        let in_registry = Path::new(manifest).starts_with(build::cargo_home());
        let Some((name, version)) = id.rsplit('#').next().and_then(|id| id.split_once('@')) else { continue };
        let id = Id { name: name.to_owned(), version: version.to_owned() };
        if for_target && is_library && in_registry && !listed.contains(&id) && !in_std.contains(&id) {
            return Err(format!("{name} {version} is linked for {}, and the SBOM does not list it.", target.name));
        }
    }
    Ok(())
}

/// What tells whether a library was built from these sources.
fn fingerprint() -> Result<String> {
    let root = build::root();
    let mut files: Vec<PathBuf> = ["Cargo.toml", "Cargo.lock", "build.rs", "cbindgen.toml", "include/pssailpointcc.h"]
        .map(|name| root.join(name))
        .into();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        files.extend(build::files(&folder)?);
        folders.extend(build::folders(&folder)?);
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(relative(&file, root).as_bytes());
        hash.update(Sha256::digest(build::bytes(&file)?));
    }
    Ok(hex(&hash.finalize()))
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
