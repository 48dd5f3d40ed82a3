//! The service's times: UTC, to the second, as `2026-11-28T10:00:00`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

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
        iso(httpdate::parse_http_date(&self.date).ok()?.checked_add(self.since)?)
    }
}

/// The text of a time. Texts sort like times. `None` after the year 9999, which a server may name.
fn iso(time: SystemTime) -> Option<String> {
    let mut text = String::with_capacity("2026-11-28T10:00:00Z".len());
    write!(text, "{}", humantime::format_rfc3339_seconds(time)).ok()?;
    text.pop();
    Some(text)
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
            assert_eq!(iso(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds_since)).as_deref(), Some(text));
        }
        let last = "Fri, 31 Dec 9999 23:59:59 GMT";
        let time = |since| ServiceTime { date: last.into(), since: Duration::from_secs(since) }.text();
        assert_eq!((time(0).as_deref(), time(1)), (Some("9999-12-31T23:59:59"), None));
    }
}
