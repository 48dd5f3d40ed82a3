//! A refresh of people by name, with either backend, with all names at once or as a stream.

use super::effects::Effects;
use super::feed::Feed;
use super::journal::{Head, Journal};
use super::process;
use super::route::Route;
use super::run::{Batch, BatchOutcome, Check, LookUpBy, Method, Names, Resolved, Run, Source};
use super::{Counted, Plan, PlannedCall, Refreshed, follow, ways};
use crate::envelope;
use crate::error::{Code, Error, Result};
use crate::filter::Attribute;
use crate::hint::WayOut;
use crate::report::{CallReport, Failure, Names as NameReport, Outcome, Person, Totals};
use crate::request::{self, People, RefreshRequest};
use crate::service::{self, Call, Requests};
use crate::targets::by_name::{LookUp, VALUES_PER_QUERY, no_match};
use crate::targets::preconditions;
use crate::text::printable;

/// Checks the request, then looks the people up and sends them.
pub(crate) fn refresh(
    call: &Call<'_>,
    request: &RefreshRequest<'_>,
    people: &People,
    route: Route,
    feed: Option<&Feed>,
) -> Result<Refreshed, Failure> {
    let by_name = ByName::new(call, request, people, route);
    match feed {
        Some(feed) => by_name.streamed(feed),
        None if people.values.is_empty() => Ok(by_name.empty()),
        None => {
            let mut journal = None;
            let refreshed = by_name.all_at_once(&mut journal);
            let journal = journal.as_mut().map(|journal| (journal, &people.attribute));
            follow(call, refreshed, request.options.wait, None, journal)
        }
    }
}

struct ByName<'r> {
    call: &'r Call<'r>,
    request: &'r RefreshRequest<'r>,
    people: &'r People,
    route: Route,
    ceiling: Option<u64>,
}

impl<'r> ByName<'r> {
    fn new(call: &'r Call<'r>, request: &'r RefreshRequest<'r>, people: &'r People, route: Route) -> Self {
        let ceiling = request.options.maximum_identities.or(call.service.maximum_identities());
        Self { call, request, people, route, ceiling }
    }

    fn is_cc(&self) -> bool {
        self.route != Route::Process
    }

