//! Whom a filter means: an evaluator that is slow, obvious, and shares nothing with the library or the sandbox's judge.
//!
//! It gets people as they are, not documents, and filters as trees, not texts. Its answers are yes, no and *perhaps*:
//! perhaps wherever nothing documents what the service does. Only who is *yes* may ever be refreshed.

pub(crate) mod random;

use std::fmt;

use pssailpointcc_sandbox::Identity;
use serde_json::Value;

use crate::filter_support::random::quoted;

/// A filter.
#[derive(Debug)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Is(&'static str, Test),
}

/// What is asked of an attribute.
#[derive(Debug)]
pub(crate) enum Test {
    /// An operator without its `i`, whether it has one, and a value.
    Compare(&'static str, bool, Literal),
    /// `in`, whether it ignores case, and its values.
    In(bool, Vec<Literal>),
    /// `startsWith`, `endsWith` or `contains`, whether it ignores case, and a text.
    Part(&'static str, bool, String),
    IsNull,
    NotNull,
    /// What follows the attribute's name, where the service alone knows what that means.
    Unknowable(String),
}

#[derive(Debug)]
pub(crate) enum Literal {
    Text(String),
    Digits(u32),
    Truth(bool),
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    Perhaps,
}

use Answer::{No, Perhaps, Yes};

/// Whether the filter means this person, among these people.
pub(crate) fn means(filter: &Filter, person: &Identity, people: &[Identity]) -> Answer {
    match filter {
        Filter::All(parts) => {
            let answers: Vec<Answer> = parts.iter().map(|part| means(part, person, people)).collect();
            match () {
                () if answers.contains(&No) => No,
                () if answers.contains(&Perhaps) => Perhaps,
                () => Yes,
            }
        }
        Filter::Any(parts) => {
            let answers: Vec<Answer> = parts.iter().map(|part| means(part, person, people)).collect();
            any(&answers)
        }
        Filter::Not(part) => opposite(means(part, person, people)),
        Filter::Is(attribute, test) => {
            let values = shown(person, attribute, people);
            let answers: Vec<Answer> = values.iter().map(|value| holds(test, value)).collect();
            match answers.split_first() {
                // Two places, and each tells something else.
                Some((first, others)) if others.iter().any(|other| other != first) => Perhaps,
                Some((first, _)) => *first,
                // A value that nobody has shown: is it not there, or only called otherwise?
                None => Perhaps,
            }
        }
    }
}

/// Whether the filter asks for something that the service alone knows.
pub(crate) fn has_unknowable(filter: &Filter) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(has_unknowable),
        Filter::Not(part) => has_unknowable(part),
        Filter::Is(_, test) => matches!(test, Test::Unknowable(_)),
    }
}

/// What search shows of a person under an attribute's name: in one place, in two, or nowhere.
fn shown(person: &Identity, attribute: &str, people: &[Identity]) -> Vec<Value> {
    let own = |name: &str| person.attributes.get(name).cloned();
    let manager = people.iter().find(|other| Some(&other.id) == person.manager.as_ref());
    let places = match attribute {
        "id" => vec![Some(person.id.clone().into())],
        "name" => vec![Some(person.name.clone().into())],
        "inactive" => vec![Some(person.inactive.into())],
        "protected" => vec![Some(person.protected.into())],
        // An object, or null where there is none.
        "manager" => vec![Some(if manager.is_some() { serde_json::json!({}) } else { Value::Null })],
        "manager.id" => vec![manager.map(|manager| manager.id.clone().into())],
        "manager.name" => vec![manager.map(|manager| manager.name.clone().into())],
        "manager.displayName" => vec![manager.map(|manager| manager.text("displayName").into())],
        // Beside the attributes these stand in the document itself: empty, or null, where the attribute is missing.
        "displayName" => vec![own("displayName"), Some(person.text("displayName").into())],
        "email" | "employeeNumber" => vec![own(attribute), Some(own(attribute).unwrap_or(Value::Null))],
        "firstname" | "lastname" => vec![own(attribute), Some(own(attribute).unwrap_or(Value::Null))],
        "correlated" | "links.name" => vec![],
        _ => vec![own(attribute.strip_prefix("attributes.").unwrap_or(attribute))],
    };
    places.into_iter().flatten().collect()
}

