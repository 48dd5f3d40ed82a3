//! Packages for users: the module for PowerShell, and what C and C++ programs are built with.
//!
//! cargo-c would make a part of the second. It is not used, because it has a cargo of its own in it, which builds
//! neither by zig for an older glibc nor with the standard library's sources, and because it knows no CMake.

mod archive;
mod crates;
mod inspect;
mod library;
mod manual;
mod module;
mod sdk;
mod target;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use self::archive::{Content, Entry};
use self::crates::{Linked, hex};
use self::library::Library;
use self::target::{TARGETS, Target};
use crate::{Result, build};

/// `cargo xtask package`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let wanted = Wanted::parse(arguments)?;
    let epoch = epoch()?;
    let (mut libraries, mut missing) = (Vec::new(), Vec::new());
    for target in TARGETS {
        if let Some(library) = Library::kept(target)? {
            libraries.push(library);
        } else if wanted.targets.contains(&target) {
            match target.builder(true) {
                Ok(builder) => libraries.push(Library::build(&builder, true)?),
                Err(line) => missing.push((target, line)),
            }
        }
    }
    let folder = library::folder();
    let (mut written, mut kits) = (Vec::new(), Vec::new());
    for library in &libraries {
        let mut files = sdk::files(library, &legal(&[library], epoch)?)?;
        let name = sdk::name(library);
        for file in &mut files {
            file.path = format!("{name}/{}", file.path);
        }
        check(&name, &files)?;
        let (name, bytes) = match library.target.is_windows() {
            true => (format!("{name}.zip"), archive::zip(&files, epoch)?),
            false => (format!("{name}.tar.gz"), archive::tar_gz(&files, epoch)?),
        };
        written.push((name, bytes));
        kits.push((library, files));
    }
    if !libraries.is_empty() {
        let all: Vec<&Library> = libraries.iter().collect();
        let legal = legal(&all, epoch)?;
        let files = module_files(&all, &legal)?;
        check("the module", &files)?;
        written.push((module_package(), module::nupkg(files, epoch)?));
        written.extend(legal.into_iter().filter_map(|file| match file.content {
            Content::File(bytes) if file.path.ends_with(".json") => Some((file.path, bytes)),
            _ => None,
        }));
    }
    let mut sums = String::new();
    for (name, bytes) in &written {
        build::write(&folder.join(name), bytes)?;
        sums += &format!("{}  {name}\n", hex(&Sha256::digest(bytes)));
    }
    build::write(&folder.join("SHA256SUMS"), sums.as_bytes())?;
    println!("{}:\n{sums}", folder.display());
    for (target, line) in &missing {
        println!("NOT BUILT: {}. To build it: {line}", target.name);
    }
    if let Some(file) = &wanted.same_as {
        compare(&sums, &build::read(Path::new(file))?)?;
    }
    if wanted.is_tried {
        let host = Target::host()?;
        let kit = kits.iter().find(|(library, _)| library.target == host);
        let (library, files) =
            kit.ok_or_else(|| format!("There is no package for this machine ({}) to try.", host.name))?;
        println!("Trying the packages for {}:", host.name);
        trial::run(library, files, &folder.join(module_package()))?;
    }
    let there = |target: &Target| libraries.iter().any(|library| library.target == *target);
    match wanted.required.into_iter().find(|target| !there(target)) {
        Some(target) => Err(format!("The package for {} is required, and was not built.", target.name)),
        None => Ok(()),
    }
}

/// The file name of the module's package.
fn module_package() -> String {
    format!("PSSailpointCC.{}.nupkg", env!("CARGO_PKG_VERSION"))
}

/// `cargo xtask module`: the module for this machine, as a folder.
pub(crate) fn module() -> Result<()> {
    let builder = Target::host()?.builder(false).map_err(|line| format!("This machine lacks: {line}"))?;
    let library = Library::build(&builder, false)?;
    let folder = build::root().join("target/module/PSSailpointCC");
    module::write(&module_files(&[&library], &legal(&[&library], epoch()?)?)?, &folder)?;
    println!("{}\n\n    Import-Module {}", folder.display(), folder.display());
    Ok(())
}

/// The module with a library that was built for measurements.
pub(crate) fn module_with(library: &Path, folder: &Path) -> Result<()> {
    let path = format!("{}/{}", Target::host()?.name, Target::host()?.shared_library());
    module::write(&module::files(&BTreeMap::from([(path, build::bytes(library)?)]))?, folder)
}

