//! Mistakes behind an attribute's name: operators of other languages, and names that are none.

use super::EXAMPLE;
use super::chain::word_connective_first;
use super::condition::negated;
use super::name::{lone_name, not_a_name};
use super::scan::{any_list, any_value, blanks, is_foreign_quote, shown, starts_with_word, unquoted_value, variable};
use super::value::{foreign_here, lost_escape, unexpanded};
use super::words::{Means, WORDS};
use crate::filter::ast::quoted;
use crate::filter::parse::Parser;
use crate::filter::problem::Problem;

pub(super) const OPERATORS: [&str; 12] = ["i==", "i!=", "i<=", "i>=", "i<", "i>", "==", "!=", "<=", ">=", "<", ">"];

/// Behind the name of a condition stands neither an operator nor a method's bracket.
pub(in crate::filter) fn operator_expected(parser: &Parser, name: &str) -> Box<Problem> {
    let rest = parser.rest();
    let at = parser.at;
    let start = parser.last.start;
    if starts_with_word(name, "not") && !rest.is_empty() {
        return negated(parser, start, start + name.len());
    }
    if let Some(problem) = word_connective_first(parser, start) {
        return problem;
    }
    if rest.is_empty() || rest.starts_with([')', ',', ';']) || parser.connective().is_some() {
        return lone_name(parser, name);
    }
    if let Some(problem) = symbol(parser, name).or_else(|| other_operator(parser, name)) {
        return problem;
    }
    if let Some(variable) = variable(rest) {
        return unexpanded(at, variable);
    }
    if let Some(problem) = method_in_pieces(parser, name) {
        return problem;
    }
    if rest.starts_with('"') || rest.starts_with(is_foreign_quote) {
        if let Some(problem) = lost_escape(parser) {
            return problem;
        }
        return Problem::new(at, "Between name and value the operator is missing.").fix(at..at, "== ");
    }
    foreign_here(parser).unwrap_or_else(|| not_a_name(parser, name))
}

/// Operators of other languages that are made of symbols.
fn symbol(parser: &Parser, name: &str) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let at = parser.at;
    let symbols = [
        ("!==", "!="),
        ("===", "=="),
        ("=!=", "!="),
        ("<=>", "=="),
        ("<>", "!="),
        ("^=", "!="),
        ("/=", "!="),
        ("=!", "!="),
        ("=>", ">="),
        ("=<", "<="),
        (":=", "=="),
        (">==", ">="),
        ("<==", "<="),
        ("= =", "=="),
        ("! =", "!="),
        ("< =", "<="),
        ("> =", ">="),
        (">>", ">"),
        ("<<", "<"),
        ("\u{2260}", "!="),
        ("\u{2264}", "<="),
        ("\u{2265}", ">="),
        ("\u{ff1d}\u{ff1d}", "=="),
        ("\u{ff1d}", "=="),
        ("&eq;", "=="),
        ("&lt;=", "<="),
        ("&gt;=", ">="),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("%3D%3D", "=="),
        ("%3D", "=="),
    ];
    if let Some(problem) = detached_i(parser) {
        return Some(problem);
    }
    if ["=~", "~=", "!~", "~"].iter().any(|symbol| rest.starts_with(symbol)) {
        return Some(
            Problem::new(at, "Patterns are not known here.")
                .advise(format!("A part of a text is found by .contains(\"...\"), .startsWith(\"...\") or .endsWith(\"...\"), for example {}.contains(\"x\")", shown(name))),
        );
    }
    let known = symbols.into_iter().find(|(symbol, _)| rest.starts_with(symbol));
    let (symbol, operator) = match known {
        Some(known) => known,
        None if rest.starts_with('=') => ("=", "=="),
        None if rest.starts_with(':') => (":", "=="),
        None => {
            let length = rest.bytes().take_while(|byte| b"=<>!~".contains(byte)).count();
            let problem = Problem::new(at, "There is no such operator: filters have ==, !=, <, >, <= and >=.");
            return (length > 0).then_some(problem);
        }
    };
    let message = match symbol {
        "=" => "Equality is written ==, with two equals signs.".to_owned(),
        "===" => "Equality is written ==, with two equals signs and not three.".to_owned(),
        _ => format!("'{symbol}' is not an operator of filters; {operator} is."),
    };
    let blank = if rest[symbol.len()..].starts_with(' ') { "" } else { " " };
    let after = at + symbol.len() + blanks(&rest[symbol.len()..]);
    let problem = Problem::new(at, message);
    Some(match bare_text(&parser.text[after..]) {
        Some(text) => problem.fix(at..after + text.len(), format!("{operator} {}", quoted(text))),
        None => problem.fix(at..at + symbol.len(), format!("{operator}{blank}")),
    })
}

/// `uid i == "x"`, `uid I== "x"`, `uid i= "x"`
fn detached_i(parser: &Parser) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let after = rest.strip_prefix(['i', 'I'])?;
    let gap = blanks(after);
    let operator = OPERATORS[6..].iter().chain(&["="]).find(|operator| after[gap..].starts_with(**operator))?;
    let written = if *operator == "=" { "==" } else { operator };
    let surplus = after[gap + operator.len()..].bytes().take_while(|byte| *byte == b'=').count();
    let length = 1 + gap + operator.len() + surplus;
    Some(
        Problem::new(parser.at, format!("Ignoring case is written i{written}, a small i right before the operator."))
            .fix(parser.at..parser.at + length, format!("i{written}")),
    )
}

