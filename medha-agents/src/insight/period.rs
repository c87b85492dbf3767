//! Periods: buckets of time, and the window a number is fairly compared with.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use super::words;
use crate::plan::{FieldRef, Grain, TimeRange};
use crate::semantic::SemanticModel;

/// From when to when the data reaches on one time field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSpan {
    /// The first moment there is data of.
    pub first: DateTime,
    /// The first moment after the data, or now if data still comes in today.
    pub end: DateTime,
}

impl DataSpan {
    /// Reads it off the least and greatest value of a time field; `None` where they are not known.
    #[must_use]
    pub fn of(field: &FieldRef, model: &SemanticModel, now: DateTime) -> Option<Self> {
        let field = model.dataset(&field.dataset)?.field(&field.field)?;
        let first = moment(field.min.as_deref()?)?;
        let last = moment(field.max.as_deref()?)?;
        let end = if last.date() < now.date() { midnight(last.date().tomorrow().ok()?) } else { now };
        Some(Self { first, end })
    }

    /// Whether there is data of all but a tenth of a window: the first and the last days of it may have had nothing to
    /// record.
    #[must_use]
    pub fn covers(&self, start: DateTime, end: DateTime) -> bool {
        let seconds = |from: DateTime, to: DateTime| to.duration_since(from).as_secs().max(0);
        let missing = seconds(start, self.first.min(end)) + seconds(self.end.max(start), end);
        missing * 10 <= seconds(start, end)
    }
}

/// Whether and with what a window of time can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Compared {
    /// With the window before.
    With(PreviousWindow),
    /// The data does not reach back far enough.
    Uncovered {
        /// The window it would be.
        window: String,
        /// Since when there is data.
        since: Date,
    },
    /// An open window, or one that lies in the future, has none before it.
    Nothing,
}

/// The window before another, of the same length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousWindow {
    /// The window; its label says how it lies to the other: `the same span of the year before (1 Jan to 19 Nov 2024)`.
    pub range: TimeRange,
    /// Set when the window asked about is not over: how far it goes, `1 Jan to 19 Nov 2025`.
    pub so_far: Option<String>,
}

/// Finds the window that a time range is fairly compared with.
///
/// Whole months, quarters and years are compared with as many months before; other spans with as many days before. A
/// window that is not over, or that the data does not reach the end of, is compared with the same part of the window
/// before it.
///
/// ```
/// use jiff::civil::date;
/// use medha_agents::insight::{Compared, comparable};
/// use medha_agents::plan::{FieldRef, TimeRange};
///
/// let this_year = TimeRange {
///     field: FieldRef { dataset: "orders".into(), field: "ordered_at".into(), via: None },
///     start: Some(date(2025, 1, 1).at(0, 0, 0, 0)),
///     end: Some(date(2026, 1, 1).at(0, 0, 0, 0)),
///     label: "this year".into(),
/// };
/// let Compared::With(before) = comparable(&this_year, date(2025, 11, 20).at(0, 0, 0, 0), None) else { unreachable!() };
/// assert_eq!(before.range.label, "the same span of the year before (1 Jan to 19 Nov 2024)");
/// ```
#[must_use]
pub fn comparable(range: &TimeRange, now: DateTime, data: Option<DataSpan>) -> Compared {
    let (Some(start), Some(end)) = (range.start, range.end) else { return Compared::Nothing };
    // A window that is over and covered is whole, though its last days may have had nothing to record.
    let is_over = end <= now && data.is_none_or(|data| data.covers(start, end));
    let reached = if is_over { end } else { data.map_or(now, |data| data.end.min(now)) };
    let Some(step) = step_before(start, end, now) else { return Compared::Nothing };
    if start >= end || start >= reached {
        return Compared::Nothing;
    }
    let so_far = end.min(reached);
    let (Ok(before), Ok(before_end)) = (start.checked_sub(step), so_far.checked_sub(step)) else {
        return Compared::Nothing;
    };
    let before_end = before_end.min(start);
    let incomplete = so_far < end;
    // Only whole days can be said in words; a part of today is compared with the same part of its day.
    let spoken = words::window(before, before_end);
    if let Some(data) = data
        && !data.covers(before, before_end)
    {
        return Compared::Uncovered { window: spoken, since: data.first.date() };
    }
    let unit = unit_words(step);
    let label = if incomplete {
        format!("the same span of the {unit} before ({spoken})")
    } else {
        format!("the {unit} before ({spoken})")
    };
    let range = TimeRange { field: range.field.clone(), start: Some(before), end: Some(before_end), label };
    Compared::With(PreviousWindow { range, so_far: incomplete.then(|| words::window(start, so_far)) })
}

