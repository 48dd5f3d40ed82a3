//! Background operations: calls of the library by number, each on a thread of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::control::{self, Control, Phase, Progress};
use crate::envelope;
use crate::error::{Code, Error, Result, Sent};
use crate::find;
use crate::host;
use crate::refresh::feed::Feed;
use crate::refresh::{self, Refreshed};
use crate::report::Failure;
use crate::request;
use crate::task;
use crate::text::{nearest, printable};
use crate::wording::Client;

/// The functions that an operation can be of.
const FUNCTIONS: &[(&str, Function)] = &[
    (REFRESH, |text, control, feed| run(text, refresh::refresh(text, control, feed), Refreshed::into_failure, control)),
    ("cc_get_task", |text, control, _| run(text, task::task(text, control), |_, cancelled| cancelled.into(), control)),
    ("cc_find_identities", |text, control, _| {
        run(text, find::find(text, control).map_err(Failure::from), |_, cancelled| cancelled.into(), control)
    }),
];

/// The one function whose names can be fed.
const REFRESH: &str = "cc_refresh_identities";

/// From a request's text, and the feed of its names where they come later, to an envelope's.
type Function = fn(&str, &Control, Option<&Feed>) -> Vec<u8>;

/// So many operations run at the same time; others queue.
const THREADS: usize = 64;

/// How long a thread without work is kept.
const IDLE: Duration = Duration::from_secs(1);

/// A number that no operation has.
pub(crate) const NONE: u64 = u64::MAX;

/// How the envelope of an error begins.
const FAILED: &str = r#"{"ok":false,"#;

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { operations: BTreeMap::new(), last: 0, queue: VecDeque::new(), threads: 0, idle: 0 });

/// Tells idle threads that there is work.
static WORK: Condvar = Condvar::new();

struct Registry {
    /// Those that were not freed.
    operations: BTreeMap<u64, Arc<Operation>>,
    last: u64,
    queue: VecDeque<Arc<Operation>>,
    threads: usize,
    idle: usize,
}

#[derive(Debug)]
struct Operation {
    control: Control,
    /// Of a streamed refresh.
    feed: Option<Feed>,
    waiters: Arc<Waiters>,
}

/// Where an operation stands, and whoever waits for it.
#[derive(Debug)]
struct Waiters {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    is_freed: bool,
}

#[derive(Debug)]
enum Stage {
    Queued(Function, String),
    Running,
    /// With its envelope.
    Done(Arc<[u8]>),
}

#[derive(Serialize)]
struct Running {
    state: &'static str,
    progress: Option<Progress>,
}

/// `cc_operation_cancel`'s answer.
#[derive(Serialize)]
pub(crate) struct Cancelled {
    sent: Sent,
}

/// Starts an operation of the function with this name. What is wrong with either text is told by the first wait.
pub(crate) fn start(function: Result<&str>, text: Result<&str>) -> u64 {
    let is_stream = matches!((&function, &text), (Ok(REFRESH), Ok(text)) if request::is_stream(text));
    let job = function.and_then(named).and_then(|function| Ok(Stage::Queued(function, text?.to_owned())));
    let (stage, waits) = match job {
        Ok(stage) => (stage, true),
        Err(error) => (Stage::Done(envelope::write_error(Client::C, error).into()), false),
    };
    let operation = Arc::new(Operation::new(stage, is_stream));
    let mut registry = registry();
    registry.last += 1;
    let number = registry.last;
    registry.operations.insert(number, Arc::clone(&operation));
    if waits {
        registry.queue.push_back(operation);
        if registry.queue.len() <= registry.idle {
            WORK.notify_one();
        } else if registry.threads < THREADS {
            registry.threads += 1;
            drop(registry);
            spawn_worker();
        }
    }
    number
}

