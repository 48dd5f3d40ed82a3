//! The effective configuration of a call, and the answer of `cc_configure`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde_json::Value;

use super::sources::{self, Found, Source};
use super::types::{Proxy, Text};
use super::{Address, Configuration, Credentials, Settings, Transport};
use crate::error::Result;
use crate::secret::Secret;

/// The configuration of a call: complete, and checked.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) base_url: Address,
    /// The endpoint that turns client credentials into a token.
    pub(crate) token_url: reqwest::Url,
    pub(crate) credentials: Credentials,
    pub(crate) transport: Transport,
    pub(crate) settings: Settings,
    /// Where all of it came from: what no file and no variable can change, can be kept.
    pub(crate) origin: Origin,
}

/// How long an [`Effective`] is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// As long as the configuration's text is the same.
    Call,
    /// Until `cc_configure` is called again.
    Session(u64),
    /// For this call.
    Elsewhere,
}

/// `cc_configure`'s answer: the values in force, secrets redacted, and where each comes from.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    configuration: BTreeMap<&'static str, Value>,
    sources: BTreeMap<&'static str, &'static str>,
}

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
    /// Finds the configuration of a call that gives this one, or none.
    pub(crate) fn of_call(call: Option<&Configuration>) -> Result<Self> {
        // Before it is read: a later change has a higher number, so that what is kept under this one is not found.
        let generation = generation();
        let session = configured();
        let found = sources::find(call, session.as_deref())?;
        let Some((credentials, source)) = found.credentials.clone() else {
            return Err(
                found.not_configured("Nothing tells who asks: no access token, and no client id with its secret.")
            );
        };
        let (Some((base_url, address_source)), Some((token_url, _))) = (found.base_url.clone(), &found.token_url)
        else {
            return Err(found.not_configured(&format!(
                "Credentials were found ({}), but no base URL to send them to.",
                source.name()
            )));
        };
        // A proxy may come from the process's variables, which can change.
        let no_process_proxy = found.lookup_was_given || base_url.is_loopback();
        let origin = match (source, address_source) {
            (Source::Call, Source::Call) if no_process_proxy => Origin::Call,
            (Source::Session, Source::Session) if no_process_proxy && call.is_none() => Origin::Session(generation),
            _ => Origin::Elsewhere,
        };
        let settings = Settings::of(&found.settings);
        let variable = |name| found.lookup.variable(name);
        let transport = Transport {
            https: base_url.is_https() || token_url.is_https(),
            skip_certificate_check: settings.skip_certificate_check,
            proxy: settings.proxy.clone().or_else(|| proxy_of_environment(&found, &base_url)).map(|Proxy(url)| url),
            no_proxy: settings.no_proxy.clone().or_else(|| variable("NO_PROXY")).or_else(|| variable("no_proxy")),
            ca_file: settings.ca_file.clone(),
            connect_timeout: settings.connect_timeout,
        };
        let token_url = token_url.url().clone();
        Ok(Self { base_url, token_url, credentials, transport, settings, origin })
    }

    /// The values of default headers that no message may repeat.
    pub(crate) fn secret_headers(&self) -> Vec<Secret> {
        // Names do not tell which values are secrets; a short value is none.
        let values = self.settings.default_headers.iter().filter(|(_, value)| value.len() >= 8);
        values.filter_map(|(_, value)| value.to_str().ok()).map(Secret::token).collect()
    }
}

impl Report {
    /// What is in force for a call with this configuration, or with none. It need not be complete.
    pub(crate) fn of_call(call: Option<&Configuration>) -> Result<Self> {
        let session = configured();
        let found = sources::find(call, session.as_deref())?;
        let mut report = Self::default();
        // Without a value, a credential is left out, and any other member is null.
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

    /// Adds the members that have a value, in place of what was there.
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

/// The proxy that the environment names for this address. `HTTP_PROXY` in capitals is not read: a CGI program's
/// caller can set it by a request header, so curl ignores it as well.
fn proxy_of_environment(found: &Found<'_>, base_url: &Address) -> Option<Proxy> {
    let names: &[&str] = match base_url.is_https() {
        true => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        false => &["http_proxy", "ALL_PROXY", "all_proxy"],
    };
    names.iter().find_map(|name| Text::parse(found.lookup.variable(name)?, name).ok().flatten())
}
