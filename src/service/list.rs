//! `GET /identities/v1`: finds people for users who may not search.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::search::Page;
use super::{Call, Endpoint, Path};
use crate::error::Result;
use crate::http::Delivery;

/// The maximum page size.
pub(crate) const LARGEST_PAGE: u64 = 250;

/// The maximum length of a value in the URL.
const MAX_VALUE_BYTES: usize = 1_000;

/// One attribute equals one value: the only filter that is used here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListFilter(String);

impl ListFilter {
    /// The filter for an attribute of `/cc`'s filters, if the list supports it.
    pub(crate) fn equal(attribute: &str, value: &str) -> Option<Self> {
        let name = match attribute {
            "id" => "id",
            // The user name; here `name` is the display name.
            "name" => "alias",
            "email" => "email",
            _ => return None,
        };
        if value.len() > MAX_VALUE_BYTES || value.chars().any(char::is_control) {
            return None;
        }
        Some(Self(format!("{name} eq {}", quoted(value))))
    }
}

/// A page of the identities that have the value, and of some with a similar one, in the form of search's documents.
pub(crate) fn list(call: &Call<'_>, filter: &ListFilter, offset: u64) -> Result<Page> {
    let endpoint = endpoint(&[
        ("filters", filter.0.as_str()),
        ("limit", &LARGEST_PAGE.to_string()),
        ("offset", &offset.to_string()),
        ("count", "true"),
    ]);
    let response = call.exchange(&endpoint, Bytes::new())?;
    let mut page = Page::read(call, &endpoint, &response)?;
    page.documents = page.documents.iter().map(document).collect();
    Ok(page)
}

/// The maximum number of ids in a request for [`refresh_statuses`].
const MAX_IDS: usize = 150;

/// The maximum length of an id; they have 32 or 36 characters.
const MAX_ID_BYTES: usize = 128;

/// The maximum length of the ids in the URL; servers accept 8 KB.
const MAX_IDS_BYTES: usize = 6_500;

/// What the tenant reports of a person's last refresh.
#[derive(Debug)]
pub(crate) struct RefreshStatus {
    pub(crate) id: String,
    pub(crate) processing_state: Option<String>,
    /// In the service's format.
    pub(crate) last_refresh: Option<String>,
}

/// How many of the first ids fit into one request for [`refresh_statuses`]; at least one.
pub(crate) fn ids_per_request<'i>(ids: impl Iterator<Item = &'i str>) -> usize {
    let mut length = 0;
    let fits = |id: &&str| {
        length += form_urlencoded::byte_serialize(quoted(id).as_bytes()).map(str::len).sum::<usize>() + "%2C".len();
        length <= MAX_IDS_BYTES
    };
    ids.take(MAX_IDS).take_while(fits).count().max(1)
}

/// The status of the people with these ids, at most [`ids_per_request`]. Unknown ids are left out.
pub(crate) fn refresh_statuses(call: &Call<'_>, ids: &[&str]) -> Result<Vec<RefreshStatus>> {
    Ok(members_with_ids(call, ids)?.iter().filter_map(RefreshStatus::of).collect())
}

/// The people with these ids, at most [`ids_per_request`], in the form of search's documents. Unknown ids are left out.
pub(crate) fn people_with_ids(call: &Call<'_>, ids: &[&str]) -> Result<Vec<Value>> {
    Ok(members_with_ids(call, ids)?.iter().map(document).collect())
}

fn members_with_ids(call: &Call<'_>, ids: &[&str]) -> Result<Vec<Value>> {
    // The service may refuse the whole list because of one text that cannot be an id.
    let ids: Vec<String> = ids.iter().filter(|id| may_be_id(id)).map(|id| quoted(id)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let filter = format!("id in ({})", ids.join(","));
    let endpoint = endpoint(&[("filters", &filter), ("limit", &LARGEST_PAGE.to_string()), ("defaultFilter", "NONE")]);
    let response = call.exchange(&endpoint, Bytes::new())?;
    call.members(&endpoint, &response)
}

/// Whether a text can be an id: ids are hexadecimal digits, some with dashes.
fn may_be_id(text: &str) -> bool {
    text.len() <= MAX_ID_BYTES && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl RefreshStatus {
    /// Reads it from a member of the list, or from a document of search.
    pub(crate) fn of(member: &Value) -> Option<Self> {
        let text = |name: &str| member.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { id: text("id")?, processing_state: text("processingState"), last_refresh: text("lastRefresh") })
    }
}

/// The number of identities in the tenant.
pub(super) fn list_size(call: &Call<'_>) -> Result<u64> {
    let endpoint = endpoint(&[("limit", "1"), ("count", "true")]);
    let response = call.exchange(&endpoint, Bytes::new())?;
    call.total(&endpoint, &response)
}

fn endpoint(parameters: &[(&str, &str)]) -> Endpoint {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    Endpoint {
        method: Method::GET,
        path: Path::versioned("identities", ""),
        // %20 is understood by every server. A plus sign itself is already %2B.
        query: query.replace('+', "%20"),
        delivery: Delivery::Repeatable,
        action: "the list of identities",
        needs: "Required are the scope idn:identity:read and a token of a user of level ORG_ADMIN or HELPDESK; an API client without a user is not permitted.",
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Converts a member of the list to the form of search's documents.
fn document(member: &Value) -> Value {
    let of = |name: &str| member.get(name).cloned().unwrap_or_default();
    json!({
        "id": of("id"), "name": of("alias"), "displayName": of("name"), "email": of("emailAddress"),
        "attributes": of("attributes"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_per_request_limits_the_length_of_the_url() {
        let fits = |id: &str| ids_per_request(std::iter::repeat_n(id, 1_000));
        assert_eq!(fits(&"2c918085".repeat(4)), MAX_IDS);
        assert_eq!(fits(&"\u{1}".repeat(100)), 21);
        assert_eq!(fits(&"x".repeat(100_000)), 1);
        assert_eq!(fits("1"), MAX_IDS);
    }

    #[test]
    fn values_are_escaped() {
        let filter = |value: &str| ListFilter::equal("name", value).map(|filter| filter.0);
        assert_eq!(filter("amelie.roux").as_deref(), Some(r#"alias eq "amelie.roux""#));
        assert_eq!(filter(r#"x" or alias sw ""#).as_deref(), Some(r#"alias eq "x\" or alias sw \"""#));
        assert_eq!(filter(r"x\").as_deref(), Some(r#"alias eq "x\\""#));
        assert_eq!(filter("a\nb"), None);
        assert_eq!(filter(&"x".repeat(2_000)), None);
        assert_eq!(ListFilter::equal("uid", "x"), None);
        let endpoint = endpoint(&[("filters", "alias eq \"a+b & c\"")]);
        assert_eq!(endpoint.query, "filters=alias%20eq%20%22a%2Bb%20%26%20c%22");
    }
}
