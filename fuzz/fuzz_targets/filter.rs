//! Every text is a filter or is explained: `cargo fuzz run filter -s none -- -dict=fuzz/filter.dict -timeout=1`

#![no_main]

#[path = "../filter_checks.rs"]
mod filter_checks;

libfuzzer_sys::fuzz_target!(|text: &str| filter_checks::check(text));
