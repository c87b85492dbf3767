//! What a declared type promises, by SQLite's affinity rules and by the names people use for dates and booleans.

use crate::value::ColumnKind;

/// The kind a declaration promises; the values seen have the last word.
pub(crate) fn declared_kind(declared_type: &str) -> ColumnKind {
    let name = declared_type.to_ascii_uppercase();
    let name = name.split('(').next().unwrap_or_default().trim();
    let has = |part: &str| name.contains(part);
    if name.is_empty() {
        ColumnKind::Unknown
    } else if has("BOOL") {
        ColumnKind::Boolean
    } else if has("DATETIME") || has("TIMESTAMP") {
        ColumnKind::DateTime
    } else if name == "DATE" {
        ColumnKind::Date
    } else if name == "TIME" {
        ColumnKind::Time
    } else if has("INT") {
        ColumnKind::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") || has("JSON") || has("UUID") {
        ColumnKind::Text
    } else if has("BLOB") {
        ColumnKind::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        ColumnKind::Float
    } else if has("NUMERIC") || has("DECIMAL") || has("MONEY") || has("NUMBER") {
        ColumnKind::Decimal
    } else {
        ColumnKind::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_promise_a_kind() {
        for (declared_type, kind) in [
            ("", ColumnKind::Unknown),
            ("INTEGER", ColumnKind::Integer),
            ("unsigned big int", ColumnKind::Integer),
            ("VARCHAR(255)", ColumnKind::Text),
            ("nvarchar (20)", ColumnKind::Text),
            ("DECIMAL(10,5)", ColumnKind::Decimal),
            ("double precision", ColumnKind::Float),
            ("boolean", ColumnKind::Boolean),
            ("date", ColumnKind::Date),
            ("DATETIME", ColumnKind::DateTime),
            ("timestamp with time zone", ColumnKind::DateTime),
            ("TIME", ColumnKind::Time),
            ("BLOB", ColumnKind::Blob),
            ("GEOMETRY", ColumnKind::Unknown),
        ] {
            assert_eq!(declared_kind(declared_type), kind, "{declared_type}");
        }
    }
}
