//! From a database to entries.

use serde_json::json;

use super::entry::{Entry, EntryKind};
use crate::schema::{Column, Schema, Table};

/// A longer value is no name anyone asks for.
const LONGEST_VALUE: usize = 200;

/// Entries for the tables, the columns and the known values of a database.
///
/// Their payloads say what they are: `{"table": ..}`, and `"column"` and `"value"` where there are such. Values longer than
/// 200 bytes are left out. Everybody who may search a collection may see what is in it: leave out of the schema what they must
/// not know.
///
/// ```
/// use medha_connectors::Schema;
/// use medha_connectors::retrieval::index_schema;
///
/// let schema: Schema = serde_json::from_value(serde_json::json!({"tables": [{
///     "name": "orders", "kind": "table", "comment": "what was bought", "primary_key": [], "unique_keys": [],
///     "foreign_keys": [], "indexes": [], "row_count": null,
///     "columns": [{"name": "status", "declared_type": "TEXT", "kind": "text", "nullable": false, "default": null,
///         "comment": null, "profile": {"distinct": 1, "values": ["shipped"], "complete": true, "min": null, "max": null,
///         "has_nulls": false}}],
/// }]}))?;
/// let ids: Vec<String> = index_schema(&schema).into_iter().map(|entry| entry.id).collect();
/// assert_eq!(ids, ["table:orders", "column:orders.status", "value:orders.status=shipped"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn index_schema(schema: &Schema) -> Vec<Entry> {
    let mut entries = Vec::new();
    for table in &schema.tables {
        entries.push(of_table(table));
        for column in &table.columns {
            entries.push(of_column(table, column));
            entries.extend(of_values(table, column));
        }
    }
    entries
}

fn of_table(table: &Table) -> Entry {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let text = format!("{}{}. columns: {}", table.name, remark(table.comment.as_deref()), columns.join(", "));
    Entry::new(format!("table:{}", escaped(&table.name)), EntryKind::Table, text)
        .with_payload(json!({"table": table.name}))
}

fn of_column(table: &Table, column: &Column) -> Entry {
    let text = format!("{} of {}{}", column.name, table.name, remark(column.comment.as_deref()));
    Entry::new(format!("column:{}", place(table, column)), EntryKind::Column, text)
        .with_payload(json!({"table": table.name, "column": column.name}))
}

fn of_values(table: &Table, column: &Column) -> Vec<Entry> {
    let Some(profile) = &column.profile else { return Vec::new() };
    let values = profile.values.iter().filter(|value| value.len() <= LONGEST_VALUE);
    values
        .map(|value| {
            let id = format!("value:{}={value}", place(table, column));
            let text = format!("{value}: {} of {}", column.name, table.name);
            Entry::new(id, EntryKind::Value, text)
                .with_payload(json!({"table": table.name, "column": column.name, "value": value}))
        })
        .collect()
}

fn remark(comment: Option<&str>) -> String {
    comment.map_or_else(String::new, |comment| format!(": {comment}"))
}

fn place(table: &Table, column: &Column) -> String {
    format!("{}.{}", escaped(&table.name), escaped(&column.name))
}

/// No two places have the same id, whatever their names contain.
fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('.', "\\.").replace('=', "\\=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_with_dots_in_their_names_keep_apart() {
        let schema = |table: &str, column: &str| -> Schema {
            serde_json::from_value(json!({"tables": [{"name": table, "kind": "table", "comment": "c", "primary_key": [],
                "unique_keys": [], "foreign_keys": [], "indexes": [], "row_count": null, "columns": [{"name": column,
                "declared_type": "", "kind": "text", "nullable": true, "default": null, "comment": "d",
                "profile": null}]}]}))
            .unwrap()
        };
        let (one, other) = (index_schema(&schema("a.b", "c")), index_schema(&schema("a", "b.c")));
        assert_eq!(one[1].id, "column:a\\.b.c");
        assert_eq!(other[1].id, "column:a.b\\.c");
        assert_eq!(one[0].text, "a.b: c. columns: c");
        assert_eq!(one[1].text, "c of a.b: d");
    }
}
