//! The judge of `/cc` filters: whom does a filter mean?
//!
//! Written for itself from the grammar of SailPoint's filter strings, simply and slowly, and sharing nothing with
//! the library under test: the two check each other. Where the grammar is silent it reads strictly, because what
//! does not parse refreshes everybody, and a sandbox that is kinder than the service hides mistakes:
//!
//! - strings stand in double quotes; `\"` and `\\` are the only escapes; blanks are space, tab, CR and LF;
//! - names are ASCII letters, digits, `_` and dots; numbers are digits;
//! - `!` stands before an expression in parentheses only; a bare mix of `&&` and `||` does not parse, a chain of one
//!   of them does; parentheses nest [`parse::DEEPEST`] deep at most;
//! - a dotted name that begins with `sailpoint.` or with a capital letter is an enum, every other name a property;
//! - the left side of a comparison is a property, the arguments of methods are literals.
//!
//! Where nothing documents what a comparison means, it means what is simplest:
//!
//! - a property without a value is `null`; `== null` is `isNull()`; an empty text is not null, but `isEmpty()`;
//! - values of different types are not equal; texts compare with case, number by number of their characters
//!   (`i==` and `…IgnoreCase` compare lower case); nothing is less or greater than a value of another type or `null`;
//! - `!=` is true wherever `==` is not, a missing value included; `in` is true where `==` is for one of the values;
//! - a list is equal to a value that it contains, and matches a method where one of its members does;
//! - `join`, `subquery` and `collectionCondition` parse, and match nobody.

mod parse;

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

pub(crate) use parse::parse;

/// A filter that has been parsed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare {
        property: String,
        operator: Operator,
        ignore_case: bool,
        value: Term,
    },
    Method {
        property: String,
        method: Method,
        ignore_case: bool,
    },
    /// `join`, `subquery`, `collectionCondition`: what they ask for is not in the sandbox.
    Unknowable {
        property: String,
    },
}

/// What stands on the right of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Literal(Literal),
    Property(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(f64),
    Truth(bool),
    Null,
    Enum(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Method {
    In(Set),
    ContainsAll(Vec<Literal>),
    IsNull,
    NotNull,
    IsEmpty,
    StartsWith(String),
    EndsWith(String),
    Contains(String),
}

/// The values of an `in`: texts are looked up, and not compared one by one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Set {
    pub(crate) literals: Vec<Literal>,
    /// In lower case if the method ignores case.
    texts: HashSet<String>,
    /// All that are no texts.
    others: Vec<Literal>,
}

impl Set {
    fn new(literals: Vec<Literal>, ignore_case: bool) -> Self {
        let text = |literal: &Literal| match literal {
            Literal::Text(text) if ignore_case => Some(text.to_lowercase()),
            Literal::Text(text) => Some(text.clone()),
            _ => None,
        };
        let texts = literals.iter().filter_map(text).collect();
        let others = literals.iter().filter(|literal| text(literal).is_none()).cloned().collect();
        Self { literals, texts, others }
    }

    /// Whether a value, already in lower case if the method ignores case, is one of these.
    fn has(&self, value: &Value) -> bool {
        let has_text = |value: &Value| value.as_str().is_some_and(|text| self.texts.contains(text));
        let is_text = match value {
            Value::Array(members) => members.iter().any(has_text),
            other => has_text(other),
        };
        is_text || self.others.iter().any(|one| equal(value, &one.value()))
    }
}

impl Filter {
    /// The same filter, in which alternatives `a == "x" || a == "y" …` are one `in`.
    pub(crate) fn gathered(self) -> Self {
        match self {
            Self::All(parts) => Self::All(parts.into_iter().map(Self::gathered).collect()),
            Self::Not(part) => Self::Not(Box::new(part.gathered())),
            Self::Any(parts) => {
                let mut sets: BTreeMap<(String, bool), Vec<Literal>> = BTreeMap::new();
                let mut others = Vec::new();
                for part in parts {
                    match part {
                        Self::Compare {
                            property,
                            operator: Operator::Equal,
                            ignore_case,
                            value: Term::Literal(literal @ Literal::Text(_)),
                        } => sets.entry((property, ignore_case)).or_default().push(literal),
                        other => others.push(other.gathered()),
                    }
                }
                let set = |((property, ignore_case), literals)| {
                    let method = Method::In(Set::new(literals, ignore_case));
                    Self::Method { property, method, ignore_case }
                };
                others.extend(sets.into_iter().map(set));
                Self::Any(others)
            }
            other => other,
        }
    }

    /// Every property that the filter names.
    pub(crate) fn properties(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::properties).collect(),
            Self::Not(part) => part.properties(),
            Self::Compare { property, value: Term::Property(other), .. } => vec![property, other],
            Self::Compare { property, .. } | Self::Method { property, .. } | Self::Unknowable { property } => {
                vec![property]
            }
        }
    }

    /// Whether it means someone whose properties `of` tells.
    pub(crate) fn matches(&self, of: &dyn Fn(&str) -> Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(of)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(of)),
            Self::Not(part) => !part.matches(of),
            Self::Compare { property, operator, ignore_case, value } => {
                let right = match value {
                    Term::Literal(literal) => literal.value(),
                    Term::Property(other) => of(other),
                };
                compare(&folded(of(property), *ignore_case), *operator, &folded(right, *ignore_case))
            }
            Self::Method { property, method, ignore_case } => {
                judge(&folded(of(property), *ignore_case), method, *ignore_case)
            }
            Self::Unknowable { .. } => false,
        }
    }
}

