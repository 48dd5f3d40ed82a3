//! Several calls, in their order, and the account of them: everybody who was given is in it, once.

use std::ops::ControlFlow;

use crate::error::{Code, Error, Result, Sent};
use crate::report::{CallReport, Outcome};
use crate::response::Response;
use crate::service::{self, Call, PendingCall, in_order};
use crate::targets::by_name::Question;

/// One call to be made, and for whom.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) kind: Kind,
    /// As they were given; none for a filter.
    pub(crate) identities: Vec<String>,
    /// Where those are no ids.
    pub(crate) ids: Vec<String>,
}

/// Which call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `/cc`, with this body.
    Refresh(String),
    Process,
    Synchronize,
}

/// What became of the calls.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) calls: Vec<CallReport>,
    /// The answer of the last call that was answered well.
    pub(crate) response: Option<Response>,
    first_error: Option<Error>,
    /// What is known of the failed ones, all together.
    sent: Option<Sent>,
    /// Whether nothing more is sent, because an error would meet every call.
    has_halted: bool,
    /// How many calls there are to be, for the progress.
    total: u64,
}

impl Parcel {
    fn begin<'c>(&self, call: &'c Call<'c>) -> Result<PendingCall<'c>> {
        match &self.kind {
            Kind::Refresh(body) => service::refresh_identities(call, body.clone()),
            Kind::Process => service::process(call, self.ids()),
            // One person each.
            Kind::Synchronize => service::synchronize_attributes(call, self.ids().first().map_or("", String::as_str)),
        }
    }

    fn not_sent(self) -> CallReport {
        CallReport::not_sent(self.kind.name(), self.identities, self.ids)
    }

    fn ids(&self) -> &[String] {
        if self.ids.is_empty() { &self.identities } else { &self.ids }
    }
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

impl Delivered {
    /// Nothing yet of so many calls.
    pub(crate) fn of(total: u64) -> Self {
        Self { total, ..Self::default() }
    }

