//! Values out of PostgreSQL's text, by the number of their type.

use atoi::FromRadix10SignedChecked as _;
use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, ValueRef as _};

use super::kind::{Reading, reading};
use crate::value::Value;

/// How the columns of a row are read.
pub(crate) fn readings(row: &PgRow) -> Vec<Reading> {
    row.columns()
        .iter()
        .map(|column| column.type_info().oid().map_or(Reading::Text, |oid| reading(oid.0)))
        .collect()
}

/// All values of a row that came as text.
pub(crate) fn decode_row(row: &PgRow, readings: &[Reading]) -> Result<Vec<Value>, sqlx::Error> {
    let mut values = Vec::with_capacity(readings.len());
    for (index, reading) in readings.iter().enumerate() {
        let raw = row.try_get_raw(index)?;
        if raw.is_null() {
            values.push(Value::Null);
            continue;
        }
        let bytes = raw
            .as_bytes()
            .map_err(|source| sqlx::Error::ColumnDecode { index: index.to_string(), source })?;
        values.push(decode(bytes, *reading));
    }
    Ok(values)
}

/// One value. What is not as its type promises stays the text it is.
fn decode(bytes: &[u8], reading: Reading) -> Value {
    // Digits need not be looked at twice.
    if reading == Reading::Integer
        && let (Some(number), read) = i64::from_radix_10_signed_checked(bytes)
        && read == bytes.len()
        && bytes.last().is_some_and(u8::is_ascii_digit)
    {
        return Value::Integer(number);
    }
    // A database in the encoding SQL_ASCII sends whatever bytes it was given.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Value::Blob(bytes.to_vec());
    };
    let read = match reading {
        Reading::Boolean => match text {
            "t" => Some(Value::Bool(true)),
            "f" => Some(Value::Bool(false)),
            _ => None,
        },
        Reading::Float => text.parse().ok().map(Value::Float),
        Reading::Decimal => Some(Value::Decimal(text.to_owned())),
        Reading::Bytes => unescaped(text).map(Value::Blob),
        Reading::Integer | Reading::Text => None,
    };
    read.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// The bytes of a `bytea`, in either of the two forms a server may be set to.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        });
        return pairs.collect();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', after) => {
                let (octal, after) = after.split_at_checked(3)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(octal).ok()?, 8).ok()?);
                after
            }
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_by_its_type() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (bytes, oid, value) in [
            (&b"t"[..], 16, Value::Bool(true)),
            (b"-9223372036854775808", 20, Value::Integer(i64::MIN)),
            (b"4294967295", 26, Value::Integer(4_294_967_295)),
            (b"9223372036854775808", 20, text("9223372036854775808")),
            (b"", 20, text("")),
            (b"-", 20, text("-")),
            (b"1x", 20, text("1x")),
            (b"1.1", 700, Value::Float(1.1)),
            (b"-Infinity", 701, Value::Float(f64::NEG_INFINITY)),
            (b"0.10", 1700, Value::Decimal("0.10".to_owned())),
            (b"NaN", 1700, Value::Decimal("NaN".to_owned())),
            (b"\\x00ff10", 17, Value::Blob(vec![0, 255, 16])),
            (b"\\000\\377a\\\\b", 17, Value::Blob(vec![0, 255, b'a', b'\\', b'b'])),
            (b"\\", 17, text("\\")),
            (b"infinity", 1082, text("infinity")),
            (b"{1,NULL}", 1007, text("{1,NULL}")),
            (b"\xff\xfe", 25, Value::Blob(vec![255, 254])),
        ] {
            assert_eq!(decode(bytes, reading(oid)), value);
        }
        assert!(matches!(decode(b"NaN", reading(701)), Value::Float(nan) if nan.is_nan()));
    }
}
