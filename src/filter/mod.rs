//! The filter language: which identities a refresh is meant for.
//!
//! A filter is one condition, or several joined by `&&` or `||`:
//!
//! ```text
//! uid == "amelie.roux"
//! (department == "Sales" || department == "Marketing") && !(location.isNull())
//! ```
//!
//! The grammar is that of IdentityIQ's `Filter.compile`, as its public Javadoc
//! (`sailpoint.object.Filter.FilterCompiler`) states it. The service refreshes *everybody* when it cannot parse a
//! filter, so this parser accepts what is documented and nothing beyond it; what it refuses, it explains.
//!
//! | part | form |
//! | --- | --- |
//! | attribute | ASCII letters, digits and `_`, not first a digit; parts joined by dots: `manager.name` |
//! | text | `"…"`; `\"` stands for a quote and `\\` for a backslash, no other escape exists |
//! | number | digits alone, at most 18; a sign, a decimal point or a date belongs in quotes |
//! | other values | `true`, `false`, `null`; a qualified constant (`sailpoint.object.X.Y`, `Rule.Type.BuildMap`) |
//! | comparison | `==` `!=` `<` `>` `<=` `>=`, each with an `i` before it to ignore case; the value may be an attribute |
//! | methods | `.in({…})` `.containsAll({…})` `.startsWith("…")` `.endsWith("…")` `.contains("…")`, each with `IgnoreCase` after its name too; `.isNull()` `.notNull()` `.isEmpty()` |
//! | for the service alone | `.join(Class.property)` `.collectionCondition("…")` `.subquery("…", Class, "…", "…")` |
//! | and, or, not | `a && b`, `a \|\| b`, `!(a)`; both kinds in one chain need parentheses; brackets nest 64 deep |

mod arguments;
mod ast;
mod compare;
pub mod eval;
mod mistakes;
mod parse;
mod places;
mod problem;
pub mod query;
mod value_set;
mod warn;

pub use ast::{Expr, Literal, Operand, Operator, Part, Test};

use std::collections::HashSet;
use std::fmt;

/// How deep brackets may nest: enough for any filter that a person writes, and little enough for a thread with a
/// small stack.
pub const MAX_NESTING: usize = 64;

/// Reads a filter.
///
/// Takes time and memory in proportion to the length of `text`, whatever stands in it.
///
/// # Errors
///
/// A [`FilterError`] for anything that the module's grammar does not have, an empty or blank text included.
pub fn parse(text: &str) -> Result<Filter, FilterError> {
    match parse::filter(text) {
        Ok(expr) => Ok(Filter { expr }),
        Err(problem) => Err(problem.into_error(text)),
    }
}

/// A filter that has been understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    expr: Expr,
}

impl Filter {
    /// The filter in its canonical form: one blank around operators, none elsewhere but after a comma, and only
    /// the parentheses that are needed. Reads back as the same filter.
    pub fn canonical(&self) -> String {
        self.expr.to_string()
    }

    /// The attributes of the identity that the filter names, each once, in the order in which they occur. Those
    /// inside `collectionCondition` and `subquery` belong to other objects and are left out.
    pub fn attributes(&self) -> Vec<String> {
        self.names().into_iter().map(str::to_owned).collect()
    }

    /// The same without copies.
    pub(crate) fn names(&self) -> Vec<&str> {
        // Most filters name few.
        let mut names: Vec<&str> = Vec::with_capacity(4);
        let mut seen: HashSet<&str> = HashSet::new();
        let mut add = |name| {
            // Few names are told apart faster without hashing.
            let is_new = if names.len() < 16 { !names.contains(&name) } else { !seen.contains(name) };
            if is_new {
                names.push(name);
                if names.len() == 16 {
                    seen.extend(names.iter().copied());
                } else if names.len() > 16 {
                    seen.insert(name);
                }
            }
        };
        self.expr.visit(&mut |attribute, test| {
            add(attribute);
            if let Test::Compare { value: Operand::Attribute(other), .. } = test {
                add(other);
            }
        });
        names
    }

    /// The attributes that the filter tests by `isNull()` or `notNull()`, each once.
    pub fn tested_for_null(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        self.expr.visit(&mut |attribute, test| {
            if matches!(test, Test::IsNull | Test::NotNull) && names.iter().all(|name| name != attribute) {
                names.push(attribute.to_owned());
            }
        });
        names
    }

    /// What is legal and yet seldom meant, a sentence or two each: a filter that nearly everybody or nobody matches,
    /// parts that contradict each other, variables that were not expanded, blanks around a value. 20 at most.
    pub fn warnings(&self) -> Vec<String> {
        warn::warnings(&self.expr)
    }

    /// The filter's tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The parts, in canonical form, that only the service itself can judge: `join`, `subquery`,
    /// `collectionCondition`, one attribute compared with another, and qualified constants.
    pub fn undecidable(&self) -> Vec<String> {
        let mut parts = Vec::new();
        self.expr.visit(&mut |attribute, test| {
            if test.is_undecidable() {
                parts.push(ast::condition(attribute, test));
            }
        });
        parts
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

/// An attribute's name as filters have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute(String);

impl Attribute {
    /// `None` if that is no attribute's name.
    pub fn parse(name: &str) -> Option<Self> {
        match parse::filter(&format!("{name} == true")).ok()? {
            Expr::Condition { attribute, test: Test::Compare { .. } } if attribute == name => Some(Self(attribute)),
            _ => None,
        }
    }

    /// The identity's id.
    pub fn id() -> Self {
        Self("id".to_owned())
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The filter for those who have exactly this value. Not every text reads back from the filter's own.
    pub fn equals(&self, value: &str) -> Filter {
        let value = Operand::Literal(Literal::Text(value.to_owned()));
        self.filter(Test::Compare { operator: Operator::Equal, ignore_case: false, value })
    }

    /// The filter for those who have exactly one of these values.
    pub fn is_one_of(&self, values: &[&str]) -> Filter {
        let values = values.iter().map(|value| Literal::Text((*value).to_owned())).collect();
        self.filter(Test::In { ignore_case: false, values })
    }

    fn filter(&self, test: Test) -> Filter {
        Filter { expr: Expr::Condition { attribute: self.0.clone(), test } }
    }
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What was probably meant, then the filter's line, shortened around the place when it is long, and below it a
    /// caret under the place. Lines end with `\n`, the last one excepted. ASCII but for the filter's own text.
    pub hint: String,
    /// The place: how many characters (Unicode scalar values) of the filter stand before it.
    pub position: usize,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.message, self.hint)
    }
}

impl std::error::Error for FilterError {}