/// How far back the window before lies.
fn step_before(start: DateTime, end: DateTime, now: DateTime) -> Option<Span> {
    for months in 1..=240 {
        match start.checked_add(months.months()) {
            Ok(moved) if moved == end => return Some(months.months()),
            Ok(moved) if moved > end => break,
            Ok(_) => {}
            Err(_) => return None,
        }
    }
    // A window that ends about now and starts where a year, quarter or month does is that period so far.
    let until_now = end >= now || now.duration_since(end) <= jiff::SignedDuration::from_hours(48);
    let starts_month = start.day() == 1 && start.time() == Time::midnight();
    if until_now && starts_month {
        let periods = [(start.month() == 1, 12), (start.month() % 3 == 1, 3), (true, 1)];
        for (starts, months) in periods {
            if starts && start.checked_add(months.months()).is_ok_and(|close| close >= end) {
                return Some(months.months());
            }
        }
    }
    let seconds = end.duration_since(start).as_secs();
    let days = seconds / 86_400 + i64::from(seconds % 86_400 != 0);
    Span::new().try_days(days.max(1)).ok()
}

fn unit_words(step: Span) -> String {
    match (step.get_months(), step.get_days()) {
        (12, _) => "year".into(),
        (3, _) => "quarter".into(),
        (1, _) => "month".into(),
        (0, 1) => "day".into(),
        (0, 7) => "week".into(),
        (0, days) => format!("{days} days"),
        (months, _) if months % 12 == 0 => format!("{} years", months / 12),
        (months, _) => format!("{months} months"),
    }
}

/// The first moment of a bucket and the first after it.
pub(crate) fn bucket(label: &str, grain: Grain) -> Option<(DateTime, DateTime)> {
    let label = label.trim();
    let start = match grain {
        Grain::Day | Grain::Week => label.get(..10)?.parse::<Date>().ok()?,
        Grain::Month => format!("{}-01", label.get(..7)?).parse().ok()?,
        Grain::Quarter => {
            let (year, quarter) = label.split_once("-Q")?;
            let quarter: i8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter))?;
            Date::new(year.parse().ok()?, 3 * (quarter - 1) + 1, 1).ok()?
        }
        Grain::Year => Date::new(label.parse().ok()?, 1, 1).ok()?,
    };
    let end = start.checked_add(step(grain)).ok()?;
    Some((midnight(start), midnight(end)))
}

/// The length of a bucket.
pub(crate) fn step(grain: Grain) -> Span {
    match grain {
        Grain::Day => 1.day(),
        Grain::Week => 1.week(),
        Grain::Month => 1.month(),
        Grain::Quarter => 3.months(),
        Grain::Year => 1.year(),
    }
}

/// A bucket as a person calls it.
pub(crate) fn bucket_words(start: DateTime, grain: Grain) -> String {
    match grain {
        Grain::Day => words::date(start.date()),
        Grain::Week => format!("the week of {}", words::date(start.date())),
        Grain::Month => start.strftime("%b %Y").to_string(),
        Grain::Quarter => format!("Q{} {}", (start.month() - 1) / 3 + 1, start.year()),
        Grain::Year => start.year().to_string(),
    }
}

/// What one bucket is called.
pub(crate) fn grain_words(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::Year => "year",
    }
}

fn midnight(date: Date) -> DateTime {
    date.to_datetime(Time::midnight())
}

