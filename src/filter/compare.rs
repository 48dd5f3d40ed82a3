//! How a value of a document compares with a literal of a filter: in three values, as [`super::eval`] has them in its table.

use std::cmp::Ordering;

use serde_json::Value;

use super::ast::{Literal, Operator, Part};

/// A verdict on a part of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    /// No, because there is no value: the negation of this is not yes, but unknown.
    NoValue,
    Unknown,
}

impl Truth {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::NoValue | Self::Unknown => Self::Unknown,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        use Truth::{No, NoValue, Unknown, Yes};
        match (self, other) {
            (No, _) | (_, No) => No,
            (NoValue, _) | (_, NoValue) => NoValue,
            (Unknown, _) | (_, Unknown) => Unknown,
            (Yes, Yes) => Yes,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        use Truth::{No, NoValue, Unknown, Yes};
        match (self, other) {
            (Yes, _) | (_, Yes) => Yes,
            (Unknown, _) | (_, Unknown) => Unknown,
            (NoValue, _) | (_, NoValue) => NoValue,
            (No, No) => No,
        }
    }
}

/// The comparison of a value with a literal.
pub(super) fn compare(operator: Operator, ignore_case: bool, value: &Value, literal: &Literal) -> Truth {
    match (value, literal) {
        (Value::String(_), Literal::Text(text)) if text.is_empty() => match operator {
            Operator::Equal => Truth::NoValue,
            _ => Truth::Unknown,
        },
        (Value::String(value), Literal::Text(text)) => compare_texts(operator, ignore_case, value, text),
        (Value::Bool(value), Literal::Bool(other)) => match operator {
            Operator::Equal => Truth::of(value == other),
            Operator::NotEqual => Truth::of(value != other),
            _ => Truth::Unknown,
        },
        (Value::Number(value), Literal::Number(digits)) => {
            let other = digits.parse::<i64>().ok();
            match value.as_i64().zip(other) {
                Some((value, other)) => Truth::of(holds(operator, value.cmp(&other))),
                None => Truth::Unknown,
            }
        }
        _ => Truth::Unknown,
    }
}

fn compare_texts(operator: Operator, ignore_case: bool, value: &str, text: &str) -> Truth {
    let sameness = Sameness::of(value, text, ignore_case);
    match (operator, sameness) {
        (_, Sameness::Near) => Truth::Unknown,
        (_, Sameness::Same) => Truth::of(holds(operator, Ordering::Equal)),
        (Operator::Equal, Sameness::Different) => Truth::No,
        (Operator::NotEqual, Sameness::Different) => Truth::Yes,
        (_, Sameness::Different) => match order_of_digits(value, text) {
            Some(order) => Truth::of(holds(operator, order)),
            None => Truth::Unknown,
        },
    }
}

fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::Greater => order.is_gt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::GreaterOrEqual => order.is_ge(),
    }
}

enum Sameness {
    Same,
    /// The same to some databases.
    Near,
    Different,
}

impl Sameness {
    fn of(one: &str, other: &str, ignore_case: bool) -> Self {
        if one == other {
            return Self::Same;
        }
        let lower = same_lower(one, other);
        let upper = same_upper(one, other);
        if ignore_case && lower && upper {
            return Self::Same;
        }
        if lower || upper {
            return Self::Near;
        }
        let trimmed = (one.trim_end(), other.trim_end());
        if trimmed == (one, other) {
            return Self::Different;
        }
        let (one, other) = trimmed;
        if same_lower(one, other) || same_upper(one, other) { Self::Near } else { Self::Different }
    }
}

fn same_lower(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

fn same_upper(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_uppercase).eq(other.chars().flat_map(char::to_uppercase))
}

/// The order of two texts that differ first in a number of the same length, all before it being the same: two dates
/// of the same form, or two numbers with the same count of digits.
fn order_of_digits(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let at = one.iter().zip(other).position(|(one, other)| one != other)?;
    let run = |text: &[u8]| {
        let start = text[..at].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |before| before + 1);
        let length = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        (start, length)
    };
    let is_date_or_number = |text: &[u8]| text.iter().all(|byte| byte.is_ascii_digit() || b"-:./TZ+ ".contains(byte));
    let fits = one[at].is_ascii_digit() && other[at].is_ascii_digit() && run(one) == run(other);
    // A sign turns the order round.
    let is_signed = one[0] == b'-' || other[0] == b'-';
    (fits && !is_signed && is_date_or_number(one) && is_date_or_number(other)).then(|| one[at].cmp(&other[at]))
}

/// Whether a text begins with, ends with or contains another.
pub(super) fn like(part: Part, ignore_case: bool, value: &str, text: &str) -> Truth {
    let has = |value: &str, text: &str| match part {
        Part::Start => value.starts_with(text),
        Part::End => value.ends_with(text),
        Part::Anywhere => value.contains(text),
    };
    if has(value, text) {
        return Truth::Yes;
    }
    let lower = has(&value.to_lowercase(), &text.to_lowercase());
    let upper = has(&value.to_uppercase(), &text.to_uppercase());
    if ignore_case && lower && upper {
        Truth::Yes
    } else if lower || upper || has_by_wildcards(part, value, text) {
        Truth::Unknown
    } else {
        Truth::No
    }
}

/// How many steps a comparison with wildcards may take: some milliseconds.
const MOST_WILDCARD_STEPS: usize = 1 << 20;

/// Whether a text has a part in which `%` stands for any characters and `_` for any one, whatever the case.
fn has_by_wildcards(part: Part, value: &str, text: &str) -> bool {
    if !text.contains(['%', '_']) {
        return false;
    }
    // The comparison takes time in proportion to both lengths. What takes too long is not known.
    if value.len().saturating_mul(text.len()) > MOST_WILDCARD_STEPS {
        return true;
    }
    let value: Vec<char> = value.to_lowercase().chars().collect();
    let (before, after) = match part {
        Part::Start => ("", "%"),
        Part::End => ("%", ""),
        Part::Anywhere => ("%", "%"),
    };
    let pattern: Vec<char> = format!("{before}{}{after}", text.to_lowercase()).chars().collect();
    let (mut at, mut next) = (0, 0);
    // The last `%`, and where the text goes on after what it stands for.
    let mut any = None;
    while at < value.len() {
        match pattern.get(next) {
            Some('%') => {
                any = Some((next, at));
                next += 1;
            }
            Some(c) if *c == '_' || *c == value[at] => (at, next) = (at + 1, next + 1),
            _ => match any {
                Some((wildcard, from)) => {
                    any = Some((wildcard, from + 1));
                    (at, next) = (from + 1, wildcard + 1);
                }
                None => return false,
            },
        }
    }
    pattern[next..].iter().all(|c| *c == '%')
}
