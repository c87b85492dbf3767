//! The connector of BigQuery with an emulator on the other side: bqemulator, started for these tests and stopped with them.

mod emulator;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use libtest_mimic::Trial;
use medha_connectors::conformance::{self, Fixture, Subject};
use medha_connectors::{
    BigQueryConnector, ColumnKind, ConnectionConfig, Connector, ConnectorError, Dialect, Guard, GuardedSql,
    QueryOptions, TableKind, Truncation, Value,
};

use emulator::{Dataset, with_dataset};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_dataset("bigquery::conformance_passes", conformance_passes),
        with_dataset("bigquery::every_type_keeps_its_meaning", every_type_keeps_its_meaning),
        with_dataset("bigquery::a_dataset_is_described_with_what_is_in_it", a_dataset_is_described),
        with_dataset(
            "bigquery::tables_are_found_with_and_without_their_namespace",
            tables_are_found_by_any_name,
        ),
        with_dataset("bigquery::time_is_cut_as_the_planner_cuts_it", time_is_cut_as_the_planner_cuts_it),
        with_dataset("bigquery::a_statement_that_fails_says_why", a_statement_that_fails_says_why),
        with_dataset("bigquery::pages_are_read_to_the_end_and_no_further", pages_are_read_to_the_end),
        with_dataset(
            "bigquery::a_stream_that_is_dropped_stops_the_emulator",
            a_dropped_stream_stops_the_emulator,
        ),
        with_dataset("bigquery::an_address_with_options_opens_it", an_address_with_options_opens_it),
    ]
}

/// The emulator finds out by itself that a sum of four positive numbers is never zero, so another condition than elsewhere.
const ENDLESS: &str = "SELECT count(*) AS n FROM crowd AS a, crowd AS b, crowd AS c, crowd AS d \
                       WHERE a.n * b.n + c.n * d.n = 7";

async fn conformance_passes(dataset: Dataset) {
    let make = async |fixture: &Fixture| {
        dataset.load(&fixture.statements(Dialect::BigQuery)).await;
        Subject::new(Arc::new(dataset.connector()), ENDLESS)
    };
    conformance::run(make).await.unwrap();
}

