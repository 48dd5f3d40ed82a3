//! The request: the documented body, and the options that this library adds.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::config;
use crate::error::{Code, Error, Result};
use crate::filter::{self, Filter};
use crate::members::{self, Object, printable};

/// Longer texts are no request.
pub(crate) const MAXIMUM_REQUEST_BYTES: usize = 64 << 20;

/// Longer filters are no filter: with 250 ids of 32 characters one has 10,000.
const MAXIMUM_FILTER_BYTES: usize = 1 << 20;

/// A refresh, as its author asked for it.
#[derive(Debug)]
pub(crate) struct RefreshRequest<'a> {
    pub(crate) selection: Selection,
    /// Names and values as they came, in their order; null members are left out.
    pub(crate) arguments: Option<Arguments<'a>>,
    pub(crate) options: Options,
    /// The configuration's text; [`Service::of_call`](crate::service::Service::of_call) reads it where it is new.
    pub(crate) configuration: Option<&'a str>,
}

type Arguments<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// Who is to be refreshed.
#[derive(Debug)]
pub(crate) enum Selection {
    /// The filter's text, and its meaning; `None` where the author vouches for the text (`skipFilterCheck`).
    Filter { text: String, parsed: Option<Filter> },
    /// The whole tenant, named as such.
    Everybody,
}

/// What the caller may choose about a refresh.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Whether matches are counted first; the configuration's word where it is not given.
    pub(crate) preflight: Option<bool>,
    pub(crate) maximum_identities: Option<u64>,
    pub(crate) skip_filter_check: bool,
    pub(crate) allow_full_refresh: bool,
    pub(crate) allow_prune_all: bool,
    pub(crate) dry_run: bool,
    pub(crate) total_timeout: Option<Duration>,
}

impl<'a> RefreshRequest<'a> {
    /// Parses the request's JSON text, and refuses one that names nobody.
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let mut object = Object::parse(text, "The request")?;
        let filter = object.text("filter")?;
        let arguments = object.object("refreshArgs")?.map(arguments).transpose()?;
        let options = object.object("options")?.map(Options::read).transpose()?.unwrap_or_default();
        let configuration = object.take("configuration").map(RawValue::get);
        object.finish()?;
        let selection = Selection::parse(filter, arguments.as_deref().unwrap_or_default(), &options)?;
        Ok(Self { selection, arguments, options, configuration })
    }

    /// Whether a refresh of everybody is what its author has named.
    pub(crate) fn means_everybody(&self) -> bool {
        self.options.allow_full_refresh && (self.options.allow_prune_all || !self.prunes())
    }

    /// Whether it deletes identities that have no accounts.
    pub(crate) fn prunes(&self) -> bool {
        prunes(self.arguments.as_deref().unwrap_or_default())
    }

    /// The documented body.
    pub(crate) fn body(&self) -> String {
        let body = Body {
            filter: match &self.selection {
                Selection::Filter { text, .. } => Some(text),
                Selection::Everybody => None,
            },
            refresh_args: self.arguments.as_deref().map(InOrder),
        };
        // Texts and JSON as it came always serialise.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_args: Option<InOrder<'a>>,
}

/// Serialised as an object.
struct InOrder<'a>(&'a [(Cow<'a, str>, &'a RawValue)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Selection {
    fn parse(filter: Option<String>, arguments: &[(Cow<'_, str>, &RawValue)], options: &Options) -> Result<Self> {
        match filter {
            Some(text) if options.skip_filter_check => {
                check_size(&text)?;
                Ok(Self::Filter { text, parsed: None })
            }
            Some(text) => {
                let parsed = Some(self::filter(&text)?);
                Ok(Self::Filter { text, parsed })
            }
            None if !options.allow_full_refresh => Err(Error::new(
                Code::WouldRefreshAll,
                "There is no filter, so the service would refresh every identity of the tenant.",
            )
            .hint("Name whom to refresh, such as: uid == \"amelie.roux\"\nWhere everybody is meant, say so: options.allowFullRefresh.")),
            None if prunes(arguments) && !options.allow_prune_all => Err(Error::new(
                Code::WouldRefreshAll,
                "pruneIdentities without a filter deletes every identity of the tenant that has no account.",
            )
            .hint("Leave pruneIdentities out, or name people by a filter.\nWhere that is meant, say so: options.allowPruneAll, on SailPoint's guidance only.")),
            None => Ok(Self::Everybody),
        }
    }
}

impl Options {
    fn read(mut object: Object<'_>) -> Result<Self> {
        let options = Self {
            preflight: object.flag("preflight")?,
            maximum_identities: config::maximum_identities(&mut object)?,
            skip_filter_check: object.flag("skipFilterCheck")?.unwrap_or(false),
            allow_full_refresh: object.flag("allowFullRefresh")?.unwrap_or(false),
            allow_prune_all: object.flag("allowPruneAll")?.unwrap_or(false),
            dry_run: object.flag("dryRun")?.unwrap_or(false),
            total_timeout: object.seconds("totalTimeoutSec")?,
        };
        object.finish()?;
        if options.skip_filter_check && options.preflight == Some(true) {
            return Err(Error::invalid_argument(
                "options.skipFilterCheck and options.preflight cannot both be true: a filter that is not read cannot be judged.",
            )
            .hint("Leave one of the two out."));
        }
        Ok(options)
    }
}

/// Reads a filter.
pub(crate) fn filter(text: &str) -> Result<Filter> {
    check_size(text)?;
    Ok(filter::parse(text)?)
}

fn check_size(filter: &str) -> Result<()> {
    if filter.trim().is_empty() {
        return Err(Error::new(
            Code::InvalidFilter,
            "The filter is empty. The service would take it for none, and refresh every identity of the tenant.",
        )
        .hint("Name whom to refresh, such as: uid == \"amelie.roux\"")
        .position(0));
    }
    if filter.len() > MAXIMUM_FILTER_BYTES {
        return Err(Error::invalid_argument(format!("filter is longer than {MAXIMUM_FILTER_BYTES} bytes."))
            .hint("Split it into several calls."));
    }
    Ok(())
}

fn prunes(arguments: &[(Cow<'_, str>, &RawValue)]) -> bool {
    arguments.iter().any(|(name, value)| name.eq_ignore_ascii_case("pruneIdentities") && is_set(value))
}

fn arguments(object: Object<'_>) -> Result<Arguments<'_>> {
    let mut arguments = object.into_members();
    arguments.retain(|(_, value)| value.get() != "null");
    for (name, value) in &arguments {
        members::check_any(value, || format!("refreshArgs.{}", printable(name)))?;
    }
    Ok(arguments)
}

/// Whether the service may take an argument for true; anything that is not plainly false counts.
fn is_set(value: &RawValue) -> bool {
    !matches!(value.get().trim_matches('"').trim().to_ascii_lowercase().as_str(), "false" | "0" | "no" | "")
}
