//! The last target that `cargo test` runs: says which tests could not run on this machine, and how to get what they
//! need. It has no harness, because a harness hides what a test that passes has to say.

use std::path::PathBuf;

const TOOLS: [(&str, &[&str], &str, &str); 4] = [
    ("PWSH", &["pwsh"], "the Pester tests", "PowerShell 7.4 or later: https://aka.ms/powershell (or its path in PWSH)"),
    ("CC", &["cc", "gcc", "clang"], "the C tests", "a C compiler, such as Debian's gcc (or its path in CC)"),
    ("CXX", &["c++", "g++", "clang++"], "the C++ tests", "a C++ compiler, such as Debian's g++ (or its path in CXX)"),
    (
        "VALGRIND",
        &["valgrind"],
        "the memory check of the C tests, and the budgets of instructions",
        "Debian's valgrind (or its path in VALGRIND)",
    ),
];

fn main() {
    let missing: Vec<_> = TOOLS.iter().filter(|(variable, names, ..)| !is_there(variable, names)).collect();
    for (_, _, tests, tool) in &missing {
        println!("NOT RUN: {tests}. They need {tool}.");
    }
    if std::env::var_os("CC_REQUIRE_PWSH").is_some() && !missing.is_empty() {
        panic!("CC_REQUIRE_PWSH is set, so this is a failure");
    }
}

fn is_there(variable: &str, names: &[&str]) -> bool {
    if let Some(named) = std::env::var_os(variable) {
        return PathBuf::from(named).is_file();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    names.iter().any(|name| {
        std::env::split_paths(&folders)
            .any(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)).is_file())
    })
}
