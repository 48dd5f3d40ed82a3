//! `POST /cc/api/system/refreshIdentities`: the call that this project is named after.

use bytes::Bytes;
use reqwest::Method;

use super::transport::Delivery;
use super::{Call, Endpoint, Path};
use crate::envelope::Response;
use crate::error::Result;

/// Behind the base URL.
pub(crate) const REFRESH_PATH: &str = "/cc/api/system/refreshIdentities";

/// Sends a refresh, at most once. `body` is the documented one.
pub(crate) fn refresh_identities(call: &Call<'_>, body: String) -> Result<Response> {
    let endpoint = Endpoint {
        method: Method::POST,
        path: Path::Fixed(REFRESH_PATH),
        query: String::new(),
        delivery: Delivery::Once,
        doing: "the refresh",
        needs: "Needed are a user of level ORG_ADMIN and a token of that user: a personal access token's, or one of the \
                browser's session. A token of an API client without a user does not do.",
    };
    call.exchange(&endpoint, Bytes::from(body))
}
