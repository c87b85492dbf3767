//! Windows: named and relative stretches joined by `since`, `before`, `between` and the like.

use jiff::civil::{Date, DateTime};

use super::calendar::add_grain;
use super::point::{Stretch, read_stretch};
use super::relative::read_relative;
use crate::plan::Grain;
use crate::planner::text::Token;
use crate::semantic::Calendar;

/// What time words are told from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock<'a> {
    /// The moment of asking.
    pub(crate) now: DateTime,
    /// How the business counts.
    pub(crate) calendar: &'a Calendar,
}

impl Clock<'_> {
    /// The day of asking.
    pub(crate) fn today(&self) -> Date {
        self.now.date()
    }
}

/// A window of time without its field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    /// The first day inside, open if `None`.
    pub(crate) start: Option<Date>,
    /// The first day after, open if `None`.
    pub(crate) end: Option<Date>,
    /// In words.
    pub(crate) label: String,
    /// The unit it was told in.
    pub(crate) grain: Grain,
    /// How many tokens say it.
    pub(crate) len: usize,
    /// The year, where a bare year was said.
    pub(crate) year: Option<i16>,
    /// Whether it was counted back from today.
    pub(crate) is_rolling: bool,
}

/// Reads a window that begins at a place, with its preposition if it has one.
///
/// A bare year is only read after a word that asks for a time, so that `10` and `2014` stay numbers elsewhere.
pub(crate) fn read_window(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let word = tokens.get(at)?.lower.as_str();
    if (word == "between" || word == "from")
        && let Some(window) = range(tokens, at, clock)
    {
        return Some(window);
    }
    if let Some((bound, len)) = bound_at(tokens, at) {
        let inner = any_stretch(tokens, at + len, clock)?;
        return Some(bounded(bound, &inner, len));
    }
    let preposition = usize::from(matches!(
        word,
        "in" | "during"
            | "for"
            | "of"
            | "on"
            | "within"
            | "over"
            | "throughout"
            | "from"
            | "at"
            | "year"
            | "years"
    ));
    let start = at + if matches!(word, "year" | "years") { 0 } else { preposition };
    let only = usize::from(tokens.get(start).is_some_and(|token| token.is("only") || token.is("just")));
    if let Some(mut window) = read_relative(tokens, start + only, clock) {
        window.len += start + only - at;
        return Some(window);
    }
    if preposition > 0
        && let Some(window) = range(tokens, at, clock)
    {
        return Some(window);
    }
    let stretch = read_stretch(tokens, start + only, clock.today())?;
    let bare_year = stretch.grain == Grain::Year && stretch.len == 1;
    if bare_year && preposition == 0 {
        return None;
    }
    let mut window = whole(&stretch);
    window.len += start + only - at;
    or_later(tokens, at, window)
}

/// `2014 or after`, `2010 or earlier`: the window opens on one side.
fn or_later(tokens: &[Token], at: usize, mut window: Window) -> Option<Window> {
    let after = at + window.len;
    let joined = tokens.get(after).is_some_and(|token| token.is("or") || token.is("and"));
    if !joined {
        return Some(window);
    }
    match tokens.get(after + 1).map(|token| token.lower.as_str()) {
        Some("after" | "later" | "onwards" | "onward" | "newer" | "beyond")
            if no_stretch(tokens, after + 2) =>
        {
            window.end = None;
            window.year = None;
            window.len += 2;
            window.label = format!("{} or later", window.label);
        }
        Some("before" | "earlier" | "older") if no_stretch(tokens, after + 2) => {
            window.start = None;
            window.year = None;
            window.len += 2;
            window.label = format!("{} or earlier", window.label);
        }
        Some(_) | None => {}
    }
    Some(window)
}

fn no_stretch(tokens: &[Token], at: usize) -> bool {
    super::point::year_at(tokens, at).is_none()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    From,
    After,
    Before,
    Until,
}

