//! The state of an exchange, shared by the waiting thread and the I/O thread: the gate and the outcome. A channel of
//! the standard library instead of the condition variable takes three times as long.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use super::body::Gate;
use super::exchange::End;
use super::{Delivery, Timeouts};
use crate::control::Cancel;
use crate::error::{Result, Sent};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    outcome: Mutex<Outcome>,
    changed: Condvar,
    /// The task on the I/O thread.
    task: OnceLock<AbortHandle>,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Pending(Limit),
    Ended(Result<End>),
    Cancelled,
    /// The exchange ended without an outcome: it has panicked.
    Lost,
}

/// The end of the wait for an exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    until: Instant,
    /// Whether it waits for the rate limit, where only the end of the whole call counts.
    pub(crate) is_held: bool,
}

const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

impl Shared {
    pub(crate) fn new(delivery: Delivery, check_ends: Option<Instant>, until: Instant) -> Self {
        Self {
            gate: Gate::new(delivery, check_ends),
            outcome: Mutex::new(Outcome::Pending(Limit { until, is_held: false })),
            changed: Condvar::new(),
            task: OnceLock::new(),
        }
    }

    /// Takes the outcome. `Pending` if it did not come in time; a later one has no effect.
    pub(crate) fn wait(&self) -> Outcome {
        let mut outcome = self.outcome();
        while let Outcome::Pending(limit) = &*outcome {
            let left = limit.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            outcome = self.changed.wait_timeout(outcome, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::replace(&mut outcome, Outcome::Lost)
    }

    /// Whether there is an outcome, or is one within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        let is_pending = |outcome: &mut Outcome| matches!(outcome, Outcome::Pending(_));
        let waited = self.changed.wait_timeout_while(self.outcome(), time, is_pending);
        let outcome = waited.unwrap_or_else(PoisonError::into_inner).0;
        // A limit that has passed is an outcome for the waiter.
        !matches!(&*outcome, Outcome::Pending(limit) if limit.until > Instant::now())
    }

    /// Sets the outcome. Only the first one counts, and none after the waiter has timed out.
    pub(crate) fn end(&self, with: Outcome) {
        self.replace(with, true);
    }

    /// Extends the wait while the exchange waits for the rate limit. No wake-up is needed: the waiter wakes at the
    /// earlier end and sees the later one.
    pub(crate) fn hold(&self, timeouts: Timeouts) {
        let until = timeouts.end.unwrap_or_else(|| Instant::now() + FOREVER);
        self.replace(Outcome::Pending(Limit { until, is_held: true }), false);
    }

    /// Ends the wait for the rate limit.
    pub(crate) fn release(&self, until: Instant) {
        self.replace(Outcome::Pending(Limit { until, is_held: false }), true);
    }

    fn replace(&self, with: Outcome, wake: bool) {
        let mut outcome = self.outcome();
        if matches!(*outcome, Outcome::Pending(_)) {
            *outcome = with;
            drop(outcome);
            if wake {
                self.changed.notify_one();
            }
        }
    }

    /// Sets the task on the I/O thread.
    pub(crate) fn started(&self, task: AbortHandle) {
        let task = self.task.get_or_init(|| task);
        // An earlier cancel found no task to abort.
        if self.gate.is_revoked() {
            task.abort();
        }
    }

    /// Prevents sending from now on. It does not wait for the I/O thread.
    pub(crate) fn abort(&self) {
        self.gate.revoke();
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cancel for Shared {
    fn cancel(&self) -> Sent {
        self.gate.revoke();
        self.end(Outcome::Cancelled);
        self.abort();
        self.gate.sent()
    }
}
