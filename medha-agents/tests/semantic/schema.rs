//! Short ways to write schemas.

use medha_connectors::{Column, ColumnKind, ColumnProfile, ForeignKey, Schema, Table, TableKind};

pub(crate) fn schema(tables: impl IntoIterator<Item = Table>) -> Schema {
    Schema { tables: tables.into_iter().collect(), ..Schema::default() }
}

pub(crate) fn table(name: &str, columns: impl IntoIterator<Item = Column>) -> Table {
    Table {
        name: name.into(),
        kind: TableKind::Table,
        comment: None,
        columns: columns.into_iter().collect(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        definition: None,
        partitioned_by: None,
        row_count: Some(100),
    }
}

pub(crate) fn keyed(mut table: Table, key: &[&str]) -> Table {
    table.primary_key = key.iter().map(|name| (*name).to_owned()).collect();
    table
}

pub(crate) fn referring(mut table: Table, column: &str, target: &str, key: &str) -> Table {
    table.foreign_keys.push(ForeignKey {
        columns: vec![column.into()],
        references: target.into(),
        referenced_columns: if key.is_empty() { Vec::new() } else { vec![key.into()] },
    });
    table
}

pub(crate) fn column(name: &str, kind: ColumnKind) -> Column {
    Column {
        name: name.into(),
        declared_type: String::new(),
        kind,
        nullable: true,
        default: None,
        comment: None,
        profile: None,
    }
}

pub(crate) fn integer(name: &str) -> Column {
    column(name, ColumnKind::Integer)
}

pub(crate) fn words(name: &str, values: &[&str]) -> Column {
    let mut sorted: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    sorted.sort();
    let profile = ColumnProfile {
        distinct: Some(values.len() as u64),
        min: sorted.first().cloned(),
        max: sorted.last().cloned(),
        values: sorted,
        complete: true,
        has_nulls: false,
    };
    Column { profile: Some(profile), ..column(name, ColumnKind::Text) }
}

pub(crate) fn ranging(name: &str, kind: ColumnKind, min: &str, max: &str) -> Column {
    let profile = ColumnProfile { min: Some(min.into()), max: Some(max.into()), ..ColumnProfile::default() };
    Column { profile: Some(profile), ..column(name, kind) }
}
