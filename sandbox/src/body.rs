//! A body that comes in pieces, with pauses, and may break off.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

/// What a body consists of.
pub(crate) enum Piece {
    Bytes(Bytes),
    Pause(Duration),
    /// The end before the end.
    Break,
}

pub(crate) struct Pieces {
    queue: VecDeque<Piece>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Pieces {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self { queue: pieces.into_iter().collect(), pause: None }
    }

    pub(crate) fn whole(body: Vec<u8>) -> Self {
        Self::new((!body.is_empty()).then(|| Piece::Bytes(body.into())))
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            return Poll::Ready(match self.queue.pop_front() {
                None => None,
                Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(Piece::Break) => Some(Err(io::Error::other("cut off on demand"))),
                Some(Piece::Pause(duration)) => {
                    self.pause = Some(Box::pin(tokio::time::sleep(duration)));
                    continue;
                }
            });
        }
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty()
    }
}
