//! The tables of tests/data.

use std::iter;

pub(crate) const ACCEPTED: &str = include_str!("../data/filters-accepted.txt");
pub(crate) const REFUSED: &str = include_str!("../data/filters-refused.txt");

/// The lines of a table that are no comments.
pub(crate) fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A text of the refused table, and what the error must be.
pub(crate) struct Refused {
    pub(crate) written: &'static str,
    pub(crate) text: String,
    /// The message, with `...` for anything.
    pub(crate) message: &'static str,
    /// The place in characters, and the filters that are proposed.
    pub(crate) proposal: Option<(usize, Vec<&'static str>)>,
}

pub(crate) fn refused() -> Vec<Refused> {
    let mut message = "...";
    let mut cases: Vec<Refused> = Vec::new();
    for line in REFUSED.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let Some(check) = line.strip_prefix("  ") else {
            cases.push(Refused { written: line, text: unescaped(line), message, proposal: None });
            continue;
        };
        if let Some(said) = check.strip_prefix("says ") {
            message = said;
            continue;
        }
        let mut parts = check.split(" -> ");
        let at =
            parts.next().and_then(|at| at.parse().ok()).unwrap_or_else(|| panic!("neither says nor a place: {line}"));
        cases.last_mut().expect("a check stands below a text").proposal = Some((at, parts.collect()));
    }
    cases
}

/// `<NL>`, `<TAB>`, `<SP>`, `<U+00A0>`, `<empty>` and `<text>*200` are what they say; anything else is itself.
pub(crate) fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        let (token, after) = rest[start + 1..].split_once('>').unwrap_or(("", ""));
        let replaced = match token {
            "empty" => Some(String::new()),
            "NL" => Some("\n".to_owned()),
            "TAB" => Some("\t".to_owned()),
            "SP" => Some(" ".to_owned()),
            _ => code_point(token).or_else(|| repeated(token)),
        };
        match replaced {
            Some(replaced) => {
                text.push_str(&replaced);
                rest = after;
            }
            None => {
                text.push('<');
                rest = &rest[start + 1..];
            }
        }
    }
    text.push_str(rest);
    text
}

fn code_point(token: &str) -> Option<String> {
    let digits = token.strip_prefix("U+")?;
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).map(String::from)
}

fn repeated(token: &str) -> Option<String> {
    let (text, times) = token.rsplit_once('*')?;
    Some(iter::repeat_n(text, times.parse().ok()?).collect())
}
