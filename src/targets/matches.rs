//! Counts the identities that a filter matches, and makes the errors for no match, too many matches and a full refresh.

use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::filter::eval::Verdict;
use crate::hint::WayOut;
use crate::report::Person;
use crate::service::{self, Call, Freshness};
use crate::targets::candidates::Candidates;
use crate::targets::evaluator::Evaluator;
use crate::targets::preconditions;
use crate::text::shortened;

/// The number of people in a plan.
pub(crate) const FIRST_PEOPLE: usize = 10;

/// The number of examples in an error.
const SHOWN: usize = 3;

/// The identities that were found, by verdict.
pub(crate) struct MatchCount<'f> {
    pub(crate) matched: u64,
    pub(crate) undecided: u64,
    mismatched: u64,
    /// The first ten matches.
    pub(crate) people: Vec<Person>,
    /// Examples of identities that only the service can evaluate, and of identities that do not match.
    undecided_examples: Vec<String>,
    mismatched_examples: Vec<String>,
    filter: &'f Filter,
    evaluator: Evaluator<'f>,
    /// Whether the filter names its people, so that it does not match people who come later.
    names_people: bool,
    /// Whether the ids of the matches are sent. Otherwise the filter is sent, and the service evaluates it.
    sends_ids: bool,
    /// Whether search finds as many as the tenant has, once requested.
    found_all: Option<bool>,
}

impl<'f> MatchCount<'f> {
    /// For a filter that is sent itself.
    pub(crate) fn new(filter: &'f Filter) -> Self {
        Self {
            matched: 0,
            undecided: 0,
            mismatched: 0,
            people: Vec::new(),
            undecided_examples: Vec::new(),
            mismatched_examples: Vec::new(),
            filter,
            names_people: preconditions::names_people(filter.expr()),
            evaluator: Evaluator::new(filter),
            sends_ids: false,
            found_all: None,
        }
    }

    /// For a filter that is replaced by the ids of its matches.
    pub(crate) fn of_ids(filter: &'f Filter) -> Self {
        Self { sends_ids: true, ..Self::new(filter) }
    }

    /// Evaluates and counts a document. Returns whether it matches. Fails if the call is cancelled or has no more time.
    pub(crate) fn add(&mut self, call: &Call<'_>, document: &Value) -> Result<bool> {
        let matches = self.count(call, document)?;
        if matches && self.people.len() < FIRST_PEOPLE {
            self.people.push(Person::of(document));
        }
        Ok(matches)
    }

    /// The same for a document that nobody needs any more.
    pub(crate) fn add_owned(&mut self, call: &Call<'_>, document: Value) -> Result<()> {
        if self.count(call, &document)? && self.people.len() < FIRST_PEOPLE {
            self.people.push(Person::from(document));
        }
        Ok(())
    }

    fn count(&mut self, call: &Call<'_>, document: &Value) -> Result<bool> {
        let (count, examples) = match self.evaluator.judge(call, document)? {
            Verdict::Yes => {
                self.matched += 1;
                return Ok(true);
            }
            Verdict::Unknown => (&mut self.undecided, &mut self.undecided_examples),
            Verdict::No => (&mut self.mismatched, &mut self.mismatched_examples),
        };
        *count += 1;
        if examples.len() < SHOWN {
            examples.push(describe(document, &self.filter.names()));
        }
        Ok(false)
    }

    /// Whether possibly everybody matches. A single person whom the filter names may be refreshed, even if the tenant
    /// has nobody else.
    pub(crate) fn may_match_all(&mut self, call: &Call<'_>, candidates: &mut Candidates<'_>) -> Result<bool> {
        let one = candidates.have_ended() && self.matched + self.undecided == 1;
        let some_are_left = self.mismatched > 0 || self.sends_ids && self.undecided > 0;
        if some_are_left || one && self.names_people {
            return Ok(false);
        }
        match self.found_all {
            Some(found) => Ok(found),
            None => Ok(*self.found_all.insert(matches_all(call, candidates.total()?, self.sends_ids)?)),
        }
    }

