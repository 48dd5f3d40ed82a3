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
use crate::filter::eval::{Verdict, judge};
use crate::filter::{Expr, Filter, Literal, Operand, Test};
use crate::members::{nearest, shortened};
use crate::service::{self, Age, Call};

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
const WAYS: &str = "Without this check a filter that the service cannot use, or that matches nobody, refreshes every identity of the \
                    tenant. Whoever takes that risk knowingly sends it with options.preflight = false (PowerShell: -NoPreflight).";

/// How many people a plan names.
const NAMED: usize = 10;

/// How many of those who do not match an error names.
const SHOWN: usize = 3;

/// The first page: with most filters it is the only one.
const FIRST_PAGE: u64 = 250;

/// Checks a filter, and tells whom it matches.
pub(crate) fn check(call: &Call<'_>, filter: &Filter, limits: Limits) -> Result<Matches> {
    decidable(filter)?;
    searchable(call, filter)?;
    let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
    let mut tally = Tally::new(filter);
    while let Some((_, page)) = candidates.next_page().map_err(unavailable)? {
        page.iter().for_each(|document| tally.add(filter, document));
        if !limits.exactly && tally.matched > 0 && is_harmless(call, &tally, &candidates, limits)? {
            break;
        }
    }
    if tally.matched == 0 {
        return Err(tally.nobody(filter));
    }
    if let Some(maximum) = limits.maximum.filter(|maximum| tally.matched + tally.undecided > *maximum) {
        return Err(tally.too_many(filter, maximum));
    }
    if !limits.everybody
        && !tally.excludes_somebody(&candidates)
        && is_everybody(call, candidates.total().map_err(unavailable)?)?
    {
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

    /// Whether somebody is known not to match, so that it cannot be everybody; or one person alone does, who was
    /// named, even where the tenant has nobody else.
    fn excludes_somebody(&self, candidates: &Candidates<'_>) -> bool {
        self.others > 0 || candidates.have_ended() && self.matched + self.undecided == 1
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
                 an uncorrelated identity never.\nWhere the service itself knows better: {WAYS}"
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
fn is_harmless(call: &Call<'_>, tally: &Tally, candidates: &Candidates<'_>, limits: Limits) -> Result<bool> {
    if let Some(maximum) = limits.maximum {
        if candidates.total().map_err(unavailable)? > maximum {
            return Ok(false);
        }
    }
    if limits.everybody || tally.excludes_somebody(candidates) {
        return Ok(true);
    }
    Ok(!is_everybody(call, candidates.total().map_err(unavailable)?)?)
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

/// Refuses a filter of which it is known without asking that nobody but the service can judge it.
pub(crate) fn decidable(filter: &Filter) -> Result<()> {
    if can_be(true, filter.expr()) {
        return Ok(());
    }
    let mut parts = filter.undecidable();
    if parts.is_empty() {
        parts.push(filter.canonical());
    }
    let parts: Vec<String> = parts.iter().take(SHOWN).map(|part| shortened(part, 80)).collect();
    Err(Error::new(
        Code::PreflightUnavailable,
        format!(
            "Only the service itself can judge {}, so nobody can be known to match before sending.",
            parts.join(", ")
        ),
    )
    .hint(format!("Name people by the values of their attributes instead, such as: uid == \"amelie.roux\"\n{WAYS}")))
}

/// Whether there can be a document of which the filter is judged to hold, or not to hold.
fn can_be(verdict: bool, expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) if verdict => parts.iter().all(|part| can_be(true, part)),
        Expr::And(parts) => parts.iter().any(|part| can_be(false, part)),
        Expr::Or(parts) if verdict => parts.iter().any(|part| can_be(true, part)),
        Expr::Or(parts) => parts.iter().all(|part| can_be(false, part)),
        Expr::Not(inner) => can_be(!verdict, inner),
        Expr::Condition { test, .. } => match test {
            Test::Compare { value, .. } => matches!(value, Operand::Literal(literal) if !is_constant(literal)),
            Test::In { values, .. } => !values.iter().any(is_constant),
            Test::Like { .. } | Test::IsNull | Test::NotNull => true,
            Test::ContainsAll { .. }
            | Test::IsEmpty
            | Test::Join { .. }
            | Test::CollectionCondition { .. }
            | Test::Subquery { .. } => false,
        },
    }
}

fn is_constant(literal: &Literal) -> bool {
    matches!(literal, Literal::Constant(_))
}

/// What every tenant's filters can name.
const STANDARD: [&str; 14] = [
    "id",
    "name",
    "uid",
    "displayName",
    "email",
    "firstname",
    "lastname",
    "correlated",
    "protected",
    "inactive",
    "manager",
    "manager.id",
    "manager.name",
    "manager.displayName",
];

/// Refuses a filter that names an attribute which is not known to be searchable: the service would ignore it.
fn searchable(call: &Call<'_>, filter: &Filter) -> Result<()> {
    let mut names = filter.attributes();
    names.retain(|name| !STANDARD.contains(&name.as_str()));
    if names.is_empty() {
        return Ok(());
    }
    let mut asked = Age::Kept;
    loop {
        let (attributes, age) =
            service::identity_attributes(call, asked).map_err(|error| list_unavailable(error, &names))?;
        let is_searchable =
            |name: &String| attributes.iter().any(|attribute| attribute.searchable && attribute.name == *name);
        match names.iter().find(|name| !is_searchable(name)) {
            None => return Ok(()),
            // It may have become searchable since.
            Some(_) if age == Age::Kept => asked = Age::New,
            Some(name) => return Err(not_searchable(name, &attributes)),
        }
    }
}

fn not_searchable(name: &str, attributes: &[service::Attribute]) -> Error {
    let shown = shortened(name, 60);
    let is_known = attributes.iter().any(|attribute| attribute.name == name);
    let bare = name.strip_prefix("attributes.").unwrap_or(name);
    let usable = attributes.iter().filter(|attribute| attribute.searchable).map(|attribute| attribute.name.as_str());
    let usable: Vec<&str> = STANDARD.into_iter().chain(usable).collect();
    let (message, advice) = if is_known {
        (
            format!(
                "{shown} is an identity attribute that is not searchable, and a filter that names one refreshes every identity."
            ),
            "Make it searchable in the tenant's identity attributes, or name people by another attribute.".to_owned(),
        )
    } else {
        (
            format!(
                "{shown} is no identity attribute of this tenant, and a filter that names it refreshes every identity."
            ),
            match usable.iter().find(|usable| **usable == bare).copied().or_else(|| nearest(bare, &usable)) {
                Some(near) => format!("Was {near} meant?"),
                None => "Upper and lower case count; the names are in the tenant's identity attributes.".to_owned(),
            },
        )
    };
    Error::new(Code::PreflightUnavailable, message).hint(format!("Nothing was sent. {advice}\n{WAYS}"))
}

fn list_unavailable(error: Error, names: &[String]) -> Error {
    let names: Vec<String> = names.iter().take(SHOWN).map(|name| shortened(name, 60)).collect();
    let names = names.join(", ");
    retold(error, &format!("Whether filters can use {names} is not known"))
}

/// An error of a question that was asked before sending, as the refresh's author meets it.
fn unavailable(error: Error) -> Error {
    retold(error, "Whom the filter matches could not be counted")
}

fn retold(error: Error, what: &str) -> Error {
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
