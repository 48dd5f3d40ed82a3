//! The service's rate limit on the client side: a sliding window for each host and credential, shared by all threads.
//!
//! A request counts from its certain arrival, which is the begin of its answer. Otherwise a slow request would leave
//! the window here before it leaves the service's window.
//!
//! A check and its refresh take their places together ([`Places`]): the check would be too old after a wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::AUTHORIZATION;

use crate::cache::Cache;
use crate::config::{Effective, RateLimit};
use crate::control::{Control, Phase};
use crate::secret::Fingerprint;

/// The percentage of the limit that is left to other programs with the same credential.
const RESERVED_PERCENT: u64 = 5;

/// The longest time that a request takes to arrive.
const MAX_TRANSIT: Duration = Duration::from_secs(1);

/// The maximum number of windows.
const MAX_WINDOWS: usize = 1024;

/// A limit and the window it applies to.
#[derive(Debug)]
pub(crate) struct Rate {
    limit: RateLimit,
    /// The maximum number of requests in one window.
    max_requests: usize,
    window: Arc<Window>,
}

/// The permission to send one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permit(u64);

/// Places in the window for several requests, taken together by the first of them. What is left is given back when it
/// is dropped.
#[derive(Debug)]
pub(crate) struct Places {
    rate: Arc<Rate>,
    /// How many are taken together.
    wanted: usize,
    /// Whether they may be more than the limit.
    may_exceed: bool,
    state: Mutex<PlacesState>,
}

#[derive(Debug, Default)]
struct PlacesState {
    reserved: Vec<Permit>,
    has_begun: bool,
    /// How many requests have taken a place.
    used: usize,
}

/// For one host and credential, shared by configurations with different limits.
#[derive(Debug, Default)]
struct Window {
    state: Mutex<State>,
    /// Held by the first waiting request: first come, first served.
    queue: tokio::sync::Mutex<()>,
    /// Notified when a place is given back.
    released: tokio::sync::Notify,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<SentRequest>,
    number: u64,
    /// How long requests are remembered.
    retention: Duration,
    /// The end of the wait that the service asked for.
    held: Option<Instant>,
}

#[derive(Debug)]
struct SentRequest {
    number: u64,
    /// `None` for a place that is reserved for a later request.
    sent: Option<Instant>,
    arrived: Option<Instant>,
}

/// Why there is no permit, and until when.
enum NoPermit {
    Full(Instant),
    Held(Instant),
}

#[derive(PartialEq, Eq)]
struct Key {
    origin: String,
    credentials: Fingerprint,
}

impl Rate {
    pub(crate) fn of(configuration: &Effective) -> Arc<Self> {
        static WINDOWS: Cache<Key, Arc<Window>> = Cache::new(MAX_WINDOWS);
        let key = Key {
            origin: configuration.base_url.url().origin().ascii_serialization(),
            credentials: configuration
                .credentials
                .fingerprint(configuration.settings.default_headers.get(AUTHORIZATION)),
        };
        let window = WINDOWS.get_or_insert_with(key, Arc::default);
        let limit = configuration.settings.rate_limit;
        // Between 1 and 10,000.
        let max_requests = (limit.requests * (100 - RESERVED_PERCENT) / 100).max(1) as usize;
        Arc::new(Self { limit, max_requests, window })
    }

    /// A permit, if there is room and no request waits.
    pub(crate) fn try_acquire(&self, places: Option<&Places>) -> Option<Permit> {
        if let Some(permit) = places.and_then(Places::next) {
            return Some(permit);
        }
        let _turn = self.window.queue.try_lock().ok()?;
        self.take(places).ok()
    }

