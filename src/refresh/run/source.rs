//! Where the batches of a run come from.

use std::collections::{HashSet, VecDeque};

use super::{BATCH, Batch, Met, Seen};
use crate::control::Phase;
use crate::error::Result;
use crate::filter::Attribute;
use crate::refresh::feed::{Feed, Taken};
use crate::refresh::journal::{Journal, Uncertain};
use crate::report::{Names as NameReport, Outcome, Person, Totals};
use crate::service::Call;
use crate::targets::by_name::{self, Asked, LookUp, VALUES};
use crate::targets::matches::NAMED;

/// Gives the batches of a run, in the order of the input.
pub(crate) trait Source {
    /// The next batch. `room`: how many calls may be begun for it now. With `wait` it waits for names that are still to
    /// come.
    fn next(&mut self, journal: Option<&mut Journal>, room: usize, wait: bool) -> Next;

    /// After the run has stopped: people who were given and are not sent. `None` after the last ones.
    fn rest(&mut self) -> Option<Batch>;
}

#[derive(Debug)]
pub(crate) enum Next {
    Batch(Batch),
    /// Nothing now; more may come.
    Later,
    End,
}

/// Names from a feed, each once, looked up 250 a query.
pub(crate) struct Names<'r> {
    call: &'r Call<'r>,
    feed: &'r Feed,
    /// Of each attribute that has come, the request's first; the ids of people whom a filter means have none.
    look_ups: Vec<LookUp<'r>>,
    way: LookUpBy,
    seen: Seen,
    pub(crate) totals: Totals,
    /// Names of one attribute that were not asked for yet.
    fresh: (usize, Vec<String>),
    asked: VecDeque<(usize, Asked<'r>)>,
    /// What was found, and makes no whole batch yet.
    found: (usize, Batch),
    ready: VecDeque<Batch>,
    /// The first ten people who were found.
    pub(crate) first: Vec<Person>,
    pub(crate) undecided: HashSet<String>,
    resend_uncertain: bool,
    has_ended: bool,
    is_settled: bool,
}

/// How names become ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookUpBy {
    /// Ids are taken as they are.
    Search,
    /// Ids are looked up too, and those who look alike are counted: the service judges in the end.
    SearchForCc,
    /// They are ids that a filter has found.
    Nothing,
}

impl<'r> Names<'r> {
    pub(crate) fn new(
        call: &'r Call<'r>,
        feed: &'r Feed,
        attribute: Attribute,
        way: LookUpBy,
        resend_uncertain: bool,
    ) -> Self {
        let mut names = Self {
            call,
            feed,
            look_ups: Vec::new(),
            way,
            seen: Seen::new(),
            totals: Totals::default(),
            fresh: (0, Vec::new()),
            asked: VecDeque::new(),
            found: (0, Batch::default()),
            ready: VecDeque::new(),
            first: Vec::new(),
            undecided: HashSet::new(),
            resend_uncertain,
            has_ended: false,
            is_settled: false,
        };
        names.place(attribute);
        names
    }

    /// Skips who is done according to the journal.
    pub(crate) fn skip_done(&mut self, journal: &mut Journal) -> Result<()> {
        journal.read_done(|attribute, name| self.seen.mark_done(attribute, name))
    }

    /// Looks up all names before any is sent: the batches of the whole run. A look-up that fails is the last
    /// one: its batch has the error.
    pub(crate) fn resolve_all(&mut self, mut journal: Option<&mut Journal>) -> Vec<Batch> {
        let mut batches = Vec::new();
        let all = self.feed.waiting();
        let room = self.call.service.maximum_concurrency();
        loop {
            self.call.control.done(all - self.feed.waiting(), Some(all));
            match self.next(journal.as_deref_mut(), room, true) {
                Next::Batch(batch) => {
                    let is_last = batch.error.is_some();
                    batches.push(batch);
                    if is_last {
                        return batches;
                    }
                }
                Next::Later => {}
                Next::End => return batches,
            }
        }
    }

    fn place(&mut self, attribute: Attribute) -> usize {
        if let Some(place) = self.look_ups.iter().position(|known| *known.attribute() == attribute) {
            return place;
        }
        let look_up = LookUp::new(self.call, attribute);
        self.look_ups.push(if self.way == LookUpBy::SearchForCc { look_up.counting_undecided() } else { look_up });
        self.look_ups.len() - 1
    }

    fn attribute(&self, place: usize) -> &Attribute {
        self.look_ups[place].attribute()
    }

    fn is_id(&self, place: usize) -> bool {
        self.way != LookUpBy::SearchForCc && self.attribute(place).name() == "id"
    }

