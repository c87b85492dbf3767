//! CSV, TSV and JSON files as databases: what becomes of their values, names and mistakes.

use std::fs;
use std::path::PathBuf;

use medha_connectors::{ColumnKind, ConnectionConfig, Connector, FilesConnector, Schema, TableKind, Value};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::files::ask;

/// Files, and the folder of their imports.
pub(crate) struct Desk(pub(crate) TempDir);

impl Desk {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            desk.put(name, text);
        }
        desk
    }

    pub(crate) fn put(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("data").join(name)
    }

    pub(crate) fn imports(&self) -> PathBuf {
        self.0.path().join("cache/imports")
    }

    pub(crate) async fn open(&self, name: &str) -> FilesConnector {
        FilesConnector::open(self.path(name), self.imports()).await.unwrap()
    }

    /// Why a file with this text is refused.
    async fn refused(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.put(name, text);
        let error = FilesConnector::open(&path, self.imports()).await.unwrap_err().to_string();
        let left: Vec<PathBuf> = fs::read_dir(self.imports())
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        assert!(left.iter().all(|path| path.extension().unwrap() == "label"), "{left:?}");
        let named = format!("cannot open {:?}: ", path.display().to_string());
        error.strip_prefix(&named).unwrap_or_else(|| panic!("{error}")).to_owned()
    }
}

/// The columns of a table as `name TYPE`.
fn declared(schema: &Schema, table: &str) -> Vec<String> {
    let table = schema.table(table).unwrap_or_else(|| panic!("{schema:?}"));
    table.columns.iter().map(|column| format!("{} {}", column.name, column.declared_type)).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

const ORDERS: &str = "\u{feff}order_id;Ordered On;amount;status;paid;zip;note\r\n\
                      1;31.01.2025;19.99;open;true;01067;\"a; \"\"b\"\"\r\nc\"\r\n\
                      2;01.02.2025;20;closed;false;10115;\r\n\
                      \r\n\
                      3;;NA;open;;80331;käse\r\n";

#[tokio::test]
async fn a_csv_file_is_a_table_with_the_types_of_its_values() {
    let desk = Desk::with(&[("Orders 2025.csv", ORDERS)]);
    let orders = desk.open("Orders 2025.csv").await;
    let schema = orders.schema().await.unwrap();
    let columns = declared(&schema, "Orders_2025");
    let expected = [
        "order_id INTEGER",
        "Ordered_On DATE",
        "amount REAL",
        "status TEXT",
        "paid BOOLEAN",
        "zip TEXT",
        "note TEXT",
    ];
    assert_eq!(columns, expected);
    let table = schema.table("Orders_2025").unwrap();
    assert_eq!((table.kind, table.row_count), (TableKind::Table, Some(3)));
    assert_eq!(table.primary_key, ["order_id"]);
    let kinds: Vec<ColumnKind> = table.columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds[..5],
        [ColumnKind::Integer, ColumnKind::Date, ColumnKind::Float, ColumnKind::Text, ColumnKind::Boolean]
    );
    let rows = ask(&orders, "SELECT * FROM Orders_2025 ORDER BY order_id").await.rows;
    assert_eq!(
        rows,
        [
            vec![
                Value::Integer(1),
                text("2025-01-31"),
                Value::Float(19.99),
                text("open"),
                Value::Integer(1),
                text("01067"),
                text("a; \"b\"\r\nc")
            ],
            vec![
                Value::Integer(2),
                text("2025-02-01"),
                Value::Float(20.0),
                text("closed"),
                Value::Integer(0),
                text("10115"),
                Value::Null
            ],
            vec![
                Value::Integer(3),
                Value::Null,
                Value::Null,
                text("open"),
                Value::Null,
                text("80331"),
                text("käse")
            ],
        ]
    );
    assert_eq!(
        orders.remarks(),
        [
            r#"columns: "Ordered On" is called Ordered_On"#,
            "column Ordered_On: dates as in 31.12.2025 (day first) became 2025-12-31",
            r#"column amount: "NA" is taken for nothing (line 6)"#,
        ]
    );
}

