//! How long the end of a task is waited for.

use std::time::Duration;

use crate::error::Result;
use crate::json::Object;

/// How long and how often a task is asked after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
}

impl Patience {
    const DEFAULT: Self = Self { timeout: Duration::from_secs(3600), interval: Duration::from_millis(2000) };

    /// Takes `wait`, `waitTimeoutSec` and `pollIntervalMs`; `None` where nothing is to be waited for.
    pub(crate) fn read(object: &mut Object<'_>) -> Result<Option<Self>> {
        let wait = object.flag("wait")?.unwrap_or(false);
        let timeout = object.seconds("waitTimeoutSec")?.unwrap_or(Self::DEFAULT.timeout);
        let interval = object.integer("pollIntervalMs", "milliseconds", 10..=3_600_000)?.map(Duration::from_millis);
        Ok(wait.then(|| Self { timeout, interval: interval.unwrap_or(Self::DEFAULT.interval) }))
    }
}
