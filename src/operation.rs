//! Background operations: calls of the library by number, each on its own thread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::control::{self, Control, Phase, Progress};
use crate::envelope::{self, Envelope};
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

/// The functions that can run in the background.
const FUNCTIONS: &[(&str, Function)] = &[
    (REFRESH, |text, control, feed| {
        finished(text, refresh::refresh(text, control, feed), Refreshed::into_failure, control)
    }),
    ("cc_get_task", |text, control, _| {
        finished(text, task::task(text, control), |_, cancelled| cancelled.into(), control)
    }),
    ("cc_find_identities", |text, control, _| {
        finished(text, find::find(text, control).map_err(Failure::from), |_, cancelled| cancelled.into(), control)
    }),
];

/// The function that takes a stream of names.
const REFRESH: &str = "cc_refresh_identities";

/// Maps a request's text, and the feed of a stream, to the text of the envelope.
type Function = fn(&str, &Control, Option<&Feed>) -> Envelope;

/// The maximum number of operations that run at the same time; others queue.
const THREADS: usize = 64;

/// How long an idle thread lives.
const IDLE: Duration = Duration::from_secs(1);

/// A number that no operation has.
pub(crate) const NONE: u64 = u64::MAX;

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { operations: BTreeMap::new(), last: 0, queue: VecDeque::new(), threads: 0, idle: 0 });

/// Wakes idle threads.
static WORK: Condvar = Condvar::new();

struct Registry {
    /// The operations that were not freed.
    operations: BTreeMap<u64, Arc<Operation>>,
    last: u64,
    queue: VecDeque<Arc<Operation>>,
    threads: usize,
    idle: usize,
}

#[derive(Debug)]
struct Operation {
    control: Control,
    /// Only for a streamed refresh.
    feed: Option<Feed>,
    waiters: Arc<Waiters>,
}

/// The state of an operation, and the threads that wait for it.
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
    Done(Arc<Envelope>),
}

#[derive(Serialize)]
struct Running {
    state: &'static str,
    progress: Option<Progress>,
}

/// The answer of `cc_operation_cancel`.
#[derive(Serialize)]
pub(crate) struct Cancelled {
    sent: Sent,
}

/// Starts an operation. The first wait reports an error in either text.
pub(crate) fn start(function: Result<&str>, text: Result<&str>) -> u64 {
    let (number, _) = begin(function, text);
    number
}

/// Starts an operation and waits for it, at most `timeout`. Returns its number and what [`wait`] returns; 0, after freeing
/// it, if it has ended.
pub(crate) fn run(function: Result<&str>, text: Result<&str>, timeout: Duration) -> (u64, Envelope) {
    let (number, operation) = begin(function, text);
    let (answer, has_ended) = wait_for(number, &operation, timeout);
    if has_ended {
        registry().operations.remove(&number);
        return (0, answer);
    }
    (number, answer)
}

fn begin(function: Result<&str>, text: Result<&str>) -> (u64, Arc<Operation>) {
    let is_stream = matches!((&function, &text), (Ok(REFRESH), Ok(text)) if request::is_stream(text));
    let job = function.and_then(find_function).and_then(|function| Ok(Stage::Queued(function, text?.to_owned())));
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
        registry.queue.push_back(Arc::clone(&operation));
        if registry.queue.len() <= registry.idle {
            WORK.notify_one();
        } else if registry.threads < THREADS {
            registry.threads += 1;
            drop(registry);
            spawn_worker();
        }
    }
    (number, operation)
}

/// Returns the next finished batch, the envelope of a finished operation, or the progress: whichever comes first within
/// `timeout`.
pub(crate) fn wait(number: u64, timeout: Duration) -> Envelope {
    match find_operation(number) {
        Some(operation) => wait_for(number, &operation, timeout).0,
        None => unknown(number),
    }
}

