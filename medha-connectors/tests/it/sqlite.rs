//! SQLite files of every kind.

use medha_connectors::{
    ColumnKind, Connector, ConnectorError, Dialect, Guard, QueryOptions, SqliteConnector, TableKind,
    Truncation, Value,
};

use crate::files::{ask, ask_with, made};

#[tokio::test]
async fn values_keep_their_storage_class_whatever_was_declared() {
    let file = made(
        "CREATE TABLE t (a BOOLEAN, b DATE, c, d DECIMAL(10,2), e TEXT);
         INSERT INTO t VALUES (2, '2024-01-01', x'00ff', 1e300, CAST(x'ff' AS TEXT)),
                              (NULL, 12, 9223372036854775807, 0.1, 'käse');",
    )
    .await;
    let shop = file.open().await;
    let answer = ask(&shop, "SELECT *, a AS a, count(*) OVER () FROM t").await;
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        answer.rows,
        [
            vec![
                Value::Integer(2),
                text("2024-01-01"),
                Value::Blob(vec![0, 255]),
                Value::Float(1e300),
                Value::Blob(vec![255]),
                Value::Integer(2),
                Value::Integer(2)
            ],
            vec![
                Value::Null,
                Value::Integer(12),
                Value::Integer(i64::MAX),
                Value::Float(0.1),
                text("käse"),
                Value::Null,
                Value::Integer(2)
            ],
        ]
    );
    let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "a", "count(*) OVER ()"]);
}

#[tokio::test]
async fn the_schema_has_keys_references_indexes_and_values() {
    let file = made(
        r#"CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, segment TEXT, since TEXT);
           CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers, total REAL DEFAULT 0,
                                half REAL AS (total / 2));
           CREATE INDEX by_total ON orders (total, lower(total));
           CREATE VIEW big AS SELECT * FROM orders WHERE total > 10;
           CREATE VIRTUAL TABLE notes USING fts5(body);
           CREATE TABLE "odd ""name"" ü" ("select" INT, "a b" TEXT, PRIMARY KEY ("a b", "select")) WITHOUT ROWID;
           INSERT INTO customers VALUES (1, 'a@x', 'SMB', '2024-01-05'), (2, 'b@x', NULL, '2025-03-01');
           INSERT INTO orders (customer_id, total) VALUES (1, 20), (2, 5.5);
           INSERT INTO notes VALUES ('hello');"#,
    )
    .await;
    let schema = file.open().await.schema().await.unwrap();
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["customers", "orders", "big", "notes", "odd \"name\" ü"]);
    let customers = schema.table("customers").unwrap();
    assert_eq!(customers.primary_key, ["id"]);
    assert_eq!(customers.unique_keys, [["email"]]);
    assert_eq!(customers.row_count, Some(2));
    let segment = customers.column("segment").unwrap().profile.as_ref().unwrap();
    assert_eq!(
        (segment.values.as_slice(), segment.complete, segment.has_nulls),
        (&["SMB".to_owned()][..], true, true)
    );
    let since = customers.column("since").unwrap();
    assert_eq!(since.kind, ColumnKind::Date);
    let since = since.profile.as_ref().unwrap();
    assert_eq!((since.min.as_deref(), since.max.as_deref()), (Some("2024-01-05"), Some("2025-03-01")));
    let orders = schema.table("orders").unwrap();
    assert_eq!(orders.foreign_keys[0].referenced_columns, ["id"]);
    assert_eq!(orders.indexes[0].columns, [Some("total".to_owned()), None]);
    assert_eq!(
        orders.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
        ["id", "customer_id", "total", "half"]
    );
    assert_eq!(schema.table("big").unwrap().kind, TableKind::View);
    assert_eq!(schema.table("big").unwrap().row_count, Some(1));
    assert_eq!(schema.table("odd \"name\" ü").unwrap().primary_key, ["a b", "select"]);
}

#[tokio::test]
async fn a_result_of_exactly_the_limit_is_complete() {
    let file = made("CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2), (3);").await;
    let shop = file.open().await;
    for (max_rows, truncated) in [(2, Some(Truncation::Rows)), (3, None), (4, None)] {
        let options = QueryOptions { max_rows, ..Default::default() };
        let answer = ask_with(&shop, "SELECT n FROM t", options).await.unwrap();
        assert_eq!((answer.rows.len(), answer.truncated), (max_rows.min(3), truncated));
    }
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let file = made("").await;
    let missing = SqliteConnector::open(file.folder.path().join("missing.sqlite")).await.unwrap_err();
    assert!(matches!(missing, ConnectorError::Open { .. }), "{missing}");
    let folder = SqliteConnector::open(file.folder.path()).await.unwrap_err();
    assert!(matches!(folder, ConnectorError::Open { .. }), "{folder}");
}

