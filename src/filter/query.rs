//! From a filter to a search query.
//!
//! The query finds at least everyone whom the filter means, and many whom it does not: search analyses texts, ignores
//! case and finds parts of values. Whoever is found is judged by [`eval`](super::eval) afterwards. What a query
//! cannot narrow without losing somebody does not narrow it:
//!
//! | condition | query |
//! | --- | --- |
//! | `a == "x"`, `a i== "x"` | `attributes.a:"x"`, a phrase: whoever has this value has its words |
//! | … where search may find no word in the value, or it has more than 256 characters without a blank | `_exists_:attributes.a` |
//! | `a.in({"x", "y"})` | the same for each, joined by OR; above 700 `*` |
//! | `a.containsAll({"x", "y"})` | the same for each, joined by AND |
//! | `a.startsWith("x y")`, `endsWith`, `contains` | the words that blanks set apart on both sides; without such words, or with `%` or `_` (wildcards perhaps), `_exists_:attributes.a` |
//! | `a == true` | `a:"true"` |
//! | a comparison of `manager`, `identityProfile` or `source` itself | `*` |
//! | `a == 5`, `a < "x"` and its like, `a.notNull()` | `_exists_:attributes.a` |
//! | `a.isNull()` | `(* AND NOT _exists_:attributes.a)` |
//! | `a && b` | what narrows of both, joined by AND |
//! | `a \|\| b` | both, joined by OR, if both narrow |
//! | `!(a)`, `a != "x"`, null, empty texts, `isEmpty()`, and all that the service alone judges | `*` |
//!
//! Every value stands in double quotes with its quotes and backslashes escaped, so that none can end its own quotes;
//! unquoted values have been seen to find everybody. Field names consist of letters, digits, `_` and dots.

use super::Filter;
use super::ast::{Expr, Literal, Operand, Operator, Part, Test, quoted};
use super::places::{self, Place};

/// The query that finds everybody.
const EVERYBODY: &str = "*";
/// One query holds about 800 values (seen); some room is left.
const MOST_TERMS: usize = 700;
/// Characters of a value that are searched for: its first words find whoever has all of them.
const LONGEST_PHRASE: usize = 256;

/// A search query in Elasticsearch's query-string syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The query; `*` finds everybody.
    pub text: String,
    /// Whether the query leaves anybody out.
    pub narrows: bool,
}

/// The query that finds at least everyone whom the filter means.
pub fn search_query(filter: &Filter) -> Query {
    match narrowed(filter.expr()) {
        Some(part) => Query { text: part.text, narrows: true },
        None => Query { text: EVERYBODY.to_owned(), narrows: false },
    }
}

/// The query that finds at least everyone whose attribute has one of the values: at most 350 of them, to be told
/// apart by the caller. Without values it finds nobody.
///
/// `attribute` is a name as filters have it, `uid` or `attributes.email` for instance. A value without letters and
/// digits, of which no word can be searched, is looked for as a whole (`.exact`).
pub fn any_of(attribute: &str, values: &[&str]) -> String {
    let places = places::of(attribute);
    // A name that no document has is looked for nevertheless, and finds nobody.
    let places = if places.is_empty() { vec![Place::Attribute(attribute)] } else { places };
    let mut terms = Vec::with_capacity(values.len());
    for place in places {
        let field = escaped_field(&place.field());
        terms.extend(values.iter().map(|value| match phrase(value) {
            Some(phrase) => format!("{field}:{}", quoted(phrase)),
            None => format!("{field}.exact:{}", quoted(value)),
        }));
    }
    if terms.is_empty() { format!("NOT {EVERYBODY}") } else { terms.join(" OR ") }
}

/// The query that finds everyone who has a value of the attribute; `None` if no document has the attribute.
pub fn having(attribute: &str) -> Option<String> {
    exists(attribute).map(|part| part.text)
}

/// A part of a query that leaves somebody out.
struct Narrowed {
    text: String,
    terms: usize,
    /// Whether it must stand in parentheses inside of something larger.
    is_chain: bool,
}

impl Narrowed {
    fn term(text: String) -> Self {
        Self { text, terms: 1, is_chain: false }
    }

    /// Several parts joined, at least one.
    fn chain(parts: Vec<Self>, connective: &str) -> Option<Self> {
        let terms = parts.iter().map(|part| part.terms).sum();
        if parts.len() < 2 {
            return parts.into_iter().next();
        }
        let texts: Vec<String> =
            parts.into_iter().map(|part| if part.is_chain { format!("({})", part.text) } else { part.text }).collect();
        Some(Self { text: texts.join(connective), terms, is_chain: true })
    }

    /// All of the parts must match; what does not narrow is left out.
    fn all(parts: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let mut room = MOST_TERMS;
        let fits = |part: &Self| {
            let fits = part.terms <= room;
            room -= if fits { part.terms } else { 0 };
            fits
        };
        Self::chain(parts.flatten().filter(fits).collect(), " AND ")
    }