/// The answer of a wait, and whether the operation has ended.
fn wait_for(number: u64, operation: &Operation, timeout: Duration) -> (Envelope, bool) {
    let has_batch = || operation.feed.as_ref().is_some_and(Feed::has_finished);
    let keeps_waiting = |state: &mut State| !state.is_freed && !matches!(state.stage, Stage::Done(_)) && !has_batch();
    let waiters = &operation.waiters;
    let waited = waiters.changed.wait_timeout_while(waiters.state(), timeout, keeps_waiting);
    let state = waited.unwrap_or_else(PoisonError::into_inner).0;
    if state.is_freed {
        return (unknown(number), false);
    }
    // Batches come before the end.
    if let Some(batch) = operation.feed.as_ref().and_then(Feed::next_finished) {
        return (envelope::wrapped("batch", &batch), false);
    }
    match &state.stage {
        Stage::Done(envelope) => {
            let envelope = Arc::clone(envelope);
            drop(state);
            (envelope::wrapped("done", &envelope), true)
        }
        Stage::Queued(..) | Stage::Running => {
            drop(state);
            let running = Running { state: "running", progress: operation.control.progress() };
            (success(&operation.control, running), false)
        }
    }
}

fn success(control: &Control, result: impl Serialize) -> Envelope {
    envelope::write::<_, Failure>(Client::C, control.secrets(), Ok(result))
}

/// Sends names to a streamed refresh.
pub(crate) fn send(number: u64, text: Result<&str>) -> Envelope {
    let Some(operation) = find_operation(number) else { return unknown(number) };
    let client = text.as_ref().map_or(Client::C, |text| Client::of(text));
    let sent = text.and_then(|text| match &operation.feed {
        Some(feed) => feed.send(text),
        None => Err(Error::invalid_argument(format!("The operation {number} takes no names."))
            .hint("Only ⟦refresh⟧ with \"stream\": true takes them.")),
    });
    envelope::write(client, operation.control.secrets(), sent)
}

/// Stops an operation, and returns whether a refresh was sent. It does not block.
pub(crate) fn cancel(number: u64) -> Envelope {
    match find_operation(number) {
        Some(operation) => success(&operation.control, Cancelled { sent: operation.cancel() }),
        None => unknown(number),
    }
}

/// Removes an operation, after cancelling it.
pub(crate) fn free(number: u64) {
    let operation = registry().operations.remove(&number);
    if let Some(operation) = operation {
        // First, so that all waiting threads report the same state.
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
                // Under the lock, so that a waiter cannot miss it between its check and its sleep.
                drop(waiters.state());
                waiters.changed.notify_all();
            })
        });
        Self { control: Control::background(), feed, waiters }
    }

    fn cancel(&self) -> Sent {
        if let Some(feed) = &self.feed {
            feed.close("the operation was cancelled");
        }
        self.end_if_queued(control::cancelled(Sent::No));
        self.control.cancel()
    }

    /// Ends the operation with an error if it is still queued. The names of a stream are reported as not sent.
    fn end_if_queued(&self, error: Error) {
        let mut state = self.waiters.state();
        let text = match std::mem::replace(&mut state.stage, Stage::Running) {
            Stage::Queued(_, text) => text,
            other => return state.stage = other,
        };
        drop(state);
        let failure = match &self.feed {
            Some(feed) => {
                feed.close("the operation has ended");
                refresh::not_sent(error.into(), feed, &request::identity_attribute(&text))
            }
            None => error.into(),
        };
        self.waiters.state().stage =
            Stage::Done(envelope::write::<(), _>(Client::C, self.control.secrets(), Err(failure)).into());
        self.waiters.changed.notify_all();
    }

    fn work(&self) {
        let mut state = self.waiters.state();
        let (function, text) = match std::mem::replace(&mut state.stage, Stage::Running) {
            Stage::Queued(function, text) => (function, text),
            // Cancelled while queued.
            done => return state.stage = done,
        };
        drop(state);
        self.control.set_phase(Phase::Starting, "the check of the request");
        let envelope =
            host::catch_panic(|| function(&text, &self.control, self.feed.as_ref())).unwrap_or_else(envelope::internal);
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

/// The envelope of a function's result. It is `cancelled` if the cancel came first, even if the work was done;
/// `into_failure` then keeps the report.
fn finished<T: Serialize>(
    text: &str,
    result: Result<T, Failure>,
    into_failure: impl FnOnce(T, Error) -> Failure,
    control: &Control,
) -> Envelope {
    if control.finish() {
        return envelope::write(Client::of(text), control.secrets(), result);
    }
    let cancelled = control::cancelled(control.sent());
    let failure = match result {
        Ok(done) => into_failure(done, cancelled),
        Err(failure) => {
            let (message, hint) = (cancelled.details().message.clone(), cancelled.details().hint.clone());
            failure.map(|error| error.reworded(Code::Cancelled, message, hint).sent(control.sent()))
        }
    };
    envelope::write::<T, _>(Client::of(text), control.secrets(), Err(failure))
}

fn find_function(name: &str) -> Result<Function> {
    let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function).ok_or_else(|| {
        let hint = match nearest(name, &names) {
            Some(near) => format!("Was \"{near}\" meant?"),
            None => format!("There are: {}.", names.join(", ")),
        };
        Error::invalid_argument(format!("The function \"{}\" cannot run as an operation.", printable(name))).hint(hint)
    })
}

