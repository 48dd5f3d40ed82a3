//! Generates the C header, and sets the link arguments of the shared library.

use std::path::{Path, PathBuf};

fn main() {
    for input in [
        "build.rs",
        "cbindgen.toml",
        "src/ffi.rs",
        "src/manual.txt",
        "src/config/members.rs",
        "include/pssailpointcc.h",
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    header();
    link_arguments();
}

/// Writes the header to OUT_DIR, and warns if the file in include/ differs. A difference does not fail the build,
/// because the test that explains it could not run (`cargo test --test header`).
fn header() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let made = Path::new(&std::env::var_os("OUT_DIR").expect("cargo sets it")).join("pssailpointcc.h");
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is readable");
    let manual = std::fs::read_to_string(root.join("src/manual.txt")).expect("src/manual.txt is readable");
    let version = std::env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    let parts: Vec<&str> = version.split('.').collect();
    config.header = Some(manual.replace(" * @members@\n", &members_table()).replace("@unused@", &UNUSED.join(", ")));
    config.after_includes = Some(format!(
        "/** The version of this header; cc_version() tells that of the library. */\n\
         #define CC_VERSION \"{version}\"\n#define CC_VERSION_MAJOR {}\n#define CC_VERSION_MINOR {}\n#define CC_VERSION_PATCH {}",
        parts[0], parts[1], parts[2]
    ));
    let generated = cbindgen::Builder::new().with_src(root.join("src/ffi.rs")).with_config(config).generate();
    match generated {
        Ok(bindings) => {
            bindings.write_to_file(&made);
        }
        // src/ffi.rs does not parse: the compiler reports it better.
        Err(error) => return println!("cargo::warning=no header: {error}"),
    }
    let committed = std::fs::read(root.join("include/pssailpointcc.h")).unwrap_or_default();
    if std::fs::read(&made).is_ok_and(|made| made != committed) {
        println!("cargo::warning=include/pssailpointcc.h is stale: UPDATE_HEADER=1 cargo test --test header");
    }
}

/// For each member of a configuration: name, default, lines of text, range, names in other places.
macro_rules! members {
    ($($group:ident { $(
        $(#[doc = $line:literal])*
        $field:ident $name:literal: $type:ty
            $([$unit:literal, $range:expr])? $(= $default:tt)? $(, from $($source:ident $key:literal),+)?;
    )* })*) => {
        const MEMBERS: &[(&str, &str, &[&str], &str, &str)] = &[$($((
            $name,
            concat!($(stringify!($default))?),
            &[$($line),*],
            concat!($(stringify!($range))?),
            concat!($($("; ", stringify!($source), " ", $key),+)?),
        ),)*)*];
    };
}

include!("src/config/members.rs");

/// The manual's table of the members.
fn members_table() -> String {
    let mut table = String::new();
    for (name, default, lines, range, places) in MEMBERS {
        let mut text = lines.join("\n");
        if !default.is_empty() {
            text = format!("{}:{text}", default.trim_matches('"'));
        }
        if let Some((least, most)) = range.split_once("..=") {
            text += &format!(" ({least} to {most})");
        }
        if let Some(places) = places.strip_prefix("; ") {
            let places = places.replace("ConfigJson", "config.json").replace("ConfigYaml", "config.yaml");
            text += &format!("\n(or {})", places.replace("Environment", "the variable"));
        }
        for (number, line) in text.lines().enumerate() {
            table += &format!(" *     {:<21} {}\n", if number == 0 { name } else { "" }, line.trim());
        }
    }
    table
}

fn link_arguments() {
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => {
            // Never unload the library: the I/O thread would continue in unmapped memory.
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
            // In a target directory the library has no second name; a package installs it under the name of its ABI.
            println!("cargo::rerun-if-env-changed=PSSAILPOINTCC_SONAME");
            let name = std::env::var("PSSAILPOINTCC_SONAME").unwrap_or_else(|_| "libpssailpointcc.so".to_owned());
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{name}");
        }
        Ok("macos") => println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libpssailpointcc.dylib"),
        _ => {}
    }
}
