//! What a tool has answered, as rows. No two servers answer alike: structured content, JSON in a text, Python in a text.
//!
//! What cannot be told to be rows is an error that shows how the answer begins; nothing is guessed from prose.

use serde_json::Value as Tree;
use serde_json::value::RawValue;

use super::cells::{Cell, settle};
use super::json::Json;
use super::python;
use crate::value::Value;

/// Of an answer that is not understood, so much is shown.
const SHOWN: usize = 200;
/// What servers call the rows of a result,
const ROWS: [&str; 5] = ["rows", "data", "records", "results", "result"];
/// and its columns.
const COLUMNS: [&str; 4] = ["columns", "fields", "column_names", "columnNames"];
/// What they say when they have left rows out.
const CUT: [&str; 3] = ["truncated", "has_more", "hasMore"];

/// Rows with the names of their columns; no names if there are no rows and nobody said them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Found {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl Found {
    /// Puts the columns in the order of the statement, if they are its columns: some forms lose it on the way.
    pub(super) fn put_in_order(&mut self, names: &[String]) {
        let place_of = |name: &String| self.columns.iter().position(|column| column == name);
        let places: Option<Vec<usize>> = names.iter().map(place_of).collect();
        let Some(places) = places.filter(|places| places.len() == self.columns.len()) else { return };
        if !places.is_sorted() {
            self.columns = names.to_vec();
            for row in &mut self.rows {
                *row = places.iter().map(|place| row[*place].clone()).collect();
            }
        }
    }
}

/// Reads an answer. `Err` says why it cannot be read.
pub(super) fn rows_in(texts: &[&str], structured: Option<&Tree>) -> Result<Found, String> {
    if let Some(structured) = structured
        && let Some(found) = structured_rows(texts, structured)?
    {
        return Ok(found);
    }
    // A server may say how long it took in a text of its own.
    let mut readable = Vec::new();
    for text in texts {
        readable.extend(table_in(text)?);
    }
    match readable.len() {
        1 => Ok(readable.remove(0).settled()),
        0 => all_records(texts).map(Table::settled).ok_or_else(|| not_understood(texts)),
        count => Err(format!("the server gave {count} results for one statement")),
    }
}

/// The text of an answer for a person.
pub(super) fn first_characters(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn not_understood(texts: &[&str]) -> String {
    let text = texts.join("\n");
    if text.trim().is_empty() {
        return "the server answered with nothing".to_owned();
    }
    format!("the server's answer cannot be read as rows; it begins: {}", first_characters(text.trim()))
}

/// Rows of cells that are not settled yet.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    fn settled(self) -> Found {
        Found { rows: settle(self.rows, self.columns.len()), columns: self.columns }
    }
}

/// Structured content has lost the order of its columns and may have lost digits on its way here, a text that says the same
/// has not, and every server should send one along.
fn structured_rows(texts: &[&str], structured: &Tree) -> Result<Option<Found>, String> {
    let inner = structured.get("result").unwrap_or(structured);
    let parsed: Vec<Option<Tree>> = texts.iter().map(|text| serde_json::from_str(text).ok()).collect();
    let twin = parsed
        .iter()
        .position(|parsed| parsed.as_ref().is_some_and(|same| same == structured || same == inner));
    if let Some(place) = twin
        && let Some(table) = table_in(texts[place])?
    {
        return Ok(Some(table.settled()));
    }
    let each: Option<Vec<Tree>> = parsed.into_iter().collect();
    if each.is_some_and(|each| !each.is_empty() && Tree::Array(each) == *inner)
        && let Some(table) = each_a_record(texts)
    {
        return Ok(Some(table.settled()));
    }
    Ok(table_in(&structured.to_string())?.map(Table::settled))
}

