//! `POST /cc/api/system/refreshIdentities`: the endpoint that this project is named after.

use bytes::Bytes;
use reqwest::Method;

use super::{Call, Endpoint, Path, PendingCall, Proof};
use crate::error::Result;
use crate::http::Delivery;
use crate::response::Form;

/// Relative to the base URL.
pub(crate) const REFRESH_PATH: &str = "/cc/api/system/refreshIdentities";

/// Starts a refresh with the documented body. It is sent at most once, and not after its check has become too old.
pub(crate) fn refresh_identities<'c>(
    call: &'c Call<'c>,
    body: String,
    proof: Option<Proof>,
) -> Result<PendingCall<'c>> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: Path::Fixed(REFRESH_PATH),
        query: String::new(),
        delivery: Delivery::Once(Form::Json),
        action: "the refresh",
        needs: "Required are a user of level ORG_ADMIN and a token of that user: from a personal access token, or from the \
                browser's session. A token of an API client without a user is not sufficient.",
    };
    call.begin_checked(endpoint, Bytes::from(body), proof)
}
