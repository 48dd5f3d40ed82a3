//! The one error of this library: a code from a closed list, a sentence, a hint, and whether a refresh has left.
//!
//! Every text here is written for the administrator who reads it: what happened, to which address or filter, what
//! to do next. No text ever holds a secret; what a server wrote is scrubbed before it is attached
//! (`Response::scrub`).

use std::fmt;

use serde::Serialize;

use crate::response::Response;

/// What every fallible function of the crate returns.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done. Boxed, because it travels through every `Result` and is rare.
#[derive(Debug, Clone)]
pub(crate) struct Error(Box<Details>);

/// What an [`Error`] says; serialised as the envelope's `error` member.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    pub(crate) code: Code,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) hint: String,
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
    /// Whether it stops the rest of a run of several batches.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stops_run: bool,
    /// Whether `response` answers the refresh or question itself, and not a request for the token that it needs.
    #[serde(skip)]
    pub(crate) is_endpoint_answer: bool,
}

/// The codes of the envelope. Never removed, never given another meaning: scripts compare them.
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

/// Whether a refresh has left this machine when an error is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sent {
    /// No refresh left, or the service is known not to have taken it (401, 429). Trying again is safe.
    No,
    /// It left and nothing proves what became of it. Trying again may refresh twice.
    Maybe,
    /// The service has received it and answered.
    Yes,
}

impl Sent {
    /// Of two refreshes together: what is not known of one is not known of both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Maybe, _) | (_, Self::Maybe) => Self::Maybe,
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// What the service's status says of a refresh.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 | 429 => Self::No,
            // A gateway's word: whether the service behind it has the request is not known.
            502..=504 => Self::Maybe,
            _ => Self::Yes,
        }
    }
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            hint: String::new(),
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

    /// What to do next: whole lines, shown below the message.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }

    pub(crate) fn sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// Where in the filter, in characters from its beginning.
    pub(crate) fn position(mut self, position: usize) -> Self {
        self.0.position = Some(position);
        self
    }

    /// How many identities the filter matches.
    pub(crate) fn matched(mut self, matched: u64) -> Self {
        self.0.matched = Some(matched);
        self
    }

    /// The same event as it looks from further up: under another code, in other words.
    pub(crate) fn reworded(mut self, code: Code, message: String, hint: String) -> Self {
        (self.0.code, self.0.message, self.0.hint) = (code, message, hint);
        self
    }

    /// The service's answer, and the tracking id that it carries.
    pub(crate) fn response(mut self, response: Response) -> Self {
        self.0.tracking_id = response.tracking_id();
        self.0.response = Some(response);
        self
    }

    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.0.retry_after_sec = seconds;
        self
    }

    /// Whether it stops the rest of a run.
    pub(crate) fn stops_run(mut self, stops_run: bool) -> Self {
        self.0.stops_run = stops_run;
        self
    }

    /// `response` is the answer of the endpoint itself.
    pub(crate) fn endpoint_answer(mut self) -> Self {
        self.0.is_endpoint_answer = true;
        self
    }

    /// More to do next, on a line of its own.
    pub(crate) fn also(mut self, hint: &str) -> Self {
        if !self.0.hint.is_empty() {
            self.0.hint.push('\n');
        }
        self.0.hint.push_str(hint);
        self
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
