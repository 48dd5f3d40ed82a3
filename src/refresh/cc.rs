//! A refresh by `/cc`, the documented endpoint. It takes a filter, and refreshes everybody if it cannot use the filter.

use std::cell::Cell;

use super::preflight::{self, Limits};
use super::run::{Batch, BatchOutcome, Check, Method, Resolved, Run};
use super::{Counted, Plan, Refreshed};
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::report::{Failure, Person};
use crate::request::{Options, RefreshRequest, Selection};
use crate::response::{Response, StatusClass};
use crate::service::{self, Call, Proof, Requests};

pub(crate) fn refresh(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Refreshed, Failure> {
    let filter = match &request.selection {
        Selection::Filter { text, .. } => Some(text.as_str()),
        Selection::Everybody | Selection::People(_) => None,
    };
    let mut checks = FilterCheck::default();
    let (counted, identities) = count(call, request, &mut checks)?;
    let body = request.body(filter);
    let warnings = request.warnings();
    let refreshed = Refreshed { counted, warnings, ..Refreshed::new(call, "cc") };
    if request.options.dry_run {
        let plan = Plan {
            url: call.service.base_url().join(service::REFRESH_PATH).to_string(),
            filter: match &request.selection {
                Selection::Filter { parsed, .. } => parsed.as_ref().map(Filter::canonical),
                Selection::Everybody | Selection::People(_) => None,
            },
            everybody: filter.is_none(),
            identities,
            body: Some(body),
            calls: None,
            side_effects: None,
        };
        return Ok(Refreshed { plan: Some(plan), ..refreshed });
    }
    let mut outcome = BatchOutcome::default();
    let mut last_count = None;
    let proof = checks.proof.take();
    let check: Option<Check<'_>> = match &proof {
        None => None,
        Some(_) => Some(Box::new(|_, _, _| {
            last_count = count(call, request, &mut checks)?.0;
            Ok(checks.proof.take())
        })),
    };
    Run::new(call, Method::Body(body, Cell::new(proof)))
        .checked_by(check)
        .send(&mut Resolved::new([Batch::default()]), |batch, _| outcome = batch);
    let refreshed = Refreshed { counted: last_count.or(refreshed.counted), ..refreshed };
    refreshed.with_outcome(outcome, false)
}

/// The check of a filter, which is made again if it becomes too old before the refresh is sent.
#[derive(Default)]
struct FilterCheck {
    proof: Option<Proof>,
    requests: Option<Requests>,
}

/// Runs the preflight, unless it is off: rejects the filter, or returns whom it matches.
fn count(
    call: &Call<'_>,
    request: &RefreshRequest<'_>,
    checks: &mut FilterCheck,
) -> Result<(Option<Counted>, Option<Vec<Person>>)> {
    let options = &request.options;
    let maximum = options.maximum_identities.or(call.service.maximum_identities());
    let has_preflight = options.preflight.unwrap_or(call.service.preflight()) && !options.skip_filter_check;
    if !has_preflight && request.prunes() && !options.allow_prune_all {
        return Err(uncounted_prune());
    }
    if !has_preflight {
        return if maximum.is_some() { Err(uncounted(options)) } else { Ok((None, None)) };
    }
    let limits = Limits { maximum, everybody: request.means_everybody(), exactly: options.dry_run };
    match &request.selection {
        Selection::Filter { parsed: Some(filter), .. } => {
            let (matches, proof) = preflight::prove(
                call,
                filter,
                limits,
                checks.requests.get_or_insert_with(|| preflight::requests(filter)),
            )?;
            checks.proof = Some(proof);
            let counted =
                Counted { matched: matches.matched, matched_exactly: matches.exactly, undecided: matches.undecided };
            Ok((Some(counted), Some(matches.people)))
        }
        Selection::Everybody if maximum.is_some() || options.dry_run => {
            match preflight::check_everybody(call, limits) {
                Ok(matched) => Ok((Some(Counted { matched, matched_exactly: true, undecided: 0 }), None)),
                // A full refresh was requested: the number is only informative.
                Err(error) if maximum.is_none() && is_uncountable(&error) => Ok((None, None)),
                Err(error) => Err(error),
            }
        }
        Selection::Filter { parsed: None, .. } | Selection::Everybody | Selection::People(_) => Ok((None, None)),
    }
}

/// Whether the tenant cannot be counted, although the token and the address are right.
fn is_uncountable(error: &Error) -> bool {
    let details = error.details();
    let class = details.response.as_ref().filter(|_| details.is_endpoint_answer).map(Response::class);
    details.code == Code::PreflightUnavailable || matches!(class, Some(StatusClass::Forbidden | StatusClass::NotThere))
}

fn uncounted_prune() -> Error {
    Error::new(
        Code::WouldRefreshAll,
        "pruneIdentities with a filter that was not counted: if the service cannot use the filter, it deletes every identity without an account.",
    )
    .hint("Nothing was sent. Let the preflight count whom the filter matches.")
}

fn uncounted(options: &Options) -> Error {
    let (why, hint) = match options {
        Options { skip_filter_check: true, .. } => {
            ("⟦skip-filter-check⟧ sends the filter without counting", "Leave ⟦skip-filter-check⟧ out.")
        }
        Options { preflight: Some(false), .. } => {
            ("⟦no-preflight⟧ is given, so nobody is counted", "Leave ⟦no-preflight⟧ out.")
        }
        _ => (
            "the configuration's preflight is false, so nobody is counted",
            "Leave preflight out of the configuration.",
        ),
    };
    let source =
        if options.maximum_identities.is_some() { "⟦option-max⟧" } else { "The configuration's maxIdentities" };
    Error::invalid_argument(format!("{source} cannot be kept: {why}.")).hint(hint)
}
