//! The state of one call of the library: cancelled or not, its progress, whether a refresh was sent.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use crate::error::{Code, Error, Result, Sent};
use crate::secret::Secrets;

/// The control of one call, and its secrets; clones share both. The control of a blocking call is empty, because nobody
/// can cancel the call or query its progress.
#[derive(Debug, Clone)]
pub(crate) struct Control(Option<Arc<Shared>>, Secrets);

#[derive(Debug)]
struct Shared {
    /// Outside `state`, for readers that hold another lock.
    cancelled: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    end: End,
    /// The result of all refreshes that have ended.
    sent: Sent,
    /// What a cancel stops.
    under_way: Vec<(u64, Arc<dyn Cancel>)>,
    /// The current waits; progress shows the last one.
    pauses: Vec<(u64, Pause)>,
    /// The next number of a registration.
    next: u64,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Cancelled,
    Finished,
}

/// Something that a call waits for and that can be stopped.
pub(crate) trait Cancel: Debug + Send + Sync {
    /// Stops it, and returns whether its refresh was sent. It does not block and does not call the control.
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

/// The progress of a call: `progress` of `cc_operation_wait`.
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
    /// As in "the service refused {action}".
    Action(&'static str),
    Text(String),
}

/// A wait: its reason and its end.
#[derive(Debug)]
struct Pause {
    phase: Phase,
    what: String,
    until: Option<Instant>,
}

/// Registered with a control until it is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    control: Control,
    number: u64,
}

impl Control {
    /// For a blocking call.
    pub(crate) fn blocking() -> Self {
        Self(None, Secrets::default())
    }

    /// For a background operation.
    pub(crate) fn background() -> Self {
        let progress = Progress {
            phase: Phase::Queued,
            done: 0,
            total: None,
            percent: None,
            message: Message::Action("the wait for a free thread"),
        };
        let state =
            State { end: End::Open, sent: Sent::No, under_way: Vec::new(), pauses: Vec::new(), next: 0, progress };
        let shared = Shared { cancelled: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() };
        Self(Some(Arc::new(shared)), Secrets::default())
    }

    /// The secrets that the call has used: its answer shows none of them.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.1
    }

    /// Stops everything that the call waits for, and returns whether a refresh was sent. It has no effect on a call
    /// that has finished.
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

    /// Fails if the call was cancelled.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(cancelled(Sent::No)) } else { Ok(()) }
    }

    /// Marks the call as finished. Returns false if it was cancelled before.
    pub(crate) fn finish(&self) -> bool {
        let Some(mut state) = self.state() else { return true };
        if state.end == End::Open {
            state.end = End::Finished;
        }
        state.end == End::Finished
    }

    /// Whether a refresh of the call was sent.
    pub(crate) fn sent(&self) -> Sent {
        self.state().map_or(Sent::No, |state| state.sent)
    }

    /// Records whether a refresh was sent.
    pub(crate) fn record_sent(&self, sent: Sent) {
        if let Some(mut state) = self.state() {
            state.sent = state.sent.and(sent);
        }
    }

    /// Lets a cancel stop `running` until the registration is dropped. Fails if the call was cancelled before.
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

    /// Sleeps until the time has passed or the call is cancelled.
    pub(crate) fn sleep(&self, duration: Duration) -> Result<()> {
        let Some(shared) = &self.0 else {
            std::thread::sleep(duration);
            return Ok(());
        };
        let state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(shared.changed.wait_timeout_while(state, duration, |state| state.end != End::Cancelled));
        self.check()
    }

    /// Sets what progress shows as the current action.
    pub(crate) fn set_phase(&self, phase: Phase, what: &'static str) {
        if let Some(mut state) = self.state() {
            (state.progress.phase, state.progress.message) = (phase, Message::Action(what));
        }
    }

    /// Sets how much of the work is done.
    pub(crate) fn set_progress(&self, done: u64, total: Option<u64>) {
        self.set_progress_within((done, total), 0, 0);
    }

    /// The same, with `percent` of the next `items` done.
    pub(crate) fn set_progress_within(&self, (done, total): (u64, Option<u64>), items: u64, percent: u64) {
        let Some(mut state) = self.state() else { return };
        let hundredths = done * 100 + items * percent.min(100);
        state.progress.done = hundredths / 100;
        state.progress.total = total;
        state.progress.percent = total.filter(|total| *total > 0).map(|total| (hundredths / total).min(100));
    }

    /// How much of the work is done, and how much there is.
    pub(crate) fn done_of_total(&self) -> (u64, Option<u64>) {
        self.state().map_or((0, None), |state| (state.progress.done, state.progress.total))
    }

    /// Shows a wait in the progress until the registration is dropped. `what` is called only if somebody can query the
    /// progress.
    pub(crate) fn begin_pause(
        &self,
        phase: Phase,
        until: Option<Instant>,
        what: impl FnOnce() -> String,
    ) -> Registration {
        let mut number = 0;
        if let Some(mut state) = self.state() {
            number = state.number();
            state.pauses.push((number, Pause { phase, what: what(), until }));
        }
        Registration { control: self.clone(), number }
    }

    /// The progress; `None` for a blocking call.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let state = self.state()?;
        let mut progress = state.progress.clone();
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

pub(crate) fn cancelled(sent: Sent) -> Error {
    Error::new(Code::Cancelled, "The call was cancelled.").hint(cancelled_hint(sent)).sent(sent)
}

fn cancelled_hint(sent: Sent) -> &'static str {
    match sent {
        Sent::No => "No refresh was sent: it is safe to try again.",
        Sent::Maybe => {
            "A refresh was sent, and the service may have accepted it: check the tenant before sending it again."
        }
        Sent::Yes => "The service has received a refresh, which continues there.",
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Action(what) => {
                let mut letters = what.chars();
                let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
                serializer.collect_str(&format_args!("{first}{}", letters.as_str()))
            }
        }
    }
}
