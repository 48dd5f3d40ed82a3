//! The instructions that hot paths take, held against tests/budgets.txt: 5 % more are a failure. They are counted by
//! valgrind, with the library that `cargo test` builds, which is not optimised: they tell of regressions, not of times, and
//! do not depend on the load of the machine. `cargo xtask bench` measures what ships.
//!
//! After a deliberate change `UPDATE_BUDGETS=1 cargo test --test budgets` writes the file anew, for a review of the
//! difference.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod support;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use pssailpointcc::filter;
use pssailpointcc::filter::eval::{Judge, KnownAttributes, Verdict};
use pssailpointcc_sandbox::{HAND_WRITTEN, Identity, Sandbox, people};
use serde_json::{Value, json};
use support::native::{LINKED, command, compile};
use support::random::variable;
use support::{find_program, read, root};

const FILE: &str = "tests/budgets.txt";

/// How much more than its budget something may take: with the compiler that the budgets were counted with, and with another.
const MORE: f64 = 1.05;
const MORE_WITH_ANOTHER_COMPILER: f64 = 1.25;

/// Two numbers of calls or names for each count. The difference excludes the start of the program.
const REFRESHES: [u64; 2] = [20, 120];
const NAMES: [u64; 2] = [500, 1_500];
const PARSES: [u64; 2] = [100, 1_100];
const JUDGES: [u64; 2] = [1_000, 4_000];

#[test]
fn nothing_takes_more_instructions_than_its_budget() {
    let counted = std::env::var_os("PSSAILPOINTCC_LIBRARY").is_none();
    let Some(valgrind) = find_program("VALGRIND", &["valgrind"]).filter(|_| counted) else {
        assert!(
            std::env::var_os("CC_REQUIRE_PWSH").is_none() || !counted,
            "CC_REQUIRE_PWSH is set, and there is no valgrind on the PATH"
        );
        return;
    };
    let Some(program) = compile("tests/c/budget.c", "budget", LINKED) else { return };
    let sandbox = Sandbox::builder().identities(tenant()).start();
    let by_c = |what: &str, number: u64| {
        let mut command = cachegrind(&valgrind, &program);
        command.args([sandbox.url(), what, &number.to_string()]);
        instructions(command)
    };
    let by_itself = |what: &str, number: u64| {
        let mut command = cachegrind(&valgrind, &std::env::current_exe().expect("this program has a path"));
        command.args(["--ignored", "--exact", what]).env("NUMBER", number.to_string());
        instructions(command)
    };
    let counts = std::thread::scope(|scope| {
        let counts = [
            ("refresh", scope.spawn(|| each(REFRESHES, |number| by_c("refresh", number)))),
            ("name", scope.spawn(|| each(NAMES, |number| by_c("names", number)))),
            ("parse", scope.spawn(|| each(PARSES, |number| by_itself("parses", number)))),
            ("judge", scope.spawn(|| each(JUDGES, |number| by_itself("judges", number)))),
        ];
        counts.map(|(what, count)| (what, count.join().expect("it was counted")))
    });
    let refreshed: u64 = sandbox.refresh_counts().values().sum();
    assert_eq!(refreshed, REFRESHES.iter().chain(&NAMES).sum::<u64>(), "something else was counted");
    compare(&counts);
}

/// Somebody for the filter of tests/c/budget.c, and the people whom it names.
fn tenant() -> Vec<Identity> {
    let named = (0..NAMES[1]).map(|number| Identity::new(&format!("person.{number:06}")));
    people::generate(HAND_WRITTEN).into_iter().chain(named).collect()
}

/// The instructions of one more.
fn each([few, many]: [u64; 2], count: impl Fn(u64) -> u64) -> u64 {
    (count(many) - count(few)) / (many - few)
}

fn cachegrind(valgrind: &Path, program: &Path) -> Command {
    let mut command = command(valgrind);
    // Without simulated caches nothing but instructions is counted.
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(program);
    command
}

/// The instructions of a program, on all its threads, without the kernel.
fn instructions(mut command: Command) -> u64 {
    let output = command.output().expect("valgrind starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
    let number = text.lines().find_map(|line| line.split_once("refs:")).map(|(_, number)| number.replace(',', ""));
    number.and_then(|number| number.trim().parse().ok()).unwrap_or_else(|| panic!("no count: {text}"))
}

#[test]
#[ignore = "not a test: its instructions are counted in a process of its own"]
fn parses() {
    let text = r#"(department == "Sales" || department == "Marketing") && !(workplace.isNull()) && isManager == false"#;
    for _ in 0..variable("NUMBER").unwrap_or(1) {
        black_box(filter::parse(black_box(text)).expect("a filter"));
    }
}

#[test]
#[ignore = "not a test: its instructions are counted in a process of its own"]
fn judges() {
    let values: Vec<String> = (0..1_000).map(|number| format!("\"person.{number}\"")).collect();
    let filter = filter::parse(&format!("uid.in({{{}}})", values.join(", "))).expect("a filter");
    let (judge, known) = (Judge::new(&filter), KnownAttributes::default());
    let person = |number| json!({ "id": "1", "attributes": { "uid": format!("person.{number}") } });
    let people: Vec<Value> = (0..1_000).map(person).collect();
    for person in people.iter().cycle().take(variable("NUMBER").unwrap_or(1)) {
        assert!(judge.judge_unless(person, &known, &|| false) == Some(Verdict::Yes));
    }
}

/// Holds the counts against the file, or writes it.
fn compare(counts: &[(&str, u64)]) {
    let compiler = compiler();
    let text = read(FILE);
    let comments: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    let values = || text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | "));
    let value = |name: &str| values().find(|(known, _)| *known == name).map(|(_, value)| value);
    if std::env::var_os("UPDATE_BUDGETS").is_some() {
        let lines = counts.iter().map(|(what, count)| format!("{what} | {count}"));
        let lines = comments.iter().map(|&line| line.to_owned()).chain([format!("compiler | {compiler}")]).chain(lines);
        let text: String = lines.map(|line| line + "\n").collect();
        std::fs::write(root().join(FILE), text).expect("tests/ is writable");
        return;
    }
    let of = value("compiler").unwrap_or_default();
    let more = if of == compiler { MORE } else { MORE_WITH_ANOTHER_COMPILER };
    let mut over = Vec::new();
    for (what, count) in counts {
        let budget: u64 =
            value(what).and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{FILE}: {what}"));
        println!("{what}: {count} instructions, budget {budget}");
        if *count as f64 > budget as f64 * more {
            let percent = (*count as f64 / budget as f64 - 1.0) * 100.0;
            over.push(format!("{what}: {count} instructions, {percent:.1} % more than {budget}"));
        }
    }
    assert!(
        over.is_empty(),
        "{}\nThe budgets of {FILE} were counted with {of}, and these with {compiler}. If the change is worth it: UPDATE_BUDGETS=1 \
         cargo test --test budgets",
        over.join("\n")
    );
}

fn compiler() -> String {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output();
    String::from_utf8_lossy(&output.expect("rustc starts").stdout).trim().to_owned()
}
