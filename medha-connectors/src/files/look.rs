//! What one value of a file looks like, decided from its text alone.

use super::moment::{Moment, moment};
use crate::kind::text_kind;
use crate::value::ColumnKind;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing.
    Empty,
    /// A word for nothing, such as `NA`: nothing if the others are no text.
    Missing,
    /// A whole number that a double holds as well.
    Integer,
    /// A whole number of 64 bits that a double does not hold.
    LongInteger,
    /// A number that a double gives back digit by digit.
    Real,
    /// A number that nothing but its digits can hold.
    LongNumber,
    /// `true` or `false`.
    Boolean,
    /// A date, with or without a time.
    Moment(Moment),
    /// A time of day.
    Time,
    /// Anything else, numbers with leading zeros among it: those are codes.
    Text,
}

/// Words that programs write where there is no value.
const MISSING: [&str; 10] = ["NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "None", "\\N", "#N/A"];
/// The digits that every decimal keeps in a double.
const DIGITS_OF_DOUBLE: usize = 15;
/// More digits than anybody means.
const MOST_DIGITS: usize = 400;
const LARGEST_EXACT: u64 = 1 << 53;

/// Looks at a value of a text file, in which everything is text.
pub(super) fn look_at(text: &str) -> Look {
    let text = text.trim_ascii();
    match text.as_bytes() {
        [] => Look::Empty,
        [b'0'..=b'9' | b'-' | b'.', ..] => look_at_digits(text),
        [b't' | b'T' | b'f' | b'F', ..] if as_boolean(text).is_some() => Look::Boolean,
        _ if is_missing(text) => Look::Missing,
        _ => Look::Text,
    }
}

/// Looks at a text that is meant to be one, as in JSON: a date, which JSON has no other way to say, or a text.
pub(super) fn look_at_text(text: &str) -> Look {
    match text.as_bytes() {
        [] => Look::Missing,
        [b'0'..=b'9', ..] => look_at_time(text),
        _ if is_missing(text) => Look::Missing,
        _ => Look::Text,
    }
}

fn is_missing(text: &str) -> bool {
    text.len() <= 4 && MISSING.contains(&text)
}

pub(super) fn as_boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn look_at_digits(text: &str) -> Look {
    look_at_number(text).unwrap_or_else(|| look_at_time(text))
}

fn look_at_time(text: &str) -> Look {
    match moment(text) {
        Some(moment) => Look::Moment(moment),
        None if text_kind(text) == ColumnKind::Time => Look::Time,
        None => Look::Text,
    }
}

/// Looks at a number: `None` if it is none.
pub(super) fn look_at_number(text: &str) -> Option<Look> {
    let number = Number::read(text)?;
    if number.is_whole && number.digits <= DIGITS_OF_DOUBLE {
        return Some(Look::Integer);
    }
    if number.is_whole {
        return Some(match text.parse::<i64>() {
            Ok(integer) if integer.unsigned_abs() <= LARGEST_EXACT => Look::Integer,
            Ok(_) => Look::LongInteger,
            Err(_) => Look::LongNumber,
        });
    }
    if number.digits <= DIGITS_OF_DOUBLE && !number.has_exponent {
        return Some(Look::Real);
    }
    let double: f64 = text.parse().ok()?;
    let is_in_range = double.is_finite() && (double != 0.0 || number.digits == 0);
    let is_kept = is_in_range && (number.has_exponent || gives_back(double, text, number.digits));
    Some(if is_kept { Look::Real } else { Look::LongNumber })
}

/// What a number is made of.
struct Number {
    is_whole: bool,
    has_exponent: bool,
    /// Without the zeros before the first other digit.
    digits: usize,
}

impl Number {
    /// Reads `-12`, `0.5`, `.5`, `5.` and `1e-7`; not `007`, which is a code, and not `+49`, which is one, too.
    fn read(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let digits_of = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_code = whole.len() > 1 && whole.starts_with('0');
        let has_digits = whole.len() + fraction.map_or(0, str::len) > 0;
        if is_code || !has_digits || !digits_of(whole) || !fraction.is_none_or(digits_of) {
            return None;
        }
        if let Some(exponent) = exponent {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            if exponent.is_empty() || whole.is_empty() || !digits_of(exponent) {
                return None;
            }
        }
        let digits = significant(mantissa).count();
        let is_minus_zero = digits == 0 && text.starts_with('-');
        let is_whole = fraction.is_none() && exponent.is_none() && !is_minus_zero;
        Some(Self { is_whole, has_exponent: exponent.is_some(), digits })
    }
}

/// The digits from the first that is not zero.
fn significant(mantissa: &str) -> impl Iterator<Item = u8> {
    mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0')
}

/// Whether printing the double with as many digits, or with as few as tell it from its neighbours, gives the same digits.
fn gives_back(double: f64, text: &str, digits: usize) -> bool {
    if digits > MOST_DIGITS {
        return false;
    }
    let mantissa_of = |printed: &str| printed.split('e').next().unwrap_or_default().to_owned();
    let with_as_many = mantissa_of(&format!("{double:.*e}", digits.saturating_sub(1)));
    if significant(text).eq(significant(&with_as_many)) {
        return true;
    }
    let shortest = mantissa_of(&format!("{double:e}"));
    let mut written: Vec<u8> = significant(text).collect();
    let kept = written.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    written.truncate(kept);
    written.into_iter().eq(significant(&shortest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_tells_what_it_is() {
        for (text, look) in [
            ("", Look::Empty),
            ("  ", Look::Empty),
            ("0", Look::Integer),
            (" -12 ", Look::Integer),
            ("9007199254740992", Look::Integer),
            ("9007199254740993", Look::LongInteger),
            ("-9223372036854775808", Look::LongInteger),
            ("9223372036854775808", Look::LongNumber),
            ("007", Look::Text),
            ("00.5", Look::Text),
            ("+4917", Look::Text),
            ("-", Look::Text),
            (".", Look::Text),
            ("1.2.3", Look::Text),
            ("1,5", Look::Text),
            ("1.10", Look::Real),
            (".5", Look::Real),
            ("5.", Look::Real),
            ("-0", Look::Real),
            ("0.0", Look::Real),
            ("1e5", Look::Real),
            ("2.5E-3", Look::Real),
            ("e5", Look::Text),
            ("1e", Look::Text),
            (".e5", Look::Text),
            ("1e999", Look::LongNumber),
            ("1e-999", Look::LongNumber),
            ("0.30000000000000004", Look::Real),
            ("52.520006600000002095", Look::Real),
            ("3.3333333333333333", Look::LongNumber),
            ("123456789012345678.90", Look::LongNumber),
            ("TRUE", Look::Boolean),
            ("false", Look::Boolean),
            ("tea", Look::Text),
            ("NA", Look::Missing),
            ("NaN", Look::Missing),
            ("10:30", Look::Time),
            ("90:30", Look::Text),
            ("192.168.0.1", Look::Text),
            ("12 apples", Look::Text),
            ("日本", Look::Text),
        ] {
            assert_eq!(look_at(text), look, "{text:?}");
        }
        assert!(matches!(look_at("2025-01-31"), Look::Moment(_)));
    }

    #[test]
    fn what_json_quotes_is_a_text_unless_it_is_a_date() {
        for (text, look) in [
            ("12", Look::Text),
            ("true", Look::Text),
            ("", Look::Missing),
            ("10:30", Look::Time),
            ("x", Look::Text),
        ] {
            assert_eq!(look_at_text(text), look, "{text:?}");
        }
        assert!(matches!(look_at_text("2025-01-31T10:00:00Z"), Look::Moment(_)));
    }

    proptest::proptest! {
        #[test]
        fn every_double_that_is_written_out_is_a_real(double in proptest::num::f64::NORMAL) {
            for text in [format!("{double:e}"), format!("{double:.18e}"), format!("{double:?}")] {
                let look = look_at(&text);
                proptest::prop_assert_eq!(look, Look::Real, "{}", text);
            }
        }
    }
}
