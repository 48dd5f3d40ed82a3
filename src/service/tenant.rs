//! What calls have learned about a tenant, shared by all calls with its address and credentials.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::AUTHORIZATION;

use crate::cache::Cache;
use crate::config::{ApiVersion, Effective};
use crate::error::Result;
use crate::secret::Fingerprint;

/// How long a cached fact is valid.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The maximum number of tenants.
const MAX_TENANTS: usize = 64;

/// Whether a value may come, or came, from the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    Cached,
    Fresh,
}

#[derive(Debug, Default)]
pub(super) struct TenantFacts {
    pub(super) size: Fact<u64>,
    /// Whether `/cc` is gone and its successor has answered. It never expires, because `/cc` does not come back.
    pub(super) retired: AtomicBool,
    /// Whether all checks of a refresh were too old when they ended; until a check is quicker.
    pub(super) is_slow: AtomicBool,
    /// For each configured version of the API, the one that the host has answered.
    pub(super) versions: Versions,
}

/// The versions in use, by the configured version: its index in [`ApiVersion::ALL`], plus one; 0: not known.
#[derive(Debug, Default)]
pub(super) struct Versions([AtomicU8; ApiVersion::ALL.len()]);

impl Versions {
    /// The version that has answered; `None` if none has.
    pub(super) fn known(&self, configured: ApiVersion) -> Option<ApiVersion> {
        let number = self.0[configured as usize].load(Ordering::Relaxed);
        ApiVersion::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    pub(super) fn remember(&self, configured: ApiVersion, answered: ApiVersion) {
        self.0[configured as usize].store(answered as u8 + 1, Ordering::Relaxed);
    }
}

/// A value that expires after ten minutes.
#[derive(Debug)]
pub(super) struct Fact<T>(Mutex<Option<(Instant, T)>>);

#[derive(PartialEq, Eq)]
struct Key {
    base_url: String,
    credentials: Fingerprint,
}

impl TenantFacts {
    /// The facts about the tenant of this configuration. Separate from the services, because a service that depends on
    /// files or environment variables is created for each call.
    pub(super) fn of(configuration: &Effective) -> Arc<Self> {
        static CACHE: Cache<Key, Arc<TenantFacts>> = Cache::new(MAX_TENANTS);
        let key = Key {
            base_url: configuration.base_url.as_str().to_owned(),
            credentials: configuration
                .credentials
                .fingerprint(configuration.settings.default_headers.get(AUTHORIZATION)),
        };
        CACHE.get_or_insert_with(key, Arc::default)
    }
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Fact<T> {
    /// The cached value, if `freshness` allows it; otherwise that of `fetch`. Also returns whether it was cached.
    pub(super) fn get(&self, freshness: Freshness, fetch: impl FnOnce() -> Result<T>) -> Result<(T, Freshness)> {
        if freshness == Freshness::Cached {
            let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((_, value)) = cached.filter(|(since, _)| since.elapsed() < MAX_AGE) {
                return Ok((value, Freshness::Cached));
            }
        }
        // Not under the lock, so that no thread waits for another's request.
        let value = fetch()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), value.clone()));
        Ok((value, Freshness::Fresh))
    }
}
