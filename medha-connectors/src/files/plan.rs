//! What a table will look like, settled by the first pass over its file.

use super::column::{Seen, Type};
use super::names::is_key_name;
use super::stop::Stop;

/// What SQLite has room for in a table.
pub(super) const MAX_COLUMNS: usize = 2_000;

/// A column to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) kind: Type,
    /// Whether every row has a value.
    is_filled: bool,
    /// Whether every row has a larger whole number than the one before.
    is_running_number: bool,
}

impl Planned {
    pub(super) fn new(name: String, kind: Type, seen: &Seen, rows: u64) -> Self {
        let is_filled = rows > 0 && seen.filled == rows;
        let is_running_number = kind == Type::Integer && seen.is_running_number(rows);
        Self { name, kind, is_filled, is_running_number }
    }
}

/// The first column, where it is called like a key: other tables are joined by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'a> {
    /// There is none.
    None,
    /// It is one, as all rows have shown.
    Known,
    /// It is one if no value comes twice.
    Possible(&'a str),
}

pub(super) fn key(columns: &[Planned]) -> Key<'_> {
    match columns.first() {
        Some(first) if !is_key_name(&first.name) || !first.is_filled || columns.len() == 1 => Key::None,
        Some(first) if first.is_running_number => Key::Known,
        Some(first) => Key::Possible(&first.name),
        None => Key::None,
    }
}

/// The statement that makes the table.
pub(super) fn create_table(table: &str, columns: &[Planned]) -> String {
    let mut declared: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}", quoted(&column.name), column.kind.declaration()))
        .collect();
    if key(columns) == Key::Known {
        declared[0].push_str(" PRIMARY KEY");
    }
    format!("CREATE TABLE {} ({})", quoted(table), declared.join(", "))
}

/// A name as SQLite reads it back whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn too_many_columns(count: usize) -> Stop {
    Stop::Refused(format!(
        "it has {count} columns or more, and a table has at most {MAX_COLUMNS}; leave some out, or write them as rows"
    ))
}
