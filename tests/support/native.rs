//! Programs of C and C++ that are linked with the shared library. CC, CXX, PSSAILPOINTCC_LIBRARY and CC_RUNNER (a program
//! that runs them, such as wine) name those of another system.

use std::path::{Path, PathBuf};
use std::process::Command;

use pssailpointcc_sandbox::Sandbox;

use super::{find_program, library, root};

/// What the linker is told.
pub(crate) const LINKED: &[&str] = &["-lpssailpointcc", "-pthread"];

/// A program that was compiled, or `None` where there is no compiler: the end of `cargo test` says so then.
pub(crate) fn compile(source: &str, name: &str, arguments: &[&str]) -> Option<PathBuf> {
    let is_c = source.ends_with(".c");
    let (variable, names): (_, &[&str]) =
        if is_c { ("CC", &["cc", "gcc", "clang"]) } else { ("CXX", &["c++", "g++", "clang++"]) };
    let Some(compiler) = find_program(variable, names) else {
        assert!(
            std::env::var_os("CC_REQUIRE_PWSH").is_none(),
            "CC_REQUIRE_PWSH is set, and there is no compiler for {source}"
        );
        return None;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let suffix = if runner().is_some() { ".exe" } else { std::env::consts::EXE_SUFFIX };
    let program = folder.join(format!("{name}{suffix}"));
    let library = library();
    let output = Command::new(compiler)
        .arg(if is_c { "-std=c11" } else { "-std=c++17" })
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"])
        .arg(root().join(source))
        .arg("-I")
        .arg(root().join("include"))
        .arg("-L")
        .arg(library.parent().expect("a file lies in a folder"))
        .args(arguments)
        .arg("-o")
        .arg(&program)
        .output()
        .expect("the compiler starts");
    assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
    Some(program)
}

/// How a program that is linked with the library is started.
pub(crate) fn command(program: &Path) -> Command {
    let folder = library().parent().expect("a file lies in a folder").to_owned();
    let mut command = Command::new(runner().as_deref().unwrap_or(program));
    if runner().is_some() {
        command.arg(program);
    }
    command.env("LD_LIBRARY_PATH", &folder).env("DYLD_LIBRARY_PATH", &folder).env_remove("SAIL_BASE_URL");
    command
}

/// What runs a program of another system.
pub(crate) fn runner() -> Option<PathBuf> {
    std::env::var_os("CC_RUNNER").map(PathBuf::from)
}

/// The environment that leads a program to the sandbox.
pub(crate) fn tenant(sandbox: &Sandbox) -> [(&'static str, String); 3] {
    [
        ("SAIL_BASE_URL", sandbox.url().to_owned()),
        ("SAIL_CLIENT_ID", "sandbox-client".to_owned()),
        ("SAIL_CLIENT_SECRET", "sandbox-secret".to_owned()),
    ]
}
