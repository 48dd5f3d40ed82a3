//! The engine that sends the refreshes of many people.
//!
//! ```text
//! source (names, looked up) ─► batches of 250 ─► calls, at most maximumConcurrency under way ─► results, in order
//! ```
//!
//! Every refresh goes through it: people by name, streamed or not, the people whom a filter means, and the one call of a
//! filter on `/cc`. The ceiling, the journal, the order and what stops the rest are here and nowhere else.

mod outcome;
mod seen;
mod source;
mod stops;

use std::collections::VecDeque;

pub(crate) use outcome::BatchOutcome;
pub(crate) use seen::{Met, Seen};
pub(crate) use source::{LookUpBy, Names, Resolved, Source};

use self::source::Next;

use self::stops::stops_run;
use crate::error::{Code, Error, Result, Sent};
use crate::filter::Attribute;
use crate::refresh::by_name::can_be_filters;
use crate::refresh::effects::Effects;
use crate::refresh::feed::Feed;
use crate::refresh::journal::Journal;
use crate::report::{CallReport, Names as NameReport, Outcome};
use crate::request::RefreshRequest;
use crate::response::Response;
use crate::service::{self, Call, LARGEST_BATCH, PendingCall};

/// The most people of a batch.
pub(crate) const BATCH: usize = LARGEST_BATCH;

/// People who are sent together, and what was found out about names on the way.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// As they were given; none for a filter on `/cc`.
    pub(crate) identities: Vec<String>,
    /// Their ids, where those are none.
    pub(crate) ids: Vec<String>,
    /// Which attribute the identities are values of; `None` for ids that a filter found, and for a filter.
    pub(crate) attribute: Option<Attribute>,
    /// Names that mean nobody, or several people.
    pub(crate) names: NameReport,
    /// People who were found, and are gone now.
    pub(crate) gone: Vec<String>,
    /// Of how many more only the service can tell.
    pub(crate) undecided: u64,
    /// Why these people are not sent.
    pub(crate) error: Option<Error>,
    /// What became of them without a call of this run, and why.
    pub(crate) settled: Option<(Outcome, &'static str)>,
    /// Whether `process` has taken them in an earlier run.
    pub(crate) is_processed: bool,
}

impl Batch {
    /// People who are not sent, because the run has stopped.
    pub(crate) fn not_sent(attribute: Option<Attribute>, identities: Vec<String>, ids: Vec<String>) -> Self {
        Self { identities, ids, attribute, settled: Some((Outcome::NotSent, "stopped")), ..Self::default() }
    }
}

/// How the people of a batch become calls.
pub(crate) enum Method<'r> {
    /// One call of `/cc` with this body, for whoever it means.
    Body(String),
    /// A call of `/cc` for each person, with a filter that means this person.
    EachByFilter(&'r RefreshRequest<'r>),
    /// By ids.
    ByIds(&'r Effects),
}

/// Which call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `/cc`, with this body.
    Refresh(String),
    Process,
    Synchronize,
}

impl Kind {
    /// As `calls` names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Refresh(_) => CallReport::REFRESH,
            Self::Process => CallReport::PROCESS,
            Self::Synchronize => CallReport::SYNCHRONIZE,
        }
    }
}

/// A run of the engine.
pub(crate) struct Run<'r> {
    call: &'r Call<'r>,
    method: Method<'r>,
    ceiling: Option<u64>,
    journal: Option<&'r mut Journal>,
    /// Told when the rest is not sent.
    feed: Option<&'r Feed>,
    /// How many people were sent, or may have been.
    touched: u64,
    /// How many people have their outcome, and how many there are, where that is known.
    done: u64,
    total: Option<u64>,
    last_number: u64,
    has_stopped: bool,
    /// Batches that are not told yet, in the order of the input.
    open: VecDeque<Open>,
    waiting: VecDeque<Planned>,
    under_way: VecDeque<(Planned, Result<PendingCall<'r>>)>,
}

