//! BigQuery's types: how they are declared and what kind of values they promise.

use google_cloud_bigquery_v2::model::TableFieldSchema;

use crate::value::ColumnKind;

/// One type, by any of the names BigQuery's interfaces give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Integer,
    Float,
    Decimal,
    Boolean,
    Text,
    Bytes,
    Date,
    DateTime,
    Timestamp,
    Time,
    Json,
    Struct,
    /// Intervals, geographies, ranges and what is new: text as it comes.
    Other,
}

pub(super) fn type_of(name: &str) -> Type {
    match name.to_ascii_uppercase().as_str() {
        "INTEGER" | "INT64" => Type::Integer,
        "FLOAT" | "FLOAT64" => Type::Float,
        "NUMERIC" | "BIGNUMERIC" => Type::Decimal,
        "BOOLEAN" | "BOOL" => Type::Boolean,
        "STRING" => Type::Text,
        "BYTES" => Type::Bytes,
        "DATE" => Type::Date,
        "DATETIME" => Type::DateTime,
        "TIMESTAMP" => Type::Timestamp,
        "TIME" => Type::Time,
        "JSON" => Type::Json,
        "RECORD" | "STRUCT" => Type::Struct,
        _ => Type::Other,
    }
}

pub(super) fn is_repeated(field: &TableFieldSchema) -> bool {
    field.mode.eq_ignore_ascii_case("REPEATED")
}

/// What the type of a column promises.
pub(super) fn kind(field: &TableFieldSchema) -> ColumnKind {
    if is_repeated(field) {
        return ColumnKind::Unknown;
    }
    match type_of(&field.r#type) {
        Type::Integer => ColumnKind::Integer,
        Type::Float => ColumnKind::Float,
        Type::Decimal => ColumnKind::Decimal,
        Type::Boolean => ColumnKind::Boolean,
        Type::Text | Type::Json => ColumnKind::Text,
        Type::Bytes => ColumnKind::Blob,
        Type::Date => ColumnKind::Date,
        Type::DateTime | Type::Timestamp => ColumnKind::DateTime,
        Type::Time => ColumnKind::Time,
        Type::Struct => ColumnKind::Unknown,
        Type::Other if field.r#type.eq_ignore_ascii_case("INTERVAL") => ColumnKind::Text,
        Type::Other => ColumnKind::Unknown,
    }
}

/// The type as a statement would declare it: `ARRAY<STRUCT<day DATE, total NUMERIC(10, 2)>>`.
pub(super) fn declared(field: &TableFieldSchema) -> String {
    let element = match type_of(&field.r#type) {
        Type::Struct => {
            let fields: Vec<String> =
                field.fields.iter().map(|field| format!("{} {}", field.name, declared(field))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        Type::Integer => "INT64".to_owned(),
        Type::Float => "FLOAT64".to_owned(),
        Type::Boolean => "BOOL".to_owned(),
        _ if field.max_length > 0 => format!("{}({})", field.r#type, field.max_length),
        _ if field.precision > 0 && field.scale > 0 => {
            format!("{}({}, {})", field.r#type, field.precision, field.scale)
        }
        _ if field.precision > 0 => format!("{}({})", field.r#type, field.precision),
        _ => match &field.range_element_type {
            Some(element) => format!("RANGE<{}>", element.r#type),
            None => field.r#type.clone(),
        },
    };
    if is_repeated(field) { format!("ARRAY<{element}>") } else { element }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, kind: &str, mode: &str) -> TableFieldSchema {
        TableFieldSchema::new().set_name(name).set_type(kind).set_mode(mode)
    }

    #[test]
    fn a_nested_type_is_written_as_it_would_be_declared() {
        let total = field("total", "NUMERIC", "NULLABLE").set_precision(10).set_scale(2);
        let lines = field("lines", "RECORD", "REPEATED").set_fields([
            field("day", "DATE", "REQUIRED"),
            total,
            field("tags", "STRING", "REPEATED").set_max_length(20),
            field("count", "INTEGER", "NULLABLE"),
        ]);
        assert_eq!(
            declared(&lines),
            "ARRAY<STRUCT<day DATE, total NUMERIC(10, 2), tags ARRAY<STRING(20)>, count INT64>>"
        );
        assert_eq!(kind(&lines), ColumnKind::Unknown);
    }

    #[test]
    fn both_names_of_a_type_are_known() {
        for (name, expected) in [
            ("INTEGER", ColumnKind::Integer),
            ("INT64", ColumnKind::Integer),
            ("FLOAT", ColumnKind::Float),
            ("BIGNUMERIC", ColumnKind::Decimal),
            ("BOOL", ColumnKind::Boolean),
            ("TIMESTAMP", ColumnKind::DateTime),
            ("INTERVAL", ColumnKind::Text),
            ("GEOGRAPHY", ColumnKind::Unknown),
        ] {
            assert_eq!(kind(&field("c", name, "NULLABLE")), expected, "{name}");
        }
    }
}