/// Reads a date or a moment as databases write them.
fn moment(text: &str) -> Option<DateTime> {
    let text = text.trim();
    text.parse::<DateTime>().ok().or_else(|| text.get(..10)?.parse::<Date>().ok().map(midnight))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn range(start: Date, end: Date) -> TimeRange {
        let field = FieldRef { dataset: "orders".into(), field: "ordered_at".into(), via: None };
        TimeRange { field, start: Some(midnight(start)), end: Some(midnight(end)), label: "then".into() }
    }

    #[test]
    fn windows_are_compared_like_with_like() {
        let now = date(2025, 11, 20).at(9, 30, 0, 0);
        let cases = [
            // Last quarter is over: the quarter before it, whole.
            (date(2025, 7, 1), date(2025, 10, 1), "the quarter before (Apr to Jun 2025)"),
            (date(2024, 1, 1), date(2025, 1, 1), "the year before (2023)"),
            (date(2025, 5, 1), date(2025, 11, 1), "the 6 months before (Nov 2024 to Apr 2025)"),
            (date(2025, 11, 10), date(2025, 11, 17), "the week before (3 Nov to 9 Nov 2025)"),
            // The quarter so far.
            (date(2025, 10, 1), date(2025, 11, 20), "the quarter before (1 Jul to 19 Aug 2025)"),
            (date(2025, 1, 1), date(2025, 11, 20), "the year before (1 Jan to 19 Nov 2024)"),
            (date(2025, 8, 22), date(2025, 11, 20), "the 90 days before (24 May to 21 Aug 2025)"),
        ];
        for (start, end, expected) in cases {
            let Compared::With(before) = comparable(&range(start, end), now, None) else {
                panic!("{start} {end}")
            };
            assert_eq!(before.range.label, expected);
            assert_eq!(before.so_far, None);
        }
    }

    #[test]
    fn a_period_that_is_not_over_is_compared_with_its_same_span() {
        let data = DataSpan { first: midnight(date(2023, 1, 1)), end: midnight(date(2025, 11, 20)) };
        let now = date(2025, 11, 20).at(9, 30, 0, 0);
        let Compared::With(before) = comparable(&range(date(2025, 1, 1), date(2026, 1, 1)), now, Some(data))
        else {
            panic!()
        };
        assert_eq!(before.range.label, "the same span of the year before (1 Jan to 19 Nov 2024)");
        assert_eq!(before.so_far.as_deref(), Some("1 Jan to 19 Nov 2025"));
    }

    #[test]
    fn where_the_data_does_not_reach_back_it_is_said_so() {
        let data = DataSpan { first: midnight(date(2025, 2, 3)), end: midnight(date(2025, 11, 20)) };
        let now = midnight(date(2025, 11, 20));
        assert_eq!(
            comparable(&range(date(2025, 1, 1), date(2026, 1, 1)), now, Some(data)),
            Compared::Uncovered { window: "1 Jan to 19 Nov 2024".into(), since: date(2025, 2, 3) }
        );
    }

    #[test]
    fn an_open_or_future_window_has_nothing_before_it() {
        let now = midnight(date(2025, 11, 20));
        let open = TimeRange { end: None, ..range(date(2025, 1, 1), date(2026, 1, 1)) };
        assert_eq!(comparable(&open, now, None), Compared::Nothing);
        assert_eq!(comparable(&range(date(2026, 1, 1), date(2027, 1, 1)), now, None), Compared::Nothing);
    }

    #[test]
    fn buckets_are_read_back_from_their_labels() {
        let cases = [
            ("2025-03-31", Grain::Day, date(2025, 3, 31), date(2025, 4, 1)),
            ("2025-03-31", Grain::Week, date(2025, 3, 31), date(2025, 4, 7)),
            ("2025-12", Grain::Month, date(2025, 12, 1), date(2026, 1, 1)),
            ("2025-Q4", Grain::Quarter, date(2025, 10, 1), date(2026, 1, 1)),
            ("2025", Grain::Year, date(2025, 1, 1), date(2026, 1, 1)),
        ];
        for (label, grain, start, end) in cases {
            assert_eq!(bucket(label, grain), Some((midnight(start), midnight(end))));
        }
        assert_eq!(bucket("2025-Q9", Grain::Quarter), None);
        assert_eq!(bucket("é", Grain::Month), None);
    }
}
