//! `GET /identity-attributes/v1`: the tenant's identity attributes, and which of them are searchable.

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;

use super::{Call, Endpoint, Path};
use crate::error::Result;
use crate::http::Delivery;

#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// Whether filters of `/cc` can use it.
    pub(crate) searchable: bool,
}

pub(crate) fn identity_attributes(call: &Call<'_>) -> Result<Vec<Attribute>> {
    let endpoint = Endpoint {
        method: Method::GET,
        path: Path::versioned("identity-attributes", ""),
        // System and silent attributes, such as cloudStatus, can be searchable too.
        query: "includeSystem=true&includeSilent=true".to_owned(),
        delivery: Delivery::Repeatable,
        action: "the list of identity attributes",
        needs: "Required are the scope idn:identity-profile-attribute:read and a user of level ORG_ADMIN.",
    };
    let response = call.exchange(&endpoint, Bytes::new())?;
    let members = call.members(&endpoint, &response)?;
    let attribute = |member: &Value| {
        let name = member.get("name")?.as_str()?.to_owned();
        Some(Attribute { name, searchable: member.get("searchable").and_then(Value::as_bool).unwrap_or(false) })
    };
    Ok(members.iter().filter_map(attribute).collect())
}
