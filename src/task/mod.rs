//! Follows a task until it has ended.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::report::{CallReport, FailedPerson, Failure, Outcome, TaskEnd, TaskState};
pub(crate) mod verification;

use self::verification::{StatusSource, find_failed};
use crate::control::{Control, Phase};
use crate::error::{Code, Error, Result, Sent};
use crate::json::Object;
use crate::request::WaitOptions;
use crate::response::{Response, ServiceTime, StatusClass};
use crate::service::{self, Call, Service, TaskStatus};
use crate::text::printable;

/// The answer of `cc_get_task`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskReport {
    base_url: String,
    state: TaskState,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<String>,
    /// The people of `ids` whom the task has not refreshed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<FailedPerson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// The service's object, unchanged.
    task: Box<RawValue>,
}

struct TaskRequest<'a> {
    id: String,
    /// The ids of the task's people.
    ids: Vec<String>,
    /// How long to wait for the end; `None`: do not wait.
    wait: Option<WaitOptions>,
    configuration: Option<&'a str>,
}

/// The pause before the second poll. It doubles up to the interval.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The maximum number of failed polls in a row, each after its own retries.
const MAX_OUTAGES: u32 = 10;

/// How long a task may be unknown: a new one may not be visible on all servers at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Queries a task, and waits for its end if requested.
pub(crate) fn task(text: &str, control: &Control) -> Result<TaskReport, Failure> {
    let request = TaskRequest::parse(text)?;
    let service = Service::of_call(request.configuration).map_err(|error| error.stops_run(true))?;
    let call = Call::new(&service, None, control);
    let report = report(&call, &request);
    let warnings = call.metadata.warnings(&service);
    match report {
        Ok(report) => Ok(TaskReport { warnings: [report.warnings, warnings].concat(), ..report }),
        Err(failure) => {
            let stops = !concerns_one_task(&failure.error);
            Err(failure.map(|error| error.stops_run(stops)).warnings(warnings))
        }
    }
}

/// Whether an error is about this task, so that other tasks can be queried nevertheless.
fn concerns_one_task(error: &Error) -> bool {
    let details = error.details();
    match details.code {
        Code::TaskFailed | Code::InvalidArgument => true,
        // A task that has not ended in time; without an answer, the service is not reached.
        Code::Timeout => details.sent == Sent::Yes,
        Code::NotFound => !details.response.as_ref().is_some_and(Response::is_html),
        _ => false,
    }
}

