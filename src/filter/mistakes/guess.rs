//! Guesses the filter that was meant: reads a text leniently, with the operators, quotes and brackets of other languages,
//! and writes it down in this one. A guess that the parser refuses is none.

use super::scan::{
    connective, is_quote, method_form, operator, starts_with_word, text_in_quotes, unquoted_value, variable,
};
use crate::filter::ast::quoted;
use crate::filter::parse::{self, Parser};
use crate::filter::problem::is_invisible;
use crate::filter::{Attribute, MAX_NESTING};

/// Only texts that a person can have written by hand are guessed at.
const LONGEST: usize = 1000;

const EQUAL: &str = "@ == #";

const METHODS: &str = "in inIgnoreCase containsAll containsAllIgnoreCase startsWith startsWithIgnoreCase endsWith \
     endsWithIgnoreCase contains containsIgnoreCase isNull notNull isEmpty join collectionCondition subquery";

/// The filters of which one was meant, in canonical form: none, one, or two where `&&` and `||` can be read either way.
pub(in crate::filter) fn filters(text: &str) -> Vec<String> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let found = readings(text);
    let inner = whole_in_quotes(text).filter(|inner| found.is_empty() && is_condition(inner));
    inner.map_or(found, |inner| readings(&inner))
}

fn readings(text: &str) -> Vec<String> {
    let read = |and_first| {
        let mut reader = Reader { parser: Parser::new(text), and_first, last: None };
        Some(parse::filter(&reader.chain()?).ok()?.to_string())
    };
    let mut found: Vec<String> = [true, false].into_iter().map_while(read).collect();
    found.dedup();
    found
}

/// What a text has between quotes at its very beginning and end.
pub(super) fn whole_in_quotes(text: &str) -> Option<String> {
    Some(text.trim().strip_prefix(is_quote)?.strip_suffix(is_quote)?.replace("\\\"", "\""))
}

/// Whether `text` begins with a condition that has an operator or a method.
pub(super) fn is_condition(text: &str) -> bool {
    let mut parser = Parser::new(text);
    let is_named = parser.name().is_some();
    is_named && (parser.rest().starts_with('(') || operator(parser.rest().trim_start()).is_some())
}

/// The method of this language that was meant, by its name in another case or with a slip in it.
pub(super) fn known_method(method: &str) -> Option<&'static str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(&method.to_lowercase(), &known.to_lowercase());
    if method.len() > 40 {
        return None;
    }
    let nearest = METHODS.split(' ').min_by_key(distance)?;
    let is_slip = distance(&nearest) * 3 <= nearest.len() && method_form(method).is_none();
    (is_slip || nearest.eq_ignore_ascii_case(method)).then_some(nearest)
}

