//! The names of a run: each once, looked up, and formed into batches.

use std::collections::{HashSet, VecDeque};

use super::source::{Next, Source};
use super::{Batch, MAX_BATCH, NameStatus, Seen};
use crate::control::Phase;
use crate::error::Result;
use crate::filter::Attribute;
use crate::refresh::feed::{Feed, NextNames};
use crate::refresh::journal::{Journal, Uncertain};
use crate::report::{Names as NameReport, Outcome, Person, Totals};
use crate::service::{Call, Times};
use crate::targets::by_name::{self, LookUp, PendingLookUp, VALUES_PER_QUERY};
use crate::targets::matches::FIRST_PEOPLE;

/// Names from a feed, each once, looked up 250 per query.
pub(crate) struct Names<'r> {
    call: &'r Call<'r>,
    feed: &'r Feed,
    /// By attribute, the request's first. Ids from a filter need no look-up.
    look_ups: Vec<LookUp<'r>>,
    look_up_by: LookUpBy,
    seen: Seen,
    pub(crate) totals: Totals,
    /// Names of one attribute that were not looked up yet.
    new_names: (usize, Vec<String>),
    pending: VecDeque<(usize, PendingLookUp<'r>)>,
    /// Names that an earlier run may have sent, until the tenant is asked about them.
    unresolved: Vec<(usize, String)>,
    /// People who were found, fewer than a whole batch.
    partial: (usize, Batch),
    ready: VecDeque<Batch>,
    /// The first ten people.
    pub(crate) first: Vec<Person>,
    pub(crate) undecided: HashSet<String>,
    resend_uncertain: bool,
    has_ended: bool,
    has_resolved_uncertain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookUpBy {
    /// Look names up.
    Search,
    /// The same, and count similar identities, because the service evaluates in the end.
    SearchForCc,
    /// The names are ids from a filter.
    Nothing,
}

impl<'r> Names<'r> {
    pub(crate) fn new(
        call: &'r Call<'r>,
        feed: &'r Feed,
        attribute: Attribute,
        look_up_by: LookUpBy,
        resend_uncertain: bool,
    ) -> Self {
        let mut names = Self {
            call,
            feed,
            look_ups: Vec::new(),
            look_up_by,
            seen: Seen::new(),
            totals: Totals::default(),
            new_names: (0, Vec::new()),
            pending: VecDeque::new(),
            unresolved: Vec::new(),
            partial: (0, Batch::default()),
            ready: VecDeque::new(),
            first: Vec::new(),
            undecided: HashSet::new(),
            resend_uncertain,
            has_ended: false,
            has_resolved_uncertain: false,
        };
        names.look_up_index(attribute);
        names
    }

    /// Skips names that are done according to the journal.
    pub(crate) fn skip_done(&mut self, journal: &mut Journal) -> Result<()> {
        journal.read_done(|attribute, name, is_done| match is_done {
            true => self.seen.mark_done(attribute, name),
            false => self.seen.forget(attribute, name),
        })
    }

    /// Looks up all names before any is sent. After a failed look-up, whose batch has the error, it stops.
    pub(crate) fn resolve_all(&mut self, mut journal: Option<&mut Journal>) -> Vec<Batch> {
        let mut batches = Vec::new();
        let all = self.feed.waiting();
        let room = self.call.service.maximum_concurrency();
        loop {
            self.call.control.set_progress(all - self.feed.waiting(), Some(all));
            match self.next(journal.as_deref_mut(), room, true) {
                Next::Batch(batch) => {
                    let is_last = batch.error.is_some();
                    batches.push(batch);
                    if is_last {
                        return batches;
                    }
                }
                Next::NotYet => {}
                Next::End => return batches,
            }
        }
    }

    fn look_up_index(&mut self, attribute: Attribute) -> usize {
        if let Some(index) = self.look_ups.iter().position(|known| *known.attribute() == attribute) {
            return index;
        }
        let look_up = LookUp::new(self.call, attribute);
        self.look_ups.push(if self.look_up_by == LookUpBy::SearchForCc {
            look_up.counting_undecided()
        } else {
            look_up
        });
        self.look_ups.len() - 1
    }

    fn attribute(&self, index: usize) -> &Attribute {
        self.look_ups[index].attribute()
    }

    /// Whether the names are ids that a filter has found.
    fn are_found(&self) -> bool {
        self.look_up_by == LookUpBy::Nothing
    }

    /// Takes names from the feed, and starts a query for each full block. Returns false if there are no more now.
    fn take(&mut self, journal: Option<&mut Journal>, wait: bool) -> bool {
        match self.feed.take(VALUES_PER_QUERY, wait) {
            NextNames::NotYet => return false,
            NextNames::End => {
                self.has_ended = true;
                return false;
            }
            NextNames::Names(attribute, names) => {
                let index = attribute.map_or(0, |attribute| self.look_up_index(attribute));
                if index != self.new_names.0 {
                    self.look_up_new_names();
                    self.new_names.0 = index;
                }
                self.totals.given += names.len() as u64;
                let attribute = self.look_ups[index].attribute().name().to_owned();
                let mut journal = journal;
                for name in names {
                    let name = self.admit(index, &attribute, name, journal.as_deref_mut());
                    self.new_names.1.extend(name);
                }
            }
        }
        while self.new_names.1.len() >= VALUES_PER_QUERY {
            let later = self.new_names.1.split_off(VALUES_PER_QUERY);
            let now = std::mem::replace(&mut self.new_names.1, later);
            self.begin_look_up(self.new_names.0, now);
        }
        true
    }

    /// The name, if it is to be looked up and sent: not if it came before, if the journal lists it as done, or if an
    /// earlier run may have sent it.
    fn admit(&mut self, index: usize, attribute: &str, name: String, journal: Option<&mut Journal>) -> Option<String> {
        match self.seen.insert(attribute, &name) {
            NameStatus::Repeated => self.totals.repeated += 1,
            NameStatus::Done => self.totals.skipped += 1,
            NameStatus::New if journal.is_some_and(|journal| journal.mark_requested(attribute, &name)) => {
                self.unresolved.push((index, name));
            }
            NameStatus::New => return Some(name),
        }
        None
    }

    /// Starts a query for the remaining names.
    fn look_up_new_names(&mut self) {
        let names = std::mem::take(&mut self.new_names.1);
        if !names.is_empty() {
            self.begin_look_up(self.new_names.0, names);
        }
    }

    fn begin_look_up(&mut self, index: usize, names: Vec<String>) {
        let look_up = if self.are_found() { PendingLookUp::of_ids(names) } else { self.look_ups[index].begin(names) };
        self.pending.push_back((index, look_up));
    }

    /// Waits for a look-up, and adds the people it found.
    fn finish_look_up(&mut self, index: usize, look_up: PendingLookUp<'r>, mut journal: Option<&mut Journal>) {
        if index != self.partial.0 {
            self.close_batch();
            self.partial.0 = index;
        }
        if self.are_found() {
            for id in look_up.values {
                self.partial.1.identities.push(id);
                self.close_full_batch();
            }
            return;
        }
        let names = look_up.values.clone();
        self.call.take_oldest_answer();
        let found = self.look_ups[index].finish(look_up);
        let times = self.call.take_oldest_answer();
        match found {
            Err(error) => {
                self.close_batch();
                let attribute = Some(self.attribute(index).clone());
                self.ready.push_back(Batch { identities: names, attribute, error: Some(error), ..Batch::default() });
            }
            Ok(found) => {
                self.partial_looked_up(times);
                self.partial.1.undecided += found.undecided.len() as u64;
                self.undecided.extend(found.undecided);
                let attribute = self.attribute(index).name().to_owned();
                for ((name, people), corrected) in names.into_iter().zip(found.people).zip(found.corrected) {
                    let name = match corrected {
                        None => name,
                        Some(name) => match self.admit(index, &attribute, name, journal.as_deref_mut()) {
                            Some(name) => name,
                            None => continue,
                        },
                    };
                    let Some(person) = by_name::resolve(&name, people, &mut self.partial.1.names) else { continue };
                    self.partial.1.identities.push(name);
                    // Documents whose id is not text are ignored.
                    self.partial.1.ids.push(person.id.as_str().unwrap_or_default().to_owned());
                    if self.first.len() < FIRST_PEOPLE {
                        self.first.push(person);
                    }
                    self.close_full_batch();
                }
            }
        }
    }

    /// Records when people of the current batch were looked up: it counts from the oldest answer.
    fn partial_looked_up(&mut self, times: Option<Times>) {
        let batch = &mut self.partial.1;
        batch.looked_up = match (batch.looked_up, times) {
            (Some(before), Some(times)) => Some(before.and(times)),
            (before, times) => before.filter(|_| !batch.identities.is_empty()).or(times),
        };
    }

    fn close_full_batch(&mut self) {
        if self.partial.1.identities.len() >= MAX_BATCH {
            let looked_up = self.partial.1.looked_up;
            self.close_batch();
            self.partial.1.looked_up = looked_up;
        }
    }

    /// Closes the current batch.
    fn close_batch(&mut self) {
        let batch = std::mem::take(&mut self.partial.1);
        if batch.identities.is_empty() && batch.names.is_empty() && batch.undecided == 0 {
            return;
        }
        let attribute = (self.look_up_by != LookUpBy::Nothing).then(|| self.attribute(self.partial.0).clone());
        self.ready.push_back(Batch { attribute, ..batch });
    }

    /// After all names: resolves those whom an earlier run may have sent.
    fn resolve_uncertain(&mut self, journal: Option<&mut Journal>) {
        self.has_resolved_uncertain = true;
        let Some(journal) = journal else { return };
        let resolved = match journal.resolve_uncertain(self.call) {
            Ok(resolved) => resolved,
            Err(error) => {
                self.ready.push_back(Batch { error: Some(error), ..Batch::default() });
                return self.report_unresolved();
            }
        };
        self.unresolved.clear();
        self.totals.skipped += resolved.refreshed;
        let mut to_send = resolved.to_send;
        let mut unknown = resolved.unknown;
        if self.resend_uncertain {
            to_send.append(&mut unknown);
        }
        let index_of = |names: &mut Self, uncertain: &Uncertain| match Attribute::parse(&uncertain.attribute) {
            Some(attribute) => names.look_up_index(attribute),
            None => 0,
        };
        for uncertain in to_send {
            let index = index_of(self, &uncertain);
            if uncertain.is_processed {
                let attribute = (self.look_up_by != LookUpBy::Nothing).then(|| self.attribute(index).clone());
                let (identities, ids) = (vec![uncertain.name], uncertain.id.into_iter().collect());
                self.ready.push_back(Batch { identities, ids, attribute, is_processed: true, ..Batch::default() });
                continue;
            }
            if index != self.new_names.0 {
                self.look_up_new_names();
                self.new_names.0 = index;
            }
            self.new_names.1.push(uncertain.name);
            if self.new_names.1.len() >= VALUES_PER_QUERY {
                self.look_up_new_names();
            }
        }
        self.look_up_new_names();
        for uncertain in unknown {
            let index = index_of(self, &uncertain);
            self.report_uncertain(index, uncertain.name, uncertain.id);
        }
    }

    /// If the tenant is not asked about them any more: they stay uncertain.
    fn report_unresolved(&mut self) {
        for (index, name) in std::mem::take(&mut self.unresolved) {
            self.report_uncertain(index, name, None);
        }
    }

    fn report_uncertain(&mut self, index: usize, name: String, id: Option<String>) {
        let attribute = (self.look_up_by != LookUpBy::Nothing).then(|| self.attribute(index).clone());
        match self.ready.back_mut() {
            Some(batch)
                if batch.known_outcome.is_some()
                    && batch.attribute == attribute
                    && batch.identities.len() < MAX_BATCH =>
            {
                batch.identities.push(name);
                batch.ids.extend(id);
            }
            _ => self.ready.push_back(Batch {
                identities: vec![name],
                ids: id.into_iter().collect(),
                attribute,
                known_outcome: Some((Outcome::MaybeSent, "uncertain")),
                ..Batch::default()
            }),
        }
    }
}

impl Source for Names<'_> {
    fn total(&self) -> Option<u64> {
        let given = self.feed.total()?;
        Some(given.saturating_sub(self.totals.repeated + self.totals.skipped))
    }

    fn next(&mut self, mut journal: Option<&mut Journal>, room: usize, wait: bool) -> Next {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Next::Batch(batch);
            }
            // Look-ups may use half of the free room, so that calls continue meanwhile.
            let max_look_ups = room.div_ceil(2).max(1);
            while !self.has_ended && self.pending.len() < max_look_ups && self.take(journal.as_deref_mut(), false) {}
            if self.has_ended {
                self.look_up_new_names();
            }
            if let Some((index, look_up)) = self.pending.pop_front() {
                self.finish_look_up(index, look_up, journal.as_deref_mut());
                continue;
            }
            if !self.has_ended {
                if !wait {
                    return Next::NotYet;
                }
                let _pause = self.call.control.begin_pause(Phase::Waiting, None, || "Waiting for names".to_owned());
                self.take(journal.as_deref_mut(), true);
                continue;
            }
            if !self.has_resolved_uncertain {
                // Last, so that earlier requests have arrived or failed by then.
                if !wait && journal.is_some() {
                    return Next::NotYet;
                }
                self.resolve_uncertain(journal.as_deref_mut());
                continue;
            }
            self.close_batch();
            if self.ready.is_empty() {
                return Next::End;
            }
        }
    }

    fn next_unsent(&mut self, mut journal: Option<&mut Journal>) -> Option<Batch> {
        if let Some(batch) = self.ready.pop_front() {
            return Some(batch);
        }
        let (index, found) = (self.partial.0, std::mem::take(&mut self.partial.1));
        if !found.identities.is_empty() || !found.names.is_empty() {
            let attribute = Some(self.attribute(index).clone());
            return Some(Batch { attribute, ..found });
        }
        if let Some((index, look_up)) = self.pending.pop_front() {
            return Some(Batch::not_sent(Some(self.attribute(index).clone()), look_up.values, Vec::new()));
        }
        loop {
            self.report_unresolved();
            if let Some(batch) = self.ready.pop_front() {
                return Some(batch);
            }
            if !self.new_names.1.is_empty() {
                let names = std::mem::take(&mut self.new_names.1);
                return Some(Batch::not_sent(Some(self.attribute(self.new_names.0).clone()), names, Vec::new()));
            }
            if self.has_ended {
                return None;
            }
            let NextNames::Names(attribute, names) = self.feed.take(VALUES_PER_QUERY, true) else {
                self.has_ended = true;
                return None;
            };
            let index = attribute.map_or(0, |attribute| self.look_up_index(attribute));
            self.totals.given += names.len() as u64;
            let attribute = self.attribute(index).clone();
            self.new_names.0 = index;
            for name in names {
                let name = self.admit(index, attribute.name(), name, journal.as_deref_mut());
                self.new_names.1.extend(name);
            }
        }
    }
}

impl NameReport {
    fn is_empty(&self) -> bool {
        self.unmatched.is_empty() && self.ambiguous.is_empty()
    }
}
