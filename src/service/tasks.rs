//! `GET /task-status/v1/{id}`: how a task gets on, and how it has ended.

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Call, Endpoint, Path, segment};
use crate::error::Result;
use crate::http::Delivery;
use crate::report::TaskState;
use crate::text::shortened;

/// A task, as the service last told of it.
#[derive(Debug)]
pub(crate) struct TaskStatus {
    pub(crate) state: TaskState,
    /// The service's word for how it has ended: SUCCESS, WARNING, ERROR, TERMINATED or TEMPERROR, in any case.
    pub(crate) completion: Option<String>,
    pub(crate) percent: Option<u64>,
    /// What it has to say, in English where there is a choice.
    pub(crate) messages: Vec<String>,
    /// When it began, as the service writes times.
    pub(crate) launched: Option<String>,
    /// The service's own object, as it came.
    pub(crate) object: Box<RawValue>,
}

/// Longer messages are cut short, and more of them left out.
const LONGEST_MESSAGE: usize = 300;
const MESSAGES: usize = 20;

/// Asks how a task gets on.
pub(crate) fn task_status(call: &Call<'_>, id: &str) -> Result<TaskStatus> {
    let endpoint = Endpoint {
        method: Method::GET,
        path: Path::Of { service: "task-status", rest: format!("/{}", segment(id)?).into() },
        query: String::new(),
        delivery: Delivery::Repeatable,
        doing: "the question how a task gets on",
        needs: "Needed are the scope idn:task-management:read and a user's token of level ORG_ADMIN; a personal access token of that user does.",
    };
    let response = call.exchange(&endpoint, Bytes::new())?;
    let read = || {
        let object: Box<RawValue> = serde_json::from_str(response.json()?).ok()?;
        let members: Value = serde_json::from_str(object.get()).ok()?;
        members.is_object().then(|| TaskStatus::of(&members, object))
    };
    read().ok_or_else(|| call.unusable(&endpoint, &response, "something that is no task"))
}

impl TaskStatus {
    fn of(members: &Value, object: Box<RawValue>) -> Self {
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(|text| shortened(text, LONGEST_MESSAGE));
        let completion = text("completionStatus").filter(|completion| !completion.trim().is_empty());
        let messages = members.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self {
            state: TaskState::of(completion.as_deref()),
            completion,
            percent: members.get("percentComplete").and_then(percent),
            messages: messages.iter().filter_map(message).take(MESSAGES).collect(),
            launched: text("launched"),
            object,
        }
    }
}

fn message(message: &Value) -> Option<String> {
    let localized = message.get("localizedText").and_then(|text| text.get("message"));
    let texts = [localized, message.get("key"), Some(message)];
    let mut texts = texts.into_iter().flatten().filter_map(Value::as_str).map(str::trim);
    texts.find(|text| !text.is_empty()).map(|text| shortened(text, LONGEST_MESSAGE))
}

/// Numbers that are written as text, or with a fraction, are taken as well.
fn percent(value: &Value) -> Option<u64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    // No number but those from 0 to 100 is left.
    Some(number.clamp(0.0, 100.0) as u64)
}
