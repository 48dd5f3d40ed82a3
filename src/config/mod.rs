//! The configuration of one source ([`Configuration`]), and the result for a call ([`Effective`]).
//!
//! Each member is declared once, in `members.rs`. A base URL and its credentials come from the same source (`sources`),
//! so that no file can redirect another source's secret.

mod address;
mod choice;
mod depth;
mod effective;
mod files;
mod place;
mod proxy;
mod sources;
mod types;

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;

pub(crate) use address::Address;
pub(crate) use choice::{ApiVersion, Backend};
pub(crate) use effective::{Effective, Origin, Report, configure, generation};

pub(crate) use proxy::Proxy;

use self::place::{Lookup, Source};
use self::types::Member;
use crate::error::Result;
use crate::json::Object;
use crate::secret::{Fingerprint, Secret};

/// The credentials of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Credentials {
    /// Used as it is, never renewed.
    AccessToken(Secret),
    /// Exchanged for a token at the token URL.
    Client { id: String, secret: Secret },
    /// An `Authorization` in the default headers: no token is fetched.
    Header,
}

impl Credentials {
    /// Tells credentials apart without a copy of the secret. `header`: an `Authorization` in the default headers.
    pub(crate) fn fingerprint(&self, header: Option<&HeaderValue>) -> Fingerprint {
        let header = header.map_or(&[][..], HeaderValue::as_bytes);
        match self {
            Self::AccessToken(token) => Fingerprint::of(&[b"token", token.reveal().as_bytes(), header]),
            Self::Client { id, secret } => {
                Fingerprint::of(&[b"client", id.as_bytes(), secret.reveal().as_bytes(), header])
            }
            Self::Header => Fingerprint::of(&[b"header", header]),
        }
    }
}

/// The settings of an HTTP client; calls with equal settings share one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Transport {
    /// Whether certificates are needed.
    pub(crate) https: bool,
    pub(crate) skip_certificate_check: bool,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) no_proxy: Option<String>,
    pub(crate) ca_file: Option<String>,
    /// The variables that replace the system's certificates, as in OpenSSL.
    pub(crate) ssl_cert_file: Option<String>,
    pub(crate) ssl_cert_dir: Option<String>,
    pub(crate) connect_timeout: Duration,
}

impl Transport {
    /// The proxy for this URL.
    pub(crate) fn proxy_for(&self, url: &reqwest::Url) -> Option<&Proxy> {
        let list = self.no_proxy.as_deref().unwrap_or_default();
        self.proxy.as_ref().filter(|_| !proxy::is_exempt(list, url))
    }
}

/// The maximum number of requests per credential in a time window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) requests: u64,
    pub(crate) window: Duration,
}

/// Generates the types from the declarations in `members.rs`.
macro_rules! members {
    (
        origin { $(
            $(#[doc = $origin_text:literal])*
            $origin:ident $origin_name:literal: $origin_type:ty $(, from $($source:ident $key:literal),+)?;
        )* }
        settings { $(
            $(#[doc = $text:literal])*
            $field:ident $name:literal: $type:ty $([$unit:literal, $range:expr])? $(= $default:tt)?;
        )* }
    ) => {
        /// The configuration from one source. A missing member is left to the next source, or to the default.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Configuration {
            $($(#[doc = $origin_text])* $origin: Option<$origin_type>,)*
            $($(#[doc = $text])* $field: Option<$type>,)*
        }

        /// The settings of a call. Those with a default are always set.
        #[derive(Debug, Clone)]
        #[expect(dead_code, reason = "`environment` is used before, to find the sources")]
        pub(crate) struct Settings {
            $($(#[doc = $text])* pub(crate) $field: setting!(type $type $(, $default)?),)*
        }

        /// The defaults, as members of a JSON object.
        const DEFAULTS: &[&str] = &[$($(concat!("\"", $name, "\":", stringify!($default)),)?)*];

        impl Configuration {
            /// Reads the members of `object`, and rejects unknown ones.
            fn read(mut object: Object<'_>) -> Result<Self> {
                let configuration = Self {
                    $($origin: Member::read(&mut object, $origin_name, ())?,)*
                    $($field: Self::$field(&mut object)?,)*
                };
                UNUSED.into_iter().for_each(|name| _ = object.take(name));
                object.finish()?;
                Ok(configuration)
            }

            /// Parses the texts of a place; `text` returns a text by its name.
            fn of_texts(place: Source, text: impl Fn(&str) -> Option<String>) -> Result<Self> {
                let mut configuration = Self::default();
                $($($(
                    if place == Source::$source && let Some(text) = text($key) {
                        configuration.$origin = types::parse(text, &place.name_of($key))?;
                    }
                )+)?)*
                Ok(configuration)
            }

            /// The name of a member of address and credentials at a place; empty if it has none there.
            fn name_at(place: Source, member: &str) -> &'static str {
                $($($(
                    if place == Source::$source && member == $origin_name {
                        return $key;
                    }
                )+)?)*
                ""
            }


            fn show_origin(&self) -> Vec<(&'static str, Option<Value>)> {
                vec![$(($origin_name, self.$origin.as_ref().map(Member::show)),)*]
            }

            fn show_settings(&self) -> Vec<(&'static str, Option<Value>)> {
                vec![$(($name, self.$field.as_ref().map(Member::show)),)*]
            }

            // The readers of single settings, also used for options of requests.
            $(pub(crate) fn $field(object: &mut Object<'_>) -> Result<Option<$type>> {
                Member::read(object, $name, ($($unit, $range)?))
            })*
        }

        impl Settings {
            /// Takes each setting from the first layer that has it; the last layer has the defaults.
            fn of(layers: &[(Cow<'_, Configuration>, Source)]) -> Self {
                Self {$(
                    $field: setting!(value layers.iter().find_map(|(layer, _)| layer.$field.clone()) $(, $default)?),
                )*}
            }
        }
    };
}

/// The type and the value of a setting, with or without a default.
macro_rules! setting {
    (type $type:ty) => { Option<$type> };
    (type $type:ty, $default:tt) => { $type };
    (value $value:expr) => { $value };
    (value $value:expr, $default:tt) => { $value.expect("the last layer has the defaults") };
}

include!("members.rs");

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

    fn defaults() -> &'static Self {
        static READ: LazyLock<Configuration> = LazyLock::new(|| {
            let system = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
            let text = format!("{{{}}}", DEFAULTS.join(","))
                .replace("{version}", env!("CARGO_PKG_VERSION"))
                .replace("{system}", &system);
            let read = Object::parse(&text, "The defaults").and_then(Configuration::read);
            read.expect("a default is a value of its member's type")
        });
        &READ
    }

    /// The credentials of the call or the session, if they are complete. Half of them is an error: otherwise the next
    /// source would be used, with another identity.
    fn credentials(&self, source: Source) -> Result<Option<Credentials>> {
        if self.default_headers.as_ref().is_some_and(|headers| headers.contains_key(AUTHORIZATION)) {
            return Ok(Some(Credentials::Header));
        }
        if let Some(token) = &self.access_token {
            return Ok(Some(Credentials::AccessToken(Secret::token(token.reveal()))));
        }
        match (&self.client_id, &self.client_secret) {
            (Some(id), Some(secret)) => Ok(Some(Credentials::Client { id: id.clone(), secret: secret.clone() })),
            (None, None) => Ok(None),
            (id, secret) => Err(sources::half(
                source.place(),
                [("client id", "⟦=clientId⟧", id.is_some()), ("client secret", "⟦=clientSecret⟧", secret.is_some())],
            )),
        }
    }
}