    fn backend(&self) -> &'static str {
        if self.is_cc() { "cc" } else { "process" }
    }

    fn call_name(&self) -> &'static str {
        if self.is_cc() { CallReport::REFRESH } else { CallReport::PROCESS }
    }

    /// The checks that need no look-up.
    fn effects(&self) -> Result<Option<Effects>> {
        if self.is_cc() {
            check_filter_values(&self.people.attribute, &self.people.values)?;
            preconditions::searchable(self.call, &self.people.attribute.equals(""))?;
            return Ok(None);
        }
        process::effects(self.call, self.request).map(Some)
    }

    /// Differences between the arguments and what is done.
    fn warnings(&self, effects: Option<&Effects>) -> Vec<String> {
        let is_dry_run = self.request.options.dry_run;
        effects.map_or_else(|| self.request.warnings(), |effects| effects.warnings(is_dry_run))
    }

    fn journal(&self, effects: Option<&Effects>) -> Result<Option<Journal>> {
        let Some(path) = self.request.options.journal.as_deref().filter(|_| !self.request.options.dry_run) else {
            return Ok(None);
        };
        let attribute = Some(self.people.attribute.name());
        let head = Head::new(self.call, self.backend(), attribute, None, self.request.arguments.as_ref());
        Journal::open(path, head, effects).map(Some)
    }

    fn names<'n>(&'n self, feed: &'n Feed) -> Names<'n> {
        let look_up_by = if self.is_cc() { LookUpBy::SearchForCc } else { LookUpBy::Search };
        Names::new(self.call, feed, self.people.attribute.clone(), look_up_by, self.request.options.resend_uncertain)
    }

    fn method<'m>(&'m self, effects: Option<&'m Effects>) -> Method<'m> {
        match effects {
            Some(effects) => Method::ByIds(effects),
            None => Method::EachByFilter(self.request),
        }
    }

    /// The check before a person's refresh on `/cc`: the attribute is searchable, and the name still means the person.
    fn check(&self) -> Option<Check<'r>> {
        if !self.is_cc() {
            return None;
        }
        let (call, people) = (self.call, self.people);
        // The search, and the refresh.
        let mut requests = Requests::new(2);
        Some(Box::new(move |attribute, identities, ids| {
            let attribute = attribute.unwrap_or(&people.attribute);
            let (is_same, proof) = service::prove(call, &mut requests, |call| {
                preconditions::searchable(call, &attribute.equals(""))?;
                let mut look_up = LookUp::new(call, attribute.clone());
                let found = look_up.finish(look_up.begin(identities.to_vec()))?;
                Ok(found
                    .people
                    .iter()
                    .zip(ids)
                    .all(|(people, id)| matches!(people.as_slice(), [person] if person.id == id.as_str())))
            })?;
            Ok(is_same.then_some(proof))
        }))
    }

    /// With all names known: everybody is looked up and counted before the first is sent.
    fn all_at_once(&self, journal: &mut Option<Journal>) -> Result<Refreshed, Failure> {
        let all_not_sent = |error: Error| {
            let mut failure = Failure::from(error);
            let feed = Feed::of(self.people.values.clone());
            failure.report.calls.extend(self.unsent(Vec::new(), &mut self.names(&feed), None));
            failure
        };
        let effects = self.effects().map_err(all_not_sent)?;
        *journal = self.journal(effects.as_ref()).map_err(all_not_sent)?;
        let feed = Feed::of(self.people.values.clone());
        let mut names = self.names(&feed);
        if let Some(journal) = journal {
            names.skip_done(journal).map_err(all_not_sent)?;
        }
        let mut batches = names.resolve_all(journal.as_mut());
        let error = batches.iter_mut().find_map(|batch| batch.error.take());
        let resolved = Resolution::of(&batches, &names);
        let skipped = journal.is_some().then_some(names.totals.skipped);
        let refused = match error {
            Some(error) => Some(Failure::from(error).names(resolved.names.clone())),
            None if resolved.people == 0
                && skipped.is_none_or(|skipped| skipped == 0)
                && resolved.known_outcomes == 0 =>
            {
                let names = resolved.names.clone();
                Some(Failure::from(no_match(&self.people.attribute, &names)).names(names))
            }
            None => self
                .ceiling
                .filter(|ceiling| resolved.people + resolved.undecided > *ceiling)
                .map(|ceiling| resolved.too_many(ceiling)),
        };
        if let Some(mut failure) = refused {
            failure.report.calls.extend(self.unsent(batches, &mut names, journal.as_mut()));
            return Err(failure.warnings(skipped_names(names.totals.skipped)));
        }
        let counted = Counted {
            matched: resolved.people,
            matched_exactly: resolved.undecided == 0,
            undecided: resolved.undecided,
        };
        let refreshed = Refreshed { counted: Some(counted), skipped, ..Refreshed::new(self.call, self.backend()) };
        let mut warnings = self.warnings(effects.as_ref());
        warnings.extend(skipped_names(names.totals.skipped));
        if self.request.options.dry_run {
            let plan = match &effects {
                Some(effects) => process::plan(self.call, None, effects, resolved.people, resolved.first),
                None => self.plan(&batches, resolved.people, resolved.first),
            };
            return Ok(Refreshed { plan: Some(plan), warnings, ..refreshed.with_names(resolved.names) });
        }
        for batch in &mut batches {
            // Counted before, over all batches, so that an identity that resembles two names counts once.
            batch.undecided = 0;
        }
        let mut source = Resolved::new(batches);
        // Those of a single query were looked up just now.
        if self.is_cc() && resolved.people > VALUES_PER_QUERY as u64 {
            source = source.confirmed_by(LookUp::new(self.call, self.people.attribute.clone()));
        }
        let total = resolved.people + resolved.known_outcomes + resolved.names.count();
        let mut outcome = BatchOutcome::default();
        Run::new(self.call, self.method(effects.as_ref()))
            .checked_by(self.check())
            .total(total)
            .journal(journal.as_mut())
            .send(&mut source, |batch, _| outcome.join(batch));
        let all_gone = resolved.people > 0 && outcome.all_gone();
        let refreshed = Refreshed { warnings, ..refreshed }.with_outcome(outcome, true)?;
        if all_gone {
            return Err(refreshed.into_failure(gone_error()));
        }
        Ok(refreshed)
    }

    /// The report of a failure before the first call: nobody is sent, and who may have been sent before stays uncertain.
    fn unsent(&self, batches: Vec<Batch>, names: &mut Names<'_>, mut journal: Option<&mut Journal>) -> Vec<CallReport> {
        let (mut not_sent, mut reports) = (Vec::new(), Vec::new());
        let mut source = Resolved::new(batches).then(names);
        while let Some(batch) = source.next_unsent(journal.as_deref_mut()) {
            match batch.known_outcome {
                Some((outcome @ Outcome::MaybeSent, reason)) => {
                    reports.push(CallReport::without_call(
                        self.call_name(),
                        batch.identities,
                        batch.ids,
                        outcome,
                        reason,
                    ));
                }
                _ => not_sent.extend(batch.identities),
            }
        }
        if !not_sent.is_empty() {
            reports.insert(0, CallReport::not_sent(self.call_name(), not_sent, Vec::new()));
        }
        reports
    }

    /// With streamed names: each finished batch is reported as soon as all earlier ones are.
    fn streamed(&self, feed: &Feed) -> Result<Refreshed, Failure> {
        let mut totals = Totals::default();
        let mut first_failure: Option<Error> = None;
        let mut stream_warnings = StreamWarnings::default();
        let result = self.stream(feed, &mut totals, &mut first_failure, &mut stream_warnings);
        // The first batch has them; without a batch nothing was done.
        stream_warnings.warnings.clear();
        let refreshed = Refreshed {
            calls: None,
            warnings: stream_warnings.warnings(self.request, totals.skipped),
            ..Refreshed::new(self.call, self.backend())
        };
        result?;
        let sent = totals.sent();
        let refreshed = Refreshed { totals: Some(totals), ..refreshed };
        match first_failure {
            Some(error) => {
                // Of the whole run, and not of the batch that has failed first.
                let sent = error.details().sent.and(sent);
                Err(refreshed.into_failure(error.sent(sent)))
            }
            None => Ok(refreshed),
        }
    }

    fn stream(
        &self,
        feed: &Feed,
        totals: &mut Totals,
        first_failure: &mut Option<Error>,
        stream_warnings: &mut StreamWarnings,
    ) -> Result<()> {
        let effects = self.effects()?;
        let mut journal = self.journal(effects.as_ref())?;
        let mut names = self.names(feed);
        if let Some(journal) = &mut journal {
            names.skip_done(journal)?;
        }
        stream_warnings.warnings = self.warnings(effects.as_ref());
        // If the first send brings all names, they are counted before any is sent, as with `identities`.
        let waits = self.request.options.wait.is_some();
        let is_counted_first = self.ceiling.is_some() && feed.is_complete_after_first_send();
        let mut on_batch = |batch: BatchOutcome, journal: Option<&mut Journal>| {
            self.report_batch(feed, (batch, journal), totals, first_failure, stream_warnings);
        };
        if is_counted_first {
            let mut batches = names.resolve_all(journal.as_mut());
            let has_counted_all = batches.iter().all(|batch| batch.error.is_none());
            let resolution = Resolution::of(&batches, &names);
            if let Some(ceiling) = self.ceiling.filter(|ceiling| resolution.people + resolution.undecided > *ceiling)
                && let Some(batch) = batches.iter_mut().find(|batch| !batch.identities.is_empty())
            {
                batch.error.get_or_insert(resolution.too_many(ceiling).error);
            }
            let mut source = Resolved::new(batches).then(&mut names);
            Run::new(self.call, self.method(effects.as_ref()))
                .checked_by(self.check())
                .ceiling(self.ceiling.filter(|_| !has_counted_all))
                .counting_reported(waits)
                .journal(journal.as_mut())
                .feed(Some(feed))
                .send(&mut source, &mut on_batch);
        } else {
            Run::new(self.call, self.method(effects.as_ref()))
                .checked_by(self.check())
                .ceiling(self.ceiling)
                .counting_reported(waits)
                .journal(journal.as_mut())
                .feed(Some(feed))
                .send(&mut names, &mut on_batch);
        }
        totals.given = names.totals.given;
        totals.repeated = names.totals.repeated;
        totals.skipped = names.totals.skipped;
        Ok(())
    }

    /// Reports a finished batch, after its tasks have ended if the caller waits for them.
    fn report_batch(
        &self,
        feed: &Feed,
        (batch, journal): (BatchOutcome, Option<&mut Journal>),
        totals: &mut Totals,
        first_failure: &mut Option<Error>,
        stream_warnings: &mut StreamWarnings,
    ) {
        batch.count(totals);
        stream_warnings.uncertain += batch.uncertain();
        let (number, stops_run, matched, undecided) = (batch.number, batch.stops_run, batch.matched(), batch.undecided);
        let attribute_of_batch = batch.attribute.as_ref().unwrap_or(&self.people.attribute).clone();
        let attribute = attribute_of_batch.name().to_owned();
        // Of what is sent: not of a batch in which nobody was found.
        let warnings = if matched > 0 { std::mem::take(&mut stream_warnings.warnings) } else { Vec::new() };
        let refreshed = Refreshed {
            batch: Some(number),
            identity_attribute: Some(attribute.clone()),
            counted: Some(Counted { matched, matched_exactly: undecided == 0, undecided }),
            warnings,
            ..Refreshed::new(self.call, self.backend())
        };
        let so_far = Some(self.call.control.done_of_total());
        let with_outcome = follow(
            self.call,
            refreshed.with_outcome(batch, true),
            self.request.options.wait,
            so_far,
            journal.map(|journal| (journal, &attribute_of_batch)),
        );
        let secrets = self.call.control.secrets();
        let text = match with_outcome {
            Ok(refreshed) => envelope::write::<_, Failure>(self.request.client, secrets, Ok(refreshed)),
            Err(failure) => {
                let permit = |error| ways::permit(self.call, self.request, self.route, error);
                let failure = failure.map(|error| permit(error).stops_run(stops_run));
                first_failure.get_or_insert_with(|| failure.error.clone());
                let batch_info = envelope::BatchInfo {
                    backend: self.backend(),
                    base_url: self.call.service.base_url().as_str(),
                    batch: number,
                    identity_attribute: &attribute,
                };
                envelope::write_batch_failure(self.request.client, secrets, &batch_info, failure)
            }
        };
        feed.finish(text);
    }

    /// The answer for an empty list.
    fn empty(&self) -> Refreshed {
        let counted = Counted { matched_exactly: true, ..Counted::default() };
        Refreshed { counted: Some(counted), ..Refreshed::new(self.call, self.backend()) }
            .with_names(NameReport::default())
    }

    fn plan(&self, batches: &[Batch], count: u64, first: Vec<Person>) -> Plan {
        let url = self.call.service.base_url().join(service::REFRESH_PATH).to_string();
        let name = batches.iter().find_map(|batch| batch.identities.first());
        Plan {
            url: url.clone(),
            filter: None,
            everybody: false,
            body: name.map(|name| self.request.body(Some(&self.people.attribute.equals(name).canonical()))),
            identities: Some(first),
            calls: Some(vec![PlannedCall { call: CallReport::REFRESH, method: "POST", url, count }]),
            side_effects: None,
        }
    }
}