/// A batch of which not all calls have ended.
struct Open {
    number: u64,
    left: usize,
    outcome: BatchOutcome,
    synchronize: bool,
}

/// A call to be made.
struct Planned {
    batch: u64,
    kind: Kind,
    identities: Vec<String>,
    ids: Vec<String>,
}

impl<'r> Run<'r> {
    pub(crate) fn new(call: &'r Call<'r>, method: Method<'r>) -> Self {
        Self {
            call,
            method,
            ceiling: None,
            journal: None,
            feed: None,
            touched: 0,
            done: 0,
            total: None,
            last_number: 0,
            has_stopped: false,
            open: VecDeque::new(),
            waiting: VecDeque::new(),
            under_way: VecDeque::new(),
        }
    }

    /// With a ceiling that the run itself has to hold: no batch may exceed it together with those before.
    pub(crate) fn ceiling(self, ceiling: Option<u64>) -> Self {
        Self { ceiling, ..self }
    }

    /// With the number of people, for the progress.
    pub(crate) fn total(self, total: u64) -> Self {
        Self { total: Some(total), ..self }
    }

    pub(crate) fn journal(self, journal: Option<&'r mut Journal>) -> Self {
        Self { journal, ..self }
    }

    pub(crate) fn feed(self, feed: Option<&'r Feed>) -> Self {
        Self { feed, ..self }
    }

    /// Sends what the source gives, and tells each batch once, in the order of the source. After an error that stops the
    /// rest, calls under way are finished, and everybody else is told as not sent.
    pub(crate) fn send(mut self, source: &mut impl Source, mut tell: impl FnMut(BatchOutcome)) {
        let most = self.call.service.maximum_concurrency();
        let mut held_back: Option<Batch> = None;
        loop {
            let mut has_ended = false;
            while !self.has_stopped && self.under_way.len() < most {
                if let Some(planned) = self.waiting.pop_front() {
                    self.begin(planned);
                    continue;
                }
                let next = match held_back.take() {
                    Some(batch) => Next::Batch(batch),
                    None => {
                        source.next(self.journal.as_deref_mut(), most - self.under_way.len(), self.under_way.is_empty())
                    }
                };
                match next {
                    Next::Batch(batch) if self.is_too_many(&batch) && !self.under_way.is_empty() => {
                        // What is under way may turn out not to count.
                        held_back = Some(batch);
                        break;
                    }
                    Next::Batch(batch) => self.plan(batch),
                    Next::Later => break,
                    Next::End => {
                        has_ended = true;
                        break;
                    }
                }
                self.tell_finished(&mut tell);
            }
            match self.under_way.pop_front() {
                Some((planned, pending)) => self.finish(planned, pending.and_then(PendingCall::finish)),
                None if has_ended || self.has_stopped => break,
                None => {}
            }
            self.tell_finished(&mut tell);
        }
        if self.has_stopped {
            for planned in std::mem::take(&mut self.waiting) {
                let report = CallReport::not_sent(planned.kind.name(), planned.identities, planned.ids);
                self.add(planned.batch, report);
            }
            let rest = held_back.into_iter().chain(std::iter::from_fn(|| source.rest()));
            for batch in rest {
                let batch = Batch { settled: batch.settled.or(Some((Outcome::NotSent, "stopped"))), ..batch };
                self.plan(batch);
                self.tell_finished(&mut tell);
            }
        }
        self.tell_finished(&mut tell);
    }

    fn stop(&mut self) {
        self.has_stopped = true;
        if let Some(feed) = self.feed {
            feed.stop();
        }
    }

    fn is_too_many(&self, batch: &Batch) -> bool {
        let people = if batch.settled.is_some() { 0 } else { batch.identities.len() as u64 + batch.undecided };
        people > 0 && self.ceiling.is_some_and(|ceiling| self.touched + people > ceiling)
    }

