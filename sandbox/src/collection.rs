//! The standard parameters of list endpoints: `limit`, `offset` and `filters`.

use crate::tenant::Ask;

/// The largest page, and the page size when the request names none.
const MAX_LIMIT: usize = 250;

/// A field that `filters` accepts, and its operators.
pub(crate) type Field = (&'static str, &'static [&'static str]);

/// One condition of `filters`. Text is compared without regard to case.
pub(crate) struct Condition {
    pub(crate) field: String,
    operator: String,
    /// In lower case.
    pub(crate) values: Vec<String>,
}

impl Ask {
    /// `limit` and `offset`.
    pub(crate) fn limit_and_offset(&self) -> Result<(usize, usize), String> {
        let limit = self.number("limit", MAX_LIMIT)?.unwrap_or(MAX_LIMIT);
        Ok((limit, self.number("offset", usize::MAX)?.unwrap_or(0)))
    }

    /// `filters`, for example `type in ("A", "B") and completionStatus isnull`. Conditions are joined by `and` only.
    pub(crate) fn filters(&self, fields: &[Field]) -> Result<Vec<Condition>, String> {
        parse(&self.parameter("filters").unwrap_or_default(), fields).map_err(|why| format!("filters: {why}"))
    }
}

impl Condition {
    /// Whether the condition holds for a field's value; `None` is null.
    pub(crate) fn holds(&self, value: Option<&str>) -> bool {
        let Some(value) = value.map(str::to_lowercase) else { return self.operator == "isnull" };
        match self.operator.as_str() {
            "isnull" => false,
            "sw" => self.values.iter().any(|prefix| value.starts_with(prefix)),
            _ => self.values.contains(&value),
        }
    }
}

fn parse(text: &str, fields: &[Field]) -> Result<Vec<Condition>, String> {
    let mut words = words(text)?.into_iter().peekable();
    let mut conditions = Vec::new();
    if words.peek().is_none() {
        return Ok(conditions);
    }
    let mut next = |what: &str| words.next().ok_or_else(|| format!("{what} was expected at the end"));
    loop {
        let field = next("a field")?;
        let known = fields.iter().find(|(name, _)| *name == field);
        let (_, operators) = known.ok_or_else(|| format!("{field} cannot be filtered by"))?;
        let operator = next("an operator")?;
        if !operators.contains(&operator.as_str()) {
            return Err(format!("{field} takes {}, not {operator}", operators.join(" or ")));
        }
        let mut values = Vec::new();
        match operator.as_str() {
            "isnull" => {}
            "in" => {
                if next("`(`")? != "(" {
                    return Err("`(` was expected after in".to_owned());
                }
                loop {
                    values.push(value(&next("a value")?)?);
                    match next("`,` or `)`")?.as_str() {
                        "," => {}
                        ")" => break,
                        other => return Err(format!("`,` or `)` was expected, not {other}")),
                    }
                }
            }
            _ => values.push(value(&next("a value")?)?),
        }
        conditions.push(Condition { field, operator, values });
        match next("and") {
            Ok(and) if and.eq_ignore_ascii_case("and") => {}
            Ok(other) => return Err(format!("and was expected, not {other}")),
            Err(_) => return Ok(conditions),
        }
    }
}

/// A value without its quotes, in lower case. Only `true` and `false` need no quotes.
fn value(word: &str) -> Result<String, String> {
    let lower = word.to_lowercase();
    match lower.strip_prefix('"') {
        Some(text) => Ok(text.to_owned()),
        None if lower == "true" || lower == "false" => Ok(lower),
        None => Err(format!("a value in double quotes was expected, not {word}")),
    }
}

/// Words, punctuation, and quoted strings. A quoted string keeps its opening quote, which tells it from a word; its
/// escapes are resolved.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let mut word = String::from('"');
                loop {
                    match characters.next().ok_or("a closing quote was expected")? {
                        '"' => break,
                        '\\' => word.extend(characters.next()),
                        other => word.push(other),
                    }
                }
                words.push(word);
            }
            '(' | ')' | ',' => words.push(character.to_string()),
            blank if blank.is_whitespace() => {}
            other => {
                let mut word = String::from(other);
                while let Some(more) = characters.next_if(|next| !next.is_whitespace() && !"\"(),".contains(*next)) {
                    word.push(more);
                }
                words.push(word);
            }
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[("id", &["eq", "in", "sw"]), ("status", &["eq", "isnull"])];

    #[test]
    fn conditions_hold_for_the_values_that_they_name() {
        let holds = |filters: &str, value: Option<&str>| {
            let conditions = parse(filters, FIELDS).expect("the filter parses");
            conditions.iter().all(|condition| condition.holds(value))
        };
        assert!(holds("", None));
        assert!(holds("status isnull", None) && !holds("status isnull", Some("Success")));
        assert!(holds("status eq \"success\"", Some("Success")) && !holds("status eq \"success\"", None));
        assert!(holds("id in (\"a\",\"B\") and id sw \"b\"", Some("b")));
        assert!(!holds("id in (\"a\", \"b\") and id sw \"b\"", Some("a")));
    }

    #[test]
    fn an_invalid_filter_is_refused_with_its_first_mistake() {
        for (filters, error) in [
            ("id", "an operator was expected at the end"),
            ("name eq \"a\"", "name cannot be filtered by"),
            ("status in (\"a\")", "status takes eq or isnull, not in"),
            ("id in \"a\"", "`(` was expected after in"),
            ("id in (\"a\" \"b\")", "`,` or `)` was expected, not \"b"),
            ("id eq a", "a value in double quotes was expected, not a"),
            ("id eq \"a", "a closing quote was expected"),
            ("id eq \"a\" or id eq \"b\"", "and was expected, not or"),
            ("id eq \"a\" and", "a field was expected at the end"),
        ] {
            assert_eq!(parse(filters, FIELDS).err().as_deref(), Some(error), "{filters}");
        }
    }
}
