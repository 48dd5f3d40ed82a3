//! One request with its retries: the part that runs on the thread that drives the connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, RETRY_AFTER};

use super::answer::{Answer, Content, End, Times};
use super::body::OneShot;
use super::cause::{Cause, TlsHint, TlsProblem, Tunnel};
use super::io::UnderWay;
use super::pending::{Outcome, Shared};
use super::rate_limit::{Permit, Rate};
use super::{Delivery, Request, Timeouts, origin, proxy, seconds_or_date, through};
use crate::config::Proxy;
use crate::control::{self, Control, Phase};
use crate::error::{Code, Error, Result, Sent};
use crate::response::{Receipt, Response, StatusClass};

pub(crate) struct Exchange {
    pub(crate) client: Client,
    pub(crate) request: Request,
    /// Through which the request goes.
    pub(crate) proxy: Option<Proxy>,
    /// Whose certificates are trusted, for errors.
    pub(crate) store: Arc<str>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) control: Control,
    /// Only for requests that count for the rate limit.
    pub(crate) rate: Option<Arc<Rate>>,
    pub(crate) timeouts: Timeouts,
    /// The end of `timeouts.timeout`; extended by waits for the rate limit.
    pub(crate) deadline: Instant,
    pub(crate) pause: Duration,
    pub(crate) maximum_bytes: u64,
}

/// A failed attempt, and whether a retry is possible.
struct FailedAttempt {
    error: Error,
    repeat: bool,
}

impl Exchange {
    pub(super) async fn run(mut self: Box<Self>, under_way: UnderWay) {
        under_way.look().await;
        let result = self.attempts().await;
        // First, so that the waiting thread can drive the next exchange.
        drop(under_way);
        self.shared.end(Outcome::Ended(result));
    }

