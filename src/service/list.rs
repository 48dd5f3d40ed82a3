//! `GET /identities/v1`: what users that may not search can find people by.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::search::Page;
use super::{Call, Endpoint, Path};
use crate::error::Result;
use crate::http::Delivery;

/// The most members that one page can have.
pub(crate) const LARGEST_PAGE: u64 = 250;

/// Longer values do not go into a URL.
const LONGEST_VALUE: usize = 1_000;

/// One attribute equals one value: the only question that is asked of this list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListFilter(String);

impl ListFilter {
    /// The question for what a filter of `/cc` calls `attribute`, where the list can answer it.
    pub(crate) fn equal(attribute: &str, value: &str) -> Option<Self> {
        let name = match attribute {
            "id" => "id",
            // The user name; `name` is the display name here.
            "name" => "alias",
            "email" => "email",
            _ => return None,
        };
        if value.len() > LONGEST_VALUE || value.chars().any(char::is_control) {
            return None;
        }
        Some(Self(format!("{name} eq {}", quoted(value))))
    }
}

/// A page of the identities that have the value (and of some that nearly have it), as search's documents have them.
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

/// The most people that one look at [`standings`] can have.
const LARGEST_LOOK: usize = 150;

/// How long their ids may be in the address, of which servers take 8 KB.
const LONGEST_LIST: usize = 6_500;

/// What the tenant says of somebody's last refresh.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) processing_state: Option<String>,
    /// As the service writes times.
    pub(crate) last_refresh: Option<String>,
}

/// How many of these ids, the first ones, fit into one look at [`standings`]; one always does.
pub(crate) fn fitting<'i>(ids: impl Iterator<Item = &'i str>) -> usize {
    let mut length = 0;
    let fits = |id: &&str| {
        length += form_urlencoded::byte_serialize(quoted(id).as_bytes()).map(str::len).sum::<usize>() + "%2C".len();
        length <= LONGEST_LIST
    };
    ids.take(LARGEST_LOOK).take_while(fits).count().max(1)
}

/// How the people with these ids stand, as many as are [`fitting`]; those whom the tenant does not have are left out.
pub(crate) fn standings(call: &Call<'_>, ids: &[&str]) -> Result<Vec<Standing>> {
    // No id is longer.
    let ids: Vec<String> = ids.iter().filter(|id| id.len() <= LONGEST_VALUE).map(|id| quoted(id)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let filter = format!("id in ({})", ids.join(","));
    let endpoint = endpoint(&[("filters", &filter), ("limit", &LARGEST_PAGE.to_string()), ("defaultFilter", "NONE")]);
    let response = call.exchange(&endpoint, Bytes::new())?;
    let text = |member: &Value, name: &str| member.get(name).and_then(Value::as_str).map(str::to_owned);
    let standing = |member: &Value| {
        let (processing_state, last_refresh) = (text(member, "processingState"), text(member, "lastRefresh"));
        Some(Standing { id: text(member, "id")?, processing_state, last_refresh })
    };
    Ok(call.members(&endpoint, &response)?.iter().filter_map(standing).collect())
}

/// How many identities the tenant has.
pub(super) fn list_size(call: &Call<'_>) -> Result<u64> {
    let endpoint = endpoint(&[("limit", "1"), ("count", "true")]);
    let response = call.exchange(&endpoint, Bytes::new())?;
    call.total(&endpoint, &response)
}

fn endpoint(parameters: &[(&str, &str)]) -> Endpoint {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    Endpoint {
        method: Method::GET,
        path: Path::of("identities", ""),
        // A blank as every server reads it; a plus sign itself is %2B by now.
        query: query.replace('+', "%20"),
        delivery: Delivery::Repeatable,
        doing: "the list of identities",
        needs: "Needed are the scope idn:identity:read and a user's token, of level ORG_ADMIN or HELPDESK; an API client without a user may not.",
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A member of the list under the names of search.
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
    fn no_address_gets_longer_than_servers_take() {
        let fits = |id: &str| fitting(std::iter::repeat_n(id, 1_000));
        assert_eq!(fits(&"2c918085".repeat(4)), LARGEST_LOOK);
        assert_eq!(fits(&"\u{1}".repeat(100)), 21);
        assert_eq!(fits(&"x".repeat(100_000)), 1);
        assert_eq!(fits("1"), LARGEST_LOOK);
    }

    #[test]
    fn no_value_gets_out_of_its_quotes() {
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
