//! A refresh by `/cc`, the documented endpoint, which takes a filter and refreshes everybody where it cannot use it.

use crate::account::Person;
use crate::delivery::{Delivered, Kind, Parcel};
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::preflight::{self, Limits};
use crate::refresh::{Counted, Plan, PlannedCall, Refreshed};
use crate::request::{Options, People, RefreshRequest, Selection};
use crate::service::{self, Call};
use crate::whom::{Whom, too_many};
use crate::{people, suitable};

/// Counts, sends.
pub(crate) fn refresh(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Refreshed> {
    let filter = match &request.selection {
        Selection::People(people) => return by_name(call, request, people),
        Selection::Filter { text, .. } => Some(text.as_str()),
        Selection::Everybody => None,
    };
    let (counted, identities) = count(call, request)?;
    let body = request.body(filter);
    let refreshed = Refreshed { counted, ..Refreshed::new(call, "cc") };
    if request.options.dry_run {
        let plan = Plan {
            url: call.service.base_url().join(service::REFRESH_PATH).to_string(),
            filter: match &request.selection {
                Selection::Filter { parsed, .. } => parsed.as_ref().map(Filter::canonical),
                Selection::Everybody | Selection::People(_) => None,
            },
            everybody: filter.is_none(),
            identities,
            body: Some(body),
            calls: None,
            beyond: None,
        };
        return Ok(Refreshed { plan: Some(plan), ..refreshed });
    }
    let parcel = Parcel { kind: Kind::Refresh(body), identities: Vec::new(), ids: Vec::new() };
    let mut delivered = Delivered::default();
    delivered.deliver(call, std::iter::once(parcel));
    refreshed.concluded(delivered, None)
}

/// The preflight, where there is to be one: refuses, or tells whom the refresh touches.
fn count(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<(Option<Counted>, Option<Vec<Person>>)> {
    let options = &request.options;
    let maximum = options.maximum_identities.or(call.service.maximum_identities());
    let wanted = options.preflight.unwrap_or(call.service.preflight()) && !options.skip_filter_check;
    if !wanted && request.prunes() && !options.allow_prune_all {
        return Err(uncounted_prune());
    }
    if !wanted {
        return if maximum.is_some() { Err(uncounted(options)) } else { Ok((None, None)) };
    }
    let limits = Limits { maximum, everybody: request.means_everybody(), exactly: options.dry_run };
    match &request.selection {
        Selection::Filter { parsed: Some(filter), .. } => {
            let matches = preflight::check(call, filter, limits)?;
            let counted =
                Counted { matched: matches.matched, matched_exactly: matches.exactly, undecided: matches.undecided };
            Ok((Some(counted), Some(matches.people)))
        }
        Selection::Everybody if maximum.is_some() || options.dry_run => {
            match preflight::check_everybody(call, limits) {
                Ok(matched) => Ok((Some(Counted { matched, matched_exactly: true, undecided: 0 }), None)),
                // Everybody was named: the number is only told, and only where it can be.
                Err(error) if error.details().code == Code::PreflightUnavailable && maximum.is_none() => {
                    Ok((None, None))
                }
                Err(error) => Err(error),
            }
        }
        Selection::Filter { parsed: None, .. } | Selection::Everybody | Selection::People(_) => Ok((None, None)),
    }
}

/// One call a person, with the one form of filter that is seen to work: `uid == "…"`. Each is confirmed by search just
/// before, because a filter that matches nobody refreshes everybody.
fn by_name(call: &Call<'_>, request: &RefreshRequest<'_>, people: &People) -> Result<Refreshed> {
    let equal = |value: &str| {
        // The attribute's name has been read.
        Filter::equal(&people.attribute, value)
            .ok_or_else(|| Error::new(Code::Internal, "An attribute's name was lost."))
    };
    suitable::searchable(call, &equal("")?)?;
    let mut whom = Whom::from(people::look_up(call, people)?);
    let maximum = request.options.maximum_identities.or(call.service.maximum_identities());
    if let Some(maximum) = maximum.filter(|maximum| whom.identities.len() as u64 > *maximum) {
        return Err(too_many(whom, maximum));
    }
    let number = whom.identities.len();
    let names = whom.names.take();
    let counted = Counted { matched: number as u64, matched_exactly: true, undecided: 0 };
    let refreshed = Refreshed { counted: Some(counted), ..Refreshed::new(call, "cc") };
    let parcel = |identity: String, id: String| -> Result<Parcel> {
        let body = request.body(Some(&equal(&identity)?.canonical()));
        Ok(Parcel { kind: Kind::Refresh(body), identities: vec![identity], ids: vec![id] })
    };
    if request.options.dry_run {
        let url = call.service.base_url().join(service::REFRESH_PATH).to_string();
        let planned = PlannedCall { call: "refreshIdentities", method: "POST", url: url.clone(), count: number as u64 };
        let first = equal(whom.identities.first().map_or("", String::as_str))?.canonical();
        let plan = Plan {
            url,
            filter: None,
            everybody: false,
            identities: Some(whom.first),
            body: Some(request.body(Some(&first))),
            calls: Some(vec![planned]),
            beyond: None,
        };
        return Ok(Refreshed { plan: Some(plan), ..refreshed.with_names(names) });
    }
    let mut delivered = Delivered::default();
    let mut question = people::Question::new(call, &people.attribute);
    let mut rest: Vec<(String, String)> = whom.identities.into_iter().zip(whom.ids).collect();
    while !rest.is_empty() {
        let others = rest.split_off(rest.len().min(people::VALUES));
        let mut block = std::mem::replace(&mut rest, others);
        // Those of a single block have just been looked up.
        if number > people::VALUES {
            block = delivered.confirm(&mut question, block);
        }
        let parcels: Vec<Parcel> =
            block.into_iter().map(|(identity, id)| parcel(identity, id)).collect::<Result<_>>()?;
        delivered.deliver(call, parcels.into_iter());
    }
    refreshed.concluded(delivered, names)
}

/// The error of a deletion whose extent nobody has looked at.
fn uncounted_prune() -> Error {
    Error::new(
        Code::WouldRefreshAll,
        "pruneIdentities with a filter that nobody has held against the tenant: if the service cannot use it, every identity without an account is deleted.",
    )
    .hint("Nothing was sent. Let the preflight count whom the filter matches, or leave pruneIdentities out.")
}

/// The error of a maximum that nothing would be held against.
fn uncounted(options: &Options) -> Error {
    let why = match options {
        Options { skip_filter_check: true, .. } => "options.skipFilterCheck sends the filter without counting",
        Options { preflight: Some(false), .. } => "options.preflight is false, so nobody is counted",
        _ => "the configuration's preflight is false, so nobody is counted",
    };
    let source = if options.maximum_identities.is_some() {
        "options.maxIdentities"
    } else {
        "The configuration's maxIdentities"
    };
    Error::invalid_argument(format!("{source} cannot be kept: {why}."))
        .hint("Leave out one of the two. A ceiling holds for every call, or it is none.")
}
