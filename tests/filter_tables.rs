//! The two tables of filters in tests/data: those that are accepted, and those that are refused and how.

mod filter_support;

use filter_support::tables::{ACCEPTED, lines, refused};
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
    let cases = refused();
    assert!(cases.len() >= 180, "the table has shrunk to {}", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        match filter::parse(&case.text) {
            Ok(filter) => failures.push(format!("{}\n  is accepted as {filter}", case.written)),
            Err(error) => {
                let has_message = fits(case.message, &error.message);
                let proposed = case.proposal.as_ref().map(|_| (error.position, meant(&error).collect()));
                if !has_message || proposed != case.proposal {
                    failures.push(format!("{}\n  at {}: {error}", case.written, error.position));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_error_has_a_caret_at_its_position_and_ascii_text() {
    for case in refused() {
        let Err(error) = filter::parse(&case.text) else { panic!("{} is accepted", case.written) };
        let characters = case.text.chars().count();
        assert!(error.position <= characters, "{}: {} of {characters}", case.written, error.position);

        let lines: Vec<&str> = error.hint.lines().collect();
        let [.., line, caret] = lines.as_slice() else { panic!("{}: no caret in the hint", case.written) };
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
fn every_error_says_what_was_meant_or_what_belongs_there() {
    for case in refused() {
        let Err(error) = filter::parse(&case.text) else { panic!("{} is accepted", case.written) };
        assert!(error.hint.lines().count() >= 3, "{}: nothing but the caret\n{error}", case.written);
        for meant in meant(&error) {
            if let Err(again) = filter::parse(meant) {
                panic!("{}\nis said to mean what is refused too\n{again}", case.written);
            }
        }
    }
}

/// Whether a message is the one of the table, in which `...` stands for anything.
fn fits(expected: &str, message: &str) -> bool {
    match expected.split_once("...") {
        None => expected == message,
        Some((start, end)) => {
            message.len() >= start.len() + end.len() && message.starts_with(start) && message.ends_with(end)
        }
    }
}

/// The filters that an error proposes.
fn meant(error: &FilterError) -> impl Iterator<Item = &str> {
    let proposals = ["Probably meant: ", "Either: ", "or:     "];
    error.hint.lines().filter_map(move |line| proposals.iter().find_map(|start| line.strip_prefix(start)))
}
