//! The clock: read here and passed in everywhere else.

use jiff::Zoned;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Why `--now` cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no date; write 2025-06-30 or 2025-06-30T12:00")]
pub(crate) struct NotAMoment {
    text: String,
}

/// Reads `2025-06-30`, which means noon, or `2025-06-30T12:00`, with a space or a `T`.
///
/// # Errors
/// If it is neither.
pub(crate) fn parse_moment(text: &str) -> Result<DateTime, NotAMoment> {
    let text = text.trim();
    let has_time = text.len() > 10;
    let parsed = if has_time {
        text.parse::<DateTime>().ok()
    } else {
        text.parse::<Date>().ok().map(|date| date.at(12, 0, 0, 0))
    };
    parsed.ok_or_else(|| NotAMoment { text: text.to_owned() })
}

/// The moment it is in a time zone; UTC where the zone is not known.
#[allow(clippy::disallowed_methods, reason = "the command line and the server are where clocks are read")]
pub(crate) fn now_in(timezone: &str) -> DateTime {
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    Zoned::now().with_time_zone(zone).datetime()
}

/// Today's date in UTC.
pub(crate) fn today() -> Date {
    now_in("UTC").date()
}

/// A moment to measure a duration from.
#[allow(clippy::disallowed_methods, reason = "the command line and the server are where clocks are read")]
pub(crate) fn start() -> std::time::Instant {
    std::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_means_its_noon_and_anything_else_is_refused() {
        assert_eq!(parse_moment("2025-06-30").unwrap(), date(2025, 6, 30).at(12, 0, 0, 0));
        assert_eq!(parse_moment(" 2025-06-30T08:15 ").unwrap(), date(2025, 6, 30).at(8, 15, 0, 0));
        assert_eq!(parse_moment("2025-06-30 08:15:01").unwrap(), date(2025, 6, 30).at(8, 15, 1, 0));
        for wrong in ["", "soon", "2025-13-01", "30.06.2025", "2025-06-30T25:00"] {
            let error = parse_moment(wrong).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{wrong:?} is no date; write 2025-06-30 or 2025-06-30T12:00")
            );
        }
    }
}
