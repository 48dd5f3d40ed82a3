//! A call of the service under way: begun without waiting for the answer, so that one thread can have several.

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::token::Bearer;
use super::{Call, Endpoint};
use crate::control::Phase;
use crate::error::{Result, Sent};
use crate::http::{self, Delivery, Patience, Request, Started, Target};
use crate::response::Response;

/// A call that has begun. Dropped before it was finished, it is given up: what has not left does not leave.
#[derive(Debug)]
#[must_use = "it is given up when it is dropped"]
pub(crate) struct PendingCall<'c, E: Borrow<Endpoint> = Endpoint> {
    call: &'c Call<'c>,
    endpoint: E,
    target: Arc<Target>,
    body: Bytes,
    token: Option<Arc<Bearer>>,
    started: Started,
}

impl<'c> Call<'c> {
    /// One authorised exchange.
    pub(super) fn exchange(&self, endpoint: &Endpoint, body: Bytes) -> Result<Response> {
        self.begin(endpoint, body)?.finish()
    }

    /// Begins an exchange. It waits for a token where there is none, and for nothing else.
    pub(super) fn begin<E: Borrow<Endpoint>>(&'c self, endpoint: E, body: Bytes) -> Result<PendingCall<'c, E>> {
        let asked = endpoint.borrow();
        if self.is_over() {
            return Err(self.too_late(asked));
        }
        self.control.check()?;
        let target = self.service.target(asked);
        let token = self.service.tokens.token(self, None)?;
        let started = self.start(asked, &target, token.as_deref(), body.clone())?;
        Ok(PendingCall { call: self, endpoint, target, body, token, started })
    }

    fn start(&self, endpoint: &Endpoint, target: &Arc<Target>, token: Option<&Bearer>, body: Bytes) -> Result<Started> {
        let phase = match endpoint.delivery {
            Delivery::Once => Phase::Sending,
            Delivery::Repeatable => Phase::Searching,
        };
        self.control.doing(phase, endpoint.doing);
        let authorization = token.filter(|_| self.service.tokens.renewable()).map(|bearer| bearer.header.clone());
        let request =
            Request { target: Arc::clone(target), authorization, body, delivery: endpoint.delivery, is_limited: true };
        http::start(&self.service.policy, request, self.patience(), self.control)
    }

    /// How long one exchange may take.
    pub(super) fn patience(&self) -> Patience {
        Patience { timeout: self.service.configuration.settings.timeout, end: self.deadline }
    }

    /// How long one exchange may take that does not wait for the rate limit.
    pub(super) fn remaining(&self) -> Duration {
        let Patience { timeout, end } = self.patience();
        end.map_or(timeout, |end| end.saturating_duration_since(Instant::now()).min(timeout))
    }
}

impl<E: Borrow<Endpoint>> PendingCall<'_, E> {
    /// Waits for the answer. A token that is refused is renewed once, and the request sent again: the service does not
    /// read a request with a bad token.
    pub(crate) fn finish(self) -> Result<Response> {
        let Self { call, endpoint, target, body, mut token, started } = self;
        let endpoint = endpoint.borrow();
        let tokens = &call.service.tokens;
        let mut response = started.finish()?;
        if response.status == 401 && tokens.renewable() && !response.is_unroutable() {
            token = tokens.token(call, token.as_deref())?;
            response = call.start(endpoint, &target, token.as_deref(), body)?.finish()?;
        }
        call.notices.hear(&response);
        if response.is_success() && !response.is_page() {
            return Ok(response);
        }
        call.scrub(&mut response, token.as_ref().map(|bearer| &bearer.token));
        // Without the query, which may be long.
        let url = call.service.url(&endpoint.path);
        if response.is_success() {
            if endpoint.delivery == Delivery::Once {
                call.control.settle(Sent::Maybe);
            }
            return Err(call.page(endpoint, &url, response));
        }
        Err(call.refused(endpoint, &url, response))
    }
}
