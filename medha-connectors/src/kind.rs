//! The kind of a column, from its declaration and from the values seen in it.

use jiff::civil;

use crate::value::{ColumnKind, Value};

/// What the values seen so far of one column have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct KindsSeen {
    booleans: bool,
    integers: bool,
    large_integers: bool,
    floats: bool,
    decimals: bool,
    dates: bool,
    date_times: bool,
    times: bool,
    other_text: bool,
    blobs: bool,
}

impl KindsSeen {
    /// Looks at one more value; `NULL` says nothing.
    pub(crate) fn observe(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(_) => self.booleans = true,
            Value::Integer(number) => {
                self.integers = true;
                self.large_integers |= !(0..=1).contains(number);
            }
            Value::Float(_) => self.floats = true,
            Value::Decimal(_) => self.decimals = true,
            // Once a text is no date, what the others are does not matter.
            Value::Text(_) if self.other_text => {}
            Value::Text(text) => match text_kind(text) {
                ColumnKind::Date => self.dates = true,
                ColumnKind::DateTime => self.date_times = true,
                ColumnKind::Time => self.times = true,
                _ => self.other_text = true,
            },
            Value::Blob(_) => self.blobs = true,
        }
    }

    /// The kind of the column: what was declared where nothing was seen, else what was seen.
    pub(crate) fn kind(&self, declared: ColumnKind) -> ColumnKind {
        let numbers = self.integers || self.floats || self.decimals;
        let text = self.dates || self.date_times || self.times || self.other_text;
        match [self.booleans, numbers, text, self.blobs] {
            [false, false, false, false] => declared,
            [true, false, false, false] => ColumnKind::Boolean,
            [false, true, false, false] => self.number_kind(declared),
            [false, false, true, false] => match [self.dates, self.date_times, self.times, self.other_text] {
                [true, false, false, false] => ColumnKind::Date,
                [_, true, false, false] => ColumnKind::DateTime,
                [false, false, true, false] => ColumnKind::Time,
                _ => ColumnKind::Text,
            },
            [false, false, false, true] => ColumnKind::Blob,
            _ => ColumnKind::Unknown,
        }
    }

    fn number_kind(&self, declared: ColumnKind) -> ColumnKind {
        if self.decimals || declared == ColumnKind::Decimal {
            ColumnKind::Decimal
        } else if self.floats || declared == ColumnKind::Float {
            ColumnKind::Float
        } else if declared == ColumnKind::Boolean && !self.large_integers {
            ColumnKind::Boolean
        } else {
            ColumnKind::Integer
        }
    }
}

/// Date, date with time, time of day, or just text. Only ISO forms count, because only those sort and compare as dates.
pub(crate) fn text_kind(text: &str) -> ColumnKind {
    let Some((date, rest)) = text.split_at_checked(10).filter(|(date, _)| is_date(date)) else {
        return if is_time(text) { ColumnKind::Time } else { ColumnKind::Text };
    };
    if date.len() == text.len() {
        ColumnKind::Date
    } else if rest.strip_prefix([' ', 'T']).is_some_and(|time| is_time(without_zone(time))) {
        ColumnKind::DateTime
    } else {
        ColumnKind::Text
    }
}

fn is_date(text: &str) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return false;
    };
    [y1, y2, y3, y4, m1, m2, d1, d2].iter().all(|digit| digit.is_ascii_digit())
        && text.parse::<civil::Date>().is_ok()
}

/// `12:30`, `12:30:59` or `12:30:59.123`.
pub(crate) fn is_time(text: &str) -> bool {
    let has_digits_at = |range: std::ops::Range<usize>| {
        text.as_bytes().get(range).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    let number_at =
        |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u8>().ok());
    if !has_digits_at(0..2) || text.as_bytes().get(2) != Some(&b':') || !has_digits_at(3..5) {
        return false;
    }
    if number_at(0..2).is_none_or(|hour| hour > 23) || number_at(3..5).is_none_or(|minute| minute > 59) {
        return false;
    }
    match text.len() {
        5 => true,
        6 | 7 => false,
        _ => {
            let seconds =
                text.as_bytes()[5] == b':' && has_digits_at(6..8) && number_at(6..8).is_some_and(|s| s < 60);
            let fraction = &text.as_bytes()[8..];
            seconds
                && (fraction.is_empty()
                    || (fraction.len() > 1
                        && fraction[0] == b'.'
                        && fraction[1..].iter().all(u8::is_ascii_digit)))
        }
    }
}

