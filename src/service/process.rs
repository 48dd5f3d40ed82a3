//! The successors of `/cc`: `POST /identities/v1/process` and `POST /identities/v1/{id}/synchronize-attributes`. Both
//! take only ids, so that neither can become a full refresh.

use bytes::Bytes;
use reqwest::Method;
use serde_json::json;

use super::path::path_segment;
use super::{Call, Endpoint, Path, PendingCall, Service};
use crate::error::Result;
use crate::http::Delivery;
use crate::response::Form;

/// The maximum number of ids in a call.
pub(crate) const LARGEST_BATCH: usize = 250;

/// Starts to process the identities with these ids, 1 to [`LARGEST_BATCH`]. It is sent at most once.
pub(crate) fn process<'c>(call: &'c Call<'c>, ids: &[String]) -> Result<PendingCall<'c>> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: process_path(),
        query: String::new(),
        delivery: Delivery::Once(Form::Task),
        action: "the refresh by ids",
        needs: "Required are the scope idn:identity:process or idn:identity:manage, and a user of level ORG_ADMIN or HELPDESK. \
                A personal access token of that user is sufficient, and so is the token of an API client.",
    };
    call.begin(endpoint, Bytes::from(json!({ "identityIds": ids }).to_string()))
}

/// Starts to synchronize the attributes of the identity with this id. It is sent at most once. The service accepts one
/// call per identity in 10 s.
pub(crate) fn synchronize_attributes<'c>(call: &'c Call<'c>, id: &str) -> Result<PendingCall<'c>> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: synchronize_path(&path_segment(id)?),
        query: String::new(),
        delivery: Delivery::Once(Form::Task),
        action: "the synchronization of attributes",
        needs: "Required are a user of level ORG_ADMIN (not HELPDESK) and that user's personal access token, or the token of an \
                API client with that authority.",
    };
    // An empty object, because only a request with a body passes the gate, which knows whether it was sent.
    call.begin(endpoint, Bytes::from_static(b"{}"))
}

/// The URL of [`process`].
pub(crate) fn process_url(service: &Service) -> String {
    service.url(&process_path()).to_string()
}

/// The URL of [`synchronize_attributes`], with `{id}` for the id.
pub(crate) fn synchronize_url(service: &Service) -> String {
    format!("{}{{id}}/synchronize-attributes", service.url(&Path::versioned("identities", "/")))
}

fn process_path() -> Path {
    Path::versioned("identities", "/process")
}

fn synchronize_path(id: &str) -> Path {
    Path::of_object("identities", format!("/{id}/synchronize-attributes"))
}