    /// Takes names until they make a whole query, or no more are there now. Whether there are more.
    fn take(&mut self, journal: Option<&mut Journal>, wait: bool) -> bool {
        match self.feed.take(VALUES, wait) {
            Taken::Later => return false,
            Taken::End => {
                self.has_ended = true;
                return false;
            }
            Taken::Names(attribute, names) => {
                let place = attribute.map_or(0, |attribute| self.place(attribute));
                if place != self.fresh.0 {
                    self.ask();
                    self.fresh.0 = place;
                }
                self.totals.given += names.len() as u64;
                let attribute = self.look_ups[place].attribute().name().to_owned();
                let mut journal = journal;
                for name in names {
                    match self.seen.meet(&attribute, &name) {
                        Met::Repeated => self.totals.repeated += 1,
                        Met::Done => self.totals.skipped += 1,
                        Met::New
                            if journal.as_deref_mut().is_some_and(|journal| journal.request(&attribute, &name)) => {}
                        Met::New => self.fresh.1.push(name),
                    }
                }
            }
        }
        while self.fresh.1.len() >= VALUES {
            let later = self.fresh.1.split_off(VALUES);
            let now = std::mem::replace(&mut self.fresh.1, later);
            self.ask_for(self.fresh.0, now);
        }
        true
    }

    /// Asks for the names that are left.
    fn ask(&mut self) {
        let names = std::mem::take(&mut self.fresh.1);
        if !names.is_empty() {
            self.ask_for(self.fresh.0, names);
        }
    }

    fn ask_for(&mut self, place: usize, names: Vec<String>) {
        let asked = if self.is_id(place) { Asked::nothing(names) } else { self.look_ups[place].begin(names) };
        self.asked.push_back((place, asked));
    }

    /// Waits for the oldest look-up, and adds whom it has found.
    fn receive(&mut self, place: usize, asked: Asked<'r>) {
        if place != self.found.0 {
            self.cut();
            self.found.0 = place;
        }
        if self.is_id(place) {
            for id in asked.values {
                if self.first.len() < NAMED && self.way != LookUpBy::Nothing {
                    self.first.push(Person::of_id(&id));
                }
                self.found.1.identities.push(id);
                self.cut_whole();
            }
            return;
        }
        let names = asked.values.clone();
        match self.look_ups[place].finish(asked) {
            Err(error) => {
                self.cut();
                let attribute = Some(self.attribute(place).clone());
                self.ready.push_back(Batch { identities: names, attribute, error: Some(error), ..Batch::default() });
            }
            Ok(found) => {
                self.found.1.undecided += found.undecided.len() as u64;
                self.undecided.extend(found.undecided);
                for (name, people) in names.into_iter().zip(found.people) {
                    let Some(person) = by_name::settle(&name, people, &mut self.found.1.names) else { continue };
                    self.found.1.identities.push(name);
                    // Only texts are taken for ids.
                    self.found.1.ids.push(person.id.as_str().unwrap_or_default().to_owned());
                    if self.first.len() < NAMED {
                        self.first.push(person);
                    }
                    self.cut_whole();
                }
            }
        }
    }

    fn cut_whole(&mut self) {
        if self.found.1.identities.len() >= BATCH {
            self.cut();
        }
    }

    /// Makes a batch of what was found.
    fn cut(&mut self) {
        let batch = std::mem::take(&mut self.found.1);
        if batch.identities.is_empty() && batch.names.is_empty() && batch.undecided == 0 {
            return;
        }
        let attribute = (self.way != LookUpBy::Nothing).then(|| self.attribute(self.found.0).clone());
        self.ready.push_back(Batch { attribute, ..batch });
    }

    /// Once all names were met: what becomes of those whom an earlier run may have sent.
    fn settle_uncertain(&mut self, journal: Option<&mut Journal>) {
        self.is_settled = true;
        let Some(journal) = journal else { return };
        let settled = match journal.settle_uncertain(self.call) {
            Ok(settled) => settled,
            Err(error) => return self.ready.push_back(Batch { error: Some(error), ..Batch::default() }),
        };
        self.totals.skipped += settled.refreshed;
        let mut again = settled.not_taken;
        let mut unknown = settled.unknown;
        if self.resend_uncertain {
            again.append(&mut unknown);
        }
        let resolve = |names: &mut Self, uncertain: &Uncertain| match Attribute::parse(&uncertain.attribute) {
            Some(attribute) => names.place(attribute),
            None => 0,
        };
        for uncertain in again {
            let place = resolve(self, &uncertain);
            if uncertain.is_processed {
                let attribute = (self.way != LookUpBy::Nothing).then(|| self.attribute(place).clone());
                let (identities, ids) = (vec![uncertain.name], uncertain.id.into_iter().collect());
                self.ready.push_back(Batch { identities, ids, attribute, is_processed: true, ..Batch::default() });
                continue;
            }
            if place != self.fresh.0 {
                self.ask();
                self.fresh.0 = place;
            }
            self.fresh.1.push(uncertain.name);
            if self.fresh.1.len() >= VALUES {
                self.ask();
            }
        }
        self.ask();
        for uncertain in unknown {
            let place = resolve(self, &uncertain);
            let attribute = (self.way != LookUpBy::Nothing).then(|| self.attribute(place).clone());
            let id = uncertain.id;
            match self.ready.back_mut() {
                Some(batch)
                    if batch.settled.is_some() && batch.attribute == attribute && batch.identities.len() < BATCH =>
                {
                    batch.identities.push(uncertain.name);
                    batch.ids.extend(id);
                }
                _ => self.ready.push_back(Batch {
                    identities: vec![uncertain.name],
                    ids: id.into_iter().collect(),
                    attribute,
                    settled: Some((Outcome::MaybeSent, "uncertain")),
                    ..Batch::default()
                }),
            }
        }
    }
}

