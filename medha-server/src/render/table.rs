//! Tables: as many rows and columns as fit, and a word about the rest.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use medha_agents::chart::{Column, ColumnRole};
use medha_connectors::{ResultSet, Value};

use super::text::{cell, cut, exact, harmless, pad_right, width};

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
    let is_right: Vec<bool> = columns.iter().map(is_number).collect();
    let names: Vec<String> = columns.iter().map(|column| harmless(&column.name)).collect();
    let texts: Vec<Vec<String>> = shown
        .iter()
        .map(|row| {
            columns.iter().zip(row).map(|(column, value)| cut(&cell(column, value), WIDEST_CELL)).collect()
        })
        .collect();
    draw(&names, &texts, &is_right, rows.len(), space)
}

/// Draws the rows of a statement, each value as it is.
pub(crate) fn exact_table(result: &ResultSet, space: usize) -> String {
    if result.columns.is_empty() {
        return String::new();
    }
    let shown = &result.rows[..result.rows.len().min(MOST_ROWS)];
    let is_right: Vec<bool> = (0..result.columns.len())
        .map(|place| {
            let mut values =
                shown.iter().map(|row| &row[place]).filter(|value| **value != Value::Null).peekable();
            let number =
                |value: &Value| matches!(value, Value::Integer(_) | Value::Float(_) | Value::Decimal(_));
            values.peek().is_some() && values.all(number)
        })
        .collect();
    let names: Vec<String> = result.columns.iter().map(|column| harmless(&column.name)).collect();
    let texts: Vec<Vec<String>> =
        shown.iter().map(|row| row.iter().map(|value| cut(&exact(value), WIDEST_CELL)).collect()).collect();
    draw(&names, &texts, &is_right, result.rows.len(), space)
}

/// Draws what is shown of so many rows.
fn draw(names: &[String], texts: &[Vec<String>], is_right: &[bool], rows: usize, space: usize) -> String {
    let names: Vec<String> = names.iter().map(|name| cut(name, WIDEST_CELL)).collect();
    let fitting = fitting_columns(&names, texts, space);
    if fitting < names.len() && rows == 1 {
        return list(&names, &texts[0]);
    }

    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    let aligned = |text: &str, is_right: bool| {
        let side = if is_right { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(text).set_alignment(side)
    };
    table.set_header(names.iter().zip(is_right).take(fitting).map(|(name, right)| aligned(name, *right)));
    for row in texts {
        table.add_row(row.iter().zip(is_right).take(fitting).map(|(text, right)| aligned(text, *right)));
    }
    let mut out = format!("{table}\n");
    let (more_rows, more_columns) = (rows - texts.len(), names.len() - fitting);
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
