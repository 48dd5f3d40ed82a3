//! The identities that were found for a filter, by what it means for them, and what is wrong where nobody, too many or
//! everybody is meant.

use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::filter::eval::{Verdict, judge};
use crate::report::Person;
use crate::service::{self, Age, Call};
use crate::targets::candidates::Candidates;
use crate::targets::preconditions;
use crate::targets::preconditions::WAYS;
use crate::text::shortened;

/// How many people a plan names.
pub(crate) const NAMED: usize = 10;

/// How many of those who do not match an error names.
const SHOWN: usize = 3;

/// The identities that were found, by verdict.
pub(crate) struct MatchCount {
    pub(crate) matched: u64,
    pub(crate) undecided: u64,
    others: u64,
    /// The first ten of those who match.
    pub(crate) people: Vec<Person>,
    /// Some of those that nobody but the service can judge, and of those that do not match, in words.
    some_undecided: Vec<String>,
    some_others: Vec<String>,
    /// The filter's attributes, for those words.
    attributes: Vec<String>,
    /// Whether the filter says by name whom it means, so that it does not mean whoever has come since.
    names_people: bool,
    /// Whether the ids of those who match are sent; else it is the filter itself, and the service judges.
    sends_ids: bool,
    /// Whether search finds as many as the tenant has, once that was asked for.
    found_everybody: Option<bool>,
}

impl MatchCount {
    /// For a filter that is sent itself.
    pub(crate) fn new(filter: &Filter) -> Self {
        Self {
            matched: 0,
            undecided: 0,
            others: 0,
            people: Vec::new(),
            some_undecided: Vec::new(),
            some_others: Vec::new(),
            attributes: filter.attributes(),
            names_people: preconditions::names_people(filter.expr()),
            sends_ids: false,
            found_everybody: None,
        }
    }

    /// For a filter in whose place the ids of those are sent who match.
    pub(crate) fn of_ids(filter: &Filter) -> Self {
        Self { sends_ids: true, ..Self::new(filter) }
    }

    /// Judges a document, and counts it. Whether it matches.
    pub(crate) fn add(&mut self, filter: &Filter, document: &Value) -> bool {
        let (count, some) = match judge(filter, document) {
            Verdict::Yes => {
                self.matched += 1;
                if self.people.len() < NAMED {
                    self.people.push(Person::of(document));
                }
                return true;
            }
            Verdict::Unknown => (&mut self.undecided, &mut self.some_undecided),
            Verdict::No => (&mut self.others, &mut self.some_others),
        };
        *count += 1;
        if some.len() < SHOWN {
            some.push(describe(document, &self.attributes));
        }
        false
    }

    /// Whether, for all that is known, everybody may match. One person alone whom the filter names may be refreshed, even
    /// where the tenant has nobody else.
    pub(crate) fn may_be_everybody(&mut self, call: &Call<'_>, candidates: &mut Candidates<'_>) -> Result<bool> {
        let one = candidates.have_ended() && self.matched + self.undecided == 1;
        let some_are_left = self.others > 0 || self.sends_ids && self.undecided > 0;
        if some_are_left || one && self.names_people {
            return Ok(false);
        }
        match self.found_everybody {
            Some(found) => Ok(found),
            None => Ok(*self.found_everybody.insert(is_everybody(call, candidates.total()?, self.sends_ids)?)),
        }
    }

