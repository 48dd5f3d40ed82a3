//! Tasks, which refreshes start: `GET /task-status/v1` and `GET /task-status/v1/{id}`.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::answer::{Answer, tracking_id, usual_text};
use crate::collection::Condition;
use crate::index::Change;
use crate::search::list_answer;
use crate::tenant::{Ask, Tenant};
use crate::time;

/// The scripted end of a task: [`crate::Sandbox::script_task`].
#[derive(Clone, Debug, PartialEq)]
pub struct TaskEnd {
    status: String,
    messages: Vec<String>,
    failed: Vec<String>,
    takes: Option<Duration>,
    dashes: bool,
}

impl TaskEnd {
    /// An end with a `completionStatus`: `SUCCESS`, `WARNING`, `ERROR`, `TERMINATED`, `TEMPERROR`, in any case.
    pub fn new(status: &str) -> Self {
        Self { status: status.to_owned(), messages: Vec::new(), failed: Vec::new(), takes: None, dashes: false }
    }

    /// With one more message.
    pub fn message(mut self, text: &str) -> Self {
        self.messages.push(text.to_owned());
        self
    }

    /// With an identity, by user name, whose refresh fails: `processingState` becomes `ERROR`, `lastRefresh` stays.
    pub fn failing(mut self, name: &str) -> Self {
        self.failed.push(name.to_owned());
        self
    }

    /// With a duration of its own, instead of the one that is set for all tasks.
    pub fn takes(mut self, duration: Duration) -> Self {
        self.takes = Some(duration);
        self
    }

    /// The answer of the refresh writes the task's id with dashes; `/task-status` knows it without them alone.
    pub fn dashed(mut self) -> Self {
        self.dashes = true;
        self
    }

    /// Reads the control's JSON: `{"status":"WARNING","messages":["…"],"failed":["…"],"takesMs":500,"dashes":true}`.
    ///
    /// # Errors
    ///
    /// Names the member that is wrong, and what it must be.
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
                "dashes" => end.dashes = value.as_bool().ok_or("`dashes` is true or false")?,
                _ => {
                    return Err(format!(
                        "`{name}` is unknown; a task's end has status, messages, failed, takesMs and dashes"
                    ));
                }
            }
        }
        Ok(end)
    }
}

/// The tasks of the tenant, and the scripted ends of the next ones.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    /// In the order in which they were launched.
    all: VecDeque<Task>,
    /// How many are forgotten: the number of the first of `all`.
    forgotten: usize,
    /// Their numbers, by id.
    by_id: HashMap<String, usize>,
    /// Ascending.
    running: Vec<usize>,
    script: VecDeque<TaskEnd>,
}

#[derive(Debug)]
struct Task {
    id: String,
    kind: &'static TaskKind,
    launched: SystemTime,
    duration: Duration,
    end: TaskEnd,
    /// Whom it refreshes when it ends; nobody any more afterwards.
    identities: Vec<String>,
    total: usize,
}

/// What a task does.
#[derive(Debug)]
pub(crate) struct TaskKind {
    name: &'static str,
    definition: &'static str,
    /// What `filters` calls `type`. No member of the answer has it: its own `type` says what runs the task.
    filter_type: &'static str,
}

pub(crate) const REFRESH: TaskKind = TaskKind {
    name: "Refresh Identities",
    definition: "2c91800000000000000000000000d001",
    filter_type: "IDENTITY_REFRESH",
};
pub(crate) const PROCESS: TaskKind = TaskKind {
    name: "Process Identities",
    definition: "2c91800000000000000000000000d002",
    filter_type: "IDENTITY_REFRESH",
};
pub(crate) const SYNCHRONIZE: TaskKind = TaskKind {
    name: "Synchronize Attributes",
    definition: "2c91800000000000000000000000d003",
    filter_type: "CLOUD_ATTRIBUTE_SYNCHRONIZATION",
};