fn holds(test: &Test, value: &Value) -> Answer {
    let is_null = match value {
        Value::Null => Yes,
        // Null to some databases.
        Value::String(text) if text.is_empty() => Perhaps,
        Value::Array(values) if values.is_empty() => Perhaps,
        _ => No,
    };
    match test {
        Test::IsNull => is_null,
        Test::NotNull => opposite(is_null),
        // Nobody is named by a value that he does not have, and nobody is known to differ from one.
        _ if is_null != No => Perhaps,
        Test::Compare(operator, ignores_case, literal) => compare(value, operator, *ignores_case, literal),
        Test::In(ignores_case, literals) => {
            let answers: Vec<Answer> =
                literals.iter().map(|literal| compare(value, "==", *ignores_case, literal)).collect();
            any(&answers)
        }
        Test::Part(method, ignores_case, part) => match value {
            Value::String(text) => has_part(text, method, *ignores_case, part),
            _ => Perhaps,
        },
        Test::Unknowable(_) => Perhaps,
    }
}

fn compare(value: &Value, operator: &str, ignores_case: bool, literal: &Literal) -> Answer {
    let order = match (value, literal) {
        (Value::String(_), Literal::Text(text)) if text.is_empty() => return Perhaps,
        (Value::String(value), Literal::Text(text)) => match sameness(value, text, ignores_case) {
            Yes => 0,
            Perhaps => return Perhaps,
            No if operator == "==" => return No,
            No if operator == "!=" => return Yes,
            No => match order_of_digits(value, text) {
                Some(order) => order,
                None => return Perhaps,
            },
        },
        (Value::Bool(value), Literal::Truth(truth)) if operator == "==" || operator == "!=" => {
            i32::from(value != truth)
        }
        (Value::Number(value), Literal::Digits(number)) => match value.as_i64() {
            Some(value) if value == i64::from(*number) => 0,
            Some(value) if value < i64::from(*number) => -1,
            Some(_) => 1,
            None => return Perhaps,
        },
        // Values of different types.
        _ => return Perhaps,
    };
    let holds = match operator {
        "==" => order == 0,
        "!=" => order != 0,
        "<" => order < 0,
        ">" => order > 0,
        "<=" => order <= 0,
        ">=" => order >= 0,
        other => panic!("{other} is no operator"),
    };
    if holds { Yes } else { No }
}

/// Whether two texts are the same: perhaps, where only case or blanks at the end differ.
fn sameness(one: &str, other: &str, ignores_case: bool) -> Answer {
    if one == other {
        return Yes;
    }
    let is_lower = lower(one) == lower(other);
    let is_upper = upper(one) == upper(other);
    if ignores_case && is_lower && is_upper {
        return Yes;
    }
    let (one, other) = (one.trim_end(), other.trim_end());
    if is_lower || is_upper || lower(one) == lower(other) || upper(one) == upper(other) { Perhaps } else { No }
}

/// -1, 0 or 1 for two texts of digits that are arranged in the same way, as dates of one form are.
fn order_of_digits(one: &str, other: &str) -> Option<i32> {
    let are_digits = |text: &str| text.chars().all(|character| "0123456789-:./TZ+ ".contains(character));
    if !are_digits(one) || !are_digits(other) || one.starts_with('-') || other.starts_with('-') {
        return None;
    }
    for (left, right) in pieces(one).iter().zip(&pieces(other)) {
        if left == right {
            continue;
        }
        let are_numbers = left.len() == right.len() && [left, right].iter().all(|piece| piece.parse::<u128>().is_ok());
        return match are_numbers {
            true if left < right => Some(-1),
            true => Some(1),
            false => None,
        };
    }
    None
}