impl Source for Names<'_> {
    fn next(&mut self, mut journal: Option<&mut Journal>, room: usize, wait: bool) -> Next {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Next::Batch(batch);
            }
            // Some look-ups are under way while calls are: half of what may be.
            let most = room.div_ceil(2).max(1);
            while !self.has_ended && self.asked.len() < most && self.take(journal.as_deref_mut(), false) {}
            if self.has_ended {
                self.ask();
            }
            if let Some((place, asked)) = self.asked.pop_front() {
                self.receive(place, asked);
                continue;
            }
            if !self.has_ended {
                if !wait {
                    return Next::Later;
                }
                let _pausing = self.call.control.pausing(Phase::Waiting, None, || "Waiting for names".to_owned());
                self.take(journal.as_deref_mut(), true);
                continue;
            }
            if !self.is_settled {
                // Last of all: by then, what left before has arrived, or never will.
                if !wait && journal.is_some() {
                    return Next::Later;
                }
                self.settle_uncertain(journal.as_deref_mut());
                continue;
            }
            self.cut();
            if self.ready.is_empty() {
                return Next::End;
            }
        }
    }

    fn rest(&mut self) -> Option<Batch> {
        if let Some(batch) = self.ready.pop_front() {
            return Some(batch);
        }
        let (place, found) = (self.found.0, std::mem::take(&mut self.found.1));
        if !found.identities.is_empty() || !found.names.is_empty() {
            let attribute = Some(self.attribute(place).clone());
            return Some(Batch { attribute, ..found });
        }
        if let Some((place, asked)) = self.asked.pop_front() {
            return Some(Batch::not_sent(Some(self.attribute(place).clone()), asked.values, Vec::new()));
        }
        loop {
            if !self.fresh.1.is_empty() {
                let names = std::mem::take(&mut self.fresh.1);
                return Some(Batch::not_sent(Some(self.attribute(self.fresh.0).clone()), names, Vec::new()));
            }
            if self.has_ended {
                return None;
            }
            let Taken::Names(attribute, names) = self.feed.take(VALUES, true) else {
                self.has_ended = true;
                return None;
            };
            let place = attribute.map_or(0, |attribute| self.place(attribute));
            self.totals.given += names.len() as u64;
            let attribute = self.attribute(place).clone();
            self.fresh.0 = place;
            for name in names {
                match self.seen.meet(attribute.name(), &name) {
                    Met::Repeated => self.totals.repeated += 1,
                    Met::Done => self.totals.skipped += 1,
                    Met::New => self.fresh.1.push(name),
                }
            }
        }
    }
}

/// Batches that are all there.
pub(crate) struct Resolved<'n, 'r> {
    batches: VecDeque<Batch>,
    /// Looks people up again just before they are sent, where that is asked for.
    confirm: Option<LookUp<'r>>,
    then: Option<&'n mut Names<'r>>,
}

impl<'n, 'r> Resolved<'n, 'r> {
    pub(crate) fn new(batches: impl IntoIterator<Item = Batch>) -> Self {
        Self { batches: batches.into_iter().collect(), confirm: None, then: None }
    }

    /// Then those that are still to be looked up.
    pub(crate) fn then(self, names: &'n mut Names<'r>) -> Self {
        Self { then: Some(names), ..self }
    }

    /// Whoever is gone by then, or is somebody else, is not sent.
    pub(crate) fn confirmed_by(self, look_up: LookUp<'r>) -> Self {
        Self { confirm: Some(look_up), ..self }
    }
}

impl Source for Resolved<'_, '_> {
    fn next(&mut self, journal: Option<&mut Journal>, room: usize, wait: bool) -> Next {
        let Some(mut batch) = self.batches.pop_front() else {
            return self.then.as_mut().map_or(Next::End, |names| names.next(journal, room, wait));
        };
        if let Some(look_up) = &mut self.confirm
            && batch.settled.is_none()
            && let Err(error) = confirm(look_up, &mut batch)
        {
            batch.error = Some(error);
        }
        Next::Batch(batch)
    }

    fn rest(&mut self) -> Option<Batch> {
        self.batches.pop_front().or_else(|| self.then.as_mut()?.rest())
    }
}

/// Takes those out of a batch whom their names do not mean any more.
fn confirm(look_up: &mut LookUp<'_>, batch: &mut Batch) -> Result<()> {
    let asked = look_up.begin(batch.identities.clone());
    let found = look_up.finish(asked)?;
    let people = std::mem::take(&mut batch.identities).into_iter().zip(std::mem::take(&mut batch.ids));
    for ((identity, id), people) in people.zip(found.people) {
        match people.as_slice() {
            [person] if person.id == id.as_str() => {
                batch.identities.push(identity);
                batch.ids.push(id);
            }
            _ => batch.gone.push(identity),
        }
    }
    Ok(())
}

impl NameReport {
    fn is_empty(&self) -> bool {
        self.unmatched.is_empty() && self.ambiguous.is_empty()
    }
}
