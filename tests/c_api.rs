//! Compiles and runs the C and C++ programs of tests/c and examples against the shared library.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox};
use support::native::{LINKED, command, compile, runner, tenant};
use support::{find_program, library};

/// Runs a program that is linked with the library, under valgrind's memcheck where that is installed.
fn run(program: &Path, arguments: &[&str], environment: &[(&str, String)]) {
    let valgrind = find_program("VALGRIND", &["valgrind"]).filter(|_| runner().is_none());
    let mut command = match valgrind {
        Some(valgrind) => {
            let mut command = command(&valgrind);
            command
                .args(["--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"])
                .args(["--fair-sched=yes"])
                .arg(program);
            command
        }
        None => command(program),
    };
    let environment = environment.iter().map(|(name, value)| (name, value));
    let output = command.args(arguments).envs(environment).output().expect("the program starts");
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}\n{}{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_header_compiles_alone_without_a_warning() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    for (file, text) in [
        ("alone.c", "#include \"pssailpointcc.h\"\nint main(void) { return CC_ABI_VERSION != 1; }\n"),
        ("alone.cpp", "#include \"pssailpointcc.hpp\"\nint main() { return CC_ABI_VERSION != 1; }\n"),
    ] {
        let source = folder.join(file);
        fs::write(&source, text).expect("target/tmp is writable");
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
        run(&program, &[], &tenant(&sandbox));
        let refreshes = sandbox.refreshes();
        assert_eq!(refreshes.len(), 1, "{source}");
        assert_eq!(refreshes[0].names, ["amelie.roux"], "{source}");
    }
}

#[test]
fn the_example_of_a_stream_refreshes_everybody_once_and_skips_them_by_its_journal() {
    let Some(program) = compile("examples/stream.c", "example_stream", LINKED) else { return };
    // More than the buffer takes at once.
    let people = 4_600;
    let sandbox = Sandbox::builder().identities((0..people).map(|at| Identity::new(&format!("\"p\\{at}\""))).collect());
    let sandbox = sandbox.start();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (names, journal) = (folder.join("stream.txt"), folder.join("stream.jsonl"));
    let lines = sandbox.identities().into_iter().map(|person| person.name + "\r\n\n");
    fs::write(&names, lines.collect::<String>()).expect("target/tmp is writable");
    let _ = fs::remove_file(&journal);
    let [names, journal] = [&names, &journal].map(|path| path.to_str().expect("a path in UTF-8"));
    for _ in 0..2 {
        run(&program, &[names, journal], &tenant(&sandbox));
        assert!(sandbox.identities().iter().all(|person| person.refreshes == 1));
        assert_eq!(sandbox.arrivals(Endpoint::Process).len(), people / 250 + 1);
    }
}

#[test]
fn the_example_of_a_stream_fails_where_a_batch_has_failed() {
    let Some(program) = compile("examples/stream.c", "example_stream_fails", LINKED) else { return };
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Process).status(500));
    let names = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("stream_fails.txt");
    fs::write(&names, "smith\n").expect("target/tmp is writable");
    let output = command(&program).arg(names).envs(tenant(&sandbox)).output().expect("the program starts");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!((output.status.code(), sandbox.refreshes().len()), (Some(1), 0), "{lines}");
    assert!(lines.lines().count() == 2 && lines.contains("\"outcome\":\"rejected\""), "{lines}");
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
fn operations_are_cancelled_and_freed_at_any_time_and_leave_neither_memory_nor_threads() {
    let Some(program) = compile("tests/c/operations.c", "operations", LINKED) else { return };
    let sandbox = Sandbox::start();
    run(&program, &[sandbox.url(), "1000"], &[]);
    assert!(sandbox.refreshes().iter().all(|refresh| refresh.names == ["amelie.roux"]));
}

#[cfg(target_os = "linux")]
#[test]
fn the_host_keeps_its_signals_and_may_fork() {
    let Some(program) = compile("tests/c/host.c", "host", &["-ldl"]) else { return };
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::ResetBefore).times(1));
    let folder = library();
    // Not under valgrind, which runs all threads as one and keeps signals for itself.
    let output = Command::new(program).arg(folder).arg(sandbox.url()).output().expect("the program starts");
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// Runs a program as it is. Not under valgrind, which runs all threads as one and has memory of its own.
#[cfg(target_os = "linux")]
fn run_alone(program: &Path, arguments: &[&str]) {
    let output = command(program).args(arguments).output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{} {arguments:?}: {}\n{text}", program.display(), output.status);
}

#[cfg(target_os = "linux")]
#[test]
fn no_copy_of_a_secret_is_left_when_its_configuration_was_replaced() {
    let Some(program) = compile("tests/c/memory.c", "memory", LINKED) else { return };
    run_alone(&program, &[Sandbox::start().url()]);
}

#[cfg(target_os = "linux")]
#[test]
fn look_ups_that_hang_take_eight_threads_and_keep_no_other_host_waiting() {
    let Some(program) = compile("tests/c/dns.c", "dns", LINKED) else { return };
    run_alone(&program, &[]);
}

#[cfg(target_os = "linux")]
#[test]
fn no_host_breaks_a_promise_by_its_streams_its_environment_its_number_or_its_main_thread() {
    let Some(program) = compile("tests/c/hostile_host.c", "hostile_host", LINKED) else { return };
    for case in ["streams", "environment", "number", "exit"] {
        run_alone(&program, &[Sandbox::start().url(), case]);
    }
}

#[test]
fn the_library_works_on_after_it_was_unloaded() {
    let loader: &[&str] = if cfg!(target_os = "linux") && runner().is_none() { &["-ldl"] } else { &[] };
    let Some(program) = compile("tests/c/unload.c", "unload", loader) else { return };
    let sandbox = Sandbox::start();
    let output = command(&program).arg(library()).arg(sandbox.url()).output().expect("the program starts");
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    assert_eq!(sandbox.refreshes().len(), 3);
}

#[test]
fn the_cpp_wrapper_does_what_the_c_functions_do() {
    let Some(program) = compile("tests/c/wrapper.cpp", "wrapper", LINKED) else { return };
    let sandbox = Sandbox::start();
    run(&program, &[sandbox.url()], &[]);
    let names: Vec<Vec<String>> = sandbox.refreshes().into_iter().map(|refresh| refresh.names).collect();
    assert_eq!(names, [vec!["amelie.roux".to_owned()], vec!["smith".to_owned(), "CORP\\dana".to_owned()]]);
}
