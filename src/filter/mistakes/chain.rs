//! Mistakes between conditions: connectives and brackets.

use super::EXAMPLE;
use super::scan::{any_value, blanks, is_foreign_quote, starts_with_word, unquoted_value, word};
use super::value::{foreign_here, lost_escape, several_values};
use crate::filter::MAX_NESTING;
use crate::filter::ast::quoted;
use crate::filter::parse::Parser;
use crate::filter::problem::Problem;

/// Both readings of a mixed chain are shown in full up to this many bytes of filter.
const LONGEST_READING: usize = 2000;

/// Behind a complete condition stands neither a connective nor a closing bracket that fits.
pub(in crate::filter) fn after_condition(parser: &Parser) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    let last = &parser.last;
    let value = parser.text.get(last.value.0..last.value.1).filter(|_| last.comparison.is_some()).unwrap_or("");
    let is_adjacent = last.value.1 == at;

    if rest.starts_with(')') {
        return Problem::new(at, "This closing bracket has no opening one.").fix(at..at + 1, "");
    }
    if let Some((length, connective)) = other_connective(rest) {
        let written = &rest[..length];
        return Problem::new(at, format!("Conditions are joined by && or ||, not by '{written}'."))
            .fix(at..at + length, connective);
    }
    if rest.starts_with('#') || rest.starts_with("//") || rest.starts_with("--") {
        let end = rest.find('\n').unwrap_or(rest.len());
        return Problem::new(at, "A filter has no comments.").fix(at..at + end, "");
    }
    if rest.starts_with(';') && rest[1..].trim().is_empty() {
        return Problem::new(at, "A filter has no semicolon at its end.").fix(at..parser.text.len(), "");
    }
    if rest.starts_with([',', ';']) {
        return comma(parser);
    }
    if is_adjacent && value == "\"\"" {
        let from = &parser.text[last.value.0..];
        if let Some(end) = from[2..].find("\"\"") {
            return Problem::new(
                last.value.0,
                "The quotes are doubled: between single quotes PowerShell needs them once.",
            )
            .fix(last.value.0..last.value.0 + end + 4, quoted(&from[2..2 + end]));
        }
    }
    let is_bare = !value.is_empty() && !value.starts_with('"');
    if rest.starts_with('"') {
        if is_bare && is_adjacent {
            return Problem::new(last.value.0, "The opening quote of this text is missing.")
                .fix(last.value.0..last.value.0, "\"");
        }
        if is_adjacent {
            return quote_inside(parser);
        }
        return Problem::new(
            at,
            "Between these two a connective is missing, && or ||, and the second attribute's name.",
        );
    }
    if is_adjacent && value.starts_with('"') && rest.starts_with(|c: char| c.is_alphanumeric()) {
        return quote_inside(parser);
    }
    if let Some(problem) = foreign_here(parser).or_else(|| lost_escape(parser)) {
        return problem;
    }
    let goes_on_as_condition = {
        let mut next = parser.quiet_at(at);
        next.unary().is_ok()
    };
    if goes_on_as_condition {
        let problem =
            Problem::new(at, "Between these two conditions && (both must hold) or || (one is enough) is missing.");
        return joined_either_way(problem, parser, at, at);
    }
    if is_bare && !rest.starts_with(['=', '!', '<', '>']) {
        let all = unquoted_value(&parser.text[last.value.0..]);
        return Problem::new(last.value.0, "A text needs double quotes around it.")
            .fix(last.value.0..last.value.0 + all.len(), quoted(all));
    }
    if rest.starts_with(['=', '!', '<', '>']) {
        return Problem::new(at, "A comparison has two sides only, and here begins a third.");
    }
    if rest.starts_with(['}', ']']) {
        return Problem::new(at, "This closing bracket has no opening one.").fix(at..at + 1, "");
    }
    if rest.starts_with('.') {
        return Problem::new(at, "Methods belong to attributes; a value has none.");
    }
    if rest.starts_with(is_foreign_quote) {
        return Problem::new(at, "Behind the condition stands a quote that belongs to nothing.")
            .fix(at..at + rest.chars().next().map_or(0, char::len_utf8), "");
    }
    Problem::new(at, "Here the filter should end, or go on with && or ||.")
}

/// `and`, `OR`, `-and`, `&`, `|` … : its length and what it stands for.
pub(super) fn other_connective(text: &str) -> Option<(usize, &'static str)> {
    let words = [("-and", "&&"), ("-or", "||"), ("and", "&&"), ("or", "||"), ("&amp;&amp;", "&&"), ("%26%26", "&&")];
    for (word, connective) in words {
        if starts_with_word(text, word) {
            return Some((word.len(), connective));
        }
    }
    match text.as_bytes() {
        [b'&', b'&', b'&', ..] | [b'|', b'|', b'|', ..] => None,
        [b'&', next, ..] if *next != b'&' => Some((1, "&&")),
        [b'|', next, ..] if *next != b'|' => Some((1, "||")),
        _ => None,
    }
}

