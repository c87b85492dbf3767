//! DuckDB through its own library: the suite of all connectors, values, stopping, and every road to a write.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Connection, Database, Driver, Statement};
use adbc_driver_manager::{ManagedConnection, ManagedDriver};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use libtest_mimic::Trial;
use medha_connectors::conformance::{self, Fixture, Subject};
use medha_connectors::{
    AdbcConnector, ColumnKind, ConnectionConfig, Connector, ConnectorError, Dialect, Guard, QueryOptions,
    ResultSet, Secret, TableKind, Value,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::harness::{Outside, trial};

pub(crate) static DUCKDB: Outside = Outside::new("DuckDB library", find);

/// `MEDHA_TEST_DUCKDB`, or where package managers put it.
fn find() -> Result<String, String> {
    let said = std::env::var("MEDHA_TEST_DUCKDB").ok();
    let usual = ["/usr/lib/libduckdb.so", "/usr/local/lib/libduckdb.so"].map(str::to_owned);
    let places = said.map_or(usual.to_vec(), |said| vec![said]);
    places.iter().find(|place| Path::new(place).is_file()).cloned().ok_or_else(|| {
        format!(
            "{} is not there; \"npm i @duckdb/node-bindings-linux-x64\" has a libduckdb.so, whose path is given in \
             MEDHA_TEST_DUCKDB",
            places.join(" and ")
        )
    })
}

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn(Shop) -> LocalBoxFuture<'static, ()>| {
        trial(&DUCKDB, format!("adbc::{name}"), move |library| test(Shop { library }))
    };
    vec![
        trial("duckdb_passes_the_suite", |shop| Box::pin(passes_the_suite(shop))),
        trial("every_type_of_duckdb_keeps_its_meaning", |shop| Box::pin(types(shop))),
        trial("a_schema_has_keys_indexes_comments_and_values", |shop| Box::pin(schema(shop))),
        trial("what_is_stopped_gives_its_only_connection_back", |shop| Box::pin(stopping(shop))),
        trial("what_the_guard_lets_through_duckdb_runs", |shop| Box::pin(harmless(shop))),
        trial("what_acts_in_duckdb_by_being_called_is_refused", |shop| Box::pin(acting(shop))),
        trial("nothing_can_be_written_and_no_other_file_read", |shop| Box::pin(read_only(shop))),
        trial("files_are_asked_where_they_lie", |shop| Box::pin(files(shop))),
        trial("what_is_no_duckdb_database_is_said", |shop| Box::pin(missing(shop))),
        trial("five_million_rows_are_added_up", |shop| Box::pin(five_million(shop))),
    ]
}

struct Shop {
    library: String,
}

async fn passes_the_suite(Shop { library }: Shop) {
    let make = async |fixture: &Fixture| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.duckdb");
        write(&library, &path, &fixture.statements(Dialect::DuckDb));
        Subject::new(Arc::new(open(&library, &path).await), ENDLESS).keeping(folder)
    };
    conformance::run(make).await.unwrap();
}

impl Shop {
    /// A database with these statements run in it.
    async fn with(&self, statements: &[&str]) -> (tempfile::TempDir, AdbcConnector) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.duckdb");
        let statements: Vec<String> = statements.iter().map(|sql| (*sql).to_owned()).collect();
        write(&self.library, &path, &statements);
        let connector = open(&self.library, &path).await;
        (folder, connector)
    }
}

pub(crate) async fn ask(connector: &dyn Connector, sql: &str) -> Result<ResultSet, String> {
    let schema = Arc::new(connector.schema().await.unwrap());
    let guarded =
        Guard::new(connector.dialect(), schema).check(sql, 100).map_err(|error| error.to_string())?;
    let answer = async { connector.query(&guarded, QueryOptions::default()).await?.collect().await };
    answer.await.map_err(|error| error.to_string())
}

