//! What earlier runs have written to a journal.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead;
use std::path::Path;

use serde_json::Value;

use super::format::{FORMAT_VERSION, Head, Line};
use super::journal_error;
use crate::error::{Error, Result};
use crate::json;
use crate::report::{CallReport, Outcome};
use crate::response::StatusClass;
use crate::service::plain_task_id;

/// The maximum length of a line.
const LONGEST_LINE: u64 = 256 << 20;

/// What is known from earlier runs, beside the names that are done.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The length of the complete lines; a line that was cut off follows them.
    pub(super) length: u64,
    /// The last batch number.
    pub(super) last_number: u64,
    /// The known task ids, without dashes.
    pub(super) tasks: HashSet<String>,
    /// People who may have been sent, by attribute and name.
    pub(super) uncertain: HashMap<(String, String), Uncertain>,
    /// Batches without an outcome for each of their people, while the lines are read.
    unfinished: BTreeMap<u64, Unfinished>,
}

/// A person whom an earlier run may have sent.
#[derive(Debug, Clone)]
pub(crate) struct Uncertain {
    pub(crate) batch: u64,
    pub(crate) attribute: String,
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) since: Option<String>,
    /// Whether `process` has accepted them, so that only their attributes are still to be synchronized.
    pub(crate) is_processed: bool,
    pub(super) state: State,
    pub(super) is_requested: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No outcome yet, or an uncertain one.
    Unknown,
    /// `process` has accepted them; the synchronization is still to be sent.
    Processed,
    /// `process` has accepted them; the synchronization may have been sent.
    SynchronizationUnknown,
    NotAccepted,
    Done,
}

/// A batch of an earlier run while its lines are read.
#[derive(Debug)]
struct Unfinished {
    attribute: String,
    since: Option<String>,
    people: Vec<(String, Option<String>, State)>,
}

impl History {
    /// Reads all lines, compares the head with this run's, and calls `done` for each finished name with its attribute; with
    /// false for a name that was finished before and is to be sent again.
    /// `synchronizes`: whether attributes are synchronized after `process` has accepted a person.
    pub(super) fn read(
        mut reader: impl BufRead,
        path: &Path,
        head: &Head,
        synchronizes: bool,
        mut done: impl FnMut(&str, &str, bool),
    ) -> Result<Self> {
        let unreadable = |error: std::io::Error| journal_error(path, &format!("cannot be read: {error}"));
        let mut history = Self::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            std::io::Read::take(&mut reader, LONGEST_LINE).read_until(b'\n', &mut line).map_err(unreadable)?;
            if line.last() != Some(&b'\n') {
                if line.len() as u64 == LONGEST_LINE {
                    return Err(journal_error(path, "has a line that is too long for a journal"));
                }
                if number == 1 && !begins_head(&line, head) {
                    return Err(not_a_journal(path));
                }
                break;
            }
            history.length += line.len() as u64;
            if number == 1 {
                check_head(&line, path, head)?;
                continue;
            }
            let line = Line::parse(&line).ok_or_else(|| {
                journal_error(path, &format!("has an invalid line {number}")).hint(
                    "A crash can only damage the last line. Nothing was sent. Check the file, or start another journal.",
                )
            })?;
            history.add(line, head, synchronizes, &mut done);
        }
        history.finish(done);
        Ok(history)
    }

    fn add(&mut self, line: Line, head: &Head, synchronizes: bool, done: &mut impl FnMut(&str, &str, bool)) {
        let attribute = head.attribute(line.identity_attribute.as_deref()).to_owned();
        for name in line.unmatched.iter().chain(&line.ambiguous) {
            done(&attribute, name, true);
        }
        if !line.failed.is_empty() {
            self.add_failed(&line.failed, &attribute, done);
        }
        self.tasks.extend(line.task.iter().chain(&line.tasks).map(|id| plain_task_id(id)));
        let Some(number) = line.batch else { return };
        self.last_number = self.last_number.max(number);
        let is_synchronization = line.call.as_deref() == Some(CallReport::SYNCHRONIZE);
        let Some(outcome) = line.outcome else {
            let ids = line.ids.into_iter().map(Some).chain(std::iter::repeat(None));
            let state = if is_synchronization { State::Processed } else { State::Unknown };
            let people = line.identities.into_iter().zip(ids).map(|(name, id)| (name, id, state)).collect();
            self.unfinished.insert(number, Unfinished { attribute, since: line.since, people });
            return;
        };
        let Some(batch) = self.unfinished.get_mut(&number) else { return };
        let affected: HashSet<&str> = line.identities.iter().map(String::as_str).collect();
        for (name, _, state) in &mut batch.people {
            if affected.is_empty() || affected.contains(name.as_str()) {
                *state = state.after(outcome, line.status, is_synchronization, synchronizes);
            }
        }
        // Only unfinished batches are kept in memory.
        if batch.people.iter().all(|(.., state)| matches!(state, State::Done | State::NotAccepted))
            && let Some(batch) = self.unfinished.remove(&number)
        {
            let people = batch.people.iter().filter(|(.., state)| *state == State::Done);
            people.for_each(|(name, ..)| done(&batch.attribute, name, true));
        }
    }

    /// People whom their task has not refreshed.
    fn add_failed(&mut self, names: &[String], attribute: &str, done: &mut impl FnMut(&str, &str, bool)) {
        names.iter().for_each(|name| done(attribute, name, false));
        let names: HashSet<&String> = names.iter().collect();
        for batch in self.unfinished.values_mut().filter(|batch| batch.attribute == attribute) {
            let failed = batch.people.iter_mut().filter(|(name, ..)| names.contains(name));
            failed.for_each(|(.., state)| *state = State::NotAccepted);
        }
    }

    /// After the last line: the people of unfinished batches.
    fn finish(&mut self, mut done: impl FnMut(&str, &str, bool)) {
        for (batch, Unfinished { attribute, since, people }) in std::mem::take(&mut self.unfinished) {
            for (name, id, state) in people {
                match state {
                    State::NotAccepted => {}
                    State::Done => done(&attribute, &name, true),
                    State::Unknown | State::Processed | State::SynchronizationUnknown => {
                        let key = (attribute.clone(), name.clone());
                        let (attribute, since) = (attribute.clone(), since.clone());
                        let is_processed = state != State::Unknown;
                        let uncertain =
                            Uncertain { batch, attribute, name, id, since, is_processed, state, is_requested: false };
                        self.uncertain.insert(key, uncertain);
                    }
                }
            }
        }
    }
}

