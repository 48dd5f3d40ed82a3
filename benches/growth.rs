//! Measures how work grows with filters and tenants: `cargo bench --bench growth`. A line is what grows, its size, and
//! the nanoseconds that each part of it takes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pssailpointcc::filter::eval::{Judge, KnownAttributes};
use pssailpointcc::filter::{self, query};
use serde_json::{Value, json};

fn main() {
    type Form = fn(usize) -> String;
    let forms: [(&str, Form); 4] = [
        ("uid.in", |values| format!("uid.in({{{}}})", list(values, |name| format!("\"{name}\""), ", "))),
        ("chain of ==", |values| list(values, |name| format!("uid == \"{name}\""), " || ")),
        ("chain of i!=", |values| list(values, |name| format!("email i!= \"{name}\""), " && ")),
        ("nested", |values| {
            list(values, |name| format!("(uid == \"{name}\" && !(title.startsWith(\"{name}\")))"), " || ")
        }),
    ];
    for (form, filter) in forms {
        for values in [10, 1_000, 100_000] {
            let text = filter(values);
            report(&format!("{form}: parse"), values, values, || drop(black_box(filter::parse(black_box(&text)))));
        }
    }
    for (form, filter) in forms {
        for values in [10, 1_000, 100_000] {
            let filter = filter::parse(&filter(values)).unwrap_or_else(|error| panic!("{error}"));
            report(&format!("{form}: search query"), values, values, || drop(black_box(query::search_query(&filter))));
        }
    }
    let known = KnownAttributes::default();
    // The last form has two operators that no hashing answers: its work for a person grows with its values.
    for (form, filter) in &forms[..3] {
        for values in [10, 1_000, 100_000] {
            let filter = filter::parse(&filter(values)).unwrap_or_else(|error| panic!("{error}"));
            let people = people(1_000);
            // With its preparation.
            let evaluate = || {
                let judge = Judge::new(&filter);
                people.iter().for_each(|person| {
                    black_box(judge.judge_unless(person, &known, &|| false));
                });
            };
            report(&format!("{form}: 1,000 people"), values, values + people.len(), evaluate);
        }
        for number in [1_000, 30_000, 1_000_000] {
            let filter = filter::parse(&filter(1_000)).unwrap_or_else(|error| panic!("{error}"));
            let judge = Judge::new(&filter);
            let people = people(number.min(30_000));
            let evaluate = || {
                people.iter().cycle().take(number).for_each(|person| {
                    black_box(judge.judge_unless(person, &known, &|| false));
                });
            };
            report(&format!("{form}: people"), number, number, evaluate);
        }
    }
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

/// Prints the fastest of several rounds, to exclude other load on the machine.
fn report(what: &str, size: usize, parts: usize, run: impl Fn()) {
    let (mut fastest, begun) = (Duration::MAX, Instant::now());
    while fastest == Duration::MAX || begun.elapsed() < Duration::from_millis(300) {
        let started = Instant::now();
        run();
        fastest = fastest.min(started.elapsed());
    }
    println!("{what} | {size} | {:.1}", fastest.as_secs_f64() * 1e9 / parts as f64);
}
