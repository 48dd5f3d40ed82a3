//! Reads incoming JSON, member by member; and writes it.
//!
//! A derived `Deserialize` would accept an array for a struct, and its messages repeat invalid values, which may be
//! secrets. Here a message holds only the name of the member and the expected type.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::text::{nearest, printable, shortened, trim_invisible};
use crate::wording::Client;

/// A JSON object whose members are taken one by one; a member that remains at the end is unknown.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    /// The name in errors; empty for the request itself.
    path: Cow<'static, str>,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
    known: Vec<&'static str>,
}

/// The members of an object in order, with unparsed values.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Parses a text. `what` names it in errors: "the request", "the configuration".
    pub(crate) fn parse(text: &'a str, what: &str) -> Result<Self> {
        // Valid text needs one pass; a second pass finds the error.
        if let Ok(Members(members)) = serde_json::from_str(text) {
            return Self::of(members, what, Cow::Borrowed(""));
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            Error::invalid_argument(format!(
                "{what} is not JSON: the error is at line {}, column {}.",
                error.line(),
                error.column()
            ))
            .hint("A JSON object is needed, such as {\"filter\": \"uid == \\\"amelie.roux\\\"\"}.")
        })?;
        Self::read(raw, what, Cow::Borrowed(""))
    }

    /// Parses an object that is a member of another.
    pub(crate) fn member(text: &'a str, path: &'static str) -> Result<Self> {
        // The text is part of JSON that was parsed before.
        let raw = serde_json::from_str(text).map_err(|_| not_text(path))?;
        Self::read(raw, path, Cow::Borrowed(path))
    }

    fn read(raw: &'a RawValue, what: &str, path: Cow<'static, str>) -> Result<Self> {
        if kind(raw) != "an object" {
            return Err(Error::invalid_argument(format!("{what} must be a JSON object, not {}.", kind(raw))));
        }
        let Members(members) =
            serde_json::from_str(raw.get()).map_err(|_| not_text(&format!("a member's name in {what}")))?;
        Self::of(members, what, path)
    }

    fn of(members: Vec<(Cow<'a, str>, &'a RawValue)>, what: &str, path: Cow<'static, str>) -> Result<Self> {
        if let Some(twice) = duplicate_name(&members) {
            return Err(Error::invalid_argument(format!("{what} has the member \"{}\" twice.", printable(twice)))
                .hint("Keep one of the two."));
        }
        Ok(Self { path, members, known: Vec::with_capacity(8) })
    }

    /// The members, for objects whose names the caller chooses.
    pub(crate) fn into_members(self) -> Vec<(Cow<'a, str>, &'a RawValue)> {
        self.members
    }

    /// Takes a member. Null counts as absent.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a RawValue> {
        self.known.push(name);
        let index = self.members.iter().position(|(member, _)| member == name)?;
        let (_, raw) = self.members.remove(index);
        (raw.get() != "null").then_some(raw)
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        text(raw, &self.name(name)).map(Some)
    }

    /// `true` or `false`, also as a string.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        boolean(raw, || self.name(name)).map(Some)
    }

    pub(crate) fn choice<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let given = if kind(raw) == "text" { text(raw, &self.name(name))? } else { String::new() };
        if let Some((_, value)) = words.iter().find(|(word, _)| given.eq_ignore_ascii_case(word)) {
            return Ok(Some(*value));
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let given = if given.is_empty() { kind(raw).to_owned() } else { format!("\"{}\"", printable(&given)) };
        Err(Error::invalid_argument(format!("{} must be one of {}, not {given}.", self.name(name), words.join(", "))))
    }

    /// The member `client`: which interface's names messages use.
    pub(crate) fn client(&mut self) -> Result<Client> {
        let client = self.choice("client", &Client::WORDS)?.unwrap_or_default();
        if client == Client::PowerShell {
            // The other members are the module's, not its user's.
            self.known.retain(|name| ["filter", "refreshArgs"].contains(name));
        }
        Ok(client)
    }

    /// An array of texts that are not blank.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        if kind(raw) != "an array" {
            return Err(self.invalid(name, "an array of texts", raw));
        }
        let name = self.name(name);
        let members: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| not_text(&name))?;
        let member = |(index, raw): (usize, &&RawValue)| {
            let path = format!("{name}[{index}]");
            let text = text(raw, &path)?;
            match trim_invisible(&text).is_empty() {
                true => Err(Error::invalid_argument(format!("{path} is blank."))),
                false => Ok(text),
            }
        };
        members.iter().enumerate().map(member).collect::<Result<_>>().map(Some)
    }

    pub(crate) fn integer(
        &mut self,
        name: &'static str,
        unit: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        match raw.get().parse::<u64>() {
            Ok(value) if range.contains(&value) => Ok(Some(value)),
            _ => {
                let needed = format!("a whole number of {unit} from {} to {}", range.start(), range.end());
                Err(self.invalid(name, &needed, raw))
            }
        }
    }

    /// Seconds, with fractions, from 0.001 to one day.
    pub(crate) fn seconds(&mut self, name: &'static str) -> Result<Option<std::time::Duration>> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        match raw.get().parse::<f64>() {
            Ok(value) if (0.001..=86_400.0).contains(&value) => Ok(Some(std::time::Duration::from_secs_f64(value))),
            _ => Err(self.invalid(name, "a number of seconds from 0.001 to 86400", raw)),
        }
    }

    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<Object<'a>>> {
        let Some(raw) = self.take(name) else { return Ok(None) };
        let path = self.name(name);
        Object::read(raw, &path.clone(), path).map(Some)
    }

    /// Rejects members that were not taken.
    pub(crate) fn finish(self) -> Result<()> {
        let Some((name, _)) = self.members.first() else { return Ok(()) };
        let place = if self.path.is_empty() { "The request" } else { self.path.as_ref() };
        let error = Error::invalid_argument(format!("{place} has no member \"{}\".", printable(name)));
        Err(match nearest(name, &self.known) {
            Some(near) => error.hint(format!("Was \"{near}\" meant?")),
            None => error.hint(format!("Known are: {}.", self.known.join(", "))),
        })
    }

    fn invalid(&self, name: &'static str, needed: &str, raw: &RawValue) -> Error {
        invalid(&self.name(name), needed, raw)
    }

    fn name(&self, name: &'static str) -> Cow<'static, str> {
        if self.path.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(format!("{}.{name}", self.path)) }
    }
}

