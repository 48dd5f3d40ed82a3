//! Where a configuration comes from, and which source has priority.
//!
//! The order: the call, `cc_configure`, the environment, `./config.json`, `~/.sailpoint/config.yaml`. SailPoint's own
//! tools use the same places; `members.rs` has their names for the members. The first source with credentials also
//! gives the base URL. One exception: credentials from the session (the call or `cc_configure`) without a base URL take
//! it from `SAIL_BASE_URL` or `config.yaml`, which belong to the user, never from `./config.json`, which somebody else
//! may have written.
//!
//! All other settings come only from the session. A call with credentials uses only its own settings; a call without
//! them adds its settings to those of `cc_configure`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::header::HeaderMap;

use super::files::{config_json, config_yaml};
use super::types::Member;
use super::{Address, Configuration, Credentials};
use crate::error::{Code, Error, Result};
use crate::host;
use crate::json::{self, Object};
use crate::text::printable;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Call,
    Session,
    Environment,
    ConfigJson,
    ConfigYaml,
    Default,
}

/// Where to look for the sources, if not in the process's own environment, working directory and home: native code does
/// not see the location of a PowerShell session, nor the variables that it sets in `$env:`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookup {
    /// `None`: the process's own.
    environment: Option<BTreeMap<String, String>>,
    directory: Option<PathBuf>,
    home: Option<PathBuf>,
}

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
    /// A line for each place that was searched, for the error if nothing was found.
    looked_at: Vec<String>,
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
    let mut looked_at = Vec::new();

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
    looked_at.push(match in_force.is_empty() {
        true => "configuration: none was given with the call or by ⟦configure⟧".to_owned(),
        false => {
            "configuration of the call and of ⟦configure⟧: neither accessToken nor clientId and clientSecret".to_owned()
        }
    });
    type Reader = fn(&Lookup, Option<&str>, &mut Vec<String>) -> Result<Option<Configuration>>;
    let places: [(Reader, Source); 3] =
        [(environment, Source::Environment), (config_json, Source::ConfigJson), (config_yaml, Source::ConfigYaml)];
    for (read, source) in places {
        if winner.is_some() {
            break;
        }
        if let Some(layer) = read(&lookup, environment_name.as_deref(), &mut looked_at)?
            && let Some(credentials) = layer.credentials(source)?
        {
            winner = Some((Cow::Owned(layer), credentials, source));
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
    let headers = Configuration { default_headers: Some(headers), ..Configuration::default() };
    let mut settings = vec![(Cow::Owned(headers), headers_source)];
    settings.extend(in_force.iter().map(|(layer, source)| (Cow::Borrowed(*layer), *source)));
    settings.push((Cow::Borrowed(Configuration::defaults()), Source::Default));
    let first = |pick: fn(&Configuration) -> Option<&Address>| {
        in_force.iter().find_map(|(layer, source)| Some((pick(layer)?.clone(), *source)))
    };
    let (mut base_url, mut token_url) =
        (first(|layer| layer.base_url.as_ref()), first(|layer| layer.token_url.as_ref()));
    if let Some((layer, _, source)) = &winner {
        base_url = match (layer.base_url.clone(), base_url) {
            (Some(own), Some((requested, _))) if own != requested => {
                return Err(other_address("baseUrl", *source, &own, &requested));
            }
            (Some(own), _) => Some((own, *source)),
            (None, requested) if !matches!(source, Source::Call | Source::Session) => requested,
            (None, _) => base_url_for_session(&lookup, environment_name.as_deref(), &mut looked_at)?,
        };
        token_url = match (layer.token_url.clone(), token_url, &base_url) {
            (Some(own), ..) => Some((own, *source)),
            (None, Some((requested, _)), Some((base_url, _))) if base_url.token_endpoint() != requested => {
                return Err(other_address("tokenUrl", *source, &requested, &requested));
            }
            _ => None,
        };
    }
    let default = base_url.as_ref().map(|(url, _)| (url.token_endpoint(), Source::Default));
    let credentials = winner.map(|(_, credentials, source)| (credentials, source));
    Ok(Found { credentials, base_url, token_url: token_url.or(default), settings, lookup, lookup_was_given, looked_at })
}

impl Source {
    /// The name in the answer of `cc_configure`.
    pub(super) fn name(self) -> &'static str {
        self.names().0
    }

    /// The name of `member` in errors.
    pub(super) fn name_of(self, member: &str) -> String {
        match self {
            Source::Environment => member.to_owned(),
            _ => format!("{member} in {}", self.names().1),
        }
    }

    /// In the answer of `cc_configure`, and in errors.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Source::Call => ("call", "the configuration of the call"),
            Source::Session => ("configure", "the configuration that ⟦configure⟧ has set"),
            Source::Environment => ("environment", "the environment (SAIL_CLIENT_ID, SAIL_CLIENT_SECRET)"),
            Source::ConfigJson => ("config.json", "./config.json"),
            Source::ConfigYaml => ("config.yaml", "~/.sailpoint/config.yaml"),
            Source::Default => ("default", "the defaults"),
        }
    }
}

