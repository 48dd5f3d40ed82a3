//! The crates that are linked into a library: their list (SBOM) and their licences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::archive::timestamp;
use super::target::Target;
use crate::{Result, build};

/// A crate that is linked, by name and version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Id {
    /// The address of a package, as SBOMs write it.
    fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

struct Crate {
    license: String,
    description: String,
    repository: Option<String>,
    checksum: Option<String>,
    folder: PathBuf,
    needs: BTreeSet<Id>,
}

/// What is linked into the libraries of some targets: the first crate is the library itself.
pub(crate) struct Linked {
    root: Id,
    crates: BTreeMap<Id, Crate>,
    /// Versions of the compilers, whose standard library is linked too.
    rustc: BTreeSet<String>,
}

impl Linked {
    pub(crate) fn of(targets: &[Target], rustc: BTreeSet<String>) -> Result<Self> {
        let edges = edges(targets)?;
        let mut needs: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
        for (from, to) in edges {
            needs.entry(to.clone()).or_default();
            if let Some(from) = from {
                needs.entry(from).or_default().insert(to);
            }
        }
        let checksums = checksums(&build::read(&build::root().join("Cargo.lock"))?);
        let metadata = build::output(build::cargo_command().args(["metadata", "--locked", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
        let mut crates = BTreeMap::new();
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let text = |member: &str| package[member].as_str().unwrap_or_default().to_owned();
            let id = Id { name: text("name"), version: text("version") };
            let Some(needs) = needs.remove(&id) else { continue };
            let folder = Path::new(&text("manifest_path")).parent().map(Path::to_owned).unwrap_or_default();
            let checksum = checksums.get(&id).cloned();
            // "MIT/Apache-2.0" is an old form.
            let license = text("license").replace('/', " OR ");
            let repository = package["repository"].as_str().map(str::to_owned);
            let description = text("description").split_whitespace().collect::<Vec<_>>().join(" ");
            crates.insert(id, Crate { license, description, repository, checksum, folder, needs });
        }
        if let Some(unknown) = needs.into_keys().next() {
            return Err(format!("cargo metadata does not know {} {}.", unknown.name, unknown.version));
        }
        let root = Id { name: "pssailpointcc".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        Ok(Self { root, crates, rustc })
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &Id> {
        self.crates.keys()
    }

    /// A software bill of materials, in the form of CycloneDX.
    pub(crate) fn sbom(&self, epoch: u64) -> String {
        let mut components: Vec<Value> = self.third_party().map(|(id, it)| component(id, it)).collect();
        components.extend(self.rustc.iter().map(|version| {
            json!({
                "type": "library", "bom-ref": std_ref(version), "name": "rust-std", "version": version,
                "description": "The standard library of Rust, and what it contains",
                "licenses": [{ "expression": "MIT OR Apache-2.0" }], "purl": std_ref(version),
            })
        }));
        let mut dependencies: Vec<Value> = self
            .crates
            .iter()
            .map(|(id, it)| {
                let std = self.rustc.iter().filter(|_| *id == self.root).map(|version| std_ref(version));
                let needs: Vec<String> = it.needs.iter().map(Id::purl).chain(std).collect();
                json!({ "ref": id.purl(), "dependsOn": needs })
            })
            .collect();
        dependencies.extend(self.rustc.iter().map(|version| json!({ "ref": std_ref(version), "dependsOn": [] })));
        let mut bom = json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {
                "timestamp": timestamp(epoch),
                "component": self.crates.get(&self.root).map(|it| component(&self.root, it)),
            },
            "components": components,
            "dependencies": dependencies,
        });
        bom["serialNumber"] = uuid(&bom.to_string()).into();
        format!("{bom:#}\n")
    }

    /// The licences of everything that is linked and is not ours, each text once.
    pub(crate) fn notices(&self) -> Result<String> {
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, it) in self.third_party() {
            let name = format!("{} {} ({})", id.name, id.version, it.license);
            let files = license_files(&it.folder)?;
            if files.is_empty() {
                return Err(format!("{name} has no license file, which a package must repeat."));
            }
            for file in files {
                let text = build::read(&file)?.replace("\r\n", "\n").trim_end().to_owned();
                texts.entry(text).or_default().push(name.clone());
            }
        }
        let ours = build::read(&build::root().join("LICENSE"))?;
        let (_, mit) = ours.split_once("Permission is hereby").ok_or("LICENSE is not that of MIT.")?;
        let std: Vec<String> =
            self.rustc.iter().map(|version| format!("rust-std {version} (MIT OR Apache-2.0)")).collect();
        let text = format!("Copyright (c) The Rust Project Contributors\n\nPermission is hereby{}", mit.trim_end());
        texts.insert(text, std);
        let mut ordered: Vec<_> = texts.into_iter().map(|(text, names)| (names, text)).collect();
        ordered.sort();
        let mut notices = format!("PSSailpointCC contains the following software of others.\n\n{LINKER}\n");
        for (names, text) in ordered {
            notices += &format!("\n{}\n\n{}\n\n{text}\n", "-".repeat(80), names.join("\n"));
        }
        Ok(notices)
    }

    fn third_party(&self) -> impl Iterator<Item = (&Id, &Crate)> {
        self.crates.iter().filter(|(id, _)| **id != self.root)
    }
}

/// What compilers add to every library that they link. Their licences need no notice in it.
const LINKER: &str = "\
The linker adds parts of its compiler's runtime: of LLVM (compiler-rt, libunwind; Apache-2.0 WITH LLVM-exception), of GCC
(libgcc; GPL-3.0-or-later WITH GCC-exception-3.1), or of MinGW-w64 (public domain, ZPL-2.1).";

fn component(id: &Id, it: &Crate) -> Value {
    let mut component = json!({
        "type": "library", "bom-ref": id.purl(), "name": id.name, "version": id.version, "description": it.description,
        "scope": "required", "licenses": [{ "expression": it.license }], "purl": id.purl(),
    });
    if let Some(checksum) = &it.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(repository) = &it.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

fn std_ref(version: &str) -> String {
    format!("pkg:generic/rust-std@{version}")
}

/// Who needs whom, of what is linked: no build script, no macro, and nothing for tests. The first needs nobody.
fn edges(targets: &[Target]) -> Result<BTreeSet<(Option<Id>, Id)>> {
    let mut edges = BTreeSet::new();
    for target in targets {
        let mut command: Command = build::cargo_command();
        command.args(["tree", "--locked", "--package", "pssailpointcc", "--edges", "normal,no-proc-macro"]);
        command.args(["--prefix", "depth", "--format", " {p}", "--target", target.triple()]);
        let mut path: Vec<Id> = Vec::new();
        for line in build::output(&mut command)?.lines() {
            let mut words = line.split_whitespace();
            let depth = words.next().and_then(|word| word.parse().ok());
            let (Some(depth), Some(name), Some(version)) = (depth, words.next(), words.next()) else {
                return Err(format!("cargo tree said: {line}"));
            };
            path.truncate(depth);
            let id = Id { name: name.to_owned(), version: version.trim_start_matches('v').to_owned() };
            edges.insert((path.last().cloned(), id.clone()));
            path.push(id);
        }
    }
    Ok(edges)
}

/// What Cargo.lock says of each crate that comes from a registry.
fn checksums(lock: &str) -> BTreeMap<Id, String> {
    locked(lock).filter_map(|(id, checksum)| Some((id, checksum?))).collect()
}

/// The crates of a Cargo.lock.
pub(crate) fn of_lock(lock: &str) -> BTreeSet<Id> {
    locked(lock).map(|(id, _)| id).collect()
}

fn locked(lock: &str) -> impl Iterator<Item = (Id, Option<String>)> {
    lock.split("[[package]]").skip(1).filter_map(|package| {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))?;
            Some(line.trim_matches('"').to_owned())
        };
        Some((Id { name: value("name")?, version: value("version")? }, value("checksum")))
    })
}

