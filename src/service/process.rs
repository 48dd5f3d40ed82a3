//! The successors of `/cc`: `POST /identities/v1/process` and `POST /identities/v1/{id}/synchronize-attributes`. Both
//! take ids and nothing else, so that neither can become a full refresh.

use std::borrow::Cow;

use bytes::Bytes;
use reqwest::Method;
use serde_json::json;

use super::{Call, Endpoint, Path, PendingCall, Service, segment};
use crate::error::Result;
use crate::http::Delivery;

/// The most ids that one call takes.
pub(crate) const LARGEST_BATCH: usize = 250;

/// Begins to process the identities with these ids, 1 to [`LARGEST_BATCH`]; sent at most once.
pub(crate) fn process<'c>(call: &'c Call<'c>, ids: &[String]) -> Result<PendingCall<'c>> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: process_path(),
        query: String::new(),
        delivery: Delivery::Once,
        doing: "the refresh by ids",
        needs: "Needed are the scope idn:identity:process or idn:identity:manage, and a user of level ORG_ADMIN or HELPDESK. \
                A personal access token of that user does, and so does the token of an API client.",
    };
    call.begin(endpoint, Bytes::from(json!({ "identityIds": ids }).to_string()))
}

/// Begins to synchronize the attributes of the identity with this id; sent at most once. The service takes one call in
/// 10 s per identity.
pub(crate) fn synchronize_attributes<'c>(call: &'c Call<'c>, id: &str) -> Result<PendingCall<'c>> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: synchronize_path(&segment(id)?),
        query: String::new(),
        delivery: Delivery::Once,
        doing: "the synchronization of attributes",
        needs: "Needed are a user of level ORG_ADMIN (HELPDESK may not) and that user's personal access token, or the token of an \
                API client with that authority.",
    };
    // An empty object, because what has no body could leave unseen by the gate that knows whether it has left.
    call.begin(endpoint, Bytes::from_static(b"{}"))
}

/// Where [`process`] sends to.
pub(crate) fn process_url(service: &Service) -> String {
    service.url(&process_path()).to_string()
}

/// Where [`synchronize_attributes`] sends to, `{id}` in the id's place.
pub(crate) fn synchronize_url(service: &Service) -> String {
    format!("{}{{id}}/synchronize-attributes", service.url(&Path::of("identities", "/")))
}

fn process_path() -> Path {
    Path::Experimental { service: "identities", rest: Cow::Borrowed("/process") }
}

fn synchronize_path(id: &str) -> Path {
    Path::Experimental { service: "identities", rest: Cow::Owned(format!("/{id}/synchronize-attributes")) }
}
