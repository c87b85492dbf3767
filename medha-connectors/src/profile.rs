//! What was seen of a column's values, as a profile: whatever database they came from.

use std::cmp::Ordering;

use crate::kind::KindsSeen;
use crate::schema::{Column, ColumnProfile};
use crate::value::Value;

/// So many distinct values of a column are kept.
pub(crate) const MAX_VALUES: usize = 2_000;
/// A column of long texts is given up after so many bytes.
pub(crate) const MAX_VALUE_BYTES: usize = 512 * 1024;
/// A longer text is no bound that anyone wants to read.
const MAX_BOUND_BYTES: usize = 200;

/// Distinct values of one column.
pub(crate) struct Seen {
    pub(crate) values: Vec<Value>,
    pub(crate) kinds: KindsSeen,
    /// Whether these are all of them.
    pub(crate) is_whole: bool,
}

impl Seen {
    /// Looks at the values of rows with one column; `is_complete` says that no value is missing.
    pub(crate) fn of(rows: Vec<Vec<Value>>, is_complete: bool) -> Self {
        let values: Vec<Value> = rows.into_iter().flatten().collect();
        let mut kinds = KindsSeen::default();
        values.iter().for_each(|value| kinds.observe(value));
        let count = values.iter().filter(|value| **value != Value::Null).count();
        Self { values, kinds, is_whole: is_complete && count <= MAX_VALUES }
    }

    pub(crate) fn into_profile(self, nullable: bool) -> ColumnProfile {
        let has_null = self.values.contains(&Value::Null);
        let values: Vec<Value> = self.values.into_iter().filter(|value| *value != Value::Null).collect();
        let distinct = values.len();
        let bounds = if self.is_whole { Range::of(&values) } else { Range::default() };
        let mut texts: Vec<String> = values
            .into_iter()
            .filter_map(|value| match value {
                Value::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        texts.sort();
        let all_text = texts.len() == distinct;
        texts.truncate(MAX_VALUES);
        ColumnProfile {
            distinct: self.is_whole.then_some(distinct as u64),
            complete: self.is_whole && all_text,
            values: texts,
            min: bounds.min.as_ref().and_then(bound),
            max: bounds.max.as_ref().and_then(bound),
            has_nulls: has_null || (!self.is_whole && nullable),
        }
    }
}

/// The least and the greatest value.
#[derive(Default)]
pub(crate) struct Range {
    min: Option<Value>,
    max: Option<Value>,
    has_nulls: bool,
}

impl Range {
    fn of(values: &[Value]) -> Self {
        Self {
            min: values.iter().min_by(|a, b| in_order(a, b)).cloned(),
            max: values.iter().max_by(|a, b| in_order(a, b)).cloned(),
            has_nulls: false,
        }
    }

    pub(crate) fn note_in(&self, column: &mut Column) {
        let Some(profile) = &mut column.profile else {
            return;
        };
        profile.min = self.min.as_ref().and_then(bound);
        profile.max = self.max.as_ref().and_then(bound);
        profile.has_nulls = self.has_nulls;
    }
}

/// The ranges in a row of `min(c), max(c), whether any is NULL` for each column.
pub(crate) fn ranges_in(answers: &[Value]) -> Vec<Range> {
    answers
        .chunks(3)
        .map(|answer| Range {
            min: answer.first().cloned(),
            max: answer.get(1).cloned(),
            has_nulls: matches!(answer.get(2), Some(Value::Integer(1) | Value::Bool(true))),
        })
        .collect()
}

/// Numbers, then text, then bytes.
fn in_order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (a, b) => match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => class(a).cmp(&class(b)),
        },
    }
}

/// Near enough to tell which is greater.
fn number(value: &Value) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "only the order of an integer and a float is asked")]
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Decimal(digits) => digits.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Blob(_) => None,
    }
}

fn class(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Decimal(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    }
}

/// A bound as text; bytes and long texts have none.
fn bound(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Blob(_) => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Decimal(text) | Value::Text(text) => (text.len() <= MAX_BOUND_BYTES).then(|| text.clone()),
    }
}
