//! What became of everybody who was named: the envelope's `calls`, `unmatched` and `ambiguous`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Code, Error, Sent};
use crate::response::Response;

/// What became of everybody who was named; it stands beside an answer, or beside an error.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Why `/cc` was not used in the end.
    pub(crate) fallback: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) names: Names,
    /// Whom the tasks have not refreshed.
    pub(crate) failed: Vec<FailedPerson>,
    pub(crate) calls: Vec<CallReport>,
    /// Of a run whose batches were told one by one.
    pub(crate) totals: Option<Totals>,
}

/// Why a function failed, and what had become of everybody by then.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) report: Box<Report>,
}

/// How many names came to what, over a whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    /// All that were given, each as often as it was.
    pub(crate) given: u64,
    /// Those that had been given before.
    pub(crate) repeated: u64,
    /// Those that the journal knows as done.
    pub(crate) skipped: u64,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) not_sent: u64,
    pub(crate) maybe_sent: u64,
    pub(crate) unmatched: u64,
    pub(crate) ambiguous: u64,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, report: Box::default() }
    }
}

impl Failure {
    /// With these sentences behind those that there are.
    pub(crate) fn warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.report.warnings.extend(warnings);
        self
    }

    /// With names that mean nobody, or several people: none of them was sent.
    pub(crate) fn names(mut self, names: Names) -> Self {
        self.report.calls.extend(names.report());
        self.report.names = names;
        self
    }

    /// The same with another error, as it looks to the caller.
    pub(crate) fn map(self, change: impl FnOnce(Error) -> Error) -> Self {
        Self { error: change(self.error), report: self.report }
    }
}

impl Totals {
    pub(crate) fn add(&mut self, outcome: Outcome, people: usize) {
        let count = match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Rejected => &mut self.rejected,
            Outcome::NotSent => &mut self.not_sent,
            Outcome::MaybeSent => &mut self.maybe_sent,
        };
        *count += people as u64;
    }
}

/// An identity, as answers name it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    pub(crate) id: Value,
    pub(crate) name: Value,
    pub(crate) display_name: Value,
}

impl Person {
    pub(crate) fn of(document: &Value) -> Self {
        let of = |name: &str| document.get(name).cloned().unwrap_or_default();
        Self { id: of("id"), name: of("name"), display_name: of("displayName") }
    }

    /// Somebody of whom nothing else was asked for.
    pub(crate) fn of_id(id: &str) -> Self {
        Self { id: id.into(), name: Value::Null, display_name: Value::Null }
    }
}

/// One call of an operation, as the envelope's `calls` accounts for it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallReport {
    /// Which call; none for those who were not to be sent at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<&'static str>,
    /// As they were given; their ids where a filter was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) identities: Vec<String>,
    /// Whom the names mean, where they had to be looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<String>,
    pub(crate) outcome: Outcome,
    /// Why nothing was to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<Task>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<CallError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_id: Option<String>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Accepted,
    /// The service has answered that it does not do it.
    Rejected,
    NotSent,
    /// It left, and nothing proves what became of it.
    MaybeSent,
}

/// The task that a call has started.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Task {
    #[serde(rename = "type")]
    kind: Option<Box<RawValue>>,
    pub(crate) id: String,
    name: Option<Box<RawValue>>,
    /// How it has ended, where that was waited for.
    #[serde(flatten)]
    pub(crate) ended: Option<TaskEnd>,
}

/// How a task has ended.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskEnd {
    pub(crate) state: TaskState,
    /// The service's own word.
    pub(crate) completion_status: Option<String>,
    pub(crate) messages: Vec<String>,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TaskState {
    Running,
    Succeeded,
    Warning,
    Failed,
}

impl TaskState {
    pub(crate) fn of(completion: Option<&str>) -> Self {
        match completion.map(|completion| completion.trim().to_ascii_uppercase()).as_deref() {
            None => Self::Running,
            Some("SUCCESS") => Self::Succeeded,
            Some("WARNING") => Self::Warning,
            // ERROR, TERMINATED, TEMPERROR, and whatever else is no success.
            Some(_) => Self::Failed,
        }
    }
}