fn license_files(folder: &Path) -> Result<Vec<PathBuf>> {
    const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE", "COPYRIGHT"];
    let mut files = build::files(folder)?;
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
        NAMES.iter().any(|start| name.starts_with(start))
    });
    Ok(files)
}

/// The same text gives the same number.
fn uuid(text: &str) -> String {
    let hash = hex(&Sha256::digest(text)[..16]);
    format!("urn:uuid:{}-{}-5{}-8{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..32])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_what_is_linked_with_its_checksum_and_nothing_that_only_builds_or_tests() {
        let rustc = BTreeSet::from(["1.90.0".to_owned()]);
        let linked = Linked::of(&[Target::host().expect("a target")], rustc).expect("a list");
        let bom: Value = serde_json::from_str(&linked.sbom(0)).expect("JSON");
        let components = bom["components"].as_array().expect("components");
        let names: BTreeSet<&str> = components.iter().filter_map(|component| component["name"].as_str()).collect();
        for name in ["tokio", "rustls", "ring", "hyper", "serde_json", "rust-std"] {
            assert!(names.contains(name), "{name}");
        }
        for name in ["cbindgen", "serde_derive", "object", "pssailpointcc-sandbox", "xtask"] {
            assert!(!names.contains(name), "{name}");
        }
        for component in components.iter().filter(|component| component["name"] != "rust-std") {
            assert_eq!(component["hashes"][0]["content"].as_str().map(str::len), Some(64), "{component}");
        }
        let known: BTreeSet<&str> =
            bom["dependencies"].as_array().expect("a graph").iter().filter_map(|it| it["ref"].as_str()).collect();
        assert!(components.iter().all(|component| known.contains(component["bom-ref"].as_str().expect("a name"))));
    }

    #[test]
    fn each_licence_is_repeated_once() {
        let rustc = BTreeSet::from(["1.90.0".to_owned()]);
        let linked = Linked::of(&[Target::host().expect("a target")], rustc).expect("a list");
        let notices = linked.notices().expect("licences");
        for (id, _) in linked.third_party() {
            assert!(notices.contains(&format!("\n{} {} (", id.name, id.version)), "{}", id.name);
        }
        assert_eq!(notices.matches("Copyright (c) 2013-2025 The rust-url developers").count(), 1);
    }
}
