//! Reads search queries strictly, in the few forms that the library writes, and runs them on documents the way that an
//! analysing search does. Anything else in a query, such as a value that has left its quotes, is an error.

use serde_json::Value;

#[derive(Debug)]
pub(crate) enum Query {
    Everybody,
    Not(Box<Query>),
    All(Vec<Query>),
    Any(Vec<Query>),
    Exists(String),
    Phrase { field: String, value: String },
}

/// The values that a query has between quotes, from left to right.
pub(crate) fn values(query: &Query) -> Vec<&str> {
    match query {
        Query::Everybody | Query::Exists(_) => Vec::new(),
        Query::Not(inner) => values(inner),
        Query::All(parts) | Query::Any(parts) => parts.iter().flat_map(values).collect(),
        Query::Phrase { value, .. } => vec![value],
    }
}

pub(crate) fn read(text: &str) -> Result<Query, String> {
    let mut reader = Reader { rest: text };
    let query = reader.chain()?;
    if reader.rest.is_empty() { Ok(query) } else { Err(format!("left over: {}", reader.rest)) }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn chain(&mut self) -> Result<Query, String> {
        let first = self.part()?;
        let connective = if self.rest.starts_with(" AND ") { " AND " } else { " OR " };
        let mut parts = vec![first];
        while self.take(connective) {
            parts.push(self.part()?);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ if connective == " AND " => Query::All(parts),
            _ => Query::Any(parts),
        })
    }

    fn part(&mut self) -> Result<Query, String> {
        if self.take("NOT ") {
            return Ok(Query::Not(Box::new(self.part()?)));
        }
        if self.take("(") {
            let inner = self.chain()?;
            return if self.take(")") { Ok(inner) } else { Err(format!("no ) before {}", self.rest)) };
        }
        if self.take("*") {
            return Ok(Query::Everybody);
        }
        if self.take("_exists_:") {
            return Ok(Query::Exists(self.field()));
        }
        let field = self.field();
        if field.is_empty() || !self.take(":\"") {
            return Err(format!("neither a field nor a phrase: {}", self.rest));
        }
        let mut value = String::new();
        let mut characters = self.rest.chars();
        loop {
            match characters.next().ok_or("a phrase without end")? {
                '"' => break,
                '\\' => value.push(characters.next().ok_or("a backslash at the end")?),
                c => value.push(c),
            }
        }
        self.rest = characters.as_str();
        Ok(Query::Phrase { field, value })
    }

    fn field(&mut self) -> String {
        let mut field = String::new();
        let mut characters = self.rest.chars().peekable();
        while let Some(c) = characters.peek().copied() {
            match c {
                '\\' => {
                    characters.next();
                    field.extend(characters.next());
                }
                c if c.is_ascii_alphanumeric() || c == '_' || c == '.' => {
                    field.push(c);
                    characters.next();
                }
                _ => break,
            }
        }
        self.rest = &self.rest[self.rest.len() - characters.map(char::len_utf8).sum::<usize>()..];
        field
    }
}

/// Whether search finds a document.
pub(crate) fn finds(query: &Query, document: &Value) -> bool {
    match query {
        Query::Everybody => true,
        Query::Not(inner) => !finds(inner, document),
        Query::All(parts) => parts.iter().all(|part| finds(part, document)),
        Query::Any(parts) => parts.iter().any(|part| finds(part, document)),
        Query::Exists(field) => at(document, field).is_some_and(has_value),
        Query::Phrase { field, value } => match field.strip_suffix(".exact") {
            Some(field) => at(document, field).is_some_and(|found| found.as_str() == Some(value)),
            None => at(document, field).is_some_and(|found| has_phrase(found, &words(value))),
        },
    }
}

fn at<'d>(document: &'d Value, field: &str) -> Option<&'d Value> {
    field.split('.').try_fold(document, |value, name| value.get(name))
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(values) => values.iter().any(has_value),
        Value::Object(members) => members.values().any(has_value),
        _ => true,
    }
}

fn has_phrase(value: &Value, phrase: &[String]) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| has_phrase(value, phrase)),
        Value::String(text) => contains(&words(text), phrase),
        Value::Bool(_) | Value::Number(_) => contains(&words(&value.to_string()), phrase),
        _ => false,
    }
}

/// A phrase without words finds nobody, as in Elasticsearch.
fn contains(words: &[String], phrase: &[String]) -> bool {
    !phrase.is_empty() && words.windows(phrase.len()).any(|window| window == phrase)
}

/// A text as an analyser takes it apart: words in lower case, without stop words.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(|word| word.chars().flat_map(char::to_lowercase).collect::<String>())
        .filter(|word| !word.is_empty() && !["the", "and", "a", "or", "not", "to"].contains(&word.as_str()))
        .collect()
}
