//! An answer before it becomes HTTP, and the forms in which the service words its errors.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::people::mix;

/// Status, headers and body of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string().into_bytes())
    }

    /// An answer with a body of any type.
    pub(crate) fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An error in the service's own form for its status.
    pub(crate) fn error(status: u16, text: &str) -> Self {
        match status {
            401 => Self::json(401, &json!({ "error": text })),
            429 => Self::json(429, &json!({ "message": " Rate Limit Exceeded " })),
            _ => Self::json(status, &error_body(status, text)),
        }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What the service says where nobody has found a better text.
pub(crate) fn usual_text(status: u16) -> &'static str {
    match status {
        400 => "The request was syntactically correct but its content is semantically invalid.",
        401 => "JWT validation failed: JWT is expired",
        403 => "The server understood the request but refuses to authorize it.",
        404 => "The server did not find a current representation for the target resource.",
        405 => "The method is not allowed for the target resource.",
        410 => "The target resource is no longer available.",
        500 => "An internal fault occurred.",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "The request could not be answered.",
    }
}

fn error_body(status: u16, text: &str) -> Value {
    let detail_code = match status {
        400 => "400.1 Bad Request Content".to_owned(),
        403 => "403 Forbidden".to_owned(),
        404 => "404 Not found".to_owned(),
        405 => "405 Method not allowed".to_owned(),
        410 => "410 Gone".to_owned(),
        500 => "500.0 Internal Fault".to_owned(),
        other => format!("{other}.0"),
    };
    let message = json!({ "locale": "en-US", "localeOrigin": "DEFAULT", "text": text });
    json!({
        "detailCode": detail_code,
        "trackingId": tracking_id(),
        "messages": [message],
        "causes": if status == 400 { json!([message]) } else { json!([]) },
    })
}

/// 32 hex digits that no other answer of this process has.
pub(crate) fn tracking_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{:016x}", mix(number ^ 0x7261_636b), mix(number))
}
