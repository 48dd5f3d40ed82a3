//! A request in flight. Launched, it does not block, so that one thread can have several.

use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::token::Bearer;
use super::{Call, Endpoint, Proof};
use crate::control::Phase;
use crate::error::{Code, Result};
use crate::http::{self, Delivery, Finished, PendingExchange, Request, Target, Timeouts};
use crate::response::{Receipt, Response, StatusClass};

/// A request in flight. Dropping it aborts it: it is not sent if it was not sent yet.
#[derive(Debug)]
#[must_use = "it is given up when it is dropped"]
pub(crate) struct PendingCall<'c, E: Borrow<Endpoint> = Endpoint> {
    call: &'c Call<'c>,
    endpoint: E,
    target: Arc<Target>,
    body: Bytes,
    token: Option<Arc<Bearer>>,
    proof: Option<Proof>,
    started: PendingExchange,
}

impl<'c> Call<'c> {
    /// Sends an authorised request and waits for the answer.
    pub(super) fn exchange(&self, endpoint: &Endpoint, body: Bytes) -> Result<Response> {
        self.begin(endpoint, body)?.finish()
    }

    /// Prepares a request, which is sent when its answer is waited for, or when it is [launched](PendingCall::launched). It
    /// waits only for a token, if there is none.
    pub(super) fn begin<E: Borrow<Endpoint>>(&'c self, endpoint: E, body: Bytes) -> Result<PendingCall<'c, E>> {
        self.begin_checked(endpoint, body, None)
    }

    /// The same for a refresh that is not sent after the end of its check.
    pub(super) fn begin_checked<E: Borrow<Endpoint>>(
        &'c self,
        endpoint: E,
        body: Bytes,
        proof: Option<Proof>,
    ) -> Result<PendingCall<'c, E>> {
        let borrowed = endpoint.borrow();
        if self.is_timed_out() {
            return Err(self.time_used_up(borrowed));
        }
        self.control.check()?;
        let target = self.service.target(borrowed, self.service.version())?;
        let token = self.service.tokens.token(self, None)?;
        let timeouts = self.timeouts();
        let started = self.start(borrowed, &target, token.as_deref(), body.clone(), proof.as_ref(), timeouts)?;
        Ok(PendingCall { call: self, endpoint, target, body, token, proof, started })
    }

    fn start(
        &self,
        endpoint: &Endpoint,
        target: &Arc<Target>,
        token: Option<&Bearer>,
        body: Bytes,
        proof: Option<&Proof>,
        timeouts: Timeouts,
    ) -> Result<PendingExchange> {
        let phase = match endpoint.delivery {
            Delivery::Once(_) => Phase::Sending,
            Delivery::Repeatable => Phase::Searching,
        };
        self.control.set_phase(phase, endpoint.action);
        let authorization = token.filter(|_| self.service.tokens.renewable()).map(|bearer| bearer.header.clone());
        let request = Request {
            target: Arc::clone(target),
            authorization,
            body,
            delivery: endpoint.delivery,
            is_limited: true,
            places: proof.map_or(&self.places, |proof| &proof.places).clone(),
            check_ends: proof.map(|proof| proof.ends),
        };
        http::start(&self.service.policy, request, timeouts, self.control)
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
        let target = self.service.target(endpoint, version)?;
        let answer = match self.start(endpoint, &target, token, body, None, self.timeouts())?.finish() {
            Ok(Finished::Answered(answer, times)) => {
                self.record_times(times);
                answer
            }
            Ok(Finished::CheckTooOld(_)) => return Ok(None),
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
        let settings = &self.service.configuration.settings;
        Timeouts { timeout: settings.timeout, end: self.deadline, retries: settings.maximum_retry_count }
    }

    /// The time for an exchange that does not wait for the rate limit.
    pub(super) fn remaining(&self) -> Duration {
        let Timeouts { timeout, end, .. } = self.timeouts();
        end.map_or(timeout, |end| end.saturating_duration_since(Instant::now()).min(timeout))
    }
}

impl<E: Borrow<Endpoint>> PendingCall<'_, E> {
    /// Sends it now, for a caller that does something else before it waits for the answer.
    pub(crate) fn launched(mut self) -> Self {
        self.started.launch();
        self
    }

    /// Whether there is an answer, or is one within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.started.ends_within(time)
    }

    /// Waits for the answer. If the token is refused, it is renewed once and the request is sent again: the service
    /// does not process a request with an invalid token.
    pub(crate) fn finish(self) -> Result<Response> {
        self.finish_checked(&mut || Err(http::unchecked()))
    }

    /// The same for a refresh with a check. If the check becomes too old before the refresh is sent, `check` makes it
    /// again, and the refresh is sent with what is left of its time and its retries.
    pub(crate) fn finish_checked(self, check: &mut dyn FnMut() -> Result<Proof>) -> Result<Response> {
        let Self { call, endpoint, target, body, mut token, mut proof, mut started } = self;
        let endpoint = endpoint.borrow();
        let tokens = &call.service.tokens;
        let mut is_renewed = false;
        let mut response = loop {
            let timeouts = match started.finish()? {
                Finished::Answered(response, times) => {
                    call.record_times(times);
                    let is_refused = response.status == 401 && tokens.renewable() && !response.is_unroutable();
                    if !is_refused || is_renewed {
                        break response;
                    }
                    is_renewed = true;
                    token = tokens.token(call, token.as_deref())?;
                    call.timeouts()
                }
                Finished::CheckTooOld(left) => {
                    // Its place in the rate limit is given back before the check takes others.
                    drop(proof.take());
                    proof = Some(check()?);
                    // The check may have renewed it.
                    token = tokens.token(call, None)?;
                    left
                }
            };
            started = call.start(endpoint, &target, token.as_deref(), body.clone(), proof.as_ref(), timeouts)?;
        };
        if let Some(other) = call.in_next_version(endpoint, &response, token.as_deref(), body)? {
            response = other;
        }
        call.metadata.record(&response);
        let is_answer = match endpoint.delivery {
            Delivery::Once(form) => response.receipt(form) == Receipt::Taken,
            Delivery::Repeatable => response.is_success() && !response.is_html(),
        };
        if is_answer {
            if endpoint.path.is_versioned() && call.service.known_version().is_none() {
                call.service.remember_version(call.service.version());
            }
            return Ok(response);
        }
        // Without the query, which may be long.
        let url = call.service.url(&endpoint.path);
        if response.is_success() {
            return Err(call.foreign_answer(endpoint, &url, response));
        }
        Err(call.status_error(endpoint, &url, response))
    }
}
