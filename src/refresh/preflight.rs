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
use crate::service::{self, Call, Freshness, Proof, Requests};
use crate::targets::candidates::{Candidates, FIRST_PAGE};
use crate::targets::matches::{self, MatchCount};
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
#[derive(Debug, Default)]
pub(crate) struct Matches {
    pub(crate) matched: u64,
    /// If false, `matched` is a lower bound.
    pub(crate) exactly: bool,
    /// Identities that only the service can evaluate.
    pub(crate) undecided: u64,
    /// The number of pages that were read.
    pages: u64,
    /// The first ten.
    pub(crate) people: Vec<Person>,
}

/// The requests of a filter's check and its refresh.
pub(crate) fn requests(filter: &Filter) -> Requests {
    // The list of attributes, the search, the tenant's size, and the refresh.
    let names_people = preconditions::names_people(filter.expr());
    let all_standard = filter.names().iter().all(|name| preconditions::is_standard(name));
    Requests::new(2 + usize::from(!all_standard) + usize::from(!names_people))
}

/// Checks a filter until the result is young enough to send the refresh.
pub(crate) fn prove(
    call: &Call<'_>,
    filter: &Filter,
    limits: Limits,
    requests: &mut Requests,
) -> Result<(Matches, Proof)> {
    let mut counted: Option<Matches> = None;
    service::prove(call, requests, |call| {
        // Reading many pages may take longer than the count holds: then some of the matches are looked up again.
        let is_confirmed = match &counted {
            Some(matches) if matches.pages > 1 => confirm(call, filter, matches, limits)?,
            _ => false,
        };
        if !is_confirmed {
            counted = Some(check(call, filter, limits)?);
        }
        Ok(())
    })
    .map(|((), proof)| (counted.unwrap_or_default(), proof))
}

/// Whether some of the matches still match, and the filter does not match everybody.
fn confirm(call: &Call<'_>, filter: &Filter, matches: &Matches, limits: Limits) -> Result<bool> {
    preconditions::searchable(call, filter)?;
    let ids: Vec<&str> = matches.people.iter().filter_map(|person| person.id.as_str()).collect();
    let mut some = Candidates::among(call, filter, &ids);
    let mut match_count = MatchCount::new(filter);
    while let Some((_, page)) = some.next_page().map_err(|error| unavailable(call, error))? {
        for document in page {
            match_count.add_owned(call, document)?;
        }
    }
    if match_count.matched == 0 {
        return Ok(false);
    }
    if limits.everybody || matches.exactly && matches.matched == 1 && preconditions::names_people(filter.expr()) {
        return Ok(true);
    }
    let found = Candidates::new(call, filter, FIRST_PAGE).total().map_err(|error| unavailable(call, error))?;
    Ok(!matches::matches_all(call, found, false).map_err(|error| unavailable(call, error))?)
}

/// Checks a filter, and returns whom it matches.
fn check(call: &Call<'_>, filter: &Filter, limits: Limits) -> Result<Matches> {
    preconditions::decidable(filter)?;
    preconditions::searchable(call, filter)?;
    let unavailable = |error| unavailable(call, error);
    let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
    let mut match_count = MatchCount::new(filter);
    let mut pages = 0;
    while let Some((_, page)) = candidates.next_page().map_err(unavailable)? {
        pages += 1;
        for document in page {
            match_count.add_owned(call, document).map_err(unavailable)?;
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
    let MatchCount { matched, undecided, people, .. } = match_count;
    Ok(Matches { matched, exactly, undecided, pages, people })
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
