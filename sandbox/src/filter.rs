//! The judge of `/cc` filters: whom does a filter mean?
//!
//! Written for itself from the grammar of SailPoint's filter strings, simply and slowly, and sharing nothing with
//! the library under test: the two check each other. Where the grammar is silent it reads strictly, because what
//! does not parse refreshes everybody, and a sandbox that is kinder than the service hides mistakes:
//!
//! - strings stand in double quotes; `\"` and `\\` are the only escapes; blanks are space, tab, CR and LF;
//! - names are ASCII letters, digits, `_` and dots; numbers are digits;
//! - `!` stands before an expression in parentheses only; a bare mix of `&&` and `||` does not parse, a chain of one
//!   of them does; parentheses nest [`DEEPEST`] deep at most;
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

use serde_json::Value;

/// How deep parentheses, and filters in filters, may nest.
pub(crate) const DEEPEST: usize = 200;

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
    In(Vec<Literal>),
    ContainsAll(Vec<Literal>),
    IsNull,
    NotNull,
    IsEmpty,
    StartsWith(String),
    EndsWith(String),
    Contains(String),
}

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

impl Filter {
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
        Method::In(literals) => literals.iter().any(|one| equal(value, &literal(one))),
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
            "in" => Method::In(self.set()?),
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

#[cfg(test)]
mod tests {
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
        let table = include_str!("../../tests/data/filters-accepted.txt");
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