async fn types(shop: Shop) {
    let (_folder, connector) = shop
        .with(&[
            "CREATE TYPE mood AS ENUM ('sad', 'glad')",
            "CREATE TABLE one AS SELECT
               170141183460469231731687303715884105727::HUGEINT AS huge, 18446744073709551615::UBIGINT AS large,
               (-128)::TINYINT AS tiny, 123456789012345678901234567890.12345678::DECIMAL(38, 8) AS exact,
               5::DECIMAL(9, 0) AS whole, 0.1::FLOAT AS single, 0.1::DOUBLE AS real, 'NaN'::DOUBLE AS nan,
               '-Infinity'::DOUBLE AS least, true AS yes, DATE '2024-02-29' AS day, DATE '0044-03-15 (BC)' AS ides,
               'infinity'::DATE AS never, TIMESTAMP '2024-02-29 12:30:00.123456' AS moment,
               TIMESTAMPTZ '2024-02-29 12:30:00+02' AS zoned, TIME '23:59:59.5' AS clock,
               'infinity'::TIMESTAMP AS end_of_time, TIMESTAMP_NS '2024-02-29 12:30:00.123456789' AS fine,
               INTERVAL '1 year 2 months 3 days 04:05:06.7' AS lasting, 'glad'::mood AS mood,
               '\\x00\\xFF'::BLOB AS bytes, '5c9d2b5e-0000-4000-8000-0123456789ab'::UUID AS id,
               [1, NULL, 9007199254740993] AS list, {'a': 1.50::DECIMAL(9, 2), 'b': ['x', 'y\"z']} AS pair,
               MAP {'k': DATE '2024-01-01'} AS map, MAP {1: 'x'} AS numbered, '{\"n\": 1.10}'::JSON AS document,
               NULL::INTEGER AS nothing, '' AS empty, 'Zoë 漢字' AS text, '101'::BIT AS bits, [[1], []] AS nested",
        ])
        .await;
    let answer = ask(&connector, "SELECT * FROM one").await.unwrap();
    let shown: Vec<(String, String)> = answer
        .columns
        .iter()
        .zip(&answer.rows[0])
        .map(|(column, value)| (column.name.clone(), format!("{value:?}")))
        .collect();
    let expected = [
        ("huge", r#"Decimal("170141183460469231731687303715884105727")"#),
        ("large", r#"Decimal("18446744073709551615")"#),
        ("tiny", "Integer(-128)"),
        ("exact", r#"Decimal("123456789012345678901234567890.12345678")"#),
        ("whole", "Integer(5)"),
        ("single", "Float(0.1)"),
        ("real", "Float(0.1)"),
        ("nan", "Float(NaN)"),
        ("least", "Float(-inf)"),
        ("yes", "Bool(true)"),
        ("day", r#"Text("2024-02-29")"#),
        ("ides", r#"Text("-0043-03-15")"#),
        ("never", r#"Text("infinity")"#),
        ("moment", r#"Text("2024-02-29 12:30:00.123456")"#),
        ("zoned", r#"Text("2024-02-29 10:30:00+00")"#),
        ("clock", r#"Text("23:59:59.5")"#),
        ("end_of_time", r#"Text("infinity")"#),
        ("fine", r#"Text("2024-02-29 12:30:00.123456789")"#),
        ("lasting", r#"Text("1 year 2 months 3 days 04:05:06.7")"#),
        ("mood", r#"Text("glad")"#),
        ("bytes", "Blob([0, 255])"),
        ("id", r#"Text("5c9d2b5e-0000-4000-8000-0123456789ab")"#),
        ("list", r#"Text("[1,null,9007199254740993]")"#),
        ("pair", r#"Text("{\"a\":1.50,\"b\":[\"x\",\"y\\\"z\"]}")"#),
        ("map", r#"Text("{\"k\":\"2024-01-01\"}")"#),
        ("numbered", r#"Text("[{\"key\":1,\"value\":\"x\"}]")"#),
        ("document", r#"Text("{\"n\": 1.10}")"#),
        ("nothing", "Null"),
        ("empty", r#"Text("")"#),
        ("text", r#"Text("Zoë 漢字")"#),
        ("bits", "Blob([5, 253])"),
        ("nested", r#"Text("[[1],[]]")"#),
    ];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(shown, expected);
}

async fn schema(shop: Shop) {
    let (_folder, connector) = shop
        .with(&[
            "CREATE TABLE stores (city VARCHAR, number INTEGER, \"open\" BOOLEAN DEFAULT true, PRIMARY KEY (city, number))",
            "CREATE TABLE sales (id INTEGER UNIQUE, store_city VARCHAR, store_number INTEGER, \"unit price\" DECIMAL(9, 2) NOT NULL,
             sold TIMESTAMP, FOREIGN KEY (store_city, store_number) REFERENCES stores (city, number))",
            "CREATE INDEX by_day ON sales (sold, \"unit price\")",
            "COMMENT ON TABLE sales IS 'one row a sale'",
            "COMMENT ON COLUMN sales.sold IS 'when'",
            "CREATE VIEW cheap AS SELECT * FROM sales WHERE \"unit price\" < 1",
            "INSERT INTO stores VALUES ('Oslo', 1, true), ('Rome', 2, false)",
            "INSERT INTO sales SELECT i, 'Oslo', 1, i / 10, TIMESTAMP '2024-01-01' + INTERVAL 1 HOUR * i FROM range(3000) t(i)",
        ])
        .await;
    let schema = connector.schema().await.unwrap();
    let names: Vec<&str> = schema.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["sales", "stores", "cheap"]);
    let (sales, stores) = (schema.table("sales").unwrap(), schema.table("stores").unwrap());
    assert_eq!(stores.primary_key, ["city", "number"]);
    assert_eq!((sales.row_count, sales.comment.as_deref()), (Some(3_000), Some("one row a sale")));
    assert_eq!(sales.unique_keys, [["id"]]);
    assert_eq!(sales.foreign_keys[0].columns, ["store_city", "store_number"]);
    assert_eq!(sales.foreign_keys[0].references, "stores");
    assert_eq!(sales.foreign_keys[0].referenced_columns, ["city", "number"]);
    let columns = [Some("sold".to_owned()), Some("unit price".to_owned())];
    assert_eq!(sales.indexes[0].columns, columns, "{:?}", sales.indexes);
    let sold = sales.column("sold").unwrap();
    assert_eq!(sold.comment.as_deref(), Some("when"));
    let profile = sold.profile.as_ref().unwrap();
    assert_eq!(profile.max.as_deref(), Some("2024-05-04 23:00:00"));
    let city = stores.column("city").unwrap().profile.as_ref().unwrap();
    assert_eq!((city.values.clone(), city.complete), (vec!["Oslo".to_owned(), "Rome".to_owned()], true));
    assert_eq!(sales.column("unit price").unwrap().kind, ColumnKind::Decimal);
}

async fn stopping(shop: Shop) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.duckdb");
    write(&shop.library, &path, &Fixture::statements(&fixture().await, Dialect::DuckDb));
    let only_one = AdbcConnector::open_with(address(&path), &options(&shop.library), 1).await.unwrap();
    let guard = Guard::new(Dialect::DuckDb, Arc::new(only_one.schema().await.unwrap()));
    let endless = guard.check(ENDLESS, 10).unwrap();
    let short = QueryOptions { deadline: Duration::from_secs(10), ..QueryOptions::default() };
    let again = async || {
        let one = guard.check("SELECT id FROM people", 10).unwrap();
        // It waits for the place of the one before, which is free when DuckDB has stopped.
        only_one.query(&one, short.clone()).await.unwrap().collect().await.unwrap();
    };
    let deadline = QueryOptions { deadline: Duration::from_millis(100), ..QueryOptions::default() };
    let late = async { only_one.query(&endless, deadline).await?.collect().await }.await;
    assert!(matches!(late, Err(ConnectorError::Deadline { .. })), "{late:?}");
    again().await;
    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..QueryOptions::default() };
    let mut rows = only_one.query(&endless, options).await.unwrap();
    let (cancelled, ()) = tokio::join!(rows.next(), async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert!(matches!(cancelled, Some(Err(ConnectorError::Cancelled))), "{cancelled:?}");
    again().await;
    for _ in 0..3 {
        let mut rows = only_one.query(&endless, QueryOptions::default()).await.unwrap();
        assert!(timeout(Duration::from_millis(20), rows.next()).await.is_err());
        drop(rows);
        again().await;
    }
    // Before its first poll, too.
    drop(only_one.query(&endless, QueryOptions::default()).await.unwrap());
    again().await;
}

/// The tables of the suite.
async fn fixture() -> Fixture {
    let kept = std::sync::Mutex::new(None);
    let make = async |fixture: &Fixture| {
        *kept.lock().unwrap() = Some(fixture.clone());
        let connector = medha_connectors::dummy::DummyConnector::new(fixture.tables().to_vec());
        Subject::new(Arc::new(connector), "SELECT count(*) FROM endless")
    };
    conformance::run(make).await.unwrap();
    kept.into_inner().unwrap().unwrap()
}

const SHOP: [&str; 4] = [
    "CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, name TEXT, segment TEXT, created_at TEXT)",
    "CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INT, order_date DATE, total_amount DOUBLE, update_count INT,
     status TEXT)",
    "CREATE VIEW sales AS SELECT * FROM orders JOIN customers USING (customer_id)",
    "INSERT INTO orders SELECT i, 1, DATE '2024-01-01' + i::INT, i * 1.5, 0, 'paid' FROM range(300) t(i)",
];

async fn harmless(shop: Shop) {
    let corpus = include_str!("../it/corpus/duckdb.txt");
    let statements = corpus.lines().skip_while(|line| *line != "[harmless]").skip(1);
    let (_folder, connector) = shop.with(&SHOP).await;
    let guard = Guard::new(Dialect::DuckDb, Arc::new(connector.schema().await.unwrap()));
    let mut wrong = Vec::new();
    for sql in statements.filter(|line| !line.is_empty()) {
        let guarded = guard.check(sql, 100).unwrap();
        let answer = async { connector.query(&guarded, QueryOptions::default()).await?.collect().await };
        if let Err(error) = answer.await {
            wrong.push(format!("{sql}\n  {error}"));
        }
        let plan = connector.explain(&guarded).await;
        if plan.is_ok_and(|plan| plan.trim().is_empty()) {
            wrong.push(format!("{sql}\n  has an empty plan"));
        }
    }
    assert!(wrong.is_empty(), "{} fail:\n{}", wrong.len(), wrong.join("\n"));
}

/// All functions of this very library: those that give rows or have effects pass only where they are known not to matter.
async fn acting(shop: Shop) {
    let (_folder, connector) = shop
        .with(&["CREATE TABLE functions AS SELECT DISTINCT function_name AS name,
            function_type IN ('table', 'pragma', 'table_macro') AS in_from, coalesce(has_side_effects, false) AS acts
            FROM duckdb_functions()"])
        .await;
    let rows = ask_all(&connector, "SELECT name, in_from, acts FROM functions").await;
    assert!(rows.len() > 500, "{}", rows.len());
    let guard = Guard::new(Dialect::DuckDb, Arc::new(connector.schema().await.unwrap()));
    let passes = |sql: String| guard.check(&sql, 10).is_ok();
    let (mut in_from, mut acting) = (Vec::new(), Vec::new());
    for row in rows {
        let [Value::Text(name), Value::Bool(is_in_from), Value::Bool(acts)] = row.as_slice() else {
            panic!("{row:?}")
        };
        let arguments = ["", "1", "1, 2", "'x'", "'x', 'y'", "[1]"];
        if *is_in_from && arguments.iter().any(|all| passes(format!("SELECT * FROM {name}({all})"))) {
            in_from.push(name.clone());
        }
        if *acts && arguments.iter().any(|all| passes(format!("SELECT {name}({all})"))) {
            acting.push(name.clone());
        }
    }
    in_from.sort();
    assert_eq!(in_from, ["generate_series", "range", "unnest"]);
    assert_eq!(acting, ["random"]);
}

async fn ask_all(connector: &AdbcConnector, sql: &str) -> Vec<Vec<Value>> {
    let guard = Guard::new(Dialect::DuckDb, Arc::new(connector.schema().await.unwrap()));
    let guarded = guard.check(sql, 9_000).unwrap();
    connector.query(&guarded, QueryOptions::default()).await.unwrap().collect().await.unwrap().rows
}

/// Views are the owner's, so the guard lets them through whatever they do; and a schema that lies about a table stands for a
/// guard with a hole.
async fn read_only(shop: Shop) {
    let (folder, connector) = shop
        .with(&[
            "CREATE TABLE orders (id INTEGER)",
            "INSERT INTO orders VALUES (1)",
            "CREATE SEQUENCE numbers",
            "CREATE VIEW next_number AS SELECT nextval('numbers') AS n",
            "CREATE VIEW passwords AS SELECT content FROM read_text('/etc/passwd')",
            "CREATE VIEW listing AS SELECT file FROM glob('/etc/*')",
            "CREATE VIEW settings AS SELECT name, value FROM duckdb_settings()",
        ])
        .await;
    let path = folder.path().join("shop.duckdb");
    let before = std::fs::read(&path).unwrap();
    let refused = |view: &'static str| {
        let connector = &connector;
        async move { ask(connector, &format!("SELECT * FROM {view}")).await.unwrap_err() }
    };
    let error = refused("next_number").await;
    assert!(error.contains("read-only"), "{error}");
    for view in ["passwords", "listing"] {
        let error = refused(view).await;
        assert!(error.contains("disabled by configuration"), "{error}");
    }
    let secret = folder.path().join("secret.csv");
    std::fs::write(&secret, "a\nhunter2\n").unwrap();
    let mut schema = connector.schema().await.unwrap();
    let table = schema.tables.iter_mut().find(|table| table.name == "orders").unwrap();
    table.name = secret.to_str().unwrap().to_owned();
    let guarded = Guard::new(Dialect::DuckDb, Arc::new(schema))
        .check(&format!("SELECT * FROM \"{}\"", secret.display()), 10)
        .unwrap();
    let error = async { connector.query(&guarded, QueryOptions::default()).await?.collect().await }.await;
    assert!(error.unwrap_err().to_string().contains("disabled by configuration"));
    let settings = ask_all(&connector, "SELECT name, value FROM settings").await;
    for (name, value) in [
        ("access_mode", "read_only"),
        ("enable_external_access", "false"),
        ("lock_configuration", "true"),
        ("autoload_known_extensions", "false"),
        ("autoinstall_known_extensions", "false"),
        ("TimeZone", "UTC"),
        ("temp_directory", ""),
    ] {
        let row = [Value::Text(name.to_owned()), Value::Text(value.to_owned())];
        assert!(settings.iter().any(|setting| *setting == row), "{name} is not {value:?}: {settings:?}");
    }
    drop(connector);
    assert_eq!(std::fs::read(&path).unwrap(), before, "not a byte has changed");
}

async fn files(shop: Shop) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let copy = |name: &str, sql: &str| format!("COPY ({sql}) TO '{}'", file(name).display());
    write(
        &shop.library,
        &folder.path().join("made.duckdb"),
        &[
            copy(
                "orders.parquet",
                "SELECT i AS id, i % 3 AS customer_id, DATE '2024-01-01' + i::INT AS day FROM range(1000) t(i)",
            ),
            copy("more.csv", "SELECT 1 AS a"),
        ],
    );
    std::fs::remove_file(file("made.duckdb")).unwrap();
    std::fs::write(file("customers.csv"), "id,name,since\n0,Ada,2020-02-29\n1,\"Zoë, the 2nd\",2021-01-01\n")
        .unwrap();
    std::fs::write(file("it's.jsonl"), "{\"n\": 1, \"tags\": [\"a\"]}\n{\"n\": 2, \"tags\": []}\n").unwrap();
    std::fs::write(file("notes.txt"), "no table").unwrap();
    let open = async |address: String| {
        let mut config = ConnectionConfig::new(address);
        config.options = options(&shop.library);
        config.open().await.unwrap()
    };
    // The path of a Parquet file is enough.
    let orders = open(file("orders.parquet").display().to_string()).await;
    let schema = orders.schema().await.unwrap();
    let [table] = schema.tables.as_slice() else { panic!("{schema:?}") };
    assert_eq!((table.name.as_str(), table.kind, table.row_count), ("orders", TableKind::Table, Some(1_000)));
    assert_eq!(table.column("day").unwrap().kind, ColumnKind::Date);
    let answer = ask(&*orders, "SELECT count(*), max(day) FROM orders").await.unwrap();
    assert_eq!(answer.rows, [[Value::Integer(1_000), Value::Text("2026-09-26".to_owned())]]);
    // No import: what is written to a file is seen by the next question.
    let customers = open(format!("duckdb:{}", file("customers.csv").display())).await;
    let count = "SELECT count(*), min(since) FROM customers";
    let row = |count: i64| [Value::Integer(count), Value::Text("2020-02-29".to_owned())];
    assert_eq!(ask(&*customers, count).await.unwrap().rows, [row(2)]);
    std::fs::write(
        file("customers.csv"),
        "id,name,since\n0,Ada,2020-02-29\n1,Zoë,2021-01-01\n2,Bob,2022-01-01\n",
    )
    .unwrap();
    assert_eq!(ask(&*customers, count).await.unwrap().rows, [row(3)]);
    // A folder is all its files.
    let all = open(format!("duckdb:{}", folder.path().display())).await;
    let names: Vec<String> = all.schema().await.unwrap().tables.into_iter().map(|table| table.name).collect();
    assert_eq!(names, ["customers", "it's", "more", "orders"]);
    let joined = "SELECT c.name, count(*) AS n FROM orders AS o JOIN customers AS c ON o.customer_id = c.id GROUP BY 1 ORDER BY 1";
    let answer = ask(&*all, joined).await.unwrap();
    let names: Vec<&Value> = answer.rows.iter().map(|row| &row[0]).collect();
    assert_eq!(names, [&Value::Text("Ada".into()), &Value::Text("Bob".into()), &Value::Text("Zoë".into())]);
    let answer = ask(&*all, "SELECT n, tags FROM \"it's\" ORDER BY n").await.unwrap();
    assert_eq!(answer.rows[0], [Value::Integer(1), Value::Text(r#"["a"]"#.to_owned())]);
    // Nothing else can be read, and none of them written to.
    let mut schema = customers.schema().await.unwrap();
    schema.tables[0].name = file("orders.parquet").display().to_string();
    let guarded = Guard::new(Dialect::DuckDb, Arc::new(schema.clone()))
        .check(&format!("SELECT * FROM \"{}\"", schema.tables[0].name), 10)
        .unwrap();
    let error = async { customers.query(&guarded, QueryOptions::default()).await?.collect().await }.await;
    assert!(error.unwrap_err().to_string().contains("disabled by configuration"));
}

async fn missing(shop: Shop) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no.duckdb");
    let error = AdbcConnector::open(address(&path), &options(&shop.library)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot open {:?}: there is no such file", path.display().to_string())
    );
    std::fs::write(&path, "this is no database").unwrap();
    let error = AdbcConnector::open(address(&path), &options(&shop.library)).await.unwrap_err().to_string();
    assert!(error.contains("not a valid DuckDB database file"), "{error}");
}

async fn five_million(shop: Shop) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.duckdb");
    let facts =
        "CREATE TABLE facts AS SELECT i AS id, i % 1000 AS place, i * 0.5 AS amount FROM range(5000000) t(i)";
    write(&shop.library, &path, &[facts.to_owned()]);
    let started = Instant::now();
    let connector = open(&shop.library, &path).await;
    println!("driver loaded and database opened: {:?}", started.elapsed());
    let sql = "SELECT place, count(*) AS n, sum(amount) AS total FROM facts GROUP BY place ORDER BY place";
    let guard = Guard::new(Dialect::DuckDb, Arc::new(connector.schema().await.unwrap()));
    let guarded = guard.check(sql, 1_000).unwrap();
    let started = Instant::now();
    let answer = connector.query(&guarded, QueryOptions::default()).await.unwrap().collect().await.unwrap();
    println!("5,000,000 rows in 1,000 groups: {:?}", started.elapsed());
    assert_eq!(answer.rows.len(), 1_000);
    assert_eq!(answer.rows[1][1], Value::Integer(5_000));
    assert_eq!(answer.rows[1][2], Value::Decimal("6248752500.0".to_owned()));
}

/// What DuckDB cannot tell from the ranges of the columns to be empty.
pub(crate) const ENDLESS: &str = "SELECT count(*) FROM crowd AS a, crowd AS b, crowd AS c, crowd AS d \
     WHERE (a.n * 7919 + b.n * 104729 + c.n * 31 + d.n) % 1000003 = 7";

pub(crate) async fn open(library: &str, path: &Path) -> AdbcConnector {
    AdbcConnector::open(address(path), &options(library)).await.unwrap()
}

pub(crate) fn options(library: &str) -> BTreeMap<String, Secret> {
    [("driver".to_owned(), Secret::new(library))].into()
}

pub(crate) fn address(path: &Path) -> String {
    format!("duckdb:{}", path.display())
}

/// Writes to a database as its owner, with a connection of the driver's own.
pub(crate) fn write(library: &str, path: &Path, statements: &[String]) {
    let mut connection = owner(library, path);
    for sql in statements {
        let mut statement = connection.new_statement().unwrap();
        statement.set_sql_query(sql).unwrap();
        statement.execute_update().unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

fn owner(library: &str, path: &Path) -> ManagedConnection {
    let mut driver =
        ManagedDriver::load_dynamic_from_filename(library, Some(b"duckdb_adbc_init"), AdbcVersion::V110)
            .unwrap();
    let path = OptionValue::String(path.to_str().unwrap().to_owned());
    let database = driver.new_database_with_opts([(OptionDatabase::from("path"), path)]).unwrap();
    database.new_connection().unwrap()
}
