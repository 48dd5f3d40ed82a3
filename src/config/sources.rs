//! Where a configuration comes from, and which source wins.
//!
//! In this order: the call, `cc_configure`, the environment (`SAIL_BASE_URL`, `SAIL_CLIENT_ID`,
//! `SAIL_CLIENT_SECRET`), `./config.json`, `~/.sailpoint/config.yaml`: the places where SailPoint's own tools look.
//! The first that names credentials wins and gives the base URL too. The one exception: credentials that were set
//! in the session (the call or `cc_configure`) without a base URL take it from `SAIL_BASE_URL` or `config.yaml`,
//! which are the user's own, never from `./config.json`, which is whoever's folder this is.
//!
//! Settings that are neither address nor credential come from the session only. A call that names credentials
//! stands alone; one that does not adds its settings to those of `cc_configure`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, Yaml};

use super::{Address, Configuration, Credentials, Settings};
use crate::error::{Code, Error, Result};
use crate::json::{self, Object};
use crate::secret::Secret;
use crate::text::printable;

/// Where a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Call,
    Session,
    Environment,
    ConfigJson,
    ConfigYaml,
    Default,
}

/// Where the sources are looked for, where that is not the process's own environment, working directory and home:
/// native code sees neither what a PowerShell session put into `$env:` nor its location.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookup {
    environment: BTreeMap<String, String>,
    directory: Option<PathBuf>,
    home: Option<PathBuf>,
}

/// What the sources say together.
#[derive(Debug)]
pub(crate) struct Found {
    pub(super) credentials: Option<(Credentials, Source)>,
    pub(super) base_url: Option<(Address, Source)>,
    pub(super) token_url: Option<(Address, Source)>,
    pub(super) default_headers: (reqwest::header::HeaderMap, Source),
    /// The session's settings: the call's, and behind them those of `cc_configure` where they hold.
    pub(super) settings: Vec<(Settings, Source)>,
    pub(super) lookup: Lookup,
    /// False: it is the process's own.
    pub(super) lookup_was_given: bool,
    /// A line for each place that was looked at, for the error that says that nothing was found.
    looked_at: Vec<String>,
}

/// The environment variables that are read.
const VARIABLES: [&str; 10] = [
    "SAIL_BASE_URL",
    "SAIL_CLIENT_ID",
    "SAIL_CLIENT_SECRET",
    "HTTPS_PROXY",
    "https_proxy",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Larger files are no configuration.
const MAXIMUM_FILE_BYTES: u64 = 1 << 20;

/// Asks the sources in their order until one names credentials.
pub(super) fn find(call: Option<&Configuration>, session: Option<&Configuration>) -> Result<Found> {
    // Of a call that stands alone, nothing is the session's.
    let stands_alone = call.is_some_and(|call| call.credentials(Source::Call).is_ok_and(|found| found.is_some()));
    let given = call.and_then(|call| call.lookup.clone());
    let given = given.or_else(|| session.filter(|_| !stands_alone)?.lookup.clone());
    let lookup_was_given = given.is_some();
    let lookup = given.unwrap_or_else(Lookup::of_process);
    let environment_name = [call, session].into_iter().flatten().find_map(|layer| layer.settings.environment.clone());
    let mut looked_at = Vec::new();

    let mut in_force: Vec<(&Configuration, Source)> = Vec::new();
    let mut winner: Option<(Configuration, Credentials, Source)> = None;
    for (layer, source) in [(call, Source::Call), (session, Source::Session)] {
        let Some(layer) = layer else { continue };
        in_force.push((layer, source));
        if let Some(credentials) = layer.credentials(source)? {
            winner = Some((layer.clone(), credentials, source));
            break;
        }
    }
    looked_at.push(match in_force.is_empty() {
        true => "configuration: none was given with the call or by cc_configure".to_owned(),
        false => "configuration of the call and of cc_configure: neither accessToken nor clientId and clientSecret"
            .to_owned(),
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
            winner = Some((layer, credentials, source));
        }
    }

    let settings = in_force.iter().map(|(layer, source)| (layer.settings.clone(), *source)).collect();
    let mut default_headers = (reqwest::header::HeaderMap::new(), Source::Default);
    for (layer, source) in in_force.iter().rev().filter(|(layer, _)| !layer.default_headers.is_empty()) {
        default_headers.0.extend(layer.default_headers.clone());
        default_headers.1 = *source;
    }
    let session_url = |pick: fn(&Configuration) -> Option<&Address>| {
        in_force.iter().find_map(|(layer, source)| Some((pick(layer)?.clone(), *source)))
    };
    let asked = session_url(|layer| layer.base_url.as_ref());
    let asked_token_url = session_url(|layer| layer.token_url.as_ref());
    let mut found = Found {
        credentials: None,
        base_url: asked.clone(),
        token_url: asked_token_url.clone(),
        default_headers,
        settings,
        lookup,
        lookup_was_given,
        looked_at,
    };
    let Some((layer, credentials, source)) = winner else {
        return Ok(found);
    };
    found.credentials = Some((credentials, source));
    found.base_url = match (layer.base_url, asked) {
        (Some(own), Some((asked, _))) if own != asked => {
            return Err(belongs_elsewhere("baseUrl", source, &own, &asked));
        }
        (Some(own), _) => Some((own, source)),
        (None, asked) if source != Source::Call && source != Source::Session => asked,
        (None, _) => base_url_for_session(&found.lookup, environment_name.as_deref(), &mut found.looked_at)?,
    };
    found.token_url = match (layer.token_url, asked_token_url) {
        (Some(own), _) => Some((own, source)),
        (None, Some((asked, _)))
            if found.base_url.as_ref().is_some_and(|(own, _)| own.join("/oauth/token") != *asked.url()) =>
        {
            return Err(belongs_elsewhere("tokenUrl", source, &asked, &asked));
        }
        (None, _) => None,
    };
    Ok(found)
}

impl Source {
    /// As `cc_configure` reports it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Source::Call => "call",
            Source::Session => "configure",
            Source::Environment => "environment",
            Source::ConfigJson => "config.json",
            Source::ConfigYaml => "config.yaml",
            Source::Default => "default",
        }
    }

    /// As an error speaks of it.
    fn described(self) -> &'static str {
        match self {
            Source::Call => "the configuration of the call",
            Source::Session => "the configuration that cc_configure has set",
            Source::Environment => "the environment (SAIL_CLIENT_ID, SAIL_CLIENT_SECRET)",
            Source::ConfigJson => "./config.json",
            Source::ConfigYaml => "~/.sailpoint/config.yaml",
            Source::Default => "the defaults",
        }
    }
}

