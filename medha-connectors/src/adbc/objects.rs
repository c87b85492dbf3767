//! What is in the database of any driver, as the driver itself describes it.

use std::collections::BTreeMap;

use adbc_core::error::Error;
use adbc_core::options::{ObjectDepth, OptionConnection};
use adbc_core::{Connection, Optionable};
use adbc_driver_manager::ManagedConnection;
use serde::Deserialize;

use super::connector::AdbcConnector;
use super::{nested, run, values};
use crate::connector::QueryOptions;
use crate::error::ConnectorError;
use crate::schema::{Column, ForeignKey, Table, TableKind};
use crate::server::Described;
use crate::value::ColumnKind;

/// Where databases keep what they know about themselves.
const OWN_SCHEMAS: [&str; 6] =
    ["information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys"];

#[derive(Deserialize)]
struct SchemaObject {
    db_schema_name: Option<String>,
    db_schema_tables: Option<Vec<TableObject>>,
}

#[derive(Deserialize)]
struct TableObject {
    table_name: String,
    table_type: String,
    table_columns: Option<Vec<ColumnObject>>,
    table_constraints: Option<Vec<ConstraintObject>>,
}

#[derive(Deserialize)]
struct ColumnObject {
    column_name: String,
    ordinal_position: Option<i32>,
    remarks: Option<String>,
    xdbc_type_name: Option<String>,
    xdbc_is_nullable: Option<String>,
    xdbc_column_def: Option<String>,
}

#[derive(Deserialize)]
struct ConstraintObject {
    constraint_type: String,
    constraint_column_names: Option<Vec<String>>,
    constraint_column_usage: Option<Vec<UsageObject>>,
}

#[derive(Deserialize)]
struct UsageObject {
    fk_table: Option<String>,
    fk_column_name: Option<String>,
}

/// The kinds of a table's columns, by name.
type Kinds = BTreeMap<String, (ColumnKind, bool)>;

/// The tables of the schema that is asked where nobody names one; of all but the system's, where it is not known.
pub(super) async fn tables(connector: &AdbcConnector) -> Result<Vec<Described>, ConnectorError> {
    let found = run::with_connection(&connector.pool, &QueryOptions::default(), read).await?;
    Ok(found.into_iter().map(|(table, kinds)| described(table, &kinds)).collect())
}

fn read(connection: &mut ManagedConnection) -> Result<Vec<(TableObject, Kinds)>, Error> {
    let current = connection.get_option_string(OptionConnection::CurrentSchema).ok();
    let current = current.filter(|name| !name.is_empty());
    let mut found = Vec::new();
    for batch in connection.get_objects(ObjectDepth::All, None, None, None, None, None)? {
        let batch = batch?;
        let Some(schemas) = batch.column_by_name("catalog_db_schemas") else { continue };
        for row in 0..batch.num_rows() {
            let json = nested::json(schemas.as_ref(), row);
            let schemas: Option<Vec<SchemaObject>> =
                serde_json::from_str(&json).map_err(|error| unexpected(&error))?;
            let schemas = schemas.into_iter().flatten();
            for schema in
                schemas.filter(|schema| is_asked(schema.db_schema_name.as_deref(), current.as_deref()))
            {
                for table in schema.db_schema_tables.into_iter().flatten() {
                    let name = schema.db_schema_name.as_deref().filter(|name| !name.is_empty());
                    let kinds = kinds(connection, name, &table.table_name);
                    found.push((table, kinds));
                }
            }
        }
    }
    Ok(found)
}

fn unexpected(error: &serde_json::Error) -> Error {
    let message = format!("the driver describes the tables in a way that is not understood ({error})");
    Error::with_message_and_status(message, adbc_core::error::Status::InvalidData)
}

fn is_asked(schema: Option<&str>, current: Option<&str>) -> bool {
    match (schema.unwrap_or_default(), current) {
        ("", _) => true,
        (schema, Some(current)) => schema == current,
        (schema, None) => !OWN_SCHEMAS.contains(&schema) && !schema.starts_with("pg_"),
    }
}

/// Empty where the driver does not tell, as for views over something that is gone.
fn kinds(connection: &ManagedConnection, schema: Option<&str>, table: &str) -> Kinds {
    let Ok(described) = connection.get_table_schema(None, schema, table) else { return Kinds::new() };
    let columns = values::columns(&described).into_iter().zip(described.fields());
    columns.map(|(column, field)| (column.name, (column.kind, field.is_nullable()))).collect()
}

fn described(found: TableObject, kinds: &Kinds) -> Described {
    let kind = |name: &str| kinds.get(name).copied().unwrap_or((ColumnKind::Unknown, true));
    let mut columns = found.table_columns.unwrap_or_default();
    columns.sort_by_key(|column| column.ordinal_position);
    let columns = columns.into_iter().map(|column| Column {
        kind: kind(&column.column_name).0,
        nullable: column.xdbc_is_nullable.map_or(kind(&column.column_name).1, |said| said != "NO"),
        declared_type: column.xdbc_type_name.unwrap_or_default(),
        default: column.xdbc_column_def,
        comment: column.remarks,
        name: column.column_name,
        profile: None,
    });
    let mut table = Table {
        name: found.table_name,
        kind: if found.table_type.to_ascii_lowercase().contains("view") {
            TableKind::View
        } else {
            TableKind::Table
        },
        comment: None,
        columns: columns.collect(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        definition: None,
        partitioned_by: None,
        row_count: None,
    };
    for constraint in found.table_constraints.into_iter().flatten() {
        add_key(&mut table, constraint);
    }
    Described { table, bytes: None, namespace: None }
}

fn add_key(table: &mut Table, constraint: ConstraintObject) {
    let columns = constraint.constraint_column_names.unwrap_or_default();
    match constraint.constraint_type.as_str() {
        "PRIMARY KEY" => table.primary_key = columns,
        "UNIQUE" => table.unique_keys.push(columns),
        "FOREIGN KEY" => {
            let usage = constraint.constraint_column_usage.unwrap_or_default();
            let Some(references) = usage.first().and_then(|used| used.fk_table.clone()) else { return };
            let referenced_columns = usage.into_iter().filter_map(|used| used.fk_column_name).collect();
            table.foreign_keys.push(ForeignKey { columns, references, referenced_columns });
        }
        _ => {}
    }
}
