//! The main job, from the request's text to the service's answer.

mod by_name;
mod cc;
mod effects;
pub(crate) mod feed;
mod journal;
mod preflight;
mod process;
mod route;
mod run;
mod uncertain;

use std::time::Instant;

use serde::Serialize;

use self::feed::Feed;
use self::route::Route;
use self::run::BatchOutcome;
use crate::control::Control;
use crate::error::{Code, Error, Result};
use crate::report::{CallReport, FailedPerson, Failure, Names, Person, Report, Totals};
use crate::request::{Patience, RefreshRequest, Selection};
use crate::response::Response;
use crate::service::{Call, Service};
use crate::task::Followed;

/// The result of a refresh.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refreshed {
    pub(crate) backend: &'static str,
    /// The tenant's address, as the configuration gave it.
    pub(crate) base_url: String,
    /// Of a streamed refresh: the batch's number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) batch: Option<u64>,
    /// Of a streamed refresh: which attribute the names of the batch are values of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_attribute: Option<String>,
    /// Whom it touches, where that was counted.
    #[serde(flatten)]
    pub(crate) counted: Option<Counted>,
    /// What became of names that mean nobody, or several; only where people were named.
    #[serde(flatten)]
    pub(crate) names: Option<Names>,
    /// How many the journal has as done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<u64>,
    /// Of a streamed refresh that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) totals: Option<Totals>,
    /// Why `/cc` was not used in the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fallback: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    /// What would be sent; only with `options.dryRun`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<Response>,
    /// Whom the tasks have not refreshed, where they were waited for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) failed: Vec<FailedPerson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls: Option<Vec<CallReport>>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted {
    pub(crate) matched: u64,
    pub(crate) matched_exactly: bool,
    pub(crate) undecided: u64,
}

/// A refresh that was checked and not sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    /// Of the first call.
    pub(crate) url: String,
    /// The filter in its canonical form; null for everybody, people by name, or a filter that was not checked.
    pub(crate) filter: Option<String>,
    pub(crate) everybody: bool,
    /// The first ten, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identities: Option<Vec<Person>>,
    /// Of `/cc`'s call, the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls: Option<Vec<PlannedCall>>,
    /// The arguments that are not set, and done nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) side_effects: Option<Vec<&'static str>>,
}

/// Calls of one kind.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedCall {
    pub(crate) call: &'static str,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) count: u64,
}

/// Parses, chooses the backend, sends, waits where that is asked for. `feed`: of a streamed refresh.
pub(crate) fn refresh(text: &str, control: &Control, feed: Option<&Feed>) -> Result<Refreshed, Failure> {
    let request = RefreshRequest::parse(text)?;
    if request.stream && feed.is_none() {
        return Err(Error::invalid_argument("stream has no meaning here: the names come by cc_operation_send.")
            .hint("Start the refresh by cc_operation_start, or give identities in place of stream.")
            .into());
    }
    let service = Service::of_call(request.configuration)?;
    let deadline = request.options.total_timeout.map(|timeout| Instant::now() + timeout);
    let call = Call::new(&service, deadline, control);
    let route = route::route(&call, &request);
    let refreshed = match &request.selection {
        Selection::People(people) => by_name::refresh(&call, &request, people, route, feed),
        Selection::Filter { .. } | Selection::Everybody => by_filter(&call, &request, route),
    };
    let skipped = match &refreshed {
        Ok(refreshed) => refreshed.totals.as_ref().map(|totals| totals.skipped).or(refreshed.skipped),
        Err(failure) => failure.report.totals.as_ref().map(|totals| totals.skipped),
    };
    let skipped = skipped.filter(|skipped| *skipped > 0);
    let skipped =
        skipped.map(|skipped| format!("Identities skipped because the journal lists them as done: {skipped}."));
    let warnings: Vec<String> = skipped.into_iter().chain(call.notices.warnings(&service)).collect();
    match refreshed {
        Ok(refreshed) => Ok(Refreshed { warnings: [refreshed.warnings, warnings].concat(), ..refreshed }),
        Err(failure) => Err(failure.warnings(warnings)),
    }
}