    /// One of the parts must match: nothing narrows if one of them does not.
    fn any(parts: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let parts: Vec<Self> = parts.collect::<Option<_>>()?;
        let terms: usize = parts.iter().map(|part| part.terms).sum();
        if terms > MOST_TERMS { None } else { Self::chain(parts, " OR ") }
    }
}

fn narrowed(expr: &Expr) -> Option<Narrowed> {
    match expr {
        Expr::And(parts) => Narrowed::all(parts.iter().map(narrowed)),
        Expr::Or(parts) => Narrowed::any(parts.iter().map(narrowed)),
        Expr::Not(inner) => match &**inner {
            Expr::Not(inner) => narrowed(inner),
            Expr::Condition { attribute, test: Test::IsNull } => exists(attribute),
            _ => None,
        },
        Expr::Condition { attribute, test } => condition(attribute, test),
    }
}

fn condition(attribute: &str, test: &Test) -> Option<Narrowed> {
    if test.is_undecidable() {
        return None;
    }
    // An object's own value, an id perhaps, is in none of search's fields.
    if places::is_object(attribute) && !matches!(test, Test::IsNull | Test::NotNull) {
        return None;
    }
    match test {
        Test::Compare { operator: Operator::Equal, value: Operand::Literal(literal), .. } => equal(attribute, literal),
        Test::Compare { operator: Operator::NotEqual, .. } | Test::IsEmpty => None,
        Test::Compare { value: Operand::Literal(literal), .. } => match literal {
            Literal::Null => None,
            _ => exists(attribute),
        },
        Test::In { values, .. } => Narrowed::any(values.iter().map(|value| equal(attribute, value))),
        Test::ContainsAll { values, .. } => Narrowed::all(values.iter().map(|value| equal(attribute, value))),
        Test::Like { part, text, .. } => match whole_words(*part, text).and_then(phrase) {
            Some(words) => in_places(attribute, |field| Some(Narrowed::term(format!("{field}:{}", quoted(words))))),
            None if text.is_empty() => None,
            None => exists(attribute),
        },
        Test::NotNull => exists(attribute),
        // Whoever has no value in one of two places may have one in the other.
        Test::IsNull if places::of(attribute).len() > 1 => None,
        Test::IsNull => {
            let value = exists(attribute)?;
            Some(Narrowed::term(format!("(* AND NOT {})", value.text)))
        }
        Test::Compare { .. } | Test::Join { .. } | Test::CollectionCondition { .. } | Test::Subquery { .. } => None,
    }
}

fn equal(attribute: &str, literal: &Literal) -> Option<Narrowed> {
    let value = match literal {
        Literal::Text(text) if text.is_empty() => return None,
        Literal::Text(text) => match phrase(text) {
            Some(phrase) => phrase,
            None => return exists(attribute),
        },
        Literal::Bool(true) => "true",
        Literal::Bool(false) => "false",
        Literal::Number(_) => return exists(attribute),
        Literal::Null | Literal::Constant(_) => return None,
    };
    in_places(attribute, |field| Some(Narrowed::term([&*field, ":", &quoted(value)].concat())))
}

fn exists(attribute: &str) -> Option<Narrowed> {
    in_places(attribute, |field| Some(Narrowed::term(format!("_exists_:{field}"))))
}

/// The same for each place that may hold the attribute.
fn in_places(attribute: &str, term: impl Fn(String) -> Option<Narrowed>) -> Option<Narrowed> {
    let places = places::of(attribute);
    if places.is_empty() {
        return None;
    }
    Narrowed::any(places.into_iter().map(|place| term(place.field())))
}

/// What of a value can be searched for as a phrase: all of it, or as many whole words from its beginning as are not too
/// long. `None` if an analyser may find no word in it, because a phrase without words finds nobody.
fn phrase(value: &str) -> Option<&str> {
    // A text has at most as many characters as bytes.
    let cut = if value.len() > LONGEST_PHRASE { value.char_indices().nth(LONGEST_PHRASE) } else { None };
    let phrase = match cut {
        None => value,
        Some((end, _)) => &value[..value[..end].rfind(char::is_whitespace)?],
    };
    let mut words = phrase.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let is_searchable = words.any(|word| !STOP_WORDS.iter().any(|stop| word.eq_ignore_ascii_case(stop)));
    is_searchable.then_some(phrase)
}

/// English stop words of Lucene's analysers: a text of these alone may be no text at all to search.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
];

/// The part of a text that has whole words of whatever value the text is a part of: a word at an open end may go on.
fn whole_words(part: Part, text: &str) -> Option<&str> {
    if text.contains(['%', '_']) {
        return None;
    }
    let start = match part {
        Part::Start => 0,
        Part::End | Part::Anywhere => text.find(char::is_whitespace)?,
    };
    let end = match part {
        Part::End => text.len(),
        Part::Start | Part::Anywhere => text.rfind(char::is_whitespace)?,
    };
    text.get(start..end)
}

/// A field's name with everything escaped that is not a part of names, for names that no parser has seen.
fn escaped_field(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '.') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
