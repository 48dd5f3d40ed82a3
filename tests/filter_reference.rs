//! What the library makes of a filter, held against the sandbox's judgement, which shares no line with it.

mod filter_support;

use filter_support::people::{ATTRIBUTES, filter as filter_of, people};
use filter_support::random::Random;
use pssailpointcc::filter;
use pssailpointcc::filter::eval::{KnownAttributes, Verdict, judge_knowing};
use pssailpointcc::filter::query::{having, search_query};
use pssailpointcc_sandbox::Judge;
use serde_json::Value;

#[test]
fn verdicts_are_those_of_the_sandbox_and_a_search_finds_everyone_who_is_meant() {
    let mut random = Random::new(11);
    let (mut meant, mut certain) = (0, 0);
    for _ in 0..80 {
        let mut people = people(&mut random);
        for person in &mut people {
            person.correlated = true;
            // An empty list is a value to the sandbox's `/cc`, and none to its search: not documented either.
            person.attributes.retain(|_, value| value.as_array().is_none_or(|values| !values.is_empty()));
        }
        let mut reference = Judge::new(people);
        let documents: Vec<Value> = (0..reference.people().len()).filter_map(|at| reference.document(at)).collect();
        for _ in 0..150 {
            let text = filter_of(&mut random, reference.people(), &ATTRIBUTES, 2);
            let filter = filter::parse(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
            let query = search_query(&filter).text;
            let matches = reference.filter(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
            let certain_matches = reference.certain(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
            let mut is_known = |attribute: &String| {
                having(attribute).is_some_and(|query| !reference.search(&query).expect("a query").is_empty())
            };
            let known: KnownAttributes = filter.tested_for_null().into_iter().filter(&mut is_known).collect();
            let found = reference.search(&query).unwrap_or_else(|why| panic!("{text}: {query}: {why}"));
            for (at, document) in documents.iter().enumerate() {
                let verdict = judge_knowing(&filter, document, &known);
                let (is_meant, is_certain) = (matches.contains(&at), certain_matches.contains(&at));
                let about = || format!("{text:?}\n{query}\n{document}\n{verdict:?}, meant: {is_meant}, {is_certain}");
                assert_eq!(verdict == Verdict::Yes, is_certain, "{}", about());
                assert!(!is_meant || verdict != Verdict::No, "meant, and judged no: {}", about());
                assert!(is_meant || verdict != Verdict::Yes, "judged yes, and not meant: {}", about());
                assert!(!is_meant || found.contains(&at), "meant, and not found: {}", about());
                meant += usize::from(is_meant);
                certain += usize::from(is_certain);
            }
        }
    }
    assert!(meant > 10_000 && certain * 3 > meant, "too few to say anything: {meant} meant, {certain} certain");
}
