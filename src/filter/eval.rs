//! The meaning of a filter: does an identity document of search match it?
//!
//! The service's own matching is documented in outline only, so a judgement has three values, and only what is
//! certain is *yes*. Whoever acts on a judgement acts on *yes* alone.
//!
//! | the document has | the filter asks | verdict | because |
//! | --- | --- | --- | --- |
//! | the same text, character by character | `==`, `in` | yes | |
//! | the text in another case, or with other blanks at its end | `==`, `!=`, `in` | unknown | databases differ in both |
//! | the text in another case | `i==`, `inIgnoreCase` | yes | unless only one of upper and lower case is the same (`ß`, `ı`): unknown |
//! | another text | `==`, `in` · `!=` | no · yes | |
//! | a text | `startsWith`, `endsWith`, `contains` | yes or no; unknown where only the case differs | |
//! | a text that lacks a part with `%` or `_` in it | the same | no; unknown where it has the part with these read as wildcards | nothing says whether they are |
//! | a text of digits in the same arrangement, such as a date | `<`, `>`, `<=`, `>=` | yes or no | text, number and date are in the same order |
//! | any other text | the same | unknown, the same text excepted | no order of texts is documented |
//! | true or false | `==`, `!=` with `true` or `false` | yes or no | |
//! | a whole number | a comparison with a number | yes or no | |
//! | a value of another type | a comparison, `in` | unknown | `attributes.*` are texts, `inactive` is none |
//! | nothing, null or an empty text | `==`, `<` …, `in`, `startsWith` … | no, and its negation unknown | nobody is named by a value that he does not have; whether `!(a == "x")` finds him depends on the database |
//! | nothing, null or an empty text | `!=` | unknown | the same |
//! | an empty text | `<`, `<=` | unknown | null to some databases, the least of all texts to others |
//! | null · a value | `isNull()` | yes · no | |
//! | null · a value | `notNull()` | no · yes | |
//! | nothing at all, and others of the tenant have the attribute | `isNull()` · `notNull()` | yes · no | documents leave out what is empty |
//! | nothing at all, and nobody is known to have the attribute | `isNull()`, `notNull()` | unknown | the attribute may only be called otherwise in search |
//! | an empty text, an empty list | `isNull()`, `notNull()` | unknown | an empty text is null in some databases |
//! | a value | a comparison with `null` or `""` | unknown, `== ""` no | in SQL, nothing equals null and nothing differs from it; an empty text may be null |
//! | several values, or an object | anything but `isNull()`, `notNull()` | unknown | not documented |
//! | anything | `isEmpty()`, `containsAll`, another attribute, a constant, `join`, `collectionCondition`, `subquery` | unknown | the service alone knows |
//! | `created`, `modified` | any comparison | unknown | dates, of a form that is not documented for filters |
//! | an attribute that no document has, or only under a name in another case | anything | unknown | |
//! | a value in each of two places, such as `email` and `attributes.email` | anything | what both say; unknown if they differ | |
//!
//! `&&`, `||` and `!(…)` are Kleene's: *no* and anything is *no*, *yes* or anything is *yes*, and what is left of
//! *unknown* stays unknown. Accents count, and differently composed forms of the same letter are different texts.
//!
//! An attribute is looked up here, by the documented members of an identity document:
//!
//! | the filter's name | in the document |
//! | --- | --- |
//! | `uid` | `attributes.uid` |
//! | `id`, `name`, `inactive`, `protected`, `isManager`, `manager`, `identityProfile`, `source`, `created`, `modified`, `accessCount` | the member of that name; `name` is the user name, `alias` elsewhere |
//! | `displayName`, `firstName`, `lastName`, `email`, `phone`, `status`, `employeeNumber` | the member of that name and `attributes.…`: where both have a value, they must agree |
//! | `firstname`, `lastname` | `attributes.…`, and `firstName`, `lastName` |
//! | `manager.…`, `identityProfile.…`, `source.…` | the member of that object |
//! | `attributes.x`, and any other `x` without a dot | `attributes.x` |
//! | any other name with a dot | nowhere: the service alone knows |

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Filter;
use super::ast::{Expr, Literal, Operand, Operator, Test};
use super::compare::{Truth, compare, like};
use super::places::{self, Place};
use super::value_set::{TextSet, ValueSet};

/// Whether a document matches a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody but the service can tell.
    Unknown,
}