    /// Waits for a permit. If the service has asked to wait longer than `max_wait`, it fails with the remaining time.
    pub(crate) async fn acquire(
        &self,
        places: Option<&Places>,
        max_wait: Duration,
        control: &Control,
    ) -> Result<Permit, Duration> {
        let what = || {
            let RateLimit { requests, window } = self.limit;
            format!("Waiting for the rate limit ({requests} requests in {} s)", window.as_secs_f64())
        };
        // Do not queue if the wait is too long anyway.
        let held =
            self.window.lock().held.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        if held > max_wait {
            return Err(held);
        }
        let _queueing = control.begin_pause(Phase::RateLimit, None, what);
        let _turn = self.window.queue.lock().await;
        loop {
            // Created before the look at the window, so that no release in between is missed.
            let released = self.window.released.notified();
            match self.take(places) {
                Ok(permit) => return Ok(permit),
                Err(NoPermit::Full(until)) => {
                    let _pause = control.begin_pause(Phase::RateLimit, Some(until), what);
                    let _ = tokio::time::timeout_at(until.into(), released).await;
                }
                Err(NoPermit::Held(until)) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left > max_wait {
                        return Err(left);
                    }
                    let _pause =
                        control.begin_pause(Phase::RateLimit, Some(until), || "The service asks to wait".to_owned());
                    tokio::time::sleep_until(until.into()).await;
                }
            }
        }
    }

    /// Marks a request as arrived: the service has begun to answer, or will not answer.
    pub(crate) fn arrived(&self, permit: Permit) {
        let mut state = self.window.lock();
        if let Some(request) = state.requests.iter_mut().rfind(|request| request.number == permit.0) {
            request.arrived = Some(Instant::now());
        }
    }

    /// Makes all requests with this credential wait, as the service asked.
    pub(crate) fn hold(&self, until: Instant) {
        let mut state = self.window.lock();
        state.held = state.held.max(Some(until));
    }

    /// Gives a place back whose request is not sent.
    pub(crate) fn release(&self, permit: Permit) {
        self.window.lock().requests.retain(|request| request.number != permit.0);
        self.window.released.notify_one();
    }

    /// Takes the place for one request, and those that belong to it.
    fn take(&self, places: Option<&Places>) -> Result<Permit, NoPermit> {
        let wanted = places.map_or(1, |places| places.next_wanted(self.max_requests));
        let mut state = self.window.lock();
        let now = Instant::now();
        if let Some(until) = state.held.filter(|until| *until > now) {
            return Err(NoPermit::Held(until));
        }
        state.retention = state.retention.max(self.limit.window);
        if state.requests.len() + wanted > self.max_requests {
            let retention = state.retention;
            state.requests.retain(|request| request.ends(now, retention) > now);
            let ends = state.requests.iter().map(|request| request.ends(now, self.limit.window));
            let mut ends: Vec<Instant> = ends.filter(|end| *end > now).collect();
            // More than the limit go together when the window is empty.
            if ends.len() + wanted > self.max_requests && !ends.is_empty() {
                let enough = (ends.len() + wanted - self.max_requests).min(ends.len()) - 1;
                return Err(NoPermit::Full(*ends.select_nth_unstable(enough).1));
            }
        }
        let first = state.number + 1;
        state.number += wanted as u64;
        for number in first..first + wanted as u64 {
            let sent = (number == first).then_some(now);
            state.requests.push(SentRequest { number, sent, arrived: None });
        }
        drop(state);
        if let Some(places) = places {
            places.begin((first + 1..first + wanted as u64).map(Permit).collect());
        }
        Ok(Permit(first))
    }
}

impl Places {
    /// Places for `wanted` requests. They are taken when the first of the requests is sent. `may_exceed`: also where the
    /// limit is lower, because one after the other they would never be sent.
    pub(crate) fn new(rate: &Arc<Rate>, wanted: usize, may_exceed: bool) -> Self {
        Self { rate: Arc::clone(rate), wanted, may_exceed, state: Mutex::default() }
    }

    /// How many requests have taken a place.
    pub(crate) fn used(&self) -> usize {
        self.lock().used
    }

    /// The permit for the next request, if one is reserved.
    fn next(&self) -> Option<Permit> {
        let mut state = self.lock();
        let permit = state.reserved.pop()?;
        let mut window = self.rate.window.lock();
        if window.held.is_some_and(|until| until > Instant::now()) {
            // The service has asked to wait. All of them are taken again afterwards.
            drop(window);
            state.has_begun = false;
            state.reserved.drain(..).chain([permit]).for_each(|permit| self.rate.release(permit));
            return None;
        }
        state.used += 1;
        if let Some(request) = window.requests.iter_mut().rfind(|request| request.number == permit.0) {
            request.sent = Some(Instant::now());
        }
        Some(permit)
    }

    /// How many places the next request without a reserved one takes.
    fn next_wanted(&self, limit: usize) -> usize {
        let state = self.lock();
        let limit = if state.has_begun {
            1
        } else if self.may_exceed {
            usize::MAX
        } else {
            limit
        };
        self.wanted.saturating_sub(state.used).clamp(1, limit)
    }

    fn begin(&self, reserved: Vec<Permit>) {
        let mut state = self.lock();
        state.has_begun = true;
        state.used += 1;
        state.reserved.extend(reserved);
    }

    fn lock(&self) -> MutexGuard<'_, PlacesState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        for permit in std::mem::take(&mut self.lock().reserved) {
            self.rate.release(permit);
        }
    }
}

impl Window {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SentRequest {
    /// The earliest time at which it leaves the window.
    fn ends(&self, now: Instant, window: Duration) -> Instant {
        let sent = self.sent.unwrap_or(now);
        self.arrived.unwrap_or(now).min(sent + MAX_TRANSIT) + window
    }
}
