//! The configuration that a call goes by, and what `cc_configure` tells of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::sources::{self, Found, Source};
use super::{Address, ApiVersion, Backend, Configuration, Credentials, RateLimit, Settings, Transport};
use crate::error::Result;
use crate::secret::Secret;

/// What a call goes by: complete, and checked.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) base_url: Address,
    /// The endpoint that turns client credentials into a token.
    pub(crate) token_url: reqwest::Url,
    pub(crate) credentials: Credentials,
    pub(crate) default_headers: HeaderMap,
    pub(crate) transport: Transport,
    /// For one exchange with its retries.
    pub(crate) timeout: Duration,
    pub(crate) maximum_retry_count: u64,
    pub(crate) retry_interval: Duration,
    pub(crate) rate_limit: RateLimit,
    /// The most calls under way at the same time for one request.
    pub(crate) maximum_concurrency: u64,
    pub(crate) maximum_response_bytes: u64,
    /// Whether matches are counted before a refresh by filter.
    pub(crate) preflight: bool,
    /// The most identities that a refresh may touch.
    pub(crate) maximum_identities: Option<u64>,
    /// The way that a refresh goes, where the request does not say.
    pub(crate) backend: Backend,
    pub(crate) api_version: ApiVersion,
    /// Whether the successor's calls may do more, or less, than a request's arguments say.
    pub(crate) allow_broader: bool,
    pub(crate) user_agent: String,
    /// Whether all of it was in the call's own configuration, or in that of `cc_configure` with this generation:
    /// then it can be kept, because no file and no variable can change it.
    pub(crate) origin: Origin,
}

/// How long an [`Effective`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// As long as the configuration's text is the same.
    Call,
    /// Until `cc_configure` is called again.
    Session(u64),
    /// For this call.
    Elsewhere,
}

/// `cc_configure`'s answer: what holds, secrets redacted, and where each value comes from.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    configuration: BTreeMap<&'static str, Value>,
    sources: BTreeMap<&'static str, &'static str>,
}

const REDACTED: &str = "***";

/// What `cc_configure` has set.
static CONFIGURED: RwLock<Option<Arc<Configuration>>> = RwLock::new(None);

/// Counts the calls of `cc_configure`.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Sets the process-wide default, whole.
pub(crate) fn configure(configuration: Configuration) {
    *CONFIGURED.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(configuration));
    GENERATION.fetch_add(1, Ordering::SeqCst);
}

/// Which configuration of `cc_configure` is in force.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::SeqCst)
}