/// A table in JSON or Python, or in JSON a line.
fn table_in(text: &str) -> Result<Option<Table>, String> {
    let text = text.trim();
    if let Some(json) = Json::read(text) {
        return table_of(&json);
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() > 1
        && let Some(table) = all_records(&lines)
    {
        return Ok(Some(table));
    }
    match python::to_json(text) {
        Some(json) => Json::read(&json).map_or(Ok(None), |json| table_of(&json)),
        None => Ok(None),
    }
}

fn table_of(json: &Json<'_>) -> Result<Option<Table>, String> {
    match json {
        Json::List(rows) => Ok(records(rows.iter().map(|row| Json::of(row)))),
        Json::Record(pairs) => {
            let under = |names: &[&str]| {
                let found = names.iter().find_map(|name| pairs.iter().find(|(key, _)| key == name));
                found.map(|(_, value)| Json::of(value))
            };
            let Some(Json::List(rows)) = under(&ROWS) else { return Ok(None) };
            if matches!(under(&CUT), Some(Json::Bool(true))) {
                return Err("the server has left rows out of its answer; ask for fewer rows".to_owned());
            }
            let Some(Json::List(columns)) = under(&COLUMNS) else {
                return Ok(records(rows.iter().map(|row| Json::of(row))));
            };
            let Some(columns) = columns.iter().map(|column| name_of(&Json::of(column))).collect() else {
                return Ok(None);
            };
            Ok(lists(columns, &rows).or_else(|| records(rows.iter().map(|row| Json::of(row)))))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => Ok(None),
    }
}

/// `"id"` or `{"name": "id", …}`.
fn name_of(column: &Json<'_>) -> Option<String> {
    match column {
        Json::Text(name) => Some(name.clone()),
        Json::Record(pairs) => {
            match pairs.iter().find(|(key, _)| key == "name").map(|(_, name)| Json::of(name)) {
                Some(Json::Text(name)) => Some(name),
                _ => None,
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) => None,
    }
}

/// Rows that are lists, each as wide as there are columns.
fn lists(columns: Vec<String>, rows: &[&RawValue]) -> Option<Table> {
    let rows = rows.iter().map(|row| match Json::of(row) {
        Json::List(cells) if cells.len() == columns.len() => {
            Some(cells.iter().map(|cell| Cell::read(cell)).collect())
        }
        _ => None,
    });
    let rows = rows.collect::<Option<_>>()?;
    Some(Table { columns, rows })
}

/// Rows whose values are told by their places, because names may repeat. All have the same names in the same order.
pub(super) fn in_places(rows: &[Vec<(String, &RawValue)>]) -> Option<Found> {
    let columns: Vec<String> = rows.first()?.iter().map(|(name, _)| name.clone()).collect();
    let has_columns = |row: &Vec<(String, &RawValue)>| row.iter().map(|(name, _)| name).eq(columns.iter());
    let cells = |row: &Vec<(String, &RawValue)>| row.iter().map(|(_, cell)| Cell::read(cell)).collect();
    if !rows.iter().all(has_columns) {
        return None;
    }
    Some(Table { rows: rows.iter().map(cells).collect(), columns }.settled())
}

/// Rows that are objects. All should have the same keys; one that lacks a key has no value there.
fn records<'a>(rows: impl Iterator<Item = Json<'a>>) -> Option<Table> {
    let mut table = Table { columns: Vec::new(), rows: Vec::new() };
    for row in rows {
        let Json::Record(pairs) = row else { return None };
        if table.columns.is_empty() {
            table.columns = pairs.iter().map(|(name, _)| name.clone()).collect();
        }
        let in_order = pairs.len() == table.columns.len()
            && pairs.iter().zip(&table.columns).all(|((name, _), column)| name == column);
        if in_order {
            table.rows.push(pairs.iter().map(|(_, cell)| Cell::read(cell)).collect());
            continue;
        }
        let mut cells = vec![Cell::null(); table.columns.len()];
        for (name, cell) in &pairs {
            let place = table.columns.iter().position(|column| column == name).unwrap_or_else(|| {
                table.columns.push(name.clone());
                cells.push(Cell::null());
                table.columns.len() - 1
            });
            cells[place] = Cell::read(cell);
        }
        table.rows.push(cells);
    }
    let width = table.columns.len();
    table.rows.iter_mut().for_each(|row| row.resize(width, Cell::null()));
    Some(table)
}

/// Texts of which each is a row. One alone may be anything, an error for example.
fn all_records(texts: &[&str]) -> Option<Table> {
    if texts.len() > 1 { each_a_record(texts) } else { None }
}

fn each_a_record(texts: &[&str]) -> Option<Table> {
    let read: Option<Vec<Json<'_>>> = texts.iter().map(|text| Json::read(text.trim())).collect();
    records(read?.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn found(columns: &[&str], rows: &[&[Value]]) -> Result<Found, String> {
        Ok(Found {
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
        })
    }

    #[test]
    fn rows_are_found_in_every_form_servers_give_them() {
        let two = found(&["z", "a"], &[&[Value::Integer(1), text("x")], &[Value::Integer(2), Value::Null]]);
        for answer in [
            r#"[{"z": 1, "a": "x"}, {"z": 2, "a": null}]"#,
            r#"[{"z": 1, "a": "x"}, {"a": null, "z": 2}]"#,
            r#"[{"z": 1, "a": "x"}, {"z": 2}]"#,
            r#"{"rows": [{"z": 1, "a": "x"}, {"z": 2, "a": null}], "row_count": 2}"#,
            r#"{"columns": ["z", "a"], "rows": [[1, "x"], [2, null]]}"#,
            r#"{"data": [[1, "x"], [2, null]], "fields": [{"name": "z"}, {"name": "a"}], "truncated": false}"#,
            "{\"z\": 1, \"a\": \"x\"}\n{\"z\": 2, \"a\": null}\n",
            "[{'z': 1, 'a': 'x'}, {'z': 2, 'a': None}]",
        ] {
            assert_eq!(rows_in(&[answer], None), two, "{answer}");
        }
        assert_eq!(rows_in(&[r#"[{"z": 1, "a": "x"}, {"z": 2, "a": null}]"#, "Query took 2 ms"], None), two);
        assert_eq!(rows_in(&[r#"{"z": 1, "a": "x"}"#, r#"{"z": 2, "a": null}"#], None), two);
        assert_eq!(rows_in(&["[]"], None), found(&[], &[]));
        assert_eq!(rows_in(&[r#"{"columns": ["n"], "rows": []}"#], None), found(&["n"], &[]));
    }

    #[test]
    fn structured_content_comes_first_and_its_text_keeps_order_and_digits() {
        let structured = json!({"result": [{"z": 1.25, "a": 9_007_199_254_740_993_u64}]});
        let row = [Value::Float(1.25), Value::Integer(9_007_199_254_740_993)];
        let as_sent = found(&["z", "a"], &[&row]);
        let twin = r#"{"result": [{"z": 1.25, "a": 9007199254740993}]}"#;
        assert_eq!(rows_in(&[twin], Some(&structured)), as_sent);
        assert_eq!(rows_in(&[r#"[{"z": 1.25, "a": 9007199254740993}]"#], Some(&structured)), as_sent);
        assert_eq!(rows_in(&[r#"{"z": 1.25, "a": 9007199254740993}"#], Some(&structured)), as_sent);
        let [float, integer] = row;
        assert_eq!(rows_in(&["1 row"], Some(&structured)), found(&["a", "z"], &[&[integer, float]]));
        assert_eq!(rows_in(&[], Some(&json!({"result": []}))), found(&[], &[]));
        assert_eq!(
            rows_in(&["[{\"n\": 1}]"], Some(&json!({"ok": true}))),
            found(&["n"], &[&[Value::Integer(1)]])
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_beginning() {
        let refusal = |texts: &[&str]| rows_in(texts, None).unwrap_err();
        assert_eq!(
            refusal(&["| id | name |\n|----|------|\n| 1 | Ada |"]),
            "the server's answer cannot be read as rows; it begins: | id | name |\n|----|------|\n| 1 | Ada |"
        );
        assert_eq!(refusal(&[]), "the server answered with nothing");
        for answer in [
            r#"{"error": "no such table"}"#,
            "[1, 2]",
            "42",
            r#"{"columns": ["a", "b"], "rows": [[1]]}"#,
            "[[1, 2]]",
        ] {
            assert!(refusal(&[answer]).starts_with("the server's answer cannot be read as rows"), "{answer}");
        }
        let essay = refusal(&[&"lorem ".repeat(10_000)]);
        assert_eq!(
            essay.chars().count(),
            "the server's answer cannot be read as rows; it begins: ".len() + 201
        );
        assert_eq!(
            refusal(&[r#"{"rows": [{"a": 1}], "has_more": true}"#]),
            "the server has left rows out of its answer; ask for fewer rows"
        );
        assert_eq!(
            refusal(&[r#"[{"a": 1}]"#, r#"[{"b": 1}]"#]),
            "the server gave 2 results for one statement"
        );
    }
}
