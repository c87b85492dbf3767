//! What is in a DuckDB database, from its own tables about tables.

use std::path::PathBuf;

use super::connector::AdbcConnector;
use crate::error::ConnectorError;
use crate::schema::{Column, ForeignKey, Index, Table, TableKind};
use crate::server::Described;
use crate::value::{ColumnKind, Value};

const TABLES: &str = "\
SELECT table_name, false AS is_view, comment, estimated_size FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal
UNION ALL
SELECT view_name, true, comment, NULL FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal ORDER BY 2, 1";

const COLUMNS: &str = "\
SELECT table_name, column_name, data_type, is_nullable, column_default, comment FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal ORDER BY table_name, column_index";

const KEYS: &str = "\
SELECT table_name, constraint_type, to_json(constraint_column_names)::VARCHAR, referenced_table,
  to_json(referenced_column_names)::VARCHAR
FROM duckdb_constraints() WHERE database_name = current_database() AND schema_name = 'main'
  AND constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') ORDER BY table_name, constraint_index";

const INDEXES: &str = "\
SELECT table_name, index_name, is_unique, expressions FROM duckdb_indexes()
WHERE database_name = current_database() AND schema_name = 'main' ORDER BY table_name, index_name";

/// Tables, then views, by name.
pub(super) async fn tables(connector: &AdbcConnector) -> Result<Vec<Described>, ConnectorError> {
    let mut tables: Vec<Described> = Vec::new();
    for row in connector.rows(TABLES).await? {
        let [name, is_view, comment, size] = row.as_slice() else { continue };
        let name = text(name);
        let file = connector.pool.source.files.iter().find(|(table, _)| *table == name);
        tables.push(described(
            name,
            *is_view == Value::Bool(true),
            comment,
            size,
            file.map(|(_, path)| path),
        ));
    }
    let mut find = |name: &Value| {
        let name = text(name);
        tables.iter().position(|described| described.table.name == name)
    };
    let columns = connector.rows(COLUMNS).await?;
    let keys = connector.rows(KEYS).await?;
    let indexes = connector.rows(INDEXES).await?;
    let places = |rows: &[Vec<Value>], find: &mut dyn FnMut(&Value) -> Option<usize>| -> Vec<Option<usize>> {
        rows.iter().map(|row| row.first().and_then(&mut *find)).collect()
    };
    let (of_columns, of_keys, of_indexes) =
        (places(&columns, &mut find), places(&keys, &mut find), places(&indexes, &mut find));
    for (row, place) in columns.iter().zip(of_columns) {
        if let Some(place) = place {
            tables[place].table.columns.extend(column(row));
        }
    }
    for (row, place) in keys.iter().zip(of_keys) {
        if let Some(place) = place {
            add_key(&mut tables[place].table, row);
        }
    }
    for (row, place) in indexes.iter().zip(of_indexes) {
        if let Some(place) = place {
            add_index(&mut tables[place].table, row);
        }
    }
    Ok(tables)
}

/// A view over a file that was asked for is a table to whoever asks.
fn described(
    name: String,
    is_view: bool,
    comment: &Value,
    size: &Value,
    file: Option<&PathBuf>,
) -> Described {
    let bytes = file.and_then(|path| path.metadata().ok()).map(|metadata| metadata.len());
    let table = Table {
        name,
        kind: if is_view && file.is_none() { TableKind::View } else { TableKind::Table },
        comment: maybe(comment),
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        definition: None,
        partitioned_by: None,
        row_count: match size {
            Value::Integer(rows) => u64::try_from(*rows).ok(),
            _ => None,
        },
    };
    Described { table, bytes, namespace: None }
}

fn column(row: &[Value]) -> Option<Column> {
    let [_, name, declared, nullable, default, comment] = row else { return None };
    let declared_type = text(declared);
    Some(Column {
        name: text(name),
        kind: kind(&declared_type),
        declared_type,
        nullable: *nullable == Value::Bool(true),
        default: maybe(default).filter(|default| default != "NULL"),
        comment: maybe(comment),
        profile: None,
    })
}

/// What a declared type says about the values.
pub(super) fn kind(declared: &str) -> ColumnKind {
    if declared.ends_with(']') {
        return ColumnKind::Unknown;
    }
    let (base, rest) = declared.split_once('(').unwrap_or((declared, ""));
    match base.trim() {
        "BOOLEAN" => ColumnKind::Boolean,
        "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "HUGEINT" | "UTINYINT" | "USMALLINT" | "UINTEGER"
        | "UBIGINT" | "UHUGEINT" => ColumnKind::Integer,
        "DECIMAL" if rest.ends_with(",0)") => ColumnKind::Integer,
        "DECIMAL" => ColumnKind::Decimal,
        "FLOAT" | "DOUBLE" => ColumnKind::Float,
        "VARCHAR" | "ENUM" | "UUID" => ColumnKind::Text,
        "DATE" => ColumnKind::Date,
        "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" | "TIMESTAMP_NS" | "TIMESTAMP WITH TIME ZONE" => {
            ColumnKind::DateTime
        }
        "TIME" | "TIME_NS" => ColumnKind::Time,
        // Arrow has no type for the last two; they come as the bytes DuckDB keeps.
        "BLOB" | "BIT" | "BIGNUM" => ColumnKind::Blob,
        _ => ColumnKind::Unknown,
    }
}

fn add_key(table: &mut Table, row: &[Value]) {
    let [_, kind, columns, references, referenced] = row else { return };
    let columns = list(columns);
    match text(kind).as_str() {
        "PRIMARY KEY" => table.primary_key = columns,
        "UNIQUE" if !table.unique_keys.contains(&columns) => table.unique_keys.push(columns),
        "FOREIGN KEY" => table.foreign_keys.push(ForeignKey {
            columns,
            references: text(references),
            referenced_columns: list(referenced),
        }),
        _ => {}
    }
}

fn add_index(table: &mut Table, row: &[Value]) {
    let [_, name, unique, expressions] = row else { return };
    let unique = *unique == Value::Bool(true);
    // A text such as `[region, '"unit price"', lower("name")]`.
    let expressions = text(expressions);
    let inner = expressions.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    let columns: Vec<Option<String>> = inner
        .split(", ")
        .map(|part| {
            let part = part.trim_matches('\'').trim_matches('"');
            table.column(part).map(|column| column.name.clone())
        })
        .collect();
    let plain: Option<Vec<String>> = columns.iter().cloned().collect();
    table.unique_keys.extend(plain.filter(|key| unique && !table.unique_keys.contains(key)));
    table.indexes.push(Index { name: text(name), columns, unique });
}

fn text(value: &Value) -> String {
    maybe(value).unwrap_or_default()
}

fn maybe(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn list(value: &Value) -> Vec<String> {
    serde_json::from_str(&text(value)).unwrap_or_default()
}
