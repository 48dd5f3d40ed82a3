//! The service's times: UTC, to the second, as `2026-11-28T10:00:00`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The service's time at a moment. Few of them are ever read, so that the date is not parsed before.
#[derive(Debug, Clone)]
pub(crate) struct ServiceTime {
    /// `Date` of the last answer before that moment.
    date: Arc<str>,
    since: Duration,
}

impl ServiceTime {
    /// Now, by an answer's `Date` and when it came.
    pub(crate) fn now(date: Arc<str>, came: Instant) -> Self {
        Self { date, since: came.elapsed() }
    }

    /// `None` if the date was none.
    pub(crate) fn text(&self) -> Option<String> {
        Some(iso(httpdate::parse_http_date(&self.date).ok()? + self.since))
    }
}

/// The text of a time. Texts sort like times.
fn iso(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// Year, month and day for a number of days since 1970-01-01 (Howard Hinnant's `civil_from_days`).
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
    fn times_are_written_in_utc() {
        for (seconds_since, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_826_154, "2000-02-29T12:09:14"),
            (1_795_947_000, "2026-11-29T10:10:00"),
            (4_107_542_399, "2100-02-28T23:59:59"),
        ] {
            assert_eq!(iso(UNIX_EPOCH + Duration::from_secs(seconds_since)), text);
        }
    }
}