    /// Adds the way out of an error of [`may_match_all`](Self::may_match_all): without the tenant's size, only a filter
    /// that names its people is known not to match everybody.
    pub(crate) fn without_size(&self, error: Error) -> Error {
        let is_of_count = error.details().code == Code::PreflightUnavailable;
        if is_of_count && self.matched > 0 && self.names_people { error.way(WayOut::NoPreflight) } else { error }
    }

    /// The error if nobody certainly matches.
    pub(crate) fn no_match(&self, filter: &Filter) -> Error {
        let shown = shortened_canonical(filter);
        if self.undecided > 0 {
            let hint = format!(
                "Found: {}.\nTexts that differ in upper and lower case or in blanks at the end, missing values, lists, and values of another \
                 type than the filter's are compared in a way that nobody documents: write the value exactly as it is, or ignore case by i==.",
                self.undecided_examples.join("; ")
            );
            if self.sends_ids {
                let message = format!(
                    "{shown} matches nobody for certain: {} that search finds could be evaluated by the service alone.",
                    identities(self.undecided)
                );
                return Error::new(Code::NoMatch, message).hint(format!("Nothing was sent. {hint}")).matched(0);
            }
            let message = format!(
                "Whether {shown} matches anybody cannot be told before sending: {} that search finds can be evaluated by the service alone.",
                identities(self.undecided)
            );
            return Error::new(Code::PreflightUnavailable, message).hint(format!("Nothing was sent. {hint}"));
        }
        let found = match self.mismatched {
            0 => "Search finds no similar identity.".to_owned(),
            mismatched => format!(
                "Search finds {} that the filter does not mean, such as: {}.",
                identities(mismatched),
                self.mismatched_examples.join("; ")
            ),
        };
        let hint = format!(
            "Nothing was sent. {found}\nIs every value spelt as it is in the tenant? Search finds new identities after some minutes, and \
             uncorrelated identities never."
        );
        let message = match self.sends_ids {
            true => format!("{shown} matches nobody."),
            false => format!("{shown} matches nobody, so the service would refresh every identity of the tenant."),
        };
        Error::new(Code::NoMatch, message).hint(hint).matched(0)
    }

    pub(crate) fn too_many(&self, filter: &Filter, maximum: u64) -> Error {
        let also = match self.undecided {
            _ if self.sends_ids => String::new(),
            0 => String::new(),
            undecided => format!(", and {undecided} more that only the service can evaluate"),
        };
        let message =
            format!("{} matches {}{also}; ⟦max⟧ is {maximum}.", shortened_canonical(filter), identities(self.matched));
        Error::new(Code::TooManyMatches, message)
            .hint("Nothing was sent. Narrow the filter.")
            .way(WayOut::RaiseMaximum)
            .matched(self.matched)
    }

    pub(crate) fn would_refresh_all(&self, filter: &Filter) -> Error {
        let verb = if self.undecided > 0 { "matches, or may match," } else { "matches" };
        let message = format!(
            "{} {verb} every identity of the tenant ({}).",
            shortened_canonical(filter),
            self.matched + self.undecided
        );
        Error::new(Code::WouldRefreshAll, message)
            .hint("Nothing was sent. Narrow the filter.")
            .way(WayOut::Everybody)
            .way(WayOut::PruneEverybody)
            .matched(self.matched)
    }
}

/// Whether `found` is the whole tenant. Close to the limit, a cached size is not used.
pub(crate) fn matches_all(call: &Call<'_>, found: u64, for_certain: bool) -> Result<bool> {
    let (size, freshness) = service::tenant_size(call, if for_certain { Freshness::Fresh } else { Freshness::Cached })?;
    if freshness == Freshness::Cached && found >= size / 2 {
        let (size, _) = service::tenant_size(call, Freshness::Fresh)?;
        return Ok(found >= size);
    }
    Ok(found >= size)
}

/// A person with the values of the filter's attributes.
fn describe(document: &Value, attributes: &[&str]) -> String {
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
        .filter(|name| **name != "name")
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

/// The filter in an error.
fn shortened_canonical(filter: &Filter) -> String {
    shortened(&filter.canonical(), 100)
}