/// Somebody whom a refresh was for, and whom its task has not refreshed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailedPerson {
    /// As given.
    pub(crate) identity: String,
    pub(crate) id: String,
    pub(crate) processing_state: Option<String>,
    pub(crate) last_refresh: Option<String>,
}

/// Why a call failed, in short; the first one's whole error is the envelope's.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CallError {
    code: Code,
    message: String,
}

/// What became of names that mean nobody, or several people.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Names {
    pub(crate) unmatched: Vec<String>,
    pub(crate) ambiguous: Vec<Ambiguous>,
}

/// A name, and everybody whom it may mean.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ambiguous {
    pub(crate) identity: String,
    pub(crate) people: Vec<Person>,
}

impl Names {
    /// Those who are several people, as `calls` accounts for them.
    pub(crate) fn report(&self) -> Option<CallReport> {
        let identities: Vec<String> = self.ambiguous.iter().map(|ambiguous| ambiguous.identity.clone()).collect();
        (!identities.is_empty()).then(|| CallReport::left_out(identities, "ambiguous"))
    }
}

impl CallReport {
    // What `call` may be.
    pub(crate) const REFRESH: &str = "refreshIdentities";
    pub(crate) const PROCESS: &str = "process";
    pub(crate) const SYNCHRONIZE: &str = "synchronize-attributes";

    /// People who are not to be sent, and why.
    pub(crate) fn left_out(identities: Vec<String>, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..Self::of(None, identities, Vec::new(), Outcome::NotSent) }
    }

    /// People for whom no call was made, what became of them, and why.
    pub(crate) fn settled(
        call: &'static str,
        identities: Vec<String>,
        ids: Vec<String>,
        outcome: Outcome,
        reason: &'static str,
    ) -> Self {
        Self { reason: Some(reason), ..Self::of(Some(call), identities, ids, outcome) }
    }

    pub(crate) fn not_sent(call: &'static str, identities: Vec<String>, ids: Vec<String>) -> Self {
        Self::of(Some(call), identities, ids, Outcome::NotSent)
    }

    pub(crate) fn accepted(call: &'static str, identities: Vec<String>, ids: Vec<String>, response: &Response) -> Self {
        // The one of synchronize-attributes cannot be followed.
        let task = if call == Self::SYNCHRONIZE { None } else { Task::of(response) };
        Self { status: Some(response.status), task, ..Self::of(Some(call), identities, ids, Outcome::Accepted) }
    }

    pub(crate) fn failed(call: &'static str, identities: Vec<String>, ids: Vec<String>, error: &Error) -> Self {
        let details = error.details();
        let status = details.response.as_ref().filter(|_| details.is_endpoint_answer).map(|response| response.status);
        Self {
            status,
            error: Some(CallError { code: details.code, message: details.message.clone() }),
            tracking_id: details.tracking_id.clone(),
            ..Self::of(Some(call), identities, ids, Outcome::of(error))
        }
    }

    fn of(call: Option<&'static str>, identities: Vec<String>, ids: Vec<String>, outcome: Outcome) -> Self {
        Self { call, identities, ids, outcome, reason: None, status: None, task: None, error: None, tracking_id: None }
    }
}

impl Outcome {
    /// Of a call that failed.
    fn of(error: &Error) -> Self {
        let details = error.details();
        match details.sent {
            Sent::Maybe => Self::MaybeSent,
            _ if details.is_endpoint_answer => Self::Rejected,
            // An answer that broke off: its status alone does not tell.
            Sent::Yes => Self::MaybeSent,
            Sent::No => Self::NotSent,
        }
    }
}

impl Task {
    /// The task that the answer names.
    fn of(response: &Response) -> Option<Self> {
        // Typed: every refresh comes by here, and a tree of maps takes longer than all else about its account.
        #[derive(Deserialize)]
        struct Body {
            #[serde(rename = "type")]
            kind: Option<Box<RawValue>>,
            id: String,
            name: Option<Box<RawValue>>,
        }
        // Serde would take a list for it.
        let json = response.json().filter(|json| json.starts_with('{'))?;
        let Body { kind, id, name } = serde_json::from_str(json).ok()?;
        (!id.trim().is_empty()).then_some(Self { kind, id, name, ended: None })
    }
}
