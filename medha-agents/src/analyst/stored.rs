//! Results as they are kept in checkpoints: as one text, written once, that reads back as what it was.

use std::fmt::{self, Debug};
use std::sync::{Arc, OnceLock};

use medha_connectors::{ResultColumn, ResultSet, Truncation, Value};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A result in the state. Every superstep stores the whole state, so its text is made only once.
#[derive(Clone)]
pub(crate) struct Kept(Arc<(Arc<ResultSet>, OnceLock<String>)>);

impl Kept {
    pub(crate) fn new(result: ResultSet) -> Self {
        Self(Arc::new((Arc::new(result), OnceLock::new())))
    }

    pub(crate) fn result(&self) -> &Arc<ResultSet> {
        &self.0.0
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.result() == other.result()
    }
}

impl Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.result().fmt(formatter)
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = match self.0.1.get() {
            Some(text) => text,
            None => {
                let text = write(self.result()).map_err(S::Error::custom)?;
                self.0.1.get_or_init(|| text)
            }
        };
        serializer.serialize_str(text)
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read(&text).map(Self::new).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
struct StoredResult {
    columns: Vec<ResultColumn>,
    rows: Vec<Vec<StoredValue>>,
    truncated: Option<Truncation>,
}

/// A value under a letter for its kind.
#[derive(Serialize, Deserialize)]
enum StoredValue {
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "b")]
    Bool(bool),
    #[serde(rename = "i")]
    Integer(i64),
    /// The bits, as JSON has no NaN and no infinity.
    #[serde(rename = "f")]
    Float(u64),
    #[serde(rename = "d")]
    Decimal(String),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "x")]
    Blob(Vec<u8>),
}

fn write(result: &ResultSet) -> Result<String, serde_json::Error> {
    let rows = result.rows.iter().map(|row| row.iter().map(store).collect()).collect();
    serde_json::to_string(&StoredResult {
        columns: result.columns.clone(),
        rows,
        truncated: result.truncated,
    })
}

fn read(text: &str) -> Result<ResultSet, serde_json::Error> {
    let stored: StoredResult = serde_json::from_str(text)?;
    let rows = stored.rows.into_iter().map(|row| row.into_iter().map(restore).collect()).collect();
    Ok(ResultSet { columns: stored.columns, rows, truncated: stored.truncated })
}

fn store(value: &Value) -> StoredValue {
    match value {
        Value::Null => StoredValue::Null,
        Value::Bool(flag) => StoredValue::Bool(*flag),
        Value::Integer(integer) => StoredValue::Integer(*integer),
        Value::Float(float) => StoredValue::Float(float.to_bits()),
        Value::Decimal(digits) => StoredValue::Decimal(digits.clone()),
        Value::Text(text) => StoredValue::Text(text.clone()),
        Value::Blob(bytes) => StoredValue::Blob(bytes.clone()),
        other => StoredValue::Text(crate::chart::label(other)),
    }
}

fn restore(value: StoredValue) -> Value {
    match value {
        StoredValue::Null => Value::Null,
        StoredValue::Bool(flag) => Value::Bool(flag),
        StoredValue::Integer(integer) => Value::Integer(integer),
        StoredValue::Float(bits) => Value::Float(f64::from_bits(bits)),
        StoredValue::Decimal(digits) => Value::Decimal(digits),
        StoredValue::Text(text) => Value::Text(text),
        StoredValue::Blob(bytes) => Value::Blob(bytes),
    }
}

#[cfg(test)]
mod tests {
    use medha_connectors::ColumnKind;

    use super::*;

    #[test]
    fn a_result_reads_back_as_it_was() {
        let row = vec![
            Value::Null,
            Value::Bool(true),
            Value::Integer(i64::MIN),
            Value::Float(f64::INFINITY),
            Value::Float(0.1),
            Value::Decimal("1.10".into()),
            Value::Text("é".into()),
            Value::Blob(vec![0, 255]),
        ];
        let column = ResultColumn { name: "a".into(), kind: ColumnKind::Unknown };
        let columns = vec![column; row.len()];
        let kept = Kept::new(ResultSet { columns, rows: vec![row], truncated: Some(Truncation::Rows) });
        let stored = serde_json::to_value(&kept).unwrap();
        assert!(stored.is_string());
        assert_eq!(serde_json::from_value::<Kept>(stored).unwrap(), kept);
    }
}
