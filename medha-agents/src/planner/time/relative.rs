//! Stretches told from today: `last month`, `past 90 days`, `this year so far`.

use jiff::civil::Date;

use super::calendar::{add_grain, start_of, start_of_fiscal_year};
use super::window::{Clock, Window};
use crate::plan::Grain;
use crate::planner::text::{Token, number_word, words::grain_noun};

/// Reads a relative window at a place.
pub(super) fn read_relative(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let mut at_word = at;
    while tokens.get(at_word).is_some_and(|token| token.is("the")) {
        at_word += 1;
    }
    let skipped = at_word - at;
    let mut window = today_or_yesterday(tokens, at_word, clock)
        .or_else(|| to_date(tokens, at_word, clock))
        .or_else(|| ago(tokens, at_word, clock))
        .or_else(|| rolling(tokens, at_word, clock))
        .or_else(|| calendar_period(tokens, at_word, clock))?;
    window.len += skipped;
    Some(window)
}

fn window(start: Date, end: Date, grain: Grain, len: usize, label: String) -> Window {
    Window { start: Some(start), end: Some(end), label, grain, len, year: None, is_rolling: false }
}

fn today_or_yesterday(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let today = clock.today();
    let (start, label) = match tokens.get(at)?.lower.as_str() {
        "today" => (today, "today"),
        "yesterday" => (add_grain(today, Grain::Day, -1), "yesterday"),
        "recently" => {
            let start = add_grain(today, Grain::Day, -30);
            let end = add_grain(today, Grain::Day, 1);
            return Some(Window {
                is_rolling: true,
                ..window(start, end, Grain::Day, 1, "the last 30 days".into())
            });
        }
        _ => return None,
    };
    Some(window(start, add_grain(start, Grain::Day, 1), Grain::Day, 1, format!("{label} ({start})")))
}

/// `year to date`, `YTD`, `month to date`.
fn to_date(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let first = tokens.get(at)?;
    let (grain, len) = match first.lower.as_str() {
        "ytd" => (Grain::Year, 1),
        "mtd" => (Grain::Month, 1),
        "qtd" => (Grain::Quarter, 1),
        word => {
            let grain = grain_noun(word)?;
            let is_to_date = tokens.get(at + 1)?.is("to") && tokens.get(at + 2)?.is("date");
            (is_to_date.then_some(grain)?, 3)
        }
    };
    let today = clock.today();
    let start = start_of(today, grain, clock.calendar);
    let end = add_grain(today, Grain::Day, 1);
    Some(window(start, end, grain, len, format!("{start} to {today}")))
}

/// `3 months ago`, `a year ago`.
fn ago(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let (count, number_len) = count_at(tokens, at)?;
    let grain = grain_noun(&tokens.get(at + number_len)?.lower)?;
    if !tokens.get(at + number_len + 1)?.is("ago") {
        return None;
    }
    let start = start_of(add_grain(clock.today(), grain, -count), grain, clock.calendar);
    Some(window(
        start,
        add_grain(start, grain, 1),
        grain,
        number_len + 2,
        format!("the {} of {start}", noun(grain)),
    ))
}

fn count_at(tokens: &[Token], at: usize) -> Option<(i64, usize)> {
    let token = tokens.get(at)?;
    if let Some(number) =
        token.number().filter(|number| number.fract() == 0.0 && *number > 0.0 && *number < 10_000.0)
    {
        return Some((number as i64, 1));
    }
    if matches!(token.lower.as_str(), "a" | "an") {
        return Some((1, 1));
    }
    if token.is("couple") {
        return Some((2, if tokens.get(at + 1).is_some_and(|next| next.is("of")) { 2 } else { 1 }));
    }
    number_word(&token.lower).map(|number| (number as i64, 1))
}

