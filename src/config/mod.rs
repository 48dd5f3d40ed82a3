//! The configuration: what one source says ([`Configuration`]), and what a call goes by ([`Effective`]).
//!
//! A base URL and its credentials come from one source whole (`sources`), so that no file can send another's
//! secret to a server of its own.

mod address;
mod choice;
mod effective;
mod sources;

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

pub(crate) use address::Address;
pub(crate) use choice::{ApiVersion, Backend};
pub(crate) use effective::{Effective, Origin, Report, configure, generation};

use crate::error::{Error, Result};
use crate::json::{self, Object};
use crate::secret::Secret;
use crate::text::printable;

/// How to prove who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Credentials {
    /// Used as it is, never renewed.
    AccessToken(Secret),
    /// Exchanged for a token at the token URL.
    Client { id: String, secret: Secret },
    /// An `Authorization` among the default headers: no token is fetched.
    Header,
}

/// What the HTTP client of a call is built from; calls with equal members share one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Transport {
    /// Whether certificates will be needed at all.
    pub(crate) https: bool,
    pub(crate) skip_certificate_check: bool,
    pub(crate) proxy: Option<Secret>,
    pub(crate) no_proxy: Option<String>,
    pub(crate) ca_file: Option<String>,
    pub(crate) connect_timeout: Duration,
}

/// How many requests the service takes of one credential, and in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) requests: u64,
    pub(crate) window: Duration,
}

/// What one source says. Every member is optional; a member that is not given leaves the decision to the next
/// source, or to the default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configuration {
    pub(crate) base_url: Option<Address>,
    pub(crate) token_url: Option<Address>,
    pub(crate) access_token: Option<Secret>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) default_headers: HeaderMap,
    pub(crate) settings: Settings,
    /// Where the other sources are looked for.
    pub(crate) lookup: Option<sources::Lookup>,
}

/// The members that are neither address nor credential.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) skip_certificate_check: Option<bool>,
    pub(crate) proxy: Option<Secret>,
    pub(crate) no_proxy: Option<String>,
    pub(crate) ca_file: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) maximum_retry_count: Option<u64>,
    pub(crate) retry_interval: Option<Duration>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) maximum_concurrency: Option<u64>,
    pub(crate) maximum_response_bytes: Option<u64>,
    pub(crate) preflight: Option<bool>,
    pub(crate) maximum_identities: Option<u64>,
    pub(crate) backend: Option<Backend>,
    pub(crate) api_version: Option<ApiVersion>,
    pub(crate) allow_broader: Option<bool>,
    pub(crate) user_agent: Option<String>,
    pub(crate) environment: Option<String>,
}

impl Configuration {
    /// Parses the configuration's JSON text.
    pub(crate) fn parse(text: &str) -> Result<(Self, bool)> {
        let mut object = Object::parse(text, "The configuration")?;
        let preview = object.flag("preview")?.unwrap_or(false);
        object.client()?;
        Ok((Self::read(object)?, preview))
    }

    /// Parses the `configuration` member of a request.
    pub(crate) fn of_call(text: &str) -> Result<Self> {
        Self::read(Object::member(text, "configuration")?)
    }

    /// Reads the members of `object`, and refuses what is not one of them.
    pub(crate) fn read(mut object: Object<'_>) -> Result<Self> {
        let address = |object: &mut Object<'_>, name: &'static str| match object.text(name)? {
            Some(text) => Address::parse(&text, name),
            None => Ok(None),
        };
        let configuration = Self {
            base_url: address(&mut object, "baseUrl")?,
            token_url: address(&mut object, "tokenUrl")?,
            access_token: filled(object.text("accessToken")?).map(Secret::token),
            client_id: filled(object.text("clientId")?),
            client_secret: filled(object.text("clientSecret")?).map(Secret::new),
            default_headers: headers(object.object("defaultHeaders")?)?,
            settings: Settings {
                skip_certificate_check: object.flag("skipCertificateCheck")?,
                proxy: proxy(object.text("proxy")?)?,
                no_proxy: filled(object.text("noProxy")?),
                ca_file: filled(object.text("caFile")?),
                timeout: object.seconds("timeoutSec")?,
                connect_timeout: object.seconds("connectTimeoutSec")?,
                maximum_retry_count: object.integer("maximumRetryCount", "tries", 0..=100)?,
                retry_interval: object.seconds("retryIntervalSeconds")?,
                rate_limit: object.object("rateLimit")?.map(RateLimit::read).transpose()?,
                maximum_concurrency: object.integer("maximumConcurrency", "calls", 1..=16)?,
                maximum_response_bytes: object.integer("maximumResponseBytes", "bytes", 1..=1 << 32)?,
                preflight: object.flag("preflight")?,
                maximum_identities: maximum_identities(&mut object)?,
                backend: Backend::read(&mut object)?,
                api_version: ApiVersion::read(&mut object)?,
                allow_broader: object.flag("allowBroader")?,
                user_agent: filled(object.text("userAgent")?),
                environment: filled(object.text("environment")?),
            },
            lookup: object.object("lookup")?.map(sources::Lookup::read).transpose()?,
        };
        // The official module's, kept for its surface; sent nowhere.
        for name in ["apiKey", "apiKeyPrefix", "username", "password", "cookie"] {
            object.take(name);
        }
        object.finish()?;
        if let Some(agent) = &configuration.settings.user_agent
            && HeaderValue::from_str(agent).is_err()
        {
            return Err(Error::invalid_argument("userAgent holds characters that no header can hold."));
        }
        Ok(configuration)
    }

