//! The tree of a filter, and its canonical text.

use std::fmt;

/// A filter, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// All of these hold: two or more, none of them an `And` itself.
    And(Vec<Expr>),
    /// At least one of these holds: two or more, none of them an `Or` itself.
    Or(Vec<Expr>),
    /// This does not hold.
    Not(Box<Expr>),
    /// One attribute is put to one test.
    Condition {
        /// The attribute's name, with its dots.
        attribute: String,
        /// What is asked of it.
        test: Test,
    },
}

/// What a condition asks of its attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `==` and its like.
    Compare {
        /// The operator without its `i`.
        operator: Operator,
        /// Whether an `i` stands before the operator.
        ignore_case: bool,
        /// The right side.
        value: Operand,
    },
    /// `.in({…})`: the attribute is one of these.
    In {
        /// Whether the method is `inIgnoreCase`.
        ignore_case: bool,
        /// One or more.
        values: Vec<Literal>,
    },
    /// `.containsAll({…})`: the attribute has several values, and all of these are among them.
    ContainsAll {
        /// Whether the method is `containsAllIgnoreCase`.
        ignore_case: bool,
        /// One or more.
        values: Vec<Literal>,
    },
    /// `.startsWith("…")`, `.endsWith("…")`, `.contains("…")`.
    Like {
        /// Where the text must stand.
        part: Part,
        /// Whether the method's name ends in `IgnoreCase`.
        ignore_case: bool,
        /// The text.
        text: String,
    },
    /// `.isNull()`
    IsNull,
    /// `.notNull()`
    NotNull,
    /// `.isEmpty()`
    IsEmpty,
    /// `.join(Class.property)`
    Join {
        /// `Class.property`
        property: String,
    },
    /// `.collectionCondition("…")`: a filter on the members of a collection.
    CollectionCondition {
        /// The filter inside the quotes.
        condition: Box<Expr>,
    },
    /// `.subquery("property", Class, "property", "…")`
    Subquery {
        /// The first argument.
        property: String,
        /// The class that is searched.
        class: String,
        /// The property of that class.
        class_property: String,
        /// The filter inside the quotes; none where `null` is written.
        condition: Option<Box<Expr>>,
    },
}

/// A comparison's operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
}

/// Where a text must stand in an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `startsWith`
    Start,
    /// `endsWith`
    End,
    /// `contains`
    Anywhere,
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A value.
    Literal(Literal),
    /// Another attribute of the same identity.
    Attribute(String),
}

/// A value as it is written in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// What stands between double quotes, escapes resolved.
    Text(String),
    /// 1 to 18 digits, as they were written.
    Number(String),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// A qualified constant such as `Rule.Type.BuildMap`.
    Constant(String),
}

impl Expr {
    /// Calls `see` with every condition of the identity itself, from left to right.
    pub(super) fn visit<'e>(&'e self, see: &mut impl FnMut(&'e str, &'e Test)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::Not(inner) => inner.visit(see),
            Self::Condition { attribute, test } => see(attribute, test),
        }
    }

    /// As a part of something larger: alternatives and conjunctions in parentheses.
    fn write_inside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(_) | Self::Or(_) => write!(f, "({self})"),
            Self::Not(_) | Self::Condition { .. } => write!(f, "{self}"),
        }
    }
}

impl Test {
    /// Whether the service alone can judge this.
    pub(super) fn is_undecidable(&self) -> bool {
        match self {
            Self::Compare { value, .. } => {
                matches!(value, Operand::Attribute(_) | Operand::Literal(Literal::Constant(_)))
            }
            Self::In { values, .. } | Self::ContainsAll { values, .. } => {
                values.iter().any(|value| matches!(value, Literal::Constant(_)))
            }
            Self::Join { .. } | Self::CollectionCondition { .. } | Self::Subquery { .. } => true,
            Self::Like { .. } | Self::IsNull | Self::NotNull | Self::IsEmpty => false,
        }
    }
}

/// One condition in canonical form.
pub(super) fn condition(attribute: &str, test: &Test) -> String {
    DisplayCondition(attribute, test).to_string()
}

/// A text as a literal of the language: in double quotes, quotes and backslashes escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    // A String takes every text.
    let _ = write_quoted(text, &mut quoted);
    quoted
}

fn write_quoted(text: &str, to: &mut impl fmt::Write) -> fmt::Result {
    to.write_str("\"")?;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        to.write_str(&rest[..at])?;
        to.write_str("\\")?;
        to.write_str(&rest[at..=at])?;
        rest = &rest[at + 1..];
    }
    to.write_str(rest)?;
    to.write_str("\"")
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => write_chain(f, parts, " && "),
            Self::Or(parts) => write_chain(f, parts, " || "),
            Self::Not(inner) => write!(f, "!({inner})"),
            Self::Condition { attribute, test } => DisplayCondition(attribute, test).fmt(f),
        }
    }
}

fn write_chain(f: &mut fmt::Formatter<'_>, parts: &[Expr], connective: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(connective)?;
        }
        part.write_inside(f)?;
    }
    Ok(())
}

struct DisplayCondition<'a>(&'a str, &'a Test);

impl fmt::Display for DisplayCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(attribute, test) = self;
        let insensitive = |ignore_case: &bool| if *ignore_case { "IgnoreCase" } else { "" };
        match test {
            Test::Compare { operator, ignore_case, value } => {
                write!(f, "{attribute} {}{operator} {value}", if *ignore_case { "i" } else { "" })
            }
            Test::In { ignore_case, values } => {
                write!(f, "{attribute}.in{}({})", insensitive(ignore_case), List(values))
            }
            Test::ContainsAll { ignore_case, values } => {
                write!(f, "{attribute}.containsAll{}({})", insensitive(ignore_case), List(values))
            }
            Test::Like { part, ignore_case, text } => {
                write!(f, "{attribute}.{part}{}({})", insensitive(ignore_case), Quoted(text))
            }
            Test::IsNull => write!(f, "{attribute}.isNull()"),
            Test::NotNull => write!(f, "{attribute}.notNull()"),
            Test::IsEmpty => write!(f, "{attribute}.isEmpty()"),
            Test::Join { property } => write!(f, "{attribute}.join({property})"),
            Test::CollectionCondition { condition } => {
                write!(f, "{attribute}.collectionCondition({})", Quoted(&condition.to_string()))
            }
            Test::Subquery { property, class, class_property, condition } => {
                write!(f, "{attribute}.subquery({}, {class}, {}, ", Quoted(property), Quoted(class_property))?;
                match condition {
                    Some(condition) => write!(f, "{})", Quoted(&condition.to_string())),
                    None => f.write_str("null)"),
                }
            }
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "startsWith",
            Self::End => "endsWith",
            Self::Anywhere => "contains",
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Attribute(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Number(digits) => f.write_str(digits),
            Self::Bool(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
            Self::Constant(name) => f.write_str(name),
        }
    }
}

struct List<'a>(&'a [Literal]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, value) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{value}")?;
        }
        f.write_str("}")
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quoted(self.0, f)
    }
}