async fn every_type_keeps_its_meaning(dataset: Dataset) {
    let text = |text: &str| Value::Text(text.to_owned());
    let decimal = |digits: &str| Value::Decimal(digits.to_owned());
    for (sql, kind, expected) in [
        ("9223372036854775807", ColumnKind::Integer, Value::Integer(i64::MAX)),
        // The emulator fills the scale up; BigQuery says 2.5.
        ("CAST('2.5' AS NUMERIC)", ColumnKind::Decimal, decimal("2.500")),
        (
            "CAST('123456789012345678901234567890.123' AS BIGNUMERIC)",
            ColumnKind::Decimal,
            decimal("123456789012345678901234567890.12300"),
        ),
        ("CAST('-inf' AS FLOAT64)", ColumnKind::Float, Value::Float(f64::NEG_INFINITY)),
        ("1e300", ColumnKind::Float, Value::Float(1e300)),
        ("TRUE", ColumnKind::Boolean, Value::Bool(true)),
        ("DATE '2024-02-29'", ColumnKind::Date, text("2024-02-29")),
        ("DATETIME '2024-02-29 10:00:00.123456'", ColumnKind::DateTime, text("2024-02-29 10:00:00.123456")),
        (
            "TIMESTAMP '2024-02-29 10:00:00.123456+02'",
            ColumnKind::DateTime,
            text("2024-02-29 08:00:00.123456+00"),
        ),
        ("TIMESTAMP '1960-01-01 00:00:00'", ColumnKind::DateTime, text("1960-01-01 00:00:00+00")),
        ("TIME '10:00:00.5'", ColumnKind::Time, text("10:00:00.500000")),
        ("INTERVAL 3 DAY", ColumnKind::Text, text("0-0 3 0:0:0")),
        ("CAST('abc' AS BYTES)", ColumnKind::Blob, Value::Blob(b"abc".to_vec())),
        ("'it\\'s \\\\ 漢字'", ColumnKind::Text, text("it's \\ 漢字")),
        ("[1, 2]", ColumnKind::Text, text("[1,2]")),
        (
            "[STRUCT(9007199254740993 AS a, [DATE '2024-01-01'] AS d)]",
            ColumnKind::Text,
            text(r#"[{"a":9007199254740993,"d":["2024-01-01"]}]"#),
        ),
        ("CAST(NULL AS INT64)", ColumnKind::Integer, Value::Null),
    ] {
        let answer = dataset.ask(&format!("SELECT {sql} AS c")).await.unwrap();
        assert_eq!(answer.rows, [[expected]], "{sql}");
        assert_eq!(answer.columns[0].kind, kind, "{sql}");
    }
    let answer = dataset.ask("SELECT CAST('NaN' AS FLOAT64) AS c").await.unwrap();
    assert!(matches!(answer.rows[0][0], Value::Float(nan) if nan.is_nan()));
}

async fn a_dataset_is_described(dataset: Dataset) {
    dataset
        .load(&[
            "CREATE TABLE orders (id INT64 NOT NULL, day DATE, status STRING(20), total NUMERIC, at TIMESTAMP, tags ARRAY<STRING>, \
             place STRUCT<city STRING, zip INT64>, note STRING) PARTITION BY day OPTIONS (description = 'what was sold')"
                .to_owned(),
            "INSERT INTO orders (id, day, status, total, at) VALUES \
             (1, DATE '2024-01-01', 'open', 1.5, TIMESTAMP '2024-01-01 10:00:00+00'), \
             (2, DATE '2024-03-01', 'paid', 10, NULL), (3, NULL, 'paid', 9, NULL)"
                .to_owned(),
            format!("CREATE VIEW paid AS SELECT id, total FROM {}.orders WHERE status = 'paid'", dataset.name()),
        ])
        .await;
    let schema = dataset.connector().schema().await.unwrap();
    let orders = schema.table("orders").unwrap();
    assert_eq!((orders.kind, orders.row_count), (TableKind::Table, Some(3)));
    assert_eq!(orders.comment.as_deref(), Some("what was sold"));
    assert_eq!(orders.indexes[0].name, "partition");
    assert_eq!(orders.indexes[0].columns, [Some("day".to_owned())]);
    let declared: Vec<_> = orders
        .columns
        .iter()
        .map(|column| (column.declared_type.as_str(), column.kind, column.nullable))
        .collect();
    assert_eq!(
        declared,
        [
            ("INT64", ColumnKind::Integer, false),
            ("DATE", ColumnKind::Date, true),
            ("STRING", ColumnKind::Text, true),
            ("NUMERIC", ColumnKind::Decimal, true),
            ("TIMESTAMP", ColumnKind::DateTime, true),
            ("ARRAY<STRING>", ColumnKind::Unknown, false),
            ("STRUCT<city STRING, zip INT64>", ColumnKind::Unknown, true),
            ("STRING", ColumnKind::Text, true),
        ]
    );
    let profile = |column: &str| orders.column(column).unwrap().profile.clone();
    let status = profile("status").unwrap();
    assert_eq!((status.values, status.complete), (vec!["open".to_owned(), "paid".to_owned()], true));
    assert!(!status.has_nulls);
    let total = profile("total").unwrap();
    assert_eq!(total.distinct, Some(3));
    let day = profile("day").unwrap();
    let bounds = (day.min.as_deref(), day.max.as_deref(), day.has_nulls);
    assert_eq!(bounds, (Some("2024-01-01"), Some("2024-03-01"), true));
    assert_eq!(profile("at").unwrap().max.as_deref(), Some("2024-01-01 10:00:00+00"));
    assert_eq!((profile("tags"), profile("place")), (None, None));
    let paid = schema.table("paid").unwrap();
    assert_eq!((paid.kind, paid.columns.len()), (TableKind::View, 2));
}

async fn tables_are_found_by_any_name(dataset: Dataset) {
    dataset
        .load(&["CREATE TABLE orders (id INT64)".to_owned(), "INSERT INTO orders VALUES (7)".to_owned()])
        .await;
    let name = dataset.name();
    for sql in [
        "SELECT id FROM orders".to_owned(),
        format!("SELECT id FROM {name}.orders"),
        format!("SELECT o.id FROM p1.{name}.orders AS o"),
    ] {
        assert_eq!(dataset.ask(&sql).await.unwrap().rows, [[Value::Integer(7)]], "{sql}");
    }
}

/// The forms that `medha-agents` writes for this dialect pass the guard and mean what they should, whatever holds the moment.
async fn time_is_cut_as_the_planner_cuts_it(dataset: Dataset) {
    let load = [
        "CREATE TABLE m (d DATE, t DATETIME, at TIMESTAMP, s STRING)",
        "INSERT INTO m VALUES (DATE '2024-05-12', DATETIME '2024-05-12 13:30:00', TIMESTAMP '2024-05-12 13:30:00+00', \
         '2024-05-12 13:30:00')",
    ];
    dataset.load(&load.map(str::to_owned)).await;
    let text = |text: &str| Value::Text(text.to_owned());
    let forms = [
        ("FORMAT_DATETIME('%Y-%m-%d', $m)", text("2024-05-12")),
        (
            "FORMAT_DATETIME('%Y-%m-%d', DATETIME_SUB($m, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM $m) + 5, 7) DAY))",
            text("2024-05-06"),
        ),
        (
            "FORMAT_DATETIME('%Y-%m-%d', DATETIME_SUB($m, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM $m) + 6, 7) DAY))",
            text("2024-05-12"),
        ),
        (
            "FORMAT_DATETIME('%Y-%m-%d', DATETIME_SUB($m, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM $m) + 7, 7) DAY))",
            text("2024-05-11"),
        ),
        ("FORMAT_DATETIME('%Y-%m', $m)", text("2024-05")),
        (
            "CONCAT(FORMAT_DATETIME('%Y', $m), '-Q', CAST(EXTRACT(QUARTER FROM $m) AS STRING))",
            text("2024-Q2"),
        ),
        ("(EXTRACT(DAYOFWEEK FROM $m) - 1)", Value::Integer(0)),
        ("DATETIME_DIFF(CAST('2024-05-14' AS DATETIME), $m, DAY)", Value::Integer(2)),
        ("DIV((7 + 2), 2)", Value::Integer(4)),
        ("(7) / NULLIF(2, 0)", Value::Float(3.5)),
    ];
    for column in ["d", "t", "at", "s"] {
        let moment = format!("CAST(`m`.`{column}` AS DATETIME)");
        let items = forms.iter().enumerate();
        let items: Vec<String> =
            items.map(|(place, (sql, _))| format!("{} AS `c{place}`", sql.replace("$m", &moment))).collect();
        let answer = dataset.ask(&format!("SELECT {} FROM `m`", items.join(", "))).await.unwrap();
        assert_eq!(answer.rows[0].len(), forms.len());
        for ((sql, expected), found) in forms.iter().zip(&answer.rows[0]) {
            assert_eq!(found, expected, "{sql} of {column}");
        }
    }
}

async fn a_statement_that_fails_says_why(dataset: Dataset) {
    dataset
        .load(&["CREATE TABLE orders (id INT64)".to_owned(), "INSERT INTO orders VALUES (0)".to_owned()])
        .await;
    let at_work = dataset.ask("SELECT 1 / id AS c FROM orders").await.unwrap_err().to_string();
    assert!(at_work.starts_with("the database could not run the query: division by zero"), "{at_work}");
    // What the schema promised is gone by the time it is asked.
    let sql = dataset.guarded("SELECT id FROM orders").await;
    dataset.load(&["DROP TABLE orders".to_owned()]).await;
    let gone = dataset.connector().query(&sql, QueryOptions::default()).await.unwrap_err().to_string();
    assert!(gone.contains("orders was not found"), "{gone}");
}

/// `MEDHA_TEST_STREAM_ROWS=1000000` for a million rows.
async fn pages_are_read_to_the_end(dataset: Dataset) {
    let many =
        std::env::var("MEDHA_TEST_STREAM_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(30_000);
    dataset
        .load(&[format!("CREATE TABLE many AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, {many})) AS n")])
        .await;
    let sql = dataset.guarded("SELECT n FROM many ORDER BY n").await;
    let deadline = Duration::from_secs(600);
    let options =
        QueryOptions { max_rows: usize::MAX, max_bytes: usize::MAX, deadline, ..QueryOptions::default() };
    let mut rows = dataset.connector().query(&sql, options).await.unwrap();
    let mut seen = 0;
    while let Some(row) = rows.next().await {
        seen += 1;
        assert_eq!(row.unwrap(), [Value::Integer(seen)]);
    }
    assert_eq!((seen, rows.truncated()), (many, None));
    let options = QueryOptions { max_rows: 2_500, ..QueryOptions::default() };
    let answer = dataset.connector().query(&sql, options).await.unwrap().collect().await.unwrap();
    assert_eq!((answer.rows.len(), answer.truncated), (2_500, Some(Truncation::Rows)));
}

async fn a_dropped_stream_stops_the_emulator(dataset: Dataset) {
    dataset
        .load(&["CREATE TABLE crowd AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n".to_owned()])
        .await;
    let sql = dataset.guarded(ENDLESS).await;
    let mut rows = dataset.connector().query(&sql, QueryOptions::default()).await.unwrap();
    tokio::select! {
        row = rows.next() => panic!("it was said to be endless: {row:?}"),
        () = dataset.wait_for_statements(1) => {}
    }
    drop(rows);
    dataset.wait_for_statements(0).await;
}

async fn an_address_with_options_opens_it(dataset: Dataset) {
    let options = BTreeMap::from([("endpoint".to_owned(), dataset.endpoint().into())]);
    let url = format!("bigquery://p1/{}?location=US", dataset.name());
    let mut config = ConnectionConfig { options, ..ConnectionConfig::new(url.clone()) };
    let opened = config.open().await.unwrap();
    opened.ping().await.unwrap();
    assert_eq!(opened.schema().await.unwrap().namespaces, [format!("p1.{}", dataset.name())]);
    config.options.insert("bytes".to_owned(), "1".into());
    let error = config.open().await.unwrap_err().to_string();
    assert!(error.contains("it does not know the options bytes; it knows endpoint, credentials"), "{error}");
}

impl Dataset {
    fn connector(&self) -> BigQueryConnector {
        self.open("")
    }

    fn open(&self, parameters: &str) -> BigQueryConnector {
        let url = format!("bigquery://p1/{}{parameters}", self.name());
        BigQueryConnector::open(url, &[("endpoint".to_owned(), self.endpoint().into())].into()).unwrap()
    }

    async fn guarded(&self, sql: &str) -> GuardedSql {
        // What its values are does not matter to the guard.
        let connector = self.open("?profile_bytes=0");
        let schema = Arc::new(connector.schema().await.unwrap());
        let guard = Guard::new(Dialect::BigQuery, schema);
        guard.check(sql, 100_000_000).unwrap()
    }

    async fn ask(&self, sql: &str) -> Result<medha_connectors::ResultSet, ConnectorError> {
        let sql = self.guarded(sql).await;
        self.connector().query(&sql, QueryOptions::default()).await?.collect().await
    }
}