impl Literal {
    fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(number) => Value::from(*number),
            Self::Truth(truth) => Value::from(*truth),
            Self::Null => Value::Null,
            // An enum equals no text: a list of one enum is of a type that no property has.
            Self::Enum(name) => Value::from(vec![Value::from(vec![name.as_str()])]),
        }
    }
}

fn compare(left: &Value, operator: Operator, right: &Value) -> bool {
    match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => !equal(left, right),
        Operator::Less => ordered(left, right, |order| order.is_lt()),
        Operator::Greater => ordered(left, right, |order| order.is_gt()),
        Operator::LessOrEqual => ordered(left, right, |order| order.is_le()),
        Operator::GreaterOrEqual => ordered(left, right, |order| order.is_ge()),
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(members), Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
            members.iter().any(|member| equal(member, right))
        }
        _ => left == right,
    }
}

fn ordered(left: &Value, right: &Value, is: fn(std::cmp::Ordering) -> bool) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => is(left.chars().cmp(right.chars())),
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()).is_some_and(is),
        (Value::Array(members), _) => members.iter().any(|member| ordered(member, right, is)),
        _ => false,
    }
}

fn judge(value: &Value, method: &Method, ignore_case: bool) -> bool {
    let text = |test: &dyn Fn(&str) -> bool| match value {
        Value::String(text) => test(text),
        Value::Array(members) => members.iter().filter_map(Value::as_str).any(test),
        _ => false,
    };
    let literal = |literal: &Literal| folded(literal.value(), ignore_case);
    let part = |part: &str| {
        if ignore_case { part.to_lowercase() } else { part.to_owned() }
    };
    match method {
        Method::In(set) => set.has(value),
        Method::ContainsAll(literals) => !value.is_null() && literals.iter().all(|one| equal(value, &literal(one))),
        Method::IsNull => value.is_null(),
        Method::NotNull => !value.is_null(),
        Method::IsEmpty => match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(members) => members.is_empty(),
            _ => false,
        },
        Method::StartsWith(start) => text(&|text| text.starts_with(&part(start))),
        Method::EndsWith(end) => text(&|text| text.ends_with(&part(end))),
        Method::Contains(within) => text(&|text| text.contains(&part(within))),
    }
}

