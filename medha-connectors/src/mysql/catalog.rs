//! What is in the database, by the standard's views of its catalog.

use std::collections::BTreeMap;

use crate::connector::QueryOptions;
use crate::error::ConnectorError;
use crate::schema::{Column, ForeignKey, Index, Table, TableKind};
use crate::server::{Described, Look};
use crate::value::{ColumnKind, ResultSet, Value};

const TABLES: &str = "\
SELECT TABLE_NAME, TABLE_TYPE, TABLE_COMMENT, TABLE_ROWS, DATA_LENGTH FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
ORDER BY CREATE_TIME, TABLE_NAME";

const COLUMNS: &str = "\
SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLUMN_COMMENT FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION";

/// Of a view whose definition the user may not see it is empty.
const VIEWS: &str = "\
SELECT TABLE_NAME, VIEW_DEFINITION, DATABASE() FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()";

/// An index on the start of a text (`SUB_PART`) is unique in other things than the text.
const INDEXES: &str = "\
SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";

const REFERENCES: &str = "\
SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE()
ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

/// Of a table's parts, each has a row.
const PARTITIONS: &str = "\
SELECT DISTINCT TABLE_NAME, PARTITION_METHOD, PARTITION_EXPRESSION FROM information_schema.PARTITIONS
WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_METHOD IS NOT NULL";

/// All tables and views of the database that the user may see.
pub(crate) async fn tables(source: &dyn Look) -> Result<Vec<Described>, ConnectorError> {
    let found = read(source, TABLES).await?;
    let mut tables: Vec<Described> = found.rows.iter().map(|row| described(row)).collect();
    let places: BTreeMap<String, usize> =
        tables.iter().enumerate().map(|(place, described)| (described.table.name.clone(), place)).collect();
    for row in read(source, COLUMNS).await?.rows {
        if let Some(place) = places.get(&text(&row[0])) {
            tables[*place].table.columns.push(column(&row));
        }
    }
    for row in read(source, VIEWS).await?.rows {
        if let Some(place) = places.get(&text(&row[0])) {
            let definition = some_text(&row[1]).filter(|definition| !definition.is_empty());
            tables[*place].table.definition =
                definition.map(|definition| without_database(&definition, &text(&row[2])));
        }
    }
    for row in read(source, PARTITIONS).await?.rows {
        if let Some(place) = places.get(&text(&row[0])) {
            let (method, expression) = (text(&row[1]), text(&row[2]));
            tables[*place].table.partitioned_by = Some(format!("{method} ({expression})"));
        }
    }
    let mut indexes: BTreeMap<(String, String), Parts> = BTreeMap::new();
    for row in read(source, INDEXES).await?.rows {
        let index = indexes.entry((text(&row[0]), text(&row[1]))).or_default();
        index.unique = number(&row[2]) == Some(0);
        index.is_plain &= row[4] == Value::Null && row[3] != Value::Null;
        index.columns.push(some_text(&row[3]));
    }
    for ((table, name), index) in indexes {
        if let Some(place) = places.get(&table) {
            index.put_in(&mut tables[*place].table, name);
        }
    }
    let mut last = None;
    for row in read(source, REFERENCES).await?.rows {
        let Some(place) = places.get(&text(&row[0])) else { continue };
        let keys = &mut tables[*place].table.foreign_keys;
        let this = (text(&row[0]), text(&row[1]));
        if last.as_ref() != Some(&this) {
            let references = text(&row[3]);
            keys.push(ForeignKey { columns: Vec::new(), references, referenced_columns: Vec::new() });
            last = Some(this);
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(text(&row[2]));
            key.referenced_columns.push(text(&row[4]));
        }
    }
    tables.retain(|described| !described.table.columns.is_empty());
    Ok(tables)
}

async fn read(source: &dyn Look, sql: &str) -> Result<ResultSet, ConnectorError> {
    let options = QueryOptions { max_rows: usize::MAX, max_bytes: usize::MAX, ..QueryOptions::default() };
    source.ask(sql, options).await?.collect().await
}

struct Parts {
    columns: Vec<Option<String>>,
    unique: bool,
    is_plain: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self { columns: Vec::new(), unique: false, is_plain: true }
    }
}

impl Parts {
    fn put_in(self, table: &mut Table, name: String) {
        let plain: Option<Vec<String>> = self.columns.iter().cloned().collect();
        match plain {
            Some(key) if name == "PRIMARY" => table.primary_key = key,
            Some(key) if self.unique && self.is_plain && !table.unique_keys.contains(&key) => {
                table.unique_keys.push(key);
            }
            Some(_) | None => {}
        }
        table.indexes.push(Index { name, columns: self.columns, unique: self.unique });
    }
}