struct Reader<'t> {
    parser: Parser<'t>,
    /// Whether `&&` binds more tightly than `||`, and stands where neither is written.
    and_first: bool,
    /// Attribute and form of the last comparison.
    last: Option<(&'t str, &'static str)>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.parser.rest()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest().trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
        self.parser.at = self.parser.text.len() - rest.len();
    }

    /// Whether, after blanks, one of these signs stands here.
    fn is_at(&mut self, signs: &[char]) -> bool {
        self.skip_blanks();
        self.rest().starts_with(signs)
    }

    fn takes(&mut self, signs: &[char]) -> bool {
        let found = self.is_at(signs);
        self.parser.at += usize::from(found);
        found
    }

    /// Conditions up to the end or a closing bracket.
    fn chain(&mut self) -> Option<String> {
        let mut groups = vec![vec![self.term()?]];
        while let Some(is_and) = self.connective() {
            // Nobody has two values: `uid == "a" && "b"` asks for those who have either.
            let is_value = self.rest().starts_with(is_quote) && self.last.is_some_and(|(_, form)| form == EQUAL);
            let is_and = is_and && !is_value;
            let part = self.term()?;
            match groups.last_mut() {
                Some(group) if is_and == self.and_first => group.push(part),
                _ => groups.push(vec![part]),
            }
        }
        let (inner, outer) = if self.and_first { (" && ", " || ") } else { (" || ", " && ") };
        let in_brackets = |group: &Vec<String>| match group.as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join(inner)),
        };
        Some(groups.iter().map(in_brackets).collect::<Vec<_>>().join(outer))
    }

    /// What joins the next condition: `true` for *and*; nothing where there is no next condition.
    fn connective(&mut self) -> Option<bool> {
        let mut found = None;
        loop {
            // A closing bracket without an opening one is left out.
            while self.parser.depth == 0 && self.takes(&[')', ']', '}']) {}
            self.skip_blanks();
            if let Some((length, is_and)) = connective(self.rest()) {
                found = found.or(Some(is_and));
                self.parser.at += length;
            } else if !self.takes(&[',', ';']) {
                break;
            }
        }
        let is_last = self.rest().is_empty() || self.rest().starts_with(')');
        (!is_last).then_some(found.unwrap_or(self.and_first))
    }

    /// `!(…)`, `(…)` or one condition.
    fn term(&mut self) -> Option<String> {
        let mut negations = 0;
        loop {
            self.skip_blanks();
            let rest = self.rest();
            let word = ["not", "-not"].into_iter().find(|word| starts_with_word(rest, word));
            let sign = if rest.starts_with('!') && !rest.starts_with("!=") { Some("!") } else { word };
            let Some(sign) = sign else { break };
            negations += 1;
            self.parser.at += sign.len();
        }
        let inner = if self.takes(&['(']) { self.bracket()? } else { self.condition()? };
        Some((0..negations).fold(inner, |inner, _| format!("!({inner})")))
    }

    fn bracket(&mut self) -> Option<String> {
        self.parser.depth += 1;
        if self.parser.depth > MAX_NESTING {
            return None;
        }
        let inner = self.chain()?;
        self.parser.depth -= 1;
        (self.takes(&[')']) || self.rest().is_empty()).then(|| format!("({inner})"))
    }

    fn condition(&mut self) -> Option<String> {
        // `uid == "a" || "b"`
        if let Some((name, form)) = self.last.filter(|_| self.rest().starts_with(is_quote)) {
            return filled(form, name, &[self.value()?]);
        }
        let name = self.parser.name()?;
        let path = name.rsplit_once('.');
        let is_adjacent = self.rest().starts_with('-');
        if self.rest().starts_with('(') && path.is_none() {
            // `startsWith(uid, "a")`
            self.takes(&['(']);
            self.skip_blanks();
            let attribute = self.parser.name()?;
            self.takes(&[',']);
            return self.method(attribute, name, 1);
        }
        if let Some((attribute, method)) =
            path.filter(|(_, method)| self.rest().starts_with('(') || known_method(method).is_some())
        {
            return self.method(attribute, method, 0);
        }
        self.skip_blanks();
        let (written, form) = match operator(self.rest()) {
            Some(found) if !is_adjacent => found,
            _ => ("", self.rest().starts_with(is_quote).then_some(EQUAL)?),
        };
        self.parser.at += written.len();
        self.skip_blanks();
        let start = self.parser.at;
        let mut values = if form.ends_with(')') && !form.contains(['#', '*']) { Vec::new() } else { self.values(0)? };
        let value = &self.parser.text[start..self.parser.at];
        // Two attributes can be compared: what the parser accepts stays as it is.
        if form.contains(&format!(" {written} ")) && Attribute::parse(value).is_some() {
            values = vec![value.to_owned()];
        }
        self.last = Some((name, form));
        let several = match form {
            EQUAL => "@.in(*)",
            "@ i== #" => "@.inIgnoreCase(*)",
            "@ != #" => "!(@.in(*))",
            other => other,
        };
        filled(if values.len() > 1 { several } else { form }, name, &values)
    }

    /// A method's arguments, after `open` of their brackets.
    fn method(&mut self, attribute: &str, method: &str, open: usize) -> Option<String> {
        let form = match known_method(method) {
            Some(method) => match method.trim_end_matches("IgnoreCase") {
                "in" | "containsAll" => format!("@.{method}(*)"),
                "startsWith" | "endsWith" | "contains" => format!("@.{method}(#)"),
                "isNull" | "notNull" | "isEmpty" => format!("@.{method}()"),
                _ => return None,
            },
            None => method_form(method)?.to_owned(),
        };
        let has_arguments = open > 0 || form.contains(['#', '*']) || self.is_at(&['(']);
        let values = if has_arguments { self.values(open)? } else { Vec::new() };
        filled(&form, attribute, &values)
    }

    /// One value or several, in brackets of any kind or in none, after `open` of the brackets.
    fn values(&mut self, mut open: usize) -> Option<Vec<String>> {
        while self.is_at(&['@', '(', '{', '[']) && variable(self.rest()).is_none() {
            open += usize::from(!self.takes(&['@']) && self.takes(&['(', '{', '[']));
        }
        let mut values = Vec::new();
        loop {
            while self.takes(&[',', ';']) {}
            if open > 0 && (self.is_at(&[')', '}', ']']) || self.rest().is_empty()) {
                break;
            }
            values.push(self.value()?);
            let end = self.parser.at;
            let goes_on = match (open, self.takes(&[','])) {
                (0, has_comma) => has_comma && !self.rest().trim().is_empty() && !is_condition(self.rest()),
                (_, has_comma) => has_comma || self.is_at(&[';', '"', '\'']),
            };
            if !goes_on {
                self.parser.at = end;
                break;
            }
        }
        for _ in 0..open {
            self.takes(&[')', '}', ']']);
        }
        Some(values)
    }

    /// A value however it is written, as a literal of the language.
    fn value(&mut self) -> Option<String> {
        self.skip_blanks();
        let rest = self.rest();
        if variable(rest).is_some() {
            return None;
        }
        // Brackets at the end of an open text close those before it.
        let has_brackets = self.parser.depth > 0 || self.parser.text[..self.parser.at].ends_with(['(', '{']);
        let (literal, length) = match text_in_quotes(rest, has_brackets) {
            Some((text, length)) => (quoted(&text), length),
            None => unquoted(rest)?,
        };
        self.parser.at += length;
        Some(literal)
    }
}

