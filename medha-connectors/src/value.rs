//! What a database answers with: values, columns and result sets.

use serde::{Deserialize, Serialize};

/// One value of a result row, with nothing lost: what JSON cannot carry exactly stays text.
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
