//! The configuration files of SailPoint's own tools: `./config.json`, and `~/.sailpoint/config.yaml` of the `sail` tool.

use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;

use super::sources::{Lookup, Source};
use super::{Configuration, depth};
use crate::error::Result;
use crate::text::printable;

const MAXIMUM_FILE_BYTES: u64 = 1 << 20;

/// Names the active environment of config.yaml, before the file does.
const ACTIVE_ENVIRONMENT: &str = "SAIL_ACTIVEENVIRONMENT";

/// The environment that `sail` uses if neither names one.
const DEFAULT_ENVIRONMENT: &str = "default";

/// Reads `./config.json`. A line in `looked_at` says why it gives no credentials.
pub(super) fn config_json(
    lookup: &Lookup,
    _: Option<&str>,
    looked_at: &mut Vec<String>,
) -> Result<Option<Configuration>> {
    let Some(path) = lookup.in_directory("config.json") else { return Ok(None) };
    let Some(text) = read_file(&path, "./config.json", looked_at) else { return Ok(None) };
    // A config.json may belong to another program: it is no error, and other members are ignored.
    let members = match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => members,
        Ok(_) => {
            looked_at.push(format!("{}: no JSON object", path.display()));
            return Ok(None);
        }
        Err(error) => {
            looked_at.push(format!("{}: no JSON, line {}, column {}", path.display(), error.line(), error.column()));
            return Ok(None);
        }
    };
    let configuration = Configuration::of_texts(Source::ConfigJson, |wanted| {
        let values = members.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        values.filter_map(|(_, value)| json_text(value)).next_back()
    })?;
    looked_at.push(format!("{}: no ClientId and ClientSecret", path.display()));
    Ok(Some(configuration))
}

/// A text or a number that is not blank; ids are written as numbers too.
fn json_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Reads the environment `name` of `~/.sailpoint/config.yaml`, or the active one.
pub(super) fn config_yaml(
    lookup: &Lookup,
    name: Option<&str>,
    looked_at: &mut Vec<String>,
) -> Result<Option<Configuration>> {
    let Some(path) = lookup.in_home(&[".sailpoint", "config.yaml"]) else { return Ok(None) };
    let shown = path.display().to_string();
    let Some(text) = read_file(&path, "~/.sailpoint/config.yaml", looked_at) else { return Ok(None) };
    if let Err(why) = depth::check(&text) {
        looked_at.push(format!("{shown}: not read, because {why}"));
        return Ok(None);
    }
    let documents = match Yaml::load_from_str(&text) {
        Ok(documents) => documents,
        Err(error) => {
            let at = error.marker();
            looked_at.push(format!("{shown}: no YAML, line {}, column {}", at.line(), at.col() + 1));
            return Ok(None);
        }
    };
    let Some(root) = documents.first() else {
        looked_at.push(format!("{shown}: empty"));
        return Ok(None);
    };
    let name = name
        .map(str::to_owned)
        .or_else(|| lookup.variable(ACTIVE_ENVIRONMENT))
        .or_else(|| yaml_text(root, "activeenvironment"))
        .unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned());
    let Some(environment) = member(root, "environments").and_then(|all| member(all, &name)) else {
        looked_at.push(format!("{shown}: no environment \"{}\"", printable(&name)));
        return Ok(None);
    };
    let configuration = Configuration::of_texts(Source::ConfigYaml, |path| yaml_text(environment, path))?;
    looked_at.push(format!(
        "{shown}: environment \"{}\" has no pat. sail keeps it in the system's keyring, which is not read: write a config.json \
         by `sail sdk init config`, or set SAIL_CLIENT_ID and SAIL_CLIENT_SECRET",
        printable(&name)
    ));
    Ok(Some(configuration))
}

/// A member of a mapping, in any case.
fn member<'y, 'i>(node: &'y Yaml<'i>, name: &str) -> Option<&'y Yaml<'i>> {
    let is_named = |key: &Yaml<'_>| match key.as_str() {
        Some(key) => key.eq_ignore_ascii_case(name),
        // An environment may be called 1.
        None => key.as_integer().is_some_and(|key| key.to_string() == name),
    };
    node.as_mapping()?.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value)
}

/// A text or a whole number that is not blank. `path`: keys separated by dots.
fn yaml_text(node: &Yaml<'_>, path: &str) -> Option<String> {
    let node = path.split('.').try_fold(node, |node, key| member(node, key))?;
    let text = node.as_str().map(str::to_owned).or_else(|| Some(node.as_integer()?.to_string()));
    text.filter(|text| !text.trim().is_empty())
}

/// The text of a file, or a line in `looked_at` that says why there is none.
fn read_file(path: &Path, shown: &str, looked_at: &mut Vec<String>) -> Option<String> {
    let read = std::fs::metadata(path).and_then(|metadata| {
        if metadata.len() > MAXIMUM_FILE_BYTES || !metadata.is_file() {
            return Err(std::io::Error::other("no file of at most 1 MiB"));
        }
        std::fs::read(path)
    });
    match read.map(|bytes| decode(&bytes)) {
        Ok(Ok(text)) => Some(text),
        Ok(Err(why)) => {
            looked_at.push(format!("{}: {why}", path.display()));
            None
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

/// UTF-8, or UTF-16 as Windows PowerShell writes it, with or without a byte order mark.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text = char::decode_utf16(units).collect::<Result<String, _>>();
        text.map_err(|_| "no UTF-16 text: half a character".to_owned())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // ASCII, as both formats begin, in two bytes.
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        bytes => {
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = std::str::from_utf8(text);
            text.map(str::to_owned).map_err(|error| format!("no UTF-8 text, byte {}", error.valid_up_to() + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_in_every_encoding_that_windows_writes() {
        let text = "{\"ClientId\":\"\u{e9}\u{1f600}\"}";
        let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".as_slice(), &little].concat(),
            [b"\xfe\xff".as_slice(), &big].concat(),
            little.clone(),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
        assert_eq!(decode(b"").as_deref(), Ok(""));
        assert!(decode(b"{\"a\":\"\xe9\"}").is_err_and(|why| why.contains("byte 7")));
        assert!(decode(b"\xff\xfe\x00\xd8").is_err());
    }
}
