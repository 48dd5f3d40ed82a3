//! People by name by `/cc`: one call a person, with the one form of filter that is seen to work there, `uid == "…"`.

use crate::error::{Code, Error, Result};
use crate::refresh::delivery::{Delivered, Kind, Parcel};
use crate::refresh::{Counted, Plan, PlannedCall, Refreshed};
use crate::report::CallReport;
use crate::request::{self, People, RefreshRequest};
use crate::service::{self, Call};
use crate::targets::Targets;
use crate::targets::by_name::{self, Question};
use crate::targets::preconditions;
use crate::text::printable;

/// Looks everybody up, and sends. Each is confirmed just before, because a filter that matches nobody refreshes
/// everybody.
pub(crate) fn refresh(call: &Call<'_>, request: &RefreshRequest<'_>, people: &People) -> Result<Refreshed> {
    can_be_filters(people)?;
    preconditions::searchable(call, &people.attribute.equals(""))?;
    let mut question = Question::new(call, &people.attribute).counting_undecided();
    let found = by_name::look_up(&mut question, people)?;
    let undecided = question.undecided_beside(&found.ids);
    let maximum = request.options.maximum_identities.or(call.service.maximum_identities());
    let mut whom = Targets { undecided, ..Targets::from(found) }.at_most(maximum)?;
    let number = whom.identities.len();
    let names = whom.names.take();
    let counted = Counted { matched: number as u64, matched_exactly: undecided == 0, undecided };
    let refreshed = Refreshed { counted: Some(counted), ..Refreshed::new(call, "cc") };
    if request.options.dry_run {
        return Ok(Refreshed { plan: Some(plan(call, request, people, whom)), ..refreshed.with_names(names) });
    }
    let mut delivered = Delivered::of(number as u64);
    let mut rest = whom.identities.into_iter().zip(whom.ids);
    loop {
        let mut block: Vec<(String, String)> = rest.by_ref().take(by_name::VALUES).collect();
        if block.is_empty() {
            break;
        }
        // Those of a single block have just been looked up.
        if number > by_name::VALUES {
            block = delivered.confirm(&mut question, block);
        }
        let parcels = block.into_iter().map(|(identity, id)| Parcel {
            kind: Kind::Refresh(body(request, people, &identity)),
            identities: vec![identity],
            ids: vec![id],
        });
        delivered.deliver(call, parcels);
    }
    refreshed.concluded(delivered, names)
}

fn body(request: &RefreshRequest<'_>, people: &People, value: &str) -> String {
    request.body(Some(&people.attribute.equals(value).canonical()))
}

/// Refuses values that a filter cannot hold, and with which it would refresh everybody.
fn can_be_filters(people: &People) -> Result<()> {
    let is_none = |value: &&String| request::filter(&people.attribute.equals(value).canonical()).is_err();
    let Some(value) = people.values.iter().find(is_none) else { return Ok(()) };
    Err(Error::new(
        Code::UnsupportedArgument,
        format!("No filter of /cc can hold \"{}\": it is too long, or has a control character in it.", printable(value)),
    )
    .hint("Nothing was sent. Leave it out, or send ids instead of filters: options.backend = process (PowerShell: -Backend process)."))
}

fn plan(call: &Call<'_>, request: &RefreshRequest<'_>, people: &People, whom: Targets) -> Plan {
    let url = call.service.base_url().join(service::REFRESH_PATH).to_string();
    let count = whom.identities.len() as u64;
    Plan {
        url: url.clone(),
        filter: None,
        everybody: false,
        body: whom.identities.first().map(|first| body(request, people, first)),
        identities: Some(whom.first),
        calls: Some(vec![PlannedCall { call: CallReport::REFRESH, method: "POST", url, count }]),
        side_effects: None,
    }
}
