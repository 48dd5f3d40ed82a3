//! How long to wait for the end of a task.

use std::time::Duration;

use crate::error::Result;
use crate::json::Object;

/// The timeout and the poll interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitOptions {
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
}

impl WaitOptions {
    const DEFAULT: Self = Self { timeout: Duration::from_secs(3600), interval: Duration::from_millis(2000) };

    /// Takes `wait`, `waitTimeoutSec` and `pollIntervalMs`; `None` without `wait`.
    pub(crate) fn read(object: &mut Object<'_>) -> Result<Option<Self>> {
        let wait = object.flag("wait")?.unwrap_or(false);
        let timeout = object.seconds("waitTimeoutSec")?.unwrap_or(Self::DEFAULT.timeout);
        let interval = object.integer("pollIntervalMs", "milliseconds", 10..=3_600_000)?.map(Duration::from_millis);
        Ok(wait.then(|| Self { timeout, interval: interval.unwrap_or(Self::DEFAULT.interval) }))
    }
}
