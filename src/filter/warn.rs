//! What is legal and yet seldom meant.

use std::collections::{HashMap, HashSet};

use super::ast::{Expr, Literal, Operand, Operator, Part, Test, condition, quoted};
use super::mistakes::variable_in_text;
use super::problem::one_line;

/// A filter that is wrong in a hundred places is wrong in the first twenty too.
const MOST_WARNINGS: usize = 20;
/// Characters of a condition that a warning repeats.
const SHOWN: usize = 80;

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
    let mut seen = HashSet::new();
    found.retain(|warning| seen.insert(warning.clone()));
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
    match expr {
        Expr::Condition { .. } => {}
        Expr::Not(inner) => combinations(inner, found),
        Expr::And(parts) | Expr::Or(parts) => {
            let is_or = matches!(expr, Expr::Or(_));
            let texts: HashSet<String> = parts.iter().map(Expr::to_string).collect();
            let opposites = parts.iter().find_map(|part| {
                let opposite = opposite(part);
                texts.contains(&opposite).then(|| (shown(&part.to_string()), shown(&opposite)))
            });
            match opposites {
                Some((one, other)) if is_or => {
                    found.push(format!("{one} or {other}: one of these holds for everybody."));
                }
                Some((one, other)) => found.push(format!(
                    "{one} and {other} never hold together, and a filter that matches nobody means everybody to the service."
                )),
                None if !is_or => two_values(parts, found),
                None => {}
            }
            for part in parts {
                if found.len() >= MOST_WARNINGS {
                    return;
                }
                combinations(part, found);
            }
        }
    }
}

/// `uid == "a" && uid == "b"`: nobody has two, but `||` was meant.
fn two_values(parts: &[Expr], found: &mut Vec<String>) {
    let mut values: HashMap<&str, &Literal> = HashMap::new();
    for part in parts {
        let Expr::Condition {
            attribute,
            test: Test::Compare { operator: Operator::Equal, value: Operand::Literal(value), .. },
        } = part
        else {
            continue;
        };
        match values.insert(attribute, value) {
            Some(other) if other != value => {
                found.push(format!(
                    "{attribute} cannot be {} and {} at once, unless it has several values; {attribute}.in({{...}}) finds those who have either.",
                    shown(&other.to_string()),
                    shown(&value.to_string())
                ));
                return;
            }
            _ => {}
        }
    }
}

/// The canonical text of what holds exactly where `expr` does not.
fn opposite(expr: &Expr) -> String {
    match expr {
        Expr::Not(inner) => inner.to_string(),
        Expr::Condition { attribute, test: Test::Compare { operator, ignore_case, value } } => {
            let operator = match operator {
                Operator::Equal => Operator::NotEqual,
                Operator::NotEqual => Operator::Equal,
                Operator::Less => Operator::GreaterOrEqual,
                Operator::GreaterOrEqual => Operator::Less,
                Operator::Greater => Operator::LessOrEqual,
                Operator::LessOrEqual => Operator::Greater,
            };
            condition(attribute, &Test::Compare { operator, ignore_case: *ignore_case, value: value.clone() })
        }
        Expr::Condition { attribute, test: Test::IsNull } => condition(attribute, &Test::NotNull),
        Expr::Condition { attribute, test: Test::NotNull } => condition(attribute, &Test::IsNull),
        other => format!("!({other})"),
    }
}

fn in_condition(attribute: &str, test: &Test, found: &mut Vec<String>) {
    let text = || shown(&condition(attribute, test));
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
            Operand::Literal(Literal::Null) if !matches!(operator, Operator::Equal | Operator::NotEqual) => {
                found.push(format!("{}: nothing is greater or less than null.", text()));
            }
            Operand::Literal(Literal::Text(value)) if value.is_empty() => {
                found.push(format!(
                    "{}: what a missing value is to this, is not documented; {attribute}.isNull() asks for it.",
                    text()
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
            if let Some(name) = variable_in_text(text) {
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
                "{attribute} is compared with the number {value}; identity attributes are texts, and {quoted} is one."
            ));
        }
        Literal::Constant(name) => {
            found.push(format!("{} is a constant, because it has no quotes.", shown(name)));
        }
        Literal::Bool(_) | Literal::Null => {}
    }
}

/// As much of a text as fits into a sentence.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", one_line(&text[..end])),
        None => one_line(text),
    }
}
