//! Measures how work grows with filters and tenants: `cargo bench --bench growth`. A line is what grows, its size, the
//! number of its parts, and the nanoseconds that each part takes; or the form of a filter with 10,000 values, and the
//! nanoseconds that it takes for 100,000 people.

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pssailpointcc::filter::eval::{Judge, KnownAttributes};
use pssailpointcc::filter::{self, Filter, query};
use serde_json::{Value, json};

type Form = fn(usize) -> String;

const FORMS: [(&str, Form); 4] = [
    ("uid.in", |values| format!("uid.in({{{}}})", list(values, |name| format!("\"{name}\""), ", "))),
    ("chain of ==", |values| list(values, |name| format!("uid == \"{name}\""), " || ")),
    ("chain of i!=", |values| list(values, |name| format!("email i!= \"{name}\""), " && ")),
    ("nested", |values| list(values, |name| format!("(uid == \"{name}\" && !(title.startsWith(\"{name}\")))"), " || ")),
];

/// The last form has two operators that no hashing answers: its work for a person grows with its values.
const HASHED: usize = 3;

fn main() {
    for characters in [10, 100, 1_000, 10_000, 100_000] {
        let text = text(characters);
        report("characters of a filter, parse and check", characters, characters, || {
            let filter = parsed(black_box(&text));
            black_box((filter.canonical(), filter.attributes(), filter.warnings(), filter.undecidable()));
        });
    }
    for (form, filter) in FORMS {
        for values in [10, 1_000, 100_000] {
            let text = filter(values);
            report(&format!("{form}: values, parse"), values, values, || {
                drop(black_box(filter::parse(black_box(&text))))
            });
        }
        for values in [10, 1_000, 100_000] {
            let filter = parsed(&filter(values));
            let translate = || drop(black_box(query::search_query(&filter)));
            report(&format!("{form}: values, search query"), values, values, translate);
        }
    }
    // Different people each time: those of the last round are still in the processor's caches, which large tenants are not.
    let (everybody, next) = (people(100_000), Cell::new(0));
    let judge_some = |judge: &Judge<'_>, number: usize| {
        let first = next.replace((next.get() + number) % everybody.len());
        judge_all(judge, everybody[first..].iter().chain(everybody.iter().cycle()).take(number));
    };
    for (form, filter) in &FORMS[..HASHED] {
        for number in [10, 1_000, 100_000] {
            let filter = parsed(&filter(number));
            // Each value is prepared once, and each person is judged once.
            let prepare_and_judge = || judge_some(&Judge::new(&filter), number);
            report(&format!("{form}: values, as many people"), number, 2 * number, prepare_and_judge);
        }
        for number in [1_000, 30_000, 1_000_000] {
            let filter = parsed(&filter(1_000));
            let judge = Judge::new(&filter);
            report(&format!("{form}: people, 1,000 values"), number, number, || judge_some(&judge, number));
        }
    }
    for (form, filter) in &FORMS[..HASHED] {
        let filter = parsed(&filter(10_000));
        let time = fastest(|| judge_all(&Judge::new(&filter), everybody.iter()));
        println!("{form} | {}", time.as_nanos());
    }
}

fn judge_all<'p>(judge: &Judge<'_>, people: impl Iterator<Item = &'p Value>) {
    let known = KnownAttributes::default();
    for person in people {
        black_box(judge.judge_unless(person, &known, &|| false));
    }
}

fn parsed(text: &str) -> Filter {
    filter::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A filter of exactly so many characters.
fn text(characters: usize) -> String {
    const PART: &str = r#"(department == "Sales" && !(workplace.isNull()) && isManager == false) || "#;
    const LAST: &str = r#"uid == ""#;
    let parts = (characters - LAST.len() - 2) / PART.len();
    let mut text = PART.repeat(parts) + LAST;
    // One value takes up what is left over.
    text.push_str(&"x".repeat(characters - text.len() - 1));
    text.push('"');
    text
}

fn list(values: usize, each: impl Fn(&str) -> String, between: &str) -> String {
    (0..values).map(|number| each(&format!("person.{number:06}"))).collect::<Vec<_>>().join(between)
}

fn people(number: usize) -> Vec<Value> {
    let person = |number: usize| {
        let name = format!("person.{number:06}");
        let email = format!("{name}@acme.example");
        json!({ "id": format!("{number:032x}"), "name": name, "email": email, "attributes": { "uid": name, "email": email } })
    };
    (0..number).map(person).collect()
}

fn report(what: &str, size: usize, parts: usize, run: impl Fn()) {
    println!("{what} | {size} | {parts} | {:.3}", fastest(run).as_secs_f64() * 1e9 / parts as f64);
}

/// The fastest of several rounds, each so long that the clock is exact.
fn fastest(run: impl Fn()) -> Duration {
    const ROUND: Duration = Duration::from_millis(2);
    let round = |runs: u32| {
        let started = now();
        (0..runs).for_each(|_| run());
        now().saturating_sub(started)
    };
    let mut runs = 1;
    let mut fastest = round(runs);
    while fastest < ROUND {
        runs *= 2;
        fastest = round(runs);
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(300) {
        fastest = fastest.min(round(runs));
    }
    fastest / runs
}

/// The time that the processor has spent on this thread, which other load on the machine hardly changes.
#[cfg(unix)]
fn now() -> Duration {
    use nix::time::{ClockId, clock_gettime};

    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).expect("every Unix has this clock")
}

#[cfg(not(unix))]
fn now() -> Duration {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    BEGIN.elapsed()
}