/// The time without `Z`, `+02:00`, `+0200` or, as PostgreSQL writes it, `+02` at its end. Old zones have seconds, too.
pub(crate) fn without_zone(time: &str) -> &str {
    if let Some(time) = time.strip_suffix('Z') {
        return time;
    }
    let Some(sign) = time.rfind(['+', '-']) else { return time };
    let digits = time[sign + 1..].chars().filter(char::is_ascii_digit).count();
    let is_zone = matches!((digits, time.len() - sign), (2, 3) | (4, 5 | 6) | (6, 9));
    if is_zone { time[..sign].trim_end() } else { time }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_iso_text_is_a_date_or_a_time() {
        for (text, kind) in [
            ("2024-02-29", ColumnKind::Date),
            ("2023-02-29", ColumnKind::Text),
            ("20240229", ColumnKind::Text),
            ("29/02/2024", ColumnKind::Text),
            ("2024-02", ColumnKind::Text),
            ("2024-02-29 10:00", ColumnKind::DateTime),
            ("2024-02-29T10:00:59.123Z", ColumnKind::DateTime),
            ("2024-02-29 10:00:59+02:00", ColumnKind::DateTime),
            ("2024-02-29 10:00:59.5+02", ColumnKind::DateTime),
            ("1815-12-10 10:00:59-00:53:28", ColumnKind::DateTime),
            ("2024-02-29 10:00:59+2", ColumnKind::Text),
            ("2024-02-29 25:00", ColumnKind::Text),
            ("2024-02-29 10:00:", ColumnKind::Text),
            ("2024-02-29x", ColumnKind::Text),
            ("10:30", ColumnKind::Time),
            ("10:30:15", ColumnKind::Time),
            ("90:30", ColumnKind::Text),
            ("10:30:99", ColumnKind::Text),
            ("日本語の長いテキスト", ColumnKind::Text),
            ("", ColumnKind::Text),
        ] {
            assert_eq!(text_kind(text), kind, "{text:?}");
        }
    }

    #[test]
    fn the_values_have_the_last_word() {
        let kind = |declared, values: &[Value]| {
            let mut seen = KindsSeen::default();
            values.iter().for_each(|value| seen.observe(value));
            seen.kind(declared)
        };
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(kind(ColumnKind::Date, &[Value::Null]), ColumnKind::Date);
        assert_eq!(kind(ColumnKind::Text, &[text("2024-01-01"), Value::Null]), ColumnKind::Date);
        assert_eq!(
            kind(ColumnKind::Date, &[text("2024-01-01"), text("2024-01-01 10:00")]),
            ColumnKind::DateTime
        );
        assert_eq!(kind(ColumnKind::Date, &[text("01.02.2024")]), ColumnKind::Text);
        assert_eq!(kind(ColumnKind::DateTime, &[Value::Integer(1_700_000_000)]), ColumnKind::Integer);
        assert_eq!(kind(ColumnKind::Boolean, &[Value::Integer(0), Value::Integer(1)]), ColumnKind::Boolean);
        assert_eq!(kind(ColumnKind::Boolean, &[Value::Integer(2)]), ColumnKind::Integer);
        assert_eq!(kind(ColumnKind::Decimal, &[Value::Integer(2), Value::Float(0.5)]), ColumnKind::Decimal);
        assert_eq!(kind(ColumnKind::Integer, &[Value::Integer(2), Value::Float(0.5)]), ColumnKind::Float);
        assert_eq!(kind(ColumnKind::Integer, &[Value::Integer(2), text("n/a")]), ColumnKind::Unknown);
        assert_eq!(kind(ColumnKind::Text, &[text("10:30"), text("2024-01-01")]), ColumnKind::Text);
    }
}