fn duplicate_name<'m>(members: &'m [(Cow<'_, str>, &RawValue)]) -> Option<&'m str> {
    let mut names = members.iter().map(|(name, _)| name.as_ref());
    // For few members this is faster than sorting.
    if members.len() <= 8 {
        return (0..members.len()).find_map(|_| names.next().filter(|name| names.clone().any(|other| other == *name)));
    }
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

fn invalid(path: &str, needed: &str, raw: &RawValue) -> Error {
    let given = match kind(raw) {
        "a number" => shortened(raw.get(), 30),
        other => other.to_owned(),
    };
    Error::invalid_argument(format!("{path} must be {needed}, not {given}."))
}

/// `true` or `false`, also as text in any case. `path`: its name in errors.
pub(crate) fn boolean<P: AsRef<str>>(raw: &RawValue, path: impl Fn() -> P) -> Result<bool> {
    match raw.get() {
        "true" => return Ok(true),
        "false" => return Ok(false),
        _ => {}
    }
    let word = if kind(raw) == "text" { Cow::Owned(text(raw, path().as_ref())?) } else { Cow::Borrowed(raw.get()) };
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if is("true") || is("false") { Ok(is("true")) } else { Err(invalid(path().as_ref(), "true or false", raw)) }
}

pub(crate) fn text(raw: &RawValue, path: &str) -> Result<String> {
    if kind(raw) != "text" {
        return Err(Error::invalid_argument(format!("{path} must be text, not {}.", kind(raw))));
    }
    serde_json::from_str(raw.get()).map_err(|_| not_text(path))
}

/// Checks a value that is passed on: every string is valid text, and it nests at most 127 levels deep.
pub(crate) fn check_any(raw: &RawValue, path: impl FnOnce() -> String) -> Result<()> {
    if matches!(kind(raw), "a boolean" | "null") {
        return Ok(());
    }
    serde_json::from_str::<serde_json::Value>(raw.get()).map(drop).map_err(|_| {
        let path = path();
        Error::invalid_argument(format!(
            "{path} nests deeper than 127 levels, or holds a number or an escape (a lone surrogate such as \\ud800) \
             that no text can hold."
        ))
    })
}

fn not_text(path: &str) -> Error {
    Error::invalid_argument(format!("{path} holds an escape that is no character (a lone surrogate such as \\ud800)."))
}

fn kind(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'"') => "text",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// The text of a value. Everything is written by this function, so that each type has one writer.
///
/// # Errors
///
/// Only for a map whose keys are not text, or a `Serialize` that fails.
pub(crate) fn written(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut start = Start { text: Vec::with_capacity(1024), limit: LARGEST_START, beyond: 0 };
    serde_json::to_writer(&mut start, value)?;
    if start.beyond == 0 {
        return Ok(start.text);
    }
    let length = start.text.len() + start.beyond;
    drop(start);
    let mut whole = Start { text: Vec::with_capacity(length), limit: usize::MAX, beyond: 0 };
    serde_json::to_writer(&mut whole, value)?;
    Ok(whole.text)
}

/// How much of a text is kept while it is measured: a buffer that grows would take three times the memory of a long text.
const LARGEST_START: usize = 64 * 1024;

/// A text up to a limit, and the length of what is beyond it.
struct Start {
    text: Vec<u8>,
    limit: usize,
    beyond: usize,
}

impl Write for Start {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        if self.beyond == 0 && part.len() <= self.limit - self.text.len() {
            self.text.extend_from_slice(part);
        } else {
            self.beyond += part.len();
        }
        Ok(part.len())
    }

    #[inline]
    fn write_all(&mut self, part: &[u8]) -> std::io::Result<()> {
        // Most parts are one character of the structure.
        match part {
            [byte] if self.text.len() < self.text.capacity().min(self.limit) => self.text.push(*byte),
            _ => _ = self.write(part)?,
        }
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A name that borrows if it has no escape; `Cow` alone always copies.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Borrowing;

        impl<'de> Visitor<'de> for Borrowing {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> std::result::Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> std::result::Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrowing)
    }
}
