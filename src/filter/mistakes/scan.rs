//! Pieces of text that are not of the language: other quotes, other operators, variables.

use crate::filter::problem::is_invisible;

/// Operators and methods of other languages, in lower case, and the condition that each stands for: `@` is the attribute,
/// `#` one value, `*` a list of values. `like` stands for the method that its pattern asks for.
const FORMS: [(&str, &str); 23] = [
    ("==|=|===|= =|:=|:|eq|ceq|is|equal|equals|is equal to", "@ == #"),
    ("!=|!==|<>|=!|! =|ne|neq|cne|not|is not|not equals|notequals|is not equal to", "@ != #"),
    ("<|lt", "@ < #"),
    (">|gt", "@ > #"),
    ("<=|=<|< =|le|lte", "@ <= #"),
    (">=|=>|> =|ge|gte", "@ >= #"),
    ("i==|i ==|i=|i =|i===|ieq|equalsignorecase", "@ i== #"),
    ("i!=|i !=|ine", "@ i!= #"),
    ("i<", "@ i< #"),
    ("i>", "@ i> #"),
    ("i<=", "@ i<= #"),
    ("i>=", "@ i>= #"),
    ("in|is in|cin|containsany", "@.in(*)"),
    ("notin|not in", "!(@.in(*))"),
    ("like|ilike|clike", "@.like(#)"),
    ("notlike|not like", "!(@.like(#))"),
    ("notcontains|not contains", "!(@.contains(#))"),
    ("contains|co|includes|has", "@.contains(#)"),
    ("startswith|starts with|beginswith|begins with|sw", "@.startsWith(#)"),
    ("endswith|ends with|ew", "@.endsWith(#)"),
    ("isnull|is null", "@.isNull()"),
    ("notnull|isnotnull|is not null", "@.notNull()"),
    // Known, without a counterpart here.
    ("match|notmatch|matches|regexp|between|=~|~=|!~|~", ""),
];

/// The operator that `text` begins with, this language's or another's, as it is written, and its form.
pub(super) fn operator(text: &str) -> Option<(&str, &'static str)> {
    let bare = text.trim_start_matches(['-', '\u{2013}']);
    let length = |name: &str| {
        if name.ends_with(|c: char| c.is_ascii_alphabetic()) {
            return starts_with_word(bare, name).then(|| text.len() - bare.len() + name.len());
        }
        let is_here = text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        // `=~` and `><` are other operators than `=` and `>`.
        (is_here && !text[name.len()..].starts_with(['=', '<', '>', '~'])).then_some(name.len())
    };
    let all = FORMS.into_iter().flat_map(|(names, form)| names.split('|').map(move |name| (name, form)));
    let found = all.filter_map(|(name, form)| Some((&text[..length(name)?], form)));
    found.max_by_key(|(written, _)| written.len())
}

/// The form of a method that other languages have.
pub(super) fn method_form(method: &str) -> Option<&'static str> {
    let is_it = |names: &str| names.split('|').any(|name| name.eq_ignore_ascii_case(method));
    FORMS.into_iter().find(|(names, _)| is_it(names)).map(|(_, form)| form)
}

/// `&&`, `and`, `-or`, `|` and so on at the start of `text`: its length, and whether it means *and*.
pub(super) fn connective(text: &str) -> Option<(usize, bool)> {
    for (word, is_and) in [("and", true), ("-and", true), ("or", false), ("-or", false)] {
        if starts_with_word(text, word) {
            return Some((word.len(), is_and));
        }
    }
    let sign = text.bytes().next().filter(|byte| b"&|".contains(byte))?;
    Some((text.bytes().take(2).take_while(|byte| *byte == sign).count(), sign == b'&'))
}

