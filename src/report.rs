//! The outcome for each person: `calls`, `unmatched` and `ambiguous` of the envelope.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Code, Error, Sent};
use crate::response::{Response, ServiceTime};

/// The outcome for each person, beside an answer or an error.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Why the fallback from `/cc` was used.
    pub(crate) fallback: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) names: Names,
    /// People whom the tasks have not refreshed.
    pub(crate) failed: Vec<FailedPerson>,
    pub(crate) calls: Vec<CallReport>,
    /// For a streamed run.
    pub(crate) totals: Option<Totals>,
}

/// An error with the outcome for each person.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) report: Box<Report>,
}

/// The numbers of names by outcome, for a whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    /// All names, repetitions included.
    pub(crate) given: u64,
    /// Repetitions.
    pub(crate) repeated: u64,
    /// Names that are done according to the journal.
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
    /// Appends warnings.
    pub(crate) fn warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.report.warnings.extend(warnings);
        self
    }

    /// Adds names that match nobody or several people, none of whom was sent.
    pub(crate) fn names(mut self, names: Names) -> Self {
        self.report.calls.extend(names.report());
        self.report.names = names;
        self
    }

    /// Replaces the error.
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

    /// Whether a refresh was sent.
    pub(crate) fn sent(&self) -> Sent {
        match (self.maybe_sent, self.accepted) {
            (1.., _) => Sent::Maybe,
            (0, 1..) => Sent::Yes,
            (0, 0) => Sent::No,
        }
    }
}

/// An identity in an answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    pub(crate) id: Value,
    pub(crate) name: Value,
    pub(crate) display_name: Value,
}

impl From<Value> for Person {
    fn from(mut document: Value) -> Self {
        let mut take = |name: &str| document.get_mut(name).map(Value::take).unwrap_or_default();
        Self { id: take("id"), name: take("name"), display_name: take("displayName") }
    }
}

impl Person {
    pub(crate) fn of(document: &Value) -> Self {
        let of = |name: &str| document.get(name).cloned().unwrap_or_default();
        Self { id: of("id"), name: of("name"), display_name: of("displayName") }
    }
}

/// One call in the envelope's `calls`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallReport {
    /// `None` for people who were excluded from all calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<&'static str>,
    /// As given; ids if a filter selected them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) identities: Vec<String>,
    /// The ids of the names, if they were looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<String>,
    pub(crate) outcome: Outcome,
    /// The service's time before the call.
    #[serde(skip)]
    pub(crate) since: Option<ServiceTime>,
    /// Why no call was made.
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

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Accepted,
    /// The service has refused the call.
    Rejected,
    NotSent,
    /// It was sent, and the result is unknown.
    MaybeSent,
}

/// The task that a call has started.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Task {
    #[serde(rename = "type")]
    kind: Option<Box<RawValue>>,
    pub(crate) id: String,
    name: Option<Box<RawValue>>,
    /// How it has ended, if the call waited for it.
    #[serde(flatten)]
    pub(crate) ended: Option<TaskEnd>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskEnd {
    pub(crate) state: TaskState,
    /// The service's own status word.
    pub(crate) completion_status: Option<String>,
    pub(crate) messages: Vec<String>,
}

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
            // ERROR, TERMINATED, TEMPERROR, and any other word.
            Some(_) => Self::Failed,
        }
    }
}

/// A person whom the refresh's task has not refreshed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailedPerson {
    pub(crate) identity: String,
    pub(crate) id: String,
    pub(crate) processing_state: Option<String>,
    pub(crate) last_refresh: Option<String>,
}

/// Why a call failed. The envelope has the whole first error.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CallError {
    code: Code,
    message: String,
}

/// Names that match nobody or several people.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Names {
    pub(crate) unmatched: Vec<String>,
    pub(crate) ambiguous: Vec<Ambiguous>,
}

/// A name, and all people whom it matches.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ambiguous {
    pub(crate) identity: String,
    pub(crate) people: Vec<Person>,
}

impl Names {
    pub(crate) fn count(&self) -> u64 {
        (self.unmatched.len() + self.ambiguous.len()) as u64
    }

    /// The ambiguous names as an entry of `calls`.
    pub(crate) fn report(&self) -> Option<CallReport> {
        let identities: Vec<String> = self.ambiguous.iter().map(|ambiguous| ambiguous.identity.clone()).collect();
        (!identities.is_empty()).then(|| CallReport::left_out(identities, "ambiguous"))
    }
}

impl CallReport {
    // The values of `call`.
    pub(crate) const REFRESH: &str = "refreshIdentities";
    pub(crate) const PROCESS: &str = "process";
    pub(crate) const SYNCHRONIZE: &str = "synchronize-attributes";

    /// People who are not sent, with the reason.
    pub(crate) fn left_out(identities: Vec<String>, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..Self::of(None, identities, Vec::new(), Outcome::NotSent) }
    }

    /// People for whom this run made no call, with their outcome and its reason.
    pub(crate) fn without_call(
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
        // The task of synchronize-attributes cannot be followed.
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
        Self {
            call,
            identities,
            ids,
            outcome,
            since: None,
            reason: None,
            status: None,
            task: None,
            error: None,
            tracking_id: None,
        }
    }
}

impl Outcome {
    /// The outcome of a failed call.
    fn of(error: &Error) -> Self {
        let details = error.details();
        match details.sent {
            Sent::Maybe => Self::MaybeSent,
            _ if details.is_endpoint_answer => Self::Rejected,
            // A success is no failure of a call.
            Sent::Yes => Self::MaybeSent,
            Sent::No => Self::NotSent,
        }
    }
}

impl Task {
    /// The task in the answer.
    fn of(response: &Response) -> Option<Self> {
        // Typed for speed: every refresh passes here.
        #[derive(Deserialize)]
        struct Body {
            #[serde(rename = "type")]
            kind: Option<Box<RawValue>>,
            id: String,
            name: Option<Box<RawValue>>,
        }
        // Serde would accept an array.
        let json = response.json().filter(|json| json.starts_with('{'))?;
        let Body { kind, id, name } = serde_json::from_str(json).ok()?;
        (!id.trim().is_empty()).then_some(Self { kind, id, name, ended: None })
    }
}
