//! The request: the documented body, and the options that this library adds.

mod arguments;
mod wait;

pub(crate) use arguments::{Arguments, PRUNE, meant};
pub(crate) use wait::WaitOptions;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::config::{Backend, Configuration};
use crate::error::{Code, Error, Result};
use crate::filter::{self, Attribute, Filter};
use crate::hint::WayOut;
use crate::json::{self, Object};
use crate::text::printable;
use crate::wording::Client;

pub(crate) const MAXIMUM_REQUEST_BYTES: usize = 64 << 20;

/// A filter with 250 ids of 32 characters has 10,000 bytes.
const MAXIMUM_FILTER_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct RefreshRequest<'a> {
    pub(crate) selection: Selection,
    pub(crate) arguments: Option<Arguments<'a>>,
    pub(crate) options: Options,
    /// Whether the names come by `cc_operation_send`.
    pub(crate) stream: bool,
    /// Which interface's names messages use.
    pub(crate) client: Client,
    /// The configuration's text; [`Service::of_call`](crate::service::Service::of_call) parses it if it is not cached.
    pub(crate) configuration: Option<&'a str>,
}

/// Who is to be refreshed.
#[derive(Debug)]
pub(crate) enum Selection {
    /// The text of the filter, and the parsed filter; `None` with `skipFilterCheck`.
    Filter {
        text: String,
        parsed: Option<Filter>,
    },
    /// The whole tenant, with `allowFullRefresh`.
    Everybody,
    People(People),
}

/// People by the values of one attribute.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) attribute: Attribute,
    /// Empty if they come by `cc_operation_send`.
    pub(crate) values: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Whether to count matches first; `None`: the configuration's value.
    pub(crate) preflight: Option<bool>,
    pub(crate) maximum_identities: Option<u64>,
    pub(crate) skip_filter_check: bool,
    pub(crate) allow_full_refresh: bool,
    pub(crate) allow_prune_all: bool,
    pub(crate) dry_run: bool,
    /// `None`: the configuration's value. The same holds for `allow_broader`.
    pub(crate) backend: Option<Backend>,
    pub(crate) allow_broader: Option<bool>,
    /// How long to wait for the tasks; `None`: do not wait.
    pub(crate) wait: Option<WaitOptions>,
    pub(crate) total_timeout: Option<Duration>,
    /// The journal's file.
    pub(crate) journal: Option<PathBuf>,
    /// Whether to send people again if an earlier run may have sent them.
    pub(crate) resend_uncertain: bool,
}

impl<'a> RefreshRequest<'a> {
    /// Parses the JSON text of a request, and rejects one that names nobody.
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let mut object = Object::parse(text, "The request")?;
        let filter = object.text("filter")?;
        let arguments = object.object("refreshArgs")?.map(Arguments::read).transpose()?;
        let identities = object.texts("identities")?;
        let attribute = object.text("identityAttribute")?;
        let options = object.object("options")?.map(Options::read).transpose()?.unwrap_or_default();
        let stream = object.flag("stream")?.unwrap_or(false);
        let configuration = object.take("configuration").map(RawValue::get);
        let client = object.client()?;
        object.finish()?;
        let identities = if stream { Some(streamed(identities, &options)?) } else { identities };
        let people = People::parse(identities, attribute, &filter, &options)?;
        let prunes = prunes(arguments.as_ref());
        let selection = match people {
            Some(people) => Selection::People(people),
            None => Selection::parse(filter, prunes, &options)?,
        };
        Ok(Self { selection, arguments, options, stream, client, configuration })
    }

    /// Whether a full refresh was requested.
    pub(crate) fn means_everybody(&self) -> bool {
        self.options.allow_full_refresh && (self.options.allow_prune_all || !self.prunes())
    }

    /// Whether it deletes identities that have no accounts.
    pub(crate) fn prunes(&self) -> bool {
        prunes(self.arguments.as_ref())
    }

    /// Sentences on its arguments.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.arguments.as_ref().map(Arguments::warnings).unwrap_or_default()
    }

    /// The documented body with this filter.
    pub(crate) fn body(&self, filter: Option<&str>) -> String {
        let body = Body { filter, refresh_args: self.arguments.as_ref() };
        // Texts and unparsed JSON always serialise.
        String::from_utf8(json::written(&body).unwrap_or_default()).unwrap_or_default()
    }
}

