//! What accompanies one call of the library: whether it was cancelled, what it is doing, whether a refresh has left.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use crate::error::{Code, Error, Result, Sent};

/// Of one call; clones are of the same. A blocking call's keeps nothing and costs nothing: nobody can cancel it, or
/// ask how it gets on.
#[derive(Debug, Clone)]
pub(crate) struct Control(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    /// Beside `state`, for those who hold another lock.
    cancelled: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    end: End,
    /// Of all refreshes that have ended.
    sent: Sent,
    /// What a cancel has to stop.
    under_way: Vec<(u64, Arc<dyn Cancel>)>,
    /// What is waited for meanwhile; the last one is shown.
    pauses: Vec<(u64, Pause)>,
    /// The number of the next of both.
    next: u64,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Cancelled,
    Finished,
}

/// Something that a call waits for, and that can be stopped.
pub(crate) trait Cancel: Debug + Send + Sync {
    /// Stops it, and tells whether a refresh of its own has left. It waits for nothing and does not call the control.
    fn cancel(&self) -> Sent;
}

/// What a call is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Queued,
    Starting,
    Token,
    Searching,
    Sending,
    Waiting,
    #[serde(rename = "rate limit")]
    RateLimit,
}

/// How a call gets on: `progress` of `cc_operation_wait`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Progress {
    phase: Phase,
    done: u64,
    total: Option<u64>,
    percent: Option<u64>,
    message: Message,
}

#[derive(Debug, Clone)]
enum Message {
    /// What is being done, as in "the service refused {doing}".
    Doing(&'static str),
    Text(String),
}

/// A wait: what for, and until when.
#[derive(Debug)]
struct Pause {
    phase: Phase,
    what: String,
    until: Option<Instant>,
}

/// What was registered with a control, until it is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    control: Control,
    number: u64,
}

impl Control {
    /// Of a call that blocks.
    pub(crate) const fn blocking() -> Self {
        Self(None)
    }

    /// Of a background operation.
    pub(crate) fn observed() -> Self {
        let progress = Progress {
            phase: Phase::Queued,
            done: 0,
            total: None,
            percent: None,
            message: Message::Doing("the wait for a free thread"),
        };
        let state =
            State { end: End::Open, sent: Sent::No, under_way: Vec::new(), pauses: Vec::new(), next: 0, progress };
        let shared = Shared { cancelled: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() };
        Self(Some(Arc::new(shared)))
    }

    /// Stops everything that the call waits for, and tells whether a refresh has left. A call that has finished stays
    /// as it is.
    pub(crate) fn cancel(&self) -> Sent {
        let Some(mut state) = self.state() else { return Sent::No };
        if state.end == End::Open {
            state.end = End::Cancelled;
            self.0.iter().for_each(|shared| shared.cancelled.store(true, Ordering::SeqCst));
            for (_, running) in std::mem::take(&mut state.under_way) {
                state.sent = state.sent.and(running.cancel());
            }
            self.0.iter().for_each(|shared| shared.changed.notify_all());
        }
        state.sent
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.cancelled.load(Ordering::SeqCst))
    }

    /// An error, once the call was cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(cancelled(Sent::No)) } else { Ok(()) }
    }

    /// The call's work is done. False where it was cancelled before.
    pub(crate) fn finish(&self) -> bool {
        let Some(mut state) = self.state() else { return true };
        if state.end == End::Open {
            state.end = End::Finished;
        }
        state.end == End::Finished
    }

    /// Whether any refresh of the call has left.
    pub(crate) fn sent(&self) -> Sent {
        self.state().map_or(Sent::No, |state| state.sent)
    }

    /// What a refresh of the call has come to.
    pub(crate) fn settle(&self, sent: Sent) {
        if let Some(mut state) = self.state() {
            state.sent = state.sent.and(sent);
        }
    }

    /// From now on a cancel stops `running`, until the registration is dropped. An error where it came before.
    pub(crate) fn register(&self, running: Arc<dyn Cancel>) -> Result<Registration> {
        let mut number = 0;
        if let Some(mut state) = self.state() {
            if state.end == End::Cancelled {
                return Err(cancelled(Sent::No));
            }
            number = state.number();
            state.under_way.push((number, running));
        }
        Ok(Registration { control: self.clone(), number })
    }

    /// Waits, unless the call is cancelled.
    pub(crate) fn sleep(&self, duration: Duration) -> Result<()> {
        let Some(shared) = &self.0 else {
            std::thread::sleep(duration);
            return Ok(());
        };
        let state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(shared.changed.wait_timeout_while(state, duration, |state| state.end != End::Cancelled));
        self.check()
    }

    /// What the call does from now on.
    pub(crate) fn doing(&self, phase: Phase, what: &'static str) {
        if let Some(mut state) = self.state() {
            (state.progress.phase, state.progress.message) = (phase, Message::Doing(what));
        }
    }

    /// How much of its work the call has done.
    pub(crate) fn done(&self, done: u64, total: Option<u64>) {
        if let Some(mut state) = self.state() {
            (state.progress.done, state.progress.total) = (done, total);
        }
    }

    /// The call waits for something, until the registration is dropped. `what` is made only where somebody may ask;
    /// `until` where that is known.
    pub(crate) fn pausing(&self, phase: Phase, until: Option<Instant>, what: impl FnOnce() -> String) -> Registration {
        let mut number = 0;
        if let Some(mut state) = self.state() {
            number = state.number();
            state.pauses.push((number, Pause { phase, what: what(), until }));
        }
        Registration { control: self.clone(), number }
    }

    /// How the call gets on.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let state = self.state()?;
        let mut progress = state.progress.clone();
        progress.percent =
            progress.total.filter(|total| *total > 0).map(|total| progress.done.min(total) * 100 / total);
        if let Some((_, pause)) = state.pauses.last() {
            progress.phase = pause.phase;
            progress.message = Message::Text(match pause.until {
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now()).as_secs_f64().ceil();
                    format!("{}: {left} s to go.", pause.what)
                }
                None => format!("{}.", pause.what),
            });
        }
        Some(progress)
    }

    fn state(&self) -> Option<MutexGuard<'_, State>> {
        Some(self.0.as_ref()?.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Registration {
    pub(crate) fn control(&self) -> &Control {
        &self.control
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(mut state) = self.control.state() {
            state.under_way.retain(|(number, _)| *number != self.number);
            state.pauses.retain(|(number, _)| *number != self.number);
        }
    }
}

/// The error of a call that was cancelled.
pub(crate) fn cancelled(sent: Sent) -> Error {
    Error::new(Code::Cancelled, "The call was cancelled.").hint(cancelled_hint(sent)).sent(sent)
}

fn cancelled_hint(sent: Sent) -> &'static str {
    match sent {
        Sent::No => "No refresh was sent: it is safe to try again.",
        Sent::Maybe => {
            "A refresh had left, and the service may have taken it: look at the tenant before sending it again."
        }
        Sent::Yes => "The service had received a refresh, which goes on there.",
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Doing(what) => {
                let mut letters = what.chars();
                let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
                serializer.collect_str(&format_args!("{first}{}", letters.as_str()))
            }
        }
    }
}
