//! What the tests of the filter share: random filters and people, and the tables of tests/data.

#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod people;
pub(crate) mod query;
pub(crate) mod random;
pub(crate) mod tables;
