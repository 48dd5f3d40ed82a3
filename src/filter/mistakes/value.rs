//! Mistakes in values: quotes, escapes, variables.

use super::EXAMPLE;
use super::operator::like;
use super::scan::{any_list, foreign_character, foreign_string, is_foreign_quote, shown, unquoted_value, variable};
use crate::filter::ast::{Operator, quoted};
use crate::filter::parse::Parser;
use crate::filter::problem::Problem;

/// Where the value of a comparison belongs, something else stands.
pub(in crate::filter) fn value_expected(parser: &Parser) -> Box<Problem> {
    let rest = parser.rest();
    let last = &parser.last;
    if rest.is_empty() || rest.starts_with(')') || parser.connective().is_some() {
        return Problem::new(last.operator_at, "The value to compare with is missing after this operator.")
            .advise(format!("For an attribute that has no value: {}.isNull()", shown(last.attribute)));
    }
    if let Some(problem) = not_a_literal(parser) {
        return problem;
    }
    if rest.starts_with(['{', '(', '[']) || rest.starts_with("@(") {
        return several_values(parser, parser.at);
    }
    if let Some(length) = rest.bytes().position(|byte| !b"=<>!~".contains(&byte)).filter(|length| *length > 0) {
        return Problem::new(parser.at, "Two operators stand here, one after the other.")
            .fix(parser.at..parser.at + length, "");
    }
    let value = unquoted_value(rest);
    let is_pattern = value.len() > 1 && (value.starts_with('*') || value.ends_with('*'));
    if is_pattern && matches!(last.comparison, Some((Operator::Equal, false))) {
        return Problem::new(
            parser.at,
            "A comparison knows no wildcards; startsWith, endsWith and contains find a part of a text.",
        )
        .fix(last.start..parser.at + value.len(), like(last.attribute, &quoted(value)));
    }
    unquoted(parser, value)
}

/// What stands in a value's place and is none, wherever a value may stand: `None` if it looks like a bare text.
pub(super) fn not_a_literal(parser: &Parser) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let at = parser.at;
    if let Some(problem) = lost_escape(parser) {
        return Some(problem);
    }
    if let Some(name) = variable(rest) {
        return Some(unexpanded(at, name));
    }
    if rest.starts_with(is_foreign_quote) {
        return Some(foreign_quotes(parser));
    }
    foreign_here(parser)
}

/// Text in quotes that are not the language's.
pub(super) fn foreign_quotes(parser: &Parser) -> Box<Problem> {
    let rest = parser.rest();
    let single = rest.starts_with('\'');
    let message = if single {
        "A text needs double quotes; single quotes are none to the service."
    } else {
        "A text needs plain double quotes; this is a quote of another kind."
    };
    let problem = Problem::new(parser.at, message);
    let problem = if single {
        problem.advise("In PowerShell, put single quotes around the whole filter: 'uid == \"amelie.roux\"'")
    } else {
        problem
    };
    match foreign_string(rest) {
        Some((inner, length)) => problem.fix(parser.at..parser.at + length, quoted(inner)),
        None => problem,
    }
}

/// `\"`, `` `" `` or `&quot;` where a plain quote belongs.
pub(super) fn lost_escape(parser: &Parser) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let (written, message) = if rest.starts_with("\\\"") {
        ("\\\"", "The backslash before this quote is one too many: it is needed inside of a text only.")
    } else if rest.starts_with("`\"") {
        ("`\"", "The backtick before this quote has stayed in the filter: between single quotes PowerShell needs none.")
    } else if rest.starts_with("&quot;") {
        ("&quot;", "This is the HTML form of a double quote.")
    } else if rest.starts_with("%22") {
        ("%22", "This is the form of a double quote in a web address.")
    } else if rest.starts_with("\"\"") {
        ("\"\"", "The quotes are doubled: between single quotes PowerShell needs them once.")
    } else {
        return None;
    };
    let at = parser.at;
    // The closing one is corrected together with it, because half a correction would be read as an open text.
    let inner = &rest[written.len()..];
    let problem = Problem::new(at, message);
    Some(match inner.find(written) {
        Some(end) => problem.fix(at..at + 2 * written.len() + end, quoted(&inner[..end])),
        None => problem.fix(at..at + written.len(), "\""),
    })
}

/// A character that only looks like one of the language's.
pub(super) fn foreign_here(parser: &Parser) -> Option<Box<Problem>> {
    let c = parser.rest().chars().next()?;
    let (message, replacement) = foreign_character(c)?;
    let problem = Problem::new(parser.at, message);
    Some(problem.fix(parser.at..parser.at + c.len_utf8(), replacement))
}

/// A variable that the program that made the filter did not replace.
pub(super) fn unexpanded(at: usize, name: &str) -> Box<Problem> {
    let problem =
        Problem::new(at, format!("'{}' looks like a variable that was not replaced by its value.", shown(name)));
    if name.starts_with('$') {
        return problem
            .advise("PowerShell replaces variables between double quotes only: \"uid == `\"$uid`\"\"")
            .advise("or with the format operator: 'uid == \"{0}\"' -f $uid");
    }
    problem.advise("Its value belongs here, in double quotes.")
}