    /// Whether the people of such a call count for the ceiling: those of a synchronization count with the call before it,
    /// where there is one.
    fn counts(&self, kind: &Kind) -> bool {
        *kind != Kind::Synchronize || matches!(&self.method, Method::ByIds(effects) if !effects.process)
    }

    /// Opens a batch and plans its calls.
    fn plan(&mut self, mut batch: Batch) {
        self.last_number += 1;
        let number = self.last_number;
        if batch.settled.is_none() && batch.error.is_none() {
            batch.error = self.check(number, &batch).err();
        }
        let mut outcome = BatchOutcome::new(number, batch.attribute.clone(), std::mem::take(&mut batch.names));
        outcome.undecided = batch.undecided;
        if !batch.gone.is_empty() {
            outcome.calls.push(CallReport::left_out(std::mem::take(&mut batch.gone), "gone"));
        }
        let call = match &self.method {
            Method::ByIds(effects) if effects.process => CallReport::PROCESS,
            Method::ByIds(_) => CallReport::SYNCHRONIZE,
            Method::Body(_) | Method::EachByFilter(_) => CallReport::REFRESH,
        };
        if let Some((settled, reason)) = batch.settled {
            self.done += batch.identities.len() as u64;
            outcome.settle(call, batch.identities, batch.ids, settled, reason);
            self.open.push_back(Open { number, left: 0, outcome, synchronize: false });
            return;
        }
        if let Some(error) = batch.error.take() {
            let stops = self.has_stopped || stops_run(self.call, None, &error);
            if stops {
                self.stop();
            }
            self.done += batch.identities.len() as u64;
            if !batch.identities.is_empty() {
                outcome.calls.push(CallReport::not_sent(call, batch.identities, batch.ids));
            }
            outcome.fail(error, stops);
            self.open.push_back(Open { number, left: 0, outcome, synchronize: false });
            return;
        }
        let (planned, synchronize) = self.calls(number, batch);
        self.open.push_back(Open { number, left: planned.len(), outcome, synchronize });
        self.waiting.extend(planned);
    }

    /// The last checks before the people of a batch are sent: the ceiling, their filters, then the journal.
    fn check(&mut self, number: u64, batch: &Batch) -> Result<()> {
        if self.is_too_many(batch) {
            return Err(self.too_many(batch));
        }
        if let (Method::EachByFilter(_), Some(attribute)) = (&self.method, &batch.attribute) {
            can_be_filters(attribute, &batch.identities)?;
        }
        match &mut self.journal {
            Some(journal) => journal.begin(self.call, number, batch),
            None => Ok(()),
        }
    }

    fn calls(&self, batch: u64, people: Batch) -> (Vec<Planned>, bool) {
        let one_each = |people: Batch, kind: &dyn Fn(&str) -> Kind| {
            let ids = people.ids.into_iter().map(|id| vec![id]).chain(std::iter::repeat_with(Vec::new));
            let each = people.identities.into_iter().zip(ids);
            each.map(|(identity, ids)| Planned { batch, kind: kind(&identity), identities: vec![identity], ids })
                .collect()
        };
        match &self.method {
            Method::Body(body) => {
                let kind = Kind::Refresh(body.clone());
                (vec![Planned { batch, kind, identities: people.identities, ids: people.ids }], false)
            }
            Method::EachByFilter(request) => {
                let attribute = people.attribute.clone();
                let body = |value: &str| {
                    let filter = attribute.as_ref().map(|attribute| attribute.equals(value).canonical());
                    Kind::Refresh(request.body(filter.as_deref()))
                };
                (one_each(people, &body), false)
            }
            Method::ByIds(_) if people.identities.is_empty() => (Vec::new(), false),
            Method::ByIds(effects) if effects.process && !people.is_processed => {
                let Batch { identities, ids, .. } = people;
                (vec![Planned { batch, kind: Kind::Process, identities, ids }], effects.synchronize)
            }
            Method::ByIds(_) => (one_each(people, &|_| Kind::Synchronize), false),
        }
    }

