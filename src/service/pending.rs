//! A call of the service under way: begun without waiting for the answer, so that one thread can have several.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::ops::ControlFlow;
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

/// Keeps up to `window` of `items` under way, and finishes them in their order. Where `finish` says so, no more are
/// begun, and those under way are finished; what was not begun is left in `items`.
pub(crate) fn in_order<T, F>(
    window: usize,
    items: &mut impl Iterator<Item = T>,
    mut begin: impl FnMut(T) -> F,
    mut finish: impl FnMut(F) -> ControlFlow<()>,
) {
    let mut under_way = VecDeque::with_capacity(window);
    let mut goes_on = true;
    loop {
        while goes_on && under_way.len() < window {
            let Some(item) = items.next() else { break };
            under_way.push_back(begin(item));
        }
        let Some(first) = under_way.pop_front() else { return };
        goes_on &= finish(first).is_continue();
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// What `in_order` does with so many items, of which the one numbered `last` says that it is enough.
    fn events(items: u32, window: usize, last: u32) -> (Vec<String>, Vec<u32>) {
        let events = RefCell::new(Vec::new());
        let mut items = 0..items;
        let begin = |item: u32| {
            events.borrow_mut().push(format!("+{item}"));
            item
        };
        let finish = |item: u32| {
            events.borrow_mut().push(format!("-{item}"));
            if item == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        in_order(window, &mut items, begin, finish);
        (events.into_inner(), items.collect())
    }

    #[test]
    fn items_are_finished_in_their_order_and_no_more_than_the_window_are_under_way() {
        let (events, left) = events(4, 2, u32::MAX);
        assert_eq!(events, ["+0", "+1", "-0", "+2", "-1", "+3", "-2", "-3"]);
        assert!(left.is_empty());
    }

    #[test]
    fn what_is_under_way_is_finished_when_it_is_enough_and_what_was_not_begun_is_left() {
        let (events, left) = events(6, 3, 1);
        assert_eq!(events, ["+0", "+1", "+2", "-0", "+3", "-1", "-2", "-3"]);
        assert_eq!(left, [4, 5]);
    }
}