/// The attributes of which somebody in the tenant has a value: a document without one of them says that it is null.
#[derive(Debug, Clone, Default)]
pub struct KnownAttributes(HashSet<String>);

impl KnownAttributes {
    fn has(&self, attribute: &str) -> bool {
        self.0.contains(attribute)
    }
}

impl FromIterator<String> for KnownAttributes {
    fn from_iter<I: IntoIterator<Item = String>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

/// Judges an identity document, as search returns it, by the filter's own meaning, with nothing known of the tenant.
pub fn judge(filter: &Filter, document: &Value) -> Verdict {
    judge_knowing(filter, document, &KnownAttributes::default())
}

/// The same in a tenant where somebody has a value of these attributes, among those that the filter tests for null.
pub fn judge_knowing(filter: &Filter, document: &Value, known: &KnownAttributes) -> Verdict {
    Judge::new(filter).judge_unless(document, known, &|| false).unwrap_or(Verdict::Unknown)
}

/// Judges many documents by one filter: its sets of values are made ready once.
#[derive(Debug)]
pub struct Judge<'f>(Node<'f>);

impl<'f> Judge<'f> {
    /// Takes time in proportion to the length of the filter.
    pub fn new(filter: &'f Filter) -> Self {
        Self(Node::of(filter.expr()))
    }

    /// The verdict on a document, given up as soon as `stop` says so: it is asked once for each document, and every few
    /// conditions.
    pub fn judge_unless(&self, document: &Value, known: &KnownAttributes, stop: &dyn Fn() -> bool) -> Option<Verdict> {
        let mut judging = Judging { document, known, stop, until_asked: 0, is_stopped: false };
        let truth = judging.node(&self.0);
        match truth {
            _ if judging.is_stopped => None,
            Truth::Yes => Some(Verdict::Yes),
            Truth::No | Truth::NoValue => Some(Verdict::No),
            Truth::Unknown => Some(Verdict::Unknown),
        }
    }
}

/// A filter's tree, with its sets of values.
#[derive(Debug)]
enum Node<'f> {
    And(Vec<Node<'f>>),
    Or(Vec<Node<'f>>),
    Not(Box<Node<'f>>),
    Condition(Condition<'f>),
    /// `a == "x" || a == "y" …`, or `a != "x" && a != "y" …`.
    Texts {
        /// One of the conditions: all say the same of a value that is near none of the texts.
        one: Condition<'f>,
        texts: TextSet,
        ignore_case: bool,
        /// What holds where a text is the same as the value.
        same: Truth,
    },
}

#[derive(Debug)]
struct Condition<'f> {
    attribute: &'f str,
    places: Vec<Place<'f>>,
    test: &'f Test,
    /// Whether nobody but the service can tell, whatever the document. Known before, because it depends on all values of an
    /// `in`.
    is_undecidable: bool,
    /// Only for `in`.
    values: Option<ValueSet>,
}

/// Fewer comparisons of one attribute are not worth a set.
const FEWEST_TEXTS: usize = 8;

/// How many conditions are judged between two questions whether to go on: a few milliseconds at most.
const CONDITIONS_UNASKED: u32 = 1_000;

impl<'f> Node<'f> {
    fn of(expr: &'f Expr) -> Self {
        match expr {
            Expr::And(parts) => Self::And(Self::chain(parts, Operator::NotEqual)),
            Expr::Or(parts) => Self::Or(Self::chain(parts, Operator::Equal)),
            Expr::Not(inner) => Self::Not(Box::new(Self::of(inner))),
            Expr::Condition { attribute, test } => Self::Condition(Condition::new(attribute, test)),
        }
    }

    /// The parts of a chain; comparisons of one attribute with many texts are one part.
    fn chain(parts: &'f [Expr], operator: Operator) -> Vec<Self> {
        let mut numbers: HashMap<(bool, &str, bool), usize> = HashMap::new();
        if parts.len() >= FEWEST_TEXTS {
            for (key, _, _) in parts.iter().filter_map(|part| text_comparison(part, operator)) {
                *numbers.entry(key).or_default() += 1;
            }
            numbers.retain(|_, number| *number >= FEWEST_TEXTS);
        }
        let mut nodes: Vec<Self> = Vec::new();
        let mut sets: HashMap<(bool, &str, bool), usize> = HashMap::new();
        for part in parts {
            let comparison = text_comparison(part, operator).filter(|(key, _, _)| numbers.contains_key(key));
            let Some((key, text, test)) = comparison else {
                nodes.push(Self::of(part));
                continue;
            };
            let (is_negated, attribute, ignore_case) = key;
            let at = *sets.entry(key).or_insert_with(|| {
                // Not to be one of them is not to be the first, and not the second …
                let same = if (operator == Operator::Equal) == is_negated { Truth::No } else { Truth::Yes };
                let set =
                    Self::Texts { one: Condition::new(attribute, test), texts: TextSet::default(), ignore_case, same };
                nodes.push(if is_negated { Self::Not(Box::new(set)) } else { set });
                nodes.len() - 1
            });
            let set = match &mut nodes[at] {
                Self::Not(set) => set,
                set => set,
            };
            if let Self::Texts { texts, .. } = set {
                texts.insert(text, ignore_case);
            }
        }
        nodes
    }
}

/// The text that a document has as this attribute: the only one with which it can be judged equal.
pub fn text<'d>(attribute: &str, document: &'d Value) -> Option<&'d str> {
    places::of(attribute).into_iter().find_map(|place| match look_up(document, place) {
        Found::Value(value) => value.as_str(),
        Found::Nothing | Found::OtherName => None,
    })
}

