//! Who drives the connections: one lane for each host, so that a host whose answers never end holds up nobody else's.
//!
//! A lane is a runtime with one thread at a time. A caller that waits for a quick answer drives it itself, which saves two
//! switches between threads. The lane's own thread drives it the rest of the time: while nobody calls, so that a connection
//! that the server closes is noticed; for requests whose caller does something else or has little time; and for every wait
//! that takes longer than [`PATIENCE`], so that a caller keeps its own deadline whatever the server does. Other callers
//! sleep meanwhile.
//!
//! While an exchange is under way, there is always a driver.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::runtime::{Handle, Runtime};

use super::connect;
use super::exchange::Exchange;
use super::pending::{Outcome, Shared};
use crate::error::{Code, Error, Result};
use crate::host;

/// The maximum number of lanes. Further hosts share them.
const LANES: usize = 8;

/// How long a caller drives at most, and how long a lane may be without a driver. Up to twice this long in each case.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long a caller that drives must be ready to wait. While a server sends interim answers without end, one step of a
/// connection takes up to two seconds, and the caller sees its deadline after it; from then on the lane's thread drives.
const LEAST_WAIT: Duration = Duration::from_secs(5);

/// Whether callers may drive: where the system's check of a certificate may block, the lane has a second thread for it. A
/// signal of a broken pipe can be taken back on Linux alone.
const CALLERS_DRIVE: bool = cfg!(target_os = "linux") && !connect::MAY_BLOCK;

static HOSTS: Mutex<Vec<(String, Arc<Lane>)>> = Mutex::new(Vec::new());

/// The connections to one host.
#[derive(Debug)]
pub(super) struct Lane {
    runtime: Runtime,
    state: Mutex<State>,
    /// Wakes the lane's thread.
    called: Condvar,
    /// Exchanges begin in the order in which they were launched.
    order: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    driver: Driver,
    /// The number of exchanges that have begun and not ended.
    under_way: usize,
    /// How often a caller has begun to drive.
    turns: u64,
    /// The callers that sleep while another one drives.
    sleeping: Vec<Arc<Shared>>,
    /// Wakes the driver; `None` until it has begun.
    waker: Option<Waker>,
}

#[derive(Debug)]
enum Driver {
    /// Only while no exchange is under way.
    Nobody,
    /// The lane's thread, which may not have begun yet.
    Thread,
    /// The caller that waits for this exchange. `is_asked`: it is asked to let the lane's thread drive.
    Caller { is_asked: bool },
}

/// The lane to the host of `url`, always the same one: connections are kept.
pub(super) fn lane_to(url: &Url) -> Result<Arc<Lane>> {
    let origin = super::origin(url);
    let mut hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, lane)) = hosts.iter().find(|(host, _)| *host == origin) {
        return Ok(Arc::clone(lane));
    }
    if hosts.len() == LANES {
        let mut hasher = DefaultHasher::new();
        origin.hash(&mut hasher);
        let (_, lane) = &hosts[(hasher.finish() % LANES as u64) as usize];
        return Ok(Arc::clone(lane));
    }
    let lane = Lane::start().map_err(|error| {
        Error::new(Code::Internal, format!("A thread for the network could not be started: {error}."))
    })?;
    hosts.push((origin, Arc::clone(&lane)));
    Ok(lane)
}

/// Has all lanes driven at once, also those that nobody uses: what was dropped there leaves the memory.
pub(super) fn tend() {
    let lanes: Vec<_> =
        HOSTS.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, lane)| lane.clone()).collect();
    lanes.iter().for_each(|lane| lane.give_driver(lane.state()));
}

impl Lane {
    fn start() -> std::io::Result<Arc<Self>> {
        let state = State { driver: Driver::Thread, under_way: 0, turns: 0, sleeping: Vec::new(), waker: None };
        let lane = Arc::new(Self {
            runtime: connect::runtime(connect::MAY_BLOCK)?,
            state: Mutex::new(state),
            called: Condvar::new(),
            order: tokio::sync::Mutex::new(()),
        });
        host::spawn_thread("pssailpointcc-io", {
            let lane = Arc::clone(&lane);
            move || lane.drive_when_nobody_does()
        })?;
        Ok(lane)
    }

    /// Starts an exchange that its caller does not wait for yet.
    pub(super) fn launch(self: &Arc<Self>, shared: &Shared, exchange: Box<Exchange>) {
        let under_way = UnderWay::new(self);
        // Boxed, because tokio moves a task several times.
        let task = self.runtime.spawn(Box::pin(exchange.run(under_way)));
        shared.started(task.abort_handle());
    }

    /// Starts an exchange, unless it has begun, and waits for its outcome.
    pub(super) fn finish(self: &Arc<Self>, shared: &Arc<Shared>, exchange: Option<Box<Exchange>>) -> Outcome {
        if let Some(exchange) = exchange {
            if may_drive(shared) && self.begin_turn() {
                self.drive(shared, Some(exchange));
            } else {
                self.launch(shared, exchange);
            }
        }
        let sleeps = self.fall_asleep(shared);
        loop {
            match shared.wait() {
                None if may_drive(shared) => self.drive(shared, None),
                None => self.end_turn(),
                Some(outcome) => {
                    if sleeps {
                        self.awake(shared);
                    }
                    return outcome;
                }
            }
        }
    }

