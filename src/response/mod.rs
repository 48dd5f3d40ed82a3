//! The answer of a server: status, headers, and a body that is JSON or text.

mod clock;
mod status;

use std::borrow::Cow;
use std::sync::OnceLock;

use reqwest::header::{AsHeaderName, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

pub(crate) use self::clock::ServiceTime;
pub(crate) use self::status::{Form, Receipt, StatusClass};
use crate::secret::Secrets;
use crate::text::shortened;

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Headers,
    /// The body's JSON, unchanged; `None` if it is no JSON. Read when it is first asked for.
    body: OnceLock<Option<Box<RawValue>>>,
    /// The body's text, unless it was read at once and is JSON.
    text: Box<str>,
}

/// Serialised as an object of arrays, because a header may be repeated.
#[derive(Debug, Clone)]
struct Headers(HeaderMap);

impl Response {
    /// With a body that is read at once.
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        let mut response = Self::unread(status, headers, body);
        if response.json().is_some() {
            response.text = Box::default();
        }
        response
    }

    /// With a body that is not read yet: of a long one, usually only the tree is needed.
    pub(crate) fn unread(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        let text =
            String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Self { status, headers: Headers(headers), body: OnceLock::new(), text: text.into_boxed_str() }
    }

    /// What its status means; the 401 of a tenant that does not have the address means what a 404 does.
    pub(crate) fn class(&self) -> StatusClass {
        if self.is_unroutable() { StatusClass::NotThere } else { StatusClass::of(self.status) }
    }

    pub(crate) fn is_success(&self) -> bool {
        StatusClass::of(self.status) == StatusClass::Success
    }

    /// What it proves about a refresh.
    pub(crate) fn receipt(&self, form: Form) -> Receipt {
        if form == Form::Json && self.is_success() && self.json().is_some() {
            return Receipt::Taken;
        }
        Receipt::of(self.status, self.json().unwrap_or_default().as_bytes(), form)
    }

    /// Whether it is an HTML page, by its content type or its first character.
    pub(crate) fn is_html(&self) -> bool {
        let starts_like_html = || self.text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        let is_html = |kind: &str| kind.as_bytes().windows(9).any(|part| part.eq_ignore_ascii_case(b"text/html"));
        (starts_like_html() || self.header(CONTENT_TYPE).is_some_and(is_html)) && self.json().is_none()
    }

    /// Whether it is the 401 of a tenant that has no such endpoint. It does not concern the token.
    pub(crate) fn is_unroutable(&self) -> bool {
        self.status == 401
            && self
                .error_message(&Secrets::default())
                .is_some_and(|message| message.contains("Unable to route request"))
    }

    /// Whether the host has no such endpoint.
    pub(crate) fn is_missing_endpoint(&self) -> bool {
        self.class() == StatusClass::NotThere
    }

    /// The body, if it is JSON.
    pub(crate) fn json(&self) -> Option<&str> {
        self.read().map(RawValue::get)
    }

    fn read(&self) -> Option<&RawValue> {
        self.body.get_or_init(|| serde_json::from_str(&self.text).ok()).as_deref()
    }

    /// The body as a tree of values; `None` if it is no JSON, or if the tree would take far more memory than the text.
    pub(crate) fn tree(&self) -> Option<serde_json::Value> {
        let json = match self.body.get() {
            Some(json) => json.as_deref()?.get(),
            None => &self.text,
        };
        if json.len() > MOST_VALUES {
            let values = json.bytes().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')).count();
            if values > MOST_VALUES.max(json.len() / BYTES_PER_VALUE) {
                return None;
            }
        }
        serde_json::from_str(json).ok()
    }

    /// The length of the body.
    pub(crate) fn length(&self) -> usize {
        if self.text.is_empty() { self.json().map_or(0, str::len) } else { self.text.len() }
    }

    /// The body, if it is no JSON.
    pub(crate) fn text(&self) -> &str {
        if self.json().is_none() { &self.text } else { "" }
    }

    /// A header. By a constant, its name need not be parsed.
    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.0.get(name)?.to_str().ok()
    }

    /// The id that SailPoint's support asks for.
    pub(crate) fn tracking_id(&self) -> Option<String> {
        let body = self.tree()?;
        body.get("trackingId")?.as_str().map(str::to_owned)
    }

    /// The message in an error body, in any form that the service uses, without secrets.
    pub(crate) fn error_message(&self, secrets: &Secrets) -> Option<String> {
        let body = self.tree()?;
        let text = |value: &serde_json::Value| value.as_str().map(|text| text.trim().to_owned());
        let messages = body.get("messages").and_then(|messages| text(messages.get(0)?.get("text")?));
        messages
            .or_else(|| text(body.get("error_description")?))
            .or_else(|| text(body.get("error")?))
            .or_else(|| text(body.get("message")?))
            .filter(|text| !text.is_empty())
            .map(|text| shortened(&secrets.shown(&text), 300))
    }
}

/// A tree takes up to a hundred bytes for a value. Answers of the service have fewer values than this, or longer ones.
const MOST_VALUES: usize = 100_000;

/// How long the values of a large answer are at least, on the average.
const BYTES_PER_VALUE: usize = 6;

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut response = serializer.serialize_struct("Response", 3)?;
        response.serialize_field("status", &self.status)?;
        response.serialize_field("headers", &self.headers)?;
        match self.read() {
            Some(json) => response.serialize_field("body", json)?,
            None => response.serialize_field("text", &self.text)?,
        }
        response.end()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.keys_len()))?;
        // Values of the same name are adjacent.
        let mut headers = self.0.iter().peekable();
        while let Some((name, value)) = headers.next() {
            let first = [shown(name, value)];
            if headers.peek().is_none_or(|(next, _)| *next != name) {
                map.serialize_entry(name.as_str(), &first)?;
                continue;
            }
            let mut values = Vec::from(first);
            while let Some((_, value)) = headers.next_if(|(next, _)| *next == name) {
                values.push(shown(name, value));
            }
            map.serialize_entry(name.as_str(), &values)?;
        }
        map.end()
    }
}

fn shown<'v>(name: &HeaderName, value: &'v HeaderValue) -> Cow<'v, str> {
    if name == SET_COOKIE { Cow::Borrowed("***") } else { String::from_utf8_lossy(value.as_bytes()) }
}