/// A form with its attribute and its values; nothing where it takes another number of values.
fn filled(form: &str, attribute: &str, values: &[String]) -> Option<String> {
    let one = if let [one] = values { one.as_str() } else { "" };
    if form.contains('#') && one.is_empty() || form.contains('*') && values.is_empty() {
        return None;
    }
    // A pattern becomes the method that it asks for.
    let pattern = one.trim_matches('"');
    let (method, one) = match (pattern.starts_with(['*', '%']), pattern.ends_with(['*', '%'])) {
        _ if !form.contains("like") => ("", one.to_owned()),
        (false, false) => return filled(&form.replace("@.like(#)", EQUAL), attribute, values),
        (is_start, is_end) => {
            let method = if !is_start {
                "startsWith"
            } else if is_end {
                "contains"
            } else {
                "endsWith"
            };
            (method, quoted(pattern.trim_matches(['*', '%'])))
        }
    };
    let part = |c| match c {
        '@' => attribute.to_owned(),
        '#' => one.clone(),
        '*' => format!("{{{}}}", values.join(", ")),
        other => String::from(other),
    };
    Some(form.replace("like", method).chars().map(part).collect())
}

/// A number, `true`, `false`, `null`, or a text without quotes, as a literal.
fn unquoted(text: &str) -> Option<(String, usize)> {
    let value = unquoted_value(text);
    let is_number = value.len() <= 18 && value.bytes().all(|byte| byte.is_ascii_digit());
    // With an operator in it, it is the next condition, without a connective before.
    let is_value = !value.is_empty() && !value.contains(['=', '<', '>', '!']);
    let literal = if is_number {
        value.to_owned()
    } else if parse::is_value_word(value) {
        value.to_ascii_lowercase()
    } else {
        quoted(value)
    };
    is_value.then_some((literal, value.len()))
}
