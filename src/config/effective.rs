//! The effective configuration of a call, and the answer of `cc_configure`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, USER_AGENT};
use serde::Serialize;
use serde_json::Value;

use super::place::{Lookup, Source};
use super::proxy::is_exempt;
use super::sources;
use super::{Address, Configuration, Credentials, Proxy, Settings, Transport, types};
use crate::error::{Code, Error, Result};
use crate::secret::Forms;

/// The complete, validated configuration of a call.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) base_url: Address,
    /// The endpoint for client credentials.
    pub(crate) token_url: reqwest::Url,
    pub(crate) credentials: Credentials,
    pub(crate) transport: Transport,
    pub(crate) settings: Settings,
    /// Where the values came from, which decides whether they can be cached.
    pub(crate) origin: Origin,
}

/// How long an [`Effective`] is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// As long as the text of the configuration is the same.
    Call,
    /// Until `cc_configure` is called again.
    Session(u64),
    /// For this call only.
    Elsewhere,
}

/// The answer of `cc_configure`: the values in force, with redacted secrets, and the source of each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    configuration: BTreeMap<&'static str, Value>,
    sources: BTreeMap<&'static str, &'static str>,
}

/// The configuration set by `cc_configure`.
static CONFIGURED: RwLock<Option<Arc<Configuration>>> = RwLock::new(None);

/// Counts the calls of `cc_configure`.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Replaces the process-wide default.
pub(crate) fn configure(configuration: Configuration) {
    *CONFIGURED.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(configuration));
    GENERATION.fetch_add(1, Ordering::SeqCst);
}

/// The number of the `cc_configure` that is in force.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::SeqCst)
}

impl Effective {
    /// The configuration of a call that gives this one, or none.
    pub(crate) fn of_call(call: Option<&Configuration>) -> Result<Self> {
        // Read before the configuration: after a concurrent change, nothing is found under this number.
        let generation = generation();
        let session = configured();
        let found = sources::find(call, session.as_deref())?;
        if let Some(problem) = &found.problem {
            return Err(problem.clone());
        }
        let (Some((credentials, source)), Some((base_url, address_source)), Some((token_url, _))) =
            (found.credentials.clone(), found.base_url.clone(), &found.token_url)
        else {
            // `problem` is set if one of them is missing.
            return Err(Error::new(Code::NotConfigured, "The configuration has no base URL or no credentials."));
        };
        // A proxy may come from the process's environment, which can change.
        let no_process_proxy = found.lookup_was_given || base_url.is_loopback();
        let origin = match (source, address_source) {
            (Source::Call, Source::Call) if no_process_proxy => Origin::Call,
            (Source::Session, Source::Session) if no_process_proxy && call.is_none() => Origin::Session(generation),
            _ => Origin::Elsewhere,
        };
        let settings = Settings::of(&found.settings);
        // The file may change.
        let origin = if settings.ca_file.is_some() { Origin::Elsewhere } else { origin };
        let variable = |name| found.lookup.variable(name);
        let mut transport = Transport {
            https: base_url.is_https() || token_url.is_https(),
            skip_certificate_check: settings.skip_certificate_check,
            proxy: settings.proxy.clone(),
            no_proxy: settings.no_proxy.clone().or_else(|| variable("NO_PROXY")).or_else(|| variable("no_proxy")),
            ca_file: settings.ca_file.clone(),
            ssl_cert_file: variable("SSL_CERT_FILE"),
            ssl_cert_dir: variable("SSL_CERT_DIR"),
            connect_timeout: settings.connect_timeout,
        };
        let token_url = token_url.url().clone();
        if transport.proxy.is_none() {
            // A variable that is not needed is not parsed.
            let no_proxy = transport.no_proxy.as_deref().unwrap_or_default();
            let needs_proxy = [base_url.url(), &token_url].into_iter().find(|url| !is_exempt(no_proxy, url));
            transport.proxy = needs_proxy.map(|url| proxy_of_environment(&found.lookup, url)).transpose()?.flatten();
        }
        Ok(Self { base_url, token_url, credentials, transport, settings, origin })
    }

    /// What no answer may show.
    pub(crate) fn secrets(&self) -> Forms {
        let mut forms = Forms::default();
        match &self.credentials {
            Credentials::AccessToken(token) => forms.add_credential(token.reveal()),
            Credentials::Client { id, secret } => forms.add_client(id, secret.reveal()),
            Credentials::Header => {}
        }
        for (name, value) in &self.settings.default_headers {
            // A name does not tell whether its value is a secret, except these, which every client sends.
            if ![ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, USER_AGENT].contains(name) {
                forms.add_header(&String::from_utf8_lossy(value.as_bytes()));
            }
        }
        if let Some(proxy) = &self.transport.proxy {
            forms.add_url(proxy.url());
        }
        forms
    }
}

impl Report {
    /// The values for a call with this configuration, or with none. They need not be complete.
    pub(crate) fn of_call(call: Option<&Configuration>) -> Result<Self> {
        let session = configured();
        let found = sources::find(call, session.as_deref())?;
        let mut report = Self::default();
        // A credential without a value is left out; any other member is null.
        let settings = Configuration::default().show_settings().into_iter().map(|(name, _)| name);
        let names = settings.chain(["baseUrl", "tokenUrl"]);
        report.add(names.map(|name| (name, Some(Value::Null))), Source::Default);
        for (layer, source) in found.settings.iter().rev() {
            report.add(layer.show_settings(), *source);
        }
        for (layer, source) in found.origin() {
            report.add(layer.show_origin(), source);
        }
        Ok(report)
    }

    /// Adds the members that have a value, and replaces earlier ones.
    fn add(&mut self, members: impl IntoIterator<Item = (&'static str, Option<Value>)>, source: Source) {
        for (name, value) in members {
            let Some(value) = value else { continue };
            self.configuration.insert(name, value);
            self.sources.insert(name, source.name());
        }
    }
}

fn configured() -> Option<Arc<Configuration>> {
    CONFIGURED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The proxy for this URL in the environment, or else the system's. `HTTP_PROXY` in capitals is ignored, as in curl: a
/// client of a CGI program can set it by a request header.
fn proxy_of_environment(lookup: &Lookup, url: &reqwest::Url) -> Result<Option<Proxy>> {
    let names: &[&str] = match url.scheme() {
        "https" => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => &["http_proxy", "ALL_PROXY", "all_proxy"],
    };
    let variable = names.iter().find_map(|name| Some((*name, lookup.variable(name)?)));
    let found =
        variable.or_else(|| Some(("the proxy of the system's settings", lookup.proxy.as_ref()?.reveal().to_owned())));
    found.map_or(Ok(None), |(name, text)| types::parse(text, name))
}
