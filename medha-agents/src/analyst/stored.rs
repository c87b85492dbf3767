//! Results as they are kept in checkpoints: unlike their JSON for people, they read back as what they were.

use std::sync::Arc;

use medha_connectors::{ResultColumn, ResultSet, Truncation, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

pub(crate) fn serialize<S: Serializer>(
    result: &Option<Arc<ResultSet>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let store = |result: &Arc<ResultSet>| StoredResult {
        columns: result.columns.clone(),
        rows: result.rows.iter().map(|row| row.iter().map(store).collect()).collect(),
        truncated: result.truncated,
    };
    result.as_ref().map(store).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<ResultSet>>, D::Error> {
    let stored = Option::<StoredResult>::deserialize(deserializer)?;
    Ok(stored.map(|stored| {
        let rows = stored.rows.into_iter().map(|row| row.into_iter().map(restore).collect()).collect();
        Arc::new(ResultSet { columns: stored.columns, rows, truncated: stored.truncated })
    }))
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

    #[derive(Serialize, Deserialize)]
    struct Kept(#[serde(with = "super")] Option<Arc<ResultSet>>);

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
        let result = ResultSet {
            columns: vec![column; row.len()],
            rows: vec![row],
            truncated: Some(Truncation::Rows),
        };
        let stored = serde_json::to_value(Kept(Some(Arc::new(result.clone())))).unwrap();
        let kept: Kept = serde_json::from_value(stored).unwrap();
        assert_eq!(kept.0.as_deref(), Some(&result));
    }
}