/// `last 6 months`, `past 90 days`, `past month`.
fn rolling(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let word = tokens.get(at)?.lower.as_str();
    if !matches!(word, "last" | "past" | "previous" | "prior" | "trailing" | "recent" | "preceding") {
        return None;
    }
    let (count, number_len) = match count_at(tokens, at + 1) {
        Some(found) => found,
        None if word == "past" || word == "trailing" => (1, 0),
        None => return None,
    };
    let mut noun_at = at + 1 + number_len;
    while tokens
        .get(noun_at)
        .is_some_and(|token| matches!(token.lower.as_str(), "full" | "complete" | "calendar" | "whole"))
    {
        noun_at += 1;
    }
    let whole = noun_at > at + 1 + number_len;
    let grain = grain_noun(&tokens.get(noun_at)?.lower)?;
    let mut len = noun_at + 1 - at;
    let excluded = excludes_current(tokens, at + len);
    len += excluded.unwrap_or(0);
    let today = clock.today();
    if whole || excluded.is_some() {
        let end = start_of(today, grain, clock.calendar);
        let start = add_grain(end, grain, -count);
        return Some(window(
            start,
            end,
            grain,
            len,
            format!("the last {count} full {}s, {start} to {end}", noun(grain)),
        ));
    }
    let start = add_grain(today, grain, -count);
    let end = add_grain(today, Grain::Day, 1);
    let label =
        format!("the last {count} {}{}, since {start}", noun(grain), if count == 1 { "" } else { "s" });
    Some(Window { is_rolling: true, ..window(start, end, grain, len, label) })
}

/// `excluding the current month`, `not counting the current week`: how many tokens say so.
fn excludes_current(tokens: &[Token], at: usize) -> Option<usize> {
    let mut here = at;
    while tokens.get(here).is_some_and(|token| token.is_symbol(',') || token.is_symbol('(')) {
        here += 1;
    }
    let opener = tokens.get(here)?.lower.as_str();
    let after = match opener {
        "excluding" | "without" | "ignoring" | "except" => here + 1,
        "exclusive" if tokens.get(here + 1)?.is("of") => here + 2,
        "not" if matches!(tokens.get(here + 1)?.lower.as_str(), "counting" | "including") => here + 2,
        _ => return None,
    };
    let mut after = after;
    while tokens
        .get(after)
        .is_some_and(|token| matches!(token.lower.as_str(), "the" | "this" | "current" | "ongoing"))
    {
        after += 1;
    }
    grain_noun(&tokens.get(after)?.lower)?;
    Some(after + 1 - at)
}

/// `this year`, `last quarter`, `previous month`, `next week`, `fiscal` years too.
fn calendar_period(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let step = match tokens.get(at)?.lower.as_str() {
        "this" | "current" => 0,
        "last" | "previous" | "prior" | "preceding" => -1,
        "next" | "coming" | "upcoming" => 1,
        _ => return None,
    };
    let fiscal =
        tokens.get(at + 1).is_some_and(|token| matches!(token.lower.as_str(), "fiscal" | "financial"));
    let noun_at = at + 1 + usize::from(fiscal);
    let grain = grain_noun(&tokens.get(noun_at)?.lower).filter(|_| !tokens[noun_at].lower.ends_with("es"))?;
    let today = clock.today();
    let base = if fiscal && grain == Grain::Year {
        start_of_fiscal_year(today, clock.calendar)
    } else {
        start_of(today, grain, clock.calendar)
    };
    let start = add_grain(base, grain, step);
    let end = add_grain(start, grain, 1);
    let mut len = noun_at + 1 - at;
    let goes_on = |first: &str, second: &str| {
        tokens.get(at + len).is_some_and(|token| token.is(first))
            && tokens.get(at + len + 1).is_some_and(|token| token.is(second))
    };
    len += if goes_on("so", "far") || goes_on("to", "date") {
        2
    } else {
        excludes_current(tokens, at + len).unwrap_or(0)
    };
    let which = match step {
        0 => "this",
        1 => "next",
        _ => "last",
    };
    let last_day = add_grain(end, Grain::Day, -1);
    Some(window(start, end, grain, len, format!("{which} {} ({start} to {last_day})", noun(grain))))
}

/// The noun of a grain.
pub(super) fn noun(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::Year => "year",
    }
}
