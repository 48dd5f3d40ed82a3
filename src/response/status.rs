//! What an HTTP status means for a request to the service: the one place where statuses are told apart.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What an answer proves about a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// It was not taken: the request was refused before anything was done.
    Refused,
    /// A proxy or a gateway may have answered, or the service may have failed on the way.
    Unknown,
    /// The service itself says that it has taken it.
    Taken,
}

/// The documented body of the answer to a refresh that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any JSON: of `/cc`, no more is documented.
    Json,
    /// An object whose `id`, that of a task, is a text.
    Task,
}

impl Receipt {
    /// By the status alone: of a success, only the body proves that it is the service's.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            400 | 401 | 403..=407 | 409..=415 | 417 | 421..=424 | 426 | 428 | 429 | 431 | 451 => Self::Refused,
            _ => Self::Unknown,
        }
    }

    /// By the whole answer.
    pub(crate) fn of(status: u16, body: &[u8], form: Form) -> Self {
        #[derive(Deserialize)]
        struct Task<'b> {
            #[serde(borrow, rename = "id")]
            _id: Cow<'b, str>,
        }
        let is_documented = || match form {
            Form::Json => serde_json::from_slice::<IgnoredAny>(body).is_ok(),
            // Serde would accept an array.
            Form::Task => body.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<Task<'_>>(body).is_ok(),
        };
        match StatusClass::of(status) {
            StatusClass::Success if is_documented() => Self::Taken,
            _ => Self::of_status(status),
        }
    }
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusClass {
    Success,
    Redirect,
    /// 401: the token was refused, and the request was not read.
    Unauthorized,
    Forbidden,
    /// 404, 405, 410: the host does not have this endpoint, or this object.
    NotThere,
    /// 429: the request was not accepted, and may be repeated later.
    RateLimited,
    /// 400, 413, 415, 422: the same request would be refused again.
    Invalid,
    /// 408, 502, 503, 504, 511, 520 and above: a proxy or a gateway answers, and the service may have accepted the request.
    Gateway,
    /// Any other 5xx.
    ServerError,
    Other,
}

impl StatusClass {
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Success,
            300..=399 => Self::Redirect,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 405 | 410 => Self::NotThere,
            429 => Self::RateLimited,
            400 | 413 | 415 | 422 => Self::Invalid,
            408 | 502..=504 | 511 | 520.. => Self::Gateway,
            500.. => Self::ServerError,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_success_of_the_documented_form_proves_that_a_refresh_was_taken() {
        use Form::{Json, Task};
        use Receipt::{Refused, Taken, Unknown};
        for (status, body, form, receipt) in [
            (200, "{}", Json, Taken),
            (201, "null", Json, Taken),
            (200, r#"{"id":"2c91"}"#, Task, Taken),
            (202, r#" {"id":"2c91","type":"TASK_RESULT","name":null}"#, Task, Taken),
            (202, "{}", Task, Unknown),
            (202, r#"{"id":""}"#, Task, Taken),
            (202, r#"{"id":7}"#, Task, Unknown),
            (202, r#"["2c91"]"#, Task, Unknown),
            (200, "", Json, Unknown),
            (204, "", Json, Unknown),
            (200, "OK", Json, Unknown),
            (200, "<html></html>", Json, Unknown),
            (200, r#"{"id":"2c91""#, Json, Unknown),
            (302, "{}", Json, Unknown),
            (408, "{}", Json, Unknown),
            (500, "{}", Json, Unknown),
            (511, "{}", Json, Unknown),
            (522, "{}", Json, Unknown),
            (524, "{}", Json, Unknown),
            (400, "", Json, Refused),
            (401, "{}", Task, Refused),
            (404, "<html></html>", Json, Refused),
            (429, "", Json, Refused),
        ] {
            assert_eq!(Receipt::of(status, body.as_bytes(), form), receipt, "{status} {body}");
        }
    }
}
