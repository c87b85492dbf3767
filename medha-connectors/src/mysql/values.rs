//! Values out of the binary protocol, by the types of their columns.

use sqlx::mysql::{MySqlRow, MySqlTypeInfo, MySqlValueRef};
use sqlx::{Column as _, Decode, MySql, Row as _, Type, TypeInfo as _};

use super::geometry;
use crate::value::{ColumnKind, Value};

/// How the bytes of a value are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Signed,
    Unsigned,
    Bits,
    Float,
    Decimal,
    Date,
    DateTime,
    Time,
    Text,
    Geometry,
    Bytes,
}

/// How values of a type are read. Whether bytes are text is said by their character set and not by the name of the type:
/// MariaDB's JSON is called BLOB, its UUID and INET6 BINARY.
pub(crate) fn reading(info: &MySqlTypeInfo) -> Reading {
    match info.name() {
        "BIT" => Reading::Bits,
        "FLOAT" | "DOUBLE" => Reading::Float,
        "DECIMAL" => Reading::Decimal,
        "DATE" => Reading::Date,
        "DATETIME" | "TIMESTAMP" => Reading::DateTime,
        "TIME" => Reading::Time,
        "GEOMETRY" => Reading::Geometry,
        "JSON" | "ENUM" | "SET" => Reading::Text,
        // BOOLEAN is a name for TINYINT(1), which can be unsigned and hold more than 0 and 1.
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" | "TINYINT UNSIGNED"
        | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED" | "YEAR" => {
            if <u64 as Type<MySql>>::compatible(info) {
                Reading::Unsigned
            } else {
                Reading::Signed
            }
        }
        _ if <str as Type<MySql>>::compatible(info) => Reading::Text,
        _ => Reading::Bytes,
    }
}

/// What a type promises.
pub(crate) fn kind(info: &MySqlTypeInfo) -> ColumnKind {
    match reading(info) {
        Reading::Signed | Reading::Unsigned if info.name() == "BOOLEAN" => ColumnKind::Boolean,
        Reading::Signed | Reading::Unsigned | Reading::Bits => ColumnKind::Integer,
        Reading::Float => ColumnKind::Float,
        Reading::Decimal => ColumnKind::Decimal,
        Reading::Date => ColumnKind::Date,
        Reading::DateTime => ColumnKind::DateTime,
        Reading::Time => ColumnKind::Time,
        Reading::Text => ColumnKind::Text,
        Reading::Geometry => ColumnKind::Unknown,
        Reading::Bytes if info.name() == "NULL" => ColumnKind::Unknown,
        Reading::Bytes => ColumnKind::Blob,
    }
}

/// How the columns of a row are read.
pub(crate) fn readings(row: &MySqlRow) -> Vec<Reading> {
    row.columns().iter().map(|column| reading(column.type_info())).collect()
}

/// All values of a row of a prepared statement.
pub(crate) fn decode_row(row: &MySqlRow, readings: &[Reading]) -> Result<Vec<Value>, sqlx::Error> {
    let mut values = Vec::with_capacity(readings.len());
    for (index, reading) in readings.iter().enumerate() {
        let raw: MySqlValueRef<'_> = row.try_get_raw(index)?;
        // A date of zeros says of itself that it is NULL, but it has bytes.
        let Ok(bytes) = <&[u8] as Decode<MySql>>::decode(raw) else {
            values.push(Value::Null);
            continue;
        };
        let value = decode(bytes, *reading).ok_or_else(|| sqlx::Error::ColumnDecode {
            index: index.to_string(),
            source: format!("{} bytes are no {reading:?}", bytes.len()).into(),
        })?;
        values.push(value);
    }
    Ok(values)
}

fn decode(bytes: &[u8], reading: Reading) -> Option<Value> {
    match reading {
        Reading::Signed => signed(bytes).map(Value::Integer),
        Reading::Unsigned => unsigned(bytes.iter().rev()).map(whole),
        Reading::Bits => unsigned(bytes.iter()).map(whole),
        Reading::Float => float(bytes).map(Value::Float),
        Reading::Decimal => std::str::from_utf8(bytes).ok().map(|text| Value::Decimal(text.to_owned())),
        Reading::Date => date(bytes).map(|(date, _)| Value::Text(date)),
        Reading::DateTime => date(bytes).map(|(date, time)| Value::Text(format!("{date} {time}"))),
        Reading::Time => time(bytes).map(Value::Text),
        Reading::Text => Some(text(bytes)),
        Reading::Geometry => Some(match geometry::as_text(bytes) {
            Some(shape) => Value::Text(shape),
            None => Value::Blob(bytes.to_vec()),
        }),
        Reading::Bytes => Some(Value::Blob(bytes.to_vec())),
    }
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Blob(bytes.to_vec()),
    }
}

