//! Explains why a text is refused: a sentence about the place where the parser stopped, and what belongs there.
//!
//! Known are the mistakes that people make: other languages' operators and quotes, several values, missing parentheses,
//! placeholders. Anything else gets a sentence that says what is expected there.

mod guess;
mod scan;

pub(super) use guess::filters as probably_meant;
pub(super) use scan::variable_in_text;

use super::MAX_NESTING;
use super::ast::quoted;
use super::parse::Parser;
use super::problem::{Problem, shown};
use guess::{is_condition, known_method, whole_in_quotes};
use scan::{connective, copied_character, is_foreign_quote, is_quote, operator, starts_with_word, unquoted_value};

pub(super) const EMPTY: &str = "The filter is empty, which the service would take for everybody.";
pub(super) const MIXED: &str =
    "&& and || are mixed without parentheses, and nothing documents which of them the service applies first.";
pub(super) const TEXT_NOT_CLOSED: &str = "The text that begins here has no closing quote.";
pub(super) const UNKNOWN_ESCAPE: &str =
    "A text has two escapes, \\\" for a quote and \\\\ for a backslash; this is neither.";
const NEGATION: &str = "Negation is written !(...), with a bracket right after the exclamation mark.";
const NOT_OPENED: &str = "This closing bracket has no opening one.";
const NEEDS_QUOTES: &str = "A text needs double quotes around it.";
const PLACEHOLDER: &str =
    "'MyVarFilter' looks like the documentation's placeholder; a filter that names people belongs in its place.";

/// There is no attribute's name where a condition begins.
pub(super) fn condition_expected(parser: &Parser) -> Box<Problem> {
    let (at, rest) = (parser.at, parser.rest());
    let before = parser.text[..at].trim_end();
    let follows_connective = before.ends_with("&&") || before.ends_with("||");
    let ends = rest.is_empty() || rest.starts_with(')');
    let in_quotes = whole_in_quotes(parser.text).filter(|_| before.is_empty()).unwrap_or_default();
    let is_value = rest.starts_with(|c: char| is_quote(c) || c.is_ascii_alphanumeric());
    let (place, message) = if ends && follows_connective {
        (before.len() - 2, "A condition is missing after this connective.")
    } else if ends && before.ends_with('(') {
        (before.len() - 1, "There is no condition in these brackets.")
    } else if rest.starts_with([')', '}', ']']) {
        (at, NOT_OPENED)
    } else if is_placeholder(&in_quotes) {
        (at, PLACEHOLDER)
    } else if is_condition(&in_quotes) {
        (at, "The whole filter is in quotes; only the texts in it need them.")
    } else if rest.starts_with('!') && !rest.starts_with("!=") || starts_with_word(rest, "-not") {
        (at, NEGATION)
    } else if is_value && follows_connective {
        (at, "Each condition names its attribute, the second one too.")
    } else if is_value && rest.contains(['=', '<', '>']) {
        (at, "A condition begins with an attribute's name, and this is a value.")
    } else if is_value {
        let value = rest.trim().trim_matches(is_quote);
        return Problem::new(at, "This is only a value: nothing is compared.").advise(if_it_is_a_uid(value));
    } else if let Some(problem) = foreign(parser) {
        return problem;
    } else {
        (at, "A condition is expected here: an attribute's name, an operator and a value.")
    };
    Problem::new(place, message)
}

/// A condition begins at `at` with true, false or null, and a dot.
pub(super) fn value_as_attribute(word: &str, at: usize) -> Box<Problem> {
    Problem::new(at, format!("'{word}' is a value, and no attribute's name."))
        .advise("An attribute stands first, such as: manager.isNull(), inactive == true")
}

/// A value without quotes, at `at`, with capital letters in it.
pub(super) fn value_in_capitals(word: &str, at: usize) -> Box<Problem> {
    let value = word.to_ascii_lowercase();
    Problem::new(at, format!("'{word}' is no attribute's name; the value is written {value}, in lower case."))
}

