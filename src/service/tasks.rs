//! `GET /task-status/v1/{id}`: the state of a task.

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;
use serde_json::value::RawValue;

use super::path::path_segment;
use super::{Call, Endpoint, Path};
use crate::config::ApiVersion;
use crate::error::{Code, Error, Result};
use crate::http::Delivery;
use crate::report::TaskState;
use crate::secret::Secrets;
use crate::text::shortened;

#[derive(Debug)]
pub(crate) struct TaskStatus {
    /// The form of the id by which the task was found.
    pub(crate) id: String,
    pub(crate) state: TaskState,
    /// The service's status word: SUCCESS, WARNING, ERROR, TERMINATED or TEMPERROR, in any case.
    pub(crate) completion: Option<String>,
    pub(crate) percent: Option<u64>,
    /// Its messages, in English if there is a choice.
    pub(crate) messages: Vec<String>,
    /// Its start, in the service's format.
    pub(crate) launched: Option<String>,
    /// The service's own object, unchanged.
    pub(crate) object: Box<RawValue>,
}

/// The maximum length of a message, and the maximum number of messages.
const LONGEST_MESSAGE: usize = 300;
const MESSAGES: usize = 20;

/// Queries the state of a task, by its id with dashes or without: the answer that starts a task may write the id in
/// another form than the one by which the task is found.
pub(crate) fn task_status(call: &Call<'_>, id: &str) -> Result<TaskStatus> {
    let is_unknown = |error: &Error| error.details().code == Code::NotFound;
    match (task_status_by(call, id), other_form(id)) {
        (Err(error), Some(other)) if is_unknown(&error) => match task_status_by(call, &other) {
            Err(other) if is_unknown(&other) => Err(error),
            found => found,
        },
        (found, _) => found,
    }
}

/// Whether a text has the form of a task's id.
pub(crate) fn is_task_id(text: &str) -> bool {
    other_form(text).is_some()
}

/// A task's id without dashes, to compare ids.
pub(crate) fn plain_task_id(id: &str) -> String {
    match other_form(id) {
        Some(other) if id.contains('-') => other,
        _ => id.to_owned(),
    }
}

/// A UUID without its dashes, or 32 hexadecimal digits with them.
fn other_form(id: &str) -> Option<String> {
    let digits: String = id.split('-').collect();
    let is_hexadecimal = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hexadecimal {
        return None;
    }
    let dashed = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-");
    match id {
        _ if id == digits => Some(dashed),
        _ if id == dashed => Some(digits),
        _ => None,
    }
}

fn task_status_by(call: &Call<'_>, id: &str) -> Result<TaskStatus> {
    let endpoint = Endpoint {
        method: Method::GET,
        path: Path::of_object("task-status", format!("/{}", path_segment(id)?)),
        query: String::new(),
        delivery: Delivery::Repeatable,
        action: "the query of a task",
        needs: TASKS_NEED,
    };
    let response = call.exchange(&endpoint, Bytes::new())?;
    let read = || {
        let object: Box<RawValue> = serde_json::from_str(response.json()?).ok()?;
        let members: Value = serde_json::from_str(object.get()).ok()?;
        members.is_object().then(|| TaskStatus::of(id, &members, object, call.control.secrets()))
    };
    read().ok_or_else(|| call.invalid_response(&endpoint, &response, "something that is no task"))
}

/// A task in the list.
#[derive(Debug)]
pub(crate) struct ListedTask {
    pub(crate) id: String,
    pub(crate) has_ended: bool,
}

/// The page size, and the maximum number of pages.
const PAGE: usize = 250;
const PAGES: usize = 8;

/// The tasks created at this time or later (UTC, to the second), without those described as aggregations of accounts or
/// entitlements, which refresh nobody by name.
pub(crate) fn tasks_since(call: &Call<'_>, since: &str) -> Result<Vec<ListedTask>> {
    let mut tasks = Vec::new();
    for page in 0..PAGES {
        let endpoint = Endpoint {
            method: Method::GET,
            path: Path::versioned("task-status", ""),
            query: format!("sorters=-created&limit={PAGE}&offset={}", page * PAGE),
            delivery: Delivery::Repeatable,
            action: "the list of tasks",
            needs: TASKS_NEED,
        };
        // These versions list only ended tasks: a running one would be missed.
        if call.service.version() == ApiVersion::V2024 {
            return Err(Error::new(Code::UnsupportedArgument, "This version of the API does not list running tasks."));
        }
        let response = call.exchange(&endpoint, Bytes::new())?;
        let members = call.members(&endpoint, &response)?;
        let is_last = members.len() < PAGE;
        for member in &members {
            let text = |name: &str| member.get(name).and_then(Value::as_str);
            let Some((id, created)) = text("id").zip(text("created")) else {
                return Err(call.invalid_response(&endpoint, &response, "a task without id or time"));
            };
            if created < since {
                return Ok(tasks);
            }
            let names = [text("uniqueName"), text("description")];
            let aggregates = names.into_iter().flatten().any(|name| name.to_ascii_lowercase().contains("aggregat"));
            if !aggregates {
                let has_ended = text("completionStatus").is_some_and(|status| !status.trim().is_empty());
                tasks.push(ListedTask { id: id.to_owned(), has_ended });
            }
        }
        if is_last {
            return Ok(tasks);
        }
    }
    Err(Error::new(Code::InvalidResponse, "There are too many tasks to read."))
}

const TASKS_NEED: &str = "Required are the scope idn:task-management:read and a token of a user of level ORG_ADMIN, such as a personal access token.";

impl TaskStatus {
    fn of(id: &str, members: &Value, object: Box<RawValue>, secrets: &Secrets) -> Self {
        // They become part of sentences.
        let shown = |text: &str| shortened(&secrets.shown(text), LONGEST_MESSAGE);
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(shown);
        let word = members.get("completionStatus").and_then(Value::as_str).filter(|word| !word.trim().is_empty());
        let messages = members.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self {
            id: id.to_owned(),
            state: TaskState::of(word),
            completion: word.map(shown),
            percent: members.get("percentComplete").and_then(percent),
            messages: messages.iter().filter_map(message).map(shown).take(MESSAGES).collect(),
            launched: text("launched"),
            object,
        }
    }
}

fn message(message: &Value) -> Option<&str> {
    let localized = message.get("localizedText").and_then(|text| text.get("message"));
    let texts = [localized, message.get("key"), Some(message)];
    let mut texts = texts.into_iter().flatten().filter_map(Value::as_str).map(str::trim);
    texts.find(|text| !text.is_empty())
}

/// A number may be text, or have a fraction.
fn percent(value: &Value) -> Option<u64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    // The number is between 0 and 100.
    Some(number.clamp(0.0, 100.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_form_with_dashes_and_one_without() {
        let (plain, dashed) = ("2c9180856810a36b016810a5c1bd0001", "2c918085-6810-a36b-0168-10a5c1bd0001");
        assert_eq!((other_form(plain).as_deref(), other_form(dashed).as_deref()), (Some(dashed), Some(plain)));
        assert_eq!((plain_task_id(plain).as_str(), plain_task_id(dashed).as_str()), (plain, plain));
        let others = ["", "1", "id12345", "2c9180856810a36b-016810a5c1bd0001", "zc9180856810a36b016810a5c1bd0001", "-"];
        for other in others {
            assert_eq!((other_form(other), plain_task_id(other).as_str()), (None, other));
        }
    }
}
