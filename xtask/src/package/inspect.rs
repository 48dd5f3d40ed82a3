//! Checks a library as it was built: what it exports and imports, and that nothing in it tells of the machine.

use std::collections::BTreeSet;
use std::path::PathBuf;

use object::read::elf::{Dyn, ElfFile64, VersionIndex};
use object::read::macho::MachOFile64;
use object::read::pe::PeFile64;
use object::{FileKind, LittleEndian as LE, Object, elf, pe};

use super::target::{GLIBC, System, Target};
use crate::{Result, build};

/// The largest file that is loaded into every session.
const MAXIMUM_SIZE: usize = 4_500_000;

/// What comes with the system. Nothing else is there where a package is installed.
const LINUX: [&str; 8] = [
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];
const MUSL: [&str; 2] = ["libc.so", "libgcc_s.so.1"];
const WINDOWS: [&str; 11] = [
    "advapi32.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "crypt32.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "ntdll.dll",
    "secur32.dll",
    "userenv.dll",
    "vcruntime140.dll",
    "ws2_32.dll",
];
const MAC: [&str; 2] = ["/usr/lib/", "/System/Library/Frameworks/"];

/// What is wrong with a library, one line each; empty if it may be shipped.
pub(crate) fn faults(bytes: &[u8], target: Target, soname: &str, portable: bool) -> Result<Vec<String>> {
    let library = Library::read(bytes).map_err(|error| format!("{}: {error}", target.shared_library()))?;
    let mut faults = Vec::new();
    let expected = functions_of_the_header()?;
    let more: Vec<_> = library.exports.difference(&expected).collect();
    if !more.is_empty() {
        let some: Vec<&str> = more.iter().take(5).map(|name| name.as_str()).collect();
        faults.push(format!("it exports {} symbols that the header does not have: {}", more.len(), some.join(", ")));
    }
    for name in expected.difference(&library.exports) {
        faults.push(format!("it does not export {name}"));
    }
    for name in library.imports.iter().filter(|name| !is_of_the_system(name, target)) {
        faults.push(format!("it needs {name}, which is not a part of the system"));
    }
    if portable && let Some((major, minor)) = library.glibc.filter(|needed| *needed > GLIBC) {
        faults.push(format!("it needs glibc {major}.{minor}; the limit is {}.{}", GLIBC.0, GLIBC.1));
    }
    if let Some(name) = library.name.as_deref().filter(|name| name.rsplit('/').next() != Some(soname)) {
        faults.push(format!("its name is {name}, and should be {soname}"));
    }
    if library.time != 0 {
        faults.push(format!("it holds a time stamp ({})", library.time));
    }
    if !library.is_hardened {
        faults.push("addresses are not random, data are executable, or it can be unloaded".to_owned());
    }
    if bytes.len() > MAXIMUM_SIZE {
        faults.push(format!("it has {} bytes; the limit is {MAXIMUM_SIZE}", bytes.len()));
    }
    faults.extend(traces(bytes).into_iter().map(|trace| format!("it holds a path of this machine: {trace}")));
    Ok(faults)
}

/// Paths of this machine in a file, with what follows them.
pub(crate) fn traces(bytes: &[u8]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for path in paths_of_this_machine() {
        let text = path.to_string_lossy().into_owned();
        for form in [text.clone(), text.replace('\\', "/"), text.replace('\\', "\\\\")] {
            let wide: Vec<u8> = form.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for needle in [form.as_bytes(), &wide] {
                found.extend(occurrences(bytes, needle).take(3));
            }
        }
    }
    found.into_iter().collect()
}

fn occurrences<'b>(bytes: &'b [u8], needle: &[u8]) -> impl Iterator<Item = String> + 'b {
    let needle = needle.to_owned();
    let finder = move |from: usize| memchr::memmem::find(&bytes[from..], &needle).map(|at| (from + at, needle.len()));
    let mut from = 0;
    std::iter::from_fn(move || {
        let (at, length) = finder(from)?;
        from = at + length;
        let text = String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 120)]).into_owned();
        Some(text.chars().filter(|c| *c != '\0').take_while(|c| !c.is_control()).collect())
    })
}

/// Where this machine keeps what the library is built from.
fn paths_of_this_machine() -> Vec<PathBuf> {
    let mut paths = vec![build::root().to_owned(), build::cargo_home()];
    let variables = ["HOME", "USERPROFILE", "RUSTUP_HOME", "CARGO_TARGET_DIR"];
    paths.extend(variables.iter().filter_map(std::env::var_os).map(PathBuf::from));
    // With the slash: "/root" is also a word in other texts.
    let mut paths: Vec<PathBuf> =
        paths.into_iter().filter(|path| path.components().count() > 1).map(|path| path.join("")).collect();
    paths.dedup();
    paths
}