    /// Becomes the driver, if there is none.
    fn begin_turn(&self) -> bool {
        let mut state = self.state();
        let is_free = matches!(state.driver, Driver::Nobody);
        if is_free {
            state.begin_turn();
        }
        is_free
    }

    /// Drives until there is an outcome, or the lane's thread takes over. Only for the driver.
    fn drive(self: &Arc<Self>, shared: &Arc<Shared>, exchange: Option<Box<Exchange>>) {
        let _turn = Turn(self);
        host::without_broken_pipes(|| {
            self.runtime.block_on(async {
                if let Some(exchange) = exchange {
                    let under_way = UnderWay::new(self);
                    let task = tokio::spawn(Box::pin(exchange.run(under_way)));
                    shared.started(task.abort_handle());
                }
                std::future::poll_fn(|context| {
                    if shared.has_ended(context.waker()) || self.is_asked(context.waker()) {
                        return Poll::Ready(());
                    }
                    Poll::Pending
                })
                .await;
            });
        });
    }

    /// Ends the turn of a caller: another caller drives, or the lane's thread if there is still something to do.
    fn end_turn(&self) {
        let mut state = self.state();
        state.waker = None;
        if !matches!(state.driver, Driver::Caller { is_asked: true }) {
            while let Some(other) = state.sleeping.pop() {
                if other.drive() {
                    state.begin_turn();
                    return;
                }
            }
        }
        if state.under_way > 0 {
            state.driver = Driver::Thread;
            drop(state);
            self.called.notify_one();
        } else {
            state.driver = Driver::Nobody;
        }
    }

    /// Has the lane's thread drive, unless there is a driver.
    fn give_driver(&self, mut state: MutexGuard<'_, State>) {
        if matches!(state.driver, Driver::Nobody) {
            state.driver = Driver::Thread;
            drop(state);
            self.called.notify_one();
        }
    }

    fn is_asked(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        if matches!(state.driver, Driver::Caller { is_asked: true }) {
            return true;
        }
        state.wake_by(waker);
        false
    }

    /// Whether the caller can become the driver in its sleep.
    fn fall_asleep(&self, shared: &Arc<Shared>) -> bool {
        if !may_drive(shared) {
            return false;
        }
        let mut state = self.state();
        let sleeps = matches!(state.driver, Driver::Caller { .. });
        if sleeps {
            state.sleeping.push(Arc::clone(shared));
        }
        sleeps
    }

    /// After a sleep. A turn that came too late goes on to the next.
    fn awake(&self, shared: &Arc<Shared>) {
        let mut state = self.state();
        if let Some(at) = state.sleeping.iter().position(|other| Arc::ptr_eq(other, shared)) {
            state.sleeping.swap_remove(at);
        } else if shared.take_turn() {
            drop(state);
            self.end_turn();
        }
    }

    fn drive_when_nobody_does(&self) {
        loop {
            self.runtime.block_on(std::future::poll_fn(|context| {
                let mut state = self.state();
                if !matches!(state.driver, Driver::Thread) {
                    return Poll::Ready(());
                }
                state.wake_by(context.waker());
                Poll::Pending
            }));
            let mut state = self.state();
            let mut turns = state.turns;
            while !matches!(state.driver, Driver::Thread) {
                let began = Instant::now();
                state = self.called.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
                if began.elapsed() < PATIENCE {
                    continue;
                }
                if turns == state.turns {
                    match &mut state.driver {
                        Driver::Nobody => state.driver = Driver::Thread,
                        Driver::Caller { is_asked } => {
                            *is_asked = true;
                            state.waker.take().iter().for_each(Waker::wake_by_ref);
                        }
                        Driver::Thread => {}
                    }
                }
                turns = state.turns;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the thread that waits for an exchange may drive: it must have time, drive nothing
/// else, and not be ending.
fn may_drive(shared: &Shared) -> bool {
    CALLERS_DRIVE
        && shared.may_wait(LEAST_WAIT)
        && Handle::try_current().is_err_and(|error| error.is_missing_context())
        && host::can_break_pipes()
}

impl State {
    fn begin_turn(&mut self) {
        self.driver = Driver::Caller { is_asked: false };
        self.turns += 1;
    }

    fn wake_by(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }
}

/// The turn of a caller, which ends also by a panic.
struct Turn<'l>(&'l Lane);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.end_turn();
    }
}

/// Counts an exchange as under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    lane: Arc<Lane>,
    /// Whether nobody drove when it was launched.
    looks: bool,
}

impl UnderWay {
    /// Gives the exchange a driver.
    fn new(lane: &Arc<Lane>) -> Self {
        let mut state = lane.state();
        state.under_way += 1;
        let looks = state.waker.is_none();
        lane.give_driver(state);
        Self { lane: Arc::clone(lane), looks }
    }

    /// Before the exchange: if nobody has driven for a while, connections that the server has closed meanwhile are noticed.
    pub(super) async fn look(&self) {
        let _turn = self.lane.order.lock().await;
        if self.looks {
            tokio::task::yield_now().await;
        }
    }
}

/// After the last exchange the lane's thread leaves the driving to the next caller, who is probably not long in coming.
impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        state.under_way -= 1;
        if CALLERS_DRIVE && state.under_way == 0 && matches!(state.driver, Driver::Thread) {
            state.driver = Driver::Nobody;
            let waker = state.waker.take();
            drop(state);
            waker.iter().for_each(Waker::wake_by_ref);
        }
    }
}