/// A comma behind a condition: several values, or several conditions.
fn comma(parser: &Parser) -> Box<Problem> {
    let last = &parser.last;
    let after = parser.at + 1 + blanks(&parser.text[parser.at + 1..]);
    let mut next = parser.quiet_at(after);
    let is_condition = next.unary().is_ok();
    if last.comparison.is_some() && !is_condition && any_value(&parser.text[after..]).is_some() {
        return several_values(parser, last.value.0);
    }
    let problem = Problem::new(parser.at, "This joins no conditions: && (both must hold) or || (one is enough) does.");
    if is_condition { joined_either_way(problem, parser, parser.at, after) } else { problem }
}

/// Both filters that come of putting a connective in place of `from..to`.
fn joined_either_way(problem: Box<Problem>, parser: &Parser, from: usize, to: usize) -> Box<Problem> {
    if parser.text.len() > LONGEST_READING {
        return problem;
    }
    let (before, after) = (parser.text[..from].trim_end(), &parser.text[to..]);
    problem.choices(vec![format!("{before} && {after}"), format!("{before} || {after}")])
}

/// `"Dwayne "The Rock" Johnson"`
fn quote_inside(parser: &Parser) -> Box<Problem> {
    let (from, _) = parser.last.value;
    let rest = &parser.text[from + 1..];
    let problem = Problem::new(
        parser.at,
        "The text has ended before this, at the quote; a quote inside of a text is written \\\".",
    );
    // The last quote that something may follow is the real end.
    let border = |at: usize| {
        let after = rest[at + 1..].trim_start();
        after.is_empty() || after.starts_with([')', '&', '|'])
    };
    match rest.match_indices('"').map(|(at, _)| at).take(20).find(|at| border(*at)) {
        Some(end) => {
            let unescaped = rest[..end].replace("\\\"", "\"").replace("\\\\", "\\");
            problem.fix(from..from + 1 + end + 1, quoted(&unescaped))
        }
        None => problem,
    }
}

/// The bracket at `open` is not closed where its contents end.
pub(in crate::filter) fn bracket_not_closed(parser: &Parser, open: usize) -> Box<Problem> {
    if parser.rest().is_empty() {
        let end = parser.text.trim_end().len();
        return Problem::new(open, "The bracket that is opened here is never closed.").fix(end..end, ")");
    }
    after_condition(parser)
}

/// The 65th bracket inside of others.
pub(in crate::filter) fn too_deep(parser: &Parser) -> Box<Problem> {
    Problem::new(parser.at, format!("Brackets nest at most {MAX_NESTING} deep, and this one is deeper."))
}

/// `a && b || c`, standing at the first connective of the second kind; the chain begins at `start`.
pub(in crate::filter) fn mixed_chain(parser: &Parser, start: usize) -> Box<Problem> {
    let problem = Problem::new(
        parser.at,
        "&& and || stand side by side, and nothing says which the service reads first: parentheses must.",
    );
    let Some((parts, end)) = parts_of_chain(parser, start) else {
        return problem.advise("Put parentheses around what belongs together: (a && b) || c, or a && (b || c).");
    };
    let (before, after) = (&parser.text[..start], &parser.text[end..]);
    let reading = |inner_is_and: bool| format!("{before}{}{after}", grouped(&parts, inner_is_and));
    problem.choices(vec![reading(true), reading(false)])
}

/// The operands of a chain, each with the connective before it (`true` for `&&`), and where the chain ends.
fn parts_of_chain<'t>(parser: &Parser<'t>, start: usize) -> Option<(Vec<(bool, &'t str)>, usize)> {
    if parser.text.len() > LONGEST_READING {
        return None;
    }
    let mut reader = parser.quiet_at(start);
    let mut parts = Vec::new();
    let mut is_and = true;
    loop {
        let from = reader.at;
        reader.unary().ok()?;
        let part = parser.text[from..reader.at].trim_end();
        parts.push((is_and, part));
        let Some(next) = reader.connective() else {
            return Some((parts, from + part.len()));
        };
        is_and = next;
        reader.at += 2;
        reader.skip_blanks();
    }
}

/// The chain with parentheses around everything that one kind of connective joins.
fn grouped(parts: &[(bool, &str)], inner_is_and: bool) -> String {
    let connective = |is_and: bool| if is_and { " && " } else { " || " };
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for (index, (is_and, part)) in parts.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if index > 0 && *is_and == inner_is_and => group.push(part),
            _ => groups.push(vec![part]),
        }
    }
    let group_text = |group: &Vec<&str>| match group.as_slice() {
        [single] => (*single).to_owned(),
        several => format!("({})", several.join(connective(inner_is_and))),
    };
    groups.iter().map(group_text).collect::<Vec<_>>().join(connective(!inner_is_and))
}

/// `and uid == …`, `or(…)`: a connective, but as a word, where a condition belongs.
pub(super) fn word_connective_first(parser: &Parser, at: usize) -> Option<Box<Problem>> {
    let text = &parser.text[at..];
    let found = word(text);
    let (length, connective) = other_connective(text).filter(|_| !found.is_empty())?;
    Some(
        Problem::new(
            at,
            format!("A condition is missing before '{}', which is written {connective}.", &text[..length]),
        )
        .advise(EXAMPLE),
    )
}
