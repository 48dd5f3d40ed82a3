//! The journal of a run: a file of JSON lines, by which the same command continues after an interruption.
//!
//! ```text
//! {"journal":1,"tenant":"https://acme.api.identitynow.com","backend":"process","identityAttribute":"uid","refreshArgs":{…}}
//! {"unmatched":["nobody.here"]}
//! {"batch":1,"since":"2026-11-28T10:00:00","identities":["amelie.roux",…],"ids":["2c91…",…]}
//! {"batch":1,"call":"process","outcome":"accepted","status":202,"task":"…"}
//! {"failed":["amelie.roux"]}
//! ```
//!
//! A batch is on the disk before its request is sent. A batch without an outcome may therefore have been sent: the next
//! run asks the tenant who was refreshed since then, by the service's clock.

mod format;
mod history;
mod uncertain;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

pub(crate) use self::format::Head;
use self::format::Line;
pub(crate) use self::history::Uncertain;
use self::history::{History, State};
use self::uncertain::TasksAre;
use super::run::Batch;
use crate::error::{Code, Error, Result, Sent};
use crate::json;
use crate::refresh::effects::Effects;
use crate::report::{CallReport, Names, Outcome};
use crate::service::{Call, plain_task_id};
use crate::text::printable;

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    head: Head,
    /// When it was locked: earlier runs had ended by then.
    opened: Instant,
    /// The length of the complete lines.
    length: u64,
    /// Whether a write has failed.
    has_failed: bool,
    synchronizes: bool,
    /// Whether the tenant can tell who was refreshed: nothing shows that attributes were synchronized.
    can_ask: bool,
    /// The last batch number of earlier runs.
    last_number: u64,
    /// The number of people in each batch of this run.
    sizes: HashMap<u64, usize>,
    /// The known task ids of the run, without dashes.
    tasks: HashSet<String>,
    /// People whom an earlier run may have sent, by attribute and name.
    uncertain: HashMap<(String, String), Uncertain>,
}

/// The result for people of an earlier run's unfinished batches who are given again.
#[derive(Debug, Default)]
pub(crate) struct ResolvedUncertain {
    /// The number of people whom the tenant has refreshed since.
    pub(crate) refreshed: u64,
    /// People to send now.
    pub(crate) to_send: Vec<Uncertain>,
    /// People whose state is unknown.
    pub(crate) unknown: Vec<Uncertain>,
}