fn folded(value: Value, ignore_case: bool) -> Value {
    match value {
        Value::String(text) if ignore_case => Value::from(text.to_lowercase()),
        Value::Array(members) if ignore_case => members.into_iter().map(|member| folded(member, true)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::parse::DEEPEST;
    use super::*;

    fn of(property: &str) -> Value {
        match property {
            "uid" => "amelie.roux".into(),
            "displayName" => "Amélie Roux".into(),
            "age" => 42.into(),
            "inactive" => false.into(),
            "projects" => vec!["Apollo", "Zephyr"].into(),
            "empty" => "".into(),
            _ => Value::Null,
        }
    }

    #[test]
    fn these_filters_mean_amelie() {
        for filter in [
            "uid == \"amelie.roux\"",
            "uid==\"amelie.roux\"",
            " ( uid == \"amelie.roux\" ) ",
            "uid i== \"AMELIE.ROUX\"",
            "uid != \"x\" && age > 41 && age <= 42",
            "uid == \"x\" || (age >= 42 && !(inactive == true))",
            "uid.in({\"x\", \"amelie.roux\"})",
            "uid.inIgnoreCase({\"AMELIE.roux\"})",
            "uid.startsWith(\"amelie.\")",
            "uid.endsWithIgnoreCase(\"ROUX\")",
            "displayName.contains(\"élie R\")",
            "projects == \"Apollo\"",
            "projects.containsAll({\"Zephyr\", \"Apollo\"})",
            "nothing.isNull()",
            "nothing == null",
            "nothing != \"x\"",
            "uid.notNull() && nothing.isEmpty() && empty.isEmpty() && !(empty.isNull())",
            "uid > \"amelie\" && uid < \"b\"",
            "uid == uid",
            "!(links.join(Link.identity))",
            "!(links.collectionCondition(\"nativeIdentity == \\\"x\\\"\"))",
            "!(id.subquery(\"id\", sailpoint.object.Identity, \"id\", null))",
        ] {
            assert!(parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(&of), "{filter}");
        }
    }

    #[test]
    fn these_filters_do_not_mean_amelie() {
        for filter in [
            "uid == \"Amelie.Roux\"",
            "nothing == \"x\"",
            "nothing < \"x\"",
            "age == \"42\"",
            "uid.in({\"a\", \"b\"})",
            "uid == Rule.Type.BuildMap",
            "projects.containsAll({\"Apollo\", \"Orion\"})",
            "links.join(Link.identity)",
        ] {
            assert!(!parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(&of), "{filter}");
        }
    }

    #[test]
    fn these_texts_do_not_parse() {
        for text in [
            "",
            "uid",
            "uid = \"x\"",
            "uid === \"x\"",
            "uid == 'x'",
            "uid == “x”",
            "uid == \"x",
            "uid == \"a\",\"b\"",
            "uid == \"a\" and uid == \"b\"",
            "uid == \"a\" & uid == \"b\"",
            "uid == \"a\" && uid == \"b\" || uid == \"c\"",
            "(uid == \"a\" || uid == \"b\" && uid == \"c\")",
            "!uid == \"a\"",
            "\"x\" == uid",
            "uid == \"\\n\"",
            "uid.in({})",
            "uid.in(\"a\")",
            "uid.like(\"a\")",
            "uid == 12ab",
            "(uid == \"a\"",
            "uid == \"a\")",
            "&filter",
            "uid == -5",
            "uid == 1.5",
            "département == \"a\"",
            "uid\u{a0}== \"a\"",
            "links.collectionCondition(\"nativeIdentity = 1\")",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_filter_that_people_write_parses() {
        let table = include_str!("../../../tests/data/filters-accepted.txt");
        for filter in table.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            assert!(parse(filter).is_ok(), "{filter}: {:?}", parse(filter));
        }
    }

    #[test]
    fn depth_is_an_error_and_not_a_crash() {
        let deep = |depth: usize| format!("{}uid == \"a\"{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&deep(DEEPEST)).is_ok());
        for text in [deep(DEEPEST + 1), "(".repeat(200_000), "!(".repeat(200_000), "!".repeat(200_000)] {
            assert!(parse(&text).is_err());
        }
    }
}
