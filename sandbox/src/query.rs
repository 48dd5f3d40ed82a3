//! Search's query language, as far as the library uses it, in Elasticsearch's `query_string` syntax:
//!
//! - `*` finds everybody, `_exists_:field` whoever has a value there, `field:"text"` whoever has these words there, one
//!   after the other; `field.exact:"text"` compares the whole value;
//! - a part is negated by `NOT` and grouped by parentheses; parts are joined by `AND` or by `OR`;
//! - in a field's name a backslash stands before whatever is no letter, digit, `_` or dot; in a text before `"` and `\`.
//!
//! Everything else is refused, although the service reads much of it: values without quotes, wildcards, ranges, `+` and
//! `-`, and what Lucene reads in its own way: `AND` beside `OR`, and `NOT` beside `OR`.

/// How deep parentheses may nest.
const DEEPEST: usize = 100;

/// What a query asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Query {
    Everybody,
    Not(Box<Query>),
    All(Vec<Query>),
    Any(Vec<Query>),
    Exists(String),
    Phrase { field: String, text: String },
}

impl Query {
    /// How many clauses it has: `*`, `_exists_` and phrases.
    pub(crate) fn clauses(&self) -> usize {
        match self {
            Self::Everybody | Self::Exists(_) | Self::Phrase { .. } => 1,
            Self::Not(inner) => inner.clauses(),
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::clauses).sum(),
        }
    }
}

/// Reads a query.
///
/// # Errors
///
/// What was expected, and before which rest of the text.
pub(crate) fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser { rest: text, depth: 0 };
    let query = parser.chain()?;
    if parser.rest.is_empty() { Ok(query) } else { Err(parser.expected("AND, OR or the end")) }
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl Parser<'_> {
    /// `part AND part …` or `part OR part …`
    fn chain(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.part()?];
        let mut connective = None;
        while let Some(found) = ["AND ", "OR "].into_iter().find(|word| self.takes(word)) {
            if *connective.get_or_insert(found) != found {
                return Err(self.expected("parentheses around parts that AND joins and OR joins"));
            }
            parts.push(self.part()?);
        }
        if connective == Some("OR ") && parts.iter().any(|part| matches!(part, Query::Not(_))) {
            return Err(self.expected("parentheses around NOT beside OR"));
        }
        Ok(match connective {
            None => parts.remove(0),
            Some("OR ") => Query::Any(parts),
            Some(_) => Query::All(parts),
        })
    }

    fn part(&mut self) -> Result<Query, String> {
        if self.takes("NOT ") {
            return Ok(Query::Not(Box::new(self.positive()?)));
        }
        self.positive()
    }

    fn positive(&mut self) -> Result<Query, String> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(self.expected("fewer parentheses"));
            }
            let inner = self.chain()?;
            self.depth -= 1;
            return if self.takes(")") { Ok(inner) } else { Err(self.expected("`)`")) };
        }
        if self.takes("*") {
            return Ok(Query::Everybody);
        }
        let field = self.field()?;
        if !self.rest.starts_with(':') {
            return Err(self.expected("a colon after a field's name"));
        }
        self.rest = &self.rest[1..];
        if field == "_exists_" {
            return Ok(Query::Exists(self.field()?));
        }
        Ok(Query::Phrase { field, text: self.text()? })
    }

    fn field(&mut self) -> Result<String, String> {
        let mut field = String::new();
        let mut characters = self.rest.chars();
        loop {
            self.rest = characters.as_str();
            match characters.next() {
                Some('\\') => field.push(characters.next().ok_or_else(|| self.expected("a character to escape"))?),
                Some(c) if c.is_ascii_alphanumeric() || c == '_' || c == '.' => field.push(c),
                _ if field.is_empty() => return Err(self.expected("a field's name")),
                _ => return Ok(field),
            }
        }
    }

    fn text(&mut self) -> Result<String, String> {
        let inner = self.rest.strip_prefix('"').ok_or_else(|| self.expected("a value in double quotes"))?;
        let mut text = String::new();
        let mut characters = inner.chars();
        loop {
            match characters.next() {
                Some('"') => break,
                Some('\\') => match characters.next() {
                    Some(escaped @ ('"' | '\\')) => text.push(escaped),
                    _ => return Err(self.expected("`\\\"` or `\\\\` in a value")),
                },
                Some(c) => text.push(c),
                None => return Err(self.expected("a closing quote")),
            }
        }
        self.rest = characters.as_str();
        Ok(text)
    }

    /// Takes a token, blanks before it included.
    fn takes(&mut self, token: &str) -> bool {
        let after = self.rest.trim_start_matches(' ').strip_prefix(token);
        self.rest = after.unwrap_or(self.rest.trim_start_matches(' '));
        after.is_some()
    }

    fn expected(&self, what: &str) -> String {
        let rest: String = self.rest.chars().take(40).collect();
        if rest.is_empty() {
            format!("{what} was expected at the end")
        } else {
            format!("{what} was expected before `{rest}`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_sends_is_read() {
        let phrase = |field: &str, text: &str| Query::Phrase { field: field.to_owned(), text: text.to_owned() };
        let cases = [
            ("*", Query::Everybody),
            ("NOT *", Query::Not(Box::new(Query::Everybody))),
            ("_exists_:attributes.a_b", Query::Exists("attributes.a_b".to_owned())),
            (r#"name:"a \"b\" \\ (c) OR *""#, phrase("name", r#"a "b" \ (c) OR *"#)),
            (r#"attributes.a\ b\:.exact:"x""#, phrase("attributes.a b:.exact", "x")),
            (
                r#"a:"x" AND (b:"y" OR (* AND NOT _exists_:c))"#,
                Query::All(vec![
                    phrase("a", "x"),
                    Query::Any(vec![
                        phrase("b", "y"),
                        Query::All(vec![Query::Everybody, Query::Not(Box::new(Query::Exists("c".to_owned())))]),
                    ]),
                ]),
            ),
        ];
        for (text, query) in cases {
            assert_eq!(parse(text), Ok(query), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "  ",
            "()",
            "name",
            "name:",
            "name:smith",
            "name:smith*",
            "name:*",
            "name:(\"a\" OR \"b\")",
            "name:\"a",
            "name:\"a\"~2",
            "name:\"a\"^2",
            "name:\"\\n\"",
            "name:[a TO b]",
            "name:>5",
            "name:/a/",
            "na*me:\"a\"",
            "+name:\"a\"",
            "-name:\"a\"",
            "a:\"x\" b:\"y\"",
            "a:\"x\" && b:\"y\"",
            "a:\"x\" AND",
            "a:\"x\" AND b:\"y\" OR c:\"z\"",
            "a:\"x\" OR NOT b:\"y\"",
            "AND a:\"x\"",
            "NOT",
            "NOT NOT *",
            "(a:\"x\"",
            "a:\"x\")",
            "_exists_:",
            "_exists_:*",
            "*:*",
        ] {
            assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
