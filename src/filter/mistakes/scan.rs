//! Looks at pieces of text that are not of the language: other quotes, other operators, variables.

use crate::filter::ast::quoted;
use crate::filter::problem::one_line;

/// The letters that `text` begins with.
pub(super) fn word(text: &str) -> &str {
    let end = text.bytes().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(text.len());
    &text[..end]
}

/// Whether `text` begins with `word` in any case, and something else than a name goes on after it.
pub(super) fn starts_with_word(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && !text[word.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether an unquoted value or a quoted one may end before `text`.
fn is_border(text: &str) -> bool {
    text.chars().next().is_none_or(|c| c.is_whitespace() || ")}],;&|".contains(c))
}

pub(super) fn is_foreign_quote(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{b4}' | '\u{2018}'
            ..='\u{201f}'
                | '\u{2032}'
                | '\u{2033}'
                | '\u{ab}'
                | '\u{bb}'
                | '\u{2039}'
                | '\u{203a}'
                | '\u{ff02}'
                | '\u{ff07}'
                | '\u{300c}'
                | '\u{300d}'
    )
}

/// A text that begins with a quote of another kind: what is inside, and its length with both quotes.
pub(super) fn foreign_string(text: &str) -> Option<(&str, usize)> {
    let open = text.chars().next().filter(|c| is_foreign_quote(*c))?;
    let from = open.len_utf8();
    let ends = |(at, c): (usize, char)| {
        let after = from + at + c.len_utf8();
        let closes = is_foreign_quote(c) || (c == '"' && open != '\'');
        (closes && is_border(&text[after..])).then(|| (&text[from..from + at], after))
    };
    text[from..].char_indices().find_map(ends)
}

/// A variable or a place holder of some template language at the very start of `text`.
pub(super) fn variable(text: &str) -> Option<&str> {
    let enclosed = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        // Only so far: the whole text is looked through for variables.
        let window = inner.char_indices().nth(64).map_or(inner, |(end, _)| &inner[..end]);
        let end = window.find(close)?;
        let fits = (1..=60).contains(&end)
            && inner[..end].bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.$:-[] ".contains(&byte))
            && inner.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == ' ');
        fits.then(|| &text[..open.len() + end + close.len()])
    };
    let named = |sign: char| {
        let name = text.strip_prefix(sign)?;
        let end = name
            .bytes()
            .position(|byte| !(byte.is_ascii_alphanumeric() || b"_.:".contains(&byte)))
            .unwrap_or(name.len());
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        starts.then(|| text[..1 + end].trim_end_matches(['.', ':']))
    };
    enclosed("${", "}")
        .or_else(|| enclosed("$(", ")"))
        .or_else(|| enclosed("{{", "}}"))
        .or_else(|| enclosed("#{", "}"))
        .or_else(|| enclosed("{", "}"))
        .or_else(|| enclosed("%", "%"))
        .or_else(|| enclosed("<", ">"))
        .or_else(|| named('$'))
}

/// The first thing in a value that looks like a variable that nobody expanded.
pub(in crate::filter) fn variable_in_text(text: &str) -> Option<&str> {
    text.match_indices(['$', '{', '#', '%', '<']).find_map(|(at, _)| {
        let found = variable(&text[at..])?;
        // "100 % sure, 50 % not" and "a <b and c> d" are texts; "%USERNAME%" and "<uid>" are not.
        let is_text = found.starts_with(['%', '<']) && found.contains(' ');
        (!is_text).then_some(found)
    })
}

/// How far an unquoted value reaches: to the next connective, bracket, comma or end, words included.
pub(super) fn unquoted_value(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    let mut end = text.len();
    for (at, byte) in text.bytes().enumerate() {
        let word_here = || {
            at > 0
                && bytes[at - 1] == b' '
                && ["and", "or", "-and", "-or"].iter().any(|w| starts_with_word(&text[at..], w))
        };
        let stops = match byte {
            b'(' => {
                open += 1;
                false
            }
            b')' if open > 0 => {
                open -= 1;
                false
            }
            b')' | b',' | b'}' | b']' | b';' | b'"' | b'\n' => true,
            b'&' | b'|' => bytes.get(at + 1) == Some(&byte),
            b'a' | b'A' | b'o' | b'O' | b'-' => word_here(),
            _ => false,
        };
        if stops {
            end = at;
            break;
        }
    }
    text[..end].trim_end()
}

/// A value however it is written, as a literal of the language, and the length of what was written.
pub(super) fn any_value(text: &str) -> Option<(String, usize)> {
    if variable(text).is_some() {
        return None;
    }
    if let Some((inner, length)) = foreign_string(text) {
        return Some((quoted(inner), length));
    }
    if let Some(inner) = text.strip_prefix('"') {
        let bytes = inner.as_bytes();
        let mut at = 0;
        while at < bytes.len() && bytes[at] != b'"' {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        return (at < bytes.len()).then(|| (text[..at + 2].to_owned(), at + 2));
    }
    let value = unquoted_value(text);
    let is_bare_literal = value.bytes().all(|byte| byte.is_ascii_digit()) || matches!(value, "true" | "false" | "null");
    match value {
        "" => None,
        _ if is_bare_literal => Some((value.to_owned(), value.len())),
        _ => Some((quoted(value), value.len())),
    }
}

/// Several values in brackets of any kind or in none, as literals, and the length of what was written.
pub(super) fn any_list(text: &str) -> Option<(Vec<String>, usize)> {
    let opened = text.trim_start_matches(['@', '(', '{', '[', ' ']);
    let mut at = text.len() - opened.len();
    let has_brackets = text[..at].contains(['(', '{', '[']);
    let mut values = Vec::new();
    loop {
        at += blanks(&text[at..]);
        let (value, length) = any_value(&text[at..])?;
        values.push(value);
        at += length;
        let after = at + blanks(&text[at..]);
        if !text[after..].starts_with([',', ';']) {
            break;
        }
        at = after + 1;
    }
    if has_brackets {
        let opening = text[..text.len() - opened.len()].chars().filter(|c| "({[".contains(*c)).count();
        for _ in 0..opening {
            let after = at + blanks(&text[at..]);
            if !text[after..].starts_with([')', '}', ']']) {
                break;
            }
            at = after + 1;
        }
    }
    Some((values, at))
}

pub(super) fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// A character that looks like another, or like none at all: its description, and what to write in its place.
pub(super) fn foreign_character(c: char) -> Option<(String, &'static str)> {
    let (what, replacement) = match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ("a blank of another kind", " ")
        }
        c if crate::filter::problem::is_invisible(c) => ("an invisible character", ""),
        c if c.is_control() => ("a control character", ""),
        '\u{ff08}' => ("a bracket of another kind", "("),
        '\u{ff09}' => ("a bracket of another kind", ")"),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => ("a dash", "-"),
        '\u{ff06}' => ("an ampersand of another kind", "&"),
        '\u{ff5c}' => ("a bar of another kind", "|"),
        _ => return None,
    };
    Some((
        format!("Here stands {what} (U+{:04X}), as it is copied from a page or a document.", u32::from(c)),
        replacement,
    ))
}

/// What an error repeats of a text: one line, and not a long one.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", one_line(&text[..end])),
        None => one_line(text),
    }
}
