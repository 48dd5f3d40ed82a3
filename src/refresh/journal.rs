//! The journal of a run: a file of JSON lines by which the same command goes on after whatever has stopped it.
//!
//! ```text
//! {"journal":1,"tenant":"https://acme.api.identitynow.com","backend":"process","identityAttribute":"uid","refreshArgs":{…}}
//! {"unmatched":["nobody.here"]}
//! {"batch":1,"since":"2026-11-28T10:00:00","identities":["amelie.roux",…],"ids":["2c91…",…]}
//! {"batch":1,"call":"process","outcome":"accepted","status":202,"task":"…"}
//! ```
//!
//! A batch is on the disk before its request can leave. So a batch without an outcome may have been sent: the next run
//! asks the tenant who was refreshed since then, by the service's clock.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::Batch;
use crate::error::{Code, Error, Result, Sent};
use crate::refresh::effects::Effects;
use crate::refresh::uncertain::{self, TasksAre};
use crate::report::{CallReport, Names, Outcome};
use crate::service::Call;
use crate::text::{printable, shortened};

/// The form of the file; a newer one is refused.
const FORM: u64 = 1;

/// Longer lines are none of a journal's.
const LONGEST_LINE: u64 = 256 << 20;

/// What a journal belongs to: a run with another head is another run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    journal: u64,
    tenant: String,
    backend: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_attribute: Option<String>,
    /// Canonical.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    refresh_args: Value,
}

/// One line behind the head.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<u64>,
    /// The service's time before the batch was sent, in UTC, to the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// Tasks of batches whose outcome the tenant has told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<String>,
    /// Where it is another one than the head's.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_attribute: Option<String>,
    /// Of an outcome: those whom it concerns, where these are not all of the batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identities: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmatched: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ambiguous: Vec<String>,
}

/// An open journal, locked against other runs.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    head: Head,
    /// Up to where whole lines stand.
    length: u64,
    /// Once a line could not be written.
    is_broken: bool,
    synchronizes: bool,
    /// The last number of an earlier run's batches.
    last_number: u64,
    /// How many people the batches of this run have.
    sizes: HashMap<u64, usize>,
    /// The tasks that the run has started, as far as their ids are known.
    tasks: HashSet<String>,
    /// Who may have been sent by an earlier run, by attribute and name.
    uncertain: HashMap<(String, String), Uncertain>,
}

/// Somebody whom an earlier run may have sent.
#[derive(Debug, Clone)]
pub(crate) struct Uncertain {
    pub(crate) batch: u64,
    pub(crate) attribute: String,
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) since: Option<String>,
    /// Whether `process` has taken them for certain, and their attributes are still to be synchronized.
    pub(crate) is_processed: bool,
    state: State,
    is_requested: bool,
}

/// What became of those of an earlier run's unfinished batches who are meant again.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// How many the tenant has refreshed since.
    pub(crate) refreshed: u64,
    /// Those who were not sent.
    pub(crate) not_taken: Vec<Uncertain>,
    /// Those of whom it cannot be told.
    pub(crate) unknown: Vec<Uncertain>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No outcome yet, or none that tells.
    Unknown,
    /// `process` has taken them; the synchronization is to come, or may have been sent.
    Processed,
    SynchronizationUnknown,
    NotTaken,
    Done,
}

/// A batch of an earlier run, while its lines are read.
struct Unfinished {
    attribute: String,
    since: Option<String>,
    people: Vec<(String, Option<String>, State)>,
}

impl Head {
    pub(crate) fn new(
        call: &Call<'_>,
        backend: &str,
        identity_attribute: Option<&str>,
        filter: Option<String>,
        refresh_args: Option<&impl Serialize>,
    ) -> Self {
        Self {
            journal: FORM,
            tenant: call.service.base_url().as_str().to_owned(),
            backend: backend.to_owned(),
            identity_attribute: identity_attribute.map(str::to_owned),
            filter,
            // What came in as JSON is JSON.
            refresh_args: refresh_args.and_then(|args| serde_json::to_value(args).ok()).unwrap_or_default(),
        }
    }