    /// The credentials, where they are whole. Half of them is an error: the next source must not step in for a
    /// secret that was forgotten here, and act as somebody else.
    pub(crate) fn credentials(&self, source: sources::Source) -> Result<Option<Credentials>> {
        if self.default_headers.contains_key(reqwest::header::AUTHORIZATION) {
            return Ok(Some(Credentials::Header));
        }
        if let Some(token) = &self.access_token {
            return Ok(Some(Credentials::AccessToken(token.clone())));
        }
        match (&self.client_id, &self.client_secret) {
            (Some(id), Some(secret)) => Ok(Some(Credentials::Client { id: id.clone(), secret: secret.clone() })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(sources::half(source, "client id", "client secret")),
            (None, Some(_)) => Err(sources::half(source, "client secret", "client id")),
        }
    }
}

impl Default for RateLimit {
    /// The service's own.
    fn default() -> Self {
        Self { requests: 100, window: Duration::from_secs(10) }
    }
}

impl RateLimit {
    fn read(mut object: Object<'_>) -> Result<Self> {
        let default = Self::default();
        let limit = Self {
            requests: object.integer("requests", "requests", 1..=10_000)?.unwrap_or(default.requests),
            window: object.seconds("seconds")?.unwrap_or(default.window),
        };
        object.finish()?;
        Ok(limit)
    }

    /// As the configuration has it.
    fn to_value(self) -> serde_json::Value {
        serde_json::json!({ "requests": self.requests, "seconds": self.window.as_secs_f64() })
    }
}

/// The member `maxIdentities`, of a configuration or of a request's options.
pub(crate) fn maximum_identities(object: &mut Object<'_>) -> Result<Option<u64>> {
    object.integer("maxIdentities", "identities", 1..=1_000_000_000)
}

/// An empty text is a member that was not given: the module's hashtable has `''` for what is not set.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Names that would change what the service reads. A body that it does not read is a refresh of everybody.
const FRAMING: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// More than servers take.
const MAXIMUM_HEADERS: usize = 100;

fn headers(object: Option<Object<'_>>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let members = object.map(Object::into_members).unwrap_or_default();
    if members.len() > MAXIMUM_HEADERS {
        return Err(Error::invalid_argument(format!("defaultHeaders has more than {MAXIMUM_HEADERS} members.")));
    }
    for (name, raw) in members {
        if raw.get() == "null" {
            continue;
        }
        let path = format!("defaultHeaders[\"{}\"]", printable(&name));
        let text = json::text(raw, &path)?;
        let (Ok(header), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(text.trim()))
        else {
            return Err(Error::invalid_argument(format!(
                "{path} is no header: its name or its value holds characters that none can hold."
            )));
        };
        if FRAMING.contains(&header.as_str()) {
            return Err(Error::invalid_argument(format!(
                "{path} would change how the service reads the request, and a body that it does not read refreshes everybody."
            ))
            .hint("Leave it out."));
        }
        if header == reqwest::header::CONTENT_TYPE && !text.to_ascii_lowercase().contains("json") {
            return Err(Error::invalid_argument(format!(
                "{path} must be application/json: a body that the service does not read refreshes everybody."
            )));
        }
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    headers.remove(reqwest::header::CONTENT_TYPE);
    Ok(headers)
}

fn proxy(text: Option<String>) -> Result<Option<Secret>> {
    let Some(text) = filled(text) else { return Ok(None) };
    let whole = if text.contains("://") { text } else { format!("http://{text}") };
    match reqwest::Url::parse(&whole) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(Secret::new(whole))),
        _ => {
            Err(Error::invalid_argument("proxy is no http: or https: URL.")
                .hint("Write it like http://proxy.example:8080"))
        }
    }
}
