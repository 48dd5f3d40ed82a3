//! The main job, from the request's text to the service's answer.

use std::time::Instant;

use serde::Serialize;

use crate::control::Control;
use crate::envelope::{CallReport, Outcome, Response};
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::preflight::{self, Limits, Person};
use crate::request::{Options, RefreshRequest, Selection};
use crate::service::{self, Call, Service};

/// The result of a refresh.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refreshed {
    backend: &'static str,
    /// The tenant's address, as the configuration gave it.
    base_url: String,
    /// Whom it touches, where that was counted.
    #[serde(flatten)]
    counted: Option<Counted>,
    /// What would be sent; only with `options.dryRun`.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
    calls: Vec<CallReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    matched: u64,
    matched_exactly: bool,
    undecided: u64,
}

/// A refresh that was checked and not sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    url: String,
    /// The filter in its canonical form; null for everybody, or a filter that was not checked.
    filter: Option<String>,
    everybody: bool,
    /// The first ten, where they were counted by a filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    identities: Option<Vec<Person>>,
    body: String,
}

/// Parses, checks, counts, sends.
pub(crate) fn refresh(text: &str, control: &Control) -> Result<Refreshed> {
    let request = RefreshRequest::parse(text)?;
    let service = Service::of_call(request.configuration)?;
    let deadline = request.options.total_timeout.map(|timeout| Instant::now() + timeout);
    let call = Call { service: &service, deadline, control };
    let (counted, identities) = count(&call, &request)?;
    let base_url = service.base_url().as_str().to_owned();
    if request.options.dry_run {
        let plan = Plan {
            url: service.base_url().join(service::REFRESH_PATH).to_string(),
            filter: match &request.selection {
                Selection::Filter { parsed, .. } => parsed.as_ref().map(Filter::canonical),
                Selection::Everybody => None,
            },
            everybody: matches!(request.selection, Selection::Everybody),
            identities,
            body: request.body(),
        };
        return Ok(Refreshed { backend: "cc", base_url, counted, plan: Some(plan), response: None, calls: Vec::new() });
    }
    let response = service::refresh_identities(&call, request.body())?;
    let calls = vec![CallReport { outcome: Outcome::Accepted, status: Some(response.status) }];
    Ok(Refreshed { backend: "cc", base_url, counted, plan: None, response: Some(response), calls })
}

impl Refreshed {
    /// What an error has to account for that takes this answer's place.
    pub(crate) fn into_calls(self) -> Vec<CallReport> {
        self.calls
    }
}

/// The preflight, where there is to be one: refuses, or tells whom the refresh touches.
fn count(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<(Option<Counted>, Option<Vec<Person>>)> {
    let options = &request.options;
    let maximum = options.maximum_identities.or(call.service.maximum_identities());
    let wanted = options.preflight.unwrap_or(call.service.preflight()) && !options.skip_filter_check;
    if !wanted && request.prunes() && !options.allow_prune_all {
        return Err(uncounted_prune());
    }
    if !wanted {
        return if maximum.is_some() { Err(uncounted(options)) } else { Ok((None, None)) };
    }
    let limits = Limits { maximum, everybody: request.means_everybody(), exactly: options.dry_run };
    match &request.selection {
        Selection::Filter { parsed: Some(filter), .. } => {
            let matches = preflight::check(call, filter, limits)?;
            let counted =
                Counted { matched: matches.matched, matched_exactly: matches.exactly, undecided: matches.undecided };
            Ok((Some(counted), Some(matches.people)))
        }
        Selection::Everybody if maximum.is_some() || options.dry_run => {
            match preflight::check_everybody(call, limits) {
                Ok(matched) => Ok((Some(Counted { matched, matched_exactly: true, undecided: 0 }), None)),
                // Everybody was named: the number is only told, and only where it can be.
                Err(error) if error.details().code == Code::PreflightUnavailable && maximum.is_none() => {
                    Ok((None, None))
                }
                Err(error) => Err(error),
            }
        }
        Selection::Filter { parsed: None, .. } | Selection::Everybody => Ok((None, None)),
    }
}

/// The error of a deletion whose extent nobody has looked at.
fn uncounted_prune() -> Error {
    Error::new(
        Code::WouldRefreshAll,
        "pruneIdentities with a filter that nobody has held against the tenant: if the service cannot use it, every identity without an account is deleted.",
    )
    .hint("Nothing was sent. Let the preflight count whom the filter matches, or leave pruneIdentities out.")
}

/// The error of a maximum that nothing would be held against.
fn uncounted(options: &Options) -> Error {
    let why = match options {
        Options { skip_filter_check: true, .. } => "options.skipFilterCheck sends the filter without counting",
        Options { preflight: Some(false), .. } => "options.preflight is false, so nobody is counted",
        _ => "the configuration's preflight is false, so nobody is counted",
    };
    let source = if options.maximum_identities.is_some() {
        "options.maxIdentities"
    } else {
        "The configuration's maxIdentities"
    };
    Error::invalid_argument(format!("{source} cannot be kept: {why}."))
        .hint("Leave out one of the two. A ceiling holds for every call, or it is none.")
}