/// One comparison with a text that is part of a chain: whether it is negated, its attribute and whether it ignores case;
/// the text; the test.
fn text_comparison(part: &Expr, operator: Operator) -> Option<((bool, &str, bool), &str, &Test)> {
    let (condition, is_negated) = match part {
        Expr::Not(inner) => (&**inner, true),
        other => (other, false),
    };
    let Expr::Condition { attribute, test } = condition else { return None };
    let Test::Compare { operator: found, ignore_case, value: Operand::Literal(Literal::Text(text)) } = test else {
        return None;
    };
    let is_wanted = match (operator, is_negated) {
        (wanted, false) => *found == wanted,
        (Operator::Equal, true) => *found == Operator::NotEqual,
        (_, true) => *found == Operator::Equal,
    };
    (is_wanted && !text.is_empty() && !is_date(attribute)).then_some((
        (is_negated, attribute, *ignore_case),
        text,
        test,
    ))
}

impl<'f> Condition<'f> {
    fn new(attribute: &'f str, test: &'f Test) -> Self {
        let values = match test {
            Test::In { values, ignore_case } => Some(ValueSet::new(values, *ignore_case)),
            _ => None,
        };
        let is_undecidable = test.is_undecidable() || matches!(test, Test::IsEmpty | Test::ContainsAll { .. });
        Self { attribute, places: places::of(attribute), test, is_undecidable, values }
    }

    fn judge(&self, document: &Value, known: &KnownAttributes) -> Truth {
        if self.is_undecidable {
            return Truth::Unknown;
        }
        let mut verdict = None;
        let mut has_other_name = self.places.is_empty() || !document.is_object();
        for place in &self.places {
            let truth = match look_up(document, *place) {
                Found::Value(value) => self.judge_value(value),
                Found::Nothing => continue,
                Found::OtherName => {
                    has_other_name = true;
                    continue;
                }
            };
            match verdict {
                None => verdict = Some(truth),
                Some(other) if other == truth => {}
                Some(_) => return Truth::Unknown,
            }
        }
        match verdict {
            Some(truth) => truth,
            None if has_other_name => Truth::Unknown,
            None if known.has(self.attribute) => self.judge_null(),
            None => self.judge_missing(),
        }
    }
}

/// One document on its way through the tree.
struct Judging<'a> {
    document: &'a Value,
    known: &'a KnownAttributes,
    stop: &'a dyn Fn() -> bool,
    /// How many conditions are left until `stop` is asked.
    until_asked: u32,
    is_stopped: bool,
}

