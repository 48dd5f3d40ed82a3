//! The error type of this library: a code from a closed list, a message, a hint, and whether a refresh was sent.
//!
//! Texts are written for administrators: what happened, for which address or filter, and what to do next. What they
//! repeat of a server's answer leaves without secrets, by the envelope's door.

use std::fmt;

use serde::Serialize;

use crate::hint::{Hint, WayOut};
use crate::response::{Receipt, Response};

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. Boxed to keep `Result` small.
#[derive(Debug, Clone)]
pub(crate) struct Error(Box<Details>);

/// The content of an [`Error`]: the envelope's `error` member.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    pub(crate) code: Code,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Hint::is_empty")]
    pub(crate) hint: Hint,
    pub(crate) sent: Sent,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matched: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_sec: Option<u64>,
    /// Whether the error stops the rest of a run of several batches.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stops_run: bool,
    /// Whether `response` answers the request itself, and not the request for its token.
    #[serde(skip)]
    pub(crate) is_endpoint_answer: bool,
}

/// The error codes. Scripts compare them: a code is never removed and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    InvalidArgument,
    InvalidFilter,
    WouldRefreshAll,
    NoMatch,
    TooManyMatches,
    PreflightUnavailable,
    NotConfigured,
    Unauthorized,
    Forbidden,
    NotFound,
    Gone,
    RateLimited,
    HttpStatus,
    JournalError,
    PartialFailure,
    UnsupportedArgument,
    Timeout,
    Connection,
    HostNotFound,
    Tls,
    Cancelled,
    TaskFailed,
    InvalidResponse,
    Internal,
}

/// Whether a refresh was sent when an error is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sent {
    /// No refresh was sent, or the service is known not to have taken it (400, 401, 403, 404, 429 and the like). A retry is
    /// safe.
    No,
    /// The refresh was sent and its result is unknown. A retry may refresh twice.
    Maybe,
    /// The service itself has answered that it has taken the refresh.
    Yes,
}

impl Sent {
    /// Combines two refreshes: unknown if one of them is unknown.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Maybe, _) | (_, Self::Maybe) => Self::Maybe,
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// What an answer says about a refresh.
    pub(crate) fn of(receipt: Receipt) -> Self {
        match receipt {
            Receipt::Refused => Self::No,
            Receipt::Unknown => Self::Maybe,
            Receipt::Taken => Self::Yes,
        }
    }
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            hint: Hint::default(),
            sent: Sent::No,
            position: None,
            matched: None,
            tracking_id: None,
            response: None,
            retry_after_sec: None,
            stops_run: false,
            is_endpoint_answer: false,
        }))
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// What to do next, in whole lines.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.set_advice(hint);
        self
    }

    /// Adds a way out.
    pub(crate) fn way(self, way: WayOut) -> Self {
        self.ways([way])
    }

    pub(crate) fn ways(mut self, ways: impl IntoIterator<Item = WayOut>) -> Self {
        self.0.hint.add_ways(ways);
        self
    }

    /// Removes the ways out that the situation does not permit.
    pub(crate) fn retain_ways(mut self, is_permitted: impl Fn(WayOut) -> bool) -> Self {
        self.0.hint.retain_ways(is_permitted);
        self
    }

    pub(crate) fn sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// The position in the filter, in characters.
    pub(crate) fn position(mut self, position: usize) -> Self {
        self.0.position = Some(position);
        self
    }

    /// How many identities the filter matches.
    pub(crate) fn matched(mut self, matched: u64) -> Self {
        self.0.matched = Some(matched);
        self
    }

    /// The same event for the caller, with another code and text.
    pub(crate) fn reworded(mut self, code: Code, message: String, hint: Hint) -> Self {
        (self.0.code, self.0.message, self.0.hint) = (code, message, hint);
        self
    }

    /// Attaches the service's answer and its tracking id.
    pub(crate) fn response(mut self, response: Response) -> Self {
        self.0.tracking_id = response.tracking_id();
        self.0.response = Some(response);
        self
    }

    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.0.retry_after_sec = seconds;
        self
    }

    pub(crate) fn stops_run(mut self, stops_run: bool) -> Self {
        self.0.stops_run = stops_run;
        self
    }

    /// Marks `response` as the answer of the endpoint itself.
    pub(crate) fn endpoint_answer(mut self) -> Self {
        self.0.is_endpoint_answer = true;
        self
    }

    /// Marks `response` as the answer of an earlier request: the call itself was not made.
    pub(crate) fn before_the_call(mut self) -> Self {
        self.0.is_endpoint_answer = false;
        self
    }

    /// Adds a line to the hint.
    pub(crate) fn add_hint(mut self, hint: &str) -> Self {
        self.0.hint.add(hint);
        self
    }

    /// Whether the endpoint itself has answered that the user may not use it: a token was given.
    pub(crate) fn is_forbidden_endpoint(&self) -> bool {
        self.0.code == Code::Forbidden && self.0.is_endpoint_answer
    }

    pub(crate) fn details(&self) -> &Details {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}
