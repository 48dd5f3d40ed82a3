//! People whom an earlier run may have sent: the tenant is asked who was refreshed since, and which tasks there are.
//!
//! A request that arrived has started a task, and the task refreshes its people. So somebody who was refreshed since is
//! done. Where every task that has begun since is explained by people who were refreshed, the others were not taken. Where a
//! task is left that may be theirs, it cannot be told.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use super::journal::Uncertain;
use crate::control::Phase;
use crate::error::{Code, Error, Result};
use crate::service::{self, Call, Standing};
use crate::task::verification::second;

/// A request that has left may be on its way, or wait in a gateway, for so long.
const ON_THE_WAY: Duration = Duration::from_secs(10);

/// How long the tasks that may be theirs are waited for, and how often they are asked after.
const LONGEST: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_secs(1);

/// What a task of the refresh is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TasksAre {
    OfBatches,
    /// On `/cc` each person is a call.
    OfPeople,
}

/// What the tenant tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) refreshed: Vec<Uncertain>,
    pub(super) not_taken: Vec<Uncertain>,
    pub(super) unknown: Vec<Uncertain>,
    /// The tasks that are explained by those who were refreshed.
    pub(super) tasks: Vec<String>,
}

/// Asks about these people. `known`: the tasks of batches whose outcome is known.
pub(super) fn ask(
    call: &Call<'_>,
    people: Vec<Uncertain>,
    known: &HashSet<String>,
    tasks_are: TasksAre,
) -> Result<Told> {
    let mut told = Told::default();
    let (mut people, without): (Vec<_>, Vec<_>) = people.into_iter().partition(|person| person.since.is_some());
    told.unknown = without;
    let Some(since) = people.iter().filter_map(|person| person.since.clone()).min() else { return Ok(told) };
    let last = people.iter().filter_map(|person| person.since.clone()).max().unwrap_or_default();
    let _pausing =
        call.control.pausing(Phase::Waiting, None, || "Asking who was refreshed by the run before".to_owned());
    wait_until(call, &last)?;
    let end = Instant::now() + LONGEST;
    let mut explained: BTreeSet<u64> = BTreeSet::new();
    loop {
        // The tasks first: what they show as ended can be seen at its people.
        let tasks = match questions(service::tasks_since(call, &since))? {
            Some(tasks) => tasks,
            None => break,
        };
        let Some(standings) = questions(standings(call, &people))? else { break };
        people.retain(|person| {
            let standing = standings.iter().find(|standing| Some(&standing.id) == person_id(person));
            let was_refreshed = standing.is_some_and(|standing| is_since(standing, person));
            if was_refreshed {
                explained.insert(person.batch);
                told.refreshed.push(person.clone());
            }
            // Whoever is gone is looked up again by name, and reported as unmatched.
            let is_gone = standing.is_none();
            if is_gone {
                told.not_taken.push(person.clone());
            }
            !was_refreshed && !is_gone
        });
        let others: Vec<_> = tasks.into_iter().filter(|task| !known.contains(&task.id)).collect();
        let are_running = others.iter().any(|task| !task.has_ended);
        let explained_tasks = match tasks_are {
            TasksAre::OfBatches => explained.len(),
            TasksAre::OfPeople => told.refreshed.len(),
        };
        if others.len() <= explained_tasks && !are_running {
            let (not_taken, failed): (Vec<_>, Vec<_>) = people
                .drain(..)
                .partition(|person| tasks_are == TasksAre::OfPeople || !explained.contains(&person.batch));
            told.not_taken.extend(not_taken);
            people = failed;
            told.tasks = others.into_iter().map(|task| task.id).collect();
        }
        if people.is_empty() || !are_running || Instant::now() >= end {
            break;
        }
        call.control.sleep(INTERVAL)?;
    }
    told.unknown.append(&mut people);
    Ok(told)
}

/// Waits until what left at this time of the service's has arrived, or never will.
fn wait_until(call: &Call<'_>, last: &str) -> Result<()> {
    let end = Instant::now() + ON_THE_WAY;
    loop {
        // By the service's clock; where it cannot be asked, as long as if it had left just now.
        let has_passed =
            call.service_time().is_some_and(|now| service::seconds_between(last, &now) >= ON_THE_WAY.as_secs());
        if has_passed || Instant::now() >= end {
            return Ok(());
        }
        call.control.sleep(Duration::from_millis(200))?;
    }
}

fn standings(call: &Call<'_>, people: &[Uncertain]) -> Result<Vec<Standing>> {
    let ids: Vec<&str> = people.iter().filter_map(|person| person_id(person).map(String::as_str)).collect();
    let mut standings = Vec::with_capacity(ids.len());
    let mut rest = ids.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(service::fitting(rest.iter().copied()));
        standings.extend(service::standings(call, some)?);
        rest = others;
    }
    Ok(standings)
}

/// Without a look-up the name is the id.
fn person_id(person: &Uncertain) -> Option<&String> {
    person.id.as_ref().or((person.attribute == "id").then_some(&person.name))
}

fn is_since(standing: &Standing, person: &Uncertain) -> bool {
    let refreshed = standing.last_refresh.as_deref().and_then(second);
    matches!((refreshed, person.since.as_deref()), (Some(refreshed), Some(since)) if refreshed >= since)
}

/// `None` where the tenant does not tell, so that nothing is known of anybody.
fn questions<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if ends_the_run(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

fn ends_the_run(error: &Error) -> bool {
    matches!(error.details().code, Code::Cancelled | Code::Unauthorized | Code::Internal)
}