fn module_files(libraries: &[&Library], legal: &[Entry]) -> Result<Vec<Entry>> {
    let path = |library: &Library| format!("{}/{}", library.target.name, library.target.shared_library());
    let by_path = libraries.iter().map(|library| (path(library), library.shared.clone())).collect();
    let mut files = module::files(&by_path)?;
    files.extend(
        legal.iter().filter(|file| files.iter().all(|other| other.path != file.path)).cloned().collect::<Vec<_>>(),
    );
    Ok(files)
}

/// The licence, the licences of others, and the list of what is linked.
fn legal(libraries: &[&Library], epoch: u64) -> Result<Vec<Entry>> {
    let targets: Vec<Target> = libraries.iter().map(|library| library.target).collect();
    let rustc: BTreeSet<String> = libraries.iter().map(|library| library.rustc.clone()).collect();
    let linked = Linked::of(&targets, rustc)?;
    Ok(vec![
        Entry::file("LICENSE.txt", build::read(&build::root().join("LICENSE"))?),
        Entry::file("THIRD-PARTY-NOTICES.txt", linked.notices()?),
        Entry::file(format!("pssailpointcc-{}.cdx.json", env!("CARGO_PKG_VERSION")), linked.sbom(epoch)),
    ])
}

/// What CHANGELOG.md says of this version.
pub(crate) fn release_notes() -> Result<String> {
    module::release_notes()
}

/// The files of a release.
pub(crate) fn published(folder: &Path) -> Result<Vec<PathBuf>> {
    let sums = folder.join("SHA256SUMS");
    let names = build::read(&sums)?;
    let names = names.lines().filter_map(|line| line.split_whitespace().nth(1));
    Ok(names.map(|name| folder.join(name)).chain([sums.clone()]).collect())
}

/// Rust's names of targets.
pub(crate) fn triples(wanted: impl Fn(&str) -> bool) -> String {
    let triples = TARGETS.into_iter().filter(|target| wanted(target.name)).map(Target::triple);
    triples.collect::<Vec<_>>().join(" ")
}

/// Compares the checksums of two builds.
fn compare(ours: &str, theirs: &str) -> Result<()> {
    let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) = (ours.lines().collect(), theirs.lines().collect());
    let different: Vec<&str> = ours.symmetric_difference(&theirs).copied().collect();
    match different.is_empty() {
        true => Ok(()),
        false => Err(format!("The other build is not the same:\n  {}", different.join("\n  "))),
    }
}

/// No file of a package tells where it was made.
fn check(package: &str, files: &[Entry]) -> Result<()> {
    for file in files {
        if let Content::File(bytes) = &file.content
            && let Some(trace) = inspect::traces(bytes).first()
        {
            return Err(format!("{} of {package} holds a path of this machine: {trace}", file.path));
        }
    }
    Ok(())
}

/// What the command's arguments ask for.
struct Wanted {
    targets: Vec<Target>,
    required: Vec<Target>,
    /// The checksums of another build, which must be the same.
    same_as: Option<String>,
    /// Whether the packages for this machine are used.
    is_tried: bool,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut wanted = Self { targets: TARGETS.to_vec(), required: Vec::new(), same_as: None, is_tried: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value."));
            let named = |names: &String| names.split(',').map(Target::named).collect::<Result<Vec<_>>>();
            match argument.as_str() {
                "--target" => wanted.targets = named(value()?)?,
                "--require" => wanted.required = named(value()?)?,
                "--built" => wanted.targets.clear(),
                "--same-as" => wanted.same_as = Some(value()?.clone()),
                "--try" => wanted.is_tried = true,
                other => return Err(format!("cargo xtask package has no option {other}: see cargo xtask help.")),
            }
        }
        Ok(wanted)
    }
}

/// The time that files of a package have: SOURCE_DATE_EPOCH, or that of the commit.
fn epoch() -> Result<u64> {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let text = match given {
        Some(text) => text,
        None => build::output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(build::root()))
            .map_err(|error| {
                format!("SOURCE_DATE_EPOCH is not set, and git does not tell the commit's time: {error}")
            })?,
    };
    text.trim().parse().map_err(|_| format!("SOURCE_DATE_EPOCH is no number of seconds: {text}"))
}
