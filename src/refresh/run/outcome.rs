//! The outcome of one or several batches: the calls, or an error.

use crate::error::{Code, Error, Sent};
use crate::filter::Attribute;
use crate::report::{CallReport, Failure, Names, Outcome, Report, Totals};
use crate::response::Response;
use crate::text::printable;

#[derive(Debug, Default)]
pub(crate) struct BatchOutcome {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) attribute: Option<Attribute>,
    pub(crate) names: Names,
    pub(crate) undecided: u64,
    pub(crate) calls: Vec<CallReport>,
    /// The last successful answer.
    pub(crate) response: Option<Response>,
    first_error: Option<Error>,
    /// Combined over the failed calls.
    sent: Option<Sent>,
    /// Whether an error of this batch stops the run.
    pub(crate) stops_run: bool,
}

impl BatchOutcome {
    pub(super) fn new(number: u64, attribute: Option<Attribute>, names: Names) -> Self {
        Self { number, attribute, names, ..Self::default() }
    }

    /// Records an error; the first one is reported.
    pub(super) fn fail(&mut self, error: Error, stops_run: bool) {
        self.stops_run |= stops_run;
        let sent = error.details().sent;
        self.sent = Some(self.sent.map_or(sent, |before| before.and(sent)));
        self.first_error.get_or_insert(error);
    }

    /// Adds people for whom no call was made.
    pub(super) fn add_without_call(
        &mut self,
        call: &'static str,
        identities: Vec<String>,
        ids: Vec<String>,
        outcome: Outcome,
        reason: &'static str,
    ) {
        if !identities.is_empty() {
            self.calls.push(CallReport::without_call(call, identities, ids, outcome, reason));
        }
    }

    /// Merges a later batch into this one.
    pub(crate) fn join(&mut self, later: Self) {
        self.names.unmatched.extend(later.names.unmatched);
        self.names.ambiguous.extend(later.names.ambiguous);
        self.undecided += later.undecided;
        self.calls.extend(later.calls);
        self.response = later.response.or(self.response.take());
        self.stops_run |= later.stops_run;
        self.sent = match (self.sent, later.sent) {
            (Some(before), Some(after)) => Some(before.and(after)),
            (before, after) => before.or(after),
        };
        self.first_error = self.first_error.take().or(later.first_error);
    }

    /// Adds its people to the totals.
    pub(crate) fn count(&self, totals: &mut Totals) {
        for report in self.counted_calls() {
            totals.add(report.outcome, report.identities.len());
        }
        totals.unmatched += self.names.unmatched.len() as u64;
        totals.ambiguous += self.names.ambiguous.len() as u64;
    }

    /// The number of all its names.
    pub(super) fn people(&self) -> u64 {
        let called: u64 = self.counted_calls().map(|report| report.identities.len() as u64).sum();
        called + self.names.count()
    }

    /// The number of people whom an earlier run may have sent.
    pub(crate) fn uncertain(&self) -> u64 {
        let uncertain = self.calls.iter().filter(|report| report.reason == Some("uncertain"));
        uncertain.map(|report| report.identities.len() as u64).sum()
    }

    /// Whether nobody was sent because nobody exists any more.
    pub(crate) fn all_gone(&self) -> bool {
        self.response.is_none()
            && !self.calls.is_empty()
            && self.calls.iter().all(|report| report.reason == Some("gone"))
    }

    /// The calls that count each person once: a synchronization follows a call that has counted its person.
    fn counted_calls(&self) -> impl Iterator<Item = &CallReport> {
        let first = self.calls.iter().find_map(|report| report.call);
        self.calls.iter().filter(move |report| report.call.is_none() || report.call == first)
    }

    /// The number of people to refresh.
    pub(crate) fn matched(&self) -> u64 {
        self.counted_calls().filter(|report| report.call.is_some()).map(|report| report.identities.len() as u64).sum()
    }

