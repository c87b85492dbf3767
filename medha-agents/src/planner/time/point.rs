//! Named stretches of time: a year, a quarter, a month, a day.

use jiff::civil::Date;

use super::calendar::add_grain;
use crate::plan::Grain;
use crate::planner::text::{Token, TokenKind, ordinal_word};

/// A stretch of whole days.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch {
    /// The first day.
    pub(super) start: Date,
    /// The first day after.
    pub(super) end: Date,
    /// The unit it was named in.
    pub(super) grain: Grain,
    /// Whether the year was said.
    pub(super) has_year: bool,
    /// How many tokens name it.
    pub(super) len: usize,
}

impl Stretch {
    fn of(start: Date, grain: Grain, has_year: bool, len: usize) -> Self {
        Self { start, end: add_grain(start, grain, 1), grain, has_year, len }
    }

    /// The same stretch in another year.
    pub(super) fn in_year(&self, year: i16) -> Self {
        let shift = i64::from(year) - i64::from(self.start.year());
        Self {
            start: add_grain(self.start, Grain::Year, shift),
            end: add_grain(self.end, Grain::Year, shift),
            has_year: true,
            ..self.clone()
        }
    }
}

/// Reads a named stretch at a place; where no year is said, the last one that has begun by `today` is meant.
pub(super) fn read_stretch(tokens: &[Token], at: usize, today: Date) -> Option<Stretch> {
    let at_start = at;
    let mut at = at;
    while tokens.get(at).is_some_and(|token| {
        matches!(token.lower.as_str(), "the" | "year" | "years" | "month" | "date" | "day")
    }) && at < at_start + 3
    {
        at += 1;
    }
    let skipped = at - at_start;
    let mut stretch = date_stretch(tokens, at)
        .or_else(|| half_or_quarter(tokens, at, today))
        .or_else(|| week_of_month(tokens, at, today))
        .or_else(|| month_and_day(tokens, at, today))
        .or_else(|| decade(tokens, at))
        .or_else(|| year_stretch(tokens, at))?;
    stretch.len += skipped;
    Some(stretch)
}

fn date_stretch(tokens: &[Token], at: usize) -> Option<Stretch> {
    match tokens.get(at)?.kind {
        TokenKind::Date(day) => Some(Stretch::of(day, Grain::Day, true, 1)),
        TokenKind::Number(_) => {
            // `2025-06`: a year, a dash and a month.
            let year = year_at(tokens, at)?;
            let dash = tokens.get(at + 1).filter(|token| token.is_symbol('-'))?;
            let month = tokens.get(at + 2)?;
            let number = month.number().filter(|_| month.text.len() == 2 && dash.text.len() == 1)?;
            let first = Date::new(year, number as i8, 1).ok()?;
            Some(Stretch::of(first, Grain::Month, true, 3))
        }
        TokenKind::Word | TokenKind::Quoted | TokenKind::Possessive | TokenKind::Symbol(_) => None,
    }
}

/// The year written at a place.
pub(super) fn year_at(tokens: &[Token], at: usize) -> Option<i16> {
    let token = tokens.get(at)?;
    let number = token.number()?;
    let is_year = token.text.len() == 4 && number.fract() == 0.0 && (1500.0..=2200.0).contains(&number);
    is_year.then_some(number as i16)
}

fn year_stretch(tokens: &[Token], at: usize) -> Option<Stretch> {
    let year = year_at(tokens, at)?;
    Some(Stretch::of(Date::new(year, 1, 1).ok()?, Grain::Year, true, 1))
}

fn decade(tokens: &[Token], at: usize) -> Option<Stretch> {
    let token = tokens.get(at)?;
    let digits = token.lower.strip_suffix('s')?;
    let year: i16 = digits.parse().ok()?;
    let year = match digits.len() {
        4 if year % 10 == 0 => year,
        2 if year % 10 == 0 => 1900 + year,
        _ => return None,
    };
    let start = Date::new(year, 1, 1).ok()?;
    Some(Stretch { end: add_grain(start, Grain::Year, 10), ..Stretch::of(start, Grain::Year, true, 1) })
}

/// An optional year after a stretch, with `of`, `in` or a comma before it.
fn year_after(tokens: &[Token], at: usize) -> Option<(i16, usize)> {
    let mut here = at;
    while tokens
        .get(here)
        .is_some_and(|token| matches!(token.lower.as_str(), "of" | "in" | "," | "year" | "the"))
    {
        here += 1;
        if here > at + 3 {
            return None;
        }
    }
    year_at(tokens, here).map(|year| (year, here + 1 - at))
}