fn report(call: &Call<'_>, request: &TaskRequest<'_>) -> Result<TaskReport, Failure> {
    let status = match request.wait {
        None => service::task_status(call, &request.id),
        Some(wait) => {
            let end = Instant::now() + wait.timeout;
            // A text that is no id is unknown for ever.
            let is_started = !request.ids.is_empty() || service::is_task_id(&request.id);
            let patience = if is_started { PATIENCE } else { Duration::ZERO };
            wait_for_end(call, &request.id, wait.interval, end, patience, |percent| {
                call.control.set_progress(percent, Some(100))
            })
        }
    };
    let status = status.map_err(|error| match error.details().code {
        Code::NotFound => error.add_hint("Or it has no task of that id: check the id; tasks are kept for 90 days."),
        _ => error,
    })?;
    let (mut failed, mut warning) = (Vec::new(), None);
    if status.state != TaskState::Running {
        let people = request.ids.iter().map(|id| (id.as_str(), id.as_str()));
        (failed, warning) = find_failed(call, people, status.launched.as_deref(), &mut StatusSource::default());
    }
    if status.state == TaskState::Failed && request.wait.is_some() {
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

/// The results of the tasks of several calls.
#[derive(Default)]
pub(crate) struct FollowedTasks {
    pub(crate) failed: Vec<FailedPerson>,
    pub(crate) warnings: Vec<String>,
    pub(crate) first_error: Option<Error>,
    status_source: StatusSource,
}

impl FollowedTasks {
    /// Waits for one task after the other, and stops if the end of one cannot be determined. `so_far`: the people of
    /// the run who are done, and all of them; `None` if these calls are all.
    pub(crate) fn follow_all(
        call: &Call<'_>,
        calls: &mut [CallReport],
        wait: WaitOptions,
        so_far: Option<(u64, Option<u64>)>,
    ) -> Self {
        let end = Instant::now() + wait.timeout;
        let (mut done, total) = so_far.unwrap_or_else(|| (0, Some(calls.iter().map(people).sum())));
        let mut followed = Self::default();
        for report in calls.iter_mut() {
            let people = people(report);
            let on_progress = |percent| call.control.set_progress_within((done, total), people, percent);
            if let Err(error) = followed.follow_one(call, report, (wait.interval, end), on_progress) {
                followed.first_error = Some(error);
                return followed;
            }
            done += people;
            call.control.set_progress(done, total);
        }
        followed.first_error = calls.iter().find_map(|report| {
            let task = report.task.as_ref()?;
            let ended = task.ended.as_ref().filter(|ended| ended.state == TaskState::Failed)?;
            Some(task_failed(&task.id, ended.completion_status.as_deref(), &ended.messages))
        });
        followed
    }

    /// Waits for the task of a call, and adds its results.
    fn follow_one(
        &mut self,
        call: &Call<'_>,
        report: &mut CallReport,
        (interval, end): (Duration, Instant),
        on_progress: impl FnMut(u64),
    ) -> Result<()> {
        let Some(task) = &mut report.task else {
            if report.outcome == Outcome::Accepted && report.call != Some(CallReport::SYNCHRONIZE) {
                self.warn("The answer names no task, so its end could not be waited for.".to_owned());
            }
            return Ok(());
        };
        let launched = match wait_for_end(call, &task.id, interval, end, PATIENCE, on_progress) {
            Ok(status) => {
                if status.state == TaskState::Warning {
                    let messages = status.messages.join(" ");
                    self.warn(format!("The task {} has ended with a warning. {messages}", printable(&task.id)));
                }
                let (state, completion_status) = (status.state, status.completion);
                task.ended = Some(TaskEnd { state, completion_status, messages: status.messages });
                status.launched
            }
            // The refresh was accepted nevertheless. An id that no address can hold is unknown too.
            Err(error) if matches!(error.details().code, Code::NotFound | Code::InvalidArgument) => {
                self.warn(unknown_task(&task.id, !report.identities.is_empty()));
                report.since.as_ref().and_then(ServiceTime::text).map(|time| time + "Z")
            }
            Err(error) => return Err(with_task_hint(&task.id, error)),
        };
        let ids = if report.ids.is_empty() { &report.identities } else { &report.ids };
        let people = report.identities.iter().map(String::as_str).zip(ids.iter().map(String::as_str));
        let (failed, warning) = find_failed(call, people, launched.as_deref(), &mut self.status_source);
        self.failed.extend(failed);
        warning.into_iter().for_each(|warning| self.warn(warning));
        Ok(())
    }

    /// Adds a warning once, even if several tasks have it.
    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// The number of people of a call, for the progress. A filter on `/cc` counts as one.
fn people(report: &CallReport) -> u64 {
    match report.call {
        // They were counted with the call before.
        Some(CallReport::SYNCHRONIZE) => 0,
        _ => (report.identities.len() as u64).max(u64::from(report.task.is_some())),
    }
}

impl<'a> TaskRequest<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let mut object = Object::parse(text, "The request")?;
        let id = object.text("id")?.filter(|id| !id.trim().is_empty());
        let ids = object.texts("ids")?.unwrap_or_default();
        let wait = WaitOptions::read(&mut object)?;
        let configuration = object.take("configuration").map(RawValue::get);
        object.client()?;
        object.finish()?;
        let id = id.ok_or_else(|| {
            Error::invalid_argument("id is missing: which task is meant?")
                .hint("It is the task's id in the answer of the call that started it.")
        })?;
        Ok(Self { id, ids, wait, configuration })
    }
}

/// Waits until a task has ended, at most until `end`. `patience`: how long it may be unknown.
fn wait_for_end(
    call: &Call<'_>,
    id: &str,
    interval: Duration,
    end: Instant,
    patience: Duration,
    mut on_progress: impl FnMut(u64),
) -> Result<TaskStatus> {
    let mut pause = FIRST_PAUSE.min(interval);
    let end = call.deadline.map_or(end, |deadline| deadline.min(end));
    let _pause = call.control.begin_pause(Phase::Waiting, None, || format!("Waiting for the task {}", printable(id)));
    let known_by = Instant::now() + patience;
    let (mut found_by, mut outages) = (id.to_owned(), 0);
    loop {
        let mut unknown = None;
        match service::task_status(call, &found_by) {
            Ok(status) if status.state != TaskState::Running => return Ok(status),
            Ok(status) => {
                outages = 0;
                on_progress(status.percent.unwrap_or(0));
                found_by = status.id;
            }
            Err(error) if error.details().code == Code::NotFound && Instant::now() < known_by => unknown = Some(error),
            Err(error) if error.details().code == Code::Timeout && end <= Instant::now() => {
                return Err(still_running(id));
            }
            // Tasks take long, and a gateway may be unavailable for a minute.
            Err(error) if is_outage(&error) && outages < MAX_OUTAGES => outages += 1,
            Err(error) => return Err(error),
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(unknown.unwrap_or_else(|| still_running(id)));
        }
        // One more poll at the end, if that comes before the next interval.
        call.control.sleep(pause.min(left))?;
        pause = (pause * 2).min(interval);
    }
}

/// The warning about an accepted refresh whose task cannot be followed. `has_people`: whether they are known.
fn unknown_task(id: &str, has_people: bool) -> String {
    let people = if has_people { " Who had not been refreshed by then is reported as failed." } else { "" };
    format!("The service knows no task {}, so its end could not be waited for.{people}", printable(id))
}

fn still_running(id: &str) -> Error {
    Error::new(Code::Timeout, format!("The task {} had not ended in time. It continues at the service.", printable(id)))
        .hint(task_hint(id))
        .sent(Sent::Yes)
}

/// Adds the task to an error of the wait.
fn with_task_hint(id: &str, error: Error) -> Error {
    match error.details().code {
        Code::Cancelled => error,
        // Their own hints concern the query and could be mistaken for hints on the refresh.
        Code::Timeout | Code::RateLimited => error.hint(task_hint(id)),
        _ => error.add_hint(&task_hint(id)),
    }
    .sent(Sent::Yes)
}

/// Whether a missing answer, or that of a gateway, is temporary.
fn is_outage(error: &Error) -> bool {
    let details = error.details();
    match details.response.as_ref().map(Response::class) {
        Some(class) => matches!(class, StatusClass::RateLimited | StatusClass::Gateway | StatusClass::ServerError),
        None => matches!(details.code, Code::Connection | Code::Timeout | Code::InvalidResponse),
    }
}

fn task_hint(id: &str) -> String {
    format!("The refresh was accepted, do not send it again: follow the task by ⟦follow-task⟧ {}.", printable(id))
}

/// The error of a failed task.
fn task_failed(id: &str, completion: Option<&str>, messages: &[String]) -> Error {
    let messages = match messages {
        [] => "It has no messages. Look at the task in the tenant before sending the refresh again.".to_owned(),
        messages => messages.join("\n"),
    };
    let completion = printable(completion.unwrap_or("an error"));
    Error::new(Code::TaskFailed, format!("The task {} has ended with {completion}.", printable(id)))
        .hint(messages)
        .sent(Sent::Yes)
}