/// Numbers, and each character between them.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for character in text.chars() {
        match pieces.last_mut() {
            Some(last) if character.is_ascii_digit() && last.chars().all(|one| one.is_ascii_digit()) => {
                last.push(character);
            }
            _ => pieces.push(character.to_string()),
        }
    }
    pieces
}

fn has_part(text: &str, method: &str, ignores_case: bool, part: &str) -> Answer {
    let has = |text: &str, part: &str| match method {
        "startsWith" => text.starts_with(part),
        "endsWith" => text.ends_with(part),
        "contains" => text.contains(part),
        other => panic!("{other} is no method"),
    };
    let has_lower = has(&lower(text), &lower(part));
    let has_upper = has(&upper(text), &upper(part));
    match () {
        () if has(text, part) => Yes,
        () if ignores_case && has_lower && has_upper => Yes,
        () if has_lower || has_upper => Perhaps,
        // Nothing says whether the service reads these as wildcards.
        () if part.contains(['%', '_']) => {
            let pattern = match method {
                "startsWith" => format!("{part}%"),
                "endsWith" => format!("%{part}"),
                _ => format!("%{part}%"),
            };
            let (pattern, text): (Vec<char>, Vec<char>) =
                (lower(&pattern).chars().collect(), lower(text).chars().collect());
            if fits(&pattern, &text) { Perhaps } else { No }
        }
        () => No,
    }
}

/// Whether a text is what a pattern describes: `%` stands for anything, `_` for any character.
fn fits(pattern: &[char], text: &[char]) -> bool {
    // By how much of the pattern is done, and how much of the text: whether that fits.
    let mut fits = vec![vec![false; text.len() + 1]; pattern.len() + 1];
    fits[0][0] = true;
    for (p, wanted) in pattern.iter().enumerate() {
        for t in 0..=text.len() {
            fits[p + 1][t] = match wanted {
                '%' => fits[p][t] || t > 0 && fits[p + 1][t - 1],
                '_' => t > 0 && fits[p][t - 1],
                other => t > 0 && fits[p][t - 1] && text[t - 1] == *other,
            };
        }
    }
    fits[pattern.len()][text.len()]
}

fn any(answers: &[Answer]) -> Answer {
    match () {
        () if answers.contains(&Yes) => Yes,
        () if answers.contains(&Perhaps) => Perhaps,
        () => No,
    }
}

fn opposite(answer: Answer) -> Answer {
    match answer {
        Yes => No,
        No => Yes,
        Perhaps => Perhaps,
    }
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn upper(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).collect()
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: &[Filter], connective: &str| {
            parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(connective)
        };
        match self {
            Self::All(parts) => f.write_str(&joined(parts, " && ")),
            Self::Any(parts) => f.write_str(&joined(parts, " || ")),
            Self::Not(part) => write!(f, "!({part})"),
            Self::Is(attribute, test) => write!(f, "{attribute}{test}"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = |ignores_case: &bool| if *ignores_case { "IgnoreCase" } else { "" };
        match self {
            Self::Compare(operator, ignores_case, literal) => {
                write!(f, " {}{operator} {literal}", if *ignores_case { "i" } else { "" })
            }
            Self::In(ignores_case, literals) => {
                let literals: Vec<String> = literals.iter().map(Literal::to_string).collect();
                write!(f, ".in{}({{{}}})", suffix(ignores_case), literals.join(", "))
            }
            Self::Part(method, ignores_case, part) => write!(f, ".{method}{}({})", suffix(ignores_case), quoted(part)),
            Self::IsNull => f.write_str(".isNull()"),
            Self::NotNull => f.write_str(".notNull()"),
            Self::Unknowable(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Digits(number) => write!(f, "{number}"),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Null => f.write_str("null"),
        }
    }
}
