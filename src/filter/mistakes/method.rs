//! Mistakes in methods and their arguments.

use super::EXAMPLE;
use super::chain::word_connective_first;
use super::scan::{any_list, any_value, blanks, starts_with_word, unquoted_value};
use super::value::{not_a_literal, unquoted};
use crate::filter::arguments::COLLECTION_CONDITION;
use crate::filter::parse::Parser;
use crate::filter::problem::Problem;

const METHODS: [&str; 16] = [
    "in",
    "inIgnoreCase",
    "containsAll",
    "containsAllIgnoreCase",
    "startsWith",
    "startsWithIgnoreCase",
    "endsWith",
    "endsWithIgnoreCase",
    "contains",
    "containsIgnoreCase",
    "isNull",
    "notNull",
    "isEmpty",
    "join",
    "collectionCondition",
    "subquery",
];

/// What other languages call it, and the whole condition here; `@` stands for the attribute, `#` for the argument.
const OTHER_NAMES: [(&str, &str); 24] = [
    ("equals", "@ == #"),
    ("eq", "@ == #"),
    ("is", "@ == #"),
    ("equalsignorecase", "@ i== #"),
    ("notequals", "@ != #"),
    ("ne", "@ != #"),
    ("gt", "@ > #"),
    ("ge", "@ >= #"),
    ("lt", "@ < #"),
    ("le", "@ <= #"),
    ("isnotnull", "@.notNull()"),
    ("isnotempty", "!(@.isEmpty())"),
    ("notempty", "!(@.isEmpty())"),
    ("empty", "@.isEmpty()"),
    ("exists", "@.notNull()"),
    ("isblank", "@.isEmpty()"),
    ("beginswith", "@.startsWith(#)"),
    ("includes", "@.contains(#)"),
    ("has", "@.contains(#)"),
    ("like", "@.contains(#)"),
    ("notin", "!(@.in(#))"),
    ("containsany", "@.in(#)"),
    ("anyof", "@.in(#)"),
    ("oneof", "@.in(#)"),
];

/// `isNull(uid)`, `not(…)`, standing at the name.
pub(in crate::filter) fn method_without_attribute(parser: &Parser) -> Box<Problem> {
    let at = parser.at;
    let rest = parser.rest();
    let name = &rest[..rest.find('(').unwrap_or(rest.len())];
    if starts_with_word(name, "not") {
        return super::condition::negated(parser, at, at + name.len());
    }
    if let Some(problem) = word_connective_first(parser, at) {
        return problem;
    }
    let problem = Problem::new(at, "A method stands behind its attribute: attribute, dot, method.");
    let known = METHODS.iter().any(|method| method.eq_ignore_ascii_case(name)) || other_name(name).is_some();
    if !known {
        return Problem::new(
            at + name.len(),
            "Here an operator belongs, or a dot and a method's name before the bracket.",
        )
        .advise(EXAMPLE);
    }
    // `isNull(uid)` and `startsWith(uid, "a")`
    let mut reader = parser.quiet_at(at + name.len() + 1);
    reader.skip_blanks();
    let Some(attribute) = reader.name() else {
        return problem;
    };
    reader.skip_blanks();
    let _ = reader.take(",");
    problem.fix(at..reader.at, format!("{attribute}.{name}("))
}