/// The values of `type` that are documented for `filters`; the service answers others with 400.
const FILTER_TYPES: [&str; 15] = [
    "CLOUD_ACCOUNT_AGGREGATION",
    "CLOUD_GROUP_AGGREGATION",
    "CLOUD_PROCESS_UNCORRELATED_ACCOUNTS",
    "CLOUD_REFRESH_ROLE",
    "SOURCE_APPLICATION_DISCOVERY",
    "AI_AGENT_AGGREGATION",
    "CLOUD_ENTITLEMENT_IMPORT",
    "CLOUD_UNCORRELATED_REFRESH",
    "CLOUD_IDENTITY_AGGREGATION",
    "CLOUD_ATTRIBUTE_SYNCHRONIZATION",
    "IDENTITY_REFRESH",
    "APPLICATION_DISCOVERY",
    "MACHINE_IDENTITY_AGGREGATION",
    "MACHINE_IDENTITY_DELETION",
    "ACCOUNT_DELETION",
];
const COMPLETION_STATUSES: [&str; 5] = ["SUCCESS", "WARNING", "ERROR", "TERMINATED", "TEMPERROR"];
const LAUNCHER: &str = "sandbox";
/// The most tasks that are kept; a task takes half a kilobyte.
const MOST: usize = 100_000;

impl Tasks {
    pub(crate) fn script(&mut self, end: TaskEnd) {
        self.script.push_back(end);
    }

    /// Starts a task that refreshes these identities, and returns its id, as the answer writes it.
    pub(crate) fn start(
        &mut self,
        kind: &'static TaskKind,
        identities: Vec<String>,
        launched: SystemTime,
        duration: Duration,
    ) -> String {
        let end = self.script.pop_front().unwrap_or_else(|| TaskEnd::new("SUCCESS"));
        let (id, duration) = (tracking_id(), end.takes.unwrap_or(duration));
        let shown = if end.dashes { dashed(&id) } else { id.clone() };
        let (number, total) = (self.forgotten + self.all.len(), identities.len());
        self.by_id.insert(id.clone(), number);
        self.running.push(number);
        self.all.push_back(Task { id, kind, launched, duration, end, identities, total });
        self.forget_oldest();
        shown
    }

    /// Keeps the number of tasks bounded. A running one is not forgotten, nor are those after it.
    fn forget_oldest(&mut self) {
        while self.all.len() > MOST
            && self.running.first().is_none_or(|&running| running > self.forgotten)
            && let Some(task) = self.all.pop_front()
        {
            self.by_id.remove(&task.id);
            self.forgotten += 1;
        }
    }
}

/// 32 digits as a UUID.
fn dashed(id: &str) -> String {
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}

impl Task {
    fn ends(&self) -> SystemTime {
        self.launched + self.duration
    }

    fn completion_status(&self, now: SystemTime) -> Option<&str> {
        (self.ends() <= now).then_some(&self.end.status)
    }

    /// A field of `filters`. No task here has a source.
    fn field(&self, name: &str, now: SystemTime) -> Option<&str> {
        match name {
            "id" => Some(&self.id),
            "type" => Some(self.kind.filter_type),
            "completionStatus" => self.completion_status(now),
            "launcher" => Some(LAUNCHER),
            _ => None,
        }
    }

    /// The service's `TaskStatus`.
    fn document(&self, now: SystemTime) -> Value {
        let Self { id, kind: TaskKind { name, definition, .. }, .. } = self;
        let completion_status = self.completion_status(now);
        let is_over = completion_status.is_some();
        let elapsed = now.duration_since(self.launched).unwrap_or_default().min(self.duration);
        let percent = if is_over { 100 } else { elapsed.as_millis() * 100 / self.duration.as_millis().max(1) };
        let percent = u64::try_from(percent).unwrap_or(100);
        let total = self.total;
        let messages = self.end.messages.iter().filter(|_| is_over).map(|text| message(&self.end, text));
        json!({
            "id": id, "type": "QUARTZ", "uniqueName": format!("{name} {id}"), "description": name,
            "parentName": Value::Null, "launcher": LAUNCHER, "target": Value::Null,
            "created": time::iso(self.launched), "modified": time::iso(self.launched + elapsed),
            "launched": time::iso(self.launched), "completed": is_over.then(|| time::iso(self.ends())),
            "completionStatus": completion_status, "messages": messages.collect::<Vec<_>>(), "returns": [],
            "attributes": {}, "progress": format!("{} of {total} identities", total as u64 * percent / 100),
            "percentComplete": percent,
            "taskDefinitionSummary": {
                "id": definition, "uniqueName": name, "description": Value::Null, "parentName": name,
                "executor": Value::Null, "arguments": {},
            },
        })
    }
}

