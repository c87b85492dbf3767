//! What is in the database behind a server: by the same questions that are asked without one in between, where there are such.

use std::collections::BTreeMap;

use crate::connector::QueryOptions;
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::schema::{Column, ForeignKey, Index, Table, TableKind};
use crate::server::{Described, Look};
use crate::sqlite::kind::declared_kind;
use crate::value::Value;
use crate::{mysql, postgres};

/// All tables and views.
pub(super) async fn tables(source: &dyn Look, dialect: Dialect) -> Result<Vec<Described>, ConnectorError> {
    match dialect {
        Dialect::Postgres => {
            let rows = read(source, postgres::catalog::CATALOG).await?;
            let texts: Vec<String> = rows.iter().map(|row| text(row, 0)).collect();
            postgres::catalog::tables(&texts)
        }
        Dialect::MySql => mysql::catalog::tables(source).await,
        Dialect::Sqlite => sqlite_tables(source).await,
        Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => Err(ConnectorError::Query {
            reason: "databases of this kind are not asked through MCP".to_owned(),
        }),
    }
}

const SQLITE_TABLES: &str = "\
SELECT name AS t, type AS k FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid";

const SQLITE_COLUMNS: &str = "\
SELECT m.name AS t, p.name AS c, p.type AS y, p.\"notnull\" AS n, p.dflt_value AS d, p.pk AS k
FROM sqlite_master AS m JOIN pragma_table_xinfo(m.name) AS p
WHERE m.type IN ('table', 'view') AND p.hidden <> 1 ORDER BY m.rowid, p.cid";

const SQLITE_REFERENCES: &str = "\
SELECT m.name AS t, f.id AS i, f.\"from\" AS c, f.\"table\" AS r, f.\"to\" AS o
FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table' ORDER BY m.rowid, f.id DESC, f.seq";

const SQLITE_INDEXES: &str = "\
SELECT m.name AS t, l.name AS i, l.\"unique\" AS u, l.origin AS o, l.partial AS p, x.name AS c
FROM sqlite_master AS m JOIN pragma_index_list(m.name) AS l JOIN pragma_index_xinfo(l.name) AS x
WHERE m.type = 'table' AND x.\"key\" = 1 ORDER BY m.rowid, l.seq DESC, x.seqno";

async fn sqlite_tables(source: &dyn Look) -> Result<Vec<Described>, ConnectorError> {
    let mut tables: Vec<Table> = read(source, SQLITE_TABLES).await?.iter().map(|row| table(row)).collect();
    let places: BTreeMap<String, usize> =
        tables.iter().enumerate().map(|(place, table)| (table.name.clone(), place)).collect();
    let place_of = |row: &[Value]| places.get(&text(row, 0)).copied();
    let mut keys: BTreeMap<usize, Vec<(i64, String)>> = BTreeMap::new();
    for row in read(source, SQLITE_COLUMNS).await? {
        let Some(place) = place_of(&row) else { continue };
        let (declared_type, in_key) = (text(&row, 2), number(&row, 5));
        if in_key > 0 {
            keys.entry(place).or_default().push((in_key, text(&row, 1)));
        }
        // The row id is never NULL, whatever its declaration says.
        let is_row_id = in_key > 0 && declared_type.eq_ignore_ascii_case("INTEGER");
        tables[place].columns.push(Column {
            name: text(&row, 1),
            kind: declared_kind(&declared_type),
            declared_type,
            nullable: number(&row, 3) == 0 && !is_row_id,
            default: some_text(&row, 4),
            comment: None,
            profile: None,
        });
    }
    for (place, mut key) in keys {
        key.sort();
        tables[place].primary_key = key.into_iter().map(|(_, name)| name).collect();
    }
    let mut last = None;
    for row in read(source, SQLITE_REFERENCES).await? {
        let Some(place) = place_of(&row) else { continue };
        let this = Some((place, number(&row, 1)));
        let keys = &mut tables[place].foreign_keys;
        if last != this {
            let references = text(&row, 3);
            keys.push(ForeignKey { columns: Vec::new(), references, referenced_columns: Vec::new() });
            last = this;
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(text(&row, 2));
            key.referenced_columns.extend(some_text(&row, 4));
        }
    }
    complete_references(&mut tables);
    for row in read(source, SQLITE_INDEXES).await? {
        let Some(place) = place_of(&row) else { continue };
        note_index(&mut tables[place], &row);
    }
    for table in &mut tables {
        let unique = table.indexes.iter().filter(|index| index.unique);
        let plain = unique.filter_map(|index| index.columns.iter().cloned().collect::<Option<Vec<String>>>());
        let mut found: Vec<Vec<String>> = Vec::new();
        for key in plain.filter(|key| *key != table.primary_key) {
            if !found.contains(&key) {
                found.push(key);
            }
        }
        table.unique_keys = found;
    }
    Ok(tables.into_iter().map(|table| Described { table, bytes: None, namespace: None }).collect())
}

fn table(row: &[Value]) -> Table {
    Table {
        name: text(row, 0),
        kind: if text(row, 1) == "view" { TableKind::View } else { TableKind::Table },
        comment: None,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        row_count: None,
        definition: None,
        partitioned_by: None,
    }
}

/// A reference without columns means the other table's primary key; one of another width cannot be joined over.
fn complete_references(tables: &mut [Table]) {
    let keys: BTreeMap<String, Vec<String>> =
        tables.iter().map(|table| (table.name.to_ascii_lowercase(), table.primary_key.clone())).collect();
    for reference in tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
        if reference.referenced_columns.is_empty() {
            let key = keys.get(&reference.references.to_ascii_lowercase());
            reference.referenced_columns = key.cloned().unwrap_or_default();
        }
    }
    for table in tables {
        table.foreign_keys.retain(|key| key.columns.len() == key.referenced_columns.len());
    }
}

/// One column of an index; a partial one is unique in part, which is not unique.
fn note_index(table: &mut Table, row: &[Value]) {
    let name = text(row, 1);
    let column = some_text(row, 5);
    match table.indexes.iter_mut().find(|index| index.name == name) {
        Some(index) => index.columns.push(column),
        None => {
            let unique = number(row, 2) != 0 && number(row, 4) == 0;
            table.indexes.push(Index { name, columns: vec![column], unique });
        }
    }
}

async fn read(source: &dyn Look, sql: &str) -> Result<Vec<Vec<Value>>, ConnectorError> {
    let options = QueryOptions { max_rows: usize::MAX, max_bytes: usize::MAX, ..QueryOptions::default() };
    Ok(source.ask(sql, options).await?.collect().await?.rows)
}

fn text(row: &[Value], place: usize) -> String {
    some_text(row, place).unwrap_or_default()
}

fn some_text(row: &[Value], place: usize) -> Option<String> {
    match row.get(place) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn number(row: &[Value], place: usize) -> i64 {
    match row.get(place) {
        Some(Value::Integer(number)) => *number,
        _ => 0,
    }
}