/// Starts a worker thread that is already counted.
fn spawn_worker() {
    let spawned = host::spawn_thread("pssailpointcc-op", || {
        while let Some(operation) = next() {
            operation.work();
        }
    });
    let Err(error) = spawned else { return };
    let mut registry = registry();
    registry.threads -= 1;
    if registry.threads > 0 {
        // The other threads will run it.
        return;
    }
    let queue = std::mem::take(&mut registry.queue);
    drop(registry);
    for operation in queue {
        operation.end_if_queued(Error::new(
            Code::Internal,
            format!("No thread could be started for the operation: {error}."),
        ));
    }
}

/// The next operation; `None` after [`IDLE`] without one.
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

/// The envelope for an unknown number.
fn unknown(number: u64) -> Envelope {
    let error = Error::invalid_argument(format!("There is no operation {number}: it was freed, or never started."));
    envelope::write_state("unknown", error)
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
    fn a_panic_ends_the_operation() {
        let operation = queued(|_, _, _| panic!("nobody sees this"));
        operation.work();
        assert_eq!(envelope(&operation).as_bytes(), &*envelope::internal());
        assert_eq!(operation.cancel(), Sent::No, "too late");
        assert_eq!(envelope(&operation).as_bytes(), &*envelope::internal());
    }

    #[test]
    fn an_operation_cancelled_in_the_queue_stays_cancelled() {
        let operation = queued(|_, _, _| panic!("it never begins"));
        operation.cancel();
        let cancelled = envelope(&operation);
        assert!(cancelled.contains(r#""code":"cancelled""#), "{cancelled}");
        operation.end_if_queued(Error::new(Code::Internal, "No thread could be started."));
        operation.work();
        assert_eq!(envelope(&operation), cancelled);
    }

    #[test]
    fn a_stream_cancelled_in_the_queue_reports_its_names_as_not_sent() {
        let text = r#"{"stream":true,"identityAttribute":"email"}"#.to_owned();
        let operation = Operation::new(Stage::Queued(|_, _, _| panic!("it never begins"), text), true);
        let feed = operation.feed.as_ref().expect("a stream");
        feed.send(r#"{"identities":["a","b"]}"#).expect("it takes names");
        operation.cancel();
        let batch =
            feed.next_finished().map(|batch| String::from_utf8(batch.to_vec()).expect("UTF-8")).expect("a batch");
        let expected = r#""identityAttribute":"email","calls":[{"identities":["a","b"],"outcome":"not_sent""#;
        assert!(batch.contains(expected), "{batch}");
        assert!(envelope(&operation).contains(r#""notSent":2"#), "{}", envelope(&operation));
        feed.send(r#"{"identities":["c"]}"#).expect_err("it was cancelled");
    }
}
