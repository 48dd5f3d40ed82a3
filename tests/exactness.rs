//! Exactly those are sent to `identities/process` whom the filter, or the name, means for certain: for ten thousand random
//! pairs of a filter and a population, as the sandbox judges them, which shares nothing with the library.

mod filter_support;
mod support;

use std::thread;

use filter_support::people::{ATTRIBUTES, filter, has_unknowable, people};
use filter_support::random::Random;
use pssailpointcc_sandbox::{Endpoint, Identity, Judge, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh};

const PAIRS: usize = 10_000;
const FILTERS_OF_A_POPULATION: usize = 20;
const LISTS: usize = 1_000;

/// Each with a sandbox of its own.
const THREADS: usize = 2;

#[test]
fn the_ids_sent_are_exactly_those_whom_the_filter_means() {
    let threads = (0..THREADS).map(|number| thread::spawn(move || compare(11 + number as u64, PAIRS / THREADS)));
    let threads: Vec<_> = threads.collect();
    let tallies =
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    let all = tallies.fold(Tally::default(), |all, one| Tally {
        sent: all.sent + one.sent,
        nobody: all.nobody + one.nobody,
        everybody: all.everybody + one.everybody,
        unsupported: all.unsupported + one.unsupported,
    });
    assert_eq!(all.sent + all.nobody + all.everybody + all.unsupported, PAIRS);
    let says_something = all.sent > PAIRS / 3 && all.everybody > PAIRS / 100 && all.unsupported > PAIRS / 100;
    assert!(says_something, "{all:?}");
}

/// What became of the pairs.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    nobody: usize,
    everybody: usize,
    unsupported: usize,
}

fn compare(seed: u64, pairs: usize) -> Tally {
    let mut random = Random::new(seed);
    let sandbox = Sandbox::builder().identities(Vec::new()).start();
    let mut tally = Tally::default();
    let mut judge = Judge::new(Vec::new());
    // What a search document has besides, and `/cc` does not know.
    let attributes = [&ATTRIBUTES[..], &["attributes.department"]].concat();
    for pair in 0..pairs {
        if pair % FILTERS_OF_A_POPULATION == 0 {
            judge = Judge::new(people(&mut random));
            judge.people().iter().for_each(|person| sandbox.put_identity(person.clone()));
        }
        let filter = filter(&mut random, judge.people(), &attributes, 2);
        one_pair(&sandbox, &filter, &judge, &mut tally);
    }
    tally
}

fn one_pair(sandbox: &Sandbox, text: &str, judge: &Judge, tally: &mut Tally) {
    let population = judge.people();
    let in_search: Vec<&Identity> = population.iter().filter(|person| person.correlated).collect();
    let meant = judge.certain(text).unwrap_or_else(|why| panic!("{text}: {why}"));
    let meant: Vec<String> = meant.into_iter().map(|at| population[at].id.clone()).collect();
    let answer = refresh(&json!({
        "filter": text, "options": { "backend": "process" }, "configuration": configuration(sandbox.url()),
    }));
    let sent = sent(sandbox);
    let about = || format!("{text}\nmeant: {meant:?}\nsent: {sent:?}\n{answer:#}\n{population:#?}");
    let expected = if answer["ok"] == true { meant.clone() } else { Vec::new() };
    assert_eq!(sent, expected, "{}", about());
    let count = match answer["error"]["code"].as_str() {
        None => {
            assert_eq!(answer["matched"], meant.len(), "{}", about());
            &mut tally.sent
        }
        Some("no_match") => {
            assert!(meant.is_empty(), "{}", about());
            &mut tally.nobody
        }
        Some("would_refresh_all") => {
            assert_eq!(meant.len(), in_search.len(), "{}", about());
            &mut tally.everybody
        }
        Some("unsupported_argument") => {
            assert!(meant.is_empty() && has_unknowable(text), "{}", about());
            &mut tally.unsupported
        }
        Some(_) => panic!("{}", about()),
    };
    *count += 1;
}

/// The ids of those whom the sandbox was asked to process, sorted; its log begins anew.
fn sent(sandbox: &Sandbox) -> Vec<String> {
    let refreshes = sandbox.refreshes();
    assert!(refreshes.iter().all(|refresh| refresh.by == Endpoint::Process && refresh.unknown.is_empty()));
    let mut sent: Vec<String> = refreshes.into_iter().flat_map(|refresh| refresh.ids).collect();
    sent.sort_unstable();
    sandbox.clear_log();
    sent
}

#[test]
fn the_ids_sent_are_exactly_those_of_whom_alone_the_names_are() {
    let mut random = Random::new(5);
    let sandbox = Sandbox::builder().identities(Vec::new()).start();
    let mut population = Vec::new();
    let (mut several, mut nobody, mut one) = (0, 0, 0);
    for list in 0..LISTS {
        if list % FILTERS_OF_A_POPULATION == 0 {
            population = people(&mut random);
            population.iter().for_each(|person| sandbox.put_identity(person.clone()));
        }
        let attribute = random.one_of(&["uid", "uid", "location", "department", "startDate"]);
        let given: Vec<String> = (0..1 + random.below(12))
            .map(|_| match random.below(3) {
                0 => random.value(),
                _ => population[random.below(population.len())].text(attribute).to_owned(),
            })
            .filter(|value| !value.trim().is_empty())
            .collect();
        let who_has = |value: &str| -> Vec<String> {
            let in_search = population.iter().filter(|person| person.correlated);
            let having = in_search.filter(|person| person.attributes.get(attribute) == Some(&Value::from(value)));
            having.map(|person| person.id.clone()).collect()
        };
        let mut names = given.clone();
        names.sort_unstable();
        names.dedup();
        let with_so_many = |wanted: fn(usize) -> bool| -> Vec<String> {
            names.iter().filter(|name| wanted(who_has(name).len())).cloned().collect()
        };
        let answer = refresh(&json!({
            "identities": given, "identityAttribute": attribute, "configuration": configuration(sandbox.url()),
        }));
        let about = || format!("{attribute} {given:?}\n{answer:#}\n{population:#?}");
        let mut meant: Vec<String> = with_so_many(|number| number == 1).iter().flat_map(|name| who_has(name)).collect();
        meant.sort_unstable();
        assert_eq!(sent(&sandbox), meant, "{}", about());
        assert_eq!(sorted(&answer["unmatched"], Value::clone), with_so_many(|number| number == 0), "{}", about());
        let ambiguous = sorted(&answer["ambiguous"], |one| one["identity"].clone());
        assert_eq!(ambiguous, with_so_many(|number| number > 1), "{}", about());
        let code = if meant.is_empty() && !names.is_empty() { json!("no_match") } else { Value::Null };
        assert_eq!(answer["error"]["code"], code, "{}", about());
        several += ambiguous.len();
        nobody += with_so_many(|number| number == 0).len();
        one += meant.len();
    }
    assert!([several, nobody, one].iter().all(|number| *number > LISTS / 2), "{several} {nobody} {one}");
}

/// Texts of a list, sorted.
fn sorted(list: &Value, text: impl Fn(&Value) -> Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().map(text);
    let mut texts: Vec<String> = texts.map(|text| text.as_str().expect("a text").to_owned()).collect();
    texts.sort_unstable();
    texts
}
