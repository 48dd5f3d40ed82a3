//! Chooses the backend: `/cc`, its successor, or the fallback from the first to the second.

use super::{Refreshed, process};
use crate::config::Backend;
use crate::error::Result;
use crate::hint::WayOut;
use crate::report::{CallReport, Failure, Outcome};
use crate::request::{RefreshRequest, Selection};
use crate::response::StatusClass;
use crate::service::{self, Call, REFRESH_PATH};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Cc,
    /// `/cc`, and its successor if the tenant has lost `/cc`.
    CcThenProcess,
    Process,
}

/// The requested backend, or the best one for the request.
pub(crate) fn route(call: &Call<'_>, request: &RefreshRequest<'_>) -> Route {
    match (request.options.backend.unwrap_or(call.service.backend()), &request.selection) {
        (Backend::Cc, _) => Route::Cc,
        (Backend::Process, _) | (Backend::Auto, Selection::People(_)) => Route::Process,
        (Backend::Auto, _) if call.service.is_retired() => Route::Process,
        (Backend::Auto, _) => Route::CcThenProcess,
    }
}

/// Falls back to the successor if the error says that the tenant has lost `/cc`, and the host proves to have the
/// successor. A wrong host or a proxy answers like a tenant without `/cc`.
pub(crate) fn fall_back(call: &Call<'_>, request: &RefreshRequest<'_>, failure: Failure) -> Result<Refreshed, Failure> {
    let Some(status) = retirement_status(&failure) else { return Err(failure) };
    if matches!(request.selection, Selection::Everybody) {
        return Err(failure.map(|error| {
            error.add_hint(
                "Where the tenant has lost /cc, there is no full refresh: its successor takes people, by a filter or by identities.",
            )
        }));
    }
    let why = format!(
        "{} answered with status {status}: the tenant no longer has this endpoint, so its successor, identities/process, was used.",
        call.service.base_url().join(REFRESH_PATH)
    );
    match process::refresh_as_fallback(call, request) {
        Err(other) if has_no_successor(&other) => Err(merge_failures(failure, other)
            .map(|error| error.add_hint("Its successor, identities/process, does not answer there either."))),
        Err(mut other) => {
            remember_retirement(call, &other.report.calls);
            other.report.fallback = Some(why);
            Err(other)
        }
        Ok(refreshed) => {
            remember_retirement(call, refreshed.calls.as_deref().unwrap_or_default());
            Ok(Refreshed { fallback: Some(why), ..refreshed })
        }
    }
}

/// Adds the way out of an error of `/cc` if no fallback is allowed and the host has the successor's search.
pub(crate) fn without_fallback(call: &Call<'_>, failure: Failure) -> Failure {
    match retirement_status(&failure) {
        Some(_) if service::may_search(call) => failure.map(|error| {
            error
                .add_hint("Where the tenant has lost it, its successor refreshes people by a filter or by identities.")
                .way(WayOut::Process)
        }),
        _ => failure,
    }
}

fn has_no_successor(failure: &Failure) -> bool {
    failure.error.details().response.as_ref().is_some_and(|answer| answer.is_missing_endpoint() || answer.is_html())
}

/// Adds the other backend's report to the first failure: a gateway may answer like a wrong host although the service
/// behind it accepted the refresh.
fn merge_failures(mut failure: Failure, other: Failure) -> Failure {
    let sent = failure.error.details().sent.and(other.error.details().sent);
    failure.report.calls.extend(other.report.calls);
    failure.map(|error| error.sent(sent))
}

/// The status of `/cc`'s answer, if it is that of a tenant without `/cc`.
fn retirement_status(failure: &Failure) -> Option<u16> {
    // Not the answer to an earlier request, such as a search.
    let was_sent = failure.report.calls.iter().any(|report| report.outcome == Outcome::Rejected);
    let response = failure.error.details().response.as_ref().filter(|_| was_sent)?;
    (response.is_missing_endpoint() && !response.is_html()).then_some(response.status)
}

/// Remembers that the tenant has no `/cc`, if the successor has answered.
fn remember_retirement(call: &Call<'_>, calls: &[CallReport]) {
    let has_answered = |report: &CallReport| match report.outcome {
        Outcome::Accepted => true,
        Outcome::Rejected => matches!(
            report.status.map(StatusClass::of),
            Some(StatusClass::Invalid | StatusClass::Unauthorized | StatusClass::Forbidden | StatusClass::RateLimited)
        ),
        Outcome::NotSent | Outcome::MaybeSent => false,
    };
    if calls.iter().any(has_answered) {
        call.service.remember_retired();
    }
}