impl Journal {
    /// Opens or creates the file, locks it, and compares its head with this run's.
    pub(crate) fn open(path: &Path, head: Head, effects: Option<&Effects>) -> Result<Self> {
        let journal_error = |what: String| journal_error(path, &what);
        // A pipe or a device might block.
        let is_new = match std::fs::metadata(path) {
            Ok(found) if !found.is_file() => return Err(journal_error("is no regular file".to_owned())),
            Ok(found) => found.len() == 0,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(journal_error(format!("cannot be read: {error}"))),
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // It holds people's names.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| journal_error(format!("cannot be opened: {error}")))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(journal_error("is in use by another run".to_owned())
                    .hint("Wait for its end, or give this run a journal of its own. Nothing was sent."));
            }
            Err(TryLockError::Error(error)) => return Err(journal_error(format!("cannot be locked: {error}"))),
        }
        let mut journal = Self {
            path: path.to_owned(),
            file,
            head,
            opened: Instant::now(),
            length: 0,
            has_failed: false,
            synchronizes: effects.is_some_and(|effects| effects.process && effects.synchronize),
            can_ask: effects.is_none_or(|effects| effects.process),
            last_number: 0,
            sizes: HashMap::new(),
            tasks: HashSet::new(),
            uncertain: HashMap::new(),
        };
        if is_new {
            let head = journal.head.clone();
            journal.write(&head)?;
            journal.flush()?;
            // Flush the directory entry as well.
            #[cfg(unix)]
            if let Some(folder) =
                path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
                && let Ok(folder) = File::open(folder)
            {
                let _ = folder.sync_all();
            }
        }
        Ok(journal)
    }

    /// Reads the lines of earlier runs, and calls `done` for each finished name with its attribute; with false for a name
    /// that was finished before and is to be sent again.
    pub(crate) fn read_done(&mut self, done: impl FnMut(&str, &str, bool)) -> Result<()> {
        let unreadable = |error: std::io::Error| journal_error(&self.path, &format!("cannot be read: {error}"));
        let mut reader = BufReader::new(self.file.try_clone().map_err(unreadable)?);
        reader.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let history = History::read(reader, &self.path, &self.head, self.synchronizes, done)?;
        // An incomplete last line: its action had not begun, or the tenant is asked again.
        self.file
            .set_len(history.length)
            .map_err(|error| journal_error(&self.path, &format!("cannot be written: {error}")))?;
        self.length = history.length;
        if self.length == 0 {
            let head = self.head.clone();
            self.write(&head)?;
        }
        (self.last_number, self.tasks, self.uncertain) = (history.last_number, history.tasks, history.uncertain);
        Ok(())
    }

    /// Whether an earlier run may have sent this name. If so, [`Journal::resolve_uncertain`] returns it.
    pub(crate) fn mark_requested(&mut self, attribute: &str, name: &str) -> bool {
        if self.uncertain.is_empty() {
            return false;
        }
        match self.uncertain.get_mut(&(attribute.to_owned(), name.to_owned())) {
            Some(uncertain) => {
                uncertain.is_requested = true;
                true
            }
            None => false,
        }
    }

    /// Finds out what became of the requested people, and removes them from the journal's list.
    pub(crate) fn resolve_uncertain(&mut self, call: &Call<'_>) -> Result<ResolvedUncertain> {
        let mut people: Vec<Uncertain> =
            std::mem::take(&mut self.uncertain).into_values().filter(|uncertain| uncertain.is_requested).collect();
        people.sort_by(|a, b| (a.batch, &a.name).cmp(&(b.batch, &b.name)));
        let (mut processed, to_ask): (Vec<_>, Vec<_>) =
            people.into_iter().partition(|uncertain| uncertain.is_processed);
        let tasks_are = if self.head.backend == "cc" { TasksAre::OfPeople } else { TasksAre::OfBatches };
        let mut findings = if to_ask.is_empty() || !self.can_ask {
            uncertain::Findings { unknown: to_ask, ..uncertain::Findings::default() }
        } else {
            uncertain::resolve(call, to_ask, &self.tasks, tasks_are, self.opened)?
        };
        // Before the people. A run that ends between the two would leave tasks of whose people the next one does not ask,
        // so that it could not tell about anybody else.
        if !findings.tasks.is_empty() {
            self.tasks.extend(findings.tasks.iter().map(|id| plain_task_id(id)));
            self.write(&Line { tasks: findings.tasks, ..Line::default() })?;
        }
        let mut by_batch: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for refreshed in &findings.refreshed {
            by_batch.entry(refreshed.batch).or_default().push(refreshed.name.clone());
        }
        for (batch, identities) in by_batch {
            let line = Line {
                batch: Some(batch),
                outcome: Some(Outcome::Accepted),
                reason: Some("refreshed".to_owned()),
                identities,
                ..Line::default()
            };
            self.write(&line)?;
        }
        let is_unknown = |uncertain: &Uncertain| uncertain.state == State::SynchronizationUnknown;
        let mut unknown: Vec<Uncertain> = processed.extract_if(.., |uncertain| is_unknown(uncertain)).collect();
        let mut to_send = processed;
        if self.synchronizes {
            to_send.extend(findings.refreshed.drain(..).map(|uncertain| Uncertain { is_processed: true, ..uncertain }));
        }
        let refreshed = findings.refreshed.len() as u64;
        to_send.append(&mut findings.not_accepted);
        unknown.append(&mut findings.unknown);
        Ok(ResolvedUncertain { refreshed, to_send, unknown })
    }

    /// Writes a batch, and waits until it is on the disk.
    pub(crate) fn write_batch(&mut self, call: &Call<'_>, number: u64, batch: &Batch) -> Result<()> {
        let attribute = batch.attribute.as_ref().map_or("id", |attribute| attribute.name());
        let other = Some(attribute.to_owned()).filter(|attribute| *attribute != self.head.attribute(None));
        let Names { unmatched, ambiguous } = &batch.names;
        if !unmatched.is_empty() || !ambiguous.is_empty() {
            let line = Line {
                unmatched: unmatched.clone(),
                ambiguous: ambiguous.iter().map(|ambiguous| ambiguous.identity.clone()).collect(),
                identity_attribute: other.clone(),
                ..Line::default()
            };
            self.write(&line)?;
        }
        if batch.identities.is_empty() {
            return Ok(());
        }
        self.sizes.insert(number, batch.identities.len());
        let line = Line {
            batch: Some(self.last_number + number),
            since: call.service_time(),
            call: batch.is_processed.then(|| CallReport::SYNCHRONIZE.to_owned()),
            identity_attribute: other,
            identities: batch.identities.clone(),
            ids: batch.ids.clone(),
            ..Line::default()
        };
        self.write(&line)?;
        self.flush()
    }

    /// Writes the outcome of a call.
    pub(crate) fn write_outcome(&mut self, number: u64, report: &CallReport) -> Result<()> {
        let is_whole = self.sizes.get(&number) == Some(&report.identities.len());
        let task = report.task.as_ref().map(|task| task.id.clone());
        self.tasks.extend(task.as_deref().map(plain_task_id));
        let line = Line {
            batch: Some(self.last_number + number),
            call: report.call.map(str::to_owned),
            outcome: Some(report.outcome),
            status: report.status,
            task,
            identities: if is_whole { Vec::new() } else { report.identities.clone() },
            ..Line::default()
        };
        self.write(&line)
    }

    /// Writes whom the tasks have not refreshed, so that the next run sends them again.
    pub(crate) fn write_failed(&mut self, attribute: &str, names: Vec<String>) -> Result<()> {
        let other = Some(attribute.to_owned()).filter(|attribute| *attribute != self.head.attribute(None));
        self.write(&Line { failed: names, identity_attribute: other, ..Line::default() })
    }

    /// Forgets a batch that was reported.
    pub(crate) fn forget(&mut self, number: u64) {
        self.sizes.remove(&number);
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        // Texts and numbers always serialise.
        let mut text = json::written(line).unwrap_or_default();
        text.push(b'\n');
        if self.has_failed {
            return Err(self.write_error("an earlier line could not be written"));
        }
        match self.file.write_all(&text) {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.has_failed = true;
                // Remove the incomplete line, so that the next run can read the file.
                let _ = self.file.set_len(self.length);
                Err(self.write_error(&error.to_string()))
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.sync_data().map_err(|error| {
            self.has_failed = true;
            self.write_error(&error.to_string())
        })
    }

    fn write_error(&self, why: &str) -> Error {
        journal_error(&self.path, &format!("cannot be written: {why}")).hint(
            "Nothing more is sent. The results, and the journal up to the failure, have what was sent before: once the journal can \
             be written again, the same command continues.",
        )
    }
}

fn journal_error(path: &Path, what: &str) -> Error {
    Error::new(Code::JournalError, format!("The journal {} {what}.", printable(&path.display().to_string())))
        .hint("Nothing was sent. Give a file that can be read and written, in a folder that exists.")
        .sent(Sent::No)
}
