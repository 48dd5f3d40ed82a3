//! The checks of a filter before it is sent to `/cc`, which refreshes everybody if it cannot use the filter or if the
//! filter matches nobody.
//!
//! A filter passes if its attributes are known to be searchable, at least one found identity is evaluated to match, not
//! everybody matches, and no more than the maximum match. The check can only be as reliable as search: search lags
//! behind, does not know uncorrelated identities, and identities change.

use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::hint::WayOut;
use crate::report::Person;
use crate::service::{self, Call, Freshness};
use crate::targets::candidates::{Candidates, FIRST_PAGE};
use crate::targets::matches::MatchCount;
use crate::targets::preconditions::{self, as_preflight_error};

/// What a preflight checks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The maximum number of identities.
    pub(crate) maximum: Option<u64>,
    /// Whether a full refresh was requested.
    pub(crate) everybody: bool,
    /// Whether the exact number of matches is needed.
    pub(crate) exactly: bool,
}

/// The identities that a filter matches, as far as they were counted.
#[derive(Debug)]
pub(crate) struct Matches {
    pub(crate) matched: u64,
    /// If false, `matched` is a lower bound.
    pub(crate) exactly: bool,
    /// Identities that only the service can evaluate.
    pub(crate) undecided: u64,
    /// The first ten.
    pub(crate) people: Vec<Person>,
}

/// Checks a filter, and returns whom it matches.
pub(crate) fn check(call: &Call<'_>, filter: &Filter, limits: Limits) -> Result<Matches> {
    preconditions::decidable(filter)?;
    preconditions::searchable(call, filter)?;
    let unavailable = |error| unavailable(call, error);
    let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
    let mut match_count = MatchCount::new(filter);
    while let Some((_, page)) = candidates.next_page().map_err(unavailable)? {
        for document in &page {
            match_count.add(call, filter, document).map_err(unavailable)?;
        }
        if !limits.exactly
            && match_count.matched > 0
            && is_enough_to_send(call, &mut match_count, &mut candidates, limits)?
        {
            break;
        }
    }
    if match_count.matched == 0 {
        return Err(match_count.no_match(filter));
    }
    if let Some(maximum) = limits.maximum.filter(|maximum| match_count.matched + match_count.undecided > *maximum) {
        return Err(match_count.too_many(filter, maximum));
    }
    if !limits.everybody && may_match_all(call, &mut match_count, &mut candidates)? {
        return Err(match_count.would_refresh_all(filter));
    }
    let exactly = candidates.have_ended() && match_count.undecided == 0;
    Ok(Matches { matched: match_count.matched, exactly, undecided: match_count.undecided, people: match_count.people })
}

/// Counts a full refresh, and checks the maximum.
pub(crate) fn check_everybody(call: &Call<'_>, limits: Limits) -> Result<u64> {
    let (size, _) = service::tenant_size(call, Freshness::Fresh).map_err(|error| unavailable(call, error))?;
    match limits.maximum.filter(|maximum| size > *maximum) {
        Some(maximum) => Err(Error::new(
            Code::TooManyMatches,
            format!("A full refresh would touch all {size} identities of the tenant; ⟦max⟧ is {maximum}."),
        )
        .hint("Nothing was sent. Name people by a filter.")
        .way(WayOut::RaiseMaximum)
        .matched(size)),
        None => Ok(size),
    }
}

/// Whether enough is known to send: the maximum cannot be exceeded, and not everybody matches.
fn is_enough_to_send(
    call: &Call<'_>,
    match_count: &mut MatchCount,
    candidates: &mut Candidates<'_>,
    limits: Limits,
) -> Result<bool> {
    if let Some(maximum) = limits.maximum
        && candidates.total().map_err(|error| unavailable(call, error))? > maximum
    {
        return Ok(false);
    }
    Ok(limits.everybody || !may_match_all(call, match_count, candidates)?)
}

fn may_match_all(call: &Call<'_>, match_count: &mut MatchCount, candidates: &mut Candidates<'_>) -> Result<bool> {
    let result = match_count.may_match_all(call, candidates);
    result.map_err(|error| match_count.without_size(unavailable(call, error)))
}

fn unavailable(call: &Call<'_>, error: Error) -> Error {
    as_preflight_error(call, error, "Whom the filter matches could not be counted")
}