impl Effective {
    /// Finds what a call with this configuration, or with none, goes by.
    pub(crate) fn of_call(call: Option<&Configuration>) -> Result<Self> {
        // Before it is read: a later change makes a higher number, and what is kept under this one is not found.
        let generation = generation();
        let found = sources::find(call, configured().as_deref())?;
        let Some((credentials, source)) = found.credentials.clone() else {
            return Err(
                found.not_configured("Nothing tells who asks: no access token, and no client id with its secret.")
            );
        };
        let Some((base_url, address_source)) = found.base_url.clone() else {
            return Err(found.not_configured(&format!(
                "Credentials were found ({}), but no base URL to send them to.",
                source.name()
            )));
        };
        let settings = Resolved::of(&found);
        // A proxy may come from the process's variables, which are in nobody's text.
        let settled = found.lookup_was_given || base_url.is_loopback();
        let origin = match (source, address_source) {
            (Source::Call, Source::Call) if settled => Origin::Call,
            (Source::Session, Source::Session) if settled && call.is_none() => Origin::Session(generation),
            _ => Origin::Elsewhere,
        };
        Ok(Self {
            origin,
            token_url: found
                .token_url
                .as_ref()
                .map_or_else(|| base_url.join("/oauth/token"), |(url, _)| url.url().clone()),
            transport: Transport {
                https: base_url.is_https() || found.token_url.as_ref().is_some_and(|(url, _)| url.is_https()),
                skip_certificate_check: settings.get(|s| s.skip_certificate_check).unwrap_or(false),
                proxy: settings.get(|s| s.proxy.clone()).or_else(|| proxy_of_environment(&found, &base_url)),
                no_proxy: settings
                    .get(|s| s.no_proxy.clone())
                    .or_else(|| found.lookup.variable("NO_PROXY"))
                    .or_else(|| found.lookup.variable("no_proxy")),
                ca_file: settings.get(|s| s.ca_file.clone()),
                connect_timeout: settings.get(|s| s.connect_timeout).unwrap_or(CONNECT_TIMEOUT),
            },
            base_url,
            credentials,
            default_headers: found.default_headers.0.clone(),
            timeout: settings.get(|s| s.timeout).unwrap_or(TIMEOUT),
            maximum_retry_count: settings.get(|s| s.maximum_retry_count).unwrap_or(MAXIMUM_RETRY_COUNT),
            retry_interval: settings.get(|s| s.retry_interval).unwrap_or(RETRY_INTERVAL),
            rate_limit: settings.get(|s| s.rate_limit).unwrap_or_default(),
            maximum_concurrency: settings.get(|s| s.maximum_concurrency).unwrap_or(MAXIMUM_CONCURRENCY),
            maximum_response_bytes: settings.get(|s| s.maximum_response_bytes).unwrap_or(MAXIMUM_RESPONSE_BYTES),
            preflight: settings.get(|s| s.preflight).unwrap_or(PREFLIGHT),
            maximum_identities: settings.get(|s| s.maximum_identities),
            backend: settings.get(|s| s.backend).unwrap_or_default(),
            api_version: settings.get(|s| s.api_version).unwrap_or_default(),
            allow_broader: settings.get(|s| s.allow_broader).unwrap_or(ALLOW_BROADER),
            user_agent: settings.get(|s| s.user_agent.clone()).unwrap_or_else(user_agent),
        })
    }
}

impl Effective {
    /// What must not be repeated of the default headers.
    pub(crate) fn secret_headers(&self) -> Vec<Secret> {
        // Which are secrets cannot be told by their names; what is short is no secret.
        let values = self.default_headers.iter().filter(|(_, value)| value.len() >= 8);
        values.filter_map(|(_, value)| value.to_str().ok()).map(|value| Secret::token(value.to_owned())).collect()
    }
}

const TIMEOUT: Duration = Duration::from_secs(100);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAXIMUM_RETRY_COUNT: u64 = 3;
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
const MAXIMUM_CONCURRENCY: u64 = 4;
const MAXIMUM_RESPONSE_BYTES: u64 = 16 << 20;
const PREFLIGHT: bool = true;
const ALLOW_BROADER: bool = false;

/// The settings of the session, the first that gives one first.
struct Resolved<'a>(&'a [(Settings, Source)]);

impl<'a> Resolved<'a> {
    fn of(found: &'a Found) -> Self {
        Self(&found.settings)
    }

    fn get<T>(&self, pick: impl Fn(&Settings) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|(settings, _)| pick(settings))
    }

    /// A value and its source, or the default's.
    fn report<T: Into<Value>>(
        &self,
        pick: impl Fn(&Settings) -> Option<T>,
        default: impl Into<Value>,
    ) -> (Value, Source) {
        self.0
            .iter()
            .find_map(|(settings, source)| Some((pick(settings)?.into(), *source)))
            .unwrap_or_else(|| (default.into(), Source::Default))
    }
}

