//! Secrets, which no message, log or `Debug` output shows.
//!
//! A server may repeat a secret in any answer, in any encoding. [`Secrets`] has those of one call; the envelope's text
//! passes [`Mask`], which replaces them.

mod forms;
mod mask;
mod reading;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use forms::Forms;
pub(crate) use mask::{Level, Mask};

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

/// Tells secrets apart, and reveals none: the key of what is kept longer than they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        for part in parts {
            digest.update(&part.len().to_le_bytes());
            digest.update(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest.finish().as_ref());
        Self(fingerprint)
    }
}

/// The secrets that a call has sent, or could have sent; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Vec<Arc<Forms>>>>);

impl Secrets {
    /// Before a secret is sent: from now on no text shows it.
    pub(crate) fn add(&self, forms: &Arc<Forms>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|other| Arc::ptr_eq(other, forms)) {
            known.push(Arc::clone(forms));
        }
    }

    pub(crate) fn mask(&self) -> Mask {
        Mask::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// A server's text for one of the library's sentences. Where the text is shortened, this comes first.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.mask().text(text)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