    /// The members in which another head differs, with both values.
    fn differences(&self, other: &Self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::from);
        let members = |head: &Self| {
            [
                ("tenant", Value::from(head.tenant.clone())),
                ("backend", Value::from(head.backend.clone())),
                ("identityAttribute", text(&head.identity_attribute)),
                ("filter", text(&head.filter)),
                ("refreshArgs", head.refresh_args.clone()),
            ]
        };
        let pairs = members(self).into_iter().zip(members(other)).filter(|((_, ours), (_, theirs))| ours != theirs);
        let shown = |value: &Value| shortened(&value.to_string(), 200);
        pairs
            .map(|((name, ours), (_, theirs))| format!("{name} is {} there and {} here", shown(&ours), shown(&theirs)))
            .collect()
    }
}

impl Journal {
    /// Opens the file, makes it where it is not there, locks it, and holds its head against this run's.
    pub(crate) fn open(path: &Path, head: Head, effects: Option<&Effects>) -> Result<Self> {
        let fault = |what: String| fault(path, &what);
        // A pipe or a device might never answer.
        let is_new = match std::fs::metadata(path) {
            Ok(found) if !found.is_file() => return Err(fault("is no regular file".to_owned())),
            Ok(found) => found.len() == 0,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(fault(format!("cannot be read: {error}"))),
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // It holds names of people.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| fault(format!("cannot be opened: {error}")))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(fault("is in use by another run".to_owned())
                    .hint("Wait for its end, or give this run a journal of its own. Nothing was sent."));
            }
            Err(TryLockError::Error(error)) => return Err(fault(format!("cannot be locked: {error}"))),
        }
        let mut journal = Self {
            path: path.to_owned(),
            file,
            head,
            length: 0,
            is_broken: false,
            synchronizes: effects.is_some_and(|effects| effects.process && effects.synchronize),
            last_number: 0,
            sizes: HashMap::new(),
            tasks: HashSet::new(),
            uncertain: HashMap::new(),
        };
        if is_new {
            let head = journal.head.clone();
            journal.write(&head)?;
            journal.flush()?;
            // The file's name is on the disk as well.
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

    /// Reads what earlier runs have written; tells each name that is done, by attribute.
    pub(crate) fn read_done(&mut self, mut done: impl FnMut(&str, &str)) -> Result<()> {
        let path = self.path.clone();
        let read = |error: std::io::Error| fault(&path, &format!("cannot be read: {error}"));
        let mut reader = BufReader::new(self.file.try_clone().map_err(read)?);
        reader.seek(SeekFrom::Start(0)).map_err(read)?;
        let mut unfinished: BTreeMap<u64, Unfinished> = BTreeMap::new();
        let mut line = Vec::new();
        let mut number = 0_u64;
        let mut length = 0_u64;
        loop {
            line.clear();
            reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(read)?;
            if line.last() != Some(&b'\n') {
                if line.len() as u64 == LONGEST_LINE {
                    return Err(fault(&path, "has a line that is too long for a journal"));
                }
                break;
            }
            number += 1;
            length += line.len() as u64;
            if number == 1 {
                self.check_head(&line)?;
                continue;
            }
            let record: Line = read_line(&line).ok_or_else(|| {
                fault(&self.path, &format!("has a line {number} that is no line of a journal"))
                    .hint("Only the last line can have been cut off by a crash. Nothing was sent. Look at the file, or begin another one.")
            })?;
            self.read_record(record, &mut unfinished, &mut done);
        }
        if number == 0 && !self.begins_head(&line) {
            return Err(not_a_journal(&path));
        }
        // A line that was cut off: what it stood for had not begun, or is asked for again.
        self.length = length;
        self.file.set_len(length).map_err(|error| fault(&self.path, &format!("cannot be written: {error}")))?;
        if number == 0 {
            let head = self.head.clone();
            self.write(&head)?;
        }
        for (batch, Unfinished { attribute, since, people }) in unfinished {
            for (name, id, state) in people {
                match state {
                    State::NotTaken => {}
                    State::Done => done(&attribute, &name),
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
        Ok(())
    }

    fn check_head(&self, line: &[u8]) -> Result<()> {
        let members: Option<Value> = serde_json::from_slice(line).ok();
        let form = members.as_ref().and_then(|members| members.get("journal")?.as_u64());
        match form {
            Some(form) if form > FORM => {
                Err(fault(&self.path, &format!("has the form {form}, and this version knows up to {FORM}"))
                    .hint("Use the version of PSSailpointCC that has written it, or a newer one. Nothing was sent."))
            }
            Some(_) => {
                let head: Head = members
                    .and_then(|members| serde_json::from_value(members).ok())
                    .ok_or_else(|| fault(&self.path, "has a first line that is no head of a journal"))?;
                let differences = head.differences(&self.head);
                if differences.is_empty() {
                    return Ok(());
                }
                Err(fault(&self.path, &format!("is another run's: {}", differences.join("; ")))
                    .hint("Run the command that the journal was begun with, or give this one a journal of its own. Nothing was sent."))
            }
            None => Err(not_a_journal(&self.path)),
        }
    }

    /// Whether a line that was cut off is the beginning of this journal's head.
    fn begins_head(&self, line: &[u8]) -> bool {
        serde_json::to_vec(&self.head).is_ok_and(|head| head.starts_with(line))
    }

    fn read_record(
        &mut self,
        record: Line,
        unfinished: &mut BTreeMap<u64, Unfinished>,
        done: &mut impl FnMut(&str, &str),
    ) {
        let attribute = self.attribute(record.identity_attribute.as_deref());
        for name in record.unmatched.iter().chain(&record.ambiguous) {
            done(&attribute, name);
        }
        self.tasks.extend(record.task);
        self.tasks.extend(record.tasks);
        let Some(number) = record.batch else { return };
        self.last_number = self.last_number.max(number);
        let Some(outcome) = record.outcome else {
            let ids = record.ids.into_iter().map(Some).chain(std::iter::repeat(None));
            let first =
                if record.call.as_deref() == Some(CallReport::SYNCHRONIZE) { State::Processed } else { State::Unknown };
            let people = record.identities.into_iter().zip(ids).map(|(name, id)| (name, id, first)).collect();
            unfinished.insert(number, Unfinished { attribute, since: record.since, people });
            return;
        };
        let Some(batch) = unfinished.get_mut(&number) else { return };
        let concerned: HashSet<&str> = record.identities.iter().map(String::as_str).collect();
        let is_synchronization = record.call.as_deref() == Some(CallReport::SYNCHRONIZE);
        for (name, _, state) in &mut batch.people {
            if !concerned.is_empty() && !concerned.contains(name.as_str()) {
                continue;
            }
            let is_processed = matches!(*state, State::Processed | State::SynchronizationUnknown);
            *state = match outcome {
                Outcome::Accepted if self.synchronizes && !is_synchronization => State::Processed,
                Outcome::Accepted => State::Done,
                // The same again would be answered in the same way.
                Outcome::Rejected if matches!(record.status, Some(400 | 413 | 415 | 422)) => State::Done,
                Outcome::Rejected | Outcome::NotSent if is_processed => State::Processed,
                Outcome::Rejected | Outcome::NotSent => State::NotTaken,
                Outcome::MaybeSent if is_processed || is_synchronization => State::SynchronizationUnknown,
                Outcome::MaybeSent => State::Unknown,
            };
        }
        if batch.people.iter().all(|(.., state)| matches!(state, State::Done | State::NotTaken)) {
            let ended = unfinished.remove(&number);
            let people = ended.iter().flat_map(|batch| &batch.people).filter(|(.., state)| *state == State::Done);
            people.for_each(|(name, ..)| done(&attribute_of(ended.as_ref(), &attribute), name));
        }
    }

    /// Whether a name is one that an earlier run may have sent; it is told by [`Journal::settle_uncertain`] then.
    pub(crate) fn request(&mut self, attribute: &str, name: &str) -> bool {
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

    /// Finds out what became of the people who were requested, and takes them out of the journal's care.
    pub(crate) fn settle_uncertain(&mut self, call: &Call<'_>) -> Result<Settled> {
        let mut people: Vec<Uncertain> =
            std::mem::take(&mut self.uncertain).into_values().filter(|uncertain| uncertain.is_requested).collect();
        people.sort_by(|a, b| (a.batch, &a.name).cmp(&(b.batch, &b.name)));
        let (mut processed, asked): (Vec<_>, Vec<_>) = people.into_iter().partition(|uncertain| uncertain.is_processed);
        let tasks_are = if self.head.backend == "cc" { TasksAre::OfPeople } else { TasksAre::OfBatches };
        let mut settled = if asked.is_empty() {
            uncertain::Told::default()
        } else {
            uncertain::ask(call, asked, &self.tasks, tasks_are)?
        };
        let mut by_batch: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for refreshed in &settled.refreshed {
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
        if !settled.tasks.is_empty() {
            self.tasks.extend(settled.tasks.iter().cloned());
            self.write(&Line { tasks: settled.tasks, ..Line::default() })?;
        }
        let is_unknown = |uncertain: &Uncertain| uncertain.state == State::SynchronizationUnknown;
        let mut unknown: Vec<Uncertain> = processed.extract_if(.., |uncertain| is_unknown(uncertain)).collect();
        let mut again = processed;
        if self.synchronizes {
            again.extend(settled.refreshed.drain(..).map(|uncertain| Uncertain { is_processed: true, ..uncertain }));
        }
        let refreshed = settled.refreshed.len() as u64;
        again.append(&mut settled.not_taken);
        unknown.append(&mut settled.unknown);
        Ok(Settled { refreshed, not_taken: again, unknown })
    }

    /// Writes a batch, and waits until it is on the disk.
    pub(crate) fn begin(&mut self, call: &Call<'_>, number: u64, batch: &Batch) -> Result<()> {
        let attribute = batch.attribute.as_ref().map_or("id", |attribute| attribute.name());
        let other = Some(attribute.to_owned()).filter(|attribute| *attribute != self.attribute(None));
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

    /// Writes what became of a call.
    pub(crate) fn outcome(&mut self, number: u64, report: &CallReport) -> Result<()> {
        let is_whole = self.sizes.get(&number) == Some(&report.identities.len());
        let task = report.task.as_ref().map(|task| task.id.clone());
        self.tasks.extend(task.clone());
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

    /// Forgets a batch that was told.
    pub(crate) fn forget(&mut self, number: u64) {
        self.sizes.remove(&number);
    }

    fn attribute(&self, given: Option<&str>) -> String {
        given.or(self.head.identity_attribute.as_deref()).unwrap_or("id").to_owned()
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        // Texts and numbers always serialise.
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        if self.is_broken {
            return Err(self.unwritable("an earlier line could not be written"));
        }
        match self.file.write_all(&text) {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.is_broken = true;
                // Half a line may stand there; without it the file can be gone on with.
                let _ = self.file.set_len(self.length);
                Err(self.unwritable(&error.to_string()))
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.sync_data().map_err(|error| {
            self.is_broken = true;
            self.unwritable(&error.to_string())
        })
    }

    fn unwritable(&self, why: &str) -> Error {
        fault(&self.path, &format!("cannot be written: {why}")).hint(
            "Nothing more is sent. What was sent before is in the results, and in the journal up to the failure: once it can be \
             written again, the same command goes on.",
        )
    }
}

fn not_a_journal(path: &Path) -> Error {
    fault(path, "is no journal: its first line has no member \"journal\"").hint(
        "Give the name of a file that is not there yet, or of a journal. Nothing was sent, and nothing was written.",
    )
}

fn attribute_of(batch: Option<&Unfinished>, other: &str) -> String {
    batch.map_or_else(|| other.to_owned(), |batch| batch.attribute.clone())
}

fn read_line(line: &[u8]) -> Option<Line> {
    // Serde would take a list for it.
    line.starts_with(b"{").then(|| serde_json::from_slice(line).ok()).flatten()
}

fn fault(path: &Path, what: &str) -> Error {
    Error::new(Code::JournalError, format!("The journal {} {what}.", printable(&path.display().to_string())))
        .hint("Nothing was sent.")
        .sent(Sent::No)
}
