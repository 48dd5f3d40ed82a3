//! Secrets, which no message, log or `Debug` output shows.

use std::fmt;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A bearer token; the prefix "Bearer " is removed.
    pub(crate) fn token(text: &str) -> Self {
        let text = text.trim();
        let bare = match text.get(..7) {
            Some(word) if word.eq_ignore_ascii_case("bearer ") => text[7..].trim_start(),
            _ => text,
        };
        Self(bare.to_owned())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