fn is_of_the_system(name: &str, target: Target) -> bool {
    match target.system {
        System::Linux => LINUX.contains(&name),
        System::Musl => MUSL.contains(&name) || name.starts_with("libc.musl-"),
        System::Mac => MAC.iter().any(|folder| name.starts_with(folder)),
        System::Windows => {
            let name = name.to_ascii_lowercase();
            WINDOWS.contains(&name.as_str()) || name.starts_with("api-ms-win-")
        }
    }
}

/// The functions that the header declares.
pub(crate) fn functions_of_the_header() -> Result<BTreeSet<String>> {
    let header = build::read(&build::root().join("include/pssailpointcc.h"))?;
    let declarations = header.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let names = declarations.filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        Some(before.rsplit([' ', '*']).next()?.to_owned())
    });
    Ok(names.filter(|name| name.starts_with("cc_")).collect())
}

/// What the header of a shared library says, whatever its format.
#[derive(Debug, Default)]
struct Library {
    exports: BTreeSet<String>,
    imports: BTreeSet<String>,
    /// SONAME, or the install name.
    name: Option<String>,
    /// The newest version of glibc that a symbol asks for.
    glibc: Option<(u32, u32)>,
    time: u32,
    is_hardened: bool,
}

impl Library {
    fn read(bytes: &[u8]) -> std::result::Result<Self, object::Error> {
        let mut library = match FileKind::parse(bytes)? {
            FileKind::Elf64 => Self::elf(bytes)?,
            FileKind::Pe64 => Self::pe(bytes)?,
            FileKind::MachO64 => Self::mac(bytes)?,
            _ => Self::default(),
        };
        for export in object::File::parse(bytes)?.exports()? {
            let name = String::from_utf8_lossy(export.name()).into_owned();
            library.exports.insert(name.strip_prefix("_cc_").map_or(name.clone(), |rest| format!("cc_{rest}")));
        }
        Ok(library)
    }

    fn elf(bytes: &[u8]) -> std::result::Result<Self, object::Error> {
        let file = ElfFile64::<LE>::parse(bytes)?;
        let (endian, sections) = (file.endian(), file.elf_section_table());
        let mut library = Self::default();
        let (dynamic, strings) = sections.dynamic(endian, bytes)?.unwrap_or((&[], object::SectionIndex(0)));
        let strings = sections.strings(endian, bytes, strings)?;
        let mut flags = 0;
        for entry in dynamic {
            let text = || Some(String::from_utf8_lossy(entry.string(endian, strings).ok()?).into_owned());
            match entry.tag(endian) {
                elf::DT_NEEDED => library.imports.extend(text()),
                elf::DT_SONAME => library.name = text(),
                elf::DT_FLAGS_1 => flags = entry.val(endian),
                _ => {}
            }
        }
        let has = |flag: u32| flags & u64::from(flag) != 0;
        library.is_hardened = has(elf::DF_1_NODELETE) && has(elf::DF_1_NOW);
        if let Some(versions) = sections.versions(endian, bytes)? {
            for index in 0..=u16::MAX {
                let Ok(Some(version)) = versions.version(VersionIndex(index)) else { continue };
                let name = String::from_utf8_lossy(version.name()).into_owned();
                library.glibc = library.glibc.max(name.strip_prefix("GLIBC_").and_then(version_number));
            }
        }
        Ok(library)
    }

    fn pe(bytes: &[u8]) -> std::result::Result<Self, object::Error> {
        let file = PeFile64::parse(bytes)?;
        let mut library = Self { time: file.nt_headers().file_header.time_date_stamp.get(LE), ..Self::default() };
        if let Some(table) = file.import_table()? {
            let mut descriptors = table.descriptors()?;
            while let Some(descriptor) = descriptors.next()? {
                library.imports.insert(String::from_utf8_lossy(table.name(descriptor.name.get(LE))?).into_owned());
            }
        }
        if let Some(table) = file.export_table()? {
            library.time = library.time.max(table.directory().time_date_stamp.get(LE));
        }
        let flags = file.nt_headers().optional_header.dll_characteristics.get(LE);
        let wanted = pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT;
        library.is_hardened = flags & wanted == wanted;
        Ok(library)
    }

    fn mac(bytes: &[u8]) -> std::result::Result<Self, object::Error> {
        let file = MachOFile64::<LE>::parse(bytes)?;
        let mut library = Self { is_hardened: true, ..Self::default() };
        let mut commands = file.macho_load_commands()?;
        while let Some(command) = commands.next()? {
            if let Some(dylib) = command.dylib()? {
                let name = String::from_utf8_lossy(command.string(LE, dylib.dylib.name)?).into_owned();
                match command.cmd() {
                    object::macho::LC_ID_DYLIB => library.name = Some(name),
                    _ => {
                        library.imports.insert(name);
                    }
                }
            }
        }
        Ok(library)
    }
}

fn version_number(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}
