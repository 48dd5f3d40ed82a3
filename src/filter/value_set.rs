//! Many values at once: whether a value is one of them is looked up by hashing, and not value by value.

use std::collections::HashSet;

use serde_json::Value;

use super::ast::Literal;
use super::compare::Truth;

/// Texts, for the comparison with one value.
#[derive(Debug, Default)]
pub(super) struct TextSet {
    exact: HashSet<String>,
    /// In lower and in upper case: two texts are the same, whatever their case, if both are.
    folded: HashSet<(String, String)>,
    /// Without blanks at the end, in lower and in upper case: texts that some databases take for the same.
    near_lower: HashSet<String>,
    near_upper: HashSet<String>,
}

/// The values of an `in`.
#[derive(Debug, Default)]
pub(super) struct ValueSet {
    texts: TextSet,
    numbers: HashSet<i64>,
    bools: HashSet<bool>,
    /// Whether it has values of these types.
    has_text: bool,
    has_number: bool,
    has_bool: bool,
    has_empty_text: bool,
    /// Null, and numbers that are too large.
    has_other: bool,
}

impl TextSet {
    pub(super) fn insert(&mut self, text: &str, ignore_case: bool) {
        if !self.exact.insert(text.to_owned()) {
            return;
        }
        if ignore_case {
            self.folded.insert((lower(text), upper(text)));
        }
        let trimmed = text.trim_end();
        self.near_lower.insert(lower(trimmed));
        self.near_upper.insert(upper(trimmed));
    }

    /// Whether one of the texts is the same as each of the values. `ignore_case` is that of the insertions.
    pub(super) fn has_same(&self, values: &[&str], ignore_case: bool) -> bool {
        let Some((first, others)) = values.split_first() else { return false };
        if self.exact.contains(*first) && others.iter().all(|other| other == first) {
            return true;
        }
        if !ignore_case {
            return false;
        }
        let folded = (lower(first), upper(first));
        self.folded.contains(&folded) && others.iter().all(|other| (lower(other), upper(other)) == folded)
    }

    /// Whether one of the texts is the same as the value, or the same to some databases.
    pub(super) fn has_near(&self, value: &str) -> bool {
        let trimmed = value.trim_end();
        self.near_lower.contains(&lower(trimmed)) || self.near_upper.contains(&upper(trimmed))
    }
}

impl ValueSet {
    pub(super) fn new(literals: &[Literal], ignore_case: bool) -> Self {
        let mut set = Self::default();
        for literal in literals {
            match literal {
                Literal::Text(text) if text.is_empty() => set.has_empty_text = true,
                Literal::Text(text) => {
                    set.has_text = true;
                    set.texts.insert(text, ignore_case);
                }
                Literal::Number(digits) => {
                    set.has_number = true;
                    match digits.parse() {
                        Ok(number) => {
                            set.numbers.insert(number);
                        }
                        Err(_) => set.has_other = true,
                    }
                }
                Literal::Bool(value) => {
                    set.has_bool = true;
                    set.bools.insert(*value);
                }
                Literal::Null | Literal::Constant(_) => set.has_other = true,
            }
        }
        set
    }

    /// Whether one of the values may mean that there is no value.
    pub(super) fn may_have_null(&self) -> bool {
        self.has_empty_text || self.has_other
    }

    /// Whether a value that is no list is one of these.
    pub(super) fn judge(&self, value: &Value, ignore_case: bool) -> Truth {
        let has_text = self.has_text || self.has_empty_text;
        match value {
            Value::String(text) if self.texts.has_same(&[text], ignore_case) => Truth::Yes,
            Value::String(text) if self.texts.has_near(text) => Truth::Unknown,
            Value::String(_) if self.has_number || self.has_bool || self.has_other => Truth::Unknown,
            Value::String(_) if self.has_empty_text => Truth::NoValue,
            Value::String(_) => Truth::No,
            Value::Bool(value) if self.bools.contains(value) => Truth::Yes,
            Value::Bool(_) if has_text || self.has_number || self.has_other => Truth::Unknown,
            Value::Bool(_) => Truth::No,
            Value::Number(number) => match number.as_i64() {
                Some(number) if self.numbers.contains(&number) => Truth::Yes,
                Some(_) if !has_text && !self.has_bool && !self.has_other => Truth::No,
                _ => Truth::Unknown,
            },
            _ => Truth::Unknown,
        }
    }
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn upper(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).collect()
}
