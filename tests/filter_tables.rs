//! The two tables of filters in tests/data: those that are accepted, and those that are refused and how.

mod filter_support;

use filter_support::tables::{ACCEPTED, REFUSED, lines, unescaped};
use pssailpointcc::filter::{self, FilterError};

#[test]
fn every_filter_of_the_accepted_table_is_accepted() {
    let filters: Vec<&str> = lines(ACCEPTED).collect();
    assert!(filters.len() >= 150, "the table has shrunk to {}", filters.len());
    for text in filters {
        let filter = filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        let canonical = filter.canonical();
        let again = filter::parse(&canonical).unwrap_or_else(|error| panic!("{canonical}\n{error}"));
        assert_eq!(again, filter, "{text} and its canonical form {canonical} differ in meaning");
        assert_eq!(again.canonical(), canonical);
    }
}

#[test]
fn every_text_of_the_refused_table_is_refused_as_it_says() {
    let cases = cases(REFUSED);
    assert!(cases.len() >= 300, "the table has shrunk to {}", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        match filter::parse(&case.text) {
            Ok(filter) => failures.push(format!("{}\n  is accepted as {filter}", case.written)),
            Err(error) => failures.extend(case.differences(&error)),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_error_points_at_its_place_and_speaks_ascii() {
    for case in cases(REFUSED) {
        let Err(error) = filter::parse(&case.text) else { panic!("{} is accepted", case.written) };
        let characters = case.text.chars().count();
        assert!(error.position <= characters, "{}: {} of {characters}", case.written, error.position);

        let lines: Vec<&str> = error.hint.lines().collect();
        let [.., line, caret] = lines.as_slice() else { panic!("{}: no place in the hint", case.written) };
        assert!(caret.trim_start() == "^", "{}: {caret}", case.written);
        let pointed_at = line.chars().nth(caret.len() - 1);
        let there = case.text.chars().nth(error.position).filter(|c| !c.is_whitespace());
        if let (Some(pointed_at), Some(there)) = (pointed_at, there) {
            assert!(pointed_at == there || pointed_at == '?', "{}: {pointed_at} is not {there}", case.written);
        }
        assert!(line.chars().count() <= 110, "{}: a line too long for a terminal", case.written);

        assert!(error.message.ends_with('.') && !error.message.contains('\n'), "{}", error.message);
        let own = |c: char| c.is_ascii() || case.text.contains(c);
        assert!(error.message.chars().chain(error.hint.chars()).all(own), "{error}");
    }
}

#[test]
fn what_was_probably_meant_is_accepted() {
    for case in cases(REFUSED) {
        let Err(error) = filter::parse(&case.text) else { panic!("{} is accepted", case.written) };
        for meant in meant(&error) {
            if let Err(again) = filter::parse(meant) {
                panic!("{}\nis said to mean what is no filter either\n{again}", case.written);
            }
        }
    }
}

/// A block of the refused table.
struct Case {
    written: String,
    text: String,
    at: Option<usize>,
    says: Option<String>,
    meant: Vec<String>,
}

impl Case {
    fn differences(&self, error: &FilterError) -> Option<String> {
        let position_fits = self.at.is_none_or(|at| at == error.position);
        let message_fits = self.says.as_ref().is_none_or(|part| error.message.contains(part));
        let meaning_fits = self.meant.is_empty() || self.meant == meant(error).collect::<Vec<_>>();
        (!(position_fits && message_fits && meaning_fits))
            .then(|| format!("{}\n  at {}\n  says {}\n{}", self.written, error.position, error.message, error.hint))
    }
}

/// The filters that an error proposes.
fn meant(error: &FilterError) -> impl Iterator<Item = &str> {
    let proposals = ["Probably meant: ", "Either: ", "or:     "];
    error.hint.lines().filter_map(move |line| proposals.iter().find_map(|start| line.strip_prefix(start)))
}

fn cases(table: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let Some(check) = line.strip_prefix("  ") else {
            cases.push(Case {
                written: line.to_owned(),
                text: unescaped(line),
                at: None,
                says: None,
                meant: Vec::new(),
            });
            continue;
        };
        let case = cases.last_mut().expect("a check stands below a filter");
        match check.split_once(' ') {
            Some(("at", at)) => case.at = Some(at.parse().expect("a position is a number")),
            Some(("says", part)) => case.says = Some(part.to_owned()),
            Some(("meant", filter)) => case.meant.push(filter.to_owned()),
            _ => panic!("neither at, says nor meant: {line}"),
        }
    }
    cases
}
