//! `POST /cc/api/system/refreshIdentities`: the call that this project is named after.

use bytes::Bytes;
use reqwest::Method;

use super::{Call, Endpoint, Path, PendingCall};
use crate::error::Result;
use crate::http::Delivery;

/// Behind the base URL.
pub(crate) const REFRESH_PATH: &str = "/cc/api/system/refreshIdentities";

/// Begins a refresh, which is sent at most once. `body` is the documented one.
pub(crate) fn refresh_identities<'c>(call: &'c Call<'c>, body: String) -> Result<PendingCall<'c>> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: Path::Fixed(REFRESH_PATH),
        query: String::new(),
        delivery: Delivery::Once,
        doing: "the refresh",
        needs: "Needed are a user of level ORG_ADMIN and a token of that user: a personal access token's, or one of the \
                browser's session. A token of an API client without a user does not do.",
    };
    call.begin(endpoint, Bytes::from(body))
}