    fn begin(&mut self, planned: Planned) {
        let ids = if planned.ids.is_empty() { &planned.identities } else { &planned.ids };
        let pending = match &planned.kind {
            Kind::Refresh(body) => service::refresh_identities(self.call, body.clone()),
            Kind::Process => service::process(self.call, ids),
            // One person each.
            Kind::Synchronize => service::synchronize_attributes(self.call, ids.first().map_or("", String::as_str)),
        };
        // What fails at once, for want of a token for instance, is not tried for those behind it.
        if let Err(error) = &pending
            && stops_run(self.call, Some(&planned.kind), error)
        {
            self.stop();
        }
        if self.counts(&planned.kind) {
            self.touched += planned.identities.len() as u64;
        }
        self.under_way.push_back((planned, pending));
    }

    fn finish(&mut self, planned: Planned, result: Result<Response>) {
        let Planned { batch, kind, identities, ids } = planned;
        let people = identities.len() as u64;
        let report = match &result {
            Ok(response) => CallReport::accepted(kind.name(), identities, ids, response),
            Err(error) => CallReport::failed(kind.name(), identities, ids, error),
        };
        if self.counts(&kind) && matches!(report.outcome, Outcome::Rejected | Outcome::NotSent) {
            self.touched -= people;
        }
        let written = match &mut self.journal {
            Some(journal) => journal.outcome(batch, &report),
            None => Ok(()),
        };
        let stops = matches!(&result, Err(error) if stops_run(self.call, Some(&kind), error));
        if stops || written.is_err() {
            self.stop();
        }
        let follow_up = self.follow_up(batch, &kind, &report);
        let Some(open) = self.open.iter_mut().find(|open| open.number == batch) else { return };
        match result {
            Ok(response) => open.outcome.response = Some(response),
            Err(error) => open.outcome.fail(error, stops),
        }
        if let Err(error) = written {
            open.outcome.fail(error, true);
        }
        open.left += follow_up.len();
        self.add(batch, report);
        for planned in follow_up.into_iter().rev() {
            self.waiting.push_front(planned);
        }
    }

    /// The calls that follow one that was accepted: the synchronization of each person's attributes.
    fn follow_up(&self, batch: u64, kind: &Kind, report: &CallReport) -> Vec<Planned> {
        let is_wanted = self.open.iter().any(|open| open.number == batch && open.synchronize);
        if !is_wanted || *kind != Kind::Process || report.outcome != Outcome::Accepted {
            return Vec::new();
        }
        let people = Batch {
            identities: report.identities.clone(),
            ids: report.ids.clone(),
            is_processed: true,
            ..Batch::default()
        };
        self.calls(batch, people).0
    }

    /// Adds an ended call to its batch.
    fn add(&mut self, batch: u64, report: CallReport) {
        if report.call != Some(CallReport::SYNCHRONIZE) {
            self.done += report.identities.len() as u64;
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.number == batch) {
            open.left -= 1;
            open.outcome.calls.push(report);
        }
    }

    /// Tells the batches that have ended, as far as those before them have.
    fn tell_finished(&mut self, tell: &mut impl FnMut(BatchOutcome)) {
        self.call.control.done(self.done, self.total);
        while self.open.front().is_some_and(|open| open.left == 0) {
            let Some(open) = self.open.pop_front() else { return };
            if let Some(journal) = &mut self.journal {
                journal.forget(open.number);
            }
            tell(open.outcome);
        }
    }

    fn too_many(&self, batch: &Batch) -> Error {
        let ceiling = self.ceiling.unwrap_or_default();
        let more = batch.identities.len() as u64 + batch.undecided;
        let (touched, people) = (self.touched, self.touched + more);
        Error::new(
            Code::TooManyMatches,
            format!(
                "{touched} identities were refreshed, and {more} more would make {people}; maxIdentities is {ceiling}."
            ),
        )
        .hint("These and all that follow were not sent. Name fewer in one run, or raise maxIdentities.")
        .matched(people)
        .sent(Sent::No)
    }
}