/// The warnings of a stream.
#[derive(Default)]
struct StreamWarnings {
    warnings: Vec<String>,
    uncertain: u64,
}

impl StreamWarnings {
    fn warnings(&self, request: &RefreshRequest<'_>, skipped: u64) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        warnings.extend(skipped_names(skipped));
        if self.uncertain > 0 && !request.options.resend_uncertain {
            warnings.push(format!(
                "{} identities may have been sent by an earlier run, and the tenant cannot tell: ⟦resend-uncertain⟧ sends them again.",
                self.uncertain
            ));
        }
        warnings
    }
}

/// The warning about names that are done according to the journal.
pub(super) fn skipped_names(skipped: u64) -> Option<String> {
    (skipped > 0).then(|| format!("Names skipped because the journal lists them as done: {skipped}."))
}

/// The look-up of all names.
struct Resolution {
    people: u64,
    /// People whose outcome an earlier run has decided.
    known_outcomes: u64,
    undecided: u64,
    names: NameReport,
    first: Vec<Person>,
}

impl Resolution {
    fn of(batches: &[Batch], names: &Names<'_>) -> Self {
        let count = |is_known: bool| -> u64 {
            let of = batches.iter().filter(|batch| batch.known_outcome.is_some() == is_known);
            of.map(|batch| batch.identities.len() as u64).sum()
        };
        let mut report = NameReport::default();
        for batch in batches {
            report.unmatched.extend_from_slice(&batch.names.unmatched);
            report.ambiguous.extend_from_slice(&batch.names.ambiguous);
        }
        let found = || batches.iter().flat_map(|batch| &batch.ids);
        let mut undecided = names.undecided.clone();
        found().for_each(|id| {
            undecided.remove(id);
        });
        Self {
            people: count(false),
            known_outcomes: count(true),
            undecided: undecided.len() as u64,
            names: report,
            first: names.first.clone(),
        }
    }