/// A method that does not exist, standing at its name; the condition begins at `start`.
pub(in crate::filter) fn unknown_method(parser: &Parser, start: usize) -> Box<Problem> {
    let at = parser.at;
    let rest = parser.rest();
    let method = &rest[..rest.find('(').unwrap_or(rest.len())];
    let attribute = &parser.text[start..at - 1];
    let problem = Problem::new(at, format!("There is no method '{}'.", &method[..method.len().min(40)]));

    // `Filter.eq("uid", "x")` is how a rule in Java builds the same.
    if attribute == "Filter" {
        let arguments = &rest[method.len() + 1..];
        let name = any_value(arguments).map(|(name, length)| (name.trim_matches('"').to_owned(), length));
        return match name {
            Some((name, length)) => {
                let after = &arguments[length..];
                let comma = after.strip_prefix(',').map_or(0, |after| 1 + blanks(after));
                problem.fix(start..at + method.len() + 1 + length + comma, format!("{name}.{method}("))
            }
            None => problem,
        };
    }
    if let Some(exact) = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method)) {
        return Problem::new(at, format!("This method is written {exact}: capitals count."))
            .fix(at..at + method.len(), *exact);
    }
    if let Some(form) = other_name(method) {
        let open = at + method.len() + 1;
        let is_list = form.contains("in(#)");
        let argument = if form.contains('#') {
            if is_list {
                any_list(&parser.text[open..])
                    .map(|(values, length)| (format!("{{{}}}", values.join(", ")), open + length))
            } else {
                any_value(&parser.text[open..]).map(|(value, length)| (value, open + length))
            }
        } else {
            Some((String::new(), open))
        };
        if let Some((argument, end)) = argument {
            let end = end + blanks(&parser.text[end..]);
            if parser.text[end..].starts_with(')') {
                return problem.fix(start..end + 1, form.replace('@', attribute).replace('#', &argument));
            }
        }
        return problem.advise(known_methods());
    }
    match nearest(method) {
        Some(known) => problem.fix(at..at + method.len(), known).advise(known_methods()),
        None => problem.advise(known_methods()),
    }
}

fn other_name(method: &str) -> Option<&'static str> {
    OTHER_NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(method)).map(|(_, form)| form)
}

fn known_methods() -> String {
    "Methods: in, containsAll, startsWith, endsWith, contains (each also with IgnoreCase), isNull, notNull, isEmpty"
        .to_owned()
}

/// The method whose name differs in few letters, if any.
fn nearest(method: &str) -> Option<&'static str> {
    if method.len() > 40 {
        return None;
    }
    let method = method.to_ascii_lowercase();
    METHODS
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&method, &known.to_ascii_lowercase()), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= 3 && *distance * 3 <= known.len())
        .map(|(_, known)| known)
}

/// Behind the arguments of a method its bracket is not closed; it is opened at `open`.
pub(in crate::filter) fn arguments_not_closed(parser: &Parser, method: &str, open: usize) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    let end = parser.text[..at].trim_end().len();
    if rest.is_empty() || parser.connective().is_some() {
        return Problem::new(open, "The bracket that is opened here is never closed.").fix(end..end, ")");
    }
    if matches!(method, "isNull" | "notNull" | "isEmpty") {
        let problem = Problem::new(at, format!("Nothing stands in the brackets of {method}()."));
        return match any_list(rest).map(|(_, length)| at + length).filter(|end| parser.text[*end..].starts_with(')')) {
            Some(end) => problem.fix(at..end, ""),
            None => problem,
        };
    }
    if rest.starts_with(',') && method != "in" && !method.starts_with("containsAll") {
        return Problem::new(
            at,
            format!("{method} takes one text; for several, join conditions by || or use in({{...}})."),
        );
    }
    if rest.starts_with('}') {
        return Problem::new(at, "This closing bracket has no opening one.").fix(at..at + 1, "");
    }
    Problem::new(at, format!("Here the bracket of {method}( should be closed.")).advise(form_of(method))
}

fn form_of(method: &str) -> String {
    match method.trim_end_matches("IgnoreCase") {
        "in" | "containsAll" => format!("Its form: attribute.{method}({{\"a\", \"b\"}})"),
        "startsWith" | "endsWith" | "contains" => format!("Its form: attribute.{method}(\"a\")"),
        "collectionCondition" => format!("Its form: attribute.{COLLECTION_CONDITION}"),
        _ => format!("Its form: attribute.{method}()"),
    }
}

