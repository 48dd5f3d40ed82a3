//! Following a task until it has ended.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::report::{CallReport, FailedPerson, Failure, Outcome, TaskEnd, TaskState};
pub(crate) mod verification;

use self::verification::who_failed;
use crate::control::{Control, Phase};
use crate::error::{Code, Error, Result, Sent};
use crate::json::Object;
use crate::request::Patience;
use crate::service::{self, Call, Service, TaskStatus};
use crate::text::printable;

/// `cc_get_task`'s answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskReport {
    base_url: String,
    state: TaskState,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<String>,
    /// Of `ids`: whom the task has left as they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<FailedPerson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// The service's object, as it came.
    task: Box<RawValue>,
}

struct TaskRequest<'a> {
    id: String,
    /// Whom it is for.
    ids: Vec<String>,
    /// How long its end is waited for; `None`: not at all.
    patience: Option<Patience>,
    configuration: Option<&'a str>,
}

/// The pause before the second question; each of the next is twice as long, until the interval is reached.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How many questions in a row may fail, each with its own repetitions.
const OUTAGES: u32 = 10;

/// A task that has just been started may not be known everywhere at once.
const UNKNOWN_AT_FIRST: u32 = 3;

/// Asks after a task; waits for its end where that is asked for.
pub(crate) fn task(text: &str, control: &Control) -> Result<TaskReport, Failure> {
    let request = TaskRequest::parse(text)?;
    let service = Service::of_call(request.configuration)?;
    let call = Call::new(&service, None, control);
    let report = report(&call, &request);
    let warnings = call.notices.warnings(&service);
    match report {
        Ok(report) => Ok(TaskReport { warnings: [report.warnings, warnings].concat(), ..report }),
        Err(failure) => Err(failure.warnings(warnings)),
    }
}

fn report(call: &Call<'_>, request: &TaskRequest<'_>) -> Result<TaskReport, Failure> {
    let status = match request.patience {
        None => service::task_status(call, &request.id),
        Some(patience) => {
            let end = Instant::now() + patience.timeout;
            ended(call, &request.id, patience.interval, end, 0, |percent| call.control.done(percent, Some(100)))
        }
    };
    let status = status.map_err(|error| match error.details().code {
        Code::NotFound => {
            error.also("Or it has no task of that id: look for a slip in it; tasks are kept for 90 days.")
        }
        _ => error,
    })?;
    let (mut failed, mut warning) = (Vec::new(), None);
    if status.state != TaskState::Running {
        let people = request.ids.iter().map(|id| (id.as_str(), id.as_str()));
        (failed, warning) = who_failed(call, people, status.launched.as_deref());
    }
    if status.state == TaskState::Failed && request.patience.is_some() {
        let error = task_failed(&request.id, status.completion.as_deref(), &status.messages);
        let mut failure = Failure::from(error).warnings(warning);
        failure.report.failed = failed;
        return Err(failure);
    }
    Ok(TaskReport {
        base_url: call.service.base_url().as_str().to_owned(),
        state: status.state,
        messages: status.messages,
        failed,
        warnings: warning.into_iter().collect(),
        task: status.object,
    })
}

/// What has come of the tasks of several calls.
#[derive(Default)]
pub(crate) struct Followed {
    pub(crate) failed: Vec<FailedPerson>,
    pub(crate) warnings: Vec<String>,
    pub(crate) first_error: Option<Error>,
    /// Whether people could not be looked up: the next ones could not be either.
    is_blind: bool,
}

impl Followed {
    /// Waits for one after the other; none after one whose end could not be seen.
    pub(crate) fn all(call: &Call<'_>, calls: &mut [CallReport], patience: Patience) -> Self {
        let end = Instant::now() + patience.timeout;
        let tasks = calls.iter().filter(|report| report.task.is_some()).count() as u64;
        let mut followed = Self::default();
        let mut done = 0;
        for report in calls.iter_mut() {
            let on_progress = |percent| call.control.done(done * 100 + percent, Some(tasks * 100));
            if let Err(error) = followed.one(call, report, (patience.interval, end), on_progress) {
                followed.first_error = Some(error);
                return followed;
            }
            done += u64::from(report.task.is_some());
        }
        followed.first_error = calls.iter().find_map(|report| {
            let task = report.task.as_ref()?;
            let ended = task.ended.as_ref().filter(|ended| ended.state == TaskState::Failed)?;
            Some(task_failed(&task.id, ended.completion_status.as_deref(), &ended.messages))
        });
        followed
    }

