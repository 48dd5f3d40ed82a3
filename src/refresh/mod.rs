//! The main job, from the text of the request to the answer.

mod by_name;
mod cc;
mod effects;
pub(crate) mod feed;
mod journal;
mod preflight;
mod process;
mod route;
mod run;
mod ways;

use std::collections::BTreeSet;
use std::time::Instant;

use serde::Serialize;

use self::feed::{Feed, NextNames};
use self::journal::Journal;
use self::route::Route;
use self::run::BatchOutcome;
use crate::control::Control;
use crate::envelope;
use crate::error::{Code, Error, Result};
use crate::filter::Attribute;
use crate::hint::WayOut;
use crate::report::{CallReport, FailedPerson, Failure, Names, Person, Report, TaskState, Totals};
use crate::request::{self, RefreshRequest, Selection, WaitOptions};
use crate::response::Response;
use crate::secret::Secrets;
use crate::service::{Call, Service};
use crate::task::FollowedTasks;
use crate::wording::Client;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refreshed {
    pub(crate) backend: &'static str,
    pub(crate) base_url: String,
    /// For a streamed refresh: the number of the batch, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) batch: Option<u64>,
    /// For a streamed refresh: the attribute of the names in the batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_attribute: Option<String>,
    /// The number of matches, if they were counted.
    #[serde(flatten)]
    pub(crate) counted: Option<Counted>,
    /// Names that match nobody or several people; only for people by name.
    #[serde(flatten)]
    pub(crate) names: Option<Names>,
    /// The number of people who are done according to the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped: Option<u64>,
    /// For a streamed refresh that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) totals: Option<Totals>,
    /// Why the fallback from `/cc` was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fallback: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    /// Only with `options.dryRun`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<Response>,
    /// People whom the tasks have not refreshed, if the call waited for them.
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

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    /// The URL of the first call.
    pub(crate) url: String,
    /// The filter in canonical form; null for everybody, for people by name, and for an unchecked filter.
    pub(crate) filter: Option<String>,
    pub(crate) everybody: bool,
    /// The first ten, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identities: Option<Vec<Person>>,
    /// The body of the first call of `/cc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls: Option<Vec<PlannedCall>>,
    /// Arguments that are not set although the call has their effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) side_effects: Option<Vec<&'static str>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PlannedCall {
    pub(crate) call: &'static str,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) count: u64,
}

/// Parses the request, chooses the backend, sends, and waits if requested. `feed`: for a streamed refresh.
pub(crate) fn refresh(text: &str, control: &Control, feed: Option<&Feed>) -> Result<Refreshed, Failure> {
    refresh_people(text, control, feed).map_err(|failure| match feed {
        Some(feed) => not_sent(failure, feed, &request::identity_attribute(text)),
        None => failure,
    })
}

/// A failure before the first name was taken: all names, sent so far or later, are reported as not sent.
pub(crate) fn not_sent(mut failure: Failure, feed: &Feed, identity_attribute: &str) -> Failure {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct NotSent {
        batch: u64,
        identity_attribute: String,
        calls: [CallReport; 1],
    }
    feed.stop();
    let mut totals = Totals::default();
    let mut batch = 0;
    while let NextNames::Names(attribute, names) = feed.take(run::MAX_BATCH, true) {
        batch += 1;
        totals.given += names.len() as u64;
        totals.not_sent += names.len() as u64;
        let identity_attribute = attribute.as_ref().map_or(identity_attribute, Attribute::name).to_owned();
        let calls = [CallReport::left_out(names, "stopped")];
        let result = NotSent { batch, identity_attribute, calls };
        // No server has taken part in it.
        feed.finish(envelope::write::<_, Failure>(Client::C, &Secrets::default(), Ok(result)));
    }
    failure.report.totals.get_or_insert(totals);
    failure
}

fn refresh_people(text: &str, control: &Control, feed: Option<&Feed>) -> Result<Refreshed, Failure> {
    let request = RefreshRequest::parse(text)?;
    if request.stream && feed.is_none() {
        return Err(Error::invalid_argument("stream has no meaning here: the names come by ⟦send⟧.")
            .hint("Start the refresh by ⟦start⟧, or give identities in place of stream.")
            .into());
    }
    let service = Service::of_call(request.configuration)?;
    let deadline = request.options.total_timeout.map(|timeout| Instant::now() + timeout);
    let call = Call::new(&service, deadline, control);
    let route = route::route(&call, &request);
    let refreshed = match &request.selection {
        Selection::People(people) => {
            let refreshed = by_name::refresh(&call, &request, people, route, feed);
            if route == Route::Cc {
                refreshed.map_err(|failure| route::without_fallback(&call, failure))
            } else {
                refreshed
            }
        }
        Selection::Filter { .. } | Selection::Everybody => by_filter(&call, &request, route),
    };
    let warnings = call.metadata.warnings(&service);
    match refreshed {
        Ok(refreshed) => Ok(Refreshed { warnings: [refreshed.warnings, warnings].concat(), ..refreshed }),
        Err(failure) => {
            let route = if failure.report.fallback.is_some() { Route::Process } else { route };
            Err(failure.map(|error| ways::permit(&call, &request, route, error)).warnings(warnings))
        }
    }
}

