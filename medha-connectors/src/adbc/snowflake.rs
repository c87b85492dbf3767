//! What is in a schema of Snowflake, from its information schema and what it shows of keys.

use super::connector::AdbcConnector;
use crate::error::ConnectorError;
use crate::schema::{Column, ForeignKey, Table, TableKind};
use crate::server::Described;
use crate::value::{ColumnKind, ResultSet, Value};

const TABLES: &str = "\
SELECT table_name, table_type, comment, row_count, bytes FROM information_schema.tables
WHERE table_schema = CURRENT_SCHEMA() ORDER BY table_name";

const COLUMNS: &str = "\
SELECT table_name, column_name, data_type, is_nullable, column_default, comment, numeric_precision, numeric_scale
FROM information_schema.columns WHERE table_schema = CURRENT_SCHEMA() ORDER BY table_name, ordinal_position";

/// Tables and views, by name.
pub(super) async fn tables(connector: &AdbcConnector) -> Result<Vec<Described>, ConnectorError> {
    let mut tables: Vec<Described> =
        connector.rows(TABLES).await?.iter().filter_map(|row| table(row)).collect();
    for row in connector.rows(COLUMNS).await? {
        let Some(of) = row.first().and_then(text) else { continue };
        if let Some(described) = tables.iter_mut().find(|described| described.table.name == of) {
            described.table.columns.extend(column(&row));
        }
    }
    let primary = shown(connector, "SHOW PRIMARY KEYS IN SCHEMA").await?;
    let unique = shown(connector, "SHOW UNIQUE KEYS IN SCHEMA").await?;
    let references = shown(connector, "SHOW IMPORTED KEYS IN SCHEMA").await?;
    for Described { table, .. } in &mut tables {
        let mine = |keys: &[Key]| -> Vec<Vec<String>> {
            keys.iter().filter(|key| key.table == table.name).map(|key| key.columns.clone()).collect()
        };
        table.primary_key = mine(&keys(&primary)).into_iter().next().unwrap_or_default();
        table.unique_keys = mine(&keys(&unique));
        table.foreign_keys = foreign_keys(&references, &table.name);
    }
    Ok(tables)
}

/// What it shows of keys; nothing where the user may not see them.
async fn shown(connector: &AdbcConnector, sql: &str) -> Result<ResultSet, ConnectorError> {
    match connector.answer(sql).await {
        Err(ConnectorError::Query { reason }) => {
            tracing::debug!(sql, reason, "the keys are not known");
            Ok(ResultSet { columns: Vec::new(), rows: Vec::new(), truncated: None })
        }
        outcome => outcome,
    }
}

fn table(row: &[Value]) -> Option<Described> {
    let [name, kind, comment, rows, bytes] = row else { return None };
    let count = |value: &Value| match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    let table = Table {
        name: text(name)?,
        kind: if text(kind)?.contains("VIEW") { TableKind::View } else { TableKind::Table },
        comment: text(comment).filter(|comment| !comment.is_empty()),
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        definition: None,
        partitioned_by: None,
        row_count: count(rows),
    };
    Some(Described { table, bytes: count(bytes), namespace: None })
}

fn column(row: &[Value]) -> Option<Column> {
    let [_, name, base, nullable, default, comment, precision, scale] = row else { return None };
    let base = text(base)?;
    let declared_type = match (precision, scale) {
        (Value::Integer(precision), Value::Integer(scale)) if base == "NUMBER" => {
            format!("NUMBER({precision},{scale})")
        }
        _ => base.clone(),
    };
    Some(Column {
        name: text(name)?,
        kind: kind(&base, *scale == Value::Integer(0)),
        declared_type,
        nullable: text(nullable).as_deref() == Some("YES"),
        default: text(default),
        comment: text(comment).filter(|comment| !comment.is_empty()),
        profile: None,
    })
}

