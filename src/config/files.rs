//! The configuration files of SailPoint's own tools: `./config.json`, and `~/.sailpoint/config.yaml` of the `sail` tool.

use std::collections::BTreeMap;
use std::path::Path;

use saphyr::{ScalarStyle, ScanError, Yaml, YamlLoader};
use saphyr_parser::Parser;
use serde_json::value::RawValue;

use super::depth;
use super::place::{Lookup, Place, Source};
use crate::text::{decode, printable};

const MAXIMUM_FILE_BYTES: u64 = 1 << 20;

/// Names the active environment of config.yaml, before the file does.
const ACTIVE_ENVIRONMENT: &str = "SAIL_ACTIVEENVIRONMENT";

/// The environment that `sail` uses if neither names one.
const DEFAULT_ENVIRONMENT: &str = "default";

const KEYRING: &str = "sail keeps its secrets in the system's keyring, which is not read: write a config.json by `sail sdk init config`, \
                       or set SAIL_CLIENT_ID and SAIL_CLIENT_SECRET";

/// Reads `./config.json`, or says why it cannot be used. It may belong to another program: it is no error if it is
/// something else, and other members are ignored.
pub(super) fn config_json(lookup: &Lookup, _: Option<&str>) -> Result<Place, String> {
    let Some(path) = lookup.in_directory("config.json") else {
        return Err("./config.json: no current folder".to_owned());
    };
    let shown = path.display();
    let text = read_file(&path, "./config.json")?;
    let members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(&text).map_err(|error| match error.is_data() {
            true => format!("{shown}: no JSON object"),
            false => format!("{shown}: no JSON, line {}, column {}", error.line(), error.column()),
        })?;
    Ok(Place::of(Source::ConfigJson, format!("./config.json ({shown})"), |wanted| {
        let values = members.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        values.filter_map(|(_, value)| json_text(value)).next_back()
    }))
}

/// A text, or a number as it is written: ids of digits are written as numbers too, and may be longer than any number.
fn json_text(value: &RawValue) -> Option<String> {
    match value.get().as_bytes().first()? {
        b'"' => serde_json::from_str(value.get()).ok(),
        b'-' | b'0'..=b'9' => Some(value.get().to_owned()),
        _ => None,
    }
}

/// Reads the environment `name` of `~/.sailpoint/config.yaml`, or the active one; or says why it cannot be used.
pub(super) fn config_yaml(lookup: &Lookup, name: Option<&str>) -> Result<Place, String> {
    let Some(path) = lookup.in_home(&[".sailpoint", "config.yaml"]) else {
        return Err("~/.sailpoint/config.yaml: no home directory".to_owned());
    };
    let shown = path.display();
    let text = read_file(&path, "~/.sailpoint/config.yaml")?;
    let documents = documents(&text).map_err(|why| format!("{shown}: {why}"))?;
    let Some(root) = documents.first() else { return Err(format!("{shown}: empty")) };
    let name = name
        .map(str::to_owned)
        .or_else(|| lookup.variable(ACTIVE_ENVIRONMENT))
        .or_else(|| yaml_text(root, "activeenvironment"))
        .unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned());
    let name = name.trim();
    let environments = member(root, "environments");
    let Some(environment) = environments.and_then(|all| member(all, name)) else {
        let known: Vec<String> = environments.map(names).unwrap_or_default();
        let known = if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) };
        return Err(format!("{shown}: no environment \"{}\"{known}", printable(name)));
    };
    let place = format!("the environment \"{}\" of ~/.sailpoint/config.yaml ({shown})", printable(name));
    let mut place = Place::of(Source::ConfigYaml, place, |path| yaml_text(environment, path));
    place.remark = KEYRING;
    Ok(place)
}

/// The documents of a YAML text, with unparsed scalars: an id of digits is no number.
fn documents(text: &str) -> Result<Vec<Yaml<'_>>, String> {
    let no_yaml = |error: &ScanError| {
        let at = error.marker();
        format!("no YAML, line {}, column {}", at.line(), at.col() + 1)
    };
    depth::check(text)?;
    let mut loader = YamlLoader::default();
    loader.early_parse(false);
    Parser::new_from_str(text).load(&mut loader, true).map_err(|error| no_yaml(&error))?;
    if let Some(error) = loader.error() {
        return Err(no_yaml(error));
    }
    Ok(loader.into_documents())
}

/// A member of a mapping, in any case.
fn member<'y, 'i>(node: &'y Yaml<'i>, name: &str) -> Option<&'y Yaml<'i>> {
    let is_named = |key: &Yaml<'_>| scalar(key).is_some_and(|key| key.eq_ignore_ascii_case(name));
    node.as_mapping()?.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value)
}

/// The names of a mapping's members, at most ten.
fn names(node: &Yaml<'_>) -> Vec<String> {
    let keys = node.as_mapping().into_iter().flat_map(|mapping| mapping.iter().map(|(key, _)| key));
    keys.filter_map(scalar).take(10).map(printable).collect()
}

/// A scalar as it is written, unless it is null.
fn scalar<'y>(node: &'y Yaml<'_>) -> Option<&'y str> {
    match node {
        Yaml::Representation(text, ScalarStyle::Plain, _) if matches!(&**text, "" | "~" | "null" | "Null" | "NULL") => {
            None
        }
        Yaml::Representation(text, ..) => Some(text),
        _ => None,
    }
}

/// `path`: keys separated by dots.
fn yaml_text(node: &Yaml<'_>, path: &str) -> Option<String> {
    let node = path.split('.').try_fold(node, |node, key| member(node, key))?;
    scalar(node).map(str::to_owned).filter(|text| !text.trim().is_empty())
}

/// The text of a file, or why there is none.
fn read_file(path: &Path, shown: &str) -> Result<String, String> {
    let read = std::fs::metadata(path).and_then(|metadata| {
        if metadata.len() > MAXIMUM_FILE_BYTES || !metadata.is_file() {
            return Err(std::io::Error::other("no file of at most 1 MiB"));
        }
        std::fs::read(path)
    });
    match read {
        Ok(bytes) => decode(&bytes).map_err(|why| format!("{}: {why}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(format!("{shown}: {} does not exist", path.display()))
        }
        Err(error) => Err(format!("{shown}: {} cannot be read: {error}", path.display())),
    }
}