    fn too_many(&self, maximum: u64) -> Failure {
        let also = match self.undecided {
            0 => String::new(),
            undecided => format!(", and {undecided} more may be meant, which only the service can evaluate"),
        };
        let error =
            Error::new(Code::TooManyMatches, format!("{} people are named{also}; ⟦max⟧ is {maximum}.", self.people))
                .hint("Nothing was sent. Name fewer in one call.")
                .way(WayOut::RaiseMaximum)
                .matched(self.people);
        Failure::from(error).names(self.names.clone())
    }
}

/// Rejects values that no filter can hold: such a filter would refresh everybody.
pub(super) fn check_filter_values(attribute: &Attribute, values: &[String]) -> Result<()> {
    let is_none = |value: &&String| request::filter(&attribute.equals(value).canonical()).is_err();
    let Some(value) = values.iter().find(is_none) else { return Ok(()) };
    Err(Error::new(
        Code::UnsupportedArgument,
        format!(
            "No filter of /cc can hold \"{}\": it is too long, or has a control character in it.",
            printable(value)
        ),
    )
    .hint("Nothing was sent. Leave it out.")
    .way(WayOut::Process))
}

/// The error if nobody exists any more when they are to be sent.
pub(super) fn gone_error() -> Error {
    Error::new(Code::NoMatch, "None of the named people exists any more.")
        .hint("Nothing was sent. They were found a moment ago: check the tenant.")
        .matched(0)
}
