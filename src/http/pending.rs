//! What the waiting thread and the I/O thread share of an exchange: the gate, and how it has ended. A channel of the
//! standard library would do as well for the latter, at three times the price.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use super::body::Gate;
use super::exchange::Answer;
use super::{Delivery, Patience};
use crate::control::Cancel;
use crate::error::{Result, Sent};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    outcome: Mutex<Outcome>,
    changed: Condvar,
    /// The I/O thread's part.
    task: OnceLock<AbortHandle>,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Pending(Limit),
    Ended(Result<Answer>),
    Cancelled,
    /// The exchange has panicked.
    Lost,
}

/// Until when an exchange is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    until: Instant,
    /// Whether it stands before the rate limit, where only the end of the whole call counts.
    pub(crate) is_held: bool,
}

/// Longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 86_400);

impl Shared {
    pub(crate) fn new(delivery: Delivery, until: Instant) -> Self {
        Self {
            gate: Gate::new(delivery),
            outcome: Mutex::new(Outcome::Pending(Limit { until, is_held: false })),
            changed: Condvar::new(),
            task: OnceLock::new(),
        }
    }

    /// Takes the outcome; `Pending` when it did not come in time, and no later one counts.
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

    /// The first outcome counts. Where the waiter has given up, none does.
    pub(crate) fn end(&self, with: Outcome) {
        self.replace(with, true);
    }

    /// The exchange stands before the rate limit. A waiter that wakes meanwhile sees the later end.
    pub(crate) fn hold(&self, patience: Patience) {
        let until = patience.end.unwrap_or_else(|| Instant::now() + FOR_EVER);
        self.replace(Outcome::Pending(Limit { until, is_held: true }), false);
    }

    /// The rate limit has let it pass.
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

    /// The I/O thread has begun.
    pub(crate) fn started(&self, task: AbortHandle) {
        let task = self.task.get_or_init(|| task);
        // The cancel that came before found no task to stop.
        if self.gate.is_revoked() {
            task.abort();
        }
    }

    /// From now on nothing leaves. It does not wait for the I/O thread.
    pub(crate) fn give_up(&self) {
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
        self.give_up();
        self.gate.sent()
    }
}
