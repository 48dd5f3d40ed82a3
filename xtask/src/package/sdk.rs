//! What a C or C++ program is built with: header, libraries, and what finds them.

use std::io::Cursor;

use ar_archive_writer::{COFFShortExport, MachineTypes, write_import_library};

use super::archive::Entry;
use super::library::{Library, abi};
use super::target::System;
use super::{inspect, manual};
use crate::{Result, build};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name of the archive without its extension, and of the folder in it.
pub(crate) fn name(library: &Library) -> String {
    format!("pssailpointcc-{VERSION}-{}", library.target.name)
}

/// The files below the archive's one folder; `legal` tells of licences.
pub(crate) fn files(library: &Library, legal: &[Entry]) -> Result<Vec<Entry>> {
    let root = build::root();
    let mut files = vec![
        Entry::file("lib/pkgconfig/pssailpointcc.pc", pkg_config(library, false)),
        Entry::file("lib/pkgconfig/pssailpointcc-static.pc", pkg_config(library, true)),
        Entry::file("lib/cmake/pssailpointcc/pssailpointccConfig.cmake", cmake(library)?),
        Entry::file("lib/cmake/pssailpointcc/pssailpointccConfigVersion.cmake", cmake_version()),
        Entry::file("share/doc/pssailpointcc/manual.html", manual::html()?),
        Entry::file(format!("lib/{}", library.archive.0), library.archive.1.clone()),
    ];
    for name in ["pssailpointcc.h", "pssailpointcc.hpp"] {
        files.push(Entry::file(format!("include/{name}"), build::bytes(&root.join("include").join(name))?));
    }
    for name in ["refresh.c", "refresh.cpp", "stream.c"] {
        let text = build::bytes(&root.join("examples").join(name))?;
        files.push(Entry::file(format!("share/doc/pssailpointcc/examples/{name}"), text));
    }
    let legal =
        legal.iter().map(|file| Entry { path: format!("share/doc/pssailpointcc/{}", file.path), ..file.clone() });
    files.extend(legal);
    files.extend(shared(library)?);
    Ok(files)
}

/// The shared library, and what a linker takes for it.
fn shared(library: &Library) -> Result<Vec<Entry>> {
    let target = library.target;
    let bytes = library.shared.clone();
    if target.is_windows() {
        return Ok(vec![
            Entry::file("bin/pssailpointcc.dll", bytes),
            Entry::file("lib/pssailpointcc.lib", import_library(library, false)?),
            Entry::file("lib/libpssailpointcc.dll.a", import_library(library, true)?),
        ]);
    }
    let of_abi = target.shared_library_of_abi(abi()?);
    let full = match target.system {
        System::Mac => format!("libpssailpointcc.{VERSION}.dylib"),
        _ => format!("libpssailpointcc.so.{}.{VERSION}", abi()?),
    };
    Ok(vec![
        Entry::link(format!("lib/{}", target.shared_library()), &of_abi),
        Entry::link(format!("lib/{of_abi}"), &full),
        Entry::file(format!("lib/{full}"), bytes),
    ])
}

/// What a linker for Windows reads instead of the DLL.
fn import_library(library: &Library, mingw: bool) -> Result<Vec<u8>> {
    let exports: Vec<COFFShortExport> = inspect::functions_of_the_header()?
        .into_iter()
        .map(|name| COFFShortExport {
            name,
            ext_name: None,
            symbol_name: None,
            import_name: None,
            export_as: None,
            ordinal: 0,
            noname: false,
            data: false,
            private: false,
            constant: false,
        })
        .collect();
    let machine = if library.target.is_arm() { MachineTypes::ARM64 } else { MachineTypes::AMD64 };
    let mut bytes = Cursor::new(Vec::new());
    write_import_library(&mut bytes, library.target.shared_library(), &exports, machine, mingw, false, &[])
        .map_err(|error| format!("The import library: {error}"))?;
    Ok(bytes.into_inner())
}

/// What a program that contains the static library needs of its system.
fn system_libraries(library: &Library) -> &'static [&'static str] {
    match library.target.system {
        System::Linux => &["pthread", "dl", "m", "rt", "util"],
        System::Musl => &[],
        System::Windows => &["advapi32", "bcrypt", "crypt32", "kernel32", "ntdll", "secur32", "userenv", "ws2_32"],
        System::Mac => &["iconv"],
    }
}

const FRAMEWORKS: [&str; 3] = ["CoreFoundation", "Security", "SystemConfiguration"];

