//! A refresh by the successor of `/cc`: the ids of those who are meant, 250 a call, and nobody else.

use crate::error::Result;
use crate::filter::Filter;
use crate::refresh::delivery::{Delivered, Kind, Parcel};
use crate::refresh::effects::{self, Work};
use crate::refresh::{Counted, Plan, PlannedCall, Refreshed};
use crate::report::Outcome;
use crate::request::{RefreshRequest, Selection};
use crate::service::{self, Call, LARGEST_BATCH};
use crate::targets::Targets;

/// Checks the arguments, finds everybody, sends.
pub(crate) fn refresh(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Refreshed> {
    let work = work(call, request)?;
    let whom = Targets::find(call, request)?;
    carry_out(call, request, work, whom)
}

/// The same where it is not known whether the host has these endpoints: it is asked before the arguments are judged.
pub(crate) fn refresh_where_there_is_one(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Refreshed> {
    let whom = Targets::find(call, request)?;
    let work = work(call, request)?;
    carry_out(call, request, work, whom)
}

fn work(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Work> {
    let allow_broader = request.options.allow_broader.unwrap_or(call.service.allow_broader());
    effects::work(request.arguments.as_ref(), allow_broader)
}

fn carry_out(call: &Call<'_>, request: &RefreshRequest<'_>, work: Work, mut whom: Targets) -> Result<Refreshed> {
    let counted = Counted {
        matched: whom.identities.len() as u64,
        matched_exactly: whom.undecided == 0,
        undecided: whom.undecided,
    };
    let names = whom.names.take();
    let refreshed = Refreshed { counted: Some(counted), ..Refreshed::new(call, "process") };
    if request.options.dry_run {
        let plan = plan(call, request, &work, whom);
        return Ok(Refreshed { plan: Some(plan), warnings: work.warnings, ..refreshed.with_names(names) });
    }
    let delivered = send(call, &work, whom);
    Refreshed { warnings: work.warnings, ..refreshed }.concluded(delivered, names)
}

fn send(call: &Call<'_>, work: &Work, whom: Targets) -> Delivered {
    let one_by_one = |whom| batches(whom, 1).map(|parcel| Parcel { kind: Kind::Synchronize, ..parcel });
    let people = whom.identities.len();
    let batches_of_all = if work.process { people.div_ceil(LARGEST_BATCH) } else { 0 };
    let synchronized = if work.synchronize { people } else { 0 };
    let mut delivered = Delivered::of((batches_of_all + synchronized) as u64);
    if !work.process {
        delivered.deliver(call, one_by_one(whom));
        return delivered;
    }
    delivered.deliver(call, batches(whom, LARGEST_BATCH));
    if work.synchronize {
        let accepted = delivered.calls.iter().filter(|report| report.outcome == Outcome::Accepted);
        let accepted: Vec<Targets> = accepted
            .map(|report| Targets {
                identities: report.identities.clone(),
                ids: report.ids.clone(),
                ..Targets::default()
            })
            .collect();
        delivered.deliver(call, accepted.into_iter().flat_map(one_by_one));
    }
    delivered
}

/// The people in parcels of at most so many.
fn batches(whom: Targets, size: usize) -> impl Iterator<Item = Parcel> {
    let (mut identities, mut ids) = (whom.identities.into_iter(), whom.ids.into_iter());
    std::iter::from_fn(move || {
        let identities: Vec<String> = identities.by_ref().take(size).collect();
        let ids = ids.by_ref().take(size).collect();
        (!identities.is_empty()).then_some(Parcel { kind: Kind::Process, identities, ids })
    })
}

fn plan(call: &Call<'_>, request: &RefreshRequest<'_>, work: &Work, whom: Targets) -> Plan {
    let people = whom.identities.len() as u64;
    let process = work.process.then(|| PlannedCall {
        call: Kind::Process.name(),
        method: "POST",
        url: service::process_url(call.service),
        count: people.div_ceil(LARGEST_BATCH as u64),
    });
    let synchronize = work.synchronize.then(|| PlannedCall {
        call: Kind::Synchronize.name(),
        method: "POST",
        url: service::synchronize_url(call.service),
        count: people,
    });
    let calls: Vec<PlannedCall> = process.into_iter().chain(synchronize).collect();
    Plan {
        url: calls.first().map(|call| call.url.clone()).unwrap_or_default(),
        filter: match &request.selection {
            Selection::Filter { parsed: Some(filter), .. } => Some(filter.canonical()),
            Selection::Filter { text, .. } => crate::filter::parse(text).ok().as_ref().map(Filter::canonical),
            Selection::Everybody | Selection::People(_) => None,
        },
        everybody: false,
        identities: Some(whom.first),
        body: None,
        calls: Some(calls),
        side_effects: Some(work.side_effects.clone()),
    }
}