/// A finished batch that was not given before, the envelope of an operation that has ended, or how it gets on; what comes
/// first within `timeout`.
pub(crate) fn wait(number: u64, timeout: Duration) -> Vec<u8> {
    let Some(operation) = find_operation(number) else { return unknown(number) };
    let has_batch = || operation.feed.as_ref().is_some_and(Feed::has_finished);
    let goes_on = |state: &mut State| !state.is_freed && !matches!(state.stage, Stage::Done(_)) && !has_batch();
    let waiters = &operation.waiters;
    let waited = waiters.changed.wait_timeout_while(waiters.state(), timeout, goes_on);
    let state = waited.unwrap_or_else(PoisonError::into_inner).0;
    if state.is_freed {
        return unknown(number);
    }
    // The batches come before the end.
    if let Some(batch) = operation.feed.as_ref().and_then(Feed::next_finished) {
        return wrapped("batch", &batch);
    }
    match &state.stage {
        Stage::Done(envelope) => {
            let envelope = Arc::clone(envelope);
            drop(state);
            wrapped("done", &envelope)
        }
        Stage::Queued(..) | Stage::Running => {
            drop(state);
            success(Running { state: "running", progress: operation.control.progress() })
        }
    }
}

/// An envelope as the `result` of a wait.
fn wrapped(state: &str, envelope: &[u8]) -> Vec<u8> {
    [br#"{"ok":true,"state":""#.as_slice(), state.as_bytes(), br#"","result":"#, envelope, b"}"].concat()
}

fn success(result: impl Serialize) -> Vec<u8> {
    envelope::write::<_, Failure>(Client::C, Ok(result))
}

/// Gives names to a streamed refresh.
pub(crate) fn send(number: u64, text: Result<&str>) -> Vec<u8> {
    let Some(operation) = find_operation(number) else { return unknown(number) };
    let client = text.as_ref().map_or(Client::C, |text| Client::of(text));
    let sent = text.and_then(|text| match &operation.feed {
        Some(feed) => feed.send(text),
        None => Err(Error::invalid_argument(format!("The operation {number} takes no names."))
            .hint("Only cc_refresh_identities with \"stream\": true takes them.")),
    });
    envelope::write(client, sent)
}

/// Stops an operation, and tells whether a refresh has left. It waits for nothing.
pub(crate) fn cancel(number: u64) -> Vec<u8> {
    match find_operation(number) {
        Some(operation) => success(Cancelled { sent: operation.cancel() }),
        None => unknown(number),
    }
}

/// Forgets an operation, and cancels it first.
pub(crate) fn free(number: u64) {
    let operation = registry().operations.remove(&number);
    if let Some(operation) = operation {
        // First, so that all who wait are told the same: that it is gone.
        operation.waiters.state().is_freed = true;
        operation.waiters.changed.notify_all();
        operation.cancel();
    }
}

impl Operation {
    fn new(stage: Stage, is_stream: bool) -> Self {
        let state = Mutex::new(State { stage, is_freed: false });
        let waiters = Arc::new(Waiters { state, changed: Condvar::new() });
        let feed = is_stream.then(|| {
            let waiters = Arc::clone(&waiters);
            Feed::open(move || {
                // Under the lock: not between a waiter's look at the batches and its sleep.
                drop(waiters.state());
                waiters.changed.notify_all();
            })
        });
        Self { control: Control::observed(), feed, waiters }
    }

    fn cancel(&self) -> Sent {
        if let Some(feed) = &self.feed {
            feed.close("the operation was cancelled");
        }
        self.refuse(control::cancelled(Sent::No));
        self.control.cancel()
    }

    /// Ends it with an error, unless it has begun.
    fn refuse(&self, error: Error) {
        let mut state = self.waiters.state();
        if let Stage::Queued(..) = state.stage {
            state.stage = Stage::Done(envelope::write_error(Client::C, error).into());
            self.waiters.changed.notify_all();
        }
    }

    fn work(&self) {
        let mut state = self.waiters.state();
        let (function, text) = match std::mem::replace(&mut state.stage, Stage::Running) {
            Stage::Queued(function, text) => (function, text),
            // Cancelled while it queued.
            done => return state.stage = done,
        };
        drop(state);
        self.control.doing(Phase::Starting, "the check of the request");
        let envelope = host::quietly(|| function(&text, &self.control, self.feed.as_ref()))
            .unwrap_or_else(|| envelope::INTERNAL.as_bytes().into());
        self.control.finish();
        if let Some(feed) = &self.feed {
            feed.close("the operation has ended");
        }
        self.waiters.state().stage = Stage::Done(envelope.into());
        self.waiters.changed.notify_all();
    }
}

impl Waiters {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The envelope of a function's result: `cancelled` where that came first, even where the work was done all the same.
/// `into_failure` leaves to that error what there is to report.
fn run<T: Serialize>(
    text: &str,
    result: Result<T, Failure>,
    into_failure: impl FnOnce(T, Error) -> Failure,
    control: &Control,
) -> Vec<u8> {
    if control.finish() {
        return envelope::write(Client::of(text), result);
    }
    let cancelled = control::cancelled(control.sent());
    let failure = match result {
        Ok(done) => into_failure(done, cancelled),
        Err(failure) => {
            let (message, hint) = (cancelled.details().message.clone(), cancelled.details().hint.clone());
            failure.map(|error| error.reworded(Code::Cancelled, message, hint).sent(control.sent()))
        }
    };
    envelope::write::<T, _>(Client::of(text), Err(failure))
}

fn named(name: &str) -> Result<Function> {
    let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function).ok_or_else(|| {
        let hint = match nearest(name, &names) {
            Some(near) => format!("Was \"{near}\" meant?"),
            None => format!("There are: {}.", names.join(", ")),
        };
        Error::invalid_argument(format!("There are no operations of a function \"{}\".", printable(name))).hint(hint)
    })
}

/// A thread more; it is counted already.
fn spawn_worker() {
    let hired = host::spawn_quiet("pssailpointcc-op", || {
        while let Some(operation) = next() {
            operation.work();
        }
    });
    let Err(error) = hired else { return };
    let mut registry = registry();
    registry.threads -= 1;
    if registry.threads > 0 {
        // They come to it in their turn.
        return;
    }
    let queue = std::mem::take(&mut registry.queue);
    drop(registry);
    for operation in queue {
        operation.refuse(Error::new(Code::Internal, format!("No thread could be started for the operation: {error}.")));
    }
}

/// The next operation; `None` when there was none for a while.
fn next() -> Option<Arc<Operation>> {
    let until = Instant::now() + IDLE;
    let mut registry = registry();
    loop {
        if let Some(operation) = registry.queue.pop_front() {
            return Some(operation);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            registry.threads -= 1;
            return None;
        }
        registry.idle += 1;
        registry = WORK.wait_timeout(registry, left).unwrap_or_else(PoisonError::into_inner).0;
        registry.idle -= 1;
    }
}

fn find_operation(number: u64) -> Option<Arc<Operation>> {
    registry().operations.get(&number).cloned()
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The envelope for a number that is no operation's.
fn unknown(number: u64) -> Vec<u8> {
    let error = Error::invalid_argument(format!("There is no operation {number}: it was freed, or never started."));
    let mut envelope = envelope::write_error(Client::C, error);
    envelope.splice(FAILED.len()..FAILED.len(), br#""state":"unknown","#.iter().copied());
    envelope
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(function: Function) -> Operation {
        Operation::new(Stage::Queued(function, String::new()), false)
    }

    fn envelope(operation: &Operation) -> String {
        match &operation.waiters.state().stage {
            Stage::Done(envelope) => String::from_utf8(envelope.to_vec()).expect("UTF-8"),
            stage => panic!("it has ended, and not {stage:?}"),
        }
    }

    #[test]
    fn a_panic_in_an_operation_is_its_end() {
        let operation = queued(|_, _, _| panic!("nobody sees this"));
        operation.work();
        assert_eq!(envelope(&operation), envelope::INTERNAL);
        assert_eq!(operation.cancel(), Sent::No, "too late");
        assert_eq!(envelope(&operation), envelope::INTERNAL);
    }

    #[test]
    fn what_was_cancelled_in_the_queue_stays_cancelled() {
        let operation = queued(|_, _, _| panic!("it never begins"));
        operation.cancel();
        let cancelled = envelope(&operation);
        assert!(cancelled.contains(r#""code":"cancelled""#), "{cancelled}");
        operation.refuse(Error::new(Code::Internal, "No thread could be started."));
        operation.work();
        assert_eq!(envelope(&operation), cancelled);
    }
}
