//! Windows as tables: what is said, and the days that are meant.

use jiff::civil::{Date, date};

use super::{Clock, read_window};
use crate::planner::text::tokenize;
use crate::semantic::Calendar;

fn window(text: &str) -> (Option<Date>, Option<Date>) {
    let calendar = Calendar::default();
    let clock = Clock { now: date(2025, 8, 20).at(12, 0, 0, 0), calendar: &calendar };
    let tokens = tokenize(text);
    let found = read_window(&tokens, 0, &clock).unwrap_or_else(|| panic!("no window in {text:?}"));
    assert_eq!(found.len, tokens.len(), "all of {text:?} is read");
    (found.start, found.end)
}

fn days(start: (i16, i8, i8), end: (i16, i8, i8)) -> (Option<Date>, Option<Date>) {
    (Some(date(start.0, start.1, start.2)), Some(date(end.0, end.1, end.2)))
}

#[test]
fn calendar_periods_are_whole() {
    assert_eq!(window("last quarter"), days((2025, 4, 1), (2025, 7, 1)));
    assert_eq!(window("this year so far"), days((2025, 1, 1), (2026, 1, 1)));
    assert_eq!(window("last week"), days((2025, 8, 11), (2025, 8, 18)));
    assert_eq!(window("previous month"), days((2025, 7, 1), (2025, 8, 1)));
    assert_eq!(window("yesterday"), days((2025, 8, 19), (2025, 8, 20)));
}

#[test]
fn counted_periods_roll_back_from_today() {
    assert_eq!(window("past 90 days"), days((2025, 5, 22), (2025, 8, 21)));
    assert_eq!(window("over the last six months"), days((2025, 2, 20), (2025, 8, 21)));
    assert_eq!(window("in the past month"), days((2025, 7, 20), (2025, 8, 21)));
    assert_eq!(window("last 6 months, not counting the current month"), days((2025, 2, 1), (2025, 8, 1)));
    assert_eq!(window("the last 3 weeks excluding the current week"), days((2025, 7, 28), (2025, 8, 18)));
}

#[test]
fn named_stretches_are_read_in_many_forms() {
    assert_eq!(window("in 2024"), days((2024, 1, 1), (2025, 1, 1)));
    assert_eq!(window("in the year 2024"), days((2024, 1, 1), (2025, 1, 1)));
    assert_eq!(window("in Q3 2025"), days((2025, 7, 1), (2025, 10, 1)));
    assert_eq!(window("in the 1st quarter of 2023"), days((2023, 1, 1), (2023, 4, 1)));
    assert_eq!(window("in the first half of 2025"), days((2025, 1, 1), (2025, 7, 1)));
    assert_eq!(window("in March 2024"), days((2024, 3, 1), (2024, 4, 1)));
    assert_eq!(window("in December"), days((2024, 12, 1), (2025, 1, 1)));
    assert_eq!(window("on 2025-04-18"), days((2025, 4, 18), (2025, 4, 19)));
    assert_eq!(window("on Apr 1, 2023"), days((2023, 4, 1), (2023, 4, 2)));
    assert_eq!(window("in the first week of July 2025"), days((2025, 7, 1), (2025, 7, 8)));
    assert_eq!(window("during the 1990s"), days((1990, 1, 1), (2000, 1, 1)));
}

#[test]
fn bounds_open_one_side() {
    assert_eq!(window("since 2021"), (Some(date(2021, 1, 1)), None));
    assert_eq!(window("after 2013"), (Some(date(2014, 1, 1)), None));
    assert_eq!(window("before March 2024"), (None, Some(date(2024, 3, 1))));
    assert_eq!(window("on or after 2025-06-01"), (Some(date(2025, 6, 1)), None));
    assert_eq!(window("in year 2014 or after"), (Some(date(2014, 1, 1)), None));
}

#[test]
fn ranges_share_the_year_that_is_said_once() {
    assert_eq!(window("between March and May 2022"), days((2022, 3, 1), (2022, 6, 1)));
    assert_eq!(window("from July to August 2025"), days((2025, 7, 1), (2025, 9, 1)));
    assert_eq!(window("between Jan 1, 2023 and Mar 31, 2023"), days((2023, 1, 1), (2023, 4, 1)));
}

#[test]
fn a_number_alone_is_no_time() {
    let calendar = Calendar::default();
    let clock = Clock { now: date(2025, 8, 20).at(0, 0, 0, 0), calendar: &calendar };
    assert_eq!(read_window(&tokenize("10"), 0, &clock), None);
    assert_eq!(read_window(&tokenize("in Brazil"), 0, &clock), None);
}
