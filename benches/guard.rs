//! What the guard costs a statement of 20 lines: parsed, checked, with and without a policy, written out and read back. Beside
//! it the parser alone, once, which is the least that any guard costs.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use medha_connectors::{Dialect, Guard, Policy, Schema, User};
use serde_json::{Value, json};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

/// As in the `medha` program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const QUERY: &str = "\
WITH months AS (
    SELECT
        strftime('%Y-%m', o.ordered_at) AS month,
        c.segment,
        sum(i.quantity * i.unit_price * (1 - i.discount)) AS revenue,
        count(DISTINCT o.order_id) AS orders
    FROM orders AS o
    JOIN order_items AS i ON i.order_id = o.order_id
    JOIN customers AS c ON c.customer_id = o.customer_id
    WHERE o.status = 'completed' AND o.ordered_at >= '2025-01-01' AND o.ordered_at < '2026-01-01'
    GROUP BY 1, 2
)
SELECT
    month,
    segment,
    revenue,
    revenue - lag(revenue) OVER (PARTITION BY segment ORDER BY month) AS change,
    round(revenue / orders, 2) AS per_order
FROM months
WHERE orders > 5 ORDER BY month, revenue DESC";

fn schema() -> Schema {
    let table = |name: &str, rows: u64, columns: &[&str]| -> Value {
        let column = |name: &&str| {
            json!({"name": name, "declared_type": "TEXT", "kind": "text", "nullable": true, "default": null, "comment": null,
                   "profile": null})
        };
        let columns: Vec<Value> = columns.iter().map(column).collect();
        json!({"name": name, "kind": "table", "comment": null, "columns": columns, "primary_key": [], "unique_keys": [],
               "foreign_keys": [], "indexes": [], "row_count": rows})
    };
    let tables = [
        table(
            "customers",
            5_000,
            &["customer_id", "name", "email", "segment", "region", "country", "created_at"],
        ),
        table("orders", 80_000, &["order_id", "customer_id", "status", "region", "ordered_at", "total"]),
        table(
            "order_items",
            200_000,
            &["item_id", "order_id", "product_id", "quantity", "unit_price", "discount"],
        ),
        table("products", 300, &["product_id", "name", "category", "price"]),
    ];
    serde_json::from_value(json!({ "tables": tables })).unwrap()
}

fn policy() -> Policy {
    let partial = json!({"action": {"partial": {"first": 1, "last": 0}}});
    let rows = json!([{"keep": "region = :region"}]);
    serde_json::from_value(json!({"version": 1, "other_tables": "allow", "tables": {
        "customers": {"rows": rows, "protect": {"name": partial, "email": partial}},
        "orders": {"rows": rows},
    }}))
    .unwrap()
}

fn guard(criterion: &mut Criterion) {
    assert_eq!(QUERY.lines().count(), 20);
    let open = Guard::new(Dialect::Sqlite, Arc::new(schema()));
    let user = User::new("ann").with_attribute("region", "EMEA");
    let restricted = open.clone().with_policy(&policy(), &user).unwrap();
    assert!(restricted.check(QUERY, 1_000).unwrap().as_str().contains("'EMEA'"));
    let mut group = criterion.benchmark_group("guard");
    group.bench_function("20 lines, parsed and no more", |bencher| {
        bencher.iter(|| Parser::parse_sql(&SQLiteDialect {}, black_box(QUERY)).unwrap());
    });
    group.bench_function("20 lines", |bencher| {
        bencher.iter(|| open.check(black_box(QUERY), 1_000).unwrap());
    });
    group.bench_function("20 lines under a policy", |bencher| {
        bencher.iter(|| restricted.check(black_box(QUERY), 1_000).unwrap());
    });
    group.bench_function("a refusal", |bencher| {
        let sql = "SELECT customer_id FROM customers WHERE email LIKE 'a%'";
        bencher.iter(|| restricted.check(black_box(sql), 1_000).unwrap_err());
    });
    group.bench_function("a guard for a user", |bencher| {
        let policy = policy();
        bencher.iter(|| open.clone().with_policy(black_box(&policy), &user).unwrap());
    });
    group.finish();
}

criterion_group!(benches, guard);
criterion_main!(benches);
