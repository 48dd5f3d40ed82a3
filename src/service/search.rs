//! `POST /search/v1` and `POST /search/v1/count`: documents of identities, and how many there are.

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::list::list_size;
use super::tenant::Age;
use super::{Call, Endpoint, Path, PendingCall};
use crate::error::{Code, Error, Result};
use crate::http::Delivery;
use crate::response::Response;

/// The most documents that one page can have.
pub(crate) const LARGEST_PAGE: u64 = 10_000;

/// The query that finds everybody.
const EVERYBODY: &str = "*";

const NEEDS: &str = "Needed are the scope sp:search:read and a user of a level that may search, such as ORG_ADMIN; HELPDESK may not. A personal \
     access token of that user does, and so does the token of an API client.";

/// Some of the documents that were found.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) documents: Vec<Value>,
    /// How many were found in all, where the answer says it.
    pub(crate) total: Option<u64>,
    bytes: usize,
}

/// A page of the identities that a query finds, sorted by id, beginning after the id `after`, with the members
/// `fields` of each.
pub(crate) fn search(call: &Call<'_>, query: &str, fields: &[String], after: Option<&str>, limit: u64) -> Result<Page> {
    finish_search(call, begin_search(call, query, fields, after, limit)?)
}

/// The same without waiting for the answer.
pub(crate) fn begin_search<'c>(
    call: &'c Call<'c>,
    query: &str,
    fields: &[String],
    after: Option<&str>,
    limit: u64,
) -> Result<PendingCall<'c>> {
    let question = Question {
        indices: IDENTITIES,
        query: Query { query },
        sort: &["id"],
        query_result_filter: Fields { includes: fields },
        search_after: after.map(|id| [id]),
    };
    call.begin(search_endpoint(limit), question.body())
}

pub(crate) fn finish_search(call: &Call<'_>, begun: PendingCall<'_>) -> Result<Page> {
    // Only its path and method are told.
    Page::read(call, &search_endpoint(0), &begun.finish()?)
}

fn search_endpoint(limit: u64) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path: Path::of("search", ""),
        query: format!("limit={limit}&count=true"),
        delivery: Delivery::Repeatable,
        doing: "the search for those who are meant",
        needs: NEEDS,
    }
}

/// A search's body. Typed, not a [`Value`]: it goes before nearly every refresh, and a tree of maps takes as long as
/// all else about it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    indices: [&'static str; 1],
    query: Query<'a>,
    sort: &'static [&'static str],
    query_result_filter: Fields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search_after: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
struct Query<'a> {
    query: &'a str,
}

#[derive(Serialize)]
struct Fields<'a> {
    includes: &'a [String],
}

const IDENTITIES: [&str; 1] = ["identities"];

impl Question<'_> {
    fn body(&self) -> Bytes {
        // Texts always serialise.
        Bytes::from(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// How many identities a query finds.
pub(crate) fn count(call: &Call<'_>, query: &str) -> Result<u64> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: Path::of("search", "/count"),
        query: String::new(),
        delivery: Delivery::Repeatable,
        doing: "the count of identities",
        needs: NEEDS,
    };
    let body = json!({ "indices": IDENTITIES, "query": { "query": query } });
    let response = call.exchange(&endpoint, Bytes::from(body.to_string()))?;
    call.total(&endpoint, &response)
}

/// How many identities the tenant has, as search sees it, and how old the answer is. Whoever may not search is told by
/// `GET /identities`.
pub(crate) fn tenant_size(call: &Call<'_>, age: Age) -> Result<(u64, Age)> {
    call.service.known.size.get(age, || match count(call, EVERYBODY) {
        Err(error) if error.details().code == Code::Forbidden => list_size(call).map_err(|_| error),
        counted => counted,
    })
}

impl Page {
    pub(super) fn read(call: &Call<'_>, endpoint: &Endpoint, response: &Response) -> Result<Self> {
        let documents = call.members(endpoint, response)?;
        let bytes = response.json().map_or(0, str::len);
        Ok(Self { documents, total: total(response), bytes })
    }

    /// How many documents of this kind fit well into one answer.
    pub(crate) fn next_limit(&self, call: &Call<'_>) -> u64 {
        let room = call.service.configuration.settings.maximum_response_bytes / 4;
        let each = (self.bytes / self.documents.len().max(1)).max(1) as u64;
        (room / each).clamp(100, LARGEST_PAGE)
    }
}

impl Call<'_> {
    /// The members of an answer that is a list.
    pub(super) fn members(&self, endpoint: &Endpoint, response: &Response) -> Result<Vec<Value>> {
        response
            .json()
            .and_then(|json| serde_json::from_str(json).ok())
            .ok_or_else(|| self.unusable(endpoint, response, "something that is no list"))
    }

    /// The number in `X-Total-Count`.
    pub(super) fn total(&self, endpoint: &Endpoint, response: &Response) -> Result<u64> {
        total(response).ok_or_else(|| self.unusable(endpoint, response, "no number in X-Total-Count"))
    }

    pub(super) fn unusable(&self, endpoint: &Endpoint, response: &Response, what: &str) -> Error {
        let url = self.service.url(&endpoint.path);
        let message = format!("{} {url} answered with status {} and {what}.", endpoint.method, response.status);
        Error::new(Code::InvalidResponse, message)
            .hint("Does baseUrl lead to the service itself, and not to something in front of it?")
    }
}

fn total(response: &Response) -> Option<u64> {
    response.header("x-total-count")?.trim().parse().ok()
}
