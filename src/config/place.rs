//! The places where a configuration may come from, and what each of them holds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::address::{PLACEHOLDER, is_placeholder};
use super::types::Member;
use super::{Configuration, Credentials};
use crate::error::Result;
use crate::host;
use crate::json::{self, Object};
use crate::secret::Secret;
use crate::text::{printable, trim_invisible};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Call,
    Session,
    Environment,
    ConfigJson,
    ConfigYaml,
    Default,
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
            _ => format!("{member} in {}", self.place()),
        }
    }

    /// As in "no client id in {place}".
    pub(super) fn place(self) -> &'static str {
        self.names().1
    }

    pub(super) fn is_file(self) -> bool {
        matches!(self, Source::ConfigJson | Source::ConfigYaml)
    }

    /// In the answer of `cc_configure`, and in errors.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Source::Call => ("call", "⟦call-configuration⟧"),
            Source::Session => ("configure", "the configuration that ⟦configure⟧ has set"),
            Source::Environment => ("environment", "the environment"),
            Source::ConfigJson => ("config.json", "./config.json"),
            Source::ConfigYaml => ("config.yaml", "~/.sailpoint/config.yaml"),
            Source::Default => ("default", "the defaults"),
        }
    }
}

/// Where to look for the sources, if not in the process's own environment, working directory and home: native code does
/// not see the location of a PowerShell session, nor the variables that it sets in `$env:`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookup {
    /// `None`: the process's own.
    environment: Option<BTreeMap<String, String>>,
    directory: Option<PathBuf>,
    home: Option<PathBuf>,
    /// For a base URL for which `environment` has none.
    pub(super) proxy: Option<Secret>,
}

/// The variable that names the home directory, as for `std::env::home_dir` and SailPoint's `sail`.
const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

impl Lookup {
    /// The process's own.
    pub(super) fn of_process() -> Self {
        Self {
            environment: None,
            directory: Some(PathBuf::from(".")),
            home: host::environment().home.clone(),
            proxy: None,
        }
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
        let home = object.text("home")?.or_else(|| environment.get(HOME).filter(|home| !home.is_empty()).cloned());
        let proxy = object.text("proxy")?.filter(|text| !text.is_empty()).map(Secret::new);
        object.finish()?;
        Ok(Some(Self { environment: Some(environment), directory, home: home.map(PathBuf::from), proxy }))
    }
}

/// The texts of a variable's or a file's members, unparsed: what is wrong in a place that is not used is no error.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) source: Source,
    /// As in "no client id in {name}".
    pub(super) name: String,
    /// The texts of base URL, token URL, client id and client secret, by their names at this place.
    texts: Vec<(&'static str, String)>,
    /// A sentence for a place without credentials; may be empty.
    pub(super) remark: &'static str,
}

/// A part of an address with its credentials, its name at a place, and whether the place has it.
pub(super) type Part<'p> = (&'static str, &'p str, bool);

impl Place {
    /// `text` returns the text of a member by its name at this place.
    pub(super) fn of(source: Source, name: String, text: impl Fn(&str) -> Option<String>) -> Self {
        let names =
            ["baseUrl", "tokenUrl", "clientId", "clientSecret"].map(|member| Configuration::name_at(source, member));
        let texts = names.into_iter().filter(|name| !name.is_empty()).filter_map(|name| Some((name, text(name)?)));
        let texts = texts.filter(|(_, text)| !trim_invisible(text).is_empty()).collect();
        Self { source, name, texts, remark: "" }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(own, _)| *own == name).map(|(_, text)| text.as_str())
    }

    /// Whether it has a member. A placeholder is none.
    pub(super) fn has(&self, member: &str) -> bool {
        self.text(Configuration::name_at(self.source, member)).is_some_and(|text| !is_placeholder(text))
    }

    /// The credentials, and the address.
    pub(super) fn parts(&self) -> [Part<'static>; 3] {
        let part = |what, member| (what, Configuration::name_at(self.source, member), self.has(member));
        [part("client id", "clientId"), part("client secret", "clientSecret"), part("base URL", "baseUrl")]
    }

    /// What a place without credentials has.
    pub(super) fn line(&self) -> String {
        let name = Configuration::name_at(self.source, "baseUrl");
        let base_url = match self.text(name) {
            Some(text) if is_placeholder(text) => format!("{name} is the placeholder {PLACEHOLDER}, "),
            Some(_) => format!("{name}, but "),
            None => String::new(),
        };
        let [id, secret] = ["clientId", "clientSecret"].map(|member| Configuration::name_at(self.source, member));
        let remark = if self.remark.is_empty() { String::new() } else { format!(". {}", self.remark) };
        format!("{}: {base_url}no {id} and no {secret}{remark}", self.name)
    }

    /// Its values, if it has credentials.
    pub(super) fn parse(&self) -> Result<Option<(Configuration, Credentials)>> {
        let layer = Configuration::of_texts(self.source, |name| self.text(name).map(str::to_owned))?;
        let credentials = layer.credentials(self.source)?;
        Ok(credentials.map(|credentials| (layer, credentials)))
    }
}