impl Lookup {
    /// The process's own.
    fn of_process() -> Self {
        Self { environment: None, directory: Some(PathBuf::from(".")), home: host::environment().home.clone() }
    }

    /// A file of the current directory.
    pub(super) fn in_directory(&self, name: &str) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(name))
    }

    /// A file of the home directory.
    pub(super) fn in_home(&self, path: &[&str]) -> Option<PathBuf> {
        Some(path.iter().fold(self.home.clone()?, |folder, name| folder.join(name)))
    }

    /// A variable's value, if it is set and not blank.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = match &self.environment {
            Some(variables) => variables.get(name).cloned(),
            None => host::environment().variable(name),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}

impl Member for Lookup {
    type Limits = ();

    fn read(object: &mut Object<'_>, name: &'static str, (): ()) -> Result<Option<Self>> {
        let Some(mut object) = object.object(name)? else { return Ok(None) };
        let mut environment = BTreeMap::new();
        for (variable, raw) in object.object("environment")?.map(Object::into_members).unwrap_or_default() {
            if raw.get() != "null" {
                let value = json::text(raw, &format!("{name}.environment.{}", printable(&variable)))?;
                environment.insert(variable.into_owned(), value);
            }
        }
        let directory = object.text("directory")?.map(PathBuf::from);
        let home = object.text("home")?.map(PathBuf::from);
        object.finish()?;
        Ok(Some(Self { environment: Some(environment), directory, home }))
    }
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

    /// The error of a call without a base URL or credentials.
    pub(super) fn not_configured(&self, message: &str) -> Error {
        let mut hint = String::from("Looked at, in this order:\n");
        for line in &self.looked_at {
            hint.push_str("  ");
            hint.push_str(line);
            hint.push('\n');
        }
        hint.push_str("Give baseUrl, and accessToken or clientId and clientSecret (in PowerShell: Set-Configuration).");
        Error::new(Code::NotConfigured, message).hint(hint)
    }
}

/// The error for incomplete client credentials.
pub(super) fn half_credentials(source: Source, given: &str, missing: &str) -> Error {
    Error::new(Code::NotConfigured, format!("There is a {given} but no {missing} in {}.", source.names().1)).hint(
        format!(
            "Give the {missing} in the same place. Other places are not searched for it, because theirs may belong to another client."
        ),
    )
}

fn other_address(member: &str, source: Source, own: &Address, requested: &Address) -> Error {
    let own = if member == "baseUrl" { format!(", and belong to {}", own.as_str()) } else { String::new() };
    Error::new(
        Code::NotConfigured,
        format!(
            "{member} was set to {}, but the credentials that were found are those of {}{own}.",
            requested.as_str(),
            source.names().1
        ),
    )
    .hint(format!("A secret is sent only to the address that it was given with: give credentials beside the {member}, or leave it out."))
}

/// The base URL for session credentials without one.
fn base_url_for_session(
    lookup: &Lookup,
    environment_name: Option<&str>,
    looked_at: &mut Vec<String>,
) -> Result<Option<(Address, Source)>> {
    if let Some(text) = lookup.variable("SAIL_BASE_URL")
        && let Some(address) = Address::parse(&text, "SAIL_BASE_URL")?
    {
        return Ok(Some((address, Source::Environment)));
    }
    looked_at.clear();
    looked_at.push("the configuration: credentials, no baseUrl".to_owned());
    looked_at.push("SAIL_BASE_URL: not set".to_owned());
    let layer = config_yaml(lookup, environment_name, looked_at)?;
    looked_at.push(
        "./config.json is not used: a file in the current folder must not decide where the session's secret is sent"
            .to_owned(),
    );
    Ok(layer.and_then(|layer| Some((layer.base_url?, Source::ConfigYaml))))
}

fn environment(lookup: &Lookup, _: Option<&str>, looked_at: &mut Vec<String>) -> Result<Option<Configuration>> {
    let layer = Configuration::of_texts(Source::Environment, |name| lookup.variable(name))?;
    looked_at.push("environment: SAIL_CLIENT_ID and SAIL_CLIENT_SECRET are not set".to_owned());
    Ok(Some(layer))
}
