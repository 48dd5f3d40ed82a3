//! The main job, from the request's text to the service's answer.

mod cc;
mod cc_by_name;
mod delivery;
mod effects;
mod preflight;
mod process;
mod route;

use std::collections::HashSet;
use std::time::Instant;

use serde::Serialize;

use self::route::Route;
use crate::control::Control;
use crate::error::{Code, Error, Result};
use crate::refresh::delivery::Delivered;
use crate::report::{CallReport, FailedPerson, Names, Person};
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
    /// Whom it touches, where that was counted.
    #[serde(flatten)]
    pub(crate) counted: Option<Counted>,
    /// What became of names that mean nobody, or several; only where people were named.
    #[serde(flatten)]
    pub(crate) names: Option<Names>,
    /// Why it was not `/cc` that was asked in the end.
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
    pub(crate) calls: Vec<CallReport>,
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

/// Parses, chooses the way, goes it, waits where that is asked for.
pub(crate) fn refresh(text: &str, control: &Control) -> Result<Refreshed> {
    let request = RefreshRequest::parse(text)?;
    let service = Service::of_call(request.configuration)?;
    let deadline = request.options.total_timeout.map(|timeout| Instant::now() + timeout);
    let call = Call::new(&service, deadline, control);
    let way = route::way(&call, &request);
    if matches!(&request.selection, Selection::People(people) if people.values.is_empty()) {
        return Ok(Refreshed::of_nobody(&call, way));
    }
    let refreshed = match way {
        Route::Process => process::refresh(&call, &request),
        Route::Cc => cc::refresh(&call, &request).map_err(route::without_fallback),
        Route::CcThenProcess => cc::refresh(&call, &request).or_else(|error| route::fall_back(&call, &request, error)),
    };
    let mut refreshed = refreshed.map_err(|error| accounted(error, &request.selection, way));
    if let Some(patience) = request.options.wait {
        refreshed = follow(&call, refreshed, patience);
    }
    let warnings = call.notices.warnings(&service);
    match refreshed {
        Ok(refreshed) => Ok(Refreshed { warnings: [refreshed.warnings, warnings].concat(), ..refreshed }),
        Err(error) => Err(error.warnings(warnings)),
    }
}

impl Refreshed {
    /// An error in this answer's place, with the account of everybody and all else that there is to be said.
    pub(crate) fn into_failure(self, error: Error) -> Error {
        let error = match self.fallback {
            Some(sentence) => error.fallback(sentence),
            None => error,
        };
        // The calls have those names already.
        error.names(self.names.unwrap_or_default()).calls(self.calls).failed(self.failed).warnings(self.warnings)
    }

    /// Nothing yet, by this way.
    pub(crate) fn new(call: &Call<'_>, backend: &'static str) -> Self {
        Self {
            backend,
            base_url: call.service.base_url().as_str().to_owned(),
            counted: None,
            names: None,
            fallback: None,
            warnings: Vec::new(),
            plan: None,
            response: None,
            failed: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// An empty list of people.
    fn of_nobody(call: &Call<'_>, way: Route) -> Self {
        let backend = if way == Route::Process { "process" } else { "cc" };
        let counted = Counted { matched_exactly: true, ..Counted::default() };
        Self { counted: Some(counted), ..Self::new(call, backend) }.with_names(Some(Names::default()))
    }

    /// With the answer of the calls, and what became of the names that were not sent; an error where a call has failed.
    pub(crate) fn concluded(self, delivered: Delivered, names: Option<Names>) -> Result<Self> {
        match delivered.conclude() {
            Ok((response, calls)) => Ok(Self { response: Some(response), calls, ..self }.with_names(names)),
            Err(error) => Err(error.names(names.unwrap_or_default()).warnings(self.warnings)),
        }
    }

    /// With what became of the names that were not sent.
    pub(crate) fn with_names(mut self, names: Option<Names>) -> Self {
        self.calls.extend(names.as_ref().and_then(Names::report));
        Self { names, ..self }
    }
}

/// An error that came before any call was made, with the account of everybody who was named: nobody was sent.
fn accounted(error: Error, selection: &Selection, way: Route) -> Error {
    let Selection::People(people) = selection else { return error };
    let details = error.details();
    let in_calls = details.calls.iter().flat_map(|report| &report.identities);
    let ambiguous = details.names.ambiguous.iter().map(|ambiguous| &ambiguous.identity);
    let known: HashSet<&str> = in_calls.chain(&details.names.unmatched).chain(ambiguous).map(String::as_str).collect();
    let rest: Vec<String> = people.values.iter().filter(|value| !known.contains(value.as_str())).cloned().collect();
    if rest.is_empty() {
        return error;
    }
    let call = if way == Route::Process { CallReport::PROCESS } else { CallReport::REFRESH };
    error.and_call(CallReport::not_sent(call, rest, Vec::new()))
}

/// Waits for the end of the tasks that a refresh has started, also where only some of its calls were accepted, and asks
/// whom they have refreshed. A task that has failed is an error, with the account of all; after another error it is a
/// warning.
fn follow(call: &Call<'_>, refreshed: Result<Refreshed>, patience: Patience) -> Result<Refreshed> {
    match refreshed {
        Ok(mut refreshed) => {
            let followed = Followed::all(call, &mut refreshed.calls, patience);
            refreshed.failed = followed.failed;
            refreshed.warnings.extend(followed.warnings);
            match followed.first_error {
                Some(error) => Err(refreshed.into_failure(error)),
                None => Ok(refreshed),
            }
        }
        Err(mut error) if error.details().code == Code::PartialFailure => {
            let mut calls = error.take_calls();
            let followed = Followed::all(call, &mut calls, patience);
            let also = followed.first_error.filter(|also| also.details().code != Code::Cancelled);
            let also = also.map(|also| format!("{} {}", also.details().message, also.details().hint));
            Err(error.calls(calls).failed(followed.failed).warnings(followed.warnings).warnings(also))
        }
        Err(error) => Err(error),
    }
}
