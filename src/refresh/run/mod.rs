//! The engine that sends refreshes.
//!
//! ```text
//! source (names, looked up) ─► batches of 250 ─► calls, at most maximumConcurrency under way ─► results, in order
//! ```
//!
//! Every refresh uses it: people by name, streamed or not, the people of a filter, and the single call of a filter on
//! `/cc`. It alone implements the ceiling, the journal, the order, and the rule for stopping.

mod batch;
mod names;
mod outcome;
mod seen;
mod source;
mod stops;

use std::collections::VecDeque;
use std::time::Duration;

pub(crate) use batch::{Batch, CallKind, MAX_BATCH, Method};
pub(crate) use names::{LookUpBy, Names};
pub(crate) use outcome::BatchOutcome;
pub(crate) use seen::{NameStatus, Seen};
pub(crate) use source::{Resolved, Source};

use self::batch::QueuedCall;
use self::source::Next;
use self::stops::stops_run;
use crate::error::{Code, Error, Result, Sent};
use crate::filter::Attribute;
use crate::hint::WayOut;
use crate::refresh::by_name::{check_filter_values, gone_error};
use crate::refresh::feed::Feed;
use crate::refresh::journal::Journal;
use crate::report::{CallReport, Outcome};
use crate::response::{Response, ServiceTime};
use crate::service::{self, Call, PendingCall, Proof};

/// How often a run looks for names while it waits for an answer.
const NAMES_POLL: Duration = Duration::from_millis(20);

pub(crate) struct Run<'r> {
    call: &'r Call<'r>,
    method: Method<'r>,
    ceiling: Option<u64>,
    journal: Option<&'r mut Journal>,
    /// Notified when the run stops.
    feed: Option<&'r Feed>,
    /// The number of people who were sent, or may have been, and of those whom only the service can evaluate.
    touched: u64,
    /// The number of people with an outcome, and the number of all people, if known.
    done: u64,
    total: Option<u64>,
    /// The number of people in reported batches, if only these count as done.
    reported: Option<u64>,
    last_number: u64,
    has_stopped: bool,
    /// Batches that were not reported yet, in the order of the input.
    open: VecDeque<OpenBatch>,
    queued: VecDeque<QueuedCall>,
    in_flight: VecDeque<InFlight<'r>>,
    check: Option<Check<'r>>,
}

/// Checks anew that the people of a call, by their attribute, names and ids, are still there. `None`: they are gone.
pub(crate) type Check<'r> = Box<dyn FnMut(Option<&Attribute>, &[String], &[String]) -> Result<Option<Proof>> + 'r>;

/// A call under way.
struct InFlight<'r> {
    planned: QueuedCall,
    /// `None` for people who were gone when it was to be sent.
    pending: Option<Result<PendingCall<'r>>>,
    /// The service's time before it was sent, if known.
    since: Option<ServiceTime>,
}