fn described(row: &[Value]) -> Described {
    let is_view = text(&row[1]) == "VIEW";
    // The comment of a view is the word VIEW.
    let comment = some_text(&row[2]).filter(|comment| !is_view && !comment.is_empty());
    Described {
        bytes: number(&row[4]).filter(|_| !is_view),
        namespace: None,
        table: Table {
            name: text(&row[0]),
            kind: if is_view { TableKind::View } else { TableKind::Table },
            comment,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            foreign_keys: Vec::new(),
            indexes: Vec::new(),
            definition: None,
            partitioned_by: None,
            row_count: number(&row[3]).filter(|_| !is_view),
        },
    }
}

fn column(row: &[Value]) -> Column {
    let declared_type = text(&row[2]);
    Column {
        name: text(&row[1]),
        kind: kind(&declared_type),
        declared_type,
        nullable: text(&row[3]) == "YES",
        // MariaDB says NULL where there is none.
        default: some_text(&row[4]).filter(|default| default != "NULL"),
        comment: some_text(&row[5]).filter(|comment| !comment.is_empty()),
        profile: None,
    }
}

/// A definition whose names do not say the database they are in, as the server puts it before each. Texts stay as they are.
fn without_database(definition: &str, database: &str) -> String {
    let before_names = format!("`{}`.", database.replace('`', "``"));
    let mut out = String::with_capacity(definition.len());
    let (mut rest, mut is_text) = (definition, false);
    while let Some(letter) = rest.chars().next() {
        if !is_text && let Some(after) = rest.strip_prefix(&before_names) {
            rest = after;
            continue;
        }
        let mut length = letter.len_utf8();
        match letter {
            '\'' => is_text = !is_text,
            '\\' if is_text => length += rest[length..].chars().next().map_or(0, char::len_utf8),
            // The whole name, so that its end is not taken for the start of the next one.
            '`' if !is_text => length = name_length(rest),
            _ => {}
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// How long the name is that a text starts with, in backticks; two of them in it are one of the name.
fn name_length(text: &str) -> usize {
    let mut length = 1;
    while let Some(end) = text[length..].find('`') {
        length += end + 1;
        if !text[length..].starts_with('`') {
            return length;
        }
        length += 1;
    }
    text.len()
}

/// What a declaration promises.
fn kind(declared_type: &str) -> ColumnKind {
    let declared = declared_type.to_ascii_lowercase();
    let name = declared.split(['(', ' ']).next().unwrap_or_default();
    match name {
        "tinyint" if declared.starts_with("tinyint(1)") => ColumnKind::Boolean,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "bit" => ColumnKind::Integer,
        "decimal" => ColumnKind::Decimal,
        "float" | "double" => ColumnKind::Float,
        "date" => ColumnKind::Date,
        "datetime" | "timestamp" => ColumnKind::DateTime,
        "time" => ColumnKind::Time,
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" | "json"
        | "uuid" | "inet4" | "inet6" => ColumnKind::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => ColumnKind::Blob,
        _ => ColumnKind::Unknown,
    }
}

fn text(value: &Value) -> String {
    some_text(value).unwrap_or_default()
}

/// MySQL gives some names of its catalog as bytes.
fn some_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Decimal(text) => Some(text.clone()),
        Value::Blob(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Decimal(digits) => digits.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_names_no_database_and_its_texts_stay() {
        let definition =
            r"select `shop`.`t`.`a` AS `a`,'`shop`.\'x' AS `b` from `shop`.`t` where `t`.`c` = ''''";
        let expected = r"select `t`.`a` AS `a`,'`shop`.\'x' AS `b` from `t` where `t`.`c` = ''''";
        assert_eq!(without_database(definition, "shop"), expected);
        let other = "select 1 AS `shop` from `o``shop`.`t`";
        assert_eq!(without_database(other, "shop"), other);
    }

    #[test]
    fn declared_types_promise_a_kind() {
        for (declared_type, promised) in [
            ("tinyint(1)", ColumnKind::Boolean),
            ("tinyint(4)", ColumnKind::Integer),
            ("int unsigned", ColumnKind::Integer),
            ("decimal(10,2) unsigned", ColumnKind::Decimal),
            ("varchar(20)", ColumnKind::Text),
            ("enum('a','b')", ColumnKind::Text),
            ("timestamp(6)", ColumnKind::DateTime),
            ("point", ColumnKind::Unknown),
        ] {
            assert_eq!(kind(declared_type), promised, "{declared_type}");
        }
    }
}
