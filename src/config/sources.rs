//! Where a configuration comes from, and which source has priority.
//!
//! The order: the call, `cc_configure`, the environment, `./config.json`, `~/.sailpoint/config.yaml`. SailPoint's own
//! tools use the same places; `members.rs` has their names for the members. The first source with credentials also
//! gives the base URL. One exception: credentials from the session (the call or `cc_configure`) without a base URL take
//! it from `SAIL_BASE_URL` or `config.yaml`, which belong to the user, never from `./config.json`, which somebody else
//! may have written.
//!
//! All other settings come only from the session. A call with credentials uses only its own settings; a call without
//! them adds its settings to those of `cc_configure`. Headers of the session, which may hold secrets, are not sent to an
//! address that only a file names.

use std::borrow::Cow;

use reqwest::header::HeaderMap;

use super::address::{PLACEHOLDER, is_placeholder};
use super::files::{config_json, config_yaml};
use super::place::{Lookup, Part, Place, Source};
use super::{Address, Configuration, Credentials};
use crate::error::{Code, Error, Result};

/// The values of all sources.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) credentials: Option<(Credentials, Source)>,
    pub(super) base_url: Option<(Address, Source)>,
    /// Set if there is a base URL.
    pub(super) token_url: Option<(Address, Source)>,
    /// The layers of settings, by priority: the merged default headers, the call, `cc_configure` unless the call has
    /// credentials, the defaults.
    pub(super) settings: Vec<(Cow<'a, Configuration>, Source)>,
    pub(super) lookup: Lookup,
    /// If false, `lookup` is the process's own.
    pub(super) lookup_was_given: bool,
    /// Why a call cannot use it.
    pub(super) problem: Option<Error>,
}

