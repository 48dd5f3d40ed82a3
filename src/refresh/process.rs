//! A refresh by the successor of `/cc`: the ids of the people whom a filter matches, 250 per call.

use super::by_name;
use super::effects::{self, Effects};
use super::feed::Feed;
use super::journal::{Head, Journal};
use super::run::{BatchOutcome, CallKind, LookUpBy, Method, Names, Resolved, Run};
use super::{Counted, Plan, PlannedCall, Refreshed, follow};
use crate::error::{Code, Error, Result};
use crate::filter::{Attribute, Filter};
use crate::report::{Failure, Person};
use crate::request::{self, RefreshRequest, Selection};
use crate::service::{self, Call, LARGEST_BATCH};
use crate::targets::by_filter::Matching;

pub(crate) fn refresh(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Refreshed, Failure> {
    let effects = effects(call, request)?;
    let (filter, matching) = find(call, request)?;
    let mut journal = None;
    let refreshed = send(call, request, &effects, (&filter, matching), &mut journal);
    let id = Attribute::id();
    follow(call, refreshed, request.options.wait, None, journal.as_mut().map(|journal| (journal, &id)))
}

/// The same as a fallback. It asks the host before it checks the arguments, because the host may not have these
/// endpoints.
pub(crate) fn refresh_as_fallback(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Refreshed, Failure> {
    let (filter, matching) = find(call, request)?;
    let effects = effects(call, request)?;
    send(call, request, &effects, (&filter, matching), &mut None)
}

/// Chooses the calls for the request's arguments.
pub(super) fn effects(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Effects> {
    let allow_broader = request.options.allow_broader.unwrap_or(call.service.allow_broader());
    effects::effects(request.arguments.as_ref(), allow_broader)
}

fn find(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<(Filter, Matching)> {
    let filter = match &request.selection {
        Selection::Filter { parsed: Some(filter), .. } => filter.clone(),
        Selection::Filter { text, parsed: None } => request::filter(text).map_err(|error| error.add_hint(SKIP_HINT))?,
        Selection::Everybody | Selection::People(_) => return Err(no_full_refresh()),
    };
    let maximum = request.options.maximum_identities.or(call.service.maximum_identities());
    let matching = Matching::find(call, &filter, maximum, request.options.allow_full_refresh)?;
    Ok((filter, matching))
}

fn send(
    call: &Call<'_>,
    request: &RefreshRequest<'_>,
    effects: &Effects,
    (filter, matching): (&Filter, Matching),
    journal: &mut Option<Journal>,
) -> Result<Refreshed, Failure> {
    let Matching { ids, undecided, first } = matching;
    let matched = ids.len() as u64;
    let counted = Counted { matched, matched_exactly: undecided == 0, undecided };
    let warnings = effects.warnings(request.options.dry_run);
    let refreshed = Refreshed { counted: Some(counted), warnings, ..Refreshed::new(call, "process") };
    if request.options.dry_run {
        let plan = plan(call, Some(filter), effects, matched, first);
        return Ok(Refreshed { plan: Some(plan), ..refreshed });
    }
    if let Some(path) = request.options.journal.as_deref() {
        let head = Head::new(call, "process", None, Some(filter.canonical()), request.arguments.as_ref());
        *journal = Some(Journal::open(path, head, Some(effects))?);
    }
    let feed = Feed::of(ids);
    let id = Attribute::id();
    let mut names = Names::new(call, &feed, id, LookUpBy::Nothing, request.options.resend_uncertain);
    if let Some(journal) = journal {
        names.skip_done(journal)?;
    }
    let mut outcome = BatchOutcome::default();
    let run = Run::new(call, Method::ByIds(effects)).total(matched).journal(journal.as_mut());
    run.send(&mut Resolved::new([]).then(&mut names), |batch, _| outcome.join(batch));
    let skipped = journal.is_some().then_some(names.totals.skipped);
    let mut refreshed = Refreshed { skipped, ..refreshed };
    refreshed.warnings.extend(by_name::skipped_names(names.totals.skipped));
    refreshed.with_outcome(outcome, false)
}

pub(super) fn plan(
    call: &Call<'_>,
    filter: Option<&Filter>,
    effects: &Effects,
    people: u64,
    first: Vec<Person>,
) -> Plan {
    let process = effects.process.then(|| PlannedCall {
        call: CallKind::Process.name(),
        method: "POST",
        url: service::process_url(call.service),
        count: people.div_ceil(LARGEST_BATCH as u64),
    });
    let synchronize = effects.synchronize.then(|| PlannedCall {
        call: CallKind::Synchronize.name(),
        method: "POST",
        url: service::synchronize_url(call.service),
        count: people,
    });
    let calls: Vec<PlannedCall> = process.into_iter().chain(synchronize).collect();
    Plan {
        url: calls.first().map(|call| call.url.clone()).unwrap_or_default(),
        filter: filter.map(Filter::canonical),
        everybody: false,
        identities: Some(first),
        body: None,
        calls: Some(calls),
        side_effects: Some(effects.side_effects.clone()),
    }
}

const SKIP_HINT: &str =
    "The successor of /cc takes ids, so the filter must be parsed here: ⟦skip-filter-check⟧ has no effect.";

fn no_full_refresh() -> Error {
    Error::new(
        Code::UnsupportedArgument,
        "The successor of /cc takes ids, and SailPoint advises against refreshing a whole tenant with it.",
    )
    .hint("Nothing was sent. Name people by a filter or by identities. A whole identity profile is refreshed in the tenant's user interface.")
}
