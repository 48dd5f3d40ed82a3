//! Source, header, exported symbols and what the module binds say the same.

mod support;

use std::collections::BTreeSet;

use object::{Object, ObjectSymbol};
use support::{library, read, root};

const HEADER: &str = "include/pssailpointcc.h";

#[test]
fn the_committed_header_is_the_one_that_the_source_makes() {
    let made = std::fs::read_to_string(concat!(env!("OUT_DIR"), "/pssailpointcc.h")).expect("build.rs has made it");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(root().join(HEADER), &made).expect("include/ is writable");
    }
    assert!(read(HEADER) == made, "{HEADER} is stale: run UPDATE_HEADER=1 cargo test --test header");
}

#[test]
fn header_source_and_library_name_the_same_functions() {
    let header = functions(&read(HEADER), "\n", "(");
    let source = functions(&read("src/ffi.rs"), "extern \"C\" fn ", "(");
    assert_eq!(header, source, "header and src/ffi.rs");

    let bytes = std::fs::read(library()).expect("the library was built");
    let file = object::File::parse(&*bytes).expect("a shared library");
    let exports: BTreeSet<String> = match file.dynamic_symbols().next() {
        Some(_) => {
            file.dynamic_symbols().filter(|s| s.is_definition()).filter_map(|s| s.name().ok()).map(trimmed).collect()
        }
        None => file
            .exports()
            .expect("readable")
            .iter()
            .map(|export| trimmed(&String::from_utf8_lossy(export.name())))
            .collect(),
    };
    let own: BTreeSet<String> = exports.iter().filter(|name| name.starts_with("cc_")).cloned().collect();
    assert_eq!(own, header, "exported symbols and header");
    let foreign: Vec<&String> =
        exports.iter().filter(|name| !name.starts_with("cc_") && !name.starts_with('_')).collect();
    assert!(foreign.is_empty(), "nothing else is exported: {foreign:?}");
}

#[test]
fn the_module_binds_what_the_header_has() {
    let mut bound = quoted_names(&read("powershell/PSSailpointCC/Private/Native.ps1"));
    assert!(bound.contains("cc_refresh_identities") && bound.contains("cc_string_free"), "{bound:?}");
    // What is called by its name.
    for file in ["Late/Task", "Late/Stream", "Public/Find-CCIdentity", "Public/Invoke-CCRefreshIdentities"] {
        let named = quoted_names(&read(&format!("powershell/PSSailpointCC/{file}.ps1")));
        assert!(!named.is_empty(), "{file}");
        bound.extend(named);
    }
    let header = functions(&read(HEADER), "\n", "(");
    assert!(bound.is_subset(&header), "unknown to the header: {:?}", bound.difference(&header));
}

#[test]
fn the_manual_has_every_error_code_and_no_other() {
    let source = read("src/error.rs");
    let variants = source.split("enum Code {").nth(1).and_then(|rest| rest.split('}').next()).expect("the codes");
    let codes: BTreeSet<String> =
        variants.split(',').map(str::trim).filter(|v| !v.is_empty()).map(snake_case).collect();
    let header = read(HEADER);
    let table =
        header.split("\n * ERRORS\n").nth(1).and_then(|rest| rest.split("\n * REQUEST\n").next()).expect("the table");
    let listed: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix(" *     "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, codes);
}

#[test]
fn every_file_that_names_the_version_names_this_one() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read(HEADER).contains(&format!("#define CC_VERSION \"{version}\"")), "{HEADER}");
    assert!(read("powershell/PSSailpointCC/PSSailpointCC.psd1").contains(&format!("'{version}'")), "psd1");
    assert!(read("CHANGELOG.md").contains(&format!("## [{version}]")), "CHANGELOG");
}

/// The names `cc_…` between `before` and `after`; in the header a line begins with the result's type.
fn functions(text: &str, before: &str, after: &str) -> BTreeSet<String> {
    text.split(before)
        .filter_map(|rest| rest.split(after).next())
        .filter(|declaration| !declaration.contains('\n') && !declaration.trim_start().starts_with(['*', '/', '#']))
        .filter_map(|declaration| declaration.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("cc_"))
        .map(str::to_owned)
        .collect()
}

fn quoted_names(text: &str) -> BTreeSet<String> {
    text.split(['\'', '"'])
        .filter(|word| word.starts_with("cc_"))
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .map(str::to_owned)
        .collect()
}

fn snake_case(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// Without the underscore that macOS puts before C names.
fn trimmed(name: &str) -> String {
    match name.strip_prefix('_') {
        Some(bare) if bare.starts_with("cc_") => bare.to_owned(),
        _ => name.to_owned(),
    }
}
