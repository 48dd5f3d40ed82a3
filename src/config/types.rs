//! The types of a configuration's members: how each is read, and how `cc_configure` shows it.

use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Address, ApiVersion, Backend, Configuration, RateLimit};
use crate::error::{Error, Result};
use crate::json::{self, Object};
use crate::secret::Secret;
use crate::text::{printable, trim_invisible};

pub(super) const REDACTED: &str = "***";

/// A type of a member.
pub(super) trait Member: Sized {
    /// The limits in a declaration.
    type Limits;

    fn read(object: &mut Object<'_>, name: &'static str, limits: Self::Limits) -> Result<Option<Self>>;

    /// The value as `cc_configure` shows it. By default it is a secret.
    fn show(&self) -> Value {
        json!(REDACTED)
    }
}

/// A type that is written as text: in JSON, in a variable or in a file.
pub(super) trait Text: Sized {
    /// `what` names the text in errors. `None` counts as not given.
    fn parse(text: String, what: &str) -> Result<Option<Self>>;

    fn show(&self) -> Value {
        json!(REDACTED)
    }
}

impl<T: Text> Member for T {
    type Limits = ();

    fn read(object: &mut Object<'_>, name: &'static str, (): ()) -> Result<Option<Self>> {
        // An empty text counts as not given, because the module's hashtable has '' for unset members.
        match object.text(name)?.filter(|text| !trim_invisible(text).is_empty()) {
            Some(text) => parse(text, name),
            None => Ok(None),
        }
    }

    fn show(&self) -> Value {
        Text::show(self)
    }
}

/// Parses the text of a member that is not blank.
pub(super) fn parse<T: Text>(text: String, what: &str) -> Result<Option<T>> {
    T::parse(refuse_type_name(text, what)?, what)
}

fn refuse_type_name(text: String, what: &str) -> Result<String> {
    // PowerShell and .NET write the type's name where a value has no text.
    if matches!(text.as_str(), "System.Security.SecureString" | "System.Management.Automation.PSCredential") {
        return Err(Error::invalid_argument(format!("{what} is \"{text}\": the name of a type, not the text in it."))
            .hint("A SecureString was used as text. ⟦secure-strings⟧"));
    }
    Ok(text)
}

impl Text for String {
    /// Blanks, line breaks and invisible characters at the ends come from copying: no id, path or list has them.
    fn parse(text: String, _: &str) -> Result<Option<Self>> {
        Ok(Some(trim_invisible(&text).to_owned()))
    }

    fn show(&self) -> Value {
        json!(self)
    }
}

/// Trimmed as well: SailPoint's secrets and tokens have no blanks.
impl Text for Secret {
    fn parse(text: String, _: &str) -> Result<Option<Self>> {
        Ok(Some(Secret::new(trim_invisible(&text))))
    }
}

impl Text for Address {
    fn parse(text: String, what: &str) -> Result<Option<Self>> {
        Address::parse(&text, what)
    }

    fn show(&self) -> Value {
        json!(self.as_str())
    }
}

impl Text for HeaderValue {
    fn parse(text: String, what: &str) -> Result<Option<Self>> {
        HeaderValue::from_str(&text)
            .map(Some)
            .map_err(|_| Error::invalid_argument(format!("{what} holds characters that are not allowed in a header.")))
    }

    fn show(&self) -> Value {
        json!(String::from_utf8_lossy(self.as_bytes()))
    }
}

/// Implements `Member` by a reader and a display value.
macro_rules! member {
    ($type:ty, |$object:ident, $name:ident, $limits:ident: $of:ty| $read:expr, |$value:ident| $shown:expr) => {
        impl Member for $type {
            type Limits = $of;

            fn read($object: &mut Object<'_>, $name: &'static str, $limits: $of) -> Result<Option<Self>> {
                $read
            }

            fn show(&self) -> Value {
                let $value = self;
                json!($shown)
            }
        }
    };
}

member!(bool, |object, name, _none: ()| object.flag(name), |value| value);
member!(
    u64,
    |object, name, limits: (&'static str, RangeInclusive<u64>)| object.integer(name, limits.0, limits.1),
    |value| value
);
member!(Duration, |object, name, _none: ()| object.seconds(name), |value| value.as_secs_f64());
member!(Backend, |object, name, _none: ()| object.choice(name, &Self::WORDS), |value| value.name());
member!(ApiVersion, |object, name, _none: ()| object.choice(name, &Self::WORDS), |value| value.name());

impl Member for RateLimit {
    type Limits = ();

    fn read(object: &mut Object<'_>, name: &'static str, (): ()) -> Result<Option<Self>> {
        let Some(mut object) = object.object(name)? else { return Ok(None) };
        let requests = object.integer("requests", "requests", 1..=10_000)?;
        let window = object.seconds("seconds")?;
        object.finish()?;
        // The default has both members: no recursion.
        let default = || Configuration::defaults().rate_limit;
        let requests = requests.or_else(|| Some(default()?.requests));
        let window = window.or_else(|| Some(default()?.window));
        Ok(requests.zip(window).map(|(requests, window)| Self { requests, window }))
    }

    fn show(&self) -> Value {
        json!({ "requests": self.requests, "seconds": self.window.as_secs_f64() })
    }
}

/// Headers that change how the service reads the body. A body that it cannot read refreshes everybody.
const FRAMING: &str = "connection content-encoding content-length expect host te trailer transfer-encoding upgrade";

/// Servers do not accept more.
const MAXIMUM_HEADERS: usize = 100;

impl Member for HeaderMap {
    type Limits = ();

    fn read(object: &mut Object<'_>, name: &'static str, (): ()) -> Result<Option<Self>> {
        let Some(object) = object.object(name)? else { return Ok(None) };
        let mut headers = HeaderMap::new();
        let members = object.into_members();
        if members.len() > MAXIMUM_HEADERS {
            return Err(Error::invalid_argument(format!("{name} has more than {MAXIMUM_HEADERS} members.")));
        }
        for (header, raw) in members {
            if raw.get() == "null" {
                continue;
            }
            let path = format!("{name}[\"{}\"]", printable(&header));
            let text = refuse_type_name(json::text(raw, &path)?, &path)?;
            let (Ok(header), Ok(mut value)) =
                (HeaderName::from_bytes(header.as_bytes()), HeaderValue::from_str(trim_invisible(&text)))
            else {
                return Err(Error::invalid_argument(format!(
                    "{path} is not a valid header: its name or its value holds characters that are not allowed."
                )));
            };
            if FRAMING.split(' ').any(|name| name == header) {
                return Err(Error::invalid_argument(format!(
                    "{path} would change how the service reads the request, and a body that it does not read refreshes everybody."
                ))
                .hint("Leave it out."));
            }
            if header == CONTENT_TYPE && !text.to_ascii_lowercase().contains("json") {
                return Err(Error::invalid_argument(format!(
                    "{path} must be application/json: a body that the service does not read refreshes everybody."
                )));
            }
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        headers.remove(CONTENT_TYPE);
        Ok(Some(headers))
    }

    /// Only the names, because any value may be a secret.
    fn show(&self) -> Value {
        self.keys().map(|name| (name.to_string(), json!(REDACTED))).collect()
    }
}