/// How the compiler is told so.
fn link_arguments(library: &Library) -> Vec<String> {
    let mut arguments: Vec<String> = system_libraries(library).iter().map(|name| format!("-l{name}")).collect();
    if library.target.system == System::Mac {
        arguments.extend(FRAMEWORKS.iter().map(|name| format!("-framework {name}")));
    }
    arguments
}

fn pkg_config(library: &Library, is_static: bool) -> String {
    let private = link_arguments(library).join(" ");
    let (name, libraries) = match is_static {
        // By its path: by -l the linker would take the shared one.
        true => ("pssailpointcc-static", format!("Libs: ${{libdir}}/{} {private}", library.archive.0)),
        false => ("pssailpointcc", format!("Libs: -L${{libdir}} -lpssailpointcc\nLibs.private: {private}")),
    };
    format!(
        "# The folder may be put anywhere.\n\
         prefix=${{pcfiledir}}/../..\n\
         libdir=${{prefix}}/lib\n\
         includedir=${{prefix}}/include\n\
         \n\
         Name: {name}\n\
         Description: Refreshes chosen identities of SailPoint Identity Security Cloud\n\
         URL: {}\n\
         Version: {VERSION}\n\
         Cflags: -I${{includedir}}\n\
         {libraries}\n",
        env!("CARGO_PKG_REPOSITORY"),
    )
}

/// `find_package(pssailpointcc)`.
fn cmake(library: &Library) -> Result<String> {
    let target = library.target;
    let location = match target.is_windows() {
        true => "    IMPORTED_LOCATION \"${_prefix}/bin/pssailpointcc.dll\"\n    \
                 IMPORTED_IMPLIB \"${_prefix}/lib/pssailpointcc.lib\"\n"
            .to_owned(),
        false => {
            let of_abi = target.shared_library_of_abi(abi()?);
            let soname = if target.system == System::Mac { format!("@rpath/{of_abi}") } else { of_abi.clone() };
            format!("    IMPORTED_LOCATION \"${{_prefix}}/lib/{of_abi}\"\n    IMPORTED_SONAME \"{soname}\"\n")
        }
    };
    let mut needed: Vec<String> = system_libraries(library).iter().map(|name| (*name).to_owned()).collect();
    if target.system == System::Mac {
        needed.extend(FRAMEWORKS.iter().map(|name| format!("-framework {name}")));
    }
    Ok(format!(
        "# The folder may be put anywhere. Targets:\n\
         #   pssailpointcc::pssailpointcc   the shared library\n\
         #   pssailpointcc::static          the static one\n\
         get_filename_component(_prefix \"${{CMAKE_CURRENT_LIST_DIR}}/../../..\" ABSOLUTE)\n\
         \n\
         if(NOT TARGET pssailpointcc::pssailpointcc)\n\
         \x20 add_library(pssailpointcc::pssailpointcc SHARED IMPORTED)\n\
         \x20 set_target_properties(pssailpointcc::pssailpointcc PROPERTIES\n\
         {location}\
         \x20   INTERFACE_INCLUDE_DIRECTORIES \"${{_prefix}}/include\")\n\
         \n\
         \x20 add_library(pssailpointcc::static STATIC IMPORTED)\n\
         \x20 set_target_properties(pssailpointcc::static PROPERTIES\n\
         \x20   IMPORTED_LOCATION \"${{_prefix}}/lib/{}\"\n\
         \x20   INTERFACE_LINK_LIBRARIES \"{}\"\n\
         \x20   INTERFACE_INCLUDE_DIRECTORIES \"${{_prefix}}/include\")\n\
         endif()\n\
         unset(_prefix)\n",
        library.archive.0,
        needed.join(";"),
    ))
}

/// Before version 1.0, another minor version may be incompatible.
fn cmake_version() -> String {
    let minor = VERSION.rsplit_once('.').map_or(VERSION, |(minor, _)| minor).replace('.', "\\\\.");
    format!(
        "set(PACKAGE_VERSION \"{VERSION}\")\n\
         if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION OR NOT PACKAGE_FIND_VERSION MATCHES \"^({minor}(\\\\.|$)|$)\")\n\
         \x20 set(PACKAGE_VERSION_COMPATIBLE FALSE)\n\
         else()\n\
         \x20 set(PACKAGE_VERSION_COMPATIBLE TRUE)\n\
         \x20 if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)\n\
         \x20   set(PACKAGE_VERSION_EXACT TRUE)\n\
         \x20 endif()\n\
         endif()\n"
    )
}