/// After the name of a condition, which begins at `start`, comes neither an operator nor a method's bracket.
pub(super) fn operator_expected(parser: &Parser, name: &str, start: usize) -> Box<Problem> {
    let (at, rest) = (parser.at, parser.rest());
    let end = start + name.len();
    let ends = rest.is_empty() || rest.starts_with([')', ',', ';']) || parser.connective().is_some();
    let is_operator = rest.starts_with(['=', '<', '>', '!', '~', ':']);
    let method = name.rsplit_once('.').and_then(|(_, method)| known_method(method)).filter(|_| !is_operator);
    if name.eq_ignore_ascii_case("not") && !rest.is_empty() {
        Problem::new(start, NEGATION)
    } else if connective(name).is_some() {
        Problem::new(start, format!("A condition is missing before '{name}'."))
    } else if is_placeholder(parser.text) {
        Problem::new(start, PLACEHOLDER)
    } else if let Some(method) = method {
        Problem::new(end, "A method's brackets follow its name directly.").advise(form_of(method))
    } else if ends {
        let message = format!("'{}' is only a name: nothing is compared.", shown(name));
        Problem::new(start, message).advise(if_it_is_a_uid(name))
    } else if let Some((written, _)) = operator(rest).filter(|(written, _)| end < at || !written.starts_with('-')) {
        Problem::new(
            at,
            match written {
                "=" => "Equality is written ==, with two equals signs.".to_owned(),
                other => format!("'{other}' is not an operator of filters."),
            },
        )
    } else if let Some(problem) = foreign(parser).filter(|_| !rest.starts_with(is_quote)) {
        problem
    } else if end < at || is_operator || rest.starts_with(|c: char| is_quote(c) || "@-(".contains(c)) {
        let problem = Problem::new(at, "An operator is expected here: ==, !=, <, >, <= or >=.");
        let text = unquoted_value(&parser.text[start..]);
        if text.contains(['=', '<', '>']) || rest.starts_with(is_quote) {
            problem
        } else {
            problem.advise(if_it_is_a_uid(text))
        }
    } else {
        Problem::new(at, "An attribute's name has letters from a to z, digits, _ and dots only.")
            .advise("It is the technical one, as in the identity profile's mappings, not the one that is displayed.")
    }
}

/// There is no value where one is expected.
pub(super) fn value_expected(parser: &Parser, attribute: &str, operator_at: usize) -> Box<Problem> {
    let (at, rest) = (parser.at, parser.rest());
    if rest.is_empty() || rest.starts_with(')') || parser.connective().is_some() {
        Problem::new(operator_at, "The value to compare with is missing after this operator.")
            .advise(format!("For an attribute that has no value: {}.isNull()", shown(attribute)))
    } else if let Some(problem) = foreign(parser) {
        problem
    } else if rest.starts_with(['{', '(', '[', '@']) {
        Problem::new(at, "A comparison takes one value, without brackets.").advise(form_of("in"))
    } else {
        unquoted(parser)
    }
}

/// A value without quotes, that is not just one name.
pub(super) fn unquoted(parser: &Parser) -> Box<Problem> {
    let value = unquoted_value(parser.rest());
    let message = if value.is_empty() || value.starts_with(['=', '<', '>', '!', '~']) {
        "A value is expected here: a text in double quotes, a number, true, false or null."
    } else if value.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,:TZ/eE ".contains(&byte)) {
        "Only digits, at most 18 of them, are a number; anything else needs double quotes."
    } else {
        NEEDS_QUOTES
    };
    Problem::new(parser.at, message)
}

/// After a complete condition comes neither a connective nor the closing bracket.
pub(super) fn after_condition(parser: &Parser) -> Box<Problem> {
    let (at, rest) = (parser.at, parser.rest());
    let before = &parser.text[..at];
    let last_word = before.trim_end().rfind([' ', '=', '<', '>']).map_or(0, |blank| blank + 1);
    let is_bare = before.trim_end().ends_with(|c: char| c.is_ascii_alphanumeric());
    let another = rest.strip_prefix([',', ';']).map(str::trim).filter(|another| !another.is_empty());
    let is_value = another.is_some_and(|another| !before.trim_end().ends_with(')') && !is_condition(another));
    let (place, message) = if let Some((length, _)) = connective(rest) {
        return Problem::new(at, format!("Conditions are joined by && or ||, not by '{}'.", &rest[..length]));
    } else if rest.starts_with([')', '}', ']']) {
        (at, NOT_OPENED)
    } else if is_value {
        (at, "A comparison takes one value, and here are several.")
    } else if another.is_some() {
        (at, "Conditions are joined by && (both must hold) or || (one is enough), not by this.")
    } else if before.ends_with("\"\"") {
        (at - 2, "The quotes are doubled: between single quotes PowerShell needs them once.")
    } else if before.ends_with('"') && rest.starts_with(|c: char| c == '"' || c.is_alphanumeric()) {
        (at, "The text has ended before this, at the quote; a quote inside of a text is written \\\".")
    } else if is_bare && rest.starts_with('"') {
        (last_word, "The opening quote of this text is missing.")
    } else if let Some(problem) = foreign(parser) {
        return problem;
    } else if is_condition(rest) {
        (at, "&& (both must hold) or || (one is enough) is missing between these two conditions.")
    } else if is_bare && rest.starts_with(char::is_alphanumeric) {
        (last_word, NEEDS_QUOTES)
    } else {
        (at, "The filter should end here, or continue with && or ||.")
    };
    Problem::new(place, message)
}

/// The bracket at `open` is not closed where its contents end.
pub(super) fn bracket_not_closed(parser: &Parser, open: usize) -> Box<Problem> {
    let ends = parser.rest().is_empty() || parser.connective().is_some();
    if ends { Problem::new(open, "The bracket that is opened here is never closed.") } else { after_condition(parser) }
}

