//! A request in flight: it does not block, so that one thread can have several.

use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::token::Bearer;
use super::{Call, Endpoint};
use crate::control::Phase;
use crate::error::{Code, Result, Sent};
use crate::http::{self, Delivery, PendingExchange, Request, Target, Timeouts};
use crate::response::{Response, StatusClass};

/// A request in flight. Dropping it aborts it: it is not sent if it was not sent yet.
#[derive(Debug)]
#[must_use = "it is given up when it is dropped"]
pub(crate) struct PendingCall<'c, E: Borrow<Endpoint> = Endpoint> {
    call: &'c Call<'c>,
    endpoint: E,
    target: Arc<Target>,
    body: Bytes,
    token: Option<Arc<Bearer>>,
    started: PendingExchange,
}

impl<'c> Call<'c> {
    /// Sends an authorised request and waits for the answer.
    pub(super) fn exchange(&self, endpoint: &Endpoint, body: Bytes) -> Result<Response> {
        self.begin(endpoint, body)?.finish()
    }

    /// Starts a request. It waits only for a token, if there is none.
    pub(super) fn begin<E: Borrow<Endpoint>>(&'c self, endpoint: E, body: Bytes) -> Result<PendingCall<'c, E>> {
        let borrowed = endpoint.borrow();
        if self.is_timed_out() {
            return Err(self.time_used_up(borrowed));
        }
        self.control.check()?;
        let target = self.service.target(borrowed, self.service.version());
        let token = self.service.tokens.token(self, None)?;
        let started = self.start(borrowed, &target, token.as_deref(), body.clone())?;
        Ok(PendingCall { call: self, endpoint, target, body, token, started })
    }

    fn start(
        &self,
        endpoint: &Endpoint,
        target: &Arc<Target>,
        token: Option<&Bearer>,
        body: Bytes,
    ) -> Result<PendingExchange> {
        let phase = match endpoint.delivery {
            Delivery::Once => Phase::Sending,
            Delivery::Repeatable => Phase::Searching,
        };
        self.control.set_phase(phase, endpoint.action);
        let authorization = token.filter(|_| self.service.tokens.renewable()).map(|bearer| bearer.header.clone());
        let request =
            Request { target: Arc::clone(target), authorization, body, delivery: endpoint.delivery, is_limited: true };
        http::start(&self.service.policy, request, self.timeouts(), self.control)
    }

    /// Repeats a question with the next version of the API, once in a call of the library, if the host seems to lack the
    /// version in use. If the host answers, it is used from now on. A refresh is never repeated.
    fn in_next_version(
        &self,
        endpoint: &Endpoint,
        response: &Response,
        token: Option<&Bearer>,
        body: Bytes,
    ) -> Result<Option<Response>> {
        let is_question = endpoint.delivery == Delivery::Repeatable && self.may_lack_version(endpoint);
        if !is_question || !response.is_missing_endpoint() || self.metadata.version_tried.swap(true, Ordering::Relaxed)
        {
            return Ok(None);
        }
        let version = self.service.version().next();
        let target = self.service.target(endpoint, version);
        let answer = match self.start(endpoint, &target, token, body)?.finish() {
            Ok(answer) => answer,
            Err(error) if error.details().code == Code::Cancelled => return Err(error),
            // The first answer is the error.
            Err(_) => return Ok(None),
        };
        let has_version = matches!(
            answer.class(),
            StatusClass::Success | StatusClass::Invalid | StatusClass::Forbidden | StatusClass::RateLimited
        );
        if !has_version || answer.is_html() {
            return Ok(None);
        }
        self.service.remember_version(version);
        self.metadata.version_changed.store(true, Ordering::Relaxed);
        Ok(Some(answer))
    }

    /// The time limits of one exchange.
    pub(super) fn timeouts(&self) -> Timeouts {
        Timeouts { timeout: self.service.configuration.settings.timeout, end: self.deadline }
    }

    /// The time for an exchange that does not wait for the rate limit.
    pub(super) fn remaining(&self) -> Duration {
        let Timeouts { timeout, end } = self.timeouts();
        end.map_or(timeout, |end| end.saturating_duration_since(Instant::now()).min(timeout))
    }
}

impl<E: Borrow<Endpoint>> PendingCall<'_, E> {
    /// Whether there is an answer, or is one within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.started.ends_within(time)
    }

    /// Waits for the answer. If the token is refused, it is renewed once and the request is sent again: the service
    /// does not process a request with an invalid token.
    pub(crate) fn finish(self) -> Result<Response> {
        let Self { call, endpoint, target, body, mut token, started } = self;
        let endpoint = endpoint.borrow();
        let tokens = &call.service.tokens;
        let mut response = started.finish()?;
        if response.status == 401 && tokens.renewable() && !response.is_unroutable() {
            token = tokens.token(call, token.as_deref())?;
            response = call.start(endpoint, &target, token.as_deref(), body.clone())?.finish()?;
        }
        if let Some(other) = call.in_next_version(endpoint, &response, token.as_deref(), body)? {
            response = other;
        }
        call.metadata.record(&response);
        if response.is_success() && !response.is_html() {
            if endpoint.path.is_versioned() && call.service.known_version().is_none() {
                call.service.remember_version(call.service.version());
            }
            return Ok(response);
        }
        // Without the query, which may be long.
        let url = call.service.url(&endpoint.path);
        if response.is_success() {
            if endpoint.delivery == Delivery::Once {
                call.control.record_sent(Sent::Maybe);
            }
            return Err(call.html_page(endpoint, &url, response));
        }
        Err(call.status_error(endpoint, &url, response))
    }
}