impl Tenant {
    /// Ends the tasks whose time has come. Only then are their identities refreshed.
    pub(crate) fn settle(&mut self) {
        let now = self.clock.now();
        let Self { tasks: Tasks { all, forgotten, running, .. }, people, index, settings, .. } = self;
        running.retain(|&number| {
            let task = &mut all[number - *forgotten];
            if task.ends() > now {
                return true;
            }
            for id in std::mem::take(&mut task.identities) {
                let Some(at) = people.position(&id) else { continue };
                let person = &mut people[at];
                let has_failed = task.end.failed.contains(&person.name);
                if !has_failed {
                    person.last_refresh = Some(time::iso(task.ends()));
                }
                let state = has_failed.then(|| "ERROR".to_owned());
                if person.processing_state != state {
                    person.processing_state.clone_from(&state);
                    index.will_see(Change::ProcessingState(person.id.clone(), state), settings.search_lag);
                }
            }
            false
        });
    }

    /// `GET /task-status/v1/{id}`.
    pub(crate) fn task_status(&self, ask: &Ask) -> Answer {
        match self.tasks.by_id.get(&ask.route.id) {
            Some(&number) => {
                Answer::json(200, &self.tasks.all[number - self.tasks.forgotten].document(self.clock.now()))
            }
            None => Answer::error(404, usual_text(404)),
        }
    }

    /// `GET /task-status/v1`.
    pub(crate) fn task_list(&self, ask: &Ask) -> Answer {
        self.task_page(ask).unwrap_or_else(|why| Answer::error(400, &why))
    }

    fn task_page(&self, ask: &Ask) -> Result<Answer, String> {
        // The older versions list completed tasks only.
        let completed_only = matches!(ask.route.version, Some("v2024" | "beta"));
        let (limit, offset) = ask.limit_and_offset()?;
        let conditions = ask.filters(&[
            ("id", &["eq", "in"]),
            ("sourceId", &["eq", "in"]),
            ("completionStatus", if completed_only { &["eq", "in"] } else { &["eq", "in", "isnull"] }),
            ("type", &["eq", "in"]),
            ("launcher", &["eq", "in"]),
        ])?;
        conditions.iter().try_for_each(known_values)?;
        let now = self.clock.now();
        let is_listed = |task: &&Task| {
            (!completed_only || task.completion_status(now).is_some())
                && conditions.iter().all(|condition| condition.holds(task.field(&condition.field, now)))
        };
        let mut found: Vec<&Task> = self.tasks.all.iter().filter(is_listed).collect();
        match ask.parameter("sorters").as_deref() {
            None | Some("created") => {}
            Some("-created") => found.reverse(),
            Some(other) => return Err(format!("sorters: {other} cannot be sorted by")),
        }
        let page = found.iter().skip(offset).take(limit).map(|task| task.document(now)).collect();
        Ok(list_answer(ask, page, found.len()))
    }
}

/// Refuses a value that a field cannot have, in the words of the service.
fn known_values(condition: &Condition) -> Result<(), String> {
    let known: &[&str] = match condition.field.as_str() {
        "type" => &FILTER_TYPES,
        "completionStatus" => &COMPLETION_STATUSES,
        _ => return Ok(()),
    };
    let is_unknown = |value: &&String| !known.iter().any(|known| known.eq_ignore_ascii_case(value));
    match condition.values.iter().find(is_unknown) {
        None => Ok(()),
        Some(value) => Err(format!("Error converting Enumerated string ({}) value ({value})", condition.field)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tasks_are_kept_and_no_running_one_is_forgotten() {
        let mut tasks = Tasks::default();
        let start =
            |tasks: &mut Tasks| tasks.start(&REFRESH, vec!["1".to_owned()], SystemTime::UNIX_EPOCH, Duration::ZERO);
        let first = start(&mut tasks);
        (0..MOST + 10).for_each(|_| drop(start(&mut tasks)));
        assert_eq!((tasks.all.len(), tasks.by_id.get(&first)), (MOST + 11, Some(&0)), "all are still running");
        // As `settle` does where their time has come: all but these two have ended.
        tasks.running = vec![3, MOST];
        let last = start(&mut tasks);
        assert_eq!((tasks.forgotten, tasks.all.len(), tasks.by_id.len()), (3, MOST + 9, MOST + 9));
        tasks.running.remove(0);
        (0..10).for_each(|_| drop(start(&mut tasks)));
        assert_eq!((tasks.all.len(), tasks.by_id.len()), (MOST, MOST));
        assert!(!tasks.by_id.contains_key(&first));
        assert_eq!(tasks.all[tasks.by_id[&last] - tasks.forgotten].id, last);
    }
}