impl Lookup {
    /// Reads the configuration's `lookup` member.
    pub(super) fn read(mut object: Object<'_>) -> Result<Self> {
        let mut environment = BTreeMap::new();
        for (name, raw) in object.object("environment")?.map(Object::into_members).unwrap_or_default() {
            if raw.get() != "null" {
                let value = json::text(raw, &format!("lookup.environment.{}", printable(&name)))?;
                environment.insert(name.into_owned(), value);
            }
        }
        let directory = object.text("directory")?.map(PathBuf::from);
        let home = object.text("home")?.map(PathBuf::from);
        object.finish()?;
        Ok(Self { environment, directory, home })
    }

    /// The process's own.
    fn of_process() -> Self {
        let read = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        Self {
            environment: VARIABLES.iter().filter_map(read).collect(),
            directory: Some(PathBuf::from(".")),
            home: std::env::home_dir(),
        }
    }

    /// A variable's value, where it is set and not blank.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }
}

impl Found {
    /// The error of a call that nobody has told where to go, or as whom.
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

/// The error for one half of a client's credentials.
pub(super) fn half(source: Source, given: &str, missing: &str) -> Error {
    Error::new(Code::NotConfigured, format!("There is a {given} but no {missing} in {}.", source.described())).hint(
        format!(
            "Give the {missing} in the same place. Other places are not asked for it: it might be somebody else's."
        ),
    )
}

fn belongs_elsewhere(member: &str, source: Source, own: &Address, asked: &Address) -> Error {
    let own = if member == "baseUrl" { format!(", and belong to {}", own.as_str()) } else { String::new() };
    Error::new(
        Code::NotConfigured,
        format!(
            "{member} was set to {}, but the credentials that were found are those of {}{own}.",
            asked.as_str(),
            source.described()
        ),
    )
    .hint(format!("A secret is sent only to the address that it was given with: give credentials beside the {member}, or leave it out."))
}

/// Credentials of the session that came without a base URL.
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
        "./config.json is not asked: a file in whatever folder this is must not say where the session's secret goes"
            .to_owned(),
    );
    Ok(layer.and_then(|layer| Some((layer.base_url?, Source::ConfigYaml))))
}

