//! Values out of SQLite, by storage class.

use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::value::Value;

/// All values of a row.
pub(crate) fn decode_row(row: &SqliteRow) -> Result<Vec<Value>, sqlx::Error> {
    (0..row.len())
        .map(|index| {
            let raw = row.try_get_raw(index)?;
            decode(raw).map_err(|source| sqlx::Error::ColumnDecode { index: index.to_string(), source })
        })
        .collect()
}

/// One value. Text that is not UTF-8 is kept as the bytes it is, because any text we made of it would be a guess.
fn decode(raw: SqliteValueRef<'_>) -> Result<Value, BoxDynError> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let class = raw.type_info();
    match class.name() {
        "INTEGER" => Ok(Value::Integer(<i64 as Decode<Sqlite>>::decode(raw)?)),
        "REAL" => Ok(Value::Float(<f64 as Decode<Sqlite>>::decode(raw)?)),
        "TEXT" => {
            let bytes = <Vec<u8> as Decode<Sqlite>>::decode(raw)?;
            Ok(String::from_utf8(bytes).map_or_else(|error| Value::Blob(error.into_bytes()), Value::Text))
        }
        "BLOB" => Ok(Value::Blob(<Vec<u8> as Decode<Sqlite>>::decode(raw)?)),
        other => Err(format!("SQLite has no storage class {other:?}").into()),
    }
}
