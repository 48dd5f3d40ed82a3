//! Mistakes in attributes' names.

use super::EXAMPLE;
use super::operator::OPERATORS;
use super::scan::{shown, unquoted_value};
use crate::filter::ast::quoted;
use crate::filter::parse::Parser;
use crate::filter::problem::Problem;

/// Nothing is compared at all.
pub(super) fn lone_name(parser: &Parser, name: &str) -> Box<Problem> {
    let at = parser.last.start;
    let is_all = parser.text.trim() == name;
    if is_all && name.eq_ignore_ascii_case("MyVarFilter") {
        return documentation_placeholder(at);
    }
    let (_, method) = name.rsplit_once('.').unwrap_or_default();
    if ["isNull", "notNull", "isEmpty"].contains(&method) {
        let end = at + name.len();
        return Problem::new(end - method.len(), "A method has brackets behind its name, empty ones too.")
            .fix(end..end, "()");
    }
    let problem = Problem::new(at, format!("'{}' is a name alone: nothing is compared.", shown(name)));
    if is_all {
        return problem.advise(format!("If it is somebody's uid: uid == {}", quoted(&shown(name))));
    }
    problem.advise(EXAMPLE)
}

/// The documentation's examples, copied as they are.
pub(super) fn documentation_placeholder(at: usize) -> Box<Problem> {
    Problem::new(
        at,
        "'MyVarFilter' looks like the documentation's placeholder; a filter that names people belongs in its place.",
    )
    .advise(EXAMPLE)
}

/// A character in or behind the name that no name has.
pub(super) fn not_a_name(parser: &Parser, name: &str) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    let start = parser.last.start;
    let end = start + name.len();
    let text = unquoted_value(&parser.text[start..]);
    let operator_at = OPERATORS.iter().filter_map(|operator| text.find(operator)).min();
    let Some(length) = operator_at else {
        // No operator at all: this is somebody's name rather than an attribute's.
        let problem = Problem::new(at, "Here an operator belongs, such as ==.");
        return problem.advise(format!("If '{0}' is somebody's uid: uid == {1}", shown(text), quoted(&shown(text))));
    };
    let name = text[..length].trim_end();
    if name.contains(char::is_whitespace) {
        let joined = joined_words(name);
        return Problem::new(end, "An attribute's name has no blanks.").fix(start..start + name.len(), joined);
    }
    let c = rest.chars().next().unwrap_or(' ');
    if c.is_ascii() {
        let problem =
            Problem::new(at, format!("'{c}' cannot be part of an attribute's name: letters, digits, _ and dots are."));
        return problem.advise(
            "The name is the technical one, as in the identity profile's mappings, not the one that is displayed.",
        );
    }
    Problem::new(
        at,
        format!(
            "'{c}' (U+{:04X}) cannot be part of an attribute's name: letters from a to z, digits, _ and dots are.",
            u32::from(c)
        ),
    )
}

/// `first name` as the technical name that it probably has.
fn joined_words(name: &str) -> String {
    let mut joined = String::new();
    for (index, word) in name.split_whitespace().enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if index > 0 => joined.extend(first.to_uppercase()),
            Some(first) => joined.extend(first.to_lowercase()),
            None => {}
        }
        joined.push_str(letters.as_str());
    }
    joined
}