/// Whether `text` begins with `word` in any case, and no name goes on after it.
pub(super) fn starts_with_word(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && !text[word.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

pub(super) fn is_foreign_quote(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{b4}' | '\u{2018}'..='\u{201f}' | '\u{2032}' | '\u{2033}' | '\u{ab}' | '\u{bb}')
}

pub(super) fn is_quote(c: char) -> bool {
    c == '"' || is_foreign_quote(c)
}

/// The text between quotes of any kind at the start of `text`, and its length with them. Where the last quote is missing,
/// it reaches to the end of `text`, or to the brackets there.
pub(super) fn text_in_quotes(text: &str, has_brackets: bool) -> Option<(String, usize)> {
    // `\"a\"`, `` `"a`" `` and `""a""`: the quotes are escaped once too often.
    for mark in ["\\\"", "`\"", "\"\""] {
        let inner = text.strip_prefix(mark).filter(|inner| inner.starts_with(char::is_alphanumeric));
        if let Some((inner, _)) = inner.and_then(|inner| inner.split_once(mark)) {
            return Some((inner.to_owned(), inner.len() + 2 * mark.len()));
        }
    }
    let open = text.chars().next().filter(|c| is_quote(*c))?;
    let inner = &text[open.len_utf8()..];
    let ends_text = |(at, c): &(usize, char)| {
        let is_escaped = inner[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let after = &inner[at + c.len_utf8()..];
        let may_end = after.is_empty()
            || after.starts_with(|c: char| c.is_whitespace() || is_invisible(c) || ")}],;&|".contains(c));
        // `"a'` has no closing quote, `“a"` has one.
        is_quote(*c) && (*c == open || open != '"' && open != '\'') && may_end && !is_escaped
    };
    let (written, length) = match inner.char_indices().find(ends_text) {
        Some((end, close)) => (&inner[..end], open.len_utf8() + end + close.len_utf8()),
        None => {
            let written = inner.trim_end_matches(|c| c == ' ' || has_brackets && ")}".contains(c));
            (written.strip_suffix(is_quote).filter(|written| !written.is_empty()).unwrap_or(written), text.len())
        }
    };
    let has_quotes = open == '"' && written.replace("\\\"", "").contains('"');
    let has_control = written.contains(char::is_control);
    if has_quotes || has_control || written.is_empty() && length == text.len() && inner.trim() != "\"" {
        return None;
    }
    // A backslash before anything else than a quote or a backslash is one itself.
    let meant = written.replace("\\\\", "\0").replace("\\\"", "\"").replace("\\'", "'").replace('\0', "\\");
    Some((meant, length))
}

/// A character that is not in the language and often comes along when text is copied.
pub(super) fn copied_character(c: char) -> Option<&'static str> {
    match c {
        '\u{2010}'..='\u{2015}' => Some("a dash"),
        c if is_invisible(c) => Some("an invisible character"),
        c if c.is_whitespace() && !c.is_ascii() => Some("a blank of another kind"),
        c if c.is_control() => Some("a control character"),
        _ => None,
    }
}

/// A variable or a placeholder of a template language at the very start of `text`.
pub(super) fn variable(text: &str) -> Option<&str> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.$:-[] ".contains(&byte);
    let enclosed = |open: &str, close: &str| {
        let inner = text.strip_prefix(open).filter(|inner| !inner.starts_with(['-', '.', ':']))?;
        let end = inner.bytes().position(|byte| !is_name(byte)).filter(|end| (1..=60).contains(end))?;
        inner[end..].starts_with(close).then(|| &text[..open.len() + end + close.len()])
    };
    let named = || {
        let name =
            text.strip_prefix('$').filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))?;
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || "_.:".contains(c))).unwrap_or(name.len());
        Some(text[..1 + end].trim_end_matches(['.', ':']))
    };
    let pairs = [("${", "}"), ("$(", ")"), ("#{", "}"), ("{{", "}}"), ("{", "}"), ("%", "%"), ("<", ">")];
    pairs.into_iter().find_map(|(open, close)| enclosed(open, close)).or_else(named)
}

/// The first thing in a value that looks like a variable that nobody expanded.
pub(in crate::filter) fn variable_in_text(text: &str) -> Option<&str> {
    text.match_indices(['$', '{', '%', '<']).find_map(|(at, _)| {
        let found = variable(&text[at..])?;
        // "100 % sure, 50 % not" and "a <b and c> d" are texts; "%USERNAME%" and "<uid>" are not.
        let is_text = found.starts_with(['%', '<']) && found.contains(' ');
        (!is_text).then_some(found)
    })
}

/// How far a value without quotes reaches: to the next connective, bracket, comma or end, blanks included.
pub(super) fn unquoted_value(text: &str) -> &str {
    let mut open = 0_usize;
    let ends_value = |(at, c): &(usize, char)| match c {
        '(' => {
            open += 1;
            false
        }
        ')' if open > 0 => {
            open -= 1;
            false
        }
        ')' | ',' | '}' | ']' | ';' | '"' | '\n' => true,
        '&' | '|' => text[at + 1..].starts_with(*c),
        'a' | 'A' | 'o' | 'O' | '-' => text[..*at].ends_with(' ') && connective(&text[*at..]).is_some(),
        _ => false,
    };
    let end = text.char_indices().find(ends_value).map_or(text.len(), |(at, _)| at);
    text[..end].trim_end()
}
