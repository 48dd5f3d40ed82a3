//! The check that precedes a refresh on `/cc`: it holds for two seconds.
//!
//! A refresh whose filter matches nobody refreshes everybody. Whom it matches is known from an answer of the service, and
//! people may be removed after it. The body of the refresh is therefore taken shortly after that answer, or the check
//! is made again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Call;
use crate::error::{Code, Error, Result};
use crate::http::{Places, Times};

/// How old a check may be when the refresh arrives: from when its first request was sent.
const MAX_AGE: Duration = Duration::from_secs(2);

/// What is left of it for the way to the service.
const TRANSIT: Duration = Duration::from_millis(250);

/// After so many checks of a refresh that took longer than their own age limit, the age counts from the answers: the
/// service, or this machine, is too slow for anything else. Enough of them that it is no coincidence.
const SLOW_CHECKS: u32 = 5;

/// A check that has passed.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// When it becomes too old.
    pub(super) ends: Instant,
    /// The place of the refresh in the rate limit, taken together with the check's.
    pub(super) places: Option<Arc<Places>>,
}

impl Proof {
    /// The proof by an answer that came before; `None` if it is too old.
    pub(crate) fn by(times: Times) -> Option<Self> {
        Self::until(times.asked)
    }

    fn until(since: Instant) -> Option<Self> {
        let ends = since + (MAX_AGE - TRANSIT);
        (ends > Instant::now()).then_some(Self { ends, places: None })
    }
}

impl Times {
    /// The older of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { asked: self.asked.min(other.asked), answered: self.answered.min(other.answered) }
    }
}

/// The requests of a check and its refresh, which are sent without a wait for the rate limit between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Requests {
    pub(super) number: usize,
    /// Whether an earlier check of the same refresh has become too old.
    pub(super) is_repeated: bool,
}

impl Requests {
    /// This number of requests, the refresh included.
    pub(crate) fn new(number: usize) -> Self {
        Self { number, is_repeated: false }
    }
}

/// Checks until the result is young enough to send the refresh.
pub(crate) fn prove<T>(
    call: &Call<'_>,
    requests: &mut Requests,
    mut check: impl FnMut(&Call<'_>) -> Result<T>,
) -> Result<(T, Proof)> {
    let is_slow = &call.service.facts.is_slow;
    let (mut slow_checks, mut checking) = (0, Duration::ZERO);
    loop {
        let checked = call.for_check(*requests);
        let result = check(&checked)?;
        let now = Instant::now();
        let times = checked.take_oldest_answer().unwrap_or(Times { asked: now, answered: now });
        if let Some(used) = checked.places.as_ref().map(|places| places.used()) {
            requests.number = requests.number.max(used + 1);
        }
        requests.is_repeated = true;
        let by_request = Proof::until(times.asked);
        match by_request {
            Some(_) => is_slow.store(false, Ordering::Relaxed),
            None => slow_checks += 1,
        }
        if slow_checks >= SLOW_CHECKS {
            is_slow.store(true, Ordering::Relaxed);
        }
        let proof = by_request.or_else(|| Proof::until(times.answered).filter(|_| is_slow.load(Ordering::Relaxed)));
        if let Some(proof) = proof {
            return Ok((result, Proof { places: checked.places, ..proof }));
        }
        checking += now.saturating_duration_since(times.asked);
        if checking > call.timeouts().timeout || call.is_timed_out() {
            return Err(too_slow());
        }
    }
}

fn too_slow() -> Error {
    Error::new(
        Code::PreflightUnavailable,
        "Whom the filter matches was counted again and again, and each count took longer than the 2 s for which it holds.",
    )
    .hint("Nothing was sent: who is removed meanwhile would turn the refresh into one of every identity. ⟦backend-process⟧ sends only the ids of the matches.")
}
