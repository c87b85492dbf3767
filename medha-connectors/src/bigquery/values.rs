//! Values out of BigQuery's rows: JSON objects `{"f": [{"v": …}, …]}` in which every scalar is a text.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use google_cloud_bigquery_v2::model::TableFieldSchema;
use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::{Map, Value as Json};

use super::types::{Type, is_repeated, kind, type_of};
use crate::value::{ResultColumn, Value};

/// How the cells of one column are read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    name: String,
    scalar: Type,
    is_repeated: bool,
    fields: Vec<Self>,
}

pub(super) fn readings(fields: &[TableFieldSchema]) -> Vec<Reading> {
    let reading = |field: &TableFieldSchema| Reading {
        name: field.name.clone(),
        scalar: type_of(&field.r#type),
        is_repeated: is_repeated(field),
        fields: readings(&field.fields),
    };
    fields.iter().map(reading).collect()
}

pub(super) fn columns(fields: &[TableFieldSchema]) -> Vec<ResultColumn> {
    fields.iter().map(|field| ResultColumn { name: field.name.clone(), kind: kind(field) }).collect()
}

/// A row, or `None` if it is not as its columns promise.
pub(super) fn row(mut row: Map<String, Json>, readings: &[Reading]) -> Option<Vec<Value>> {
    let Some(Json::Array(cells)) = row.remove("f") else { return None };
    if cells.len() != readings.len() {
        return None;
    }
    cells.into_iter().zip(readings).map(|(cell, reading)| value(content(cell)?, reading)).collect()
}

fn content(cell: Json) -> Option<Json> {
    match cell {
        Json::Object(mut cell) => cell.remove("v"),
        _ => None,
    }
}

fn value(content: Json, reading: &Reading) -> Option<Value> {
    if content.is_null() {
        return Some(Value::Null);
    }
    if reading.is_repeated || reading.scalar == Type::Struct {
        let mut text = String::new();
        write(&content, reading, &mut text)?;
        return Some(Value::Text(text));
    }
    match content {
        Json::String(text) => Some(scalar(text, reading.scalar)),
        _ => None,
    }
}

/// One scalar. What is not as its type promises stays the text it is.
fn scalar(text: String, scalar: Type) -> Value {
    let read = match scalar {
        Type::Integer => text.parse().ok().map(Value::Integer),
        Type::Float => text.parse().ok().map(Value::Float),
        Type::Boolean => boolean(&text).map(Value::Bool),
        Type::Bytes => BASE64_STANDARD.decode(&text).ok().map(Value::Blob),
        Type::Decimal => return Value::Decimal(text),
        Type::Timestamp => return Value::Text(timestamp(&text).unwrap_or(text)),
        Type::DateTime => return Value::Text(date_time(&text)),
        Type::Text | Type::Date | Type::Time | Type::Json | Type::Struct | Type::Other => None,
    };
    read.unwrap_or(Value::Text(text))
}

/// What a text of ours stands for, such as those a look at a column collects.
pub(super) fn scalar_of(text: &str, name: &str) -> Value {
    match type_of(name) {
        // They are written as casts write them, not as rows carry them.
        Type::Timestamp | Type::DateTime => Value::Text(text.to_owned()),
        known => scalar(text.to_owned(), known),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Microseconds since 1970, as BigQuery's own cast would write the moment: `2024-02-29 08:00:00.123456+00`.
fn timestamp(microseconds: &str) -> Option<String> {
    // Not a `Timestamp`, which ends a day before BigQuery's, so that every zone has one.
    let since = SignedDuration::from_micros(microseconds.parse().ok()?);
    let moment = date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since).ok()?;
    Some(format!("{}+00", moment.to_string().replacen('T', " ", 1)))
}

/// `2024-02-29 10:00:00.5`, as a cast would write it; rows have a `T` in the middle.
fn date_time(text: &str) -> String {
    text.replacen('T', " ", 1)
}

/// Writes an array or a struct as JSON, with every digit of its numbers.
fn write(content: &Json, reading: &Reading, to: &mut String) -> Option<()> {
    if !reading.is_repeated {
        return write_element(content, reading, to);
    }
    let Json::Array(elements) = content else { return None };
    to.push('[');
    for (place, element) in elements.iter().enumerate() {
        if place > 0 {
            to.push(',');
        }
        write_element(element.get("v")?, reading, to)?;
    }
    to.push(']');
    Some(())
}

fn write_element(content: &Json, reading: &Reading, to: &mut String) -> Option<()> {
    match content {
        Json::Null => to.push_str("null"),
        Json::Object(row) if reading.scalar == Type::Struct => {
            let cells = row.get("f")?.as_array()?;
            to.push('{');
            for (place, (cell, field)) in cells.iter().zip(&reading.fields).enumerate() {
                if place > 0 {
                    to.push(',');
                }
                quote(&field.name, to);
                to.push(':');
                write(cell.get("v")?, field, to)?;
            }
            to.push('}');
        }
        Json::String(text) => match scalar(text.clone(), reading.scalar) {
            Value::Integer(_) => to.push_str(text),
            // Digits that are no JSON number, should there ever be any, are better a text than a broken document.
            Value::Decimal(digits) if serde_json::from_str::<serde_json::Number>(&digits).is_ok() => {
                to.push_str(&digits);
            }
            Value::Float(number) if number.is_finite() => to.push_str(&number.to_string()),
            Value::Bool(truth) => to.push_str(if truth { "true" } else { "false" }),
            Value::Text(json) if reading.scalar == Type::Json => to.push_str(&json),
            Value::Text(text) => quote(&text, to),
            // Not finite, or bytes, which are in base64 here as there.
            Value::Null | Value::Decimal(_) | Value::Float(_) | Value::Blob(_) => quote(text, to),
        },
        _ => return None,
    }
    Some(())
}

fn quote(text: &str, to: &mut String) {
    to.push_str(&Json::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(name: &str, kind: &str, mode: &str) -> TableFieldSchema {
        TableFieldSchema::new().set_name(name).set_type(kind).set_mode(mode)
    }

    fn read(field: TableFieldSchema, content: &Json) -> Option<Value> {
        let Json::Object(found) = json!({"f": [{"v": content}]}) else { return None };
        row(found, &readings(&[field])).map(|mut row| row.remove(0))
    }

    #[test]
    fn every_scalar_keeps_its_meaning() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (kind, content, expected) in [
            ("INTEGER", "-9223372036854775808", Value::Integer(i64::MIN)),
            ("FLOAT", "1e+300", Value::Float(1e300)),
            ("FLOAT", "-inf", Value::Float(f64::NEG_INFINITY)),
            ("FLOAT", "-Infinity", Value::Float(f64::NEG_INFINITY)),
            ("NUMERIC", "2.500", Value::Decimal("2.500".to_owned())),
            (
                "BIGNUMERIC",
                "578960446186580977117854925043439539266.34992332820282019728792003956564819967",
                Value::Decimal(
                    "578960446186580977117854925043439539266.34992332820282019728792003956564819967"
                        .to_owned(),
                ),
            ),
            ("BOOLEAN", "true", Value::Bool(true)),
            ("BYTES", "AP8Q", Value::Blob(vec![0, 255, 16])),
            ("DATE", "0001-01-01", text("0001-01-01")),
            ("DATETIME", "2024-02-29T10:00:00.123456", text("2024-02-29 10:00:00.123456")),
            ("TIMESTAMP", "1709193600123456", text("2024-02-29 08:00:00.123456+00")),
            ("TIMESTAMP", "-315619200000000", text("1960-01-01 00:00:00+00")),
            ("TIMESTAMP", "-62135596800000000", text("0001-01-01 00:00:00+00")),
            ("TIMESTAMP", "253402300799999999", text("9999-12-31 23:59:59.999999+00")),
            ("TIME", "10:00:00.500000", text("10:00:00.500000")),
            ("INTERVAL", "1-2 3 4:5:6", text("1-2 3 4:5:6")),
            ("JSON", r#"{"a":12345678901234567890123.50}"#, text(r#"{"a":12345678901234567890123.50}"#)),
            ("GEOGRAPHY", "POINT(1 2)", text("POINT(1 2)")),
            ("RANGE", "[2024-01-01, UNBOUNDED)", text("[2024-01-01, UNBOUNDED)")),
            ("STRING", "NaN", text("NaN")),
            ("INTEGER", "many", text("many")),
        ] {
            assert_eq!(
                read(field("c", kind, "NULLABLE"), &json!(content)),
                Some(expected),
                "{kind} {content}"
            );
        }
        let nan = read(field("c", "FLOAT", "NULLABLE"), &json!("NaN"));
        assert!(matches!(nan, Some(Value::Float(nan)) if nan.is_nan()));
        assert_eq!(read(field("c", "STRING", "NULLABLE"), &Json::Null), Some(Value::Null));
    }

    #[test]
    fn arrays_and_structs_are_json_with_every_digit() {
        let lines = field("lines", "RECORD", "REPEATED").set_fields([
            field("a", "INTEGER", "NULLABLE"),
            field("n", "NUMERIC", "NULLABLE"),
            field("f", "FLOAT", "NULLABLE"),
            field("d", "DATE", "REPEATED"),
            field("j", "JSON", "NULLABLE"),
            field("a", "STRING", "NULLABLE"),
            field("at", "TIMESTAMP", "NULLABLE"),
        ]);
        let content = json!([{"v": {"f": [
            {"v": "9007199254740993"}, {"v": "12345678901234567890.12"}, {"v": "NaN"},
            {"v": [{"v": "2024-01-01"}, {"v": "2024-01-02"}]}, {"v": "{\"x\":1.50}"}, {"v": "say \"hi\""}, {"v": "0"},
        ]}}, {"v": null}]);
        let expected = r#"[{"a":9007199254740993,"n":12345678901234567890.12,"f":"NaN","d":["2024-01-01","2024-01-02"],"j":{"x":1.50},"a":"say \"hi\"","at":"1970-01-01 00:00:00+00"},null]"#;
        assert_eq!(read(lines, &content), Some(Value::Text(expected.to_owned())));
        assert_eq!(read(field("c", "STRING", "REPEATED"), &json!([])), Some(Value::Text("[]".to_owned())));
    }

    #[test]
    fn what_is_no_row_is_none() {
        let column = readings(&[field("c", "INTEGER", "NULLABLE")]);
        for wrong in [
            json!({}),
            json!({"f": []}),
            json!({"f": [1]}),
            json!({"f": [{"v": 1}]}),
            json!({"f": [{"v": []}]}),
        ] {
            let Json::Object(wrong) = wrong else { continue };
            assert_eq!(row(wrong, &column), None);
        }
    }
}