fn prunes(arguments: Option<&Arguments<'_>>) -> bool {
    arguments.and_then(|arguments| arguments.get(PRUNE)) == Some(true)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_args: Option<&'a Arguments<'a>>,
}

impl Selection {
    fn parse(filter: Option<String>, prunes: bool, options: &Options) -> Result<Self> {
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
            .hint("Name whom to refresh, such as: uid == \"amelie.roux\"")
            .ways((options.backend != Some(Backend::Process)).then_some(WayOut::Everybody))),
            None if prunes && !options.allow_prune_all => Err(Error::new(
                Code::WouldRefreshAll,
                "pruneIdentities without a filter deletes every identity of the tenant that has no account.",
            )
            .hint("Leave pruneIdentities out, or name people by a filter.")
            .ways((options.backend != Some(Backend::Process)).then_some(WayOut::PruneEverybody))),
            None => Ok(Self::Everybody),
        }
    }
}

impl People {
    /// The people, or `None` if the request has none.
    fn parse(
        values: Option<Vec<String>>,
        attribute: Option<String>,
        filter: &Option<String>,
        options: &Options,
    ) -> Result<Option<Self>> {
        let Some(values) = values else {
            return match attribute {
                Some(_) => Err(Error::invalid_argument(
                    "⟦identity-attribute⟧ is the attribute of identities, and there are none.",
                )
                .hint("Give identities, or leave ⟦identity-attribute⟧ out.")),
                None => Ok(None),
            };
        };
        if filter.is_some() {
            return Err(
                Error::invalid_argument("filter and identities exclude each other.").hint("Leave one of the two out.")
            );
        }
        for (is_set, option) in [
            (options.allow_full_refresh, "⟦everybody⟧"),
            (options.preflight == Some(false), "⟦no-preflight⟧"),
            (options.skip_filter_check, "⟦skip-filter-check⟧"),
        ] {
            if is_set {
                return Err(Error::invalid_argument(format!("{option} has no meaning for people by name: they are always looked up, and nobody else is refreshed."))
                    .hint("Leave it out."));
            }
        }
        let attribute = self::attribute(attribute.as_deref().unwrap_or(DEFAULT_ATTRIBUTE))?;
        Ok(Some(Self { attribute, values }))
    }
}

const DEFAULT_ATTRIBUTE: &str = "uid";

/// The member `identityAttribute`.
fn attribute(name: &str) -> Result<Attribute> {
    Attribute::parse(name).ok_or_else(|| {
        Error::invalid_argument(format!(
            "⟦identity-attribute⟧ must be an attribute's name as filters have it, not \"{}\".",
            printable(name)
        ))
        .hint("Such as uid, name, email or id: letters, digits, _ and dots.")
    })
}

/// The people of a stream: none yet.
fn streamed(identities: Option<Vec<String>>, options: &Options) -> Result<Vec<String>> {
    if identities.is_some() {
        return Err(Error::invalid_argument("identities and stream exclude each other.")
            .hint("With stream, the names come by ⟦send⟧."));
    }
    if options.dry_run {
        return Err(Error::invalid_argument("⟦dry-run⟧ is not possible with stream.")
            .hint("Give the names as identities: a dry run reports all of them at once."));
    }
    Ok(Vec::new())
}

/// The attribute that a request names, or the default, even if the request is invalid otherwise.
pub(crate) fn identity_attribute(text: &str) -> String {
    let named = Object::parse(text, "The request").and_then(|mut object| object.text("identityAttribute"));
    named.ok().flatten().unwrap_or_else(|| DEFAULT_ATTRIBUTE.to_owned())
}

