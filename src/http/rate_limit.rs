//! The service's rate limit, kept on this side: a sliding window for each host and credential, shared by all threads.
//!
//! A request counts from the time when it has certainly arrived, which is when its answer begins: a slow one would
//! otherwise leave the window here before it leaves the service's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderValue};

use crate::cache::Cache;
use crate::config::{Credentials, Effective, RateLimit};
use crate::control::{Control, Phase};

/// The percentage of the limit that is left to other programs with the same credential.
const LEFT_TO_OTHERS: u64 = 5;

/// The longest time that a request takes to arrive.
const LONGEST_WAY: Duration = Duration::from_secs(1);

/// How many credentials' windows are kept at the same time.
const CREDENTIALS: usize = 1024;

/// A rate, and the window that it is held against.
#[derive(Debug)]
pub(crate) struct Rate {
    limit: RateLimit,
    /// The most requests in one window.
    most: usize,
    window: Arc<Window>,
}

/// The permission to send one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permit(u64);

/// Of one host and credential, whatever rates its configurations name.
#[derive(Debug, Default)]
struct Window {
    state: Mutex<State>,
    /// Held by the request that is next: first come, first served.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    passed: Vec<Passed>,
    number: u64,
    /// The longest that a request is remembered for.
    longest: Duration,
    /// Until when the service has asked to wait.
    held: Option<Instant>,
}

#[derive(Debug)]
struct Passed {
    number: u64,
    left: Instant,
    arrived: Option<Instant>,
}

/// Why there is no permit now, and until when.
enum Closed {
    Full(Instant),
    Held(Instant),
}

#[derive(PartialEq, Eq)]
struct Key {
    origin: String,
    credentials: Credentials,
    /// Where that is the credential.
    header: Option<HeaderValue>,
}

impl Rate {
    pub(crate) fn of(configuration: &Effective) -> Arc<Self> {
        static WINDOWS: Cache<Key, Arc<Window>> = Cache::new(CREDENTIALS);
        let key = Key {
            origin: configuration.base_url.url().origin().ascii_serialization(),
            credentials: configuration.credentials.clone(),
            header: configuration.settings.default_headers.get(AUTHORIZATION).cloned(),
        };
        let window = WINDOWS.get_or_insert_with(key, Arc::default);
        let limit = configuration.settings.rate_limit;
        // At most 10,000, and at least one.
        let most = (limit.requests * (100 - LEFT_TO_OTHERS) / 100).max(1) as usize;
        Arc::new(Self { limit, most, window })
    }

    /// A permit, where there is room and nobody waits.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let _turn = self.window.turn.try_lock().ok()?;
        self.take().ok()
    }

    /// Waits for a permit. An error, with how long it would take, where the service has asked to wait for longer than
    /// `patience`.
    pub(crate) async fn pass(&self, patience: Duration, control: &Control) -> Result<Permit, Duration> {
        let what = || {
            let RateLimit { requests, window } = self.limit;
            format!("Waiting for the rate limit ({requests} requests in {} s)", window.as_secs_f64())
        };
        // A call that cannot wait that long does not queue behind others.
        let held =
            self.window.lock().held.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        if held > patience {
            return Err(held);
        }
        let _queueing = control.pausing(Phase::RateLimit, None, what);
        let _turn = self.window.turn.lock().await;
        loop {
            match self.take() {
                Ok(permit) => return Ok(permit),
                Err(Closed::Full(until)) => {
                    let _pausing = control.pausing(Phase::RateLimit, Some(until), what);
                    tokio::time::sleep_until(until.into()).await;
                }
                Err(Closed::Held(until)) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left > patience {
                        return Err(left);
                    }
                    let _pausing =
                        control.pausing(Phase::RateLimit, Some(until), || "The service asks to wait".to_owned());
                    tokio::time::sleep_until(until.into()).await;
                }
            }
        }
    }

    /// The service has begun to answer, or will not answer.
    pub(crate) fn arrived(&self, permit: Permit) {
        let mut state = self.window.lock();
        if let Some(passed) = state.passed.iter_mut().rfind(|passed| passed.number == permit.0) {
            passed.arrived = Some(Instant::now());
        }
    }

    /// The service asks to wait: all requests with this credential wait.
    pub(crate) fn hold(&self, until: Instant) {
        let mut state = self.window.lock();
        state.held = state.held.max(Some(until));
    }

    fn take(&self) -> Result<Permit, Closed> {
        let mut state = self.window.lock();
        let now = Instant::now();
        if let Some(until) = state.held.filter(|until| *until > now) {
            return Err(Closed::Held(until));
        }
        state.longest = state.longest.max(self.limit.window);
        if state.passed.len() >= self.most {
            let longest = state.longest;
            state.passed.retain(|passed| passed.ends(now, longest) > now);
            let ends = state.passed.iter().map(|passed| passed.ends(now, self.limit.window));
            let mut ends: Vec<Instant> = ends.filter(|end| *end > now).collect();
            if ends.len() >= self.most {
                let enough = ends.len() - self.most;
                return Err(Closed::Full(*ends.select_nth_unstable(enough).1));
            }
        }
        state.number += 1;
        let number = state.number;
        state.passed.push(Passed { number, left: now, arrived: None });
        Ok(Permit(number))
    }
}

impl Window {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passed {
    /// When it leaves the window, at the earliest.
    fn ends(&self, now: Instant, window: Duration) -> Instant {
        self.arrived.unwrap_or(now).min(self.left + LONGEST_WAY) + window
    }
}
