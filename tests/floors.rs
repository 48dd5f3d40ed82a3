//! The floors of the crate: no module imports from its own floor or from one above it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floor of each module, from the table in src/lib.rs.
fn floors(lib: &str) -> BTreeMap<String, usize> {
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut floors = BTreeMap::new();
    for row in rows {
        let mut cells = row.split('|').map(str::trim);
        let Some(Ok(floor)) = cells.next().map(str::parse) else { continue };
        for module in cells.next().unwrap_or_default().split_whitespace() {
            assert_eq!(floors.insert(module.trim_matches('`').to_owned(), floor), None, "{module} is on two floors");
        }
    }
    floors
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, files);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
}

/// The modules of the crate that a file names, by `crate::` or, in a file at the top, by `super::`.
fn named(text: &str, is_at_the_top: bool) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    let mut depth = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (prefix, counts) in [("crate::", true), ("super::", is_at_the_top && depth == 0)] {
            for (at, _) in code.match_indices(prefix).filter(|_| counts) {
                let rest = &code[at + prefix.len()..];
                assert!(
                    !rest.starts_with('{'),
                    "line {}: one `use crate::` a module, so that it can be read",
                    number + 1
                );
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                named.push((number + 1, rest[..end].to_owned()));
            }
        }
        // `super` inside a module of the file is the file itself.
        depth += code.matches('{').count();
        depth = depth.saturating_sub(code.matches('}').count());
    }
    named
}

/// The imports that do not go down, one line each.
fn wrong_imports(floors: &BTreeMap<String, usize>, module: &str, file: &str, text: &str, at_top: bool) -> Vec<String> {
    let floor = floors[module];
    let goes_down = |name: &String| name == module || floors.get(name).is_none_or(|other| *other > floor);
    let wrong = named(text, at_top).into_iter().filter(|(_, name)| !goes_down(name));
    wrong.map(|(line, name)| format!("{file}:{line}: {module} (floor {floor}) imports {name}")).collect()
}

#[test]
fn every_module_has_a_floor_and_every_import_goes_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(root.join("lib.rs")).expect("src/lib.rs");
    let floors = floors(&lib);
    let declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let known: Vec<&str> = floors.keys().map(String::as_str).collect();
    assert_eq!(declared, known, "the modules of src/lib.rs, and those in its table");

    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        let module = path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).expect("UTF-8");
        wrong.extend(wrong_imports(&floors, &module, &path, &text, !path.contains('/')));
    }
    assert!(wrong.is_empty(), "Imports that do not go down:\n{}", wrong.join("\n"));
}

#[test]
fn an_import_that_goes_up_or_sideways_is_seen_in_every_form() {
    let floors: BTreeMap<String, usize> =
        [("top", 1), ("left", 2), ("right", 2), ("below", 3)].map(|(name, floor)| (name.to_owned(), floor)).into();
    let wrong = |module: &str, text: &str, at_top| wrong_imports(&floors, module, "x.rs", text, at_top).len();
    assert_eq!(wrong("left", "use crate::below::Thing;", true), 0);
    assert_eq!(wrong("left", "use crate::left::own;\n// crate::top in a comment", true), 0);
    assert_eq!(wrong("below", "use crate::left::Thing;", true), 1);
    assert_eq!(wrong("left", "use crate::right::Thing;", true), 1);
    assert_eq!(wrong("below", "fn f() -> crate::top::Thing {", true), 1);
    assert_eq!(wrong("below", "use super::top::Thing;", true), 1);
    assert_eq!(wrong("below", "use super::top::Thing;", false), 0, "a sibling in the same folder");
}