    /// Waits for the end of a call's task, and adds what is to be said of it.
    fn one(
        &mut self,
        call: &Call<'_>,
        report: &mut CallReport,
        (interval, end): (Duration, Instant),
        on_progress: impl FnMut(u64),
    ) -> Result<()> {
        let is_documented = report.call == Some(CallReport::PROCESS);
        let Some(task) = &mut report.task else {
            if report.outcome == Outcome::Accepted && report.call != Some(CallReport::SYNCHRONIZE) {
                self.warn("The answer names no task, so that its end could not be waited for.".to_owned());
            }
            return Ok(());
        };
        let status = match ended(call, &task.id, interval, end, UNKNOWN_AT_FIRST, on_progress) {
            Ok(status) => status,
            // That /cc answers with a task is nowhere documented.
            Err(error) if !is_documented && error.details().code == Code::NotFound => {
                self.warn(format!(
                    "The service knows no task {}, so that its end could not be waited for.",
                    printable(&task.id)
                ));
                return Ok(());
            }
            Err(error) => return Err(out_of_sight(&task.id, error)),
        };
        if status.state == TaskState::Warning {
            let said = status.messages.join(" ");
            self.warn(format!("The task {} has ended with a warning. {said}", printable(&task.id)));
        }
        task.ended =
            Some(TaskEnd { state: status.state, completion_status: status.completion, messages: status.messages });
        if !self.is_blind {
            let ids = if report.ids.is_empty() { &report.identities } else { &report.ids };
            let people = report.identities.iter().map(String::as_str).zip(ids.iter().map(String::as_str));
            let (failed, warning) = who_failed(call, people, status.launched.as_deref());
            self.failed.extend(failed);
            self.is_blind = warning.is_some();
            warning.into_iter().for_each(|warning| self.warn(warning));
        }
        Ok(())
    }

    /// Once, whatever the number of tasks.
    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

impl<'a> TaskRequest<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let mut object = Object::parse(text, "The request")?;
        let id = object.text("id")?.filter(|id| !id.trim().is_empty());
        let ids = object.texts("ids")?.unwrap_or_default();
        let patience = Patience::read(&mut object)?;
        let configuration = object.take("configuration").map(RawValue::get);
        object.client()?;
        object.finish()?;
        let id = id.ok_or_else(|| {
            Error::invalid_argument("id is missing: which task is meant?")
                .hint("It is the task's id in the answer of the call that started it.")
        })?;
        Ok(Self { id, ids, patience, configuration })
    }
}

/// Waits until a task has ended, and until `end` at the most. `unknown`: how often it may be unknown at first.
fn ended(
    call: &Call<'_>,
    id: &str,
    interval: Duration,
    end: Instant,
    mut unknown: u32,
    mut on_progress: impl FnMut(u64),
) -> Result<TaskStatus> {
    let mut pause = FIRST_PAUSE.min(interval);
    let end = call.deadline.map_or(end, |deadline| deadline.min(end));
    let _pausing = call.control.pausing(Phase::Waiting, None, || format!("Waiting for the task {}", printable(id)));
    let mut outages = 0;
    loop {
        match service::task_status(call, id) {
            Ok(status) if status.state != TaskState::Running => return Ok(status),
            Ok(status) => {
                (unknown, outages) = (0, 0);
                on_progress(status.percent.unwrap_or(0));
            }
            Err(error) if error.details().code == Code::NotFound && unknown > 0 => unknown -= 1,
            Err(error) if error.details().code == Code::Timeout && end <= Instant::now() => {
                return Err(still_running(id));
            }
            // A task takes long, and a gateway is away for a minute.
            Err(error) if is_outage(&error) && outages < OUTAGES => outages += 1,
            Err(error) => return Err(error),
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(still_running(id));
        }
        // It is asked after at the end as well, where that comes before its turn.
        call.control.sleep(pause.min(left))?;
        pause = (pause * 2).min(interval);
    }
}

fn still_running(id: &str) -> Error {
    Error::new(Code::Timeout, format!("The task {} had not ended in time. It goes on at the service.", printable(id)))
        .hint(goes_on(id))
        .sent(Sent::Yes)
}

/// An error that came while the task of a refresh was waited for.
fn out_of_sight(id: &str, error: Error) -> Error {
    match error.details().code {
        Code::Cancelled => error,
        // Their hints speak of a question that may be asked again, and read as if they spoke of the refresh.
        Code::Timeout | Code::RateLimited => error.hint(goes_on(id)),
        _ => error.also(&goes_on(id)),
    }
    .sent(Sent::Yes)
}

/// Whether an answer that did not come, or is a gateway's, may come the next time.
fn is_outage(error: &Error) -> bool {
    let details = error.details();
    match details.response.as_ref().map(|response| response.status) {
        Some(status) => matches!(status, 429 | 500..),
        None => matches!(details.code, Code::Connection | Code::Timeout | Code::InvalidResponse),
    }
}

fn goes_on(id: &str) -> String {
    format!("The refresh was taken, do not send it again: follow the task by ⟦follow-task⟧ {}.", printable(id))
}

/// The error of a task that has failed.
fn task_failed(id: &str, completion: Option<&str>, messages: &[String]) -> Error {
    let said = match messages {
        [] => "It says nothing about the reason.".to_owned(),
        messages => messages.join("\n"),
    };
    let completion = printable(completion.unwrap_or("an error"));
    Error::new(Code::TaskFailed, format!("The task {} has ended with {completion}.", printable(id)))
        .hint(said)
        .sent(Sent::Yes)
}
