//! The service's times: UTC, to the second, as `2026-11-28T10:00:00`.

use std::time::{SystemTime, UNIX_EPOCH};

/// The text of a time. Texts sort like times.
pub(super) fn iso(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// The seconds from one time to a later one; 0 if it is not later.
pub(crate) fn seconds_between(before: &str, after: &str) -> u64 {
    match (seconds(before), seconds(after)) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => 0,
    }
}

/// Seconds since 1970.
fn seconds(time: &str) -> Option<u64> {
    let number = |at: std::ops::Range<usize>| time.get(at)?.parse::<u64>().ok();
    let days = days(number(0..4)?, number(5..7)?, number(8..10)?)?;
    Some(days * 86_400 + number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?)
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

/// The inverse (`days_from_civil`).
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_and_read_back() {
        for (seconds_since, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_826_154, "2000-02-29T12:09:14"),
            (1_795_947_000, "2026-11-29T10:10:00"),
            (4_107_542_399, "2100-02-28T23:59:59"),
        ] {
            assert_eq!(iso(UNIX_EPOCH + Duration::from_secs(seconds_since)), text);
            assert_eq!(seconds(text), Some(seconds_since));
        }
        assert_eq!(seconds_between("2026-11-28T23:59:58", "2026-11-29T00:00:01"), 3);
        assert_eq!(seconds_between("2026-11-29T00:00:01", "2026-11-28T23:59:58"), 0);
        assert_eq!(seconds("soon"), None);
    }
}