    async fn attempts(&mut self) -> Result<End> {
        loop {
            if self.shared.gate.is_check_too_old() {
                return Ok(self.check_too_old());
            }
            let Some(permit) = self.acquire_permit().await? else { return Ok(self.check_too_old()) };
            let attempt = self.attempt(permit).await;
            if attempt.is_err() && self.shared.gate.came_too_late() {
                return Ok(self.check_too_old());
            }
            let mut retry_after = None;
            match &attempt {
                Ok(answer) if StatusClass::of(answer.status) == StatusClass::RateLimited => {
                    let text = answer.retry_after.as_ref().and_then(|value| value.to_str().ok());
                    retry_after = text.and_then(seconds_or_date);
                }
                Ok(answer) if self.is_repeatable() && StatusClass::of(answer.status) == StatusClass::Gateway => {}
                Err(attempt) if attempt.repeat => {}
                _ => return attempt.map(End::Answered).map_err(|attempt| attempt.error),
            };
            let pause = retry_after.unwrap_or(self.pause);
            let until = Instant::now() + pause;
            if until >= self.wait_end() {
                return attempt.map(End::Answered).map_err(|attempt| attempt.error);
            }
            if let (Some(rate), Some(_)) = (&self.rate, retry_after) {
                rate.hold(until);
            }
            if self.timeouts.retries == 0 {
                return attempt.map(End::Answered).map_err(|attempt| attempt.error);
            }
            self.timeouts.retries -= 1;
            // The request was not processed: until the next attempt it counts as not sent.
            self.shared.gate.close();
            // The rate limit makes all requests wait as long as the service asked.
            if self.rate.is_none() || retry_after.is_none() {
                let _pause = self.control.begin_pause(Phase::Waiting, Some(until), || "Trying again".to_owned());
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Waits for a permit of the rate limit, if there is one. This wait does not count for the timeout. `None`: the check
    /// would be too old afterwards.
    async fn acquire_permit(&mut self) -> Result<Option<Option<Permit>>> {
        let Some(rate) = &self.rate else { return Ok(Some(None)) };
        let places = self.request.places.as_deref();
        if let Some(permit) = rate.try_acquire(places) {
            return Ok(Some(Some(permit)));
        }
        self.shared.hold(self.timeouts);
        let began = Instant::now();
        let permit = rate.acquire(places, self.deadline.saturating_duration_since(began), &self.control);
        let acquired = match self.shared.gate.check_ends() {
            None => Some(permit.await),
            Some(end) => tokio::time::timeout_at(end.into(), permit).await.ok(),
        };
        self.deadline += began.elapsed();
        self.shared.release(self.wait_end());
        match acquired {
            None => Ok(None),
            Some(Ok(permit)) => Ok(Some(Some(permit))),
            Some(Err(left)) => Err(must_wait_longer(&self.request, left)),
        }
    }

    fn check_too_old(&self) -> End {
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        End::CheckTooOld(Timeouts { timeout, ..self.timeouts })
    }

    fn wait_end(&self) -> Instant {
        self.timeouts.end.map_or(self.deadline, |end| end.min(self.deadline))
    }

    async fn attempt(&self, permit: Option<Permit>) -> std::result::Result<Answer, FailedAttempt> {
        // Without a body there is nothing to hold back: the request counts as sent from here on.
        let has_no_body = self.request.body.is_empty();
        if !self.shared.gate.close() || has_no_body && !self.shared.gate.take() {
            return Err(FailedAttempt { error: control::cancelled(Sent::No), repeat: false });
        }
        let target = &self.request.target;
        let mut request = reqwest::Request::new(target.method.clone(), target.url.clone());
        *request.headers_mut() = target.headers.clone();
        if let Some(authorization) = &self.request.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if !has_no_body {
            let bytes = self.request.body.clone();
            *request.body_mut() = Some(match self.request.delivery {
                Delivery::Once(_) => reqwest::Body::wrap(OneShot::new(Arc::clone(&self.shared), bytes)),
                Delivery::Repeatable => bytes.into(),
            });
        }
        let asked = Instant::now();
        let answered = self.client.execute(request).await;
        let times = Times { asked, answered: Instant::now() };
        if let (Some(rate), Some(permit)) = (&self.rate, permit) {
            if self.shared.gate.came_too_late() { rate.release(permit) } else { rate.arrived(permit) }
        }
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(error) => {
                let error = error.without_url();
                let cause = Cause::of(&error);
                return Err(match (&self.proxy, cause.tunnel) {
                    (Some(proxy), Some(tunnel)) => self.tunnel_error(proxy, tunnel, &cause, &error).await,
                    _ => self.connection_error(&cause, &error),
                });
            }
        };
        let status = answer.status().as_u16();
        self.shared.gate.answered(Receipt::of_status(status));
        // What is announced as too long is not read.
        let announced = answer.content_length().unwrap_or(0);
        if announced > self.maximum_bytes && Receipt::of_status(status) != Receipt::Refused {
            return Err(self.too_long(status));
        }
        let mut body = Vec::with_capacity(announced.min(self.maximum_bytes).min(1 << 20) as usize);
        loop {
            match answer.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() as u64 + chunk.len() as u64 > self.maximum_bytes => {
                    return Err(self.too_long(status));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                // For these only the status matters.
                Err(_) if Receipt::of_status(status) == Receipt::Refused => break,
                Err(error) => return Err(self.incomplete_answer(status, &error.without_url())),
            }
        }
        let headers = std::mem::take(answer.headers_mut());
        let is_limited = StatusClass::of(status) == StatusClass::RateLimited;
        let retry_after = headers.get(RETRY_AFTER).filter(|_| is_limited).cloned();
        let content = match self.request.delivery {
            Delivery::Once(form) => {
                let response = Response::new(status, headers, body);
                self.shared.gate.answered(response.receipt(form));
                Content::Read(response)
            }
            Delivery::Repeatable => Content::Raw(headers, body),
        };
        Ok(Answer { status, retry_after, content, times })
    }

    fn too_long(&self, status: u16) -> FailedAttempt {
        let (target, maximum) = (&self.request.target, self.maximum_bytes);
        let message = format!("{target} answered with status {status} and more than {maximum} bytes, the maximum.");
        self.final_error(Error::new(Code::InvalidResponse, message).hint("⟦=maximumResponseBytes⟧ sets the limit."))
    }

    fn is_repeatable(&self) -> bool {
        self.request.delivery == Delivery::Repeatable
    }

    /// The error of an exchange without an answer.
    fn connection_error(&self, cause: &Cause, error: &reqwest::Error) -> FailedAttempt {
        let target = &self.request.target;
        let url = &target.url;
        let host = url.host_str().unwrap_or_default();
        let through = through(self.proxy.as_ref());
        let refused = self.shared.gate.is_closed();
        let not_processed = refused || cause.not_processed || error.is_connect();
        let (code, message, hint) = match cause {
            Cause { tls: Some(TlsProblem { reason, hint }), .. } => (
                Code::Tls,
                format!("No encrypted connection to {host}{through}: {reason}."),
                self.tls_hint(*hint),
            ),
            _ if error.is_dns() => (
                Code::HostNotFound,
                format!("The host {host} was not found."),
                "Check the tenant's name in ⟦=baseUrl⟧ (https://{tenant}.api.identitynow.com) and the network's DNS. Where only a \
                 proxy reaches the internet, give it as ⟦=proxy⟧ or HTTPS_PROXY."
                    .to_owned(),
            ),
            _ if error.is_connect() && self.proxy.is_some() => (
                Code::Connection,
                format!("No connection to {host}{through}: {}.", cause.text),
                "It is not known whether the proxy or the network behind it has not answered. Ask who runs the proxy.".to_owned(),
            ),
            _ if error.is_connect() => (
                Code::Connection,
                format!("No connection to {}{through}: {}.", origin(url), cause.text),
                "Look at ⟦=baseUrl⟧ and the network. Where only a proxy reaches the internet, give it as ⟦=proxy⟧ or HTTPS_PROXY.".to_owned(),
            ),
            Cause { is_not_http: true, .. } => (
                Code::InvalidResponse,
                format!("{target} answered with something that is not HTTP{through}: {}.", cause.text),
                "Another program than the service seems to listen there.".to_owned(),
            ),
            _ => (
                Code::Connection,
                format!("The connection to {}{through} was lost before an answer came: {}.", origin(url), cause.text),
                "Look at the network, and at a proxy, between here and the service.".to_owned(),
            ),
        };
        let is_permanent = matches!(code, Code::Tls | Code::HostNotFound);
        self.unanswered(code, message, hint, not_processed, !is_permanent)
    }

    fn tls_hint(&self, hint: TlsHint) -> String {
        let store = &self.store;
        match hint {
            TlsHint::Authority => format!(
                "Certificates are checked against {store}. If the issuer is an authority of your company, whose network inspects \
                 connections, give its certificate as ⟦=caFile⟧ (PEM). Otherwise somebody else may be answering: ask who runs the network."
            ),
            TlsHint::Date => "If the date is right, whoever runs the server must renew its certificate. If not, set this machine's clock.".to_owned(),
            TlsHint::Name => "Check the host's name in ⟦=baseUrl⟧. A DNS entry or a proxy may also lead to another server.".to_owned(),
            TlsHint::Port => "Check the host and the port in ⟦=baseUrl⟧: https is usually at port 443.".to_owned(),
            TlsHint::Server => String::new(),
        }
    }

    /// The error if the proxy has opened no tunnel. Nothing has reached the service.
    async fn tunnel_error(
        &self,
        proxy: &Proxy,
        tunnel: Tunnel,
        cause: &Cause,
        error: &reqwest::Error,
    ) -> FailedAttempt {
        let (address, name) = (proxy.address(), proxy.name());
        let host = self.request.target.url.host_str().unwrap_or_default();
        let look = format!("The address comes from {name}. Look at it, and at the network.");
        let (code, message, hint, repeat) = match (tunnel, cause) {
            (Tunnel::NotReached, Cause { tls: Some(problem), .. }) => (
                Code::Tls,
                format!("No encrypted connection to the proxy {address}: {}.", problem.reason),
                self.tls_hint(problem.hint),
                false,
            ),
            (Tunnel::NotReached, _) if error.is_dns() => (
                Code::HostNotFound,
                format!("The proxy {address} was not found: its name is unknown."),
                format!("The address comes from {name}. Check it, and the network's DNS."),
                false,
            ),
            (Tunnel::NotReached, Cause { text, .. }) => {
                (Code::Connection, format!("No connection to the proxy {address}: {text}."), look, true)
            }
            (Tunnel::NeedsPassword, _) if proxy.has_credentials() => (
                Code::Connection,
                format!("The proxy {address} has refused the user name or the password in its address (status 407)."),
                format!(
                    "The address comes from {name}. It was not tried again, because failed log-ins lock accounts.\n{WITH_PASSWORD}"
                ),
                false,
            ),
            (Tunnel::NeedsPassword, _) => (
                Code::Connection,
                format!("The proxy {address} wants a user name and a password (status 407)."),
                format!(
                    "Its address, which comes from {name}, has none. Only basic authentication is possible.\n{WITH_PASSWORD}"
                ),
                false,
            ),
            (Tunnel::Refused, _) => {
                let status = proxy::status_of_connect(proxy, &self.request.target.url, self.wait_end()).await;
                let answer = match status {
                    Some(status) => format!("has answered CONNECT with status {status}"),
                    None => "has answered CONNECT with something that is not HTTP".to_owned(),
                };
                (
                    Code::Connection,
                    format!("The proxy {address} opened no connection to {host}: it {answer}."),
                    format!(
                        "Ask who runs the proxy whether it may and can reach {host}. Its address comes from {name}; ⟦=noProxy⟧ names hosts that are reached without it."
                    ),
                    status.is_none_or(|status| status >= 500),
                )
            }
            (Tunnel::BrokeOff, Cause { text, .. }) => (
                Code::Connection,
                format!("The proxy {address} opened no connection to {host}: it has ended the connection ({text})."),
                look,
                true,
            ),
        };
        self.unanswered(code, message, hint, true, repeat)
    }

    /// The error of an attempt without an answer. `not_processed`: the service has certainly not taken it.
    fn unanswered(
        &self,
        code: Code,
        message: String,
        hint: String,
        not_processed: bool,
        may_repeat: bool,
    ) -> FailedAttempt {
        let sent = if not_processed { Sent::No } else { self.shared.gate.sent() };
        let advice = match (self.request.delivery, sent) {
            (Delivery::Once(_), Sent::No) => "\nIt was not sent: it is safe to try again.",
            (Delivery::Once(_), _) => {
                "\nThe service may have accepted the refresh: check the tenant before sending it again."
            }
            (Delivery::Repeatable, _) => "",
        };
        FailedAttempt {
            error: Error::new(code, message).hint(format!("{hint}{advice}").trim().to_owned()).sent(sent),
            repeat: may_repeat && (not_processed || self.is_repeatable()),
        }
    }

    /// The error of an incomplete answer.
    fn incomplete_answer(&self, status: u16, error: &reqwest::Error) -> FailedAttempt {
        let cause = Cause::of(error);
        let code = if error.is_decode() || cause.is_not_http { Code::InvalidResponse } else { Code::Connection };
        self.final_error(
            Error::new(
                code,
                format!(
                    "{} answered with status {status}, and the answer broke off: {}.",
                    self.request.target, cause.text
                ),
            )
            .hint(match self.request.delivery {
                Delivery::Once(_) => {
                    "Whether the service has taken the refresh is unknown: check the tenant before sending it again."
                }
                Delivery::Repeatable => "Look at the network between here and the service.",
            }),
        )
    }

    /// An error after which there is no retry.
    fn final_error(&self, error: Error) -> FailedAttempt {
        FailedAttempt { error: error.sent(self.shared.gate.sent()), repeat: false }
    }
}

const WITH_PASSWORD: &str = "Write it like http://user:password@proxy.example:8080, with the user name and the password percent-encoded (DOMAIN\\user as \
                             DOMAIN%5Cuser, # as %23, @ as %40).";

/// Wakes the waiter in any case. After an outcome this has no effect.
impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.end(Outcome::Lost);
    }
}

/// The error if the service asks to wait longer than the timeout.
fn must_wait_longer(request: &Request, left: Duration) -> Error {
    let seconds = left.as_secs_f64().ceil() as u64;
    Error::new(
        Code::RateLimited,
        format!(
            "{} was not sent: the service has asked to wait {seconds} s more, longer than ⟦=timeoutSec⟧.",
            request.target
        ),
    )
    .hint("It is safe to try again then.")
    .retry_after(Some(seconds))
}
