//! `refreshArgs`: names and values unchanged and in order.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::Result;
use crate::json::{self, Object};
use crate::text::printable;

pub(crate) const PRUNE: &str = "pruneIdentities";

/// The arguments of a refresh. Serialised as the object that came in.
#[derive(Debug)]
pub(crate) struct Arguments<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Arguments<'a> {
    /// Null members are left out.
    pub(crate) fn read(object: Object<'a>) -> Result<Self> {
        let mut members = object.into_members();
        members.retain(|(_, value)| value.get() != "null");
        for (name, value) in &members {
            json::check_any(value, || format!("refreshArgs.{}", printable(name)))?;
        }
        Ok(Self(members))
    }

    /// Every argument, and whether the service may treat it as true.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), is_set(value)))
    }

    /// Whether the service may delete identities that have no accounts.
    pub(crate) fn prune(&self) -> bool {
        self.0.iter().any(|(name, value)| name.eq_ignore_ascii_case(PRUNE) && is_set(value))
    }
}

impl Serialize for Arguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Whether the service may treat a value as true: anything that is not clearly false.
fn is_set(value: &RawValue) -> bool {
    // Text may contain escapes.
    let text: Option<String> = value.get().starts_with('"').then(|| serde_json::from_str(value.get()).ok()).flatten();
    let word = text.as_deref().unwrap_or(value.get()).trim().to_ascii_lowercase();
    !matches!(word.as_str(), "false" | "0" | "no" | "")
}