/// A batch with calls that have not ended.
struct OpenBatch {
    number: u64,
    calls_left: usize,
    outcome: BatchOutcome,
    synchronize: bool,
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
            reported: None,
            last_number: 0,
            has_stopped: false,
            // Often it is one call.
            open: VecDeque::with_capacity(1),
            queued: VecDeque::with_capacity(1),
            in_flight: VecDeque::with_capacity(1),
            check: None,
        }
    }

    /// Sets the check that precedes each refresh on `/cc`.
    pub(crate) fn checked_by(self, check: Option<Check<'r>>) -> Self {
        Self { check, ..self }
    }

    /// Sets a ceiling that the run itself enforces: a batch that exceeds it, together with earlier ones, is not sent.
    pub(crate) fn ceiling(self, ceiling: Option<u64>) -> Self {
        Self { ceiling, ..self }
    }

    /// Sets the number of people, for the progress.
    pub(crate) fn total(self, total: u64) -> Self {
        Self { total: Some(total), ..self }
    }

    /// Counts people as done when their batch was reported, because the report waits for their task.
    pub(crate) fn counting_reported(self, counts: bool) -> Self {
        Self { reported: counts.then_some(0), ..self }
    }

    pub(crate) fn journal(self, journal: Option<&'r mut Journal>) -> Self {
        Self { journal, ..self }
    }

    pub(crate) fn feed(self, feed: Option<&'r Feed>) -> Self {
        Self { feed, ..self }
    }

    /// Sends the batches of the source, and reports each once, in order. After an error that stops the run, calls in
    /// flight are finished, and everybody else is reported as not sent.
    pub(crate) fn send(
        mut self,
        source: &mut impl Source,
        mut on_batch: impl FnMut(BatchOutcome, Option<&mut Journal>),
    ) {
        let max_calls = self.call.service.maximum_concurrency();
        let mut deferred: Option<Batch> = None;
        loop {
            let (mut has_ended, mut expects_names) = (false, false);
            while !self.has_stopped && self.in_flight.len() < max_calls {
                if let Some(planned) = self.queued.pop_front() {
                    self.begin(planned);
                    continue;
                }
                let next = match deferred.take() {
                    Some(batch) => Next::Batch(batch),
                    None => source.next(
                        self.journal.as_deref_mut(),
                        max_calls - self.in_flight.len(),
                        self.in_flight.is_empty(),
                    ),
                };
                // It may have waited for the last name.
                self.total = source.total().or(self.total);
                match next {
                    Next::Batch(batch) if self.is_too_many(&batch) && !self.in_flight.is_empty() => {
                        // The calls in flight may turn out not to count.
                        deferred = Some(batch);
                        break;
                    }
                    Next::Batch(batch) => self.plan(batch),
                    Next::NotYet => {
                        expects_names = true;
                        break;
                    }
                    Next::End => {
                        has_ended = true;
                        break;
                    }
                }
                self.report_finished(&mut on_batch);
            }
            // Names that come meanwhile are looked up and sent without waiting for this answer.
            if expects_names
                && let Some(InFlight { pending: Some(Ok(pending)), .. }) = self.in_flight.front()
                && !pending.ends_within(NAMES_POLL)
            {
                continue;
            }
            match self.in_flight.pop_front() {
                Some(InFlight { planned, pending, since }) => self.finish(planned, pending, since),
                None if has_ended || self.has_stopped => break,
                None => {}
            }
            self.report_finished(&mut on_batch);
        }
        if self.has_stopped {
            for planned in std::mem::take(&mut self.queued) {
                let report = CallReport::not_sent(planned.kind.name(), planned.identities, planned.ids);
                // The next run then need not ask about them. A failure to write was reported before.
                if let Some(journal) = &mut self.journal {
                    let _ = journal.write_outcome(planned.batch, &report);
                }
                self.add(planned.batch, report);
            }
            // Before the wait for more names.
            self.report_finished(&mut on_batch);
            while let Some(batch) = deferred.take().or_else(|| source.next_unsent(self.journal.as_deref_mut())) {
                let batch =
                    Batch { known_outcome: batch.known_outcome.or(Some((Outcome::NotSent, "stopped"))), ..batch };
                self.plan(batch);
                self.report_finished(&mut on_batch);
            }
        }
        self.report_finished(&mut on_batch);
    }

    fn stop(&mut self) {
        self.has_stopped = true;
        if let Some(feed) = self.feed {
            feed.stop();
        }
    }

    fn is_too_many(&self, batch: &Batch) -> bool {
        let people = if batch.known_outcome.is_some() { 0 } else { batch.identities.len() as u64 + batch.undecided };
        people > 0 && self.ceiling.is_some_and(|ceiling| self.touched + people > ceiling)
    }

    /// Whether a call of this kind counts its people. A synchronization that follows another call does not: its people
    /// were counted with that call.
    fn counts_people(&self, call: &str) -> bool {
        call != CallReport::SYNCHRONIZE || matches!(&self.method, Method::ByIds(effects) if !effects.process)
    }

    fn plan(&mut self, mut batch: Batch) {
        self.last_number += 1;
        let number = self.last_number;
        if batch.known_outcome.is_none() && batch.error.is_none() {
            batch.error = self.check(number, &batch).err();
        }
        let mut outcome = BatchOutcome::new(number, batch.attribute.clone(), std::mem::take(&mut batch.names));
        outcome.undecided = batch.undecided;
        self.done += outcome.names.count() + batch.gone.len() as u64;
        if !batch.gone.is_empty() {
            outcome.calls.push(CallReport::left_out(std::mem::take(&mut batch.gone), "gone"));
        }
        let call = match &self.method {
            Method::ByIds(effects) if effects.process => CallReport::PROCESS,
            Method::ByIds(_) => CallReport::SYNCHRONIZE,
            Method::Body(..) | Method::EachByFilter(_) => CallReport::REFRESH,
        };
        if let Some((known, reason)) = batch.known_outcome {
            self.done += batch.identities.len() as u64;
            outcome.add_without_call(call, batch.identities, batch.ids, known, reason);
            self.open.push_back(OpenBatch { number, calls_left: 0, outcome, synchronize: false });
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
            self.open.push_back(OpenBatch { number, calls_left: 0, outcome, synchronize: false });
            return;
        }
        self.touched += batch.undecided;
        let (planned, synchronize) = self.method.calls(number, batch);
        self.open.push_back(OpenBatch { number, calls_left: planned.len(), outcome, synchronize });
        self.queued.extend(planned);
    }

    /// The last checks before a batch is sent: the ceiling, the filters, then the journal.
    fn check(&mut self, number: u64, batch: &Batch) -> Result<()> {
        if self.is_too_many(batch) {
            return Err(self.too_many(batch));
        }
        if let (Method::EachByFilter(_), Some(attribute)) = (&self.method, &batch.attribute) {
            check_filter_values(attribute, &batch.identities)?;
        }
        match &mut self.journal {
            Some(journal) => journal.write_batch(self.call, number, batch),
            None => Ok(()),
        }
    }

    fn begin(&mut self, mut planned: QueuedCall) {
        let ids = if planned.ids.is_empty() { &planned.identities } else { &planned.ids };
        let since = self.call.known_service_time();
        let pending = match &planned.kind {
            CallKind::Refresh(body) => {
                let proof = planned.proof.take().or_else(|| planned.looked_up.and_then(Proof::by));
                let proof = match (&mut self.check, proof) {
                    (Some(check), None) => check(planned.attribute.as_ref(), &planned.identities, &planned.ids),
                    (_, proof) => Ok(proof),
                };
                match proof {
                    Ok(None) if self.check.is_some() => None,
                    Ok(proof) => Some(service::refresh_identities(self.call, body.clone(), proof)),
                    Err(error) => Some(Err(error.before_the_call())),
                }
            }
            CallKind::Process => Some(service::process(self.call, ids)),
            // One person per call.
            CallKind::Synchronize => {
                let id = ids.first().map_or("", String::as_str);
                Some(service::synchronize_attributes(self.call, id))
            }
        };
        // An error before sending, such as a missing token, would also meet the calls after this one.
        if let Some(Err(error)) = &pending
            && stops_run(self.call, Some(&planned.kind), error)
        {
            self.stop();
        }
        if self.counts_people(planned.kind.name()) {
            self.touched += planned.identities.len() as u64;
        }
        // A single call is waited for at once.
        let is_single = matches!(self.method, Method::Body(..));
        let pending = pending.map(|pending| if is_single { pending } else { pending.map(PendingCall::launched) });
        self.in_flight.push_back(InFlight { planned, pending, since });
    }

    fn finish(&mut self, planned: QueuedCall, pending: Option<Result<PendingCall<'r>>>, since: Option<ServiceTime>) {
        let QueuedCall { batch, kind, identities, ids, attribute, .. } = planned;
        let people = identities.len() as u64;
        // `None` for people who are gone.
        let result: Option<Result<Response>> = match pending {
            None => None,
            Some(Err(error)) => Some(Err(error)),
            Some(Ok(pending)) => {
                let mut is_gone = false;
                let result = match &mut self.check {
                    None => pending.finish(),
                    Some(check) => pending.finish_checked(&mut || {
                        let proof = check(attribute.as_ref(), &identities, &ids).map_err(Error::before_the_call)?;
                        is_gone = proof.is_none();
                        proof.ok_or_else(gone_error)
                    }),
                };
                (!is_gone).then_some(result)
            }
        };
        let report = match &result {
            Some(Ok(response)) => CallReport { since, ..CallReport::accepted(kind.name(), identities, ids, response) },
            Some(Err(error)) => CallReport::failed(kind.name(), identities, ids, error),
            None => CallReport::left_out(identities, "gone"),
        };
        if self.counts_people(kind.name()) && matches!(report.outcome, Outcome::Rejected | Outcome::NotSent) {
            self.touched -= people;
        }
        let written = match &mut self.journal {
            Some(journal) => journal.write_outcome(batch, &report),
            None => Ok(()),
        };
        let stops = matches!(&result, Some(Err(error)) if stops_run(self.call, Some(&kind), error));
        if stops || written.is_err() {
            self.stop();
        }
        let follow_up = self.follow_up(batch, &kind, &report);
        let Some(open) = self.open.iter_mut().find(|open| open.number == batch) else { return };
        match result {
            Some(Ok(response)) => open.outcome.response = Some(response),
            Some(Err(error)) => open.outcome.fail(error, stops),
            None => {}
        }
        if let Err(error) = written {
            open.outcome.fail(error, true);
        }
        open.calls_left += follow_up.len();
        self.add(batch, report);
        for planned in follow_up.into_iter().rev() {
            self.queued.push_front(planned);
        }
    }

    /// The calls after an accepted one: the synchronization of each person's attributes.
    fn follow_up(&self, batch: u64, kind: &CallKind, report: &CallReport) -> Vec<QueuedCall> {
        let is_wanted = self.open.iter().any(|open| open.number == batch && open.synchronize);
        if !is_wanted || *kind != CallKind::Process || report.outcome != Outcome::Accepted {
            return Vec::new();
        }
        let people = Batch {
            identities: report.identities.clone(),
            ids: report.ids.clone(),
            is_processed: true,
            ..Batch::default()
        };
        self.method.calls(batch, people).0
    }

    /// Adds a finished call to its batch.
    fn add(&mut self, batch: u64, report: CallReport) {
        if report.call.is_some_and(|call| self.counts_people(call)) {
            self.done += report.identities.len() as u64;
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.number == batch) {
            open.calls_left -= 1;
            open.outcome.calls.push(report);
        }
    }

    /// Reports finished batches in order.
    fn report_finished(&mut self, on_batch: &mut impl FnMut(BatchOutcome, Option<&mut Journal>)) {
        self.show_progress();
        while self.open.front().is_some_and(|open| open.calls_left == 0) {
            let Some(open) = self.open.pop_front() else { return };
            if let Some(journal) = &mut self.journal {
                journal.forget(open.number);
            }
            let people = open.outcome.people();
            on_batch(open.outcome, self.journal.as_deref_mut());
            if let Some(reported) = &mut self.reported {
                *reported += people;
                self.show_progress();
            }
        }
    }

    fn show_progress(&self) {
        self.call.control.set_progress(self.reported.unwrap_or(self.done), self.total);
    }

    fn too_many(&self, batch: &Batch) -> Error {
        let ceiling = self.ceiling.unwrap_or_default();
        let more = batch.identities.len() as u64 + batch.undecided;
        let (touched, people) = (self.touched, self.touched + more);
        Error::new(
            Code::TooManyMatches,
            format!("{touched} identities were refreshed, and {more} more would make {people}; ⟦max⟧ is {ceiling}."),
        )
        .hint("These and all that follow were not sent. Name fewer in one run.")
        .way(WayOut::RaiseMaximum)
        .matched(people)
        .sent(Sent::No)
    }
}
