//! Whether the people whom a task was for were refreshed by it.

use crate::report::FailedPerson;
use crate::service::{self, Call, Standing};

/// Who of these people (as given, and by id) was not refreshed by a task that began at `launched`; and why that cannot
/// be told, where it cannot.
pub(crate) fn who_failed<'p>(
    call: &Call<'_>,
    people: impl Iterator<Item = (&'p str, &'p str)>,
    launched: Option<&str>,
) -> (Vec<FailedPerson>, Option<String>) {
    let people: Vec<_> = people.collect();
    let mut failed = Vec::new();
    let mut rest = people.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(service::fitting(rest.iter().map(|(_, id)| *id)));
        rest = others;
        let ids: Vec<&str> = some.iter().map(|(_, id)| *id).collect();
        let standings = match service::standings(call, &ids) {
            Ok(standings) => standings,
            Err(error) => {
                return (
                    failed,
                    Some(format!("Who was refreshed could not be looked up: {}", error.details().message)),
                );
            }
        };
        for (identity, id) in some {
            let Some(standing) = standings.iter().find(|standing| standing.id == *id) else { continue };
            if has_failed(standing, launched) {
                failed.push(FailedPerson {
                    identity: (*identity).to_owned(),
                    id: (*id).to_owned(),
                    processing_state: standing.processing_state.clone(),
                    last_refresh: standing.last_refresh.clone(),
                });
            }
        }
    }
    (failed, None)
}

/// Whether somebody is marked as failed, or was last refreshed before the task began. Times are compared where both are
/// in UTC, to the second.
fn has_failed(standing: &Standing, launched: Option<&str>) -> bool {
    if standing.processing_state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("ERROR")) {
        return true;
    }
    match (standing.last_refresh.as_deref().and_then(second), launched.and_then(second)) {
        (Some(refreshed), Some(launched)) => refreshed < launched,
        _ => false,
    }
}

/// The second of a time in UTC, in a form whose order is that of time.
pub(crate) fn second(time: &str) -> Option<&str> {
    let (second, fraction) = time.strip_suffix('Z')?.split_at_checked("2026-11-25T10:00:00".len())?;
    let is_like = |(byte, sample): (u8, u8)| if sample == b'0' { byte.is_ascii_digit() } else { byte == sample };
    let is_one = second.bytes().zip(*b"0000-00-00T00:00:00").all(is_like);
    (is_one && (fraction.is_empty() || fraction.starts_with('.'))).then_some(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_last_refreshed_before_the_task_began_has_failed() {
        let standing = |state: Option<&str>, last: Option<&str>| Standing {
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
            // Another time zone, or form, is not guessed at.
            (None, Some("2026-11-25T09:00:00+01:00"), false),
            (None, Some("2026-11-25 10:00:07Z"), false),
            (None, Some("1764064807000Z"), false),
            (None, Some("25 Nov 2026 at 10:00Z"), false),
            (None, Some("2026-11-25T10:00é0Z"), false),
        ] {
            assert_eq!(has_failed(&standing(state, last), began), fails, "{state:?} {last:?}");
        }
    }
}