/// Whether the text is a request with `"stream": true`. False for invalid text.
pub(crate) fn is_stream(text: &str) -> bool {
    // Most requests lack the word; this saves a parse.
    text.contains("\"stream\"")
        && Object::parse(text, "The request")
            .and_then(|mut object| object.flag("stream"))
            .is_ok_and(|flag| flag == Some(true))
}

/// The request of `cc_operation_send`.
#[derive(Debug)]
pub(crate) struct SendRequest {
    pub(crate) identities: Vec<String>,
    /// The attribute of the identities; `None`: the request's.
    pub(crate) attribute: Option<Attribute>,
    /// Whether these are the last names.
    pub(crate) end: bool,
}

impl SendRequest {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut object = Object::parse(text, "What is sent")?;
        let identities = object.texts("identities")?;
        let attribute = object.text("identityAttribute")?.as_deref().map(attribute).transpose()?;
        let end = object.flag("end")?.unwrap_or(false);
        object.client()?;
        object.finish()?;
        match (identities, end) {
            (None, false) => Err(Error::invalid_argument("What is sent has neither identities nor end.")
                .hint("Send {\"identities\": [\"amelie.roux\"]}, and {\"end\": true} after the last names.")),
            (identities, end) => Ok(Self { identities: identities.unwrap_or_default(), attribute, end }),
        }
    }
}

impl Options {
    fn read(mut object: Object<'_>) -> Result<Self> {
        let options = Self {
            preflight: object.flag("preflight")?,
            maximum_identities: Configuration::maximum_identities(&mut object)?,
            skip_filter_check: object.flag("skipFilterCheck")?.unwrap_or(false),
            allow_full_refresh: object.flag("allowFullRefresh")?.unwrap_or(false),
            allow_prune_all: object.flag("allowPruneAll")?.unwrap_or(false),
            dry_run: object.flag("dryRun")?.unwrap_or(false),
            backend: Configuration::backend(&mut object)?,
            allow_broader: object.flag("allowBroader")?,
            wait: WaitOptions::read(&mut object)?,
            total_timeout: object.seconds("totalTimeoutSec")?,
            journal: object.text("journal")?.map(PathBuf::from),
            resend_uncertain: object.flag("resendUncertain")?.unwrap_or(false),
        };
        object.finish()?;
        if options.skip_filter_check && options.preflight == Some(true) {
            return Err(Error::invalid_argument(
                "⟦skip-and-preflight⟧ exclude each other: a filter that is not parsed cannot be evaluated.",
            )
            .hint("Leave ⟦skip-filter-check⟧ out."));
        }
        if options.journal.as_ref().is_some_and(|path| path.to_string_lossy().trim().is_empty()) {
            return Err(Error::invalid_argument("⟦journal⟧ is empty.").hint("Give the path of a file."));
        }
        if options.resend_uncertain && options.journal.is_none() {
            return Err(Error::invalid_argument("⟦resend-uncertain⟧ has no meaning without ⟦journal⟧.")
                .hint("Only a journal knows who may have been sent by an earlier run."));
        }
        Ok(options)
    }
}

/// Parses a filter.
pub(crate) fn filter(text: &str) -> Result<Filter> {
    check_size(text)?;
    filter::parse(text)
        .map_err(|error| Error::new(Code::InvalidFilter, error.message).hint(error.hint).position(error.position))
}

fn check_size(filter: &str) -> Result<()> {
    if filter.trim().is_empty() {
        return Err(Error::new(
            Code::InvalidFilter,
            "The filter is empty. The service would treat it as no filter, and refresh every identity of the tenant.",
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

/// The error if `filter` is missing.
pub(crate) fn missing_filter() -> Error {
    Error::invalid_argument("filter is missing; it must be text.")
        .hint("Such as {\"filter\": \"uid == \\\"amelie.roux\\\"\"}.")
}