impl Report {
    /// What holds for a call with this configuration, or with none. Nothing has to be complete for it.
    pub(crate) fn of_call(call: Option<&Configuration>) -> Result<Self> {
        let found = sources::find(call, configured().as_deref())?;
        let mut report = Self { configuration: BTreeMap::new(), sources: BTreeMap::new() };
        let (base_url, source) = match &found.base_url {
            Some((url, source)) => (json!(url), *source),
            None => (Value::Null, Source::Default),
        };
        report.add("baseUrl", (base_url, source));
        report.add(
            "tokenUrl",
            match (&found.token_url, &found.base_url) {
                (Some((url, source)), _) => (json!(url), *source),
                (None, Some((url, _))) => (json!(url.join("/oauth/token").as_str()), Source::Default),
                (None, None) => (Value::Null, Source::Default),
            },
        );
        match &found.credentials {
            Some((Credentials::AccessToken(_), source)) => report.add("accessToken", (json!(REDACTED), *source)),
            Some((Credentials::Client { id, .. }, source)) => {
                report.add("clientId", (json!(id), *source));
                report.add("clientSecret", (json!(REDACTED), *source));
            }
            Some((Credentials::Header, _)) | None => {}
        }
        let headers: BTreeMap<&str, &str> =
            found.default_headers.0.keys().map(|name| (name.as_str(), REDACTED)).collect();
        report.add("defaultHeaders", (json!(headers), found.default_headers.1));

        let settings = Resolved::of(&found);
        let seconds = |duration: Duration| json!(duration.as_secs_f64());
        report.add("skipCertificateCheck", settings.report(|s| s.skip_certificate_check, false));
        report.add(
            "proxy",
            settings.report(|s| s.proxy.as_ref().map(|proxy| without_user_info(proxy.reveal())), Value::Null),
        );
        report.add("noProxy", settings.report(|s| s.no_proxy.clone(), Value::Null));
        report.add("caFile", settings.report(|s| s.ca_file.clone(), Value::Null));
        report.add("timeoutSec", settings.report(|s| s.timeout.map(seconds), seconds(TIMEOUT)));
        report.add("connectTimeoutSec", settings.report(|s| s.connect_timeout.map(seconds), seconds(CONNECT_TIMEOUT)));
        report.add("maximumRetryCount", settings.report(|s| s.maximum_retry_count, MAXIMUM_RETRY_COUNT));
        report.add("retryIntervalSeconds", settings.report(|s| s.retry_interval.map(seconds), seconds(RETRY_INTERVAL)));
        let rate_limit = RateLimit::default().to_value();
        report.add("rateLimit", settings.report(|s| s.rate_limit.map(RateLimit::to_value), rate_limit));
        report.add("maximumConcurrency", settings.report(|s| s.maximum_concurrency, MAXIMUM_CONCURRENCY));
        report.add("maximumResponseBytes", settings.report(|s| s.maximum_response_bytes, MAXIMUM_RESPONSE_BYTES));
        report.add("preflight", settings.report(|s| s.preflight, PREFLIGHT));
        report.add("maxIdentities", settings.report(|s| s.maximum_identities, Value::Null));
        report.add("backend", settings.report(|s| s.backend.map(Backend::name), Backend::default().name()));
        report
            .add("apiVersion", settings.report(|s| s.api_version.map(ApiVersion::name), ApiVersion::default().name()));
        report.add("allowBroader", settings.report(|s| s.allow_broader, ALLOW_BROADER));
        report.add("userAgent", settings.report(|s| s.user_agent.clone(), user_agent()));
        report.add("environment", settings.report(|s| s.environment.clone(), Value::Null));
        Ok(report)
    }

    fn add(&mut self, member: &'static str, (value, source): (Value, Source)) {
        self.configuration.insert(member, value);
        self.sources.insert(member, source.name());
    }
}

fn configured() -> Option<Arc<Configuration>> {
    CONFIGURED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The proxy that the environment names for this address. `HTTP_PROXY` in capitals is not read: a CGI program's
/// caller can set it by a request header, so curl ignores it as well.
fn proxy_of_environment(found: &Found, base_url: &Address) -> Option<Secret> {
    let names: &[&str] = match base_url.is_https() {
        true => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        false => &["http_proxy", "ALL_PROXY", "all_proxy"],
    };
    names.iter().find_map(|name| super::proxy(found.lookup.variable(name)).ok().flatten())
}

fn without_user_info(proxy: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(proxy) else { return REDACTED.to_owned() };
    if !url.username().is_empty() || url.password().is_some() {
        // Neither can fail for a URL with a host, which a proxy's has.
        let _ = url.set_username(REDACTED);
        let _ = url.set_password(None);
    }
    url.as_str().trim_end_matches('/').to_owned()
}

fn user_agent() -> String {
    format!("PSSailpointCC/{} ({}-{})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)
}
