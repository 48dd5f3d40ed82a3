//! The sandbox's clock, and times as the service writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// Year, month and day of a number of days since 1970-01-01 (Howard Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
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