fn signed(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [byte] => Some(i64::from(i8::from_le_bytes([*byte]))),
        [a, b] => Some(i64::from(i16::from_le_bytes([*a, *b]))),
        _ => match bytes.len() {
            4 => bytes.try_into().ok().map(i32::from_le_bytes).map(i64::from),
            _ => bytes.try_into().ok().map(i64::from_le_bytes),
        },
    }
}

/// A number from its bytes, the greatest first.
fn unsigned<'a>(bytes: impl ExactSizeIterator<Item = &'a u8>) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// What is too large for an integer of 64 bits with a sign keeps its digits.
fn whole(number: u64) -> Value {
    i64::try_from(number).map_or_else(|_| Value::Decimal(number.to_string()), Value::Integer)
}

fn float(bytes: &[u8]) -> Option<f64> {
    if let Ok(single) = bytes.try_into().map(f32::from_le_bytes) {
        // 1.1 as it was written, and not 1.10000002384185791.
        return single.to_string().parse().ok();
    }
    bytes.try_into().ok().map(f64::from_le_bytes)
}

/// Date and time of day from a length and as many bytes; what is missing is zero.
fn date(bytes: &[u8]) -> Option<(String, String)> {
    let (length, parts) = bytes.split_first()?;
    let mut whole = [0; 11];
    whole.get_mut(..parts.len())?.copy_from_slice(parts);
    let [y1, y2, month, day, hour, minute, second, m1, m2, m3, m4] = whole;
    let date = format!("{:04}-{month:02}-{day:02}", u16::from_le_bytes([y1, y2]));
    let time = format!("{hour:02}:{minute:02}:{second:02}{}", fraction([m1, m2, m3, m4]));
    (usize::from(*length) == parts.len()).then_some((date, time))
}

/// A time of day or a span of up to 838 hours, with its sign.
fn time(bytes: &[u8]) -> Option<String> {
    let (length, parts) = bytes.split_first()?;
    let mut whole = [0; 12];
    whole.get_mut(..parts.len())?.copy_from_slice(parts);
    let [sign, d1, d2, d3, d4, hour, minute, second, m1, m2, m3, m4] = whole;
    let hours = u64::from(u32::from_le_bytes([d1, d2, d3, d4])) * 24 + u64::from(hour);
    let sign = if sign == 1 { "-" } else { "" };
    let text = format!("{sign}{hours:02}:{minute:02}:{second:02}{}", fraction([m1, m2, m3, m4]));
    (usize::from(*length) == parts.len()).then_some(text)
}

fn fraction(microseconds: [u8; 4]) -> String {
    match u32::from_le_bytes(microseconds) {
        0 => String::new(),
        microseconds => format!(".{microseconds:06}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_by_the_type_of_their_column() {
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        for (bytes, reading, value) in [
            (&[250][..], Reading::Unsigned, Some(Value::Integer(250))),
            (&[250], Reading::Signed, Some(Value::Integer(-6))),
            (&[255, 255, 255, 255], Reading::Signed, Some(Value::Integer(-1))),
            (&[255; 8], Reading::Unsigned, Some(Value::Decimal("18446744073709551615".to_owned()))),
            (&[1, 0], Reading::Bits, Some(Value::Integer(256))),
            (&1.1_f32.to_le_bytes(), Reading::Float, Some(Value::Float(1.1))),
            (&[0], Reading::Date, text("0000-00-00")),
            (&[4, 232, 7, 2, 29], Reading::Date, text("2024-02-29")),
            (&[4, 232, 7, 2, 29], Reading::DateTime, text("2024-02-29 00:00:00")),
            (
                &[11, 232, 7, 2, 29, 1, 2, 3, 64, 226, 1, 0],
                Reading::DateTime,
                text("2024-02-29 01:02:03.123456"),
            ),
            (&[8, 1, 34, 0, 0, 0, 22, 59, 59], Reading::Time, text("-838:59:59")),
            (&[0], Reading::Time, text("00:00:00")),
            (&[4, 232], Reading::Date, None),
            (&[], Reading::Time, None),
            (&[1, 2, 3], Reading::Signed, None),
            (&[0xff, 0xfe], Reading::Text, Some(Value::Blob(vec![0xff, 0xfe]))),
        ] {
            assert_eq!(decode(bytes, reading), value, "{bytes:?} as {reading:?}");
        }
    }
}
