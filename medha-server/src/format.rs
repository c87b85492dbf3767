//! Answers for programs: JSON, a line of JSON a row, CSV and Markdown.

use medha_agents::chart::unique_names;
use medha_connectors::{ResultSet, Value};
use serde_json::Value as Json;

use crate::render::text::harmless;

/// How an answer is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: tables, charts, findings, follow-up questions.
    #[default]
    Table,
    /// The whole answer as one JSON object.
    Json,
    /// Each row as a JSON object on a line of its own.
    Jsonl,
    /// Rows as comma-separated values with a header.
    Csv,
    /// Rows as Markdown tables.
    Md,
}

/// Rows as objects, a line each. With several panels each object begins with the number of its panel.
pub(crate) fn json_lines(results: &[&ResultSet]) -> String {
    let mut out = String::new();
    for (index, result) in results.iter().enumerate() {
        let names = names(result);
        for row in &result.rows {
            let panel = (results.len() > 1).then(|| ("panel".to_owned(), Json::from(index)));
            let fields = panel.into_iter().chain(names.iter().cloned().zip(row.iter().map(json)));
            // Written field by field, because a map of JSON would sort the columns by name.
            let fields: Vec<String> =
                fields.map(|(name, value)| format!("{}:{value}", Json::String(name))).collect();
            out.push_str(&format!("{{{}}}\n", fields.join(",")));
        }
    }
    out
}

/// Rows as RFC 4180 has them, with `\n` for ends of lines; panels are parted by an empty line.
///
/// `NULL` is an empty field and empty text is `""`, so that both can be told apart.
pub(crate) fn csv(results: &[&ResultSet]) -> String {
    let table = |result: &&ResultSet| {
        let header = names(result).iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",");
        let rows = result.rows.iter().map(|row| row.iter().map(csv_field).collect::<Vec<_>>().join(","));
        std::iter::once(header).chain(rows).map(|line| line + "\n").collect::<String>()
    };
    results.iter().map(table).collect::<Vec<_>>().join("\n")
}

/// Rows as Markdown tables with their titles, if there are several.
pub(crate) fn markdown(results: &[(&str, &ResultSet)]) -> String {
    let escape = |text: &str| harmless(text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let table = |(title, result): &(&str, &ResultSet)| {
        let mut out = if results.len() > 1 { format!("### {}\n\n", escape(title)) } else { String::new() };
        let names = names(result);
        out.push_str(&line(names.iter().map(|name| escape(name)).collect()));
        let is_number = |index: usize| {
            let mut values =
                result.rows.iter().map(|row| &row[index]).filter(|value| **value != Value::Null).peekable();
            values.peek().is_some()
                && values
                    .all(|value| matches!(value, Value::Integer(_) | Value::Float(_) | Value::Decimal(_)))
        };
        out.push_str(&line(
            (0..names.len()).map(|index| if is_number(index) { "---:" } else { "---" }.into()).collect(),
        ));
        for row in &result.rows {
            out.push_str(&line(row.iter().map(|value| escape(&plain(value))).collect()));
        }
        out
    };
    results.iter().map(table).collect::<Vec<_>>().join("\n")
}

/// A value as JSON: what JSON's numbers cannot carry exactly is text.
pub(crate) fn json(value: &Value) -> Json {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Integer(integer) if integer.unsigned_abs() <= EXACT => (*integer).into(),
        Value::Float(float) if float.is_finite() => (*float).into(),
        Value::Integer(_) | Value::Float(_) | Value::Decimal(_) | Value::Text(_) | Value::Blob(_) => {
            plain(value).into()
        }
        other => format!("{other:?}").into(),
    }
}

/// A value as text with nothing lost.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Decimal(digits) => digits.clone(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        other => format!("{other:?}"),
    }
}

fn csv_field(value: &Value) -> String {
    match value {
        Value::Text(text) if text.is_empty() => "\"\"".into(),
        other => quoted(&plain(other)),
    }
}

fn quoted(text: &str) -> String {
    let needs_quotes = text.contains([',', '"', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ');
    if needs_quotes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn names(result: &ResultSet) -> Vec<String> {
    unique_names(result.columns.iter().map(|column| column.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use medha_connectors::{ColumnKind, ResultColumn};

    fn result() -> ResultSet {
        let column = |name: &str| ResultColumn { name: name.into(), kind: ColumnKind::Unknown };
        ResultSet {
            columns: vec![column("name"), column("name"), column("amount")],
            rows: vec![
                vec![Value::Text("a, \"b\"".into()), Value::Null, Value::Integer(i64::MAX)],
                vec![Value::Text(String::new()), Value::Text("x|y\nz".into()), Value::Float(0.5)],
                vec![Value::Blob(vec![0, 255]), Value::Decimal("1.10".into()), Value::Float(f64::NAN)],
            ],
            truncated: None,
        }
    }

    #[test]
    fn csv_loses_nothing() {
        let expected = "\
name,name_2,amount
\"a, \"\"b\"\"\",,9223372036854775807
\"\",\"x|y\nz\",0.5
00ff,1.10,NaN
";
        assert_eq!(csv(&[&result()]), expected);
        assert_eq!(csv(&[&result(), &result()]), format!("{expected}\n{expected}"));
    }

    #[test]
    fn a_json_line_a_row_keeps_great_integers_as_text() {
        let lines = json_lines(&[&result()]);
        let rows: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(lines.lines().nth(1), Some(r#"{"name":"","name_2":"x|y\nz","amount":0.5}"#));
        assert_eq!(rows[0]["amount"], "9223372036854775807");
        assert_eq!(rows[0]["name_2"], Json::Null);
        assert_eq!(rows[2]["amount"], "NaN");
        let panels = json_lines(&[&result(), &result()]);
        assert_eq!(serde_json::from_str::<Json>(panels.lines().last().unwrap()).unwrap()["panel"], 1);
    }

    #[test]
    fn markdown_cells_cannot_break_out_of_their_table() {
        let expected = "\
| name | name_2 | amount |
| --- | --- | ---: |
| a, \"b\" |  | 9223372036854775807 |
|  | x\\|y⏎z | 0.5 |
| 00ff | 1.10 | NaN |
";
        assert_eq!(markdown(&[("t", &result())]), expected);
        assert!(markdown(&[("t", &result()), ("u", &result())]).contains("\n### u\n\n| name |"));
    }
}
