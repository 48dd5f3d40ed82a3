//! What is legal and yet seldom meant.

use std::collections::HashSet;

use super::ast::{Expr, Literal, Operand, Operator, Part, Test, condition, quoted};
use super::mistakes::variable_in_text;
use super::problem::shown;

/// A filter that is wrong in a hundred places is wrong in the first twenty too.
const MOST_WARNINGS: usize = 20;
/// How many parts of a chain before one are compared with it: all of a chain that a person writes.
const NEIGHBOURS: usize = 32;

/// One sentence or two for each suspicious part: the filter as a whole first, then its parts from left to right.
pub(super) fn warnings(expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    whole(expr, &mut found);
    combinations(expr, &mut found);
    expr.visit(&mut |attribute, test| {
        if found.len() < MOST_WARNINGS {
            in_condition(attribute, test, &mut found);
        }
    });
    found.truncate(MOST_WARNINGS);
    if found.len() > 1 {
        let mut seen = HashSet::new();
        found.retain(|warning| seen.insert(warning.clone()));
    }
    found
}

/// How many people match, as far as the form of a filter tells.
#[derive(Clone, Copy, PartialEq)]
enum Breadth {
    NearlyAll,
    Some,
    NearlyNone,
}

fn whole(expr: &Expr, found: &mut Vec<String>) {
    match breadth(expr) {
        Breadth::NearlyAll => found.push(format!("{} matches nearly everybody.", shown(&expr.to_string()))),
        Breadth::NearlyNone => found.push(format!(
            "{} matches hardly anybody, and a filter that matches nobody means everybody to the service.",
            shown(&expr.to_string())
        )),
        Breadth::Some => {}
    }
}

fn breadth(expr: &Expr) -> Breadth {
    use Breadth::{NearlyAll, NearlyNone, Some};
    match expr {
        Expr::And(parts) => {
            let mut parts = parts.iter().map(breadth);
            parts.try_fold(NearlyAll, |so_far, part| match part {
                NearlyNone => Err(NearlyNone),
                Some => Ok(Some),
                NearlyAll => Ok(so_far),
            })
        }
        .unwrap_or_else(|none| none),
        Expr::Or(parts) => {
            let mut parts = parts.iter().map(breadth);
            parts.try_fold(NearlyNone, |so_far, part| match part {
                NearlyAll => Err(NearlyAll),
                Some => Ok(Some),
                NearlyNone => Ok(so_far),
            })
        }
        .unwrap_or_else(|all| all),
        Expr::Not(inner) => match breadth(inner) {
            NearlyAll => NearlyNone,
            NearlyNone => NearlyAll,
            // Whoever is named by a value is one of few.
            Some if matches!(
                **inner,
                Expr::Condition { test: Test::Compare { operator: Operator::Equal, .. }, .. }
            ) =>
            {
                NearlyAll
            }
            Some => Some,
        },
        Expr::Condition { attribute, test } => match test {
            Test::NotNull => NearlyAll,
            Test::Like { text, .. } if text.is_empty() => NearlyAll,
            Test::Compare { operator: Operator::NotEqual, value: Operand::Literal(_), .. } => NearlyAll,
            Test::Compare { operator: Operator::Equal, value: Operand::Literal(Literal::Text(text)), .. }
                if text.is_empty() =>
            {
                NearlyNone
            }
            Test::Compare { operator: Operator::Equal, value: Operand::Literal(Literal::Null), .. }
            | Test::IsNull
            | Test::IsEmpty
                if matches!(attribute.as_str(), "id" | "name" | "uid" | "displayName") =>
            {
                NearlyNone
            }
            _ => Some,
        },
    }
}

/// Parts of one chain that are always true together, or never.
fn combinations(expr: &Expr, found: &mut Vec<String>) {
    let (parts, is_or) = match expr {
        Expr::Condition { .. } => return,
        Expr::Not(inner) => return combinations(inner, found),
        Expr::And(parts) => (parts, false),
        Expr::Or(parts) => (parts, true),
    };
    let neighbours = parts.iter().enumerate().flat_map(|(index, part)| {
        let near = &parts[index.saturating_sub(NEIGHBOURS)..index];
        near.iter().map(move |other| (other, part))
    });
    let text = |expr: &Expr| shown(&expr.to_string());
    for (one, other) in neighbours {
        if are_opposites(one, other) {
            let (one, other) = (text(one), text(other));
            found.push(if is_or {
                format!("{one} or {other}: one of these holds for everybody.")
            } else {
                format!("{one} and {other} never hold together, and a filter that matches nobody means everybody to the service.")
            });
            break;
        }
        if !is_or && let Some(attribute) = have_two_values(one, other) {
            found.push(format!(
                "{} and {} hold together only for those who have several values; {}.in({{...}}) finds those who have either.",
                text(one),
                text(other),
                shown(attribute)
            ));
            break;
        }
    }
    for part in parts {
        if found.len() >= MOST_WARNINGS {
            return;
        }
        combinations(part, found);
    }
}

