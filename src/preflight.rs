//! What is checked before a filter goes to `/cc`, where one that the service cannot use, or that matches nobody,
//! refreshes everybody.
//!
//! A filter passes if its attributes are known to be searchable, somebody whom search finds is judged to match, not
//! everybody does, and no more than the author allows. It is as sure as a check just before sending can be: people
//! come and go, search lags behind, and does not know uncorrelated identities.

use crate::account::Person;
use crate::candidates::{Candidates, FIRST_PAGE};
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::service::{self, Age, Call};
use crate::suitable;
use crate::tally::Tally;

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

/// What is left to do where a check cannot be made.
pub(crate) const WAYS: &str = "Without this check a filter that the service cannot use, or that matches nobody, refreshes every identity of the \
                    tenant. The safe way is options.backend = process (PowerShell: -Backend process), which sends the ids of those who \
                    match and nothing else. Whoever takes the risk knowingly sends it with options.preflight = false (PowerShell: -NoPreflight).";

/// Checks a filter, and tells whom it matches.
pub(crate) fn check(call: &Call<'_>, filter: &Filter, limits: Limits) -> Result<Matches> {
    suitable::decidable(filter)?;
    suitable::searchable(call, filter)?;
    let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
    let mut tally = Tally::new(filter);
    while let Some((_, page)) = candidates.next_page().map_err(unavailable)? {
        page.iter().for_each(|document| {
            tally.add(filter, document);
        });
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
    if !limits.everybody && tally.may_be_everybody(call, &mut candidates).map_err(unavailable)? {
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

/// Whether enough is known to send: the maximum cannot be exceeded, and it is not everybody.
fn is_harmless(call: &Call<'_>, tally: &mut Tally, candidates: &mut Candidates<'_>, limits: Limits) -> Result<bool> {
    if let Some(maximum) = limits.maximum
        && candidates.total().map_err(unavailable)? > maximum
    {
        return Ok(false);
    }
    Ok(limits.everybody || !tally.may_be_everybody(call, candidates).map_err(unavailable)?)
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
