//! Single values: the number one stands for, and what a person calls it.

use medha_connectors::Value;

use crate::plan::DatePart;

/// The number a value stands for, if it is one that can be reckoned with.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(integer) => Some(*integer as f64),
        Value::Float(float) => Some(*float).filter(|float| float.is_finite()),
        Value::Decimal(digits) => digits.parse().ok().filter(|float: &f64| float.is_finite()),
        _ => None,
    }
}

/// A value as the name of a group; `NULL` and empty text are `(none)`.
#[must_use]
pub fn label(value: &Value) -> String {
    match value {
        Value::Null => "(none)".into(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.into(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Decimal(digits) => digits.clone(),
        Value::Text(text) if text.trim().is_empty() => "(none)".into(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("({} bytes)", bytes.len()),
        other => format!("{other:?}"),
    }
}

/// The names of weekdays, Sunday first as [`DatePart::DayOfWeek`] counts them.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// The names of months, January first.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A value as a person calls it, where it may be a part of a date.
pub(crate) fn part_label(part: Option<DatePart>, value: &Value) -> String {
    let (Some(part), Value::Integer(integer)) = (part, value) else { return label(value) };
    let named = |names: &[&str], first: i64| {
        usize::try_from(integer - first)
            .ok()
            .and_then(|index| names.get(index))
            .map(|name| (*name).to_owned())
    };
    match part {
        DatePart::DayOfWeek => named(&WEEKDAYS, 0),
        DatePart::MonthOfYear => named(&MONTHS, 1),
        DatePart::HourOfDay => Some(format!("{integer:02}:00")),
        DatePart::QuarterOfYear => Some(format!("Q{integer}")),
        DatePart::DayOfMonth | DatePart::Year => None,
    }
    .unwrap_or_else(|| label(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_not_numbers_are_not_reckoned_with() {
        assert_eq!(number(&Value::Text("12".into())), None);
        assert_eq!(number(&Value::Float(f64::NAN)), None);
        assert_eq!(number(&Value::Decimal("12.50".into())), Some(12.5));
        assert_eq!(label(&Value::Null), "(none)");
    }
}
