//! How an exchange ends without an error.

use std::time::Instant;

use reqwest::header::{HeaderMap, HeaderValue};

use super::Timeouts;
use crate::response::Response;

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Retry-After`, read before the headers go into the response.
    pub(super) retry_after: Option<HeaderValue>,
    pub(super) content: Content,
    pub(super) times: Times,
}

/// What an answer holds.
#[derive(Debug)]
pub(super) enum Content {
    /// Of a refresh: a short one, which shows whether it was taken.
    Read(Response),
    /// Not parsed yet.
    Raw(HeaderMap, Vec<u8>),
}

/// When a request was sent, and when its answer came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
}

/// How an exchange ends without an error.
#[derive(Debug)]
pub(super) enum End {
    Answered(Answer),
    /// The check has become too old before the refresh was sent. What is left of the time and of the retries.
    CheckTooOld(Timeouts),
}

impl Answer {
    pub(super) fn read(self) -> Response {
        match self.content {
            Content::Read(response) => response,
            Content::Raw(headers, body) => Response::unread(self.status, headers, body),
        }
    }
}
