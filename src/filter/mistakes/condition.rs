//! Mistakes where a condition belongs.

use super::EXAMPLE;
use super::chain::other_connective;
use super::scan::{
    any_value, blanks, foreign_string, is_foreign_quote, shown, starts_with_word, unquoted_value, variable,
};
use super::value::{foreign_here, lost_escape, unexpanded};
use crate::filter::ast::{Operator, quoted};
use crate::filter::parse::Parser;
use crate::filter::problem::Problem;

/// No attribute's name stands where a condition begins.
pub(in crate::filter) fn condition_expected(parser: &Parser) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    if let Some(problem) = nothing_there(parser) {
        return problem;
    }
    if let Some(name) = variable(rest) {
        return unexpanded(at, name);
    }
    if let Some(problem) = whole_filter_in_quotes(parser).or_else(|| negation(parser)) {
        return problem;
    }
    if rest.starts_with('"') || rest.starts_with(is_foreign_quote) {
        return value_first(parser);
    }
    if let Some(problem) = foreign_here(parser).or_else(|| lost_escape(parser)) {
        return problem;
    }
    match rest.as_bytes()[0] {
        b'&' | b'|' => connective_first(parser),
        b'{' if rest.contains("\"filter\"") => json(parser),
        b'{' | b'[' => {
            Problem::new(at, "Conditions are grouped by round brackets; these are of another kind.").advise(EXAMPLE)
        }
        b'=' | b'<' | b'>' | b'!' => {
            Problem::new(at, "The attribute's name is missing before this operator.").advise(EXAMPLE)
        }
        b'0'..=b'9' | b't' | b'f' | b'n' => value_first(parser),
        _ => {
            Problem::new(at, "Here a condition belongs: an attribute's name, an operator and a value.").advise(EXAMPLE)
        }
    }
}

/// The text, or the bracket, ends where a condition belongs.
fn nothing_there(parser: &Parser) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let text = parser.text;
    if !rest.is_empty() && !rest.starts_with(')') {
        return None;
    }
    let follows = |at: &usize, length: usize| text[at + length..parser.at].trim().is_empty();
    if let Some(at) = parser.last.connective.filter(|at| follows(at, 2)) {
        let connective = &text[at..at + 2];
        let problem = Problem::new(at, format!("Behind this {connective} the condition is missing."));
        let start = text[..at].trim_end().len();
        return Some(problem.fix(start..parser.at, ""));
    }
    if let Some(at) = parser.last.bracket.filter(|at| follows(at, 1)) {
        let message = if rest.is_empty() {
            "The bracket that is opened here holds nothing, and is never closed."
        } else {
            "The brackets that begin here hold no condition."
        };
        return Some(Problem::new(at, message));
    }
    let message =
        if rest.is_empty() { "Here a condition is missing." } else { "This closing bracket has no opening one." };
    Some(Problem::new(parser.at, message))
}

/// `"uid == \"amelie.roux\""`
fn whole_filter_in_quotes(parser: &Parser) -> Option<Box<Problem>> {
    let text = parser.text.trim_end();
    let start = text.len() - text.trim_start().len();
    if parser.at != start {
        return None;
    }
    let whole = &text[start..];
    let open = whole.chars().next().filter(|c| *c == '"' || is_foreign_quote(*c))?;
    let close = whole.chars().next_back().filter(|c| *c == '"' || is_foreign_quote(*c))?;
    let inner = whole.get(open.len_utf8()..whole.len() - close.len_utf8())?;
    let problem = Problem::new(parser.at, "The whole filter stands in quotes; only texts inside of it do.");
    if inner.trim().eq_ignore_ascii_case("MyVarFilter") {
        return Some(super::name::documentation_placeholder(parser.at));
    }
    // Only where there is a filter inside: `"a" == uid || name == "b"` begins and ends with a quote too.
    let unescaped = inner.replace("\\\"", "\"");
    let mut reader = Parser::new(&unescaped);
    reader.quiet = true;
    reader.name()?;
    reader.skip_blanks();
    let is_filter = reader.rest().starts_with(['=', '!', '<', '>', '(', 'i', '-']);
    is_filter.then(|| problem.fix(start..text.len(), unescaped))
}

