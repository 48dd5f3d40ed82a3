//! The service's rate limit on the client side: a sliding window for each host and credential, shared by all threads.
//!
//! A request counts from its certain arrival, which is the begin of its answer. Otherwise a slow request would leave
//! the window here before it leaves the service's window.

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

/// For one host and credential, shared by configurations with different limits.
#[derive(Debug, Default)]
struct Window {
    state: Mutex<State>,
    /// Held by the first waiting request: first come, first served.
    queue: tokio::sync::Mutex<()>,
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
    sent: Instant,
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
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let _turn = self.window.queue.try_lock().ok()?;
        self.take().ok()
    }

    /// Waits for a permit. If the service has asked to wait longer than `max_wait`, it fails with the remaining time.
    pub(crate) async fn acquire(&self, max_wait: Duration, control: &Control) -> Result<Permit, Duration> {
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
            match self.take() {
                Ok(permit) => return Ok(permit),
                Err(NoPermit::Full(until)) => {
                    let _pause = control.begin_pause(Phase::RateLimit, Some(until), what);
                    tokio::time::sleep_until(until.into()).await;
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

    fn take(&self) -> Result<Permit, NoPermit> {
        let mut state = self.window.lock();
        let now = Instant::now();
        if let Some(until) = state.held.filter(|until| *until > now) {
            return Err(NoPermit::Held(until));
        }
        state.retention = state.retention.max(self.limit.window);
        if state.requests.len() >= self.max_requests {
            let retention = state.retention;
            state.requests.retain(|request| request.ends(now, retention) > now);
            let ends = state.requests.iter().map(|request| request.ends(now, self.limit.window));
            let mut ends: Vec<Instant> = ends.filter(|end| *end > now).collect();
            if ends.len() >= self.max_requests {
                let enough = ends.len() - self.max_requests;
                return Err(NoPermit::Full(*ends.select_nth_unstable(enough).1));
            }
        }
        state.number += 1;
        let number = state.number;
        state.requests.push(SentRequest { number, sent: now, arrived: None });
        Ok(Permit(number))
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
        self.arrived.unwrap_or(now).min(self.sent + MAX_TRANSIT) + window
    }
}