    /// Makes the calls, several at the same time, and accounts for them in their order. After an error that would meet
    /// the others as well, those that have not begun are not sent.
    pub(crate) fn deliver(&mut self, call: &Call<'_>, mut parcels: impl Iterator<Item = Parcel>) {
        if !self.has_halted {
            call.control.done(self.calls.len() as u64, self.total);
            // What fails at once, for want of a token for instance, is not tried for those behind it.
            let mut is_futile = false;
            let begin = |parcel: Parcel| {
                let flight = (!is_futile).then(|| parcel.begin(call));
                is_futile |= matches!(&flight, Some(Err(error)) if meets_all(call, &parcel.kind, error));
                (flight, parcel)
            };
            in_order(call.service.maximum_concurrency(), &mut parcels, begin, |(flight, parcel)| {
                match flight {
                    Some(flight) => self.add(call, parcel, flight.and_then(PendingCall::finish)),
                    None => self.calls.push(parcel.not_sent()),
                }
                call.control.done(self.calls.len() as u64, self.total);
                if self.has_halted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
        }
        self.calls.extend(parcels.map(Parcel::not_sent));
    }

    fn add(&mut self, call: &Call<'_>, parcel: Parcel, result: Result<Response>) {
        let (name, identities, ids) = (parcel.kind.name(), parcel.identities, parcel.ids);
        match result {
            Ok(response) => {
                self.calls.push(CallReport::accepted(name, identities, ids, &response));
                self.response = Some(response);
            }
            Err(error) => {
                self.calls.push(CallReport::failed(name, identities, ids, &error));
                self.has_halted |= meets_all(call, &parcel.kind, &error);
                let sent = error.details().sent;
                self.sent = Some(self.sent.map_or(sent, |before| before.and(sent)));
                self.first_error.get_or_insert(error);
            }
        }
    }

    /// Those of the people (names and ids) whom the names still mean; of the others nothing is sent, as after an error.
    pub(crate) fn confirm(
        &mut self,
        question: &mut Question<'_>,
        block: Vec<(String, String)>,
    ) -> Vec<(String, String)> {
        if self.has_halted {
            return block;
        }
        let values: Vec<String> = block.iter().map(|(identity, _)| identity.clone()).collect();
        let found = match question.ask(&values) {
            Ok(found) => found,
            Err(error) => {
                self.has_halted = true;
                self.sent = Some(self.sent.unwrap_or(Sent::No));
                self.first_error.get_or_insert(error);
                return block;
            }
        };
        let mut confirmed = Vec::with_capacity(block.len());
        for ((identity, id), people) in block.into_iter().zip(found) {
            match people.as_slice() {
                [person] if person.id == id.as_str() => confirmed.push((identity, id)),
                _ => self.calls.push(CallReport::left_out(vec![identity], "gone")),
            }
        }
        confirmed
    }

    /// The last answer and the account; an error where a call has failed.
    pub(crate) fn conclude(self) -> Result<(Response, Vec<CallReport>)> {
        let Some(error) = self.first_error else {
            return match self.response {
                Some(response) => Ok((response, self.calls)),
                None => Err(nobody_left().calls(self.calls)),
            };
        };
        let has = |outcome| self.calls.iter().any(|report| report.outcome == outcome);
        let maybe = has(Outcome::MaybeSent);
        let is_partial = has(Outcome::Accepted) || maybe && self.calls.len() > 1;
        if !is_partial || error.details().code == Code::Cancelled {
            let accepted = if has(Outcome::Accepted) { Sent::Yes } else { Sent::No };
            let sent = self.sent.unwrap_or(error.details().sent).and(accepted);
            return Err(error.sent(sent).calls(self.calls));
        }
        let details = error.details();
        // Beside them stand people who were left out of all calls.
        let calls = || self.calls.iter().filter(|report| report.call.is_some());
        let failed = calls().filter(|report| report.outcome != Outcome::Accepted).count();
        // Another kind comes on top of the first.
        let first = calls().next().and_then(|report| report.call);
        let people = |outcome| -> usize {
            let of = self.calls.iter().filter(|report| report.call.is_none() || report.call == first);
            of.filter(|report| report.outcome == outcome).map(|report| report.identities.len()).sum()
        };
        let message = format!(
            "{failed} of {} calls did not succeed: of the identities {} were accepted, {} rejected, {} not sent, and of {} it is not known.",
            calls().count(),
            people(Outcome::Accepted),
            people(Outcome::Rejected),
            people(Outcome::NotSent),
            people(Outcome::MaybeSent)
        );
        let hint = format!(
            "The first error: {}\n{}\nThe answer's calls tell who is where: only those not accepted need another call, and those that may \
             have been sent a look at the tenant before.",
            details.message, details.hint
        );
        let sent = if maybe { Sent::Maybe } else { Sent::Yes };
        Err(Error::new(Code::PartialFailure, message).hint(hint).sent(sent).calls(self.calls))
    }
}

/// The error of people who all have gone before their turn.
fn nobody_left() -> Error {
    Error::new(Code::NoMatch, "None of the people who were named is there any more.")
        .hint("Nothing was sent. They were looked up a moment ago: look at the tenant.")
        .matched(0)
}

/// Whether an error would meet every other call as well.
fn meets_all(call: &Call<'_>, kind: &Kind, error: &Error) -> bool {
    if call.is_over() {
        return true;
    }
    let details = error.details();
    let response = details.response.as_ref();
    if response.is_some_and(Response::is_page) {
        return true;
    }
    match response.map(|response| response.status) {
        // A person's own, in the address of their call: they may be gone, or were synchronized a moment ago.
        Some(404 | 429) => *kind != Kind::Synchronize,
        Some(401 | 403 | 405 | 410) => true,
        _ => match details.code {
            Code::Tls | Code::HostNotFound | Code::Cancelled | Code::Internal => true,
            // Of one call alone.
            Code::InvalidArgument => false,
            // There was no connection, or no token. One that was lost was there.
            _ => !details.is_endpoint_answer && details.sent == Sent::No,
        },
    }
}
