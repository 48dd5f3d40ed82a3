//! Measures how work grows with filters and tenants: `cargo bench --bench growth`. A line is what grows, its size, the
//! number of its parts, and the nanoseconds that each part takes; or `10,000 values over 100,000 people`, and the
//! nanoseconds that all of it takes.

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
        report("filter's characters: parse and check", characters, characters, || {
            let filter = parsed(black_box(&text));
            black_box((filter.canonical(), filter.attributes(), filter.warnings(), filter.undecidable()));
        });
    }
    for (form, filter) in FORMS {
        for values in [10, 1_000, 100_000] {
            let text = filter(values);
            report(&format!("{form}, values: parse"), values, values, || {
                drop(black_box(filter::parse(black_box(&text))))
            });
        }
        for values in [10, 1_000, 100_000] {
            let filter = parsed(&filter(values));
            let translate = || drop(black_box(query::search_query(&filter)));
            report(&format!("{form}, values: search query"), values, values, translate);
        }
    }
    for (form, filter) in &FORMS[..HASHED] {
        let some = people(1_000);
        for values in [10, 1_000, 100_000] {
            let filter = parsed(&filter(values));
            // Each value is prepared once, and each person is judged once.
            let parts = values + some.len();
            report(&format!("{form}, values: 1,000 people"), values, parts, || judge(&filter, &some, some.len()));
        }
        let many = people(30_000);
        for number in [1_000, 30_000, 1_000_000] {
            let filter = parsed(&filter(1_000));
            let parts = number + 1_000;
            report(&format!("{form}, people: 1,000 values"), number, parts, || judge(&filter, &many, number));
        }
    }
    let everybody = people(100_000);
    for (form, filter) in &FORMS[..HASHED] {
        let filter = parsed(&filter(10_000));
        let time = fastest(|| judge(&filter, &everybody, everybody.len()));
        println!("10,000 values over 100,000 people, {form} | {}", time.as_nanos());
    }
}

/// Judges so many people, with the preparation of the filter.
fn judge(filter: &Filter, people: &[Value], number: usize) {
    let (judge, known) = (Judge::new(filter), KnownAttributes::default());
    for person in people.iter().cycle().take(number) {
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

/// The fastest of several rounds.
fn fastest(run: impl Fn()) -> Duration {
    let (mut fastest, begun) = (Duration::MAX, Instant::now());
    while fastest == Duration::MAX || begun.elapsed() < Duration::from_millis(300) {
        let started = now();
        run();
        fastest = fastest.min(now().saturating_sub(started));
    }
    fastest
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