impl Judging<'_> {
    fn node(&mut self, node: &Node<'_>) -> Truth {
        match node {
            Node::And(parts) => parts.iter().fold(Truth::Yes, |so_far, part| match so_far {
                Truth::No => Truth::No,
                _ => so_far.and(self.node(part)),
            }),
            Node::Or(parts) => parts.iter().fold(Truth::No, |so_far, part| match so_far {
                Truth::Yes => Truth::Yes,
                _ => so_far.or(self.node(part)),
            }),
            Node::Not(inner) => self.node(inner).not(),
            Node::Condition(condition) => {
                if self.must_stop() {
                    Truth::Unknown
                } else {
                    condition.judge(self.document, self.known)
                }
            }
            Node::Texts { one, texts, ignore_case, same } => {
                if self.must_stop() {
                    return Truth::Unknown;
                }
                let (mut values, mut has_other_value) = (Vec::new(), false);
                for place in &one.places {
                    match look_up(self.document, *place) {
                        Found::Value(Value::String(text)) if !text.is_empty() => values.push(text.as_str()),
                        Found::Value(_) => has_other_value = true,
                        Found::Nothing | Found::OtherName => {}
                    }
                }
                if !has_other_value && texts.has_same(&values, *ignore_case) {
                    *same
                } else if values.iter().any(|value| texts.has_near(value)) {
                    Truth::Unknown
                } else {
                    one.judge(self.document, self.known)
                }
            }
        }
    }

    fn must_stop(&mut self) -> bool {
        if self.is_stopped {
            return true;
        }
        if self.until_asked == 0 {
            self.until_asked = CONDITIONS_UNASKED;
            self.is_stopped = (self.stop)();
        }
        self.until_asked -= 1;
        self.is_stopped
    }
}

enum Found<'d> {
    Value(&'d Value),
    Nothing,
    /// Nothing, but something whose name differs in case only.
    OtherName,
}

fn look_up<'d>(document: &'d Value, place: Place) -> Found<'d> {
    let (object, name) = match place {
        Place::Top(name) => (Some(document), name),
        Place::Attribute(name) => (document.get("attributes"), name),
        Place::Member(object, member) => (document.get(object), member),
    };
    let Some(members) = object.and_then(Value::as_object) else {
        return Found::Nothing;
    };
    match members.get(name) {
        Some(value) => Found::Value(value),
        None if members.keys().any(|key| key.eq_ignore_ascii_case(name)) && !matches!(place, Place::Top(_)) => {
            Found::OtherName
        }
        None => Found::Nothing,
    }
}

impl Condition<'_> {
    /// The attribute is nowhere in the document.
    fn judge_missing(&self) -> Truth {
        match self.test {
            Test::IsNull | Test::NotNull => Truth::Unknown,
            _ => self.judge_null(),
        }
    }

    /// An empty text, which is null to some databases and the least of all texts to others.
    fn judge_empty(&self) -> Truth {
        match self.test {
            Test::Compare { operator: Operator::Less | Operator::LessOrEqual, .. } => Truth::Unknown,
            _ => self.judge_missing(),
        }
    }

    fn judge_null(&self) -> Truth {
        match self.test {
            Test::IsNull => Truth::Yes,
            Test::NotNull => Truth::No,
            Test::Compare { operator: Operator::NotEqual, .. } => Truth::Unknown,
            Test::Compare { value: Operand::Literal(literal), .. } if may_be_null(literal) => Truth::Unknown,
            Test::In { .. } if self.values.as_ref().is_some_and(ValueSet::may_have_null) => Truth::Unknown,
            Test::Like { text, .. } if text.is_empty() => Truth::Unknown,
            _ => Truth::NoValue,
        }
    }

    fn judge_value(&self, value: &Value) -> Truth {
        match value {
            Value::Null => return self.judge_null(),
            Value::String(text) if text.is_empty() => return self.judge_empty(),
            Value::Array(values) if values.is_empty() => return Truth::Unknown,
            _ => {}
        }
        match (self.test, &self.values) {
            (Test::IsNull, _) => Truth::No,
            (Test::NotNull, _) => Truth::Yes,
            _ if value.is_array() || value.is_object() || is_date(self.attribute) => Truth::Unknown,
            (Test::Compare { operator, ignore_case, value: Operand::Literal(literal) }, _) => {
                compare(*operator, *ignore_case, value, literal)
            }
            (Test::In { ignore_case, .. }, Some(values)) => values.judge(value, *ignore_case),
            (Test::Like { part, ignore_case, text }, _) => match value.as_str() {
                Some(value) => like(*part, *ignore_case, value, text),
                None => Truth::Unknown,
            },
            _ => Truth::Unknown,
        }
    }
}

/// Whether a literal may mean that there is no value.
fn may_be_null(literal: &Literal) -> bool {
    match literal {
        Literal::Null => true,
        Literal::Text(text) => text.is_empty(),
        _ => false,
    }
}

fn is_date(attribute: &str) -> bool {
    matches!(attribute, "created" | "modified")
}