fn half_or_quarter(tokens: &[Token], at: usize, today: Date) -> Option<Stretch> {
    let token = tokens.get(at)?;
    let mut short = token.lower.chars();
    let (letter, digit) = (short.next()?, short.next().and_then(|digit| digit.to_digit(10)));
    let named = match (letter, digit, token.lower.len()) {
        ('q', Some(number @ 1..=4), 2) => Some((Grain::Quarter, number as i8, 1)),
        ('h', Some(number @ 1..=2), 2) => Some((Grain::Year, number as i8, 1)),
        _ => {
            let number =
                i8::try_from(ordinal_word(&token.lower).or((token.lower == "last").then_some(0))?).ok()?;
            let noun = tokens.get(at + 1)?;
            match noun.lower.as_str() {
                "quarter" if (1..=4).contains(&number) => Some((Grain::Quarter, number, 2)),
                "half" if (1..=2).contains(&number) => Some((Grain::Year, number, 2)),
                _ => None,
            }
        }
    };
    let (grain, number, len) = named?;
    let months = if grain == Grain::Quarter { 3 } else { 6 };
    let month = (number - 1) * months + 1;
    let year_said = year_after(tokens, at + len);
    if year_said.is_none() && len == 2 {
        return None;
    }
    let year = year_said.map_or(today.year(), |(year, _)| year);
    let mut start = Date::new(year, month, 1).ok()?;
    if year_said.is_none() && start > today {
        start = add_grain(start, Grain::Year, -1);
    }
    Some(Stretch {
        start,
        end: add_grain(start, Grain::Month, i64::from(months)),
        grain: if grain == Grain::Quarter { Grain::Quarter } else { Grain::Month },
        has_year: year_said.is_some(),
        len: len + year_said.map_or(0, |(_, len)| len),
    })
}

fn week_of_month(tokens: &[Token], at: usize, today: Date) -> Option<Stretch> {
    let number = ordinal_word(&tokens.get(at)?.lower)?;
    if !tokens.get(at + 1)?.is("week") || !tokens.get(at + 2)?.is("of") {
        return None;
    }
    let month = month_and_day(tokens, at + 3, today).filter(|month| month.grain == Grain::Month)?;
    let start = add_grain(month.start, Grain::Day, i64::try_from(number.saturating_sub(1)).ok()?.min(4) * 7);
    Some(Stretch {
        start,
        end: add_grain(start, Grain::Day, 7),
        grain: Grain::Day,
        has_year: month.has_year,
        len: 3 + month.len,
    })
}

/// The number of a month by its name.
pub(super) fn month_number(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let position = MONTHS.iter().position(|month| {
        *month == word
            || (word.len() == 3 && month.starts_with(word))
            || (word == "sept" && *month == "september")
    })?;
    i8::try_from(position + 1).ok()
}

fn month_and_day(tokens: &[Token], at: usize, today: Date) -> Option<Stretch> {
    let day_at = |place: usize| -> Option<i8> {
        let token = tokens.get(place)?;
        let number = match token.number() {
            Some(number) if number.fract() == 0.0 => number as i64,
            Some(_) => return None,
            None => i64::try_from(
                ordinal_word(&token.lower)
                    .filter(|_| token.lower.starts_with(|c: char| c.is_ascii_digit()))?,
            )
            .ok()?,
        };
        i8::try_from(number).ok().filter(|day| (1..=31).contains(day))
    };
    // `15 March 2024`, `15th of March`.
    if let Some(day) = day_at(at) {
        let mut here = at + 1;
        while tokens.get(here).is_some_and(|token| token.is("of")) {
            here += 1;
        }
        let month = month_number(&tokens.get(here)?.lower)?;
        return dated(tokens, here + 1, month, Some(day), here + 1 - at, today);
    }
    let token = tokens.get(at)?;
    let month = month_number(&token.lower)?;
    // `may` is a verb unless a year or a day follows it or it is written large.
    let mut here = at + 1;
    let day = day_at(here).filter(|_| year_at(tokens, here).is_none());
    if day.is_some() {
        here += 1;
    }
    let verb_like = token.lower == "may" || token.lower == "mar" || token.lower == "sun";
    if verb_like
        && day.is_none()
        && year_after(tokens, here).is_none()
        && !token.text.starts_with(char::is_uppercase)
    {
        return None;
    }
    dated(tokens, here, month, day, here - at, today)
}

fn dated(
    tokens: &[Token],
    after: usize,
    month: i8,
    day: Option<i8>,
    len: usize,
    today: Date,
) -> Option<Stretch> {
    let year_said = year_after(tokens, after);
    let year = year_said.map_or(today.year(), |(year, _)| year);
    let mut start = Date::new(year, month, day.unwrap_or(1)).ok()?;
    if year_said.is_none() && start > today {
        start = add_grain(start, Grain::Year, -1);
    }
    let grain = if day.is_some() { Grain::Day } else { Grain::Month };
    Some(Stretch::of(start, grain, year_said.is_some(), len + year_said.map_or(0, |(_, len)| len)))
}