    /// Nobody is judged to match.
    pub(crate) fn nobody(&self, filter: &Filter) -> Error {
        let shown = short(filter);
        if self.undecided > 0 {
            let hint = format!(
                "Found: {}.\nTexts that differ in upper and lower case or in blanks at the end, missing values, lists, and values of another \
                 type than the filter's are compared in a way that nobody documents: write the value exactly as it is, or ignore case by i==.",
                self.some_undecided.join("; ")
            );
            if self.sends_ids {
                let message = format!(
                    "{shown} matches nobody for certain: {} that search finds could be judged by the service alone.",
                    identities(self.undecided)
                );
                return Error::new(Code::NoMatch, message).hint(format!("Nothing was sent. {hint}")).matched(0);
            }
            let message = format!(
                "Whether {shown} matches anybody cannot be told before sending: {} that search finds can be judged by the service alone.",
                identities(self.undecided)
            );
            return Error::new(Code::PreflightUnavailable, message).hint(format!("{hint}\n{WAYS}"));
        }
        let found = match self.others {
            0 => "Search finds nobody who is similar.".to_owned(),
            others => format!(
                "Search finds {} that the filter does not mean, such as: {}.",
                identities(others),
                self.some_others.join("; ")
            ),
        };
        let hint = format!(
            "Nothing was sent. {found}\nIs every value spelt as it is in the tenant? Whoever has just come is in search some minutes later, and \
             an uncorrelated identity never."
        );
        let (message, hint) = match self.sends_ids {
            true => (format!("{shown} matches nobody."), hint),
            false => (
                format!("{shown} matches nobody, so the service would refresh every identity of the tenant."),
                format!("{hint}\n{WAYS}"),
            ),
        };
        Error::new(Code::NoMatch, message).hint(hint).matched(0)
    }

    pub(crate) fn too_many(&self, filter: &Filter, maximum: u64) -> Error {
        let also = match self.undecided {
            _ if self.sends_ids => String::new(),
            0 => String::new(),
            undecided => format!(", and {undecided} more that only the service can judge"),
        };
        let message =
            format!("{} matches {}{also}; maxIdentities is {maximum}.", short(filter), identities(self.matched));
        Error::new(Code::TooManyMatches, message)
            .hint("Nothing was sent. Narrow the filter, or ⟦raise-max⟧.")
            .matched(self.matched)
    }

    pub(crate) fn everybody(&self, filter: &Filter) -> Error {
        let verb = if self.undecided > 0 { "matches, or may match," } else { "matches" };
        let message =
            format!("{} {verb} every identity of the tenant ({}).", short(filter), self.matched + self.undecided);
        Error::new(Code::WouldRefreshAll, message)
            .hint("Nothing was sent. Narrow the filter.\nWhere everybody is meant, say so: ⟦everybody⟧, with pruneIdentities ⟦prune-all⟧ as well.")
            .matched(self.matched)
    }
}

/// Whether so many found are all that the tenant has. Where it is a close thing, an old number is not relied on.
fn is_everybody(call: &Call<'_>, found: u64, for_certain: bool) -> Result<bool> {
    let (size, age) = service::tenant_size(call, if for_certain { Age::New } else { Age::Kept })?;
    if age == Age::Kept && found >= size / 2 {
        let (size, _) = service::tenant_size(call, Age::New)?;
        return Ok(found >= size);
    }
    Ok(found >= size)
}

/// A person, and what the filter asks of them.
fn describe(document: &Value, attributes: &[String]) -> String {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => shortened(text, 60),
        Some(Value::Null) | None => "none".to_owned(),
        Some(other) => shortened(&other.to_string(), 60),
    };
    let value_of = |name: &str| {
        let top = name.split('.').try_fold(document, |value, part| value.get(part));
        top.or_else(|| document.get("attributes")?.get(name))
    };
    let values: Vec<String> = attributes
        .iter()
        .filter(|name| *name != "name")
        .take(SHOWN)
        .map(|name| format!("{} {}", shortened(name, 60), text(value_of(name))))
        .collect();
    let name = text(document.get("name"));
    if values.is_empty() { name } else { format!("{name} ({})", values.join(", ")) }
}

fn identities(number: u64) -> String {
    match number {
        1 => "1 identity".to_owned(),
        number => format!("{number} identities"),
    }
}

/// The filter in a sentence.
fn short(filter: &Filter) -> String {
    shortened(&filter.canonical(), 100)
}
