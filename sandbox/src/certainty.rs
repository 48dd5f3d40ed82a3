//! Whom a filter means for certain: `None` wherever nothing documents what the service does.
//!
//! [`filter`](crate::filter) takes what is simplest there, as this sandbox's `/cc` does. A client must not guess: it may
//! refresh those alone who are meant whatever the service does. Shares nothing with the library under test.

use serde_json::{Value, json};

use crate::filter::{Filter, Literal, Method, Operator, Term};
use crate::people::Identity;

impl Filter {
    /// Whether it means someone; `manager` is the manager. `is_known`: whether somebody in search has a value of an
    /// attribute.
    pub(crate) fn certainly_matches(
        &self,
        person: &Identity,
        manager: Option<&Identity>,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Option<bool> {
        let of = |parts: &[Self]| -> Vec<Option<bool>> {
            parts.iter().map(|part| part.certainly_matches(person, manager, is_known)).collect()
        };
        let shown = |property: &str| match shown(person, manager, property) {
            // Documents leave out what is empty.
            none if none.is_empty() && is_known(property) => vec![Value::Null],
            shown => shown,
        };
        match self {
            Self::All(parts) => any(&of(parts).into_iter().map(not).collect::<Vec<_>>()).map(|any| !any),
            Self::Any(parts) => any(&of(parts)),
            Self::Not(part) => not(part.certainly_matches(person, manager, is_known)),
            Self::Unknowable { .. } => None,
            Self::Compare { property, operator, ignore_case, value: Term::Literal(literal) } => {
                agreed(&shown(property), |value| {
                    compare(value, *operator, *ignore_case, literal).filter(|_| not_void(value))
                })
            }
            Self::Compare { value: Term::Property(_), .. } => None,
            Self::Method { property, method, ignore_case } => {
                agreed(&shown(property), |value| holds(value, method, *ignore_case))
            }
        }
    }
}

/// What search shows of a person under an attribute's name: in one place, in two, or nowhere.
fn shown(person: &Identity, manager: Option<&Identity>, attribute: &str) -> Vec<Value> {
    let own = |name: &str| person.attribute(name);
    let places = match attribute {
        "id" => vec![Some(person.id.clone().into())],
        "name" => vec![Some(person.name.clone().into())],
        "inactive" => vec![Some(person.inactive.into())],
        "protected" => vec![Some(person.protected.into())],
        // An object.
        "manager" => vec![manager.map(|_| json!({}))],
        "manager.id" => vec![manager.map(|manager| manager.id.clone().into())],
        "manager.name" => vec![manager.map(|manager| manager.name.clone().into())],
        "manager.displayName" => vec![manager.map(|manager| manager.display_name().into())],
        // Beside the attributes it stands in the document itself.
        "displayName" => vec![own(attribute), Some(person.display_name().into())],
        "correlated" => vec![],
        _ => match attribute.split_once('.') {
            Some(("attributes", name)) => vec![own(name)],
            Some(_) => vec![],
            None => vec![own(attribute)],
        },
    };
    places.into_iter().flatten().collect()
}

/// The fields of search that hold an attribute.
pub(crate) fn fields(attribute: &str) -> Vec<String> {
    match attribute {
        "id" | "name" | "inactive" | "protected" => vec![attribute.to_owned()],
        "manager" => vec!["manager.id".to_owned()],
        "displayName" => vec![attribute.to_owned(), format!("attributes.{attribute}")],
        "correlated" => vec![],
        _ if attribute.starts_with("manager.") || attribute.starts_with("attributes.") => vec![attribute.to_owned()],
        _ if attribute.contains('.') => vec![],
        _ => vec![format!("attributes.{attribute}")],
    }
}

/// What a test says of each place, where all say the same. An attribute that is shown nowhere may only have another name
/// in search.
fn agreed(values: &[Value], test: impl Fn(&Value) -> Option<bool>) -> Option<bool> {
    let (first, others) = values.split_first()?;
    let answer = test(first);
    if others.iter().all(|other| test(other) == answer) { answer } else { None }
}

/// Whether there is a value for certain: empty texts and lists are null to some databases. Nobody is known to have, or not
/// to have, a value by what he lacks.
fn not_void(value: &Value) -> bool {
    is_null(value) == Some(false)
}

fn is_null(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(true),
        Value::String(text) if text.is_empty() => None,
        Value::Array(members) if members.is_empty() => None,
        _ => Some(false),
    }
}