#[tokio::test]
async fn a_table_of_a_hundred_columns_and_a_database_in_utf_16_are_read_whole() {
    let columns: Vec<String> = (0..100).map(|n| format!("c{n} INT DEFAULT {n}")).collect();
    let file = made(&format!(
        "PRAGMA encoding = 'UTF-16'; CREATE TABLE wide ({}, name TEXT); INSERT INTO wide (name) VALUES ('Größe 漢字');",
        columns.join(", ")
    ))
    .await;
    let shop = file.open().await;
    let wide = shop.schema().await.unwrap().tables.remove(0);
    assert_eq!(wide.columns.len(), 101);
    assert_eq!(wide.columns[99].profile.as_ref().unwrap().max.as_deref(), Some("99"));
    let answer = ask(&shop, "SELECT * FROM wide").await;
    assert_eq!(answer.rows[0].len(), 101);
    assert_eq!(answer.rows[0][100], Value::Text("Größe 漢字".to_owned()));
}

#[tokio::test]
async fn the_kind_of_a_result_column_comes_from_its_values_and_else_from_the_table() {
    let file = made(
        "CREATE TABLE t (day TEXT, paid BOOLEAN, price DECIMAL(10,2), note TEXT);
         INSERT INTO t VALUES ('2024-01-01', 1, 2.5, 'x'), ('2024-01-02', 0, 3, NULL);",
    )
    .await;
    let shop = file.open().await;
    let kinds = async |sql: &str| -> Vec<ColumnKind> {
        ask(&shop, sql).await.columns.iter().map(|column| column.kind).collect()
    };
    let expected = [ColumnKind::Date, ColumnKind::Boolean, ColumnKind::Float, ColumnKind::Text];
    assert_eq!(kinds("SELECT * FROM t").await, expected);
    assert_eq!(
        kinds("SELECT sum(price), count(*), max(day), strftime('%Y-%m', day) FROM t").await[..3],
        [ColumnKind::Float, ColumnKind::Integer, ColumnKind::Date]
    );
    assert_eq!(
        kinds("SELECT day, paid FROM t WHERE note = 'none'").await,
        [ColumnKind::Text, ColumnKind::Boolean]
    );
}

#[tokio::test]
async fn a_view_that_cannot_be_read_is_left_out_and_the_rest_is_there() {
    let file = made(
        "CREATE TABLE t (n INT); CREATE VIEW broken AS SELECT n FROM t; CREATE VIEW good AS SELECT 1 AS one;",
    )
    .await;
    let writer = crate::files::write(&file.path, "PRAGMA legacy_alter_table = ON; DROP TABLE t").await;
    sqlx::Connection::close(writer).await.unwrap();
    let schema = file.open().await.schema().await.unwrap();
    assert_eq!(schema.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["good"]);
}

#[tokio::test]
async fn many_distinct_values_are_not_all_kept_and_not_claimed() {
    let file = made(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, born TEXT, few TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO t SELECT i, 'name ' || i, date('2000-01-01', i || ' days'), 'few ' || (i % 3) FROM n;
         INSERT INTO t VALUES (0, NULL, NULL, NULL);",
    )
    .await;
    let schema = file.open().await.schema().await.unwrap();
    let table = &schema.tables[0];
    let profile = |name: &str| table.column(name).unwrap().profile.clone().unwrap();
    assert_eq!(table.row_count, Some(5001));
    let (id, name, few) = (profile("id"), profile("name"), profile("few"));
    assert_eq!(
        (id.min.as_deref(), id.max.as_deref(), id.distinct, id.has_nulls),
        (Some("0"), Some("5000"), None, false)
    );
    assert_eq!((name.values.len(), name.complete, name.has_nulls), (2_000, false, true));
    assert_eq!(few.values, ["few 0", "few 1", "few 2"]);
    assert_eq!((few.distinct, few.complete, few.has_nulls), (Some(3), true, true));
    assert_eq!(table.column("born").unwrap().kind, ColumnKind::Date);
    assert_eq!(profile("born").min.as_deref(), Some("2000-01-02"));
}

