//! Rows of a connector, per second, beside plain sqlx with the same query: 100,000 rows of six columns.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use futures_util::TryStreamExt as _;
use medha_connectors::{ConnectionConfig, Connector, Guard, GuardedSql, QueryOptions};
use sqlx::{AssertSqlSafe, ColumnIndex, Connection, Database, Decode, Executor, IntoArguments, Row, Type};
use tokio::runtime::Runtime;

const ROWS: u64 = 100_000;
const SQL: &str = "SELECT id, customer, city, quantity, ratio, note FROM sales";

/// Statements that make and fill the table, in words all three systems understand.
fn statements() -> Vec<String> {
    let row = |id: u64| {
        let (quantity, ratio) = (id % 97, id as f64 / 7.0);
        format!(
            "({id}, 'customer number {}', 'Saint-Germain-en-Laye', {quantity}, {ratio}, 'a note of a few words')",
            id % 500
        )
    };
    let create =
        "CREATE TABLE sales (id bigint PRIMARY KEY, customer varchar(40), city varchar(40), quantity int,
                  ratio double precision, note varchar(60))";
    let mut statements = vec![create.to_owned()];
    for start in (0..ROWS).step_by(1_000) {
        let rows: Vec<String> = (start..start + 1_000).map(row).collect();
        statements.push(format!("INSERT INTO sales VALUES {}", rows.join(", ")));
    }
    statements
}

/// A database with the table, and how to ask it both ways.
struct Bench<D: Database> {
    plain: D::Connection,
    connector: Arc<dyn Connector>,
    sql: GuardedSql,
}

impl<D: Database> Bench<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    async fn over(url: &str) -> Self {
        let mut plain = D::Connection::connect(url).await.unwrap();
        for sql in statements() {
            plain.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        }
        let connector = ConnectionConfig::new(url.replace("?mode=rwc", "")).open().await.unwrap();
        let guard = Guard::new(connector.dialect(), connector.schema().await.unwrap().into());
        let sql = guard.check(SQL, ROWS as usize).unwrap();
        Self { plain, connector, sql }
    }
}

/// Reads all rows with sqlx, each value in its own type.
async fn plainly<D: Database>(connection: &mut D::Connection, sql: &str) -> usize
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    usize: ColumnIndex<D::Row>,
    for<'r> i64: Decode<'r, D> + Type<D>,
    for<'r> i32: Decode<'r, D> + Type<D>,
    for<'r> f64: Decode<'r, D> + Type<D>,
    for<'r> String: Decode<'r, D> + Type<D>,
{
    let mut rows = sqlx::query::<D>(AssertSqlSafe(sql.to_owned())).fetch(connection);
    let mut count = 0;
    while let Some(row) = rows.try_next().await.unwrap() {
        let read: (i64, String, String, i32, f64, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5));
        std::hint::black_box(&read);
        count += 1;
    }
    count
}

/// Reads all rows with a connector.
async fn connected(connector: &dyn Connector, sql: &GuardedSql) -> usize {
    let options = QueryOptions { max_rows: ROWS as usize, max_bytes: usize::MAX, ..QueryOptions::default() };
    let mut rows = connector.query(sql, options).await.unwrap();
    let mut count = 0;
    while let Some(row) = rows.try_next().await.unwrap() {
        std::hint::black_box(&row);
        count += 1;
    }
    assert_eq!(rows.truncated(), None);
    count
}

/// Measures both ways over a database that is made at this address.
pub(crate) fn measure<D: Database>(criterion: &mut Criterion, runtime: &Runtime, name: &str, url: &str)
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
    usize: ColumnIndex<D::Row>,
    for<'r> i64: Decode<'r, D> + Type<D>,
    for<'r> i32: Decode<'r, D> + Type<D>,
    for<'r> f64: Decode<'r, D> + Type<D>,
    for<'r> String: Decode<'r, D> + Type<D>,
{
    let mut bench = runtime.block_on(Bench::<D>::over(url));
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    group.bench_function(BenchmarkId::from_parameter("plain sqlx"), |bencher| {
        bencher.iter(|| {
            assert_eq!(runtime.block_on(plainly::<D>(&mut bench.plain, bench.sql.as_str())), ROWS as usize);
        });
    });
    group.bench_function(BenchmarkId::from_parameter("connector"), |bencher| {
        bencher.iter(|| {
            assert_eq!(runtime.block_on(connected(&*bench.connector, &bench.sql)), ROWS as usize);
        });
    });
    group.finish();
}
