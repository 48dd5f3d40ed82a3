//! Compiles and runs the C and C++ programs of tests/c and examples against the shared library.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox};
use support::{find_program, library, root};

/// A program that was compiled, or `None` where there is no compiler: the end of `cargo test` says so then.
fn compile(source: &str, name: &str, arguments: &[&str]) -> Option<PathBuf> {
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
    let program = folder.join(name);
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

/// Runs a program that is linked with the library, under valgrind's memcheck where that is installed.
fn run(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) {
    let mut command = match find_program("VALGRIND", &["valgrind"]) {
        Some(valgrind) => {
            let mut command = Command::new(valgrind);
            command
                .args(["--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"])
                .args(["--fair-sched=yes"])
                .arg(program);
            command
        }
        None => Command::new(program),
    };
    let folder = library().parent().expect("a file lies in a folder").to_owned();
    let output = command
        .args(arguments)
        .env("LD_LIBRARY_PATH", &folder)
        .env("DYLD_LIBRARY_PATH", &folder)
        .env_remove("SAIL_BASE_URL")
        .envs(environment.iter().copied())
        .output()
        .expect("the program starts");
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}\n{}{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

const LINKED: &[&str] = &["-lpssailpointcc", "-pthread"];

#[test]
fn the_header_compiles_alone_without_a_warning() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    for (file, text) in [
        ("alone.c", "#include \"pssailpointcc.h\"\nint main(void) { return CC_ABI_VERSION != 1; }\n"),
        ("alone.cpp", "#include \"pssailpointcc.hpp\"\nint main() { return CC_ABI_VERSION != 1; }\n"),
    ] {
        let source = folder.join(file);
        std::fs::write(&source, text).expect("target/tmp is writable");
        compile(source.to_str().expect("a path in UTF-8"), &file.replace('.', "_"), LINKED);
    }
}

#[test]
fn bad_input_is_an_answer_and_memory_stays_clean() {
    if let Some(program) = compile("tests/c/bad_input.c", "bad_input", LINKED) {
        run(&program, &[], &[]);
    }
}

#[test]
fn a_c_program_refreshes_whom_it_names_and_memory_stays_clean() {
    let Some(program) = compile("tests/c/refresh.c", "refresh", LINKED) else { return };
    let sandbox = Sandbox::start();
    run(&program, &[sandbox.url()], &[]);
    let names: Vec<Vec<String>> = sandbox.refreshes().into_iter().map(|refresh| refresh.names).collect();
    assert_eq!(names[..2], [vec!["amelie.roux".to_owned()], vec!["john.smith".to_owned()]]);
    assert_eq!(names.len(), 3, "neither the dry run nor the call without a configuration arrived");
}

#[test]
fn a_c_program_finds_whom_a_filter_means_and_memory_stays_clean() {
    let Some(program) = compile("tests/c/find.c", "find", LINKED) else { return };
    let sandbox = Sandbox::start();
    run(&program, &[sandbox.url()], &[]);
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn a_c_program_refreshes_people_by_name_and_memory_stays_clean() {
    let Some(program) = compile("tests/c/people.c", "people", LINKED) else { return };
    let sandbox = Sandbox::start();
    run(&program, &[sandbox.url()], &[]);
    let names: Vec<Vec<String>> = sandbox.refreshes().into_iter().map(|refresh| refresh.names).collect();
    assert_eq!(names, [vec!["smith".to_owned(), "CORP\\dana".to_owned()], vec!["john.smith".to_owned()]]);
}

#[test]
fn the_readme_s_c_program_refreshes_one_person() {
    for (source, name) in [("examples/refresh.c", "example_c"), ("examples/refresh.cpp", "example_cpp")] {
        let Some(program) = compile(source, name, LINKED) else { return };
        let sandbox = Sandbox::start();
        let url = sandbox.url().to_owned();
        let environment = [
            ("SAIL_BASE_URL", url.as_str()),
            ("SAIL_CLIENT_ID", "sandbox-client"),
            ("SAIL_CLIENT_SECRET", "sandbox-secret"),
        ];
        run(&program, &[], &environment);
        let refreshes = sandbox.refreshes();
        assert_eq!(refreshes.len(), 1, "{source}");
        assert_eq!(refreshes[0].names, ["amelie.roux"], "{source}");
    }
}

#[test]
fn a_thousand_calls_from_64_threads_ask_for_one_token() {
    let Some(program) = compile("tests/c/threads.c", "threads", LINKED) else { return };
    let sandbox = Sandbox::start();
    run(&program, &[sandbox.url()], &[]);
    let log = sandbox.log();
    assert_eq!(log.iter().filter(|arrival| arrival.path == "/oauth/token").count(), 1);
    assert_eq!(sandbox.refreshes().len(), 1000);
}

#[cfg(target_os = "linux")]
#[test]
fn the_host_keeps_its_signals_and_may_fork_and_unload() {
    let Some(program) = compile("tests/c/host.c", "host", &["-ldl"]) else { return };
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::ResetBefore).times(1));
    let folder = library();
    // Not under valgrind, which runs all threads as one and keeps signals for itself.
    let output = Command::new(program).arg(folder).arg(sandbox.url()).output().expect("the program starts");
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_cpp_wrapper_does_what_the_c_functions_do() {
    let Some(program) = compile("tests/c/wrapper.cpp", "wrapper", LINKED) else { return };
    let sandbox = Sandbox::start();
    run(&program, &[sandbox.url()], &[]);
    assert_eq!(sandbox.refreshes().len(), 1);
}