fn holds(value: &Value, method: &Method, ignore_case: bool) -> Option<bool> {
    let part = |part: &str, has: fn(&str, &str) -> bool, pattern: String| match value {
        Value::String(text) if not_void(value) => has_part(text, part, ignore_case, has, &pattern),
        _ => None,
    };
    match method {
        Method::IsNull => is_null(value),
        Method::NotNull => not(is_null(value)),
        Method::IsEmpty | Method::ContainsAll(_) => None,
        Method::In(_) if !not_void(value) => None,
        Method::In(set) => {
            let is_one = |literal| compare(value, Operator::Equal, ignore_case, literal);
            any(&set.literals.iter().map(is_one).collect::<Vec<_>>())
        }
        Method::StartsWith(start) => part(start, |text, part| text.starts_with(part), format!("{start}%")),
        Method::EndsWith(end) => part(end, |text, part| text.ends_with(part), format!("%{end}")),
        Method::Contains(within) => part(within, |text, part| text.contains(part), format!("%{within}%")),
    }
}

fn compare(value: &Value, operator: Operator, ignore_case: bool, literal: &Literal) -> Option<bool> {
    let order = match (value, literal) {
        (Value::String(_), Literal::Text(text)) if text.is_empty() => return None,
        (Value::String(value), Literal::Text(text)) => match is_same(value, text, ignore_case)? {
            true => 0,
            false if operator == Operator::Equal => return Some(false),
            false if operator == Operator::NotEqual => return Some(true),
            false => order_of_digits(value, text)?,
        },
        (Value::Bool(value), Literal::Truth(truth)) if [Operator::Equal, Operator::NotEqual].contains(&operator) => {
            i32::from(value != truth)
        }
        (Value::Number(value), Literal::Number(number)) => match value.as_f64()?.partial_cmp(number)? {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        },
        // Values of different types.
        _ => return None,
    };
    Some(match operator {
        Operator::Equal => order == 0,
        Operator::NotEqual => order != 0,
        Operator::Less => order < 0,
        Operator::Greater => order > 0,
        Operator::LessOrEqual => order <= 0,
        Operator::GreaterOrEqual => order >= 0,
    })
}

/// Whether two texts are the same: unknown where only case or blanks at the end differ.
fn is_same(one: &str, other: &str, ignore_case: bool) -> Option<bool> {
    let (is_lower, is_upper) = (lower(one) == lower(other), upper(one) == upper(other));
    if one == other || ignore_case && is_lower && is_upper {
        return Some(true);
    }
    let (one, other) = (one.trim_end(), other.trim_end());
    let is_near = is_lower || is_upper || lower(one) == lower(other) || upper(one) == upper(other);
    if is_near { None } else { Some(false) }
}

/// -1 or 1 for two texts of digits that are arranged in the same way, as dates of one form are.
fn order_of_digits(one: &str, other: &str) -> Option<i32> {
    let are_digits = |text: &str| text.chars().all(|character| "0123456789-:./TZ+ ".contains(character));
    if !are_digits(one) || !are_digits(other) || one.starts_with('-') || other.starts_with('-') {
        return None;
    }
    let (one, other) = (pieces(one), pieces(other));
    let (left, right) = one.iter().zip(&other).find(|(left, right)| left != right)?;
    let are_numbers = left.len() == right.len() && [left, right].iter().all(|piece| piece.parse::<u128>().is_ok());
    are_numbers.then(|| if left < right { -1 } else { 1 })
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

fn has_part(text: &str, part: &str, ignore_case: bool, has: fn(&str, &str) -> bool, pattern: &str) -> Option<bool> {
    let (has_lower, has_upper) = (has(&lower(text), &lower(part)), has(&upper(text), &upper(part)));
    match () {
        () if has(text, part) || ignore_case && has_lower && has_upper => Some(true),
        () if has_lower || has_upper => None,
        // Nothing says whether the service reads these as wildcards.
        () if part.contains(['%', '_']) && fits(&lower(pattern), &lower(text)) => None,
        () => Some(false),
    }
}

/// Whether a text is what a pattern describes: `%` stands for anything, `_` for any character.
fn fits(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // For each number of characters of the text, whether the pattern so far describes them.
    let mut fits: Vec<bool> = (0..=text.len()).map(|length| length == 0).collect();
    for wanted in pattern.chars() {
        let before = fits.clone();
        for length in 0..=text.len() {
            let is_next = length > 0 && before[length - 1] && (wanted == '_' || wanted == text[length - 1]);
            fits[length] = if wanted == '%' { before[length] || length > 0 && fits[length - 1] } else { is_next };
        }
    }
    fits[text.len()]
}

fn any(answers: &[Option<bool>]) -> Option<bool> {
    match () {
        () if answers.contains(&Some(true)) => Some(true),
        () if answers.contains(&None) => None,
        () => Some(false),
    }
}

fn not(answer: Option<bool>) -> Option<bool> {
    answer.map(|answer| !answer)
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn upper(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).collect()
}
