//! What calls have learned of a tenant, kept for ten minutes and shared by all calls with its address and credentials.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cache::Cache;
use crate::config::{Credentials, Effective};
use crate::error::Result;

/// How long a fact is valid.
const KEPT: Duration = Duration::from_secs(600);

/// How many tenants are remembered at the same time.
const TENANTS: usize = 64;

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// As old as what was kept.
    Kept,
    /// Asked for now.
    New,
}

#[derive(Debug, Default)]
pub(super) struct TenantFacts {
    pub(super) size: Fact<u64>,
    /// Whether `/cc` is gone and its successor has answered. Kept for good: it does not come back.
    pub(super) retired: AtomicBool,
}

/// An answer that is asked for when it is first needed.
#[derive(Debug)]
pub(super) struct Fact<T>(Mutex<Option<(Instant, T)>>);

#[derive(PartialEq, Eq)]
struct Key {
    base_url: String,
    credentials: Credentials,
}

impl TenantFacts {
    /// What is known of the tenant that this configuration leads to. Kept apart from the services: one that depends
    /// on files or variables is made anew for each call.
    pub(super) fn of(configuration: &Effective) -> Arc<Self> {
        static TENANTS_KNOWN: Cache<Key, Arc<TenantFacts>> = Cache::new(TENANTS);
        let key = Key {
            base_url: configuration.base_url.as_str().to_owned(),
            credentials: configuration.credentials.clone(),
        };
        TENANTS_KNOWN.get_or_insert_with(key, Arc::default)
    }
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Fact<T> {
    /// What was kept, if it may be that old; or what `ask` finds out. The age is the answer's.
    pub(super) fn get(&self, age: Age, ask: impl FnOnce() -> Result<T>) -> Result<(T, Age)> {
        if age == Age::Kept {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((_, value)) = kept.filter(|(since, _)| since.elapsed() < KEPT) {
                return Ok((value, Age::Kept));
            }
        }
        // Not under the lock: several may ask at the same time, so that none waits for another's request.
        let value = ask()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), value.clone()));
        Ok((value, Age::New))
    }
}
