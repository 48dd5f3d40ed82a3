//! The sandbox's clock, and times as the service writes them.

use std::time::{Duration, SystemTime};

/// The clock of the machine, set ahead or behind by a number of seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(i64);

impl Clock {
    /// The largest offset: one that keeps every date between 1970 and 9999.
    const MAX_YEARS: u64 = 50;

    /// A clock with this offset; negative: behind the machine's.
    pub(crate) fn new(offset_seconds: i64) -> Result<Self, String> {
        if offset_seconds.unsigned_abs() > Self::MAX_YEARS * 366 * 86_400 {
            return Err(format!("the clock offset must be at most {} years", Self::MAX_YEARS));
        }
        Ok(Self(offset_seconds))
    }

    pub(crate) fn now(self) -> SystemTime {
        let offset = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 { SystemTime::now() - offset } else { SystemTime::now() + offset }
    }

    /// Now, as in a `Date` header: whole seconds, rounded down.
    pub(crate) fn http_date(self) -> String {
        httpdate::fmt_http_date(self.now())
    }
}

/// A time in ISO 8601, UTC, with milliseconds: `2026-11-25T08:31:00.123Z`.
pub(crate) fn iso(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_clock_is_ahead_or_behind_by_its_offset() {
        let clock = |offset| Clock::new(offset).expect("the offset is small enough");
        let minute = Duration::from_secs(60);
        assert!(clock(3_600).now() > SystemTime::now() + 59 * minute);
        assert!(clock(-3_600).now() < SystemTime::now() - 59 * minute);
        assert!(Clock::new(i64::MAX).is_err() && Clock::new(i64::MIN).is_err());
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(iso(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(UNIX_EPOCH + Duration::from_millis(951_782_400_005)), "2000-02-29T00:00:00.005Z");
        assert_eq!(iso(UNIX_EPOCH + Duration::from_secs(1_795_595_460)), "2026-11-25T08:31:00.000Z");
    }
}