/// Searches the sources in order until one has credentials.
pub(super) fn find<'a>(call: Option<&'a Configuration>, session: Option<&'a Configuration>) -> Result<Found<'a>> {
    // A call with credentials takes nothing from the session.
    let stands_alone = call.is_some_and(|call| call.credentials(Source::Call).is_ok_and(|found| found.is_some()));
    let given = call.and_then(|call| call.lookup.clone());
    let given = given.or_else(|| session.filter(|_| !stands_alone)?.lookup.clone());
    let lookup_was_given = given.is_some();
    let lookup = given.unwrap_or_else(Lookup::of_process);
    let environment_name = [call, session].into_iter().flatten().find_map(|layer| layer.environment.clone());
    let environment_name = environment_name.as_deref();

    let mut in_force: Vec<(&'a Configuration, Source)> = Vec::new();
    let mut winner: Option<(Cow<'_, Configuration>, Credentials, Source)> = None;
    for (layer, source) in [(call, Source::Call), (session, Source::Session)] {
        let Some(layer) = layer else { continue };
        in_force.push((layer, source));
        if let Some(credentials) = layer.credentials(source)? {
            winner = Some((Cow::Borrowed(layer), credentials, source));
            break;
        }
    }
    let first = |pick: fn(&Configuration) -> Option<&Address>| {
        in_force.iter().find_map(|(layer, source)| Some((pick(layer)?.clone(), *source)))
    };
    let (requested_url, requested_token_url) =
        (first(|layer| layer.base_url.as_ref()), first(|layer| layer.token_url.as_ref()));

    // A line for each place without credentials.
    let mut looked_at = vec![
        match &requested_url {
            Some(_) => {
                "⟦the-configuration⟧: ⟦=baseUrl⟧, but neither ⟦=accessToken⟧ nor ⟦=clientId⟧ and ⟦=clientSecret⟧"
            }
            None => "⟦the-configuration⟧: neither ⟦=accessToken⟧ nor ⟦=clientId⟧ and ⟦=clientSecret⟧",
        }
        .to_owned(),
    ];
    let mut problem = None;
    type Reader = fn(&Lookup, Option<&str>) -> Result<Place, String>;
    let readers: [Reader; 3] = [environment, config_json, config_yaml];
    for read in readers {
        if winner.is_some() {
            break;
        }
        match read(&lookup, environment_name) {
            Ok(place) if place.has("clientId") || place.has("clientSecret") => {
                let parts = place.parts();
                if parts[..2].iter().any(|(.., is_there)| !is_there) {
                    return Err(half(&place.name, parts));
                }
                if !place.has("baseUrl") && requested_url.is_none() {
                    problem = Some(half(&place.name, parts));
                }
                winner = place.parse()?.map(|(layer, credentials)| (Cow::Owned(layer), credentials, place.source));
            }
            Ok(place) => looked_at.push(place.line()),
            Err(why) => looked_at.push(why),
        }
    }

    // The headers of all layers are sent; the first layer wins for equal names.
    let (mut headers, mut headers_source) = (HeaderMap::new(), Source::Default);
    for (layer, source) in in_force.iter().rev() {
        if let Some(own) = layer.default_headers.as_ref().filter(|own| !own.is_empty()) {
            headers.extend(own.clone());
            headers_source = *source;
        }
    }
    let mut base_url = requested_url.clone();
    let mut token_url = requested_token_url;
    if let Some((layer, credentials, source)) = &winner {
        base_url = match (layer.base_url.clone(), requested_url.clone()) {
            (Some(own), Some((requested, _))) if own != requested => {
                return Err(other_address("baseUrl", *source, &own, &requested));
            }
            (Some(own), _) => Some((own, *source)),
            (None, requested) if !matches!(source, Source::Call | Source::Session) => requested,
            (None, _) => {
                looked_at.clear();
                let found = base_url_for_session(&lookup, environment_name, &mut looked_at)?;
                if found.is_none() {
                    problem = Some(no_base_url(credentials, &looked_at));
                }
                found
            }
        };
        token_url = match (layer.token_url.clone(), token_url, &base_url) {
            (Some(own), ..) => Some((own, *source)),
            (None, Some((requested, _)), Some((base_url, _))) if base_url.token_endpoint() != requested => {
                return Err(other_address("tokenUrl", *source, &requested, &requested));
            }
            _ => None,
        };
        // The session has named this host itself, and the file no other one for tokens.
        let is_requested = requested_url.is_some() && layer.token_url.is_none();
        if let Some((address, _)) = base_url.as_ref().filter(|_| source.is_file() && !is_requested)
            && !headers.is_empty()
        {
            problem = problem.or_else(|| Some(headers_for_file(&headers, address, source.place())));
        }
    } else {
        let is_untouched = in_force.iter().all(|(layer, _)| layer.base_url.is_none() && layer.token_url.is_none());
        problem = Some(no_credentials(&looked_at, is_untouched));
    }
    let headers = Configuration { default_headers: Some(headers), ..Configuration::default() };
    let mut settings = vec![(Cow::Owned(headers), headers_source)];
    settings.extend(in_force.iter().map(|(layer, source)| (Cow::Borrowed(*layer), *source)));
    settings.push((Cow::Borrowed(Configuration::defaults()), Source::Default));
    let default = base_url.as_ref().map(|(url, _)| (url.token_endpoint(), Source::Default));
    let credentials = winner.map(|(_, credentials, source)| (credentials, source));
    Ok(Found { credentials, base_url, token_url: token_url.or(default), settings, lookup, lookup_was_given, problem })
}

impl Found<'_> {
    /// Address and credentials as one configuration per source.
    pub(super) fn origin(&self) -> Vec<(Configuration, Source)> {
        let none = Configuration::default;
        let base_url =
            self.base_url.clone().map(|(url, source)| (Configuration { base_url: Some(url), ..none() }, source));
        let token_url =
            self.token_url.clone().map(|(url, source)| (Configuration { token_url: Some(url), ..none() }, source));
        let credentials = self.credentials.clone().map(|(credentials, source)| match credentials {
            Credentials::AccessToken(token) => (Configuration { access_token: Some(token), ..none() }, source),
            Credentials::Client { id, secret } => {
                (Configuration { client_id: Some(id), client_secret: Some(secret), ..none() }, source)
            }
            Credentials::Header => (none(), source),
        });
        [base_url, token_url, credentials].into_iter().flatten().collect()
    }
}

/// The error if a place has only some of the parts that belong together.
pub(super) fn half<const N: usize>(place: &str, parts: [Part<'_>; N]) -> Error {
    let listed = |wanted: bool, separator: &str| {
        let parts = parts.iter().filter(|(.., is_there)| *is_there == wanted);
        let texts: Vec<String> = parts.map(|(what, name, _)| format!("{what} ({name})")).collect();
        texts.join(separator)
    };
    let names: Vec<&str> = parts.iter().filter(|(.., is_there)| !is_there).map(|(_, name, _)| *name).collect();
    Error::new(
        Code::NotConfigured,
        format!("There is a {} but no {} in {place}.", listed(true, " and a "), listed(false, " and no ")),
    )
    .hint(format!(
        "Give {} in the same place. Other places are not searched for what is missing, because theirs may belong to another client or tenant.",
        names.join(" and ")
    ))
}

/// The error of a call without credentials. `is_untouched`: the session's configuration gives no part of them.
fn no_credentials(looked_at: &[String], is_untouched: bool) -> Error {
    let what_to_do = if is_untouched { "⟦give-credentials⟧ ⟦runspace⟧" } else { "⟦give-credentials⟧" };
    Error::new(Code::NotConfigured, "There are no credentials: no access token, and no client id with its secret.")
        .hint(format!("Looked at, in this order:\n{}{what_to_do}", lines(looked_at)))
}

/// The error of credentials of the session without a base URL.
fn no_base_url(credentials: &Credentials, looked_at: &[String]) -> Error {
    let what = match credentials {
        Credentials::AccessToken(_) => "an access token (⟦=accessToken⟧)",
        Credentials::Client { .. } => "a client id (⟦=clientId⟧) and a client secret (⟦=clientSecret⟧)",
        Credentials::Header => "an Authorization header (⟦=defaultHeaders⟧)",
    };
    Error::new(
        Code::NotConfigured,
        format!("There is {what} in ⟦the-configuration⟧, but no base URL to send it to (⟦=baseUrl⟧)."),
    )
    .hint(format!("Looked at, in this order:\n{}⟦give-base-url⟧", lines(looked_at)))
}

fn lines(looked_at: &[String]) -> String {
    looked_at.iter().map(|line| format!("  {line}\n")).collect()
}

/// The error for headers of the session and an address that only a file names.
fn headers_for_file(headers: &HeaderMap, address: &Address, place: &str) -> Error {
    let names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    Error::new(
        Code::NotConfigured,
        format!("⟦=defaultHeaders⟧ ({}) would be sent to {}, an address that only {place} names.", names.join(", "), address.as_str()),
    )
    .hint(
        "Headers may hold keys and cookies, so they are sent only to an address that is given beside them: give ⟦=baseUrl⟧ with them, \
         the same one if they are meant for it, or leave them out.",
    )
}

fn other_address(member: &str, source: Source, own: &Address, requested: &Address) -> Error {
    let own = if member == "baseUrl" { format!(", and belong to {}", own.as_str()) } else { String::new() };
    Error::new(
        Code::NotConfigured,
        format!(
            "{member} was set to {}, but the credentials that were found are those of {}{own}.",
            requested.as_str(),
            source.place()
        ),
    )
    .hint(format!("A secret is sent only to the address that it was given with: give credentials beside the {member}, or leave it out."))
}

/// The base URL for session credentials without one. A line in `looked_at` for each place without one.
fn base_url_for_session(
    lookup: &Lookup,
    environment_name: Option<&str>,
    looked_at: &mut Vec<String>,
) -> Result<Option<(Address, Source)>> {
    for read in [environment, config_yaml] {
        let place = match read(lookup, environment_name) {
            Ok(place) => place,
            Err(why) => {
                looked_at.push(why);
                continue;
            }
        };
        let name = Configuration::name_at(place.source, "baseUrl");
        match place.text(name) {
            Some(text) if is_placeholder(text) => {
                looked_at.push(format!("{}: {name} is the placeholder {PLACEHOLDER}", place.name));
            }
            Some(text) => {
                let address = Address::parse(text, &place.source.name_of(name))?;
                return Ok(address.map(|address| (address, place.source)));
            }
            None => looked_at.push(format!("{}: no {name}", place.name)),
        }
    }
    looked_at.push(
        "./config.json is not used: a file in the current folder must not decide where the session's secret is sent"
            .to_owned(),
    );
    Ok(None)
}

fn environment(lookup: &Lookup, _: Option<&str>) -> Result<Place, String> {
    Ok(Place::of(Source::Environment, Source::Environment.place().to_owned(), |name| lookup.variable(name)))
}