fn by_filter(call: &Call<'_>, request: &RefreshRequest<'_>, route: Route) -> Result<Refreshed, Failure> {
    if request.options.journal.is_some() && route != Route::Process {
        return Err(Error::invalid_argument("options.journal is for people by name, and for a filter on process.")
            .hint("/cc takes a filter, and does not tell whom it refreshes: choose options.backend = process, or leave the journal out.")
            .into());
    }
    let refreshed = match route {
        Route::Process => process::refresh(call, request),
        Route::Cc => cc::refresh(call, request).map_err(route::without_fallback),
        Route::CcThenProcess => cc::refresh(call, request).or_else(|failure| route::fall_back(call, request, failure)),
    };
    follow(call, refreshed, request.options.wait)
}

impl Refreshed {
    /// Nothing yet, by this backend.
    pub(crate) fn new(call: &Call<'_>, backend: &'static str) -> Self {
        Self {
            backend,
            base_url: call.service.base_url().as_str().to_owned(),
            batch: None,
            identity_attribute: None,
            counted: None,
            names: None,
            skipped: None,
            totals: None,
            fallback: None,
            warnings: Vec::new(),
            plan: None,
            response: None,
            failed: Vec::new(),
            calls: Some(Vec::new()),
        }
    }

    /// An error in the place of this answer, with the report of everybody and all else that there is to say.
    pub(crate) fn into_failure(self, error: Error) -> Failure {
        let report = Report {
            fallback: self.fallback,
            warnings: self.warnings,
            // The calls have the ambiguous ones already.
            names: self.names.unwrap_or_default(),
            failed: self.failed,
            calls: self.calls.unwrap_or_default(),
            totals: self.totals,
        };
        Failure { error, report: Box::new(report) }
    }

    /// With the answer of the calls, and what became of names that were not sent; a failure where a call has failed.
    fn concluded(self, outcome: BatchOutcome, named: bool) -> Result<Self, Failure> {
        match outcome.conclude() {
            Ok((response, calls, names)) => {
                let refreshed = Self { response, calls: Some(calls), ..self };
                Ok(if named { refreshed.with_names(names) } else { refreshed })
            }
            Err(failure) => Err(failure.warnings(self.warnings)),
        }
    }

    /// With what became of names that were not sent.
    fn with_names(mut self, names: Names) -> Self {
        self.calls.get_or_insert_default().extend(names.report());
        Self { names: Some(names), ..self }
    }
}

/// Waits for the end of the tasks that a refresh has started, also where only some of its calls were accepted, and asks
/// whom they have refreshed. A task that has failed is an error, with the report of all; after another error it is a
/// warning.
fn follow(
    call: &Call<'_>,
    refreshed: Result<Refreshed, Failure>,
    patience: Option<Patience>,
) -> Result<Refreshed, Failure> {
    let Some(patience) = patience else { return refreshed };
    match refreshed {
        Ok(mut refreshed) => {
            let followed = Followed::all(call, refreshed.calls.as_deref_mut().unwrap_or_default(), patience);
            refreshed.failed = followed.failed;
            refreshed.warnings.extend(followed.warnings);
            match followed.first_error {
                Some(error) => Err(refreshed.into_failure(error)),
                None => Ok(refreshed),
            }
        }
        Err(mut failure) if failure.error.details().code == Code::PartialFailure => {
            let followed = Followed::all(call, &mut failure.report.calls, patience);
            let also = followed.first_error.filter(|also| also.details().code != Code::Cancelled);
            let also = also.map(|also| format!("{} {}", also.details().message, also.details().hint));
            failure.report.failed = followed.failed;
            Err(failure.warnings(followed.warnings).warnings(also))
        }
        Err(failure) => Err(failure),
    }
}
