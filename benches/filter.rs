//! Measures the check of a filter: `cargo bench --bench filter`. Target: 2,000 ns for 100 characters.

use std::hint::black_box;
use std::time::Instant;

use pssailpointcc::filter;

const ROUNDS: u32 = 20;
const CALLS: u32 = 20_000;

fn main() {
    let hundred =
        r#"(department == "Sales" || department == "Marketing") && !(workplace.isNull()) && isManager == false"#
            .to_owned();
    let filters = [
        ("one uid", r#"uid == "amelie.roux""#.to_owned()),
        ("100 characters", hundred),
        ("in, 10 names", format!("uid.in({{{}}})", [r#""amelie.roux""#; 10].join(", "))),
    ];
    for (name, text) in &filters {
        let filter = filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        report(name, "parse", text, || drop(black_box(filter::parse(black_box(text)))));
        report(name, "parse and all that a check returns", text, || {
            if let Ok(filter) = filter::parse(black_box(text)) {
                black_box((filter.canonical(), filter.attributes(), filter.warnings(), filter.undecidable()));
            }
        });
        report(name, "search query", text, || drop(black_box(filter::query::search_query(&filter))));
    }
    let wrong = r#"uid == "a","b""#;
    report("a mistake", "parse and explain", wrong, || drop(black_box(filter::parse(black_box(wrong)))));
}

/// Prints the fastest of several rounds, to exclude other load on the machine.
fn report(name: &str, what: &str, text: &str, run: impl Fn()) {
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        (0..CALLS).for_each(|_| run());
        fastest = fastest.min(started.elapsed().as_secs_f64() / f64::from(CALLS));
    }
    println!("{name} ({} characters), {what}: {:.0} ns", text.chars().count(), fastest * 1e9);
}