/// A value without quotes, that is not just one name.
pub(super) fn unquoted(parser: &Parser, value: &str) -> Box<Problem> {
    let at = parser.at;
    if value.is_empty() {
        return Problem::new(at, "A value belongs here: a text in double quotes, a number, true, false or null.")
            .advise(EXAMPLE);
    }
    let looks_like_a_number = value.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+' || c == '.')
        && value.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,:TZ/eE ".contains(&byte));
    let problem = if looks_like_a_number {
        Problem::new(at, "Only digits, at most 18 of them, are a number; anything else stands in double quotes.")
    } else {
        Problem::new(at, "A text needs double quotes around it.").advise(
            "Where the quotes were typed, PowerShell has taken them: put single quotes around the whole filter.",
        )
    };
    problem.fix(at..at + value.len(), quoted(value))
}

/// `uid == "a","b"`, with `from` at the first value or at the bracket before it.
pub(super) fn several_values(parser: &Parser, from: usize) -> Box<Problem> {
    let last = &parser.last;
    let problem = Problem::new(parser.at, "A comparison takes one value, and here are several.");
    let (operator, ignore_case) = last.comparison.unwrap_or((Operator::Equal, false));
    let Some((values, length)) = any_list(&parser.text[from..]) else {
        return problem.advise(format!("Several values: {}.in({{\"a\", \"b\"}})", shown(last.attribute)));
    };
    let end = from + length;
    let is_in =
        format!("{}.in{}({{{}}})", last.attribute, if ignore_case { "IgnoreCase" } else { "" }, values.join(", "));
    match operator {
        Operator::Equal if values.len() == 1 => {
            let i = if ignore_case { "i" } else { "" };
            Problem::new(parser.at, "The value of a comparison stands there without brackets.")
                .fix(last.start..end, format!("{} {i}== {}", last.attribute, values[0]))
        }
        Operator::Equal => problem.fix(last.start..end, is_in),
        Operator::NotEqual => problem.fix(last.start..end, format!("!({is_in})")),
        _ => problem,
    }
}

/// A text whose closing quote is missing, standing at the opening one.
pub(in crate::filter) fn string_not_closed(parser: &Parser) -> Box<Problem> {
    let open = parser.at;
    let inner = &parser.text[open + 1..];
    let problem = Problem::new(open, "The text that begins here has no closing quote.");
    if let Some(before) = inner.trim_end().strip_suffix("\\\"") {
        let at = open + 1 + before.len();
        return Problem::new(at, "This backslash makes the quote after it a part of the text.")
            .advise("A backslash itself is written twice.")
            .fix(at..at + 1, "\\\\");
    }
    let foreign_end = |(at, c): (usize, char)| {
        is_foreign_quote(c) && foreign_string(&inner[at..]).is_none() && {
            let after = &inner[at + c.len_utf8()..];
            after.is_empty() || after.starts_with([' ', ')', '}', ',', '&', '|'])
        }
    };
    if let Some((at, c)) =
        inner.char_indices().filter(|(_, c)| is_foreign_quote(*c)).take(20).find(|found| foreign_end(*found))
    {
        let at = open + 1 + at;
        return problem.fix(at..at + c.len_utf8(), "\"");
    }
    if inner.trim().is_empty() {
        return problem;
    }
    // Brackets at the end close those before the text, not ones inside it.
    let before = parser.text[..open].trim_end();
    let end = if parser.depth > 0 || before.ends_with(['(', '{', ',']) {
        inner.trim_end_matches([')', '}', ' ']).len()
    } else {
        inner.trim_end().len()
    };
    problem.fix(open + 1 + end..open + 1 + end, "\"")
}

/// A backslash before something else than a quote or a backslash.
pub(in crate::filter) fn unknown_escape(parser: &Parser, open: usize) -> Box<Problem> {
    let problem = Problem::new(
        parser.at,
        "A text knows two escapes, \\\" for a quote and \\\\ for a backslash; this is neither.",
    );
    // All of the text's backslashes in one fix.
    let bytes = parser.text.as_bytes();
    let mut text = String::from("\"");
    let mut from = open + 1;
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'"' {
        if bytes[at] != b'\\' {
            at += 1;
        } else if matches!(bytes.get(at + 1), Some(b'"' | b'\\')) {
            at += 2;
        } else {
            text.push_str(&parser.text[from..at]);
            // `\'` was meant as a quote, anything else as what it is, with its backslash.
            text.push_str(if bytes.get(at + 1) == Some(&b'\'') { "" } else { "\\\\" });
            from = at + 1;
            at += 1;
        }
    }
    if at >= bytes.len() {
        return problem;
    }
    text.push_str(&parser.text[from..at]);
    problem.fix(open..at, text)
}

/// A character in a text that no name or value of a tenant has, and that a database may choke on: a query that fails
/// refreshes everybody.
pub(in crate::filter) fn control_character(parser: &Parser) -> Box<Problem> {
    let c = parser.text[parser.at..].chars().next().unwrap_or_default();
    Problem::new(
        parser.at,
        format!("Here stands a control character (U+{:04X}) within a text, which no value has.", u32::from(c)),
    )
    .advise("It was probably copied along with the value: write the value without it.")
}