/// `startsWith`, `endsWith` and `contains` without a text.
pub(in crate::filter) fn text_argument_expected(parser: &Parser, method: &str) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    if rest.is_empty() || rest.starts_with(')') {
        return Problem::new(at, format!("{method} needs a text in its brackets.")).advise(form_of(method));
    }
    if let Some(problem) = not_a_literal(parser) {
        return problem;
    }
    if rest.starts_with(['{', '[', '(']) {
        let problem = Problem::new(at, format!("{method} takes one text, without further brackets."));
        return match any_list(rest) {
            Some((values, length)) if values.len() == 1 => problem.fix(at..at + length, values[0].as_str()),
            _ => problem.advise("For several texts, join conditions by ||."),
        };
    }
    unquoted(parser, unquoted_value(rest))
}

/// `in` and `containsAll` without `{`.
pub(in crate::filter) fn list_expected(parser: &Parser, method: &str, open: usize) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    let problem = Problem::new(at, format!("The values of {method} stand in curly brackets inside of the round ones."));
    if rest.is_empty() || rest.starts_with(')') {
        return problem.advise(form_of(method));
    }
    match any_list(rest) {
        Some((values, length)) => problem.fix(open + 1..at + length, format!("{{{}}}", values.join(", "))),
        None => problem.advise(form_of(method)),
    }
}

/// In a list, where a value belongs, something else stands.
pub(in crate::filter) fn list_value_expected(parser: &Parser, is_first: bool) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    if rest.is_empty() {
        let end = parser.text.trim_end().len();
        return Problem::new(at, "The list is not closed.").fix(end..end, "})");
    }
    if rest.starts_with('}') && is_first {
        return Problem::new(at, "The list is empty; a filter that matches nobody means everybody to the service.");
    }
    if rest.starts_with(['}', ',']) {
        let comma = parser.text[..at].rfind([',', '{']).unwrap_or(at);
        let is_comma = parser.text[comma..].starts_with(',');
        let (from, to) = if rest.starts_with(',') || !is_comma { (at, at + 1) } else { (comma, at) };
        return Problem::new(from, "Beside this comma a value is missing.").fix(from..to, "");
    }
    if let Some(problem) = not_a_literal(parser) {
        return problem;
    }
    if rest.starts_with(['(', '[', '{']) {
        return Problem::new(at, "A list holds values, without further brackets.");
    }
    unquoted(parser, unquoted_value(rest))
}

/// Behind a list's value stands neither a comma nor the closing bracket.
pub(in crate::filter) fn list_not_closed(parser: &Parser) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    let end = parser.text[..at].trim_end().len();
    if rest.is_empty() {
        return Problem::new(at, "The list is not closed.").fix(end..end, "})");
    }
    if rest.starts_with(')') {
        return Problem::new(at, "The list's curly bracket is not closed.").fix(end..end, "}");
    }
    if rest.starts_with([';', '|']) {
        return Problem::new(at, "The values of a list are separated by commas.").fix(at..at + 1, ",");
    }
    if rest.starts_with([']']) {
        return Problem::new(at, "A list ends with a curly bracket.").fix(at..at + 1, "}");
    }
    if rest.starts_with(['"', '\'']) && end < at {
        return Problem::new(at, "Between these two values a comma is missing.").fix(end..end, ",");
    }
    super::value::foreign_here(parser)
        .unwrap_or_else(|| Problem::new(at, "Behind a list's value belongs a comma, or the closing curly bracket."))
}

/// An argument of `join`, `collectionCondition` or `subquery`, whose form is `form`.
pub(in crate::filter) fn other_argument_expected(parser: &Parser, form: &str) -> Box<Problem> {
    Problem::new(parser.at, "This method's arguments have another form.").advise(format!("Its form: attribute.{form}"))
}

/// A mistake in a filter that stands in quotes inside of another; `at` is its place in the outer one.
pub(in crate::filter) fn in_quoted_filter(inner: &str, problem: Problem, at: usize) -> Box<Problem> {
    if inner.trim().is_empty() {
        return Problem::new(at, "The filter between the quotes is empty.");
    }
    let outer = Problem::new(at, format!("In the filter between the quotes: {}", problem.message));
    let lines = problem.meant(inner).into_iter().chain(problem.advice);
    lines.fold(outer, |outer, line| outer.advise(line))
}
