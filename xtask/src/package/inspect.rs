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
const MAXIMUM_SIZE: usize = 9 * 1024 * 1024 / 2;

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

/// Sets the times to 0 that a linker has written into a library for Windows. That of zig cannot be told not to.
pub(crate) fn clear_times(bytes: &mut [u8]) -> std::result::Result<(), object::Error> {
    const TIME: usize = 4;
    const DEBUG_ENTRY: usize = 28;
    let file = PeFile64::parse(&*bytes)?;
    let mut places = vec![file.dos_header().nt_headers_offset() as usize + size_of::<u32>() + TIME];
    for (directory, entry) in
        [(pe::IMAGE_DIRECTORY_ENTRY_EXPORT, usize::MAX), (pe::IMAGE_DIRECTORY_ENTRY_DEBUG, DEBUG_ENTRY)]
    {
        let Some(directory) = file.data_directories().get(directory) else { continue };
        let (offset, size) = directory.file_range(&file.section_table())?;
        places.extend((0..size as usize).step_by(entry).map(|from| offset as usize + from + TIME));
    }
    for place in places {
        bytes[place..place + size_of::<u32>()].fill(0);
    }
    Ok(())
}

/// Overwrites the paths of the object files that zig's C compiler writes into each of them for debuggers, and cannot be told
/// not to: they are random names in this machine's cache.
pub(crate) fn clear_object_names(archive: &mut [u8]) {
    // The kind of the record, and a signature, which is 0.
    const S_OBJNAME: &[u8] = &[0x01, 0x11, 0, 0, 0, 0];
    let places: Vec<usize> =
        memchr::memmem::find_iter(archive, S_OBJNAME).map(|record| record + S_OBJNAME.len()).collect();
    for place in places {
        let name = archive[place..].iter().position(|byte| *byte == 0).map(|length| place..place + length);
        if let Some(name) = name.filter(|name| archive[name.clone()].ends_with(b".obj")) {
            archive[name].fill(b'_');
        }
    }
}

fn version_number(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_object_files_are_overwritten_and_nothing_else() {
        let record = |name: &str| [b"x\x01\x11\0\0\0\0", name.as_bytes(), b"\0y"].concat();
        let mut archive =
            [record("/builder/zig/tmp/1f-mem.obj"), record("no name"), b"/builder/a.obj\0".to_vec()].concat();
        let before = archive.clone();
        clear_object_names(&mut archive);
        let length = "/builder/zig/tmp/1f-mem.obj".len();
        assert_eq!(archive[..7], before[..7]);
        assert_eq!(archive[7..7 + length], *b"_".repeat(length));
        assert_eq!(archive[7 + length..], before[7 + length..]);
    }

    /// A library of C with these functions and what else is given; `None` where there is no compiler, which the end of
    /// `cargo test` says.
    fn compiled(name: &str, functions: &BTreeSet<String>, more: &str, arguments: &[&str]) -> Option<Vec<u8>> {
        let compiler = build::find_program("CC", &["cc", "gcc", "clang"])?;
        let folder = build::root().join("target/tmp/inspect").join(name);
        let (source, library) = (folder.join("library.c"), folder.join("library.so"));
        let functions: String = functions.iter().map(|name| format!("int {name}(void) {{ return 0; }}\n")).collect();
        build::write(&source, format!("{functions}{more}").as_bytes()).expect("target is writable");
        let mut command = std::process::Command::new(compiler);
        command.args(["-shared", "-fPIC", "-nostdlib", "-Wl,-z,nodelete,-z,now"]).arg(&source).args(arguments);
        build::output(command.arg("-o").arg(&library)).expect("it compiles");
        Some(std::fs::read(library).expect("it was written"))
    }

    const NAMED: &str = "-Wl,-soname,libpssailpointcc.so.1";

    /// The faults of a library that has everything the header declares.
    fn faults_of(name: &str, more: &str, arguments: &[&str]) -> Option<Vec<String>> {
        let functions = functions_of_the_header().expect("a header");
        let bytes = compiled(name, &functions, more, arguments)?;
        let host = Target::host().expect("a target");
        Some(faults(&bytes, host, "libpssailpointcc.so.1", true).expect("a library"))
    }

    #[track_caller]
    fn assert_fault(faults: Option<Vec<String>>, expected: &str) {
        let Some(faults) = faults else { return };
        assert!(faults.len() == 1 && faults[0].contains(expected), "{faults:?} and not {expected}");
    }

    #[test]
    fn a_library_with_the_functions_of_the_header_alone_may_be_shipped() {
        assert_eq!(faults_of("good", "", &[NAMED]).unwrap_or_default(), [""; 0]);
    }

    #[test]
    fn a_library_that_exports_more_or_less_than_the_header_is_refused() {
        assert_fault(faults_of("more", "int inflate(void) { return 0; }", &[NAMED]), "does not have: inflate");
        let mut functions = functions_of_the_header().expect("a header");
        assert!(functions.remove("cc_get_task"));
        let Some(bytes) = compiled("less", &functions, "", &[NAMED]) else { return };
        let host = Target::host().expect("a target");
        assert_fault(faults(&bytes, host, "libpssailpointcc.so.1", true).ok(), "does not export cc_get_task");
    }

    #[test]
    fn a_library_that_needs_one_of_another_package_is_refused() {
        let named = &["-Wl,-soname,libssl.so.3"];
        if compiled("ssl", &BTreeSet::from(["ssl_new".to_owned()]), "", named).is_none() {
            return;
        }
        let ssl = build::root().join("target/tmp/inspect/ssl/library.so");
        let ssl = ssl.to_str().expect("a path in UTF-8");
        assert_fault(faults_of("needs", "", &[NAMED, "-Wl,--no-as-needed", ssl]), "it needs libssl.so.3");
    }

    #[test]
    fn a_library_of_another_name_is_refused() {
        assert_fault(faults_of("name", "", &["-Wl,-soname,libpssailpointcc.so"]), "should be libpssailpointcc.so.1");
    }

    #[test]
    fn a_library_that_can_be_unloaded_is_refused() {
        assert_fault(faults_of("unload", "", &[NAMED, "-Wl,-z,lazy"]), "can be unloaded");
    }

    #[test]
    fn a_library_that_is_too_large_is_refused() {
        let data = "char data[5000000] __attribute__((visibility(\"hidden\"))) = {1};";
        assert_fault(faults_of("large", data, &[NAMED]), "the limit is 4718592");
    }

    #[test]
    fn a_library_with_a_path_of_this_machine_is_refused_in_any_encoding() {
        let path = build::cargo_home().join("registry/src/tokio/lib.rs");
        let narrow =
            format!("const char text[] __attribute__((visibility(\"hidden\"))) = {:?};", path.display().to_string());
        assert_fault(faults_of("narrow", &narrow, &[NAMED]), "a path of this machine");
        let wide = narrow.replace("const char", "const __CHAR16_TYPE__").replace("= \"", "= u\"");
        assert_fault(faults_of("wide", &wide, &[NAMED]), "a path of this machine");
    }

    #[test]
    fn a_library_for_a_newer_system_is_refused() {
        // A function of the C library that had another version before.
        let more = "int __libc_start_main(void); void *use(void) __attribute__((visibility(\"hidden\"))); \
                    void *use(void) { return (void *)__libc_start_main; }";
        assert_fault(faults_of("newer", more, &[NAMED, "-lc"]), "it needs glibc 2.34");
    }
}