fn kind(base: &str, is_whole: bool) -> ColumnKind {
    match base {
        "NUMBER" if is_whole => ColumnKind::Integer,
        "NUMBER" | "DECFLOAT" => ColumnKind::Decimal,
        "FLOAT" | "REAL" | "DOUBLE" => ColumnKind::Float,
        "TEXT" | "VARCHAR" => ColumnKind::Text,
        "BOOLEAN" => ColumnKind::Boolean,
        "DATE" => ColumnKind::Date,
        "TIME" => ColumnKind::Time,
        "BINARY" => ColumnKind::Blob,
        _ if base.starts_with("TIMESTAMP") => ColumnKind::DateTime,
        _ => ColumnKind::Unknown,
    }
}

/// A key of a table, its columns in order.
struct Key {
    name: String,
    table: String,
    columns: Vec<String>,
}

fn keys(shown: &ResultSet) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for row in in_order(shown) {
        let field = |name: &str| named(shown, row, name);
        let (Some(name), Some(table), Some(column)) =
            (field("constraint_name"), field("table_name"), field("column_name"))
        else {
            continue;
        };
        match keys.iter_mut().find(|key| key.name == name && key.table == table) {
            Some(key) => key.columns.push(column),
            None => keys.push(Key { name, table, columns: vec![column] }),
        }
    }
    keys
}

fn foreign_keys(shown: &ResultSet, table: &str) -> Vec<ForeignKey> {
    let mut found: Vec<(String, ForeignKey)> = Vec::new();
    for row in in_order(shown) {
        let field = |name: &str| named(shown, row, name).filter(|text| !text.is_empty());
        let (Some(name), Some(references)) = (field("fk_name"), field("pk_table_name")) else { continue };
        let (Some(here), Some(there)) = (field("fk_column_name"), field("pk_column_name")) else { continue };
        if field("fk_table_name").as_deref() != Some(table) {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, key)) => {
                key.columns.push(here);
                key.referenced_columns.push(there);
            }
            None => {
                let key = ForeignKey { columns: vec![here], references, referenced_columns: vec![there] };
                found.push((name, key));
            }
        }
    }
    found.into_iter().map(|(_, key)| key).collect()
}

fn in_order(shown: &ResultSet) -> Vec<&Vec<Value>> {
    let place = shown.columns.iter().position(|column| column.name.eq_ignore_ascii_case("key_sequence"));
    let sequence = |row: &Vec<Value>| match place.and_then(|place| row.get(place)) {
        Some(Value::Integer(number)) => *number,
        _ => 0,
    };
    let mut rows: Vec<&Vec<Value>> = shown.rows.iter().collect();
    rows.sort_by_key(|row| sequence(row));
    rows
}

fn named(shown: &ResultSet, row: &[Value], name: &str) -> Option<String> {
    let place = shown.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))?;
    row.get(place).and_then(text)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::value::ResultColumn;

    use super::*;

    /// As its documentation has the columns; the server of the tests gives others.
    #[test]
    fn references_are_read_with_their_columns_in_order() {
        let names = ["pk_table_name", "pk_column_name", "fk_table_name", "fk_column_name", "fk_name"];
        let row = |texts: [&str; 5], place: i64| {
            let texts = texts.iter().map(|text| Value::Text((*text).to_owned()));
            texts.chain([Value::Integer(place)]).collect::<Vec<_>>()
        };
        let kinds = names.iter().chain(["key_sequence"].iter());
        let shown = ResultSet {
            columns: kinds
                .map(|name| ResultColumn { name: (*name).to_owned(), kind: ColumnKind::Text })
                .collect(),
            rows: vec![
                row(["STORES", "CITY", "ORDERS", "STORE_CITY", "AT_STORE"], 2),
                row(["STORES", "NUMBER", "ORDERS", "STORE_NUMBER", "AT_STORE"], 1),
                row(["ORDERS", "ID", "LINES", "ORDER_ID", "OF_ORDER"], 1),
            ],
            truncated: None,
        };
        let keys = foreign_keys(&shown, "ORDERS");
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        assert_eq!(key.references, "STORES");
        assert_eq!(key.columns, ["STORE_NUMBER", "STORE_CITY"]);
        assert_eq!(key.referenced_columns, ["NUMBER", "CITY"]);
        assert_eq!(foreign_keys(&shown, "STORES"), []);
    }
}
