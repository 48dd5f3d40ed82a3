//! Reads a `/cc` filter.

use super::{Filter, Literal, Method, Operator, Set, Term};

/// How deep parentheses, and filters in filters, may nest.
pub(crate) const DEEPEST: usize = 200;

/// Reads a filter.
///
/// # Errors
///
/// What was expected, and after how many characters.
pub(crate) fn parse(text: &str) -> Result<Filter, String> {
    let mut parser = Parser { characters: text.chars().collect(), at: 0, depth: 0 };
    let filter = parser.expression()?;
    parser.blanks();
    match parser.peek() {
        None => Ok(filter),
        Some(found) => Err(parser.expected(&format!("the end, not `{found}`"))),
    }
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    /// expression = factor { "&&" factor } | factor { "||" factor }
    fn expression(&mut self) -> Result<Filter, String> {
        let first = self.factor()?;
        for (operator, other) in [("&&", "||"), ("||", "&&")] {
            if !self.takes(operator) {
                continue;
            }
            let mut parts = vec![first, self.factor()?];
            while self.takes(operator) {
                parts.push(self.factor()?);
            }
            if self.takes(other) {
                return Err(self.expected("parentheses around one of `&&` and `||`"));
            }
            return Ok(if operator == "&&" { Filter::All(parts) } else { Filter::Any(parts) });
        }
        Ok(first)
    }

    /// factor = "!" "(" expression ")" | "(" expression ")" | property comparison | property "." method
    fn factor(&mut self) -> Result<Filter, String> {
        let negated = self.takes("!");
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(self.expected("fewer parentheses"));
            }
            let inner = self.expression()?;
            self.wants(")")?;
            self.depth -= 1;
            return Ok(if negated { Filter::Not(Box::new(inner)) } else { inner });
        }
        if negated {
            return Err(self.expected("`(` after `!`"));
        }
        let name = self.name()?;
        if self.takes("(") {
            return self.method(&name);
        }
        if is_enum(&name) || ["true", "false", "null"].contains(&name.as_str()) {
            return Err(self.expected("a property before the comparison"));
        }
        self.comparison(name)
    }

    fn comparison(&mut self, property: String) -> Result<Filter, String> {
        self.blanks();
        let ignore_case = self.peek() == Some('i');
        if ignore_case {
            self.at += 1;
        }
        const OPERATORS: [(&str, Operator); 6] = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        for (sign, operator) in OPERATORS {
            if self.takes_here(sign) {
                let value = self.term()?;
                return Ok(Filter::Compare { property, operator, ignore_case, value });
            }
        }
        Err(self.expected("a comparison or a method"))
    }

    fn term(&mut self) -> Result<Term, String> {
        match self.literal()? {
            Ok(literal) => Ok(Term::Literal(literal)),
            Err(property) => Ok(Term::Property(property)),
        }
    }

    /// A literal, or (the inner error) the property that stands in its place.
    fn literal(&mut self) -> Result<Result<Literal, String>, String> {
        self.blanks();
        match self.peek() {
            Some('"') => Ok(Ok(Literal::Text(self.string()?))),
            Some('0'..='9') => Ok(Ok(Literal::Number(self.number()?))),
            _ => {
                let name = self.name()?;
                Ok(match name.as_str() {
                    "true" => Ok(Literal::Truth(true)),
                    "false" => Ok(Literal::Truth(false)),
                    "null" => Ok(Literal::Null),
                    _ if is_enum(&name) => Ok(Literal::Enum(name)),
                    _ => Err(name),
                })
            }
        }
    }

    /// The rest of `property.method(`.
    fn method(&mut self, name: &str) -> Result<Filter, String> {
        let (property, method) = name.rsplit_once('.').ok_or_else(|| self.expected("a property before the method"))?;
        let property = property.to_owned();
        let (method, ignore_case) = match method.strip_suffix("IgnoreCase") {
            Some(plain) => (plain, true),
            None => (method, false),
        };
        let method = match method {
            "in" => Method::In(Set::new(self.set()?, ignore_case)),
            "containsAll" => Method::ContainsAll(self.set()?),
            "isNull" if !ignore_case => Method::IsNull,
            "notNull" if !ignore_case => Method::NotNull,
            "isEmpty" if !ignore_case => Method::IsEmpty,
            "startsWith" => Method::StartsWith(self.string()?),
            "endsWith" => Method::EndsWith(self.string()?),
            "contains" => Method::Contains(self.string()?),
            "join" if !ignore_case => {
                let other = self.name()?;
                if !is_enum(&other) {
                    return Err(self.expected("Class.property"));
                }
                self.wants(")")?;
                return Ok(Filter::Unknowable { property });
            }
            "collectionCondition" if !ignore_case => {
                let inner = self.string()?;
                self.nested(&inner)?;
                self.wants(")")?;
                return Ok(Filter::Unknowable { property });
            }
            "subquery" if !ignore_case => {
                self.string()?;
                self.wants(",")?;
                self.name()?;
                self.wants(",")?;
                self.string()?;
                self.wants(",")?;
                if !self.takes("null") {
                    let inner = self.string()?;
                    self.nested(&inner)?;
                }
                self.wants(")")?;
                return Ok(Filter::Unknowable { property });
            }
            _ => return Err(self.expected("a method that exists")),
        };
        self.wants(")")?;
        Ok(Filter::Method { property, method, ignore_case })
    }

    /// A filter in the text of a filter.
    fn nested(&self, text: &str) -> Result<Filter, String> {
        let mut inner = Self { characters: text.chars().collect(), at: 0, depth: self.depth + 1 };
        if inner.depth > DEEPEST {
            return Err(self.expected("fewer filters in filters"));
        }
        let filter = inner.expression()?;
        inner.blanks();
        if inner.peek().is_some() { Err(self.expected("one filter in the quotes")) } else { Ok(filter) }
    }

    /// set = "{" literal { "," literal } "}"
    fn set(&mut self) -> Result<Vec<Literal>, String> {
        self.wants("{")?;
        let mut literals = Vec::new();
        loop {
            match self.literal()? {
                Ok(literal) => literals.push(literal),
                Err(_) => return Err(self.expected("a literal")),
            }
            if self.takes("}") {
                return Ok(literals);
            }
            self.wants(",")?;
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.wants("\"")?;
        let mut text = String::new();
        loop {
            let character = self.peek().ok_or_else(|| self.expected("a closing quote"))?;
            self.at += 1;
            match character {
                '"' => return Ok(text),
                '\\' => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        self.at += 1;
                        text.push(escaped);
                    }
                    _ => return Err(self.expected("`\\\"` or `\\\\`")),
                },
                other => text.push(other),
            }
        }
    }

    fn number(&mut self) -> Result<f64, String> {
        let start = self.at;
        while self.peek().is_some_and(|character| character.is_ascii_digit()) {
            self.at += 1;
        }
        if self.peek().is_some_and(|character| character.is_alphanumeric() || "_.".contains(character)) {
            return Err(self.expected("a number, or a text in double quotes"));
        }
        let digits: String = self.characters[start..self.at].iter().collect();
        digits.parse().map_err(|_| self.expected("a number"))
    }

    fn name(&mut self) -> Result<String, String> {
        self.blanks();
        let start = self.at;
        if !self.peek().is_some_and(|character| character.is_ascii_alphabetic() || character == '_') {
            return Err(self.expected("a property"));
        }
        while self.peek().is_some_and(|character| character.is_ascii_alphanumeric() || "_.".contains(character)) {
            self.at += 1;
        }
        let name: String = self.characters[start..self.at].iter().collect();
        if name.ends_with('.') || name.contains("..") {
            return Err(self.expected("a name between two dots"));
        }
        Ok(name)
    }

    fn wants(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(self.expected(&format!("`{sign}`"))) }
    }

    fn takes(&mut self, sign: &str) -> bool {
        self.blanks();
        self.takes_here(sign)
    }

    fn takes_here(&mut self, sign: &str) -> bool {
        let found = sign.chars().enumerate().all(|(offset, wanted)| {
            self.characters.get(self.at + offset).is_some_and(|character| *character == wanted)
        });
        if found {
            self.at += sign.chars().count();
        }
        found
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|character| " \t\r\n".contains(character)) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn expected(&self, what: &str) -> String {
        format!("{what} was expected after {} characters", self.at)
    }
}

fn is_enum(name: &str) -> bool {
    name.contains('.') && (name.starts_with("sailpoint.") || name.starts_with(|first: char| first.is_uppercase()))
}