fn environment(lookup: &Lookup, _: Option<&str>, looked_at: &mut Vec<String>) -> Result<Option<Configuration>> {
    let base_url = match lookup.variable("SAIL_BASE_URL") {
        Some(text) => Address::parse(&text, "SAIL_BASE_URL")?,
        None => None,
    };
    let layer = Configuration {
        base_url,
        client_id: lookup.variable("SAIL_CLIENT_ID"),
        client_secret: lookup.variable("SAIL_CLIENT_SECRET").map(Secret::new),
        ..Configuration::default()
    };
    looked_at.push("environment: SAIL_CLIENT_ID and SAIL_CLIENT_SECRET are not set".to_owned());
    Ok(Some(layer))
}

fn config_json(lookup: &Lookup, _: Option<&str>, looked_at: &mut Vec<String>) -> Result<Option<Configuration>> {
    let Some(directory) = &lookup.directory else { return Ok(None) };
    let path = directory.join("config.json");
    let Some(text) = read_file(&path, "./config.json", looked_at) else { return Ok(None) };
    let mut layer = Configuration::default();
    // Somebody else's config.json is no error: only members of these names are ours.
    let Ok(object) = Object::parse(&text, "./config.json") else {
        looked_at.push(format!("{}: no JSON object", path.display()));
        return Ok(None);
    };
    for (name, raw) in object.into_members() {
        let Ok(value) = json::text(raw, "./config.json") else { continue };
        if value.trim().is_empty() {
            continue;
        }
        match name.to_ascii_lowercase().as_str() {
            "baseurl" => layer.base_url = Address::parse(&value, "BaseUrl in ./config.json")?,
            "tokenurl" => layer.token_url = Address::parse(&value, "TokenUrl in ./config.json")?,
            "clientid" => layer.client_id = Some(value),
            "clientsecret" => layer.client_secret = Some(Secret::new(value)),
            _ => {}
        }
    }
    looked_at.push(format!("{}: no ClientId and ClientSecret", path.display()));
    Ok(Some(layer))
}

fn config_yaml(lookup: &Lookup, name: Option<&str>, looked_at: &mut Vec<String>) -> Result<Option<Configuration>> {
    let Some(home) = &lookup.home else { return Ok(None) };
    let path = home.join(".sailpoint").join("config.yaml");
    let shown = path.display().to_string();
    let Some(text) = read_file(&path, "~/.sailpoint/config.yaml", looked_at) else { return Ok(None) };
    let documents = Yaml::load_from_str(&text).unwrap_or_default();
    let root = documents.first();
    let text_at = |node: Option<&Yaml<'_>>, key: &str| {
        node?.as_mapping_get(key)?.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
    };
    let Some(name) = name.map(str::to_owned).or_else(|| text_at(root, "activeenvironment")) else {
        looked_at.push(format!("{shown}: no active environment"));
        return Ok(None);
    };
    let environments = root.and_then(|root| root.as_mapping_get("environments"));
    let environment =
        environments.and_then(|all| all.as_mapping_get(&name.to_lowercase()).or_else(|| all.as_mapping_get(&name)));
    if environment.is_none() {
        looked_at.push(format!("{shown}: no environment \"{}\"", printable(&name)));
        return Ok(None);
    }
    let pat = environment.and_then(|environment| environment.as_mapping_get("pat"));
    looked_at.push(format!(
        "{shown}: environment \"{}\" has no pat (sail keeps it in the system's keyring, which is not read)",
        printable(&name)
    ));
    Ok(Some(Configuration {
        base_url: match text_at(environment, "baseurl") {
            Some(text) => Address::parse(&text, "baseurl in ~/.sailpoint/config.yaml")?,
            None => None,
        },
        client_id: text_at(pat, "clientid"),
        client_secret: text_at(pat, "clientsecret").map(Secret::new),
        ..Configuration::default()
    }))
}

/// A file's text, or a line that says why there is none.
fn read_file(path: &Path, shown: &str, looked_at: &mut Vec<String>) -> Option<String> {
    let read = std::fs::metadata(path).and_then(|metadata| {
        if metadata.len() > MAXIMUM_FILE_BYTES || !metadata.is_file() {
            return Err(std::io::Error::other("no file of at most 1 MiB"));
        }
        std::fs::read(path)
    });
    match read {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            looked_at.push(format!("{shown}: {} does not exist", path.display()));
            None
        }
        Err(error) => {
            looked_at.push(format!("{shown}: {} cannot be read: {error}", path.display()));
            None
        }
    }
}