/// `uid == "a"` and `uid == "b"`: nobody has two, but `||` was meant.
fn have_two_values<'e>(one: &'e Expr, other: &Expr) -> Option<&'e str> {
    let (attribute, value) = equality(one)?;
    let (other_attribute, other_value) = equality(other)?;
    (attribute == other_attribute && value != other_value).then_some(attribute)
}

fn equality(expr: &Expr) -> Option<(&str, &Literal)> {
    match expr {
        Expr::Condition {
            attribute,
            test: Test::Compare { operator: Operator::Equal, ignore_case: false, value: Operand::Literal(value) },
        } => Some((attribute, value)),
        _ => None,
    }
}

/// Whether one holds exactly where the other does not.
fn are_opposites(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Not(inner), other) | (other, Expr::Not(inner)) => **inner == *other,
        (Expr::Condition { attribute, test }, Expr::Condition { attribute: other_attribute, test: other_test }) => {
            attribute == other_attribute
                && match (test, other_test) {
                    (Test::IsNull, Test::NotNull) | (Test::NotNull, Test::IsNull) => true,
                    (
                        Test::Compare { operator, ignore_case, value },
                        Test::Compare { operator: other, ignore_case: other_case, value: other_value },
                    ) => opposite(*operator) == *other && ignore_case == other_case && value == other_value,
                    _ => false,
                }
        }
        _ => false,
    }
}

fn opposite(operator: Operator) -> Operator {
    match operator {
        Operator::Equal => Operator::NotEqual,
        Operator::NotEqual => Operator::Equal,
        Operator::Less => Operator::GreaterOrEqual,
        Operator::GreaterOrEqual => Operator::Less,
        Operator::Greater => Operator::LessOrEqual,
        Operator::LessOrEqual => Operator::Greater,
    }
}

fn in_condition(attribute: &str, test: &Test, found: &mut Vec<String>) {
    let text = || shown(&condition(attribute, test));
    let name = || shown(attribute);
    match test {
        Test::Compare { operator, value, .. } => match value {
            Operand::Attribute(name) | Operand::Literal(Literal::Constant(name)) => {
                let kind = if matches!(value, Operand::Attribute(_)) { "another attribute" } else { "a constant" };
                found.push(format!(
                    "{} compares with {kind}, because the right side has no quotes; if a text is meant: {}",
                    text(),
                    shown(&format!("{attribute} {operator} {}", quoted(name)))
                ));
            }
            Operand::Literal(Literal::Null) => found.push(match operator {
                Operator::Equal => format!("{}: what equals null is not documented, {}.isNull() is.", text(), name()),
                Operator::NotEqual => {
                    format!("{}: what differs from null is not documented, {}.notNull() is.", text(), name())
                }
                _ => format!("{}: nothing is greater or less than null.", text()),
            }),
            Operand::Literal(Literal::Text(value)) if value.is_empty() => {
                found.push(format!(
                    "{}: what a missing value is to this, is not documented; {}.isNull() asks for it.",
                    text(),
                    name()
                ));
            }
            Operand::Literal(literal) => in_value(attribute, *operator == Operator::Equal, literal, found),
        },
        Test::In { values, .. } | Test::ContainsAll { values, .. } => {
            for value in values {
                if found.len() >= MOST_WARNINGS {
                    return;
                }
                in_value(attribute, true, value, found);
            }
        }
        Test::Like { text: value, part, .. } if value.is_empty() => {
            let how = match part {
                Part::Start => "begins with",
                Part::End => "ends with",
                Part::Anywhere => "contains",
            };
            found.push(format!("{}: every text {how} the empty one.", text()));
        }
        Test::Like { text, .. } => in_value(attribute, true, &Literal::Text(text.clone()), found),
        Test::IsNull
        | Test::NotNull
        | Test::IsEmpty
        | Test::Join { .. }
        | Test::CollectionCondition { .. }
        | Test::Subquery { .. } => {}
    }
}

fn in_value(attribute: &str, is_equality: bool, literal: &Literal, found: &mut Vec<String>) {
    let value = shown(&literal.to_string());
    match literal {
        Literal::Text(text) => {
            if let Some(name) = variable_in_text(text).map(shown) {
                found.push(format!(
                    "{value} holds {name}, which looks like a variable that was not replaced by its value."
                ));
            }
            if text.trim() != text {
                found.push(format!("{value} has blanks at its beginning or end."));
            }
            if text.chars().any(|c| c.is_control() || super::problem::is_invisible(c)) {
                found.push(format!("{value} holds characters that nobody sees."));
            }
            if is_equality
                && (text.ends_with(['*', '%']) || text.starts_with(['*', '%']))
                && variable_in_text(text).is_none()
            {
                found.push(format!("{value} holds a wildcard, which is a plain character here; there are startsWith, endsWith and contains."));
            }
        }
        Literal::Number(_) => {
            let quoted = quoted(&value);
            found.push(format!(
                "{} is compared with the number {value}; identity attributes are texts, and {quoted} is one.",
                shown(attribute)
            ));
        }
        Literal::Constant(name) => {
            found.push(format!("{} is a constant, because it has no quotes.", shown(name)));
        }
        Literal::Bool(_) | Literal::Null => {}
    }
}
