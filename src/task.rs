//! Following a task until it has ended, and asking whether the people it was for were refreshed.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::account::{CallReport, FailedPerson, TaskEnd};
use crate::control::{Control, Phase};
use crate::error::{Code, Error, Result, Sent};
use crate::members::{Object, printable};
use crate::refresh::Refreshed;
use crate::service::{self, Call, Service, Standing, TaskState, TaskStatus};

/// How long and how often a task is asked after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
}

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

/// A task that has just been started may not be known everywhere at once.
const UNKNOWN_AT_FIRST: u32 = 3;

/// Asks after a task; waits for its end where that is asked for.
pub(crate) fn task(text: &str, control: &Control) -> Result<TaskReport> {
    let request = TaskRequest::parse(text)?;
    let service = Service::of_call(request.configuration)?;
    let call = Call::new(&service, None, control);
    let Some(patience) = request.patience else {
        let status = service::task_status(&call, &request.id)?;
        return Ok(TaskReport::new(&call, status, Vec::new(), Vec::new()));
    };
    let end = Instant::now() + patience.timeout;
    let status = ended(&call, &request.id, patience.interval, end, 0, |status| {
        control.done(status.percent.unwrap_or(0), 100);
    })?;
    let people = request.ids.iter().map(|id| (id.as_str(), id.as_str()));
    let (failed, warning) = who_failed(&call, people, status.launched.as_deref());
    if status.state == TaskState::Failed {
        return Err(task_failed(&request.id, status.completion.as_deref(), &status.messages).failed(failed));
    }
    Ok(TaskReport::new(&call, status, failed, warning.into_iter().collect()))
}

/// Waits for the end of the tasks that a refresh has started, and asks whom they have refreshed. A task that has failed
/// is an error, with the account of all.
pub(crate) fn follow(call: &Call<'_>, mut refreshed: Refreshed, patience: Patience) -> Result<Refreshed> {
    let end = Instant::now() + patience.timeout;
    let tasks = refreshed.calls.iter().filter(|report| report.task.is_some()).count() as u64;
    let mut calls = std::mem::take(&mut refreshed.calls);
    let mut done = 0;
    let mut first_error = None;
    for report in &mut calls {
        if let Err(error) = follow_one(call, report, &mut refreshed, (patience.interval, end), |percent| {
            call.control.done(done * 100 + percent, tasks * 100);
        }) {
            first_error.get_or_insert(error);
            break;
        }
        done += u64::from(report.task.is_some());
    }
    if first_error.is_none() {
        first_error = calls.iter().find_map(|report| {
            let task = report.task.as_ref()?;
            let ended = task.ended.as_ref().filter(|ended| ended.state == TaskState::Failed)?;
            Some(task_failed(&task.id, ended.completion_status.as_deref(), &ended.messages))
        });
    }
    match first_error {
        // Whatever it is: the refresh itself was taken.
        Some(error) => Err(error
            .sent(Sent::Yes)
            .names(refreshed.names.take().unwrap_or_default())
            .failed(refreshed.failed)
            .calls(calls)),
        None => Ok(Refreshed { calls, ..refreshed }),
    }
}

