//! HTTP: the only asynchronous module, and the only one that sends bytes.
//!
//! The connections to a host are driven all the time, by the caller that waits for a quick answer or by a thread ([`io`]): a
//! runtime that is polled only during calls would not notice when a server closes a connection. Callers are synchronous
//! and have their own deadline. Where the system's check of a certificate may block the thread that drives, another one
//! takes its place meanwhile ([`connect`]).
//!
//! A refresh passes a [`Gate`]: the connection that is about to write the body can take it once. Before, it is certain
//! that nothing was sent; afterwards, only an answer of the service can prove that it was not accepted. A lower layer
//! cannot repeat the request, because there is no second body.

mod answer;
mod body;
mod cause;
mod certificate;
mod client;
mod connect;
mod dns;
mod exchange;
mod io;
mod pending;
mod proxy;
mod rate_limit;
mod trust;

use std::num::IntErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Url};

use self::answer::End;
pub(crate) use self::answer::Times;
use self::body::Gate;
use self::client::client;
pub(crate) use self::client::forget_clients;
use self::exchange::Exchange;
use self::io::Lane;
use self::pending::{Limit, Outcome, Shared};
pub(crate) use self::rate_limit::Places;
use self::rate_limit::Rate;
use crate::config::{Effective, Proxy, Transport};
use crate::control::{Control, Registration, cancelled};
use crate::error::{Code, Error, Result, Sent};
use crate::response::{Form, Response};

/// The common parts of all requests to an endpoint. Created once, because parsing a URL is slow.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// All headers except a fetched token.
    pub(crate) headers: HeaderMap,
    /// Its connections.
    lane: Arc<Lane>,
}

impl Target {
    pub(crate) fn new(method: Method, url: Url, headers: HeaderMap) -> Result<Self> {
        let lane = io::lane_to(&url)?;
        Ok(Self { method, url, headers, lane })
    }
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) target: Arc<Target>,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) body: Bytes,
    pub(crate) delivery: Delivery,
    /// Whether it counts for the service's rate limit. Requests for tokens do not.
    pub(crate) is_limited: bool,
    /// Its places in the rate limit, if it shares them with other requests.
    pub(crate) places: Option<Arc<Places>>,
    /// When the check that precedes a refresh becomes too old.
    pub(crate) check_ends: Option<Instant>,
}

/// Whether a request may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// A refresh: only if the service is known not to have taken it. The form of the answer that it was taken.
    Once(Form),
    /// A request that changes nothing.
    Repeatable,
}

/// The limits of an exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// For the exchange and its retries, without waits for the rate limit.
    pub(crate) timeout: Duration,
    /// The end of the whole call.
    pub(crate) end: Option<Instant>,
    /// How often a request that was not processed is sent again.
    pub(crate) retries: u64,
}

/// How an exchange has ended without an error.
pub(crate) enum Finished {
    Answered(Response, Times),
    /// The check has become too old before the refresh was sent. What is left of the time and of the retries.
    CheckTooOld(Timeouts),
}

/// How exchanges are carried out: client, rate limit, retries.
#[derive(Debug)]
pub(crate) struct Policy {
    client: Client,
    transport: Transport,
    /// Whose certificates are trusted, for errors.
    store: Arc<str>,
    rate: Arc<Rate>,
    pause: Duration,
    maximum_bytes: u64,
}

impl Policy {
    pub(crate) fn new(configuration: &Effective) -> Result<Self> {
        Ok(Self {
            client: client(&configuration.transport)?,
            transport: configuration.transport.clone(),
            store: trust::describe(&configuration.transport).into(),
            rate: Rate::of(configuration),
            pause: configuration.settings.retry_interval,
            maximum_bytes: configuration.settings.maximum_response_bytes,
        })
    }

    /// Places in the rate limit for several requests, taken together by the first.
    pub(crate) fn places(&self, number: usize, may_exceed: bool) -> Arc<Places> {
        Arc::new(Places::new(&self.rate, number, may_exceed))
    }
}

/// Sends `request` and returns the answer, with any status. Waits after 429, and repeats what was not sent.
pub(crate) fn send(policy: &Policy, request: Request, timeouts: Timeouts, control: &Control) -> Result<Response> {
    match start(policy, request, timeouts, control)?.finish()? {
        Finished::Answered(response, _) => Ok(response),
        Finished::CheckTooOld(_) => Err(unchecked()),
    }
}

/// Prepares `request`, which is sent when the caller waits for the answer, or earlier by [`PendingExchange::launch`].
pub(crate) fn start(
    policy: &Policy,
    request: Request,
    timeouts: Timeouts,
    control: &Control,
) -> Result<PendingExchange> {
    let now = Instant::now();
    let timeout = timeouts.end.map_or(timeouts.timeout, |end| timeouts.timeout.min(end.saturating_duration_since(now)));
    let target = Arc::clone(&request.target);
    let proxy = policy.transport.proxy_for(&target.url).cloned();
    let shared = Arc::new(Shared::new(request.delivery, request.check_ends, now + timeout));
    // Before it begins, so that nothing is sent after a cancel.
    let registration = control.register(Arc::clone(&shared) as _)?;
    let exchange = Exchange {
        client: policy.client.clone(),
        proxy: proxy.clone(),
        store: Arc::clone(&policy.store),
        shared: Arc::clone(&shared),
        control: control.clone(),
        rate: request.is_limited.then(|| Arc::clone(&policy.rate)),
        timeouts,
        deadline: now + timeouts.timeout,
        pause: policy.pause,
        maximum_bytes: policy.maximum_bytes,
        request,
    };
    Ok(PendingExchange {
        exchange: Some(Box::new(exchange)),
        shared,
        target,
        proxy,
        timeout,
        registration,
        has_ended: false,
    })
}

