//! The lines of a journal.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::report::Outcome;
use crate::service::Call;
use crate::text::shortened;

/// The version of the format; newer ones are rejected.
pub(super) const FORMAT_VERSION: u64 = 1;

/// Identifies the run: a journal with another head belongs to another run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    pub(super) journal: u64,
    tenant: String,
    pub(super) backend: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity_attribute: Option<String>,
    /// In canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    refresh_args: Value,
}

/// One line after the head.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) batch: Option<u64>,
    /// The service's time before the batch was sent, in UTC, to the second.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub(super) since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub(super) call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub(super) task: Option<String>,
    /// Tasks of batches whose outcome the tenant has told.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "texts")]
    pub(super) tasks: Vec<String>,
    /// If it differs from the head's.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    pub(super) identity_attribute: Option<String>,
    /// In an outcome: the people it concerns, if not the whole batch.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "texts")]
    pub(super) identities: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "texts")]
    pub(super) ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "texts")]
    pub(super) unmatched: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "texts")]
    pub(super) ambiguous: Vec<String>,
    /// Accepted people whom the task has not refreshed.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "texts")]
    pub(super) failed: Vec<String>,
}

/// Not inlined for each of the members, which would take as much room as the rest of the journal.
#[inline(never)]
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Vec::deserialize(deserializer)
}

#[inline(never)]
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

impl Head {
    pub(crate) fn new(
        call: &Call<'_>,
        backend: &str,
        identity_attribute: Option<&str>,
        filter: Option<String>,
        refresh_args: Option<&impl Serialize>,
    ) -> Self {
        Self {
            journal: FORMAT_VERSION,
            tenant: call.service.base_url().as_str().to_owned(),
            backend: backend.to_owned(),
            identity_attribute: identity_attribute.map(str::to_owned),
            filter,
            // The arguments were parsed from JSON.
            refresh_args: refresh_args.and_then(|args| serde_json::to_value(args).ok()).unwrap_or_default(),
        }
    }

    /// The members that differ, with both values.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::from);
        let members = |head: &Self| {
            [
                ("tenant", Value::from(head.tenant.clone())),
                ("backend", Value::from(head.backend.clone())),
                ("identityAttribute", text(&head.identity_attribute)),
                ("filter", text(&head.filter)),
                ("refreshArgs", head.refresh_args.clone()),
            ]
        };
        let pairs = members(self).into_iter().zip(members(other)).filter(|((_, ours), (_, theirs))| ours != theirs);
        let shown = |value: &Value| shortened(&value.to_string(), 200);
        pairs
            .map(|((name, ours), (_, theirs))| format!("{name} is {} there and {} here", shown(&ours), shown(&theirs)))
            .collect()
    }

    /// The attribute of names for which a line gives this one, or none.
    pub(super) fn attribute<'a>(&'a self, given: Option<&'a str>) -> &'a str {
        given.or(self.identity_attribute.as_deref()).unwrap_or("id")
    }
}

impl Line {
    /// `None` if it is no line of a journal.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        // Serde would take a list for it.
        line.starts_with(b"{").then(|| serde_json::from_slice(line).ok()).flatten()
    }
}
