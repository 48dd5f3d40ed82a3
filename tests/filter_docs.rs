//! Every example in docs/filter.md does what the page says of it.

use pssailpointcc::filter;

const PAGE: &str = include_str!("../docs/filter.md");

#[test]
fn filters_are_filters_without_a_warning() {
    for text in lines("filter") {
        let filter = filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(filter.undecidable(), Vec::<String>::new(), "{text}");
        let only_broad = |warning: &String| warning.ends_with("matches nearly everybody.");
        assert!(filter.warnings().iter().all(only_broad), "{text}\n{:?}", filter.warnings());
    }
}

#[test]
fn mistakes_are_refused() {
    for text in lines("filter-error") {
        assert!(filter::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_brings_a_warning_brings_one() {
    for text in lines("filter-warning") {
        let filter = filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert!(!filter.warnings().is_empty(), "{text}");
    }
}

#[test]
fn what_cannot_be_checked_is_named() {
    for text in lines("filter-unchecked") {
        let filter = filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert!(!filter.undecidable().is_empty(), "{text}");
    }
}

#[test]
fn errors_are_shown_as_they_are() {
    let blocks = blocks();
    let shown: Vec<_> = blocks.windows(2).filter(|pair| pair[0].0 == "filter-error" && pair[1].0 == "text").collect();
    assert!(shown.len() >= 3, "the page shows {} errors only", shown.len());
    for pair in shown {
        let error = filter::parse(pair[0].1.trim_end()).expect_err("an error that the page shows");
        assert_eq!(error.to_string(), pair[1].1.trim_end(), "{}", pair[0].1);
    }
}

#[test]
fn every_block_is_of_a_kind_that_is_tested() {
    let known = ["filter", "filter-error", "filter-warning", "filter-unchecked", "text", "powershell"];
    for (kind, _) in blocks() {
        assert!(known.contains(&kind), "{kind}");
    }
}

/// The lines of all blocks of a kind.
fn lines(kind: &str) -> Vec<&'static str> {
    let lines: Vec<_> =
        blocks().into_iter().filter(|block| block.0 == kind).flat_map(|block| block.1.lines()).collect();
    assert!(!lines.is_empty(), "no {kind} on the page");
    lines
}

/// The fenced blocks of the page: what stands behind the opening fence, and the contents.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fenced = PAGE.split("\n```").enumerate().filter(|(index, _)| index % 2 == 1).map(|(_, block)| block);
    fenced.map(|block| block.split_once('\n').expect("a block has lines")).collect()
}
