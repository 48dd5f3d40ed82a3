//! What is checked before a filter goes to `/cc`, where one that the service cannot use, or that matches nobody,
//! refreshes everybody.
//!
//! A filter passes if its attributes are known to be searchable, somebody whom search finds is judged to match, not
//! everybody does, and no more than the author allows. It is as sure as a check just before sending can be: people
//! come and go, search lags behind, and does not know uncorrelated identities.

use serde::Serialize;
use serde_json::Value;

use crate::candidates::Candidates;
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::filter::eval::{Verdict, judge};
use crate::members::shortened;
use crate::service::{self, Age, Call};
use crate::suitable;

/// What a preflight has to make sure of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most identities that may be touched.
    pub(crate) maximum: Option<u64>,
    /// Whether the author has named everybody, too.
    pub(crate) everybody: bool,
    /// Whether it must be known exactly whom the filter matches.
    pub(crate) exactly: bool,
}

/// Whom a filter matches, as far as it was counted.
#[derive(Debug)]
pub(crate) struct Matches {
    pub(crate) matched: u64,
    /// False: at least so many.
    pub(crate) exactly: bool,
    /// Those of whom only the service can tell.
    pub(crate) undecided: u64,
    /// The first ten.
    pub(crate) people: Vec<Person>,
}

/// An identity, as answers name it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    pub(crate) id: Value,
    pub(crate) name: Value,
    pub(crate) display_name: Value,
}

/// What is left to do where a check cannot be made.
pub(crate) const WAYS: &str = "Without this check a filter that the service cannot use, or that matches nobody, refreshes every identity of the \
                    tenant. Whoever takes that risk knowingly sends it with options.preflight = false (PowerShell: -NoPreflight).";

/// How many people a plan names.
const NAMED: usize = 10;

/// How many of those who do not match an error names.
const SHOWN: usize = 3;

/// The first page: with most filters it is the only one.
const FIRST_PAGE: u64 = 250;

/// Checks a filter, and tells whom it matches.
pub(crate) fn check(call: &Call<'_>, filter: &Filter, limits: Limits) -> Result<Matches> {
    suitable::decidable(filter)?;
    suitable::searchable(call, filter)?;
    let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
    let mut tally = Tally::new(filter);
    while let Some((_, page)) = candidates.next_page().map_err(unavailable)? {
        page.iter().for_each(|document| tally.add(filter, document));
        if !limits.exactly && tally.matched > 0 && is_harmless(call, &mut tally, &mut candidates, limits)? {
            break;
        }
    }
    if tally.matched == 0 {
        return Err(tally.nobody(filter));
    }
    if let Some(maximum) = limits.maximum.filter(|maximum| tally.matched + tally.undecided > *maximum) {
        return Err(tally.too_many(filter, maximum));
    }
    if !limits.everybody && tally.may_be_everybody(call, &mut candidates)? {
        return Err(tally.everybody(filter));
    }
    let exactly = candidates.have_ended() && tally.undecided == 0;
    Ok(Matches { matched: tally.matched, exactly, undecided: tally.undecided, people: tally.people })
}

/// How many identities a full refresh would touch, held against the maximum.
pub(crate) fn check_everybody(call: &Call<'_>, limits: Limits) -> Result<u64> {
    let (size, _) = service::tenant_size(call, Age::New).map_err(unavailable)?;
    match limits.maximum.filter(|maximum| size > *maximum) {
        Some(maximum) => Err(Error::new(
            Code::TooManyMatches,
            format!("A full refresh would touch all {size} identities of the tenant; maxIdentities is {maximum}."),
        )
        .hint("Nothing was sent. Name people by a filter, or raise maxIdentities.")
        .matched(size)),
        None => Ok(size),
    }
}

/// The identities that were found, by verdict.
struct Tally {
    matched: u64,
    undecided: u64,
    others: u64,
    people: Vec<Person>,
    /// Some of those that nobody but the service can judge, and of those that do not match, in words.
    some_undecided: Vec<String>,
    some_others: Vec<String>,
    /// The filter's attributes, for those words.
    attributes: Vec<String>,
    /// Whether the filter says by name whom it means, so that it does not mean whoever has come since.
    names_people: bool,
    /// Whether search finds as many as the tenant has, once that was asked for.
    found_everybody: Option<bool>,
}

impl Tally {
    fn new(filter: &Filter) -> Self {
        Self {
            matched: 0,
            undecided: 0,
            others: 0,
            people: Vec::new(),
            some_undecided: Vec::new(),
            some_others: Vec::new(),
            attributes: filter.attributes(),
            names_people: suitable::names_people(filter.expr()),
            found_everybody: None,
        }
    }

    fn add(&mut self, filter: &Filter, document: &Value) {
        let (count, some) = match judge(filter, document) {
            Verdict::Yes => {
                self.matched += 1;
                if self.people.len() < NAMED {
                    self.people.push(Person::of(document));
                }
                return;
            }
            Verdict::Unknown => (&mut self.undecided, &mut self.some_undecided),
            Verdict::No => (&mut self.others, &mut self.some_others),
        };
        *count += 1;
        if some.len() < SHOWN {
            some.push(describe(document, &self.attributes));
        }
    }

