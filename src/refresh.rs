//! The main job, from the request's text to the service's answer.

use std::time::Instant;

use serde::Serialize;

use crate::envelope::{CallReport, Outcome, Response};
use crate::error::Result;
use crate::request::{RefreshRequest, Selection};
use crate::service::{self, Call, Service};

/// The result of a refresh.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refreshed {
    backend: &'static str,
    /// The tenant's address, as the configuration gave it.
    base_url: String,
    /// What would be sent; only with `options.dryRun`.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
    calls: Vec<CallReport>,
}

/// A refresh that was checked and not sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    url: String,
    /// The filter in its canonical form; null for everybody, or a filter that was not checked.
    filter: Option<String>,
    everybody: bool,
    body: String,
}

/// Parses, checks, sends.
pub(crate) fn refresh(text: &str) -> Result<Refreshed> {
    let request = RefreshRequest::parse(text)?;
    let service = Service::of_call(request.configuration)?;
    let call =
        Call { service: &service, deadline: request.options.total_timeout.map(|timeout| Instant::now() + timeout) };
    let base_url = service.base_url().as_str().to_owned();
    if request.options.dry_run {
        let plan = Plan {
            url: service.base_url().join(service::REFRESH_PATH).to_string(),
            filter: match &request.selection {
                Selection::Filter { parsed, .. } => parsed.as_ref().map(crate::filter::Filter::canonical),
                Selection::Everybody => None,
            },
            everybody: matches!(request.selection, Selection::Everybody),
            body: request.body(),
        };
        return Ok(Refreshed { backend: "cc", base_url, plan: Some(plan), response: None, calls: Vec::new() });
    }
    let response = service::refresh_identities(&call, request.body())?;
    let calls = vec![CallReport { outcome: Outcome::Accepted, status: Some(response.status) }];
    Ok(Refreshed { backend: "cc", base_url, plan: None, response: Some(response), calls })
}
