//! The state of an exchange, shared by its task and the waiting thread: the gate and the outcome. A channel of the standard
//! library instead of the condition variable takes three times as long.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use super::answer::End;
use super::body::Gate;
use super::{Delivery, Timeouts};
use crate::control::Cancel;
use crate::error::{Result, Sent};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    state: Mutex<State>,
    changed: Condvar,
    task: OnceLock<AbortHandle>,
}

#[derive(Debug)]
struct State {
    outcome: Outcome,
    /// Wakes the waiting thread while it drives.
    waker: Option<Waker>,
    /// Whether it is the waiting thread's turn to drive.
    drives: bool,
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
            state: Mutex::new(State {
                outcome: Outcome::Pending(Limit { until, is_held: false }),
                waker: None,
                drives: false,
            }),
            changed: Condvar::new(),
            task: OnceLock::new(),
        }
    }

    /// Takes the outcome. `Pending` if it did not come in time; a later one has no effect. `None`: it is the waiting thread's
    /// turn to drive.
    pub(crate) fn wait(&self) -> Option<Outcome> {
        let mut state = self.state();
        // It sleeps from now on.
        state.waker = None;
        while let Outcome::Pending(limit) = &state.outcome {
            let left = limit.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if std::mem::take(&mut state.drives) {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(std::mem::replace(&mut state.outcome, Outcome::Lost))
    }

    /// Whether there is an outcome. Otherwise `waker` is woken by it.
    pub(crate) fn has_ended(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        if !matches!(state.outcome, Outcome::Pending(_)) {
            return true;
        }
        if !state.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            state.waker = Some(waker.clone());
        }
        false
    }

    /// Whether its waiter may wait so long.
    pub(crate) fn may_wait(&self, time: Duration) -> bool {
        matches!(&self.state().outcome, Outcome::Pending(limit) if limit.until > Instant::now() + time)
    }

    /// Makes it the waiting thread's turn to drive. False if it waits no more.
    pub(crate) fn drive(&self) -> bool {
        let mut state = self.state();
        let waits = matches!(state.outcome, Outcome::Pending(_));
        state.drives = waits;
        drop(state);
        if waits {
            self.changed.notify_one();
        }
        waits
    }

    /// Whether it was its turn to drive, and it has not begun.
    pub(crate) fn take_turn(&self) -> bool {
        std::mem::take(&mut self.state().drives)
    }

    /// Whether there is an outcome, or is one within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        let is_pending = |state: &mut State| matches!(state.outcome, Outcome::Pending(_));
        let waited = self.changed.wait_timeout_while(self.state(), time, is_pending);
        let state = waited.unwrap_or_else(PoisonError::into_inner).0;
        // A limit that has passed is an outcome for the waiter.
        !matches!(&state.outcome, Outcome::Pending(limit) if limit.until > Instant::now())
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
        let mut state = self.state();
        if matches!(state.outcome, Outcome::Pending(_)) {
            state.outcome = with;
            // A thread that drives does not sleep on the condition variable.
            let driving = if wake { state.waker.take() } else { None };
            drop(state);
            match driving {
                Some(driving) => driving.wake(),
                None if wake => self.changed.notify_one(),
                None => {}
            }
        }
    }

    /// Sets the task of the exchange.
    pub(crate) fn started(&self, task: AbortHandle) {
        let task = self.task.get_or_init(|| task);
        // An earlier cancel found no task to abort.
        if self.gate.is_revoked() {
            task.abort();
        }
    }

    /// Prevents sending from now on. It does not wait for the task.
    pub(crate) fn abort(&self) {
        self.gate.revoke();
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
