//! What is checked before a filter goes to `/cc`, where one that the service cannot use, or that matches nobody,
//! refreshes everybody.
//!
//! A filter passes if its attributes are known to be searchable, somebody whom search finds is judged to match, not
//! everybody does, and no more than the author allows. It is as sure as a check just before sending can be: people
//! come and go, search lags behind, and does not know uncorrelated identities.

use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::report::Person;
use crate::service::{self, Age, Call};
use crate::targets::candidates::{Candidates, FIRST_PAGE};
use crate::targets::matches::MatchCount;
use crate::targets::preconditions::{self, reworded};

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

/// Checks a filter, and tells whom it matches.
pub(crate) fn check(call: &Call<'_>, filter: &Filter, limits: Limits) -> Result<Matches> {
    preconditions::decidable(filter)?;
    preconditions::searchable(call, filter)?;
    let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
    let mut match_count = MatchCount::new(filter);
    while let Some((_, page)) = candidates.next_page().map_err(unavailable)? {
        page.iter().for_each(|document| {
            match_count.add(filter, document);
        });
        if !limits.exactly && match_count.matched > 0 && is_harmless(call, &mut match_count, &mut candidates, limits)? {
            break;
        }
    }
    if match_count.matched == 0 {
        return Err(match_count.nobody(filter));
    }
    if let Some(maximum) = limits.maximum.filter(|maximum| match_count.matched + match_count.undecided > *maximum) {
        return Err(match_count.too_many(filter, maximum));
    }
    if !limits.everybody && match_count.may_be_everybody(call, &mut candidates).map_err(unavailable)? {
        return Err(match_count.everybody(filter));
    }
    let exactly = candidates.have_ended() && match_count.undecided == 0;
    Ok(Matches { matched: match_count.matched, exactly, undecided: match_count.undecided, people: match_count.people })
}

/// How many identities a full refresh would touch, held against the maximum.
pub(crate) fn check_everybody(call: &Call<'_>, limits: Limits) -> Result<u64> {
    let (size, _) = service::tenant_size(call, Age::New).map_err(unavailable)?;
    match limits.maximum.filter(|maximum| size > *maximum) {
        Some(maximum) => Err(Error::new(
            Code::TooManyMatches,
            format!("A full refresh would touch all {size} identities of the tenant; maxIdentities is {maximum}."),
        )
        .hint("Nothing was sent. Name people by a filter, or ⟦raise-max⟧.")
        .matched(size)),
        None => Ok(size),
    }
}

/// Whether enough is known to send: the maximum cannot be exceeded, and it is not everybody.
fn is_harmless(
    call: &Call<'_>,
    match_count: &mut MatchCount,
    candidates: &mut Candidates<'_>,
    limits: Limits,
) -> Result<bool> {
    if let Some(maximum) = limits.maximum
        && candidates.total().map_err(unavailable)? > maximum
    {
        return Ok(false);
    }
    Ok(limits.everybody || !match_count.may_be_everybody(call, candidates).map_err(unavailable)?)
}

/// An error of a question that was asked before sending, as the refresh's author meets it.
fn unavailable(error: Error) -> Error {
    reworded(error, "Whom the filter matches could not be counted")
}