/// `-eq`, `LIKE`, `is not null`, `in (…)` and the like.
fn other_operator(parser: &Parser, name: &str) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let at = parser.at;
    let dash = usize::from(rest.starts_with('-'));
    let is_adjacent = parser.last.start + name.len() == at;
    if is_adjacent && dash == 0 {
        return None;
    }
    let (written, means) = WORDS.into_iter().find(|(word, _)| starts_with_word(&rest[dash..], word))?;
    let length = dash + written.len();
    let after = at + length + blanks(&rest[length..]);
    let value_text = &parser.text[after..];
    if is_adjacent && dash == 1 && after == at + length {
        return None;
    }
    let start = parser.last.start;
    let problem = Problem::new(at, format!("'{}' is not an operator of filters.", &rest[..length]));
    let list = || any_list(value_text).map(|(values, length)| (values.join(", "), after + length));
    Some(match means {
        Means::Compare(operator) => match bare_text(value_text) {
            Some(text) => problem.fix(at..after + text.len(), format!("{operator} {}", quoted(text))),
            None => problem.fix(at..at + length, operator),
        },
        Means::IsNull => problem.fix(start..after, format!("{name}.isNull() ")),
        Means::NotNull => problem.fix(start..after, format!("{name}.notNull() ")),
        Means::In => match list() {
            Some((values, end)) => problem.fix(start..end, format!("{name}.in({{{values}}})")),
            None => problem,
        },
        Means::NotIn => match list() {
            Some((values, end)) => problem.fix(start..end, format!("!({name}.in({{{values}}}))")),
            None => problem,
        },
        Means::Method(method) | Means::NotMethod(method) => match any_value(value_text) {
            Some((value, length)) => {
                problem.fix(start..after + length, wrap(means, format!("{name}.{method}({value})")))
            }
            None => problem,
        },
        Means::Like | Means::NotLike => match any_value(value_text) {
            Some((value, length)) => problem.fix(start..after + length, wrap(means, like(name, &value))),
            None => problem,
        },
    })
}

fn wrap(means: Means, condition: String) -> String {
    match means {
        Means::NotLike | Means::NotMethod(_) => format!("!({condition})"),
        _ => condition,
    }
}

/// A value without quotes that can only be a text: it was typed between PowerShell's quotes.
fn bare_text(text: &str) -> Option<&str> {
    let value = unquoted_value(text);
    let is_name = value.starts_with(|c: char| c.is_alphabetic());
    (is_name && !matches!(value, "true" | "false" | "null")).then_some(value)
}

/// A pattern with `*` or `%` at its ends, as a method.
pub(super) fn like(name: &str, literal: &str) -> String {
    let pattern = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal);
    let wildcard = ['*', '%'];
    let text = pattern.trim_matches(wildcard);
    match (pattern.starts_with(wildcard), pattern.ends_with(wildcard)) {
        (true, true) => format!("{name}.contains(\"{text}\")"),
        (false, true) => format!("{name}.startsWith(\"{text}\")"),
        (true, false) => format!("{name}.endsWith(\"{text}\")"),
        (false, false) => format!("{name} == \"{text}\""),
    }
}

/// `uid.in ({…})`, `uid.in{…}`, `uid.startsWith "a"`, `uid.`
fn method_in_pieces(parser: &Parser, name: &str) -> Option<Box<Problem>> {
    let rest = parser.rest();
    let at = parser.at;
    let end = parser.last.start + name.len();
    let method = name.rsplit_once('.').map_or("", |(_, method)| method);
    if rest.starts_with('(') {
        return Some(if method.is_empty() {
            let problem =
                Problem::new(at, "Here an operator belongs, or a dot and a method's name before the bracket.");
            problem.advise(EXAMPLE)
        } else {
            Problem::new(end, "A method's bracket stands right behind its name, without a blank.").fix(end..at, "")
        });
    }
    let takes_list = matches!(method, "in" | "inIgnoreCase" | "containsAll" | "containsAllIgnoreCase");
    let takes_text = matches!(method.trim_end_matches("IgnoreCase"), "startsWith" | "endsWith" | "contains");
    if takes_list || takes_text {
        let problem = Problem::new(at, "The arguments of a method stand in round brackets.");
        let Some((values, length)) = any_list(rest) else {
            return Some(problem);
        };
        let values = values.join(", ");
        let arguments = if takes_list { format!("({{{values}}})") } else { format!("({values})") };
        return Some(problem.fix(end..at + length, arguments));
    }
    if matches!(method, "isNull" | "notNull" | "isEmpty") && end < at {
        return Some(Problem::new(end, "A method has brackets behind its name, empty ones too.").fix(end..end, "()"));
    }
    if let Some(after) = rest.strip_prefix('[') {
        let problem = Problem::new(at, "The parts of a name are joined by dots, not by square brackets.");
        let (inner, _) = after.split_once(']').unwrap_or_default();
        let part = inner.trim_matches(|c: char| c == '"' || is_foreign_quote(c));
        return Some(if part.is_empty() {
            problem
        } else {
            problem.fix(end..at + inner.len() + 2, format!(".{part}"))
        });
    }
    if rest.starts_with('.') && end == at {
        let problem = Problem::new(at, "This dot has no name behind it.");
        let next = rest[1..].trim_start();
        let fits = OPERATORS.iter().any(|operator| next.starts_with(operator));
        return Some(if fits || rest.starts_with("..") { problem.fix(at..at + 1, "") } else { problem });
    }
    None
}
