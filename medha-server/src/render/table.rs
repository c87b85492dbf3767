//! Tables: as many rows and columns as fit, and a word about the rest.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use medha_agents::chart::{Column, ColumnRole};
use medha_connectors::Value;

use super::text::{cell, cut, harmless, pad_right, width};

/// More rows than this are cut.
const MOST_ROWS: usize = 40;
/// A cell is cut to this many columns.
const WIDEST_CELL: usize = 48;
/// What a column costs beside its text: a border and two spaces.
const COLUMN_COST: usize = 3;

/// Draws rows in `space` columns of the terminal. Rows and columns that do not fit are counted below.
pub(crate) fn table(columns: &[Column], rows: &[Vec<Value>], space: usize) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let shown = &rows[..rows.len().min(MOST_ROWS)];
    let texts: Vec<Vec<String>> = shown
        .iter()
        .map(|row| {
            columns.iter().zip(row).map(|(column, value)| cut(&cell(column, value), WIDEST_CELL)).collect()
        })
        .collect();
    let names: Vec<String> = columns.iter().map(|column| cut(&harmless(&column.name), WIDEST_CELL)).collect();
    let fitting = fitting_columns(&names, &texts, space);
    if fitting < columns.len() && rows.len() == 1 {
        return list(&names, &texts[0]);
    }

    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    let aligned = |text: &str, column: &Column| {
        let side = if is_number(column) { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(text).set_alignment(side)
    };
    table.set_header(names.iter().zip(columns).take(fitting).map(|(name, column)| aligned(name, column)));
    for row in &texts {
        table.add_row(row.iter().zip(columns).take(fitting).map(|(text, column)| aligned(text, column)));
    }
    let mut out = format!("{table}\n");
    let (more_rows, more_columns) = (rows.len() - shown.len(), columns.len() - fitting);
    let missing: Vec<String> = [(more_rows, "row"), (more_columns, "column")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} more {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if !missing.is_empty() {
        out.push_str(&format!("… {} (use -f csv)\n", missing.join(" and ")));
    }
    out
}

/// One thing of many parts, a part on each line.
pub(crate) fn list(names: &[String], texts: &[String]) -> String {
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    names.iter().zip(texts).map(|(name, text)| format!("  {}  {text}\n", pad_right(name, widest))).collect()
}

/// How many columns fit, counted from the left; one always does.
fn fitting_columns(names: &[String], rows: &[Vec<String>], space: usize) -> usize {
    let mut used = 1;
    for (index, name) in names.iter().enumerate() {
        let widest = rows.iter().map(|row| width(&row[index])).max().unwrap_or(0).max(width(name));
        used += widest + COLUMN_COST;
        if used > space {
            return index.max(1);
        }
    }
    names.len()
}

fn is_number(column: &Column) -> bool {
    column.role == ColumnRole::Measure
}

#[cfg(test)]
mod tests {
    use super::*;
    use medha_agents::chart::NumberFormat;

    fn column(name: &str, role: ColumnRole) -> Column {
        Column {
            name: name.into(),
            role,
            format: NumberFormat::Plain,
            additive: true,
            higher_is_better: None,
            labels: None,
        }
    }

    #[test]
    fn numbers_stand_on_the_right_and_names_on_the_left() {
        let columns = [column("segment", ColumnRole::Category), column("profit", ColumnRole::Measure)];
        let rows = [
            vec![Value::Text("Enterprise".into()), Value::Integer(500_000)],
            vec![Value::Text("東京".into()), Value::Null],
        ];
        let expected = "\
┌────────────┬─────────┐
│ segment    ┆  profit │
╞════════════╪═════════╡
│ Enterprise ┆ 500,000 │
│ 東京       ┆         │
└────────────┴─────────┘
";
        assert_eq!(table(&columns, &rows, 80), expected);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let columns: Vec<Column> =
            (0..100).map(|number| column(&format!("column_{number}"), ColumnRole::Category)).collect();
        let rows = vec![vec![Value::Integer(1); 100]; 45];
        let drawn = table(&columns, &rows, 60);
        assert!(drawn.ends_with("… 5 more rows and 95 more columns (use -f csv)\n"), "{drawn}");
        assert!(drawn.lines().all(|line| width(line) <= 60), "{drawn}");

        let one = table(&columns, &rows[..1], 60);
        assert_eq!(one.lines().count(), 100);
        assert!(one.starts_with("  column_0   1\n"), "{one}");
    }

    #[test]
    fn a_table_without_rows_still_names_its_columns() {
        let drawn = table(&[column("a", ColumnRole::Category)], &[], 80);
        assert!(drawn.contains("│ a │"), "{drawn}");
        assert_eq!(table(&[], &[], 80), "");
    }
}
