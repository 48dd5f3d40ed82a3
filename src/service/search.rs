//! `POST /search/v1` and `POST /search/v1/count`: identities as documents, and their number.

use std::borrow::Cow;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde::Serialize;
use serde_json::Value;

use super::list::{RefreshStatus, list_size};
use super::tenant::Freshness;
use super::{Call, Endpoint, Path, PendingCall};
use crate::error::{Code, Error, Result};
use crate::filter::query::any_of;
use crate::http::Delivery;
use crate::json;
use crate::response::Response;

/// The maximum page size.
pub(crate) const LARGEST_PAGE: u64 = 10_000;

/// The query that matches everybody.
const EVERYBODY: &str = "*";

static TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

const NEEDS: &str = "Required are the scope sp:search:read and a user of a level that may search, such as ORG_ADMIN, but not HELPDESK. A \
     personal access token of that user is sufficient, and so is the token of an API client.";

/// A page of documents.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) documents: Vec<Value>,
    /// The number of all matches, if the answer has it.
    pub(crate) total: Option<u64>,
    bytes: usize,
}

/// A page of the identities that a query finds, sorted by id, starting after the id `after`, with the given fields.
pub(crate) fn search(
    call: &Call<'_>,
    query: &str,
    fields: &[Cow<'static, str>],
    after: Option<&str>,
    limit: u64,
) -> Result<Page> {
    finish_search(call, begin_search(call, query, fields, after, limit)?)
}

/// Starts a search without waiting for the answer.
pub(crate) fn begin_search<'c>(
    call: &'c Call<'c>,
    query: &str,
    fields: &[Cow<'static, str>],
    after: Option<&str>,
    limit: u64,
) -> Result<PendingCall<'c>> {
    let question = Question {
        indices: IDENTITIES,
        query: Query { query },
        sort: Some(["id"]),
        query_result_filter: Some(Fields { includes: fields }),
        search_after: after.map(|id| [id]),
    };
    call.begin(search_endpoint(["limit=", &limit.to_string(), "&count=true"].concat()), question.body())
}

pub(crate) fn finish_search(call: &Call<'_>, begun: PendingCall<'_>) -> Result<Page> {
    // Errors use only its path and method.
    Page::read(call, &search_endpoint(String::new()), &begun.finish()?)
}

fn search_endpoint(query: String) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path: Path::versioned("search", ""),
        query,
        delivery: Delivery::Repeatable,
        action: "the search for identities",
        needs: NEEDS,
    }
}

/// The body of a search. Typed for speed, because a search precedes nearly every refresh.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    indices: [&'static str; 1],
    query: Query<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_result_filter: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search_after: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
struct Query<'a> {
    query: &'a str,
}

#[derive(Serialize)]
struct Fields<'a> {
    includes: &'a [Cow<'static, str>],
}

const IDENTITIES: [&str; 1] = ["identities"];

impl Question<'_> {
    fn body(&self) -> Bytes {
        // Texts always serialise.
        Bytes::from(json::written(self).unwrap_or_default())
    }
}

/// The status of the people with these ids, for users who may not list identities. People whom search does not have are
/// left out, and so may members be.
pub(crate) fn refresh_statuses_by_search(call: &Call<'_>, ids: &[&str]) -> Result<Vec<RefreshStatus>> {
    let fields = ["id", "processingState", "lastRefresh"].map(Cow::Borrowed);
    let page = search(call, &any_of("id", ids), &fields, None, LARGEST_PAGE)?;
    Ok(page.documents.iter().filter_map(RefreshStatus::of).collect())
}

/// The number of identities that a query finds.
pub(crate) fn count(call: &Call<'_>, query: &str) -> Result<u64> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: Path::versioned("search", "/count"),
        query: String::new(),
        delivery: Delivery::Repeatable,
        action: "the count of identities",
        needs: NEEDS,
    };
    let question = Question {
        indices: IDENTITIES,
        query: Query { query },
        sort: None,
        query_result_filter: None,
        search_after: None,
    };
    let response = call.exchange(&endpoint, question.body())?;
    call.total(&endpoint, &response)
}

/// The number of identities in the tenant, and whether it was cached. For users who may not search, it comes from `GET
/// /identities`.
pub(crate) fn tenant_size(call: &Call<'_>, freshness: Freshness) -> Result<(u64, Freshness)> {
    call.service.facts.size.get(freshness, || match count(call, EVERYBODY) {
        Err(error) if error.is_forbidden_endpoint() => list_size(call).map_err(|_| error),
        counted => counted,
    })
}

/// Whether the user may search, as far as a question tells. For errors only.
pub(crate) fn may_search(call: &Call<'_>) -> bool {
    count(call, EVERYBODY).is_ok()
}

/// Whether the user may list identities, as far as a question tells. For errors only.
pub(crate) fn may_list(call: &Call<'_>) -> bool {
    list_size(call).is_ok()
}

impl Page {
    pub(super) fn read(call: &Call<'_>, endpoint: &Endpoint, response: &Response) -> Result<Self> {
        let documents = call.members(endpoint, response)?;
        Ok(Self { documents, total: total(response), bytes: response.length() })
    }

    /// The page size that fits into an answer of the maximum size.
    pub(crate) fn next_limit(&self, call: &Call<'_>) -> u64 {
        let room = call.service.configuration.settings.maximum_response_bytes / 4;
        let each = (self.bytes / self.documents.len().max(1)).max(1) as u64;
        (room / each).clamp(100, LARGEST_PAGE)
    }
}

impl Call<'_> {
    /// The members of an answer that is an array.
    pub(super) fn members(&self, endpoint: &Endpoint, response: &Response) -> Result<Vec<Value>> {
        match response.tree() {
            Some(Value::Array(members)) => Ok(members),
            _ => Err(self.invalid_response(endpoint, response, "something that is no list, or has too many values")),
        }
    }

    /// The number in `X-Total-Count`.
    pub(super) fn total(&self, endpoint: &Endpoint, response: &Response) -> Result<u64> {
        total(response).ok_or_else(|| self.invalid_response(endpoint, response, "no number in X-Total-Count"))
    }

    pub(super) fn invalid_response(&self, endpoint: &Endpoint, response: &Response, what: &str) -> Error {
        let url = self.service.url(&endpoint.path);
        let message = format!("{} {url} answered with status {} and {what}.", endpoint.method, response.status);
        Error::new(Code::InvalidResponse, message)
            .hint("Does baseUrl lead to the service itself, and not to something in front of it?")
    }
}

fn total(response: &Response) -> Option<u64> {
    response.header(&TOTAL_COUNT)?.trim().parse().ok()
}
