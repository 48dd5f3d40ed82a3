//! Checks whether a task has refreshed its people.

use crate::error::Result;
use crate::report::FailedPerson;
use crate::service::{self, Call, RefreshStatus};

/// Where the status of people is looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum StatusSource {
    #[default]
    List,
    /// The list is not permitted to every client.
    Search,
    /// Neither has answered.
    None,
}

/// The people (as given, and by id) whom a task that began at `launched` has not refreshed, and a warning if they could
/// not be looked up, or only by search. `source`: where to look them up, for this task and those that follow.
pub(crate) fn find_failed<'p>(
    call: &Call<'_>,
    people: impl Iterator<Item = (&'p str, &'p str)>,
    launched: Option<&str>,
    source: &mut StatusSource,
) -> (Vec<FailedPerson>, Option<String>) {
    let people: Vec<_> = people.collect();
    let mut failed = Vec::new();
    let mut remaining = people.as_slice();
    while !remaining.is_empty() && *source != StatusSource::None {
        let (chunk, rest) = remaining.split_at(service::ids_per_request(remaining.iter().map(|(_, id)| *id)));
        remaining = rest;
        let ids: Vec<&str> = chunk.iter().map(|(_, id)| *id).collect();
        let refresh_statuses = match refresh_statuses(call, &ids, source) {
            Ok(found) => found,
            Err(error) => {
                *source = StatusSource::None;
                return (
                    failed,
                    Some(format!("Who was refreshed could not be looked up: {}", error.details().message)),
                );
            }
        };
        for (identity, id) in chunk {
            let status = refresh_statuses.iter().find(|status| status.id == *id);
            // The list has everybody. Search does not have new and uncorrelated identities.
            if status.map_or(*source == StatusSource::List, |status| has_failed(status, launched)) {
                failed.push(FailedPerson {
                    identity: (*identity).to_owned(),
                    id: (*id).to_owned(),
                    processing_state: status.and_then(|status| status.processing_state.clone()),
                    last_refresh: status.and_then(|status| status.last_refresh.clone()),
                });
            }
        }
    }
    let warning = (*source == StatusSource::Search && !people.is_empty()).then(|| BY_SEARCH.to_owned());
    (failed, warning)
}

const BY_SEARCH: &str = "Who was refreshed was looked up by search, because the list of identities is not permitted: search lags behind by \
     minutes, and does not have everybody. The list requires the scope idn:identity:read and a token of a user.";

fn refresh_statuses(call: &Call<'_>, ids: &[&str], source: &mut StatusSource) -> Result<Vec<RefreshStatus>> {
    let refusal = if *source == StatusSource::List {
        match service::refresh_statuses(call, ids) {
            Err(error) if error.is_forbidden_endpoint() => Some(error),
            listed => return listed,
        }
    } else {
        None
    };
    *source = StatusSource::Search;
    service::refresh_statuses_by_search(call, ids).map_err(|error| refusal.unwrap_or(error))
}

/// Whether a person is marked as failed, or was last refreshed before the task began. Times are compared in UTC, to the
/// second.
fn has_failed(status: &RefreshStatus, launched: Option<&str>) -> bool {
    if status.processing_state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("ERROR")) {
        return true;
    }
    match (status.last_refresh.as_deref().and_then(utc_second), launched.and_then(utc_second)) {
        (Some(refreshed), Some(launched)) => refreshed < launched,
        _ => false,
    }
}

/// A time in UTC, cut to the second. Texts sort like times.
pub(crate) fn utc_second(time: &str) -> Option<&str> {
    let (second, fraction) = time.strip_suffix('Z')?.split_at_checked("2026-11-25T10:00:00".len())?;
    let is_like = |(byte, sample): (u8, u8)| if sample == b'0' { byte.is_ascii_digit() } else { byte == sample };
    let is_one = second.bytes().zip(*b"0000-00-00T00:00:00").all(is_like);
    (is_one && (fraction.is_empty() || fraction.starts_with('.'))).then_some(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_last_refreshed_before_the_task_began_has_failed() {
        let status = |state: Option<&str>, last: Option<&str>| RefreshStatus {
            id: "1".to_owned(),
            processing_state: state.map(str::to_owned),
            last_refresh: last.map(str::to_owned),
        };
        let began = Some("2026-11-25T10:00:00.500Z");
        for (state, last, fails) in [
            (None, Some("2026-11-25T10:00:00.100Z"), false),
            (None, Some("2026-11-25T10:00:07Z"), false),
            (None, Some("2026-11-25T09:59:59.999Z"), true),
            (Some("ERROR"), Some("2026-11-25T10:00:07Z"), true),
            (Some("OK"), None, false),
            // Other time zones and formats are not interpreted.
            (None, Some("2026-11-25T09:00:00+01:00"), false),
            (None, Some("2026-11-25 10:00:07Z"), false),
            (None, Some("1764064807000Z"), false),
            (None, Some("25 Nov 2026 at 10:00Z"), false),
            (None, Some("2026-11-25T10:00é0Z"), false),
        ] {
            assert_eq!(has_failed(&status(state, last), began), fails, "{state:?} {last:?}");
        }
    }
}