fn by_filter(call: &Call<'_>, request: &RefreshRequest<'_>, route: Route) -> Result<Refreshed, Failure> {
    if request.options.journal.is_some() && route != Route::Process {
        return Err(Error::invalid_argument("⟦journal⟧ is for people by name, and for a filter on process.")
            .hint("/cc takes a filter, and does not report whom it refreshes: leave the journal out.")
            .way(WayOut::Process)
            .into());
    }
    let refreshed = match route {
        Route::Process => return process::refresh(call, request),
        Route::Cc => cc::refresh(call, request).map_err(|failure| route::without_fallback(call, failure)),
        Route::CcThenProcess => cc::refresh(call, request).or_else(|failure| route::fall_back(call, request, failure)),
    };
    follow(call, refreshed, request.options.wait, None, None)
}

impl Refreshed {
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

    /// Turns this answer into a failure that keeps its report.
    pub(crate) fn into_failure(self, error: Error) -> Failure {
        let report = Report {
            fallback: self.fallback,
            warnings: self.warnings,
            // The calls already have the ambiguous names.
            names: self.names.unwrap_or_default(),
            failed: self.failed,
            calls: self.calls.unwrap_or_default(),
            totals: self.totals,
        };
        Failure { error, report: Box::new(report) }
    }

    /// Adds the outcome of the calls; a failure if a call has failed.
    fn with_outcome(self, outcome: BatchOutcome, named: bool) -> Result<Self, Failure> {
        match outcome.into_result() {
            Ok((response, calls, names)) => {
                let refreshed = Self { response, calls: Some(calls), ..self };
                Ok(if named { refreshed.with_names(names) } else { refreshed })
            }
            Err(failure) => Err(failure.warnings(self.warnings)),
        }
    }

    /// Adds names that were not sent.
    fn with_names(mut self, names: Names) -> Self {
        self.calls.get_or_insert_default().extend(names.report());
        Self { names: Some(names), ..self }
    }
}

/// Waits for the tasks of a refresh, also if only some of its calls were accepted, and asks whom they have refreshed. A
/// failed task is an error with the whole report; after another error it is a warning. `so_far`: the progress of a stream.
/// `journal`: gets the names, of this attribute, that the tasks have not refreshed.
fn follow(
    call: &Call<'_>,
    refreshed: Result<Refreshed, Failure>,
    wait: Option<WaitOptions>,
    so_far: Option<(u64, Option<u64>)>,
    journal: Option<(&mut Journal, &Attribute)>,
) -> Result<Refreshed, Failure> {
    let Some(wait) = wait else { return refreshed };
    match refreshed {
        Ok(mut refreshed) => {
            let followed =
                FollowedTasks::follow_all(call, refreshed.calls.as_deref_mut().unwrap_or_default(), wait, so_far);
            refreshed.failed = followed.failed;
            refreshed.warnings.extend(followed.warnings);
            let calls = refreshed.calls.as_deref().unwrap_or_default();
            refreshed.warnings.extend(record_failed(journal, calls, &refreshed.failed));
            match followed.first_error {
                Some(error) => Err(refreshed.into_failure(error)),
                None => Ok(refreshed),
            }
        }
        Err(mut failure) if failure.error.details().code == Code::PartialFailure => {
            let followed = FollowedTasks::follow_all(call, &mut failure.report.calls, wait, so_far);
            let also = followed.first_error.filter(|also| also.details().code != Code::Cancelled);
            let also = also.map(|also| format!("{} {}", also.details().message, also.details().hint));
            failure.report.failed = followed.failed;
            let unrecorded = record_failed(journal, &failure.report.calls, &failure.report.failed);
            Err(failure.warnings(followed.warnings).warnings(also).warnings(unrecorded))
        }
        Err(failure) => Err(failure),
    }
}

/// Writes to the journal whom the tasks have not refreshed, so that the next run sends them again. Returns a warning if
/// that fails.
fn record_failed(
    journal: Option<(&mut Journal, &Attribute)>,
    calls: &[CallReport],
    failed: &[FailedPerson],
) -> Option<String> {
    let (journal, attribute) = journal?;
    let has_failed = |report: &&CallReport| {
        let ended = report.task.as_ref().and_then(|task| task.ended.as_ref());
        ended.is_some_and(|ended| ended.state == TaskState::Failed)
    };
    let of_tasks = calls.iter().filter(has_failed).flat_map(|report| &report.identities);
    let names: BTreeSet<&String> = of_tasks.chain(failed.iter().map(|person| &person.identity)).collect();
    if names.is_empty() {
        return None;
    }
    let written = journal.write_failed(attribute.name(), names.into_iter().cloned().collect());
    let error = written.err()?;
    Some(format!(
        "{} The next run with this journal skips the people whom the tasks have not refreshed.",
        error.details().message
    ))
}
