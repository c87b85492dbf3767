//! A kept answer beside the query it saves, and what the key costs: the business's revenue by month and segment.
//!
//! Run it with `cargo bench --bench cache`. The ratio of `query` to `kept` is what an answer from memory saves.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use medha_connectors::cache::{CacheKey, CacheOptions, CachedConnector, ResultCache};
use medha_connectors::{Connector, Dialect, Guard, GuardedSql, QueryOptions, SqliteConnector, sample};
use tokio::runtime::Runtime;

const QUERY: &str =
    "SELECT strftime('%Y-%m', o.ordered_at) AS month, c.segment, sum(i.quantity * i.unit_price) AS revenue
FROM orders AS o
JOIN order_items AS i ON i.order_id = o.order_id
JOIN customers AS c ON c.customer_id = o.customer_id
GROUP BY 1, 2 ORDER BY 1, 2";
/// As many rows as are mostly shown.
const TABLE: &str =
    "SELECT order_id, customer_id, status, ordered_at FROM orders ORDER BY order_id LIMIT 1000";

async fn ask(connector: &dyn Connector, sql: &GuardedSql) -> usize {
    let rows = connector.query(sql, QueryOptions::default()).await.unwrap();
    black_box(rows.collect().await.unwrap()).rows.len()
}

fn kept_and_queried(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("business.sqlite");
    let (plain, guard) = runtime.block_on(async {
        sample::generate(&path, 7, date(2025, 6, 30)).await.unwrap();
        let plain: Arc<dyn Connector> = Arc::new(SqliteConnector::open(&path).await.unwrap());
        let schema = plain.schema().await.unwrap();
        (plain, Guard::new(Dialect::Sqlite, Arc::new(schema)))
    });
    let cache = ResultCache::new(CacheOptions {
        ttl: std::time::Duration::from_secs(3600),
        ..CacheOptions::default()
    });
    let cached = CachedConnector::new(Arc::clone(&plain), "business", cache);
    for (name, sql) in [("revenue", QUERY), ("table", TABLE)] {
        let sql = guard.check(sql, 10_000).unwrap();
        let mut group = criterion.benchmark_group(name);
        group.bench_function("query", |bencher| {
            bencher.iter(|| runtime.block_on(ask(plain.as_ref(), &sql)));
        });
        let rows = runtime.block_on(ask(&cached, &sql));
        println!("{name}: {rows} rows");
        group.bench_function("kept", |bencher| {
            bencher.iter(|| runtime.block_on(ask(&cached, &sql)));
        });
        group.bench_function("key", |bencher| {
            bencher.iter(|| {
                black_box(CacheKey::new("business", Dialect::Sqlite, &sql, &QueryOptions::default()))
            });
        });
        group.finish();
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = kept_and_queried }
criterion_main!(benches);
