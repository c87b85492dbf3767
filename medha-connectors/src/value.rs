//! What a database answers with: values, columns and result sets.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// One value of a result row, with nothing lost: what JSON cannot carry exactly stays text.
///
/// As JSON, integers beyond ±(2^53 - 1) and all decimals are strings of digits; `NaN`, `Infinity` and `-Infinity` are strings;
/// bytes are `{"blob": base64, "length": n}`. Everything else is the JSON one expects.
///
/// ```
/// use medha_connectors::Value;
///
/// let row = [Value::Integer(1), Value::Integer(9_007_199_254_740_993), Value::Blob(vec![1, 2])];
/// let json = serde_json::to_string(&row)?;
/// assert_eq!(json, r#"[1,"9007199254740993",{"blob":"AQI=","length":2}]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// A boolean, from systems that have one (SQLite has none).
    Bool(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A double; NaN and infinities included.
    Float(f64),
    /// An exact decimal in its textual form, digits kept.
    Decimal(String),
    /// Text. Dates and times are text in ISO form.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// What kind of values a column holds, as far as its declaration or its values tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ColumnKind {
    /// Booleans.
    Boolean,
    /// Whole numbers.
    Integer,
    /// Exact decimals.
    Decimal,
    /// Doubles.
    Float,
    /// Text.
    Text,
    /// Calendar dates.
    Date,
    /// Dates with a time of day.
    DateTime,
    /// Times of day.
    Time,
    /// Bytes.
    Blob,
    /// Several kinds, or none that is known.
    Unknown,
}

/// A column of a result, in the order of the `SELECT`; names may repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultColumn {
    /// The name the database gave it.
    pub name: String,
    /// The kind of its values.
    pub kind: ColumnKind,
}

/// Why a result stops before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Truncation {
    /// The row cap was reached and there are more rows.
    Rows,
    /// The byte cap was reached and there are more rows.
    Bytes,
}

/// A whole result in memory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultSet {
    /// The columns, in order.
    pub columns: Vec<ResultColumn>,
    /// The rows; each has as many values as there are columns.
    pub rows: Vec<Vec<Value>>,
    /// Set when there are more rows than were read.
    pub truncated: Option<Truncation>,
}

impl Value {
    /// Roughly how many bytes it takes, for the byte cap.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 1,
            Self::Integer(_) | Self::Float(_) => 8,
            Self::Decimal(text) | Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

/// The largest whole number that every JSON reader keeps: 2^53 - 1.
const MAX_JSON_INTEGER: u64 = (1 << 53) - 1;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) if number.unsigned_abs() <= MAX_JSON_INTEGER => {
                serializer.serialize_i64(*number)
            }
            Self::Integer(number) => serializer.collect_str(number),
            Self::Float(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::Float(number) if number.is_nan() => serializer.serialize_str("NaN"),
            Self::Float(number) => {
                serializer.serialize_str(if *number > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Self::Decimal(text) | Self::Text(text) => serializer.serialize_str(text),
            Self::Blob(bytes) => {
                let mut blob = serializer.serialize_struct("Blob", 2)?;
                blob.serialize_field("blob", &BASE64_STANDARD.encode(bytes))?;
                blob.serialize_field("length", &bytes.len())?;
                blob.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_what_a_reader_of_json_would_lose() {
        let json = |value: Value| serde_json::to_string(&value).unwrap();
        assert_eq!(json(Value::Null), "null");
        assert_eq!(json(Value::Bool(true)), "true");
        assert_eq!(json(Value::Integer(-9_007_199_254_740_991)), "-9007199254740991");
        assert_eq!(json(Value::Integer(9_007_199_254_740_993)), r#""9007199254740993""#);
        assert_eq!(json(Value::Integer(i64::MIN)), r#""-9223372036854775808""#);
        assert_eq!(json(Value::Float(0.1)), "0.1");
        assert_eq!(json(Value::Float(f64::NAN)), r#""NaN""#);
        assert_eq!(json(Value::Float(f64::NEG_INFINITY)), r#""-Infinity""#);
        assert_eq!(json(Value::Decimal("1.10".to_owned())), r#""1.10""#);
        assert_eq!(json(Value::Text("a\"b".to_owned())), r#""a\"b""#);
        assert_eq!(json(Value::Blob(vec![0, 255, 16])), r#"{"blob":"AP8Q","length":3}"#);
    }
}
