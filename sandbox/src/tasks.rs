//! Tasks: what refreshes start, and `GET /task-status/v1/{id}` follows.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::answer::{Answer, tracking_id, usual_text};
use crate::tenant::{Ask, Tenant};
use crate::time;

/// How a task shall end: [`crate::Sandbox::script_task`].
#[derive(Clone, Debug, PartialEq)]
pub struct TaskEnd {
    status: String,
    messages: Vec<String>,
    failed: Vec<String>,
    takes: Option<Duration>,
}

impl TaskEnd {
    /// An end with a `completionStatus`: `SUCCESS`, `WARNING`, `ERROR`, `TERMINATED`, `TEMPERROR`, in any case.
    pub fn new(status: &str) -> Self {
        Self { status: status.to_owned(), messages: Vec::new(), failed: Vec::new(), takes: None }
    }

    /// With one more message.
    pub fn message(mut self, text: &str) -> Self {
        self.messages.push(text.to_owned());
        self
    }

    /// With someone, by user name, whose refresh failed: `processingState` is `ERROR`, `lastRefresh` as before.
    pub fn failing(mut self, name: &str) -> Self {
        self.failed.push(name.to_owned());
        self
    }

    /// After so long, instead of the time that is set for all.
    pub fn takes(mut self, duration: Duration) -> Self {
        self.takes = Some(duration);
        self
    }

    /// Reads one of the control JSON: `{"status":"WARNING","messages":["…"],"failed":["…"],"takesMs":500}`.
    ///
    /// # Errors
    ///
    /// Which member is wrong, and what it must be.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let members = value.as_object().ok_or("a task's end is an object")?;
        let mut end = Self::new("SUCCESS");
        for (name, value) in members {
            let texts = || {
                let texts =
                    value.as_array().and_then(|texts| texts.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
                texts.ok_or_else(|| format!("`{name}` is a list of texts"))
            };
            match name.as_str() {
                "status" => value.as_str().ok_or("`status` is a text")?.clone_into(&mut end.status),
                "messages" => end.messages = texts()?.into_iter().map(str::to_owned).collect(),
                "failed" => end.failed = texts()?.into_iter().map(str::to_owned).collect(),
                "takesMs" => {
                    end.takes = Some(Duration::from_millis(value.as_u64().ok_or("`takesMs` is a whole number")?));
                }
                _ => return Err(format!("`{name}` is unknown; a task's end has status, messages, failed and takesMs")),
            }
        }
        Ok(end)
    }
}

/// The tasks that there are, and how the next ones shall end.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    by_id: HashMap<String, Task>,
    running: Vec<String>,
    script: VecDeque<TaskEnd>,
}

#[derive(Debug)]
struct Task {
    name: &'static str,
    launched: SystemTime,
    takes: Duration,
    end: TaskEnd,
    ids: Vec<String>,
}

impl Tasks {
    pub(crate) fn script(&mut self, end: TaskEnd) {
        self.script.push_back(end);
    }

    /// Starts a task that refreshes these, and gives its id.
    pub(crate) fn start(&mut self, name: &'static str, ids: Vec<String>, takes: Duration) -> String {
        let end = self.script.pop_front().unwrap_or_else(|| TaskEnd::new("SUCCESS"));
        let task = Task { name, launched: SystemTime::now(), takes: end.takes.unwrap_or(takes), end, ids };
        let id = tracking_id();
        self.by_id.insert(id.clone(), task);
        self.running.push(id.clone());
        id
    }
}

impl Tenant {
    /// Ends the tasks whose time has come: only then are their people refreshed.
    pub(crate) fn settle(&mut self) {
        let now = SystemTime::now();
        let Self { tasks, people, .. } = self;
        tasks.running.retain(|id| {
            let task = &tasks.by_id[id];
            let ends = task.launched + task.takes;
            if ends > now {
                return true;
            }
            for id in &task.ids {
                let Some(at) = people.position(id) else { continue };
                let person = &mut people[at];
                if task.end.failed.contains(&person.name) {
                    person.processing_state = Some("ERROR".to_owned());
                } else {
                    person.processing_state = None;
                    person.last_refresh = Some(time::iso(ends));
                }
            }
            false
        });
    }

    /// `GET /task-status/v1/{id}`.
    pub(crate) fn task_status(&self, ask: &Ask) -> Answer {
        let Some(task) = self.tasks.by_id.get(&ask.route.id) else { return Answer::error(404, usual_text(404)) };
        let elapsed = task.launched.elapsed().unwrap_or_default();
        let is_over = elapsed >= task.takes;
        let percent = if is_over { 100 } else { elapsed.as_millis() * 100 / task.takes.as_millis().max(1) };
        let percent = u64::try_from(percent).unwrap_or(100);
        let done = task.ids.len() as u64 * percent / 100;
        let messages: Vec<Value> =
            task.end.messages.iter().filter(|_| is_over).map(|text| message(&task.end, text)).collect();
        let completed = is_over.then(|| time::iso(task.launched + task.takes));
        Answer::json(
            200,
            &json!({
                "id": ask.route.id, "type": "QUARTZ", "uniqueName": format!("{} {}", task.name, ask.route.id),
                "description": task.name, "parentName": Value::Null, "launcher": "sandbox", "target": Value::Null,
                "created": time::iso(task.launched), "modified": time::iso(task.launched + elapsed.min(task.takes)),
                "launched": time::iso(task.launched), "completed": completed,
                "completionStatus": is_over.then_some(&task.end.status), "messages": messages, "returns": [],
                "attributes": {}, "progress": format!("{done} of {} identities", task.ids.len()),
                "percentComplete": percent,
            }),
        )
    }
}

fn message(end: &TaskEnd, text: &str) -> Value {
    let kind = match end.status.to_ascii_uppercase().as_str() {
        "SUCCESS" => "INFO",
        "WARNING" => "WARN",
        _ => "ERROR",
    };
    let localized = json!({ "locale": "en-US", "message": text });
    json!({ "type": kind, "localizedText": localized, "key": "sandbox", "parameters": [] })
}
