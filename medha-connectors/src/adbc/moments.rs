//! Dates, times and intervals as text in ISO form, from the numbers Arrow has for them.
//!
//! Our own arithmetic, because databases hold dates that calendars of libraries do not: DuckDB's go to the year 5881580.

use arrow_array::types::{IntervalDayTime, IntervalMonthDayNano};
use arrow_schema::TimeUnit;

const DAY_SECONDS: i64 = 86_400;

/// A date, from the days since 1970. The largest and the smallest number are DuckDB's infinities.
pub(super) fn date(days: i64) -> String {
    const INFINITE: i64 = i32::MAX as i64;
    match days {
        INFINITE => return "infinity".to_owned(),
        days if days == -INFINITE => return "-infinity".to_owned(),
        _ => {}
    }
    // The civil calendar in eras of 400 years that begin in March, so that the leap day is the last one of a year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.abs())
}

/// A time of day.
pub(super) fn time(number: i64, unit: TimeUnit) -> String {
    let parts = parts_of(unit);
    clock(number.div_euclid(parts), number.rem_euclid(parts), parts)
}

/// A date with a time of day; one of a time zone is in UTC and says so.
pub(super) fn timestamp(number: i64, unit: TimeUnit, has_zone: bool) -> String {
    match number {
        i64::MAX => return "infinity".to_owned(),
        number if number == -i64::MAX => return "-infinity".to_owned(),
        _ => {}
    }
    let parts = parts_of(unit);
    let (seconds, fraction) = (number.div_euclid(parts), number.rem_euclid(parts));
    let day = date(seconds.div_euclid(DAY_SECONDS));
    let clock = clock(seconds.rem_euclid(DAY_SECONDS), fraction, parts);
    format!("{day} {clock}{}", if has_zone { "+00" } else { "" })
}

/// A length of time.
pub(super) fn duration(number: i64, unit: TimeUnit) -> String {
    length(0, 0, i128::from(number) * i128::from(1_000_000_000 / parts_of(unit)))
}

pub(super) fn months(months: i32) -> String {
    length(months, 0, 0)
}

pub(super) fn days_and_milliseconds(interval: IntervalDayTime) -> String {
    length(0, interval.days, i128::from(interval.milliseconds) * 1_000_000)
}

pub(super) fn months_days_and_nanoseconds(interval: IntervalMonthDayNano) -> String {
    length(interval.months, interval.days, i128::from(interval.nanoseconds))
}

fn length(months: i32, days: i32, nanoseconds: i128) -> String {
    const SECOND: i128 = 1_000_000_000;
    let mut words = Vec::new();
    let mut word = |count: i32, unit: &str| {
        if count != 0 {
            words.push(format!("{count} {unit}{}", if count.abs() == 1 { "" } else { "s" }));
        }
    };
    word(months / 12, "year");
    word(months % 12, "month");
    word(days, "day");
    if nanoseconds != 0 || words.is_empty() {
        let sign = if nanoseconds < 0 { "-" } else { "" };
        let whole = nanoseconds.abs();
        let seconds = i64::try_from(whole / SECOND).unwrap_or(i64::MAX);
        let fraction = i64::try_from(whole % SECOND).unwrap_or_default();
        words.push(format!("{sign}{}", clock(seconds, fraction, 1_000_000_000)));
    }
    words.join(" ")
}

fn clock(seconds: i64, fraction: i64, parts: i64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let mut text = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if fraction != 0 {
        let nanoseconds = format!("{:09}", fraction * (1_000_000_000 / parts));
        text.push('.');
        text.push_str(nanoseconds.trim_end_matches('0'));
    }
    text
}

fn parts_of(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_from_one_end_of_what_databases_hold_to_the_other() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (19_782, "2024-02-29"),
            (19_783, "2024-03-01"),
            (-719_162, "0001-01-01"),
            (-719_163, "0000-12-31"),
            (-719_529, "-0001-12-31"),
            (-2_147_483_646, "-5877641-06-25"),
            (2_147_483_646, "5881580-07-10"),
            (2_147_483_647, "infinity"),
            (-2_147_483_647, "-infinity"),
        ] {
            assert_eq!(date(days), text, "{days}");
        }
        let mut day = jiff::civil::date(1583, 1, 1);
        while day.year() < 2400 {
            let days = (day - jiff::civil::date(1970, 1, 1)).get_days();
            assert_eq!(date(i64::from(days)), day.to_string());
            day = day.checked_add(jiff::Span::new().days(37)).unwrap();
        }
    }

    #[test]
    fn moments_keep_their_fraction_and_say_their_zone() {
        assert_eq!(timestamp(-1, TimeUnit::Microsecond, false), "1969-12-31 23:59:59.999999");
        assert_eq!(timestamp(1_500, TimeUnit::Millisecond, true), "1970-01-01 00:00:01.5+00");
        assert_eq!(timestamp(i64::MAX, TimeUnit::Microsecond, false), "infinity");
        assert_eq!(timestamp(-i64::MAX, TimeUnit::Nanosecond, true), "-infinity");
        assert_eq!(time(86_399_000_000_001, TimeUnit::Nanosecond), "23:59:59.000000001");
        assert_eq!(time(45_000, TimeUnit::Second), "12:30:00");
    }

    #[test]
    fn intervals_are_written_out() {
        assert_eq!(months(-14), "-1 year -2 months");
        assert_eq!(days_and_milliseconds(IntervalDayTime::new(2, 1_500)), "2 days 00:00:01.5");
        let mixed = IntervalMonthDayNano::new(13, -1, -3_600_000_000_000);
        assert_eq!(months_days_and_nanoseconds(mixed), "1 year 1 month -1 day -01:00:00");
        assert_eq!(months_days_and_nanoseconds(IntervalMonthDayNano::new(0, 0, 0)), "00:00:00");
        assert_eq!(duration(90, TimeUnit::Second), "00:01:30");
    }
}