/// The 65th bracket inside others.
pub(super) fn too_deep(parser: &Parser) -> Box<Problem> {
    Problem::new(parser.at, format!("Brackets nest at most {MAX_NESTING} deep, and this one is deeper."))
}

/// A character in a text that no name or value of a tenant has, and that a database may choke on: a query that fails
/// refreshes everybody.
pub(super) fn control_character(parser: &Parser) -> Box<Problem> {
    let code = parser.rest().chars().next().map_or(0, u32::from);
    Problem::new(parser.at, format!("This text contains a control character (U+{code:04X}), which no value has."))
}

/// `isNull(uid)`, `not(...)`, standing at the name.
pub(super) fn method_without_attribute(parser: &Parser) -> Box<Problem> {
    let message = if starts_with_word(parser.rest(), "not") {
        NEGATION
    } else {
        "A method follows its attribute and a dot: attribute.method(...)."
    };
    Problem::new(parser.at, message).advise(form_of("startsWith"))
}

/// A method that does not exist, standing at its name.
pub(super) fn unknown_method(parser: &Parser) -> Box<Problem> {
    let method = &parser.rest()[..parser.rest().find('(').unwrap_or_default()];
    let message = match known_method(method).filter(|known| known.eq_ignore_ascii_case(method)) {
        Some(exact) => format!("This method is written {exact}: capitals count."),
        None => format!("There is no method '{}'.", shown(method)),
    };
    Problem::new(parser.at, message).advise(
        "Methods: in, containsAll, startsWith, endsWith, contains (each also with IgnoreCase), isNull, notNull, isEmpty",
    )
}

/// The brackets of a method contain something that it does not take.
pub(super) fn argument_expected(parser: &Parser, method: &str) -> Box<Problem> {
    let is_empty_list = parser.rest().starts_with('}') && parser.text[..parser.at].trim_end().ends_with('{');
    let message = if is_empty_list {
        "The list is empty; a filter that matches nobody means everybody to the service.".to_owned()
    } else {
        format!("These are not the arguments that {method} takes.")
    };
    foreign(parser).unwrap_or_else(|| Problem::new(parser.at, message)).advise(form_of(method))
}

/// A mistake in a filter that is quoted in another; `at` is its place in the outer one.
pub(super) fn in_quoted_filter(inner: &str, problem: Problem, at: usize) -> Box<Problem> {
    let outer = Problem::new(at, format!("In the filter between the quotes: {}", problem.message));
    problem.lines(inner).into_iter().fold(outer, |outer, line| outer.advise(line))
}

/// A variable, a quote or a character that is not of the language, at any place.
fn foreign(parser: &Parser) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let first = rest.chars().next()?;
    let new = |message: &str| Some(Problem::new(parser.at, message));
    if let Some(name) = scan::variable(rest) {
        let message = format!("'{}' looks like a variable that was not replaced by its value.", shown(name));
        let advice = if name.starts_with('$') {
            "PowerShell replaces variables between double quotes only: \"uid == `\"$uid`\"\"\n\
             or with the format operator: 'uid == \"{0}\"' -f $uid"
        } else {
            "Its value belongs here, in double quotes."
        };
        new(&message).map(|problem| problem.advise(advice))
    } else if rest.starts_with("\\\"") {
        new("The backslash before this quote is one too many: it is needed inside of a text only.")
    } else if rest.starts_with("`\"") {
        new("The backtick before this quote has stayed in the filter: between single quotes PowerShell needs none.")
    } else if first == '\'' {
        let advice = "In PowerShell, put single quotes around the whole filter: 'uid == \"amelie.roux\"'";
        new("A text needs double quotes; the service does not accept single quotes.")
            .map(|problem| problem.advise(advice))
    } else if is_foreign_quote(first) {
        new("A text needs plain double quotes; this is a quote of another kind.")
    } else {
        let (what, code) = (copied_character(first)?, u32::from(first));
        new(&format!("This is {what} (U+{code:04X}), probably copied from a page or a document."))
    }
}

fn is_placeholder(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("MyVarFilter")
}

fn if_it_is_a_uid(text: &str) -> String {
    format!("If it is somebody's uid: uid == {}", quoted(&shown(text)))
}

fn form_of(method: &str) -> String {
    let arguments = match method.trim_end_matches("IgnoreCase") {
        "in" | "containsAll" => r#"{"a", "b"}"#,
        "startsWith" | "endsWith" | "contains" => r#""a""#,
        "join" => "Class.property",
        "collectionCondition" => r#""name == \"value\"""#,
        "subquery" => r#""property", sailpoint.object.Class, "property", "name == \"value\"""#,
        _ => "",
    };
    format!("Its form: attribute.{method}({arguments})")
}