#[tokio::test]
async fn a_json_file_is_a_table_with_the_fields_of_its_objects() {
    let json = r#"[
        {"id": 9007199254740993, "at": "2025-01-31T10:00:00Z", "price": 1.10, "customer": {"name": "Ada", "tags": ["a"], "x": {"y": 1}}},
        {"id": 2, "customer": null, "code": "007", "mixed": 1, "big": 123456789012345678901234567890},
        {"id": 3, "customer": {}, "mixed": "one", "price": 2, "ok": true, "": "é\n"}
    ]"#;
    let desk = Desk::with(&[("shop.json", json)]);
    let shop = desk.open("shop.json").await;
    let schema = shop.schema().await.unwrap();
    assert_eq!(
        declared(&schema, "shop"),
        [
            "id INTEGER",
            "at DATETIME",
            "price REAL",
            "customer_name TEXT",
            "customer_tags TEXT",
            "customer_x TEXT",
            "code TEXT",
            "mixed TEXT",
            "big TEXT",
            "customer TEXT",
            "ok BOOLEAN",
            "column_12 TEXT",
        ]
    );
    let rows = ask(&shop, "SELECT * FROM shop ORDER BY rowid").await.rows;
    let null = Value::Null;
    let expected = [
        vec![
            Value::Integer(9_007_199_254_740_993),
            text("2025-01-31T10:00:00Z"),
            Value::Float(1.1),
            text("Ada"),
            text(r#"["a"]"#),
            text(r#"{"y": 1}"#),
        ],
        vec![
            Value::Integer(2),
            null.clone(),
            null.clone(),
            null.clone(),
            null.clone(),
            null.clone(),
            text("007"),
            text("1"),
            text("123456789012345678901234567890"),
        ],
        vec![
            Value::Integer(3),
            null.clone(),
            Value::Float(2.0),
            null.clone(),
            null.clone(),
            null.clone(),
            null.clone(),
            text("one"),
            null.clone(),
            text("{}"),
            Value::Integer(1),
            text("é\n"),
        ],
    ];
    for (row, mut expected) in rows.into_iter().zip(expected) {
        expected.resize(12, Value::Null);
        assert_eq!(row, expected);
    }
    let remarks = shop.remarks().join("\n");
    assert!(
        remarks.contains("column big stays text: it has numbers with more digits than SQLite keeps"),
        "{remarks}"
    );
    assert!(remarks.contains(r#""" is called column_12"#), "{remarks}");
}

#[tokio::test]
async fn lines_of_json_and_objects_one_after_another_are_rows() {
    let desk = Desk::with(&[
        ("a.jsonl", "{\"n\": 1}\r\n\n{\"n\": 2, \"m\": [1]}\n"),
        ("b.ndjson", "{\"n\": 1}"),
        ("c.json", "{\"n\":\n 1}\n{\"n\": 2}"),
    ]);
    for (name, rows) in [("a", 2), ("b", 1), ("c", 2)] {
        let file = fs::read_dir(desk.path("")).unwrap().map(|entry| entry.unwrap().path());
        let path = file.into_iter().find(|path| path.file_stem().unwrap() == name).unwrap();
        let opened = FilesConnector::open(&path, desk.imports()).await.unwrap();
        let answer = ask(&opened, &format!("SELECT count(*), sum(n) FROM {name}")).await;
        assert_eq!(answer.rows, [[Value::Integer(rows), Value::Integer(rows * (rows + 1) / 2)]], "{name}");
    }
}

#[tokio::test]
async fn each_file_of_a_folder_is_a_table_and_what_is_left_out_is_said() {
    let desk = Desk::with(&[
        ("customers.csv", "customer_id,name\n2,Ada\n1,Bo\n"),
        ("orders.jsonl", "{\"order_id\": 1, \"customer_id\": 2}\n"),
        ("orders.tsv", "order_id\tcustomer_id\n1\t1\n"),
        ("nothing.csv", ""),
        ("notes.txt", "x"),
        ("shop.ossie.yaml", "x"),
        (".hidden.csv", "x"),
        ("deeper/more.csv", "x"),
    ]);
    let folder = desk.open("").await;
    let schema = folder.schema().await.unwrap();
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["customers", "orders", "orders_2"]);
    let answer = ask(&folder, "SELECT name FROM orders JOIN customers USING (customer_id)").await;
    assert_eq!(answer.rows, [[text("Ada")]]);
    // The names of a key suggest that it is one, and no value comes twice.
    assert_eq!(schema.table("customers").unwrap().unique_keys, [["customer_id"]]);
    let shown = desk.path("").display().to_string();
    assert_eq!(
        folder.remarks(),
        [
            format!("left out of {shown}: deeper, notes.txt"),
            format!("left out {}: there is nothing in it", desk.path("nothing.csv").display()),
        ]
    );
}

#[tokio::test]
async fn a_file_without_a_line_of_names_gets_some() {
    let desk = Desk::with(&[
        ("plain.csv", "1,Ada,2025-01-31\n2,Bo,2025-02-01\n"),
        ("years.csv", "country,2019,2020\nPeru,1.5,2\n"),
        ("wide.csv", "2019,2020,2021\n7,8,9\n"),
        ("single.csv", "7,Ada\n"),
        ("words.csv", "name,city\nAda,Rome\n"),
        ("header.csv", "id,name\n"),
        ("odd.csv", "a,A,,a b,2024,select\n1,2,3,4,5,6\n"),
    ]);
    for (name, columns, rows) in [
        ("plain", &["column_1 INTEGER", "column_2 TEXT", "column_3 DATE"][..], 2),
        ("years", &["country TEXT", "_2019 REAL", "_2020 INTEGER"], 1),
        ("wide", &["_2019 INTEGER", "_2020 INTEGER", "_2021 INTEGER"], 1),
        ("single", &["column_1 INTEGER", "column_2 TEXT"], 1),
        ("words", &["name TEXT", "city TEXT"], 1),
        ("header", &["id TEXT", "name TEXT"], 0),
        (
            "odd",
            &[
                "a INTEGER",
                "A_2 INTEGER",
                "column_3 INTEGER",
                "a_b INTEGER",
                "_2024 INTEGER",
                "select INTEGER",
            ],
            1,
        ),
    ] {
        let file = desk.open(&format!("{name}.csv")).await;
        let schema = file.schema().await.unwrap();
        assert_eq!(declared(&schema, name), columns, "{name}");
        assert_eq!(schema.tables[0].row_count, Some(rows), "{name}");
    }
    let odd = desk.open("odd.csv").await;
    assert_eq!(
        odd.remarks(),
        [r#"columns: "A" is called A_2, "" is called column_3, "a b" is called a_b, "2024" is called _2024"#]
    );
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_with_its_line_and_a_way_out() {
    let desk = Desk::with(&[]);
    let wide: String = (0..2_001).map(|number| format!("c{number},")).collect();
    let keys: String = (0..2_001).map(|number| format!("\"k{number}\":1,")).collect();
    for (name, bytes, said) in [
        ("a.csv", &b""[..], "there is nothing in it"),
        ("a.csv", b"\n\n", "there is nothing in it"),
        ("a.json", b"[]", "there is nothing in it"),
        (
            "a.csv",
            b"a,b\n1,2\n1,2,3\n4\n",
            "line 1 has 2 fields, but line 3 has 3 fields, line 4 has 1 field; put values that contain ',' in quotes, or add what is missing",
        ),
        (
            "a.csv",
            b"name\nk\xe4se\n",
            "line 2: byte 7 of the file, 0xE4, is not UTF-8; save the file as UTF-8, as in `iconv -f WINDOWS-1252 -t UTF-8`",
        ),
        ("a.csv", b"a\n\"b", "line 2: the quote that opens a field there is never closed; close it"),
        (
            "a.csv",
            b"a\nb\0c",
            "line 2: byte 4 of the file, 0x00, is zero, so this is no text, or text in UTF-16; save it as UTF-8",
        ),
        ("a.csv", b"\xff\xfea\0", "it is UTF-16; save it as UTF-8, as in `iconv -f UTF-16 -t UTF-8`"),
        ("a.csv", b"PK\x03\x04", "it is a ZIP archive or an Excel file; unpack it, or save the sheet as CSV"),
        (
            "a.csv",
            wide.as_bytes(),
            "it has 2002 columns or more, and a table has at most 2000; leave some out, or write them as rows",
        ),
        (
            "a.json",
            b"[{\"a\": 1},\n{\"a\": tru}]",
            "line 2: no valid JSON after \"{\\\"a\\\": tru}\": expected ident",
        ),
        ("a.json", b"[1]", "line 1: a table is made of objects, {…}, and here is something else"),
        (
            "a.jsonl",
            b"{\"a\": 1}\n[2]\n",
            "line 2: no valid JSON: invalid type: sequence, expected an object, because a table is made of objects",
        ),
        ("a.jsonl", b"{\"a\": 1, \"a\": 2}", "line 1: an object has \"a\" twice; remove one of them"),
        (
            "a.jsonl",
            b"{\"a\": 1",
            "line 1: no valid JSON after \"{\\\"a\\\": 1\": EOF while parsing an object",
        ),
    ] {
        assert_eq!(desk.refused(name, bytes).await, said, "{bytes:?}");
    }
    let object = format!("{{{}\"z\":1}}", keys);
    assert!(desk.refused("a.json", object).await.starts_with("it has 2001 columns or more"));
    let error = FilesConnector::open(desk.path("gone.csv"), desk.imports()).await.unwrap_err().to_string();
    assert!(error.ends_with("there is no such file; check the path"), "{error}");
}

#[tokio::test]
async fn an_object_with_ever_new_fields_is_a_map_and_stays_json() {
    let lines: String = (0..300)
        .map(|number| format!("{{\"id\": {number}, \"votes\": {{\"user{number}\": 1, \"k\": 2}}}}\n"))
        .collect();
    let desk = Desk::with(&[("polls.jsonl", &lines)]);
    let polls = desk.open("polls.jsonl").await;
    assert_eq!(declared(&polls.schema().await.unwrap(), "polls"), ["id INTEGER", "votes TEXT"]);
    let answer = ask(&polls, "SELECT votes FROM polls WHERE id IN (0, 299) ORDER BY id").await;
    assert_eq!(answer.rows, [[text("{\"user0\": 1, \"k\": 2}")], [text("{\"user299\": 1, \"k\": 2}")]]);
    assert_eq!(
        polls.remarks(),
        ["\"votes\" is kept as JSON text: its objects have more than 100 different fields"]
    );
}

#[tokio::test]
async fn a_connection_finds_out_itself_what_a_path_is() {
    let desk = Desk::with(&[("a.csv", "n\n1\n")]);
    for name in ["a.csv", ""] {
        let path = desk.path(name);
        let mut config = ConnectionConfig::new(path.to_str().unwrap());
        assert_eq!(config.file(), Some(path.as_path()));
        let error = config.open().await.unwrap_err().to_string();
        assert!(error.ends_with("the program has set no cache folder for that"), "{error}");
        config.cache_folder = Some(desk.imports());
        let opened = config.open().await.unwrap();
        assert_eq!(ask(&*opened, "SELECT n FROM a").await.rows, [[Value::Integer(1)]]);
    }
    let named = format!("sqlite:{}", desk.path("a.csv").display());
    let error = ConnectionConfig::new(named).open().await.unwrap_err().to_string();
    assert!(error.ends_with("it is not a SQLite database, or it is encrypted"), "{error}");
}

/// A value of a table, and how it comes back from a column of its kind.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Integer,
    Real,
    Text,
    Date,
}

fn any_value(kind: Kind) -> BoxedStrategy<Option<String>> {
    let filled = match kind {
        Kind::Integer => any::<i64>().prop_map(|number| number.to_string()).boxed(),
        Kind::Real => proptest::num::f64::NORMAL.prop_map(|number| format!("{number:e}")).boxed(),
        // The letter keeps it from being a number, a date or a word for nothing.
        Kind::Text => "z[^\u{0}]{0,12}".boxed(),
        Kind::Date => (1900..2100_i32, 1..=12, 1..=28)
            .prop_map(|(year, month, day): (i32, i32, i32)| format!("{year}-{month:02}-{day:02}"))
            .boxed(),
    };
    proptest::option::weighted(0.8, filled).boxed()
}

fn any_table() -> impl Strategy<Value = (Vec<Kind>, Vec<Vec<Option<String>>>)> {
    let kind = prop_oneof![Just(Kind::Integer), Just(Kind::Real), Just(Kind::Text), Just(Kind::Date)];
    proptest::collection::vec(kind, 2..6).prop_flat_map(|kinds| {
        let row: Vec<_> = kinds.iter().map(|kind| any_value(*kind)).collect();
        (Just(kinds), proptest::collection::vec(row, 1..30))
    })
}

fn quoted(field: &str, delimiter: char) -> String {
    let needs_quotes = field.contains([delimiter, '"', '\n', '\r']);
    if needs_quotes { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_table_of_values_written_as_csv_comes_back_equal(
        (kinds, rows) in any_table(),
        delimiter in prop_oneof![Just(','), Just(';'), Just('\t'), Just('|')],
        line_end in prop_oneof![Just("\n"), Just("\r\n")],
    ) {
        let names: Vec<String> = (0..kinds.len()).map(|number| format!("c{number}")).collect();
        let mut csv = format!("sep={delimiter}{line_end}{}{line_end}", names.join(&delimiter.to_string()));
        for row in &rows {
            let fields: Vec<String> =
                row.iter().map(|field| quoted(field.as_deref().unwrap_or_default(), delimiter)).collect();
            csv += &(fields.join(&delimiter.to_string()) + line_end);
        }
        let desk = Desk::with(&[("t.csv", &csv)]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async { ask(&desk.open("t.csv").await, "SELECT * FROM t ORDER BY rowid").await.rows });
        let expected: Vec<Vec<Value>> = rows
            .iter()
            .map(|row| row.iter().zip(&kinds).map(|(field, kind)| match (field, kind) {
                (None, _) => Value::Null,
                (Some(field), Kind::Integer) => Value::Integer(field.parse().unwrap()),
                (Some(field), Kind::Real) => Value::Float(field.parse().unwrap()),
                (Some(field), Kind::Text | Kind::Date) => text(field),
            }).collect())
            .collect();
        prop_assert_eq!(found, expected);
    }
}