    /// Whether, for all that is known, everybody may match. One person alone whom the filter names may be refreshed, even
    /// where the tenant has nobody else.
    fn may_be_everybody(&mut self, call: &Call<'_>, candidates: &mut Candidates<'_>) -> Result<bool> {
        let one = candidates.have_ended() && self.matched + self.undecided == 1;
        if self.others > 0 || one && self.names_people {
            return Ok(false);
        }
        match self.found_everybody {
            Some(found) => Ok(found),
            None => Ok(*self.found_everybody.insert(is_everybody(call, candidates.total().map_err(unavailable)?)?)),
        }
    }

    /// Nobody is judged to match.
    fn nobody(&self, filter: &Filter) -> Error {
        let shown = short(filter);
        if self.undecided > 0 {
            let message = format!(
                "Whether {shown} matches anybody cannot be told before sending: {} that search finds can be judged by the service alone.",
                identities(self.undecided)
            );
            let hint = format!(
                "Found: {}.\nTexts that differ in upper and lower case or in blanks at the end, missing values, lists, and values of another \
                 type than the filter's are compared in a way that nobody documents: write the value exactly as it is, or ignore case by i==.\n{WAYS}",
                self.some_undecided.join("; ")
            );
            return Error::new(Code::PreflightUnavailable, message).hint(hint);
        }
        let found = match self.others {
            0 => "Search finds nobody who is similar.".to_owned(),
            others => format!(
                "Search finds {} that the filter does not mean, such as: {}.",
                identities(others),
                self.some_others.join("; ")
            ),
        };
        Error::new(Code::NoMatch, format!("{shown} matches nobody, so the service would refresh every identity of the tenant."))
            .hint(format!(
                "Nothing was sent. {found}\nIs every value spelt as it is in the tenant? Whoever has just come is in search some minutes later, and \
                 an uncorrelated identity never.\n{WAYS}"
            ))
            .matched(0)
    }

    fn too_many(&self, filter: &Filter, maximum: u64) -> Error {
        let also = match self.undecided {
            0 => String::new(),
            undecided => format!(", and {undecided} more that only the service can judge"),
        };
        let message =
            format!("{} matches {}{also}; maxIdentities is {maximum}.", short(filter), identities(self.matched));
        Error::new(Code::TooManyMatches, message)
            .hint("Nothing was sent. Narrow the filter, or raise maxIdentities.")
            .matched(self.matched)
    }

    fn everybody(&self, filter: &Filter) -> Error {
        let verb = if self.undecided > 0 { "matches, or may match," } else { "matches" };
        let message =
            format!("{} {verb} every identity of the tenant ({}).", short(filter), self.matched + self.undecided);
        Error::new(Code::WouldRefreshAll, message)
            .hint("Nothing was sent. Narrow the filter.\nWhere everybody is meant, say so: options.allowFullRefresh, with pruneIdentities options.allowPruneAll as well.")
            .matched(self.matched)
    }
}

impl Person {
    pub(crate) fn of(document: &Value) -> Self {
        let of = |name: &str| document.get(name).cloned().unwrap_or_default();
        Self { id: of("id"), name: of("name"), display_name: of("displayName") }
    }
}

/// Whether enough is known to send: the maximum cannot be exceeded, and it is not everybody.
fn is_harmless(call: &Call<'_>, tally: &mut Tally, candidates: &mut Candidates<'_>, limits: Limits) -> Result<bool> {
    if let Some(maximum) = limits.maximum
        && candidates.total().map_err(unavailable)? > maximum
    {
        return Ok(false);
    }
    Ok(limits.everybody || !tally.may_be_everybody(call, candidates)?)
}

/// Whether so many found are all that the tenant has. Where it is a close thing, an old number is not relied on.
fn is_everybody(call: &Call<'_>, found: u64) -> Result<bool> {
    let (size, age) = service::tenant_size(call, Age::Kept).map_err(unavailable)?;
    if age == Age::Kept && found >= size / 2 {
        let (size, _) = service::tenant_size(call, Age::New).map_err(unavailable)?;
        return Ok(found >= size);
    }
    Ok(found >= size)
}

/// An error of a question that was asked before sending, as the refresh's author meets it.
fn unavailable(error: Error) -> Error {
    retold(error, "Whom the filter matches could not be counted")
}

pub(crate) fn retold(error: Error, what: &str) -> Error {
    let details = error.details();
    let (code, hint) = match details.response.as_ref().map(|response| response.status) {
        // A matter of this call as a whole, not of its preflight.
        None | Some(401 | 429 | 300..=399) if details.code != Code::PreflightUnavailable => (details.code, ""),
        _ => (Code::PreflightUnavailable, WAYS),
    };
    let message = match code {
        Code::PreflightUnavailable => format!("{what}, so nothing was sent: {}", details.message),
        _ => details.message.clone(),
    };
    let nothing_sent = if code == Code::PreflightUnavailable {
        ""
    } else {
        "No refresh was sent: whom the filter matches is counted first."
    };
    let hint: Vec<&str> =
        [details.hint.as_str(), nothing_sent, hint].into_iter().filter(|part| !part.is_empty()).collect();
    let hint = hint.join("\n");
    error.retold(code, message, hint)
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
