//! The gate, which controls and records whether a refresh is sent.

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Delivery;
use super::pending::Shared;
use crate::error::Sent;
use crate::response::Receipt;

/// Decides whether a refresh may be sent, and knows whether it was.
#[derive(Debug)]
pub(crate) struct Gate {
    state: AtomicU8,
    pub(crate) delivery: Delivery,
    /// When the check that precedes the refresh becomes too old: nothing is sent afterwards.
    check_ends: Option<Instant>,
    /// Whether a connection has asked for the body after that.
    came_too_late: AtomicBool,
}

const CLOSED: u8 = 0;
/// Taken, and perhaps answered, without a proof of anything.
const TAKEN: u8 = 1;
const REFUSED: u8 = 2;
const ACCEPTED: u8 = 3;
/// A flag beside the other states: the gate cannot be closed or taken again.
const REVOKED: u8 = 128;

impl Gate {
    pub(crate) fn new(delivery: Delivery, check_ends: Option<Instant>) -> Self {
        let (state, came_too_late) = (AtomicU8::new(CLOSED), AtomicBool::new(false));
        Self { state, delivery, check_ends, came_too_late }
    }

    /// Closes the gate before an attempt. If it returns false, there must be no attempt.
    pub(crate) fn close(&self) -> bool {
        let open = |state| (state & REVOKED == 0).then_some(CLOSED);
        self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, open).is_ok()
    }

    /// Called when the connection is about to write the body. If it returns false, the body must not be written.
    pub(crate) fn take(&self) -> bool {
        if self.is_check_too_old() {
            self.came_too_late.store(true, Ordering::SeqCst);
            return false;
        }
        self.state.compare_exchange(CLOSED, TAKEN, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Records what an answer proves, by its status and again when it is complete. After a revocation it has no effect:
    /// the canceller and the waiter must report the same.
    pub(crate) fn answered(&self, receipt: Receipt) {
        let answered = match receipt {
            Receipt::Refused => REFUSED,
            Receipt::Unknown => TAKEN,
            Receipt::Taken => ACCEPTED,
        };
        let unless_revoked = |state| (state & REVOKED == 0 && state != CLOSED).then_some(answered);
        let _ = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, unless_revoked);
    }

    /// Prevents sending from now on. A body that was taken stays taken.
    pub(crate) fn revoke(&self) {
        self.state.fetch_or(REVOKED, Ordering::SeqCst);
    }

    /// When the check becomes too old, if there is one.
    pub(crate) fn check_ends(&self) -> Option<Instant> {
        self.check_ends
    }

    pub(crate) fn is_check_too_old(&self) -> bool {
        self.check_ends.is_some_and(|end| end <= Instant::now())
    }

    /// Whether the body was held back because the check had become too old.
    pub(crate) fn came_too_late(&self) -> bool {
        self.came_too_late.load(Ordering::SeqCst)
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.state.load(Ordering::SeqCst) & REVOKED != 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Ordering::SeqCst) & !REVOKED == CLOSED
    }

    pub(crate) fn sent(&self) -> Sent {
        match (self.delivery, self.state.load(Ordering::SeqCst) & !REVOKED) {
            (Delivery::Repeatable, _) | (_, CLOSED) => Sent::No,
            (_, REFUSED) => Sent::No,
            (_, ACCEPTED) => Sent::Yes,
            _ => Sent::Maybe,
        }
    }
}

/// A body that can be taken once and only through the gate. It is not `Clone`, so that no lower layer can repeat it.
pub(crate) struct OneShot {
    shared: Arc<Shared>,
    bytes: Option<Bytes>,
}

impl OneShot {
    pub(crate) fn new(shared: Arc<Shared>, bytes: Bytes) -> Self {
        Self { shared, bytes: Some(bytes) }
    }
}

/// The error for a connection that asks for the body after the revocation, or after the end of the check.
#[derive(Debug)]
pub(crate) struct Revoked;

impl std::fmt::Display for Revoked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the call was given up before its request was sent")
    }
}

impl StdError for Revoked {}

impl Body for OneShot {
    type Data = Bytes;
    type Error = Revoked;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Revoked>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        Poll::Ready(Some(if self.shared.gate.take() { Ok(Frame::data(bytes)) } else { Err(Revoked) }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::Form;

    #[test]
    fn an_answer_after_the_revocation_changes_nothing() {
        let gate = Gate::new(Delivery::Once(Form::Json), None);
        assert!(gate.take());
        gate.revoke();
        assert_eq!(gate.sent(), Sent::Maybe);
        gate.answered(Receipt::Taken);
        assert_eq!(gate.sent(), Sent::Maybe);
        assert!(!gate.close() && !gate.take());

        let gate = Gate::new(Delivery::Once(Form::Json), None);
        assert!(gate.take());
        gate.answered(Receipt::Taken);
        gate.revoke();
        assert_eq!(gate.sent(), Sent::Yes);
    }

    #[test]
    fn a_body_is_not_taken_after_the_end_of_its_check() {
        let now = Instant::now();
        let gate = Gate::new(Delivery::Once(Form::Json), Some(now));
        assert!(!gate.take() && gate.came_too_late());
        assert_eq!(gate.sent(), Sent::No);
        let gate = Gate::new(Delivery::Once(Form::Json), Some(now + std::time::Duration::from_secs(3_600)));
        assert!(gate.take() && !gate.came_too_late());
    }
}
