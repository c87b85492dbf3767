//! Arithmetic of days, weeks, months, quarters and years.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::plan::Grain;
use crate::semantic::{Calendar, Weekday};

/// The first day of the period that holds `day`.
pub(crate) fn start_of(day: Date, grain: Grain, calendar: &Calendar) -> Date {
    match grain {
        Grain::Day => day,
        Grain::Week => {
            let first = match calendar.week_start {
                Weekday::Monday => jiff::civil::Weekday::Monday,
                Weekday::Sunday => jiff::civil::Weekday::Sunday,
                Weekday::Saturday => jiff::civil::Weekday::Saturday,
            };
            let back = i64::from(first.until(day.weekday()));
            day.checked_sub(back.days()).unwrap_or(day)
        }
        Grain::Month => day.first_of_month(),
        Grain::Quarter => date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
        Grain::Year => day.first_of_year(),
    }
}

/// `day` moved by a number of periods; a day that leaves the calendar stays where it was.
pub(crate) fn add_grain(day: Date, grain: Grain, count: i64) -> Date {
    let count = count.clamp(-20_000, 20_000);
    let moved = match grain {
        Grain::Day => day.checked_add(count.days()),
        Grain::Week => day.checked_add(count.weeks()),
        Grain::Month => day.checked_add(count.months()),
        Grain::Quarter => day.checked_add((count * 3).months()),
        Grain::Year => day.checked_add(count.clamp(-5_000, 5_000).years()),
    };
    moved.unwrap_or(day)
}

/// The first day of the fiscal year that holds `day`.
pub(crate) fn start_of_fiscal_year(day: Date, calendar: &Calendar) -> Date {
    let month = i8::try_from(calendar.fiscal_year_start_month).unwrap_or(1).clamp(1, 12);
    let year = if day.month() >= month { day.year() } else { day.year() - 1 };
    Date::new(year, month, 1).unwrap_or(day)
}
