//! Which way a refresh goes: `/cc`, its successor, or from the one over to the other.

use super::{Refreshed, process};
use crate::config::Backend;
use crate::error::Result;
use crate::report::{CallReport, Failure, Outcome};
use crate::request::{RefreshRequest, Selection};
use crate::service::{Call, REFRESH_PATH};

/// The way of a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Cc,
    /// `/cc`, and its successor where the tenant has lost it.
    CcThenProcess,
    Process,
}

/// The way that was asked for, or that suits the request best.
pub(crate) fn route(call: &Call<'_>, request: &RefreshRequest<'_>) -> Route {
    match (request.options.backend.unwrap_or(call.service.backend()), &request.selection) {
        (Backend::Cc, _) => Route::Cc,
        (Backend::Process, _) | (Backend::Auto, Selection::People(_)) => Route::Process,
        (Backend::Auto, _) if call.service.is_retired() => Route::Process,
        (Backend::Auto, _) => Route::CcThenProcess,
    }
}

/// What is left to do after an error of `/cc`: its successor, where the error says that the tenant has lost the one
/// and the host proves to have the other. A wrong host, or a proxy, answers like a tenant that has lost it.
pub(crate) fn fall_back(call: &Call<'_>, request: &RefreshRequest<'_>, failure: Failure) -> Result<Refreshed, Failure> {
    let Some(status) = status_of_retirement(&failure) else { return Err(failure) };
    if matches!(request.selection, Selection::Everybody) {
        return Err(failure.map(|error| {
            error.also(
                "Where the tenant has lost /cc, there is no full refresh: its successor takes people, by a filter or by identities.",
            )
        }));
    }
    let why = format!(
        "{} answered with status {status}: the tenant no longer has this endpoint, so its successor, identities/process, was asked.",
        call.service.base_url().join(REFRESH_PATH)
    );
    match process::refresh_where_there_is_one(call, request) {
        Err(other) if has_no_successor(&other) => Err(both(failure, other)
            .map(|error| error.also("Its successor, identities/process, does not answer there either."))),
        Err(mut other) => {
            remember(call, &other.report.calls);
            other.report.fallback = Some(why);
            Err(other)
        }
        Ok(refreshed) => {
            remember(call, refreshed.calls.as_deref().unwrap_or_default());
            Ok(Refreshed { fallback: Some(why), ..refreshed })
        }
    }
}

/// An error of `/cc` where it alone was asked for.
pub(crate) fn without_fallback(failure: Failure) -> Failure {
    match status_of_retirement(&failure) {
        Some(_) => failure.map(|error| {
            error.also(
                "Where the tenant has lost it, its successor refreshes people by a filter or by identities: ⟦backend-process⟧.",
            )
        }),
        None => failure,
    }
}

fn has_no_successor(failure: &Failure) -> bool {
    failure.error.details().response.as_ref().is_some_and(|answer| answer.is_no_route() || answer.is_page())
}

/// The first failure with the report of the other backend as well: what answers like a wrong host may be a gateway,
/// behind which the refresh was taken.
fn both(mut failure: Failure, other: Failure) -> Failure {
    let sent = failure.error.details().sent.and(other.error.details().sent);
    failure.report.calls.extend(other.report.calls);
    failure.map(|error| error.sent(sent))
}

/// The status of `/cc`'s answer, where it is that of a tenant without `/cc`.
fn status_of_retirement(failure: &Failure) -> Option<u16> {
    // Not the answer to a question before it.
    let was_sent = failure.report.calls.iter().any(|report| report.outcome == Outcome::Rejected);
    let response = failure.error.details().response.as_ref().filter(|_| was_sent)?;
    (response.is_no_route() && !response.is_page()).then_some(response.status)
}

/// Remembers the tenant as one without `/cc`, if its successor has answered.
fn remember(call: &Call<'_>, calls: &[CallReport]) {
    let has_answered = |report: &CallReport| match report.outcome {
        Outcome::Accepted => true,
        Outcome::Rejected => matches!(report.status, Some(400 | 401 | 403 | 429)),
        Outcome::NotSent | Outcome::MaybeSent => false,
    };
    if calls.iter().any(has_answered) {
        call.service.remember_retired();
    }
}