#[tokio::test]
async fn a_byte_cap_ends_the_rows_and_a_full_text_table_can_be_searched() {
    let file = made(
        "CREATE VIRTUAL TABLE notes USING fts5(body); INSERT INTO notes VALUES ('hello world'), ('good bye');
         CREATE TABLE t (b BLOB); INSERT INTO t VALUES (zeroblob(400)), (zeroblob(400)), (zeroblob(400));",
    )
    .await;
    let shop = file.open().await;
    let options = QueryOptions { max_bytes: 1_000, ..Default::default() };
    let answer = ask_with(&shop, "SELECT b FROM t", options).await.unwrap();
    assert_eq!((answer.rows.len(), answer.truncated), (2, Some(Truncation::Bytes)));
    let found = ask(&shop, "SELECT body FROM notes WHERE body MATCH 'world'").await;
    assert_eq!(found.rows, [[Value::Text("hello world".to_owned())]]);
}

#[tokio::test]
async fn a_full_text_table_is_searched_by_its_own_name_and_sorted_by_rank() {
    let file = made(
        "CREATE VIRTUAL TABLE notes USING fts5(title, body);
         INSERT INTO notes VALUES ('a', 'one hello among many other words'), ('b', 'hello hello');
         CREATE TABLE plain (a INT);",
    )
    .await;
    let shop = file.open().await;
    let answer = ask(
        &shop,
        "SELECT title, highlight(notes, 1, '<', '>') FROM notes WHERE notes MATCH 'hello' ORDER BY bm25(notes)",
    )
    .await;
    assert_eq!(answer.rows[0], [Value::Text("b".to_owned()), Value::Text("<hello> <hello>".to_owned())]);
    let ranked = ask(&shop, "SELECT title FROM notes WHERE notes MATCH 'hello' ORDER BY rank").await;
    assert_eq!(ranked.rows, [[Value::Text("b".to_owned())], [Value::Text("a".to_owned())]]);
    let error = ask_with(&shop, "SELECT rank FROM plain", QueryOptions::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the database could not run the query: no such column: rank");
    let postgres = Guard::new(Dialect::Postgres, shop.schema().await.unwrap().into());
    assert!(postgres.check("SELECT plain FROM plain", 10).is_err(), "a whole row there");
}

#[tokio::test]
async fn the_plan_of_a_query_is_text() {
    let file = made("CREATE TABLE t (n INT); CREATE INDEX i ON t (n);").await;
    let shop = file.open().await;
    let guard = Guard::new(shop.dialect(), shop.schema().await.unwrap().into());
    let sql = guard.check("SELECT n FROM t WHERE n IN (SELECT 1)", 10).unwrap();
    let plan = shop.explain(&sql).await.unwrap();
    assert!(plan.starts_with("SEARCH t USING COVERING INDEX i (n=?)\n"), "{plan}");
}

#[tokio::test]
async fn a_list_of_values_is_a_query_too() {
    let file = made("").await;
    let reader = file.open().await;
    let one_and_two = [[Value::Integer(1)], [Value::Integer(2)]];
    assert_eq!(ask(&reader, "VALUES (1), (2)").await.rows, one_and_two);
    assert_eq!(ask(&reader, "SELECT 1 UNION ALL VALUES (2)").await.rows, one_and_two);
}

#[tokio::test]
async fn is_compares_and_shifts_shift_as_sqlite_has_them() {
    let file =
        made("CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 1), (NULL, NULL), (1, NULL);").await;
    let reader = file.open().await;
    for (condition, count) in [
        ("a IS b", 2),
        ("a IS NOT b", 1),
        ("a IS b AND a IS NOT NULL", 1),
        ("a IS NOT DISTINCT FROM b", 2),
        ("a IS DISTINCT FROM b OR b IS 1", 2),
        ("a IS NULL", 1),
        ("a IS NOT NULL AND b IS NULL", 1),
        ("(a = 1) IS TRUE", 2),
        ("(b = 1) IS NOT TRUE AND (b = 1) IS NOT FALSE", 2),
        ("1 << 4 >> 2 = 4 AND a IS 1", 2),
    ] {
        let answer = ask(&reader, &format!("SELECT count(*) FROM t WHERE {condition}")).await;
        assert_eq!(answer.rows, [[Value::Integer(count)]], "{condition}");
    }
}