/// `!uid.isNull()`, `! (…)`, `-not (…)`
fn negation(parser: &Parser) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let sign = if rest.starts_with('!') && !rest.starts_with("!=") {
        1
    } else if starts_with_word(rest, "-not") {
        4
    } else {
        return None;
    };
    Some(negated(parser, parser.at, parser.at + sign))
}

/// What stands in `from..to` was meant as `!`, without the brackets that belong to it.
pub(super) fn negated(parser: &Parser, from: usize, to: usize) -> Box<Problem> {
    let problem =
        Problem::new(from, "Negation is written !(...), with its brackets right behind the exclamation mark.");
    let inner = to + blanks(&parser.text[to..]);
    if parser.text[inner..].starts_with('(') {
        return problem.fix(from..inner, "!");
    }
    let mut reader = parser.quiet_at(inner);
    match reader.unary() {
        Ok(_) => {
            let inner = parser.text[inner..reader.at].trim_end();
            problem.fix(from..reader.at, format!("!({inner}) "))
        }
        Err(_) => problem,
    }
}

/// A literal where an attribute's name belongs.
fn value_first(parser: &Parser) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    let problem = Problem::new(at, "A condition begins with an attribute's name, and here stands a value.");
    let Some((value, length)) = first_value(rest) else {
        return problem.advise(EXAMPLE);
    };
    let end = at + length;
    let mut reader = parser.quiet_at(end);
    reader.skip_blanks();

    // `"x" == uid`
    let operator = ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|operator| reader.take(operator));
    if let (Some(operator), Some(name)) = (operator, reader.name()) {
        let turned = match operator {
            "<" => ">",
            ">" => "<",
            "<=" => ">=",
            ">=" => "<=",
            same => same,
        };
        return problem.fix(at..reader.at, format!("{name} {turned} {value}"));
    }
    // `uid == "a" || "b"`
    let last = &parser.last;
    let follows_connective =
        last.connective.is_some_and(|connective| parser.text[connective + 2..at].trim().is_empty());
    if let (true, Some((operator, ignore_case))) = (follows_connective, last.comparison) {
        let i = if ignore_case { "i" } else { "" };
        let problem = Problem::new(at, "Each condition names its attribute, the second one too.");
        let meant = format!("{} {i}{operator} {value}", last.attribute);
        let connective = last.connective.unwrap_or(at);
        // Nobody has two uids at once: `uid == "a" && "b"` asks for those who have either.
        return if operator == Operator::Equal {
            problem.fix(connective..end, format!("|| {meant}"))
        } else {
            problem.fix(at..end, meant)
        };
    }
    // An attribute's name in quotes.
    let name = value.trim_matches('"');
    if parser.text.trim().len() == length {
        return Problem::new(at, "This is a value alone: nothing is compared.")
            .advise(format!("If it is somebody's uid: uid == {}", quoted(&shown(name))));
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Problem::new(at, "An attribute's name does not begin with a digit.");
    }
    if operator.is_some()
        && value.starts_with('"')
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_')
    {
        return Problem::new(at, "An attribute's name stands there without quotes.").fix(at..end, name);
    }
    problem.advise(EXAMPLE)
}

fn first_value(rest: &str) -> Option<(String, usize)> {
    if rest.starts_with('"') || rest.starts_with(is_foreign_quote) {
        let quoted_value = foreign_string(rest).map(|(inner, length)| (quoted(inner), length));
        return quoted_value.or_else(|| any_value(rest));
    }
    let end = unquoted_value(rest).find([' ', '=', '!', '<', '>']).unwrap_or(unquoted_value(rest).len());
    (end > 0).then(|| any_value(&rest[..end])).flatten()
}

/// `&& uid == …`, `a && && b`
fn connective_first(parser: &Parser) -> Box<Problem> {
    let rest = parser.rest();
    let length = other_connective(rest).map_or(2, |(length, _)| length).min(rest.len());
    let end = parser.at + length + blanks(&rest[length..]);
    Problem::new(parser.at, format!("Before this {} a condition is missing.", &rest[..length])).fix(parser.at..end, "")
}

/// A whole request in place of its filter.
fn json(parser: &Parser) -> Box<Problem> {
    Problem::new(
        parser.at,
        "This is a request in JSON; the filter is only the text that stands in its member 'filter'.",
    )
    .advise(EXAMPLE)
}