/// Waits for the end of a call's task, and adds what is to be said of it.
fn follow_one(
    call: &Call<'_>,
    report: &mut CallReport,
    refreshed: &mut Refreshed,
    (interval, end): (Duration, Instant),
    on_progress: impl Fn(u64),
) -> Result<()> {
    let is_documented = report.call == Some("process");
    let Some(task) = &mut report.task else {
        if report.call == Some("refreshIdentities") {
            refreshed.warnings.push("The answer names no task, so that its end could not be waited for.".to_owned());
        }
        return Ok(());
    };
    let progress = |status: &TaskStatus| on_progress(status.percent.unwrap_or(0));
    let status = match ended(call, &task.id, interval, end, UNKNOWN_AT_FIRST, progress) {
        Ok(status) => status,
        // That /cc answers with a task is nowhere documented.
        Err(error) if !is_documented && error.details().code == Code::NotFound => {
            refreshed.warnings.push(format!(
                "The service knows no task {}, so that its end could not be waited for.",
                printable(&task.id)
            ));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if status.state == TaskState::Warning {
        let said = status.messages.join(" ");
        refreshed.warnings.push(format!("The task {} has ended with a warning. {said}", printable(&task.id)));
    }
    task.ended = Some(TaskEnd { state: status.state, completion_status: status.completion, messages: status.messages });
    let ids = if report.ids.is_empty() { &report.identities } else { &report.ids };
    let people = report.identities.iter().map(String::as_str).zip(ids.iter().map(String::as_str));
    let (failed, warning) = who_failed(call, people, status.launched.as_deref());
    refreshed.failed.extend(failed);
    refreshed.warnings.extend(warning);
    Ok(())
}

impl TaskReport {
    fn new(call: &Call<'_>, status: TaskStatus, failed: Vec<FailedPerson>, mut warnings: Vec<String>) -> Self {
        warnings.extend(call.heard.warnings(call.service));
        Self {
            base_url: call.service.base_url().as_str().to_owned(),
            state: status.state,
            messages: status.messages,
            failed,
            warnings,
            task: status.object,
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
        object.finish()?;
        let id = id.ok_or_else(|| {
            Error::invalid_argument("id is missing: which task is meant?")
                .hint("It is the task's id in the answer of the call that started it.")
        })?;
        Ok(Self { id, ids, patience, configuration })
    }
}

impl Patience {
    const DEFAULT: Self = Self { timeout: Duration::from_secs(3600), interval: Duration::from_millis(2000) };

    /// Takes `wait`, `waitTimeoutSec` and `pollIntervalMs`; `None` where nothing is to be waited for.
    pub(crate) fn read(object: &mut Object<'_>) -> Result<Option<Self>> {
        let wait = object.flag("wait")?.unwrap_or(false);
        let timeout = object.seconds("waitTimeoutSec")?.unwrap_or(Self::DEFAULT.timeout);
        let interval = object.integer("pollIntervalMs", "milliseconds", 10..=3_600_000)?.map(Duration::from_millis);
        Ok(wait.then(|| Self { timeout, interval: interval.unwrap_or(Self::DEFAULT.interval) }))
    }
}

/// Waits until a task has ended, and until `end` at the most. `unknown`: how often it may be unknown at first.
fn ended(
    call: &Call<'_>,
    id: &str,
    interval: Duration,
    end: Instant,
    mut unknown: u32,
    mut on_progress: impl FnMut(&TaskStatus),
) -> Result<TaskStatus> {
    let mut pause = FIRST_PAUSE.min(interval);
    loop {
        match service::task_status(call, id) {
            Ok(status) if status.state != TaskState::Running => return Ok(status),
            Ok(status) => {
                unknown = 0;
                on_progress(&status);
            }
            Err(error) if error.details().code == Code::NotFound && unknown > 0 => unknown -= 1,
            Err(error) => return Err(error),
        }
        call.control.doing(Phase::Waiting, "waiting for a task");
        let end = call.deadline.map_or(end, |deadline| deadline.min(end));
        if Instant::now() + pause > end {
            return Err(still_running(id));
        }
        call.control.doing(Phase::Waiting, "waiting for a task");
        call.control.sleep(pause)?;
        pause = (pause * 2).min(interval);
    }
}

fn still_running(id: &str) -> Error {
    Error::new(Code::Timeout, format!("The task {} had not ended in time. It goes on at the service.", printable(id)))
        .hint(format!(
            "Do not send the refresh again: follow the task by cc_get_task (PowerShell: Wait-CCTask -Id {}).",
            printable(id)
        ))
        .sent(Sent::Yes)
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

/// Who of these people (as given, and by id) was not refreshed by a task that began at `launched`; and why that cannot
/// be told, where it cannot.
fn who_failed<'p>(
    call: &Call<'_>,
    people: impl Iterator<Item = (&'p str, &'p str)>,
    launched: Option<&str>,
) -> (Vec<FailedPerson>, Option<String>) {
    let people: Vec<_> = people.collect();
    let mut failed = Vec::new();
    for some in people.chunks(service::LARGEST_LOOK) {
        let ids: Vec<&str> = some.iter().map(|(_, id)| *id).collect();
        let standings = match service::standings(call, &ids) {
            Ok(standings) => standings,
            Err(error) => {
                return (
                    failed,
                    Some(format!("Who was refreshed could not be looked up: {}", error.details().message)),
                );
            }
        };
        for (identity, id) in some {
            let Some(standing) = standings.iter().find(|standing| standing.id == *id) else { continue };
            if has_failed(standing, launched) {
                failed.push(FailedPerson {
                    identity: (*identity).to_owned(),
                    id: (*id).to_owned(),
                    processing_state: standing.processing_state.clone(),
                    last_refresh: standing.last_refresh.clone(),
                });
            }
        }
    }
    (failed, None)
}

/// Whether somebody is marked as failed, or was last refreshed before the task began. Times are compared where both are
/// in UTC, to the second.
fn has_failed(standing: &Standing, launched: Option<&str>) -> bool {
    if standing.processing_state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("ERROR")) {
        return true;
    }
    let seconds = |time: &str| time.strip_suffix('Z').and_then(|time| time.get(..19)).map(str::to_owned);
    match (standing.last_refresh.as_deref().and_then(seconds), launched.and_then(seconds)) {
        (Some(refreshed), Some(launched)) => refreshed < launched,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_last_refreshed_before_the_task_began_has_failed() {
        let standing = |state: Option<&str>, last: Option<&str>| Standing {
            id: "1".to_owned(),
            processing_state: state.map(str::to_owned),
            last_refresh: last.map(str::to_owned),
        };
        let began = Some("2026-11-25T10:00:00.500Z");
        for (state, last, fails) in [
            (None, Some("2026-11-25T10:00:00.100Z"), false),
            (None, Some("2026-11-25T10:00:07Z"), false),
            (None, Some("2026-11-25T09:59:59.999Z"), true),
            (Some("ERROR"), Some("2026-11-25T10:00:07Z"), true),
            (Some("OK"), None, false),
            // Another time zone is not guessed at.
            (None, Some("2026-11-25T09:00:00+01:00"), false),
        ] {
            assert_eq!(has_failed(&standing(state, last), began), fails, "{state:?} {last:?}");
        }
    }
}
