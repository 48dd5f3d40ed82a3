// What holds for every text whatsoever. The fuzz target and tests/filter_fuzz.rs both call this; a failure is a panic.

use std::fmt;

use pssailpointcc::filter::eval::judge;
use pssailpointcc::filter::query::search_query;
use pssailpointcc::filter::{self, Filter, FilterError};
use serde_json::{Value, json};

pub(crate) fn check(text: &str) {
    match filter::parse(text) {
        Ok(filter) => accepted(&Start(text), &filter),
        Err(error) => refused(&Start(text), &error),
    }
}

/// As much of a text as a failure shows.
struct Start<'a>(&'a str);

impl fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.0.chars().take(500).collect();
        start.fmt(f)
    }
}

fn accepted(text: &Start, filter: &Filter) {
    let canonical = filter.canonical();
    let again = filter::parse(&canonical)
        .unwrap_or_else(|error| panic!("{text:?} is accepted, {:?} is not: {error}", Start(&canonical)));
    assert!(again == *filter, "{text:?} and {:?} differ", Start(&canonical));
    assert!(again.canonical() == canonical, "{:?} has another canonical form", Start(&canonical));

    assert!(!filter.attributes().is_empty(), "{text:?} names no attribute");
    assert!(filter.warnings().len() <= 20 && filter.warnings().iter().all(|warning| warning.len() < 2_000), "{text:?}");
    let _ = filter.undecidable();

    let query = search_query(filter);
    assert_eq!(query.narrows, query.text != "*", "{text:?} became {}", query.text);
    assert_outside_of_quotes(&query.text);
    for document in documents() {
        assert_eq!(judge(filter, &document), judge(&again, &document), "{text:?} on {document}");
    }
}

fn refused(text: &Start, error: &FilterError) {
    let characters = text.0.chars().count();
    assert!(error.position <= characters, "{text:?}: {} of {characters}", error.position);
    assert!(!error.message.is_empty() && !error.message.contains('\n'), "{text:?}: {}", error.message);
    assert!(error.message.len() < 1_000 && error.hint.len() < 20_000, "{text:?}: an endless error");
    assert!(error.hint.lines().last().is_some_and(|line| line.trim_start() == "^"), "{text:?}: {}", error.hint);
    let proposals = error.hint.lines().filter_map(|line| line.strip_prefix("Probably meant: "));
    for proposal in proposals.filter(|proposal| !proposal.contains('?')) {
        assert!(filter::parse(proposal).is_ok(), "{text:?}: {proposal:?} is proposed and refused");
    }
}

/// Outside of quotes a query has field names, brackets, `*` and its own words only.
fn assert_outside_of_quotes(query: &str) {
    let mut inside = false;
    let mut escaped = false;
    for c in query.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ if inside => {}
            c => assert!(c.is_ascii_alphanumeric() || "_.:()* ".contains(c), "{c:?} in {:?}", Start(query)),
        }
    }
    assert!(!inside, "an open phrase in {:?}", Start(query));
}

fn documents() -> [Value; 3] {
    [
        json!({}),
        json!({ "name": "a", "email": null, "inactive": true, "manager": { "name": "b" }, "attributes": { "uid": "a", "i": "", "b": ["a", "b"] } }),
        json!({ "id": "uid", "email": "A", "attributes": { "uid": "A ", "email": "a", "a": "a", "n": 5, "department": "2026-01-01" } }),
    ]
}