impl State {
    fn after(self, outcome: Outcome, status: Option<u16>, is_synchronization: bool, synchronizes: bool) -> Self {
        let is_processed = matches!(self, Self::Processed | Self::SynchronizationUnknown);
        match outcome {
            Outcome::Accepted if synchronizes && !is_synchronization => Self::Processed,
            Outcome::Accepted => Self::Done,
            // A retry would get the same answer.
            Outcome::Rejected if status.map(StatusClass::of) == Some(StatusClass::Invalid) => Self::Done,
            Outcome::Rejected | Outcome::NotSent if is_processed => Self::Processed,
            Outcome::Rejected | Outcome::NotSent => Self::NotAccepted,
            Outcome::MaybeSent if is_processed || is_synchronization => Self::SynchronizationUnknown,
            Outcome::MaybeSent => Self::Unknown,
        }
    }
}

fn check_head(line: &[u8], path: &Path, head: &Head) -> Result<()> {
    let members: Option<Value> = serde_json::from_slice(line).ok();
    let version = members.as_ref().and_then(|members| members.get("journal")?.as_u64());
    match version {
        Some(version) if version > FORMAT_VERSION => Err(journal_error(
            path,
            &format!("has format version {version}, and this version of PSSailpointCC supports up to {FORMAT_VERSION}"),
        )
        .hint("Use the version of PSSailpointCC that has written it, or a newer one. Nothing was sent.")),
        Some(_) => {
            let found: Head = members
                .and_then(|members| serde_json::from_value(members).ok())
                .ok_or_else(|| journal_error(path, "has an invalid first line"))?;
            let differences = found.differences(head);
            if differences.is_empty() {
                return Ok(());
            }
            Err(journal_error(path, &format!("belongs to another run: {}", differences.join("; "))).hint(
                "Run the command that the journal was started with, or give this one its own journal. Nothing was sent.",
            ))
        }
        None => Err(not_a_journal(path)),
    }
}

/// Whether a line that was cut off is the beginning of this run's head.
fn begins_head(line: &[u8], head: &Head) -> bool {
    json::written(head).is_ok_and(|head| head.starts_with(line))
}

fn not_a_journal(path: &Path) -> Error {
    journal_error(path, "is no journal: its first line has no member \"journal\"")
        .hint("Give a new file, or a journal. Nothing was sent, and nothing was written.")
}
