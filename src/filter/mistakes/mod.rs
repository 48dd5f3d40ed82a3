//! What was probably meant: the explanations of everything that the parser refuses.
//!
//! Each function gets the parser where it stopped. A problem may carry a fix; the filter that the user is shown is
//! the one that the parser accepts once every fix is applied, so a fix may leave further mistakes to the next.

mod chain;
mod condition;
mod method;
mod name;
mod operator;
mod scan;
mod value;
mod words;

pub(super) use chain::{after_condition, bracket_not_closed, mixed_chain, too_deep};
pub(super) use condition::condition_expected;
pub(super) use method::{
    arguments_not_closed, in_quoted_filter, list_expected, list_not_closed, list_value_expected,
    method_without_attribute, other_argument_expected, text_argument_expected, unknown_method,
};
pub(super) use operator::operator_expected;
pub(super) use scan::variable_in_text;
pub(super) use value::{control_character, string_not_closed, unknown_escape, value_expected};

use super::problem::Problem;

/// Shown where nothing better is known about what was meant.
const EXAMPLE: &str = "A filter that works: uid == \"amelie.roux\"";

/// There is no filter at all.
pub(super) fn empty() -> Box<Problem> {
    Problem::new(0, "The filter is empty, which the service would take for everybody.").advise(EXAMPLE)
}
