//! The people of a refresh: by name, or by a filter.

pub(crate) mod by_filter;
pub(crate) mod by_name;
pub(crate) mod candidates;
pub(crate) mod evaluator;
pub(crate) mod matches;
pub(crate) mod preconditions;
