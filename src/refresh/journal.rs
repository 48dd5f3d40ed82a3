//! The journal of a run: a file of JSON lines, by which the same command continues after an interruption.
//!
//! ```text
//! {"journal":1,"tenant":"https://acme.api.identitynow.com","backend":"process","identityAttribute":"uid","refreshArgs":{…}}
//! {"unmatched":["nobody.here"]}
//! {"batch":1,"since":"2026-11-28T10:00:00","identities":["amelie.roux",…],"ids":["2c91…",…]}
//! {"batch":1,"call":"process","outcome":"accepted","status":202,"task":"…"}
//! ```
//!
//! A batch is on the disk before its request is sent. A batch without an outcome may therefore have been sent: the next
//! run asks the tenant who was refreshed since then, by the service's clock.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::Batch;
use crate::error::{Code, Error, Result, Sent};
use crate::refresh::effects::Effects;
use crate::refresh::uncertain;
use crate::report::{CallReport, Names, Outcome};
use crate::service::Call;
use crate::text::{printable, shortened};

/// The version of the format; newer ones are rejected.
const FORMAT_VERSION: u64 = 1;

/// The maximum length of a line.
const LONGEST_LINE: u64 = 256 << 20;

/// Identifies the run: a journal with another head belongs to another run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    journal: u64,
    tenant: String,
    backend: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_attribute: Option<String>,
    /// In canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    refresh_args: Value,
}

/// One line after the head.
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
    /// If it differs from the head's.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_attribute: Option<String>,
    /// In an outcome: the people it concerns, if not the whole batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identities: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmatched: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ambiguous: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    head: Head,
    /// The length of the complete lines.
    length: u64,
    /// Whether a write has failed.
    has_failed: bool,
    synchronizes: bool,
    /// The last batch number of earlier runs.
    last_number: u64,
    /// The number of people in each batch of this run.
    sizes: HashMap<u64, usize>,
    /// The known task ids of the run.
    tasks: HashSet<String>,
    /// People whom an earlier run may have sent, by attribute and name.
    uncertain: HashMap<(String, String), Uncertain>,
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
    state: State,
    is_requested: bool,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
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
            journal: FORMAT_VERSION,
            tenant: call.service.base_url().as_str().to_owned(),
            backend: backend.to_owned(),
            identity_attribute: identity_attribute.map(str::to_owned),
            filter,
            // The arguments were parsed from JSON.
            refresh_args: refresh_args.and_then(|args| serde_json::to_value(args).ok()).unwrap_or_default(),
        }
    }

    /// The members that differ, with both values.
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
            length: 0,
            has_failed: false,
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

    /// Reads the lines of earlier runs, and calls `done` for each finished name with its attribute.
    pub(crate) fn read_done(&mut self, mut done: impl FnMut(&str, &str)) -> Result<()> {
        let path = self.path.clone();
        let read = |error: std::io::Error| journal_error(&path, &format!("cannot be read: {error}"));
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
                break;
            }
            number += 1;
            length += line.len() as u64;
            if number == 1 {
                self.check_head(&line)?;
                continue;
            }
            let record: Line = read_line(&line).ok_or_else(|| {
                journal_error(&self.path, &format!("has an invalid line {number}"))
                    .hint("A crash can only damage the last line. Nothing was sent. Check the file, or start another journal.")
            })?;
            self.read_record(record, &mut unfinished, &mut done);
        }
        // An incomplete last line: its action had not begun, or the tenant is asked again.
        self.length = length;
        self.file.set_len(length).map_err(|error| journal_error(&self.path, &format!("cannot be written: {error}")))?;
        if number == 0 {
            let head = self.head.clone();
            self.write(&head)?;
        }
        for (batch, Unfinished { attribute, since, people }) in unfinished {
            for (name, id, state) in people {
                match state {
                    State::NotAccepted => {}
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
            Some(form) if form > FORMAT_VERSION => Err(journal_error(
                &self.path,
                &format!(
                    "has format version {form}, and this version of PSSailpointCC supports up to {FORMAT_VERSION}"
                ),
            )
            .hint("Use the version of PSSailpointCC that has written it, or a newer one. Nothing was sent.")),
            Some(_) => {
                let head: Head = members
                    .and_then(|members| serde_json::from_value(members).ok())
                    .ok_or_else(|| journal_error(&self.path, "has an invalid first line"))?;
                let differences = head.differences(&self.head);
                if differences.is_empty() {
                    return Ok(());
                }
                Err(journal_error(&self.path, &format!("belongs to another run: {}", differences.join("; ")))
                    .hint("Run the command that the journal was started with, or give this one its own journal. Nothing was sent."))
            }
            None => Err(journal_error(&self.path, "is no journal: its first line has no member \"journal\"")
                .hint("Give a new file, or a journal. Nothing was sent, and nothing was written.")),
        }
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
        let affected: HashSet<&str> = record.identities.iter().map(String::as_str).collect();
        let is_synchronization = record.call.as_deref() == Some(CallReport::SYNCHRONIZE);
        for (name, _, state) in &mut batch.people {
            if !affected.is_empty() && !affected.contains(name.as_str()) {
                continue;
            }
            let is_processed = matches!(*state, State::Processed | State::SynchronizationUnknown);
            *state = match outcome {
                Outcome::Accepted if self.synchronizes && !is_synchronization => State::Processed,
                Outcome::Accepted => State::Done,
                // A retry would get the same answer.
                Outcome::Rejected if matches!(record.status, Some(400 | 413 | 415 | 422)) => State::Done,
                Outcome::Rejected | Outcome::NotSent if is_processed => State::Processed,
                Outcome::Rejected | Outcome::NotSent => State::NotAccepted,
                Outcome::MaybeSent if is_processed || is_synchronization => State::SynchronizationUnknown,
                Outcome::MaybeSent => State::Unknown,
            };
        }
        if batch.people.iter().all(|(.., state)| matches!(state, State::Done | State::NotAccepted)) {
            let ended = unfinished.remove(&number);
            let people = ended.iter().flat_map(|batch| &batch.people).filter(|(.., state)| *state == State::Done);
            people.for_each(|(name, ..)| done(&attribute_of(ended.as_ref(), &attribute), name));
        }
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
        let mut findings = if to_ask.is_empty() {
            uncertain::Findings::default()
        } else {
            uncertain::resolve(call, to_ask, &self.tasks)?
        };
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
        if !findings.tasks.is_empty() {
            self.tasks.extend(findings.tasks.iter().cloned());
            self.write(&Line { tasks: findings.tasks, ..Line::default() })?;
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

    /// Writes the outcome of a call.
    pub(crate) fn write_outcome(&mut self, number: u64, report: &CallReport) -> Result<()> {
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

    /// Forgets a batch that was reported.
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

fn attribute_of(batch: Option<&Unfinished>, other: &str) -> String {
    batch.map_or_else(|| other.to_owned(), |batch| batch.attribute.clone())
}

fn read_line(line: &[u8]) -> Option<Line> {
    // Serde would accept an array.
    line.starts_with(b"{").then(|| serde_json::from_slice(line).ok()).flatten()
}

fn journal_error(path: &Path, what: &str) -> Error {
    Error::new(Code::JournalError, format!("The journal {} {what}.", printable(&path.display().to_string())))
        .hint("Nothing was sent.")
        .sent(Sent::No)
}
