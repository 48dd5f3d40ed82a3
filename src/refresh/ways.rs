//! Which ways out of an error a request permits.

use super::process;
use super::route::Route;
use crate::error::Error;
use crate::filter::Filter;
use crate::hint::WayOut;
use crate::request::{self, RefreshRequest, Selection};
use crate::service::Call;
use crate::targets::preconditions;
use crate::wording::Client;

/// Removes the ways out that cannot succeed with this request.
pub(super) fn permit(call: &Call<'_>, request: &RefreshRequest<'_>, route: Route, error: Error) -> Error {
    let is_process = route == Route::Process;
    let has_names = matches!(request.selection, Selection::People(_));
    let has_ceiling = request.options.maximum_identities.or(call.service.maximum_identities()).is_some();
    error.retain_ways(|way| match way {
        WayOut::Process => !is_process && can_be_processed(call, request),
        // Nobody is pruned, and no ceiling is kept, without a count.
        WayOut::NoPreflight => !is_process && !request.prunes() && !has_ceiling,
        // The successor refreshes everybody by a filter only, for which the module has no option.
        WayOut::Everybody => !is_process || request.client == Client::C,
        WayOut::PruneEverybody => !is_process && request.prunes(),
        WayOut::OtherAttribute => has_names,
        WayOut::OtherFilter => !has_names,
        WayOut::RaiseMaximum | WayOut::AllowBroader => true,
    })
}

/// Whether the successor of `/cc` takes this request.
fn can_be_processed(call: &Call<'_>, request: &RefreshRequest<'_>) -> bool {
    let is_decidable = |filter: &Filter| preconditions::decidable_here(filter).is_ok();
    let has_people = match &request.selection {
        Selection::Everybody => false,
        Selection::People(_) => true,
        Selection::Filter { parsed: Some(filter), .. } => is_decidable(filter),
        Selection::Filter { text, parsed: None } => request::filter(text).is_ok_and(|filter| is_decidable(&filter)),
    };
    has_people && process::effects(call, request).is_ok()
}
