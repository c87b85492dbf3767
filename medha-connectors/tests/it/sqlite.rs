//! SQLite files of every kind.

use medha_connectors::{
    ColumnKind, Connector, ConnectorError, SqliteConnector, TableKind, Truncation, Value,
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
        let options = medha_connectors::QueryOptions { max_rows, ..Default::default() };
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