/// An exchange in flight. Dropping it aborts it.
#[must_use = "it is given up when it is dropped"]
pub(crate) struct PendingExchange {
    /// Until it begins.
    exchange: Option<Box<Exchange>>,
    shared: Arc<Shared>,
    target: Arc<Target>,
    proxy: Option<Proxy>,
    timeout: Duration,
    registration: Registration,
    has_ended: bool,
}

impl PendingExchange {
    /// Begins, for a caller that does something else before it waits.
    pub(crate) fn launch(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            self.target.lane.launch(&self.shared, exchange);
        }
    }

    /// Waits for the answer. A late answer counts if it came before this call.
    pub(crate) fn finish(mut self) -> Result<Finished> {
        let outcome = self.target.lane.finish(&self.shared, self.exchange.take());
        self.has_ended = true;
        let gate = &self.shared.gate;
        let result = match outcome {
            // Parsed here to keep the thread that drives the connections free.
            Outcome::Ended(result) => result.map(|end| match end {
                End::Answered(answer) => {
                    let times = answer.times;
                    Finished::Answered(answer.read(), times)
                }
                End::CheckTooOld(left) => Finished::CheckTooOld(left),
            }),
            Outcome::Pending(limit) => {
                self.shared.abort();
                Err(timed_out(&self.target, self.proxy.as_ref(), self.timeout, limit, gate))
            }
            Outcome::Cancelled => Err(cancelled(gate.sent())),
            Outcome::Lost => Err(Error::new(
                Code::Internal,
                format!("A defect of PSSailpointCC ended the exchange with {}.", self.target),
            )
            .sent(gate.sent())),
        };
        self.record_sent(match &result {
            Ok(_) => gate.sent(),
            Err(error) => error.details().sent,
        });
        result
    }

    /// Whether [`finish`](Self::finish) has nothing to wait for after this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.shared.ends_within(time)
    }

    fn record_sent(&self, sent: Sent) {
        if sent != Sent::No {
            self.registration.control().record_sent(sent);
        }
    }
}

impl std::fmt::Debug for PendingExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingExchange").field("target", &self.target).field("shared", &self.shared).finish()
    }
}

impl Drop for PendingExchange {
    fn drop(&mut self) {
        if !self.has_ended {
            self.shared.abort();
            self.record_sent(self.shared.gate.sent());
        }
    }
}

/// The error of a request without a check that ends as if its check had become too old.
pub(crate) fn unchecked() -> Error {
    Error::new(Code::Internal, "A defect of PSSailpointCC: a request without a check has waited for one.")
}

/// The service's Retry-After.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    seconds_or_date(response.header(RETRY_AFTER)?)
}

/// Longer values are treated as this.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// Parses both forms of Retry-After.
fn seconds_or_date(text: &str) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => LONGEST_WAIT,
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    // A date in the past, by this machine's clock, counts as absent.
    (!wait.is_zero()).then(|| wait.min(LONGEST_WAIT))
}

fn timed_out(target: &Target, proxy: Option<&Proxy>, timeout: Duration, limit: Limit, gate: &Gate) -> Error {
    let sent = gate.sent();
    if limit.is_held {
        return Error::new(
            Code::Timeout,
            format!("{target} was held back by the rate limit until the call's time was used up."),
        )
        .hint("It was not sent: it is safe to try again. ⟦rate-limits⟧.")
        .sent(sent);
    }
    let hint = match (gate.delivery, sent) {
        (Delivery::Repeatable, _) => "⟦timeouts⟧.",
        (_, Sent::No) => "It was not sent: it is safe to try again. ⟦timeouts⟧.",
        _ => {
            "The refresh was sent, and the service may have accepted it: check the tenant before sending it again. ⟦timeouts⟧."
        }
    };
    // In milliseconds, because the rest of totalTimeoutSec is not a whole number of seconds.
    let seconds = timeout.as_millis() as f64 / 1000.0;
    Error::new(Code::Timeout, format!("{target} did not answer within {seconds} s{}.", through(proxy)))
        .hint(hint)
        .sent(sent)
}

/// "POST https://host/path", for errors.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}{}", self.method, origin(&self.url), self.url.path())
    }
}

/// The proxy as a part of a sentence; empty without one.
fn through(proxy: Option<&Proxy>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through the proxy {}", proxy.address()))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_future_date() {
        let seconds = |text: &str| seconds_or_date(text).map(|wait| wait.as_secs());
        let in_a_minute = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        assert!((58..=60).contains(&seconds(&in_a_minute).expect("a date")));
        for (text, wait) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("0", None),
            ("-7", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("999999", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
        ] {
            assert_eq!(seconds(text), wait, "{text:?}");
        }
    }
}
