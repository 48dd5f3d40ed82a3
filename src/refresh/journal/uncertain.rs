//! Asks the tenant about people whom an earlier run may have sent: who was refreshed since, and which tasks exist.
//!
//! A request that arrived has started a task, and the task refreshes its people. A person who was refreshed since is
//! therefore done. If every task since then belongs to people who were refreshed, the others were not accepted. If
//! another task is left, which may be theirs, their state is unknown.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use super::Uncertain;
use crate::control::Phase;
use crate::error::{Code, Error, Result};
use crate::service::{self, Call, RefreshStatus, plain_task_id};
use crate::task::verification::utc_second;

/// How long a request that was sent may be in transit or wait in a gateway.
const MAX_TRANSIT: Duration = Duration::from_secs(10);

/// How long to wait for tasks that may belong to these people, and how often to poll.
const MAX_TASK_WAIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What a task of the refresh is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TasksAre {
    OfBatches,
    /// On `/cc` each person is a call.
    OfPeople,
}

/// What the tenant reports.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) refreshed: Vec<Uncertain>,
    pub(super) not_accepted: Vec<Uncertain>,
    pub(super) unknown: Vec<Uncertain>,
    /// The tasks of the people who were refreshed.
    pub(super) tasks: Vec<String>,
}

/// Asks about these people. `known`: the tasks of batches whose outcome is known. `opened`: when the journal was locked.
pub(super) fn resolve(
    call: &Call<'_>,
    people: Vec<Uncertain>,
    known: &HashSet<String>,
    tasks_are: TasksAre,
    opened: Instant,
) -> Result<Findings> {
    let mut findings = Findings::default();
    let (mut people, without_time): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| person.since.is_some());
    findings.unknown = without_time;
    let Some(since) = people.iter().filter_map(|person| person.since.clone()).min() else { return Ok(findings) };
    let _pause =
        call.control.begin_pause(Phase::Waiting, None, || "Asking who was refreshed by the run before".to_owned());
    // The earlier run has ended before the journal was opened. A call may have waited for the rate limit, or for other
    // calls, long after `since`.
    call.control.sleep((opened + MAX_TRANSIT).saturating_duration_since(Instant::now()))?;
    let end = Instant::now() + MAX_TASK_WAIT;
    let mut explained: BTreeSet<u64> = BTreeSet::new();
    loop {
        // Tasks first: if a task shows as ended, its people show the result.
        let tasks = optional(service::tasks_since(call, &since))?;
        let Some(refresh_statuses) = optional(refresh_statuses(call, &people))? else { break };
        people.retain(|person| {
            let status = refresh_statuses.iter().find(|status| Some(&status.id) == person_id(person));
            let was_refreshed = refreshed(status, person) == Some(Ordering::Greater);
            if was_refreshed {
                explained.insert(person.batch);
                findings.refreshed.push(person.clone());
            }
            // They are looked up again by name, and reported as unmatched.
            let is_gone = status.is_none();
            if is_gone {
                findings.not_accepted.push(person.clone());
            }
            !was_refreshed && !is_gone
        });
        // Without the tasks, nothing shows that a request was not accepted.
        let Some(tasks) = tasks else { break };
        let others: Vec<_> = tasks.into_iter().filter(|task| !known.contains(&plain_task_id(&task.id))).collect();
        let are_running = others.iter().any(|task| !task.has_ended);
        let count_tasks = |explained: &BTreeSet<u64>, people: usize| match tasks_are {
            TasksAre::OfBatches => explained.len(),
            TasksAre::OfPeople => people,
        };
        // `since` has whole seconds. Who was refreshed in that second was so by the batch, or just before it: then the
        // batch has no task.
        let (same_second, rest): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| {
            let status = refresh_statuses.iter().find(|status| Some(&status.id) == person_id(person));
            refreshed(status, person) == Some(Ordering::Equal)
        });
        let with_same_second = explained.iter().copied().chain(same_second.iter().map(|person| person.batch)).collect();
        people = rest;
        if others.len() == count_tasks(&with_same_second, findings.refreshed.len() + same_second.len()) && !are_running
        {
            explained = with_same_second;
            findings.refreshed.extend(same_second);
        } else {
            people.extend(same_second);
        }
        let explained_tasks = count_tasks(&explained, findings.refreshed.len());
        if others.len() <= explained_tasks && !are_running {
            let (not_accepted, failed): (Vec<_>, Vec<_>) = people
                .drain(..)
                .partition(|person| tasks_are == TasksAre::OfPeople || !explained.contains(&person.batch));
            findings.not_accepted.extend(not_accepted);
            people = failed;
            findings.tasks = others.into_iter().map(|task| task.id).collect();
        }
        if people.is_empty() || !are_running || Instant::now() >= end {
            break;
        }
        call.control.sleep(POLL_INTERVAL)?;
    }
    findings.unknown.append(&mut people);
    Ok(findings)
}

fn refresh_statuses(call: &Call<'_>, people: &[Uncertain]) -> Result<Vec<RefreshStatus>> {
    let ids: Vec<&str> = people.iter().filter_map(|person| person_id(person).map(String::as_str)).collect();
    let mut refresh_statuses = Vec::with_capacity(ids.len());
    let mut remaining = ids.as_slice();
    while !remaining.is_empty() {
        let (chunk, others) = remaining.split_at(service::ids_per_request(remaining.iter().copied()));
        refresh_statuses.extend(service::refresh_statuses(call, chunk)?);
        remaining = others;
    }
    Ok(refresh_statuses)
}

/// Without a look-up the name is the id.
fn person_id(person: &Uncertain) -> Option<&String> {
    person.id.as_ref().or((person.attribute == "id").then_some(&person.name))
}

/// When the person was last refreshed, compared with `since`.
fn refreshed(status: Option<&RefreshStatus>, person: &Uncertain) -> Option<Ordering> {
    let last_refresh = utc_second(status?.last_refresh.as_deref()?)?;
    Some(last_refresh.cmp(person.since.as_deref()?))
}

/// `None` if the tenant does not answer.
fn optional<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_fatal(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

fn is_fatal(error: &Error) -> bool {
    matches!(error.details().code, Code::Cancelled | Code::Unauthorized | Code::Internal)
}