    /// The last answer and the calls; a failure if a call has failed.
    pub(crate) fn into_result(self) -> Result<(Option<Response>, Vec<CallReport>, Names), Failure> {
        let Self { names, calls, response, first_error, sent, .. } = self;
        let Some(error) = first_error else { return Ok((response, calls, names)) };
        let has = |outcome| calls.iter().any(|report| report.outcome == outcome);
        let (accepted, maybe) = (has(Outcome::Accepted), has(Outcome::MaybeSent));
        let code = error.details().code;
        let is_partial = accepted || maybe && calls.len() > 1;
        let error = if !is_partial || matches!(code, Code::Cancelled | Code::JournalError) {
            let accepted = if accepted { Sent::Yes } else { Sent::No };
            let sent = sent.unwrap_or(error.details().sent).and(accepted);
            error.sent(sent)
        } else {
            partial_failure(&error, &calls).sent(if maybe { Sent::Maybe } else { Sent::Yes })
        };
        let report = Report { calls, ..Report::default() };
        Err(Failure { error, report: Box::new(report) }.names(names))
    }
}

/// The maximum number of names in an error.
const SHOWN: usize = 3;

fn partial_failure(first_error: &Error, calls: &[CallReport]) -> Error {
    // `calls` also lists people who were excluded from all calls.
    let made = || calls.iter().filter(|report| report.call.is_some());
    let failed = made().filter(|report| report.outcome != Outcome::Accepted).count();
    let first = made().next().and_then(|report| report.call).unwrap_or_default();
    let of_first = numbers(calls.iter().filter(|report| report.call.is_none_or(|call| call == first)));
    // Calls of another kind repeat the same people.
    let mut others = made().filter(|report| report.call != Some(first)).peekable();
    let others = match others.peek().and_then(|report| report.call) {
        Some(other) => format!("; for {other} {}", numbers(others)),
        None => String::new(),
    };
    let message =
        format!("{failed} of {} calls did not succeed: of the identities {of_first}{others}.", made().count());
    let details = first_error.details();
    let repeat = names(calls, &[Outcome::Rejected, Outcome::NotSent]).map(|names| format!("Not accepted: {names}."));
    let uncertain = names(calls, &[Outcome::MaybeSent]).map(|names| {
        format!(
            "May have been sent: {names}. See when each was last refreshed in the tenant, before sending them again."
        )
    });
    let lines = [
        Some(format!("The first error: {}", details.message)),
        Some(details.hint.to_string()).filter(|hint| !hint.is_empty()),
        repeat,
        uncertain,
        Some("See ⟦calls⟧: repeat only the identities that were not accepted, once the cause is removed.".to_owned()),
    ];
    let hint: Vec<String> = lines.into_iter().flatten().collect();
    Error::new(Code::PartialFailure, message).hint(hint.join("\n"))
}

/// The numbers of identities by outcome, as part of a sentence.
fn numbers<'r>(calls: impl Iterator<Item = &'r CallReport> + Clone) -> String {
    let number = |outcome| -> usize {
        let of = calls.clone().filter(|report| report.outcome == outcome);
        of.map(|report| report.identities.len()).sum()
    };
    let all = [
        (number(Outcome::Accepted), "were accepted"),
        (number(Outcome::Rejected), "rejected"),
        (number(Outcome::NotSent), "not sent"),
        (number(Outcome::MaybeSent), "may have been sent"),
    ];
    let numbers = all.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}"));
    numbers.collect::<Vec<_>>().join(", ")
}

/// The first identities with one of these outcomes, and how many more there are; `None` if there are none.
fn names(calls: &[CallReport], outcomes: &[Outcome]) -> Option<String> {
    let of = calls.iter().filter(|report| outcomes.contains(&report.outcome));
    let all: Vec<&String> = of.flat_map(|report| &report.identities).collect();
    let mut shown: Vec<String> = all.iter().take(SHOWN).map(|name| printable(name)).collect();
    if all.len() > SHOWN {
        shown.push(format!("{} more", all.len() - SHOWN));
    }
    (!shown.is_empty()).then(|| shown.join(", "))
}