fn bound_at(tokens: &[Token], at: usize) -> Option<(Bound, usize)> {
    let is = |offset: usize, word: &str| tokens.get(at + offset).is_some_and(|token| token.is(word));
    let mut found = if is(0, "on") && is(1, "or") && (is(2, "after") || is(2, "later")) {
        (Bound::From, 3)
    } else if is(0, "on") && is(1, "or") && is(2, "before") {
        (Bound::Until, 3)
    } else if is(0, "since") || (is(0, "starting") && !is(1, "with")) || is(0, "beginning") {
        (Bound::From, 1)
    } else if (is(0, "later") || is(0, "newer")) && is(1, "than") {
        (Bound::After, 2)
    } else if (is(0, "earlier") || is(0, "older")) && is(1, "than") {
        (Bound::Before, 2)
    } else if is(0, "after") || is(0, "following") {
        (Bound::After, 1)
    } else if is(0, "before") || is(0, "prior") {
        (Bound::Before, 1)
    } else if is(0, "until") || is(0, "till") || is(0, "through") || (is(0, "up") && is(1, "to")) {
        (Bound::Until, if is(0, "up") { 2 } else { 1 })
    } else {
        return None;
    };
    while tokens
        .get(at + found.1)
        .is_some_and(|token| matches!(token.lower.as_str(), "to" | "in" | "from" | "on" | "the"))
    {
        found.1 += 1;
    }
    Some(found)
}

/// A named stretch or a relative window, a bare year among them.
fn any_stretch(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    read_relative(tokens, at, clock)
        .or_else(|| read_stretch(tokens, at, clock.today()).map(|stretch| whole(&stretch)))
}

fn whole(stretch: &Stretch) -> Window {
    let last = add_grain(stretch.end, Grain::Day, -1);
    let is_year = stretch.grain == Grain::Year && add_grain(stretch.start, Grain::Year, 1) == stretch.end;
    let label = match stretch.grain {
        Grain::Year if is_year => stretch.start.year().to_string(),
        Grain::Month if add_grain(stretch.start, Grain::Month, 1) == stretch.end => {
            stretch.start.strftime("%B %Y").to_string()
        }
        Grain::Day if add_grain(stretch.start, Grain::Day, 1) == stretch.end => stretch.start.to_string(),
        Grain::Day | Grain::Week | Grain::Month | Grain::Quarter | Grain::Year => {
            format!("{} to {last}", stretch.start)
        }
    };
    Window {
        start: Some(stretch.start),
        end: Some(stretch.end),
        label,
        grain: stretch.grain,
        len: stretch.len,
        year: is_year.then(|| stretch.start.year()),
        is_rolling: false,
    }
}

fn bounded(bound: Bound, inner: &Window, len: usize) -> Window {
    let (start, end, word) = match bound {
        Bound::From => (inner.start, None, "since"),
        Bound::After => (inner.end, None, "after"),
        Bound::Before => (None, inner.start, "before"),
        Bound::Until => (None, inner.end, "until"),
    };
    Window {
        start,
        end,
        label: format!("{word} {}", inner.label),
        grain: inner.grain,
        len: inner.len + len,
        year: None,
        is_rolling: false,
    }
}

/// `between X and Y`, `from X to Y`, `X to Y`; a year said once holds for both.
fn range(tokens: &[Token], at: usize, clock: &Clock<'_>) -> Option<Window> {
    let first_at = at
        + usize::from(matches!(
            tokens.get(at)?.lower.as_str(),
            "between" | "from" | "in" | "for" | "during" | "over"
        ));
    let today = clock.today();
    let mut first = read_stretch(tokens, first_at, today)?;
    let join_at = first_at + first.len;
    let join = tokens.get(join_at)?;
    let is_between = tokens[at].is("between");
    let joins = match join.lower.as_str() {
        "and" => is_between,
        "to" | "through" | "until" | "till" | "-" => true,
        _ => false,
    };
    if !joins {
        return None;
    }
    let last = read_stretch(tokens, join_at + 1, today)?;
    if !first.has_year && last.has_year {
        first = first.in_year(last.start.year());
    }
    let last =
        if last.start < first.start && !last.has_year { last.in_year(first.start.year()) } else { last };
    (first.start < last.end).then(|| Window {
        start: Some(first.start),
        end: Some(last.end),
        label: format!("{} to {}", first.start, add_grain(last.end, Grain::Day, -1)),
        grain: last.grain,
        len: join_at + 1 + last.len - at,
        year: None,
        is_rolling: false,
    })
}
