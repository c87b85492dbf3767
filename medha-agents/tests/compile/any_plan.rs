//! Whatever the plan: an error that explains itself, or SQL that parses in its dialect and runs.

use std::sync::{Arc, OnceLock};

use medha_agents::plan::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, CompareOp, DatePart, Expr, Filter, Grain, Literal,
    Operand, Order, Output, SetOp, SetOperation, TextMatch, TopPerGroup, compile, describe,
};
use medha_connectors::{Connector, Dialect, Guard, QueryOptions, Schema, SqliteConnector};
use proptest::prelude::*;
use sqlparser::dialect::{BigQueryDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::fixture::*;

const FIELDS: &[&str] = &[
    "customers.name",
    "customers.region",
    "customers.vip",
    "customers.born",
    "orders.order_date",
    "orders.status",
    "orders.total",
    "lines.quantity",
    "lines.amount",
    "products.name",
    "products.cost",
    "tags.name",
    "refunds.amount",
    "refunds.refund_date",
    "tickets.opened_at",
    "tickets.status",
    "staff.name@orders_rep",
    "staff.salary@staff_boss",
];
const TIMES: &[&str] = &["orders.order_date", "refunds.refund_date", "tickets.opened_at", "customers.born"];
const DATASETS: &[&str] =
    &["customers", "orders", "lines", "products", "product_tags", "tags", "refunds", "tickets", "staff"];
const METRICS: &[&str] =
    &["revenue", "line_revenue", "paid_revenue", "refunded", "orders_per_customer", "margin", "net"];

fn row_value() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        6 => prop::sample::select(FIELDS).prop_map(field),
        2 => (prop::sample::select(TIMES), grain()).prop_map(|(time, grain)| bucket(time, grain)),
        1 => (prop::sample::select(TIMES), part()).prop_map(|(time, part)| Expr::Part { field: at(time), part }),
        1 => Just(Expr::DaysBetween { from: at("tickets.opened_at"), to: at("tickets.closed_at") }),
        1 => literal().prop_map(Expr::Literal),
    ];
    leaf.prop_recursive(1, 3, 2, |inner| {
        (inner.clone(), operation(), inner).prop_map(|(left, op, right)| arithmetic(left, op, right))
    })
}

fn number() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        3 => prop::sample::select(METRICS).prop_map(metric),
        2 => prop::sample::select(DATASETS).prop_map(count),
        3 => (function(), row_value()).prop_map(|(function, of)| aggregate(function, of)),
    ];
    leaf.prop_recursive(2, 5, 2, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            2 => (inner.clone(), operation(), inner.clone())
                .prop_map(|(left, op, right)| arithmetic(left, op, right)),
            2 => (boxed.clone(), prop::collection::vec(simple_filter(), 1..3))
                .prop_map(|(of, filters)| Expr::Where { of, filters, time: None }),
            1 => boxed.clone().prop_map(|of| Expr::Total { of }),
            1 => boxed.clone().prop_map(|of| Expr::RunningTotal { of }),
            1 => boxed.clone().prop_map(|of| Expr::Previous { of }),
            1 => boxed.prop_map(|by| Expr::Rank { by, descending: true }),
            1 => (function(), inner).prop_map(|(function, of)| aggregate(function, of)),
        ]
    })
}

fn simple_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        4 => (row_value(), compare_op(), literal()).prop_map(|(left, op, value)| compare(left, op, value)),
        1 => (row_value(), prop::collection::vec(literal(), 1..4), any::<bool>())
            .prop_map(|(expr, values, negated)| Filter::OneOf { expr, values, negated }),
        1 => (row_value(), literal(), literal()).prop_map(|(expr, low, high)| Filter::Between { expr, low, high }),
        1 => (row_value(), "[ -~éßж]{0,6}", any::<bool>()).prop_map(|(expr, text, negated)| Filter::Matches {
            expr,
            kind: TextMatch::Contains,
            text,
            negated,
        }),
        1 => (row_value(), any::<bool>()).prop_map(|(expr, negated)| Filter::Missing { expr, negated }),
        1 => prop::sample::select(TIMES).prop_map(|time| Filter::During(during(time, "2025-02-01", "2025-03-01"))),
        1 => Just(Filter::Named("open_tickets".into())),
        1 => (row_value(), compare_op(), row_value()).prop_map(|(left, op, right)| Filter::Compare {
            left,
            op,
            right: Operand::Expr(Box::new(right)),
        }),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    simple_filter().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::Any),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::All),
            inner.clone().prop_map(|inner| Filter::Not(Box::new(inner))),
            (prop::sample::select(DATASETS), prop::collection::vec(inner, 0..2), any::<bool>()).prop_map(
                |(dataset, filters, negated)| Filter::Related {
                    dataset: dataset.into(),
                    filters,
                    time: None,
                    negated,
                }
            ),
        ]
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<i32>().prop_map(|number| Literal::Integer(number.into())),
        (-1e6..1e6).prop_map(Literal::Number),
        "[ -~éßж]{0,8}".prop_map(Literal::Text),
        any::<bool>().prop_map(Literal::Boolean),
    ]
}

fn grain() -> impl Strategy<Value = Grain> {
    prop::sample::select(vec![Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year])
}

fn part() -> impl Strategy<Value = DatePart> {
    prop::sample::select(vec![
        DatePart::HourOfDay,
        DatePart::DayOfWeek,
        DatePart::QuarterOfYear,
        DatePart::Year,
    ])
}

fn operation() -> impl Strategy<Value = ArithmeticOp> {
    use ArithmeticOp::{Add, Divide, Multiply, Subtract};
    prop::sample::select(vec![Add, Subtract, Multiply, Divide])
}

fn compare_op() -> impl Strategy<Value = CompareOp> {
    prop::sample::select(vec![
        CompareOp::Equal,
        CompareOp::NotEqual,
        CompareOp::Less,
        CompareOp::GreaterOrEqual,
    ])
}

fn function() -> impl Strategy<Value = AggregateFunction> {
    use AggregateFunction::{Average, Count, CountDistinct, Max, Median, Min, Sum};
    prop::sample::select(vec![Sum, Average, Min, Max, Count, CountDistinct, Median])
}

fn simple_plan() -> impl Strategy<Value = AnalysisPlan> {
    let outputs = prop::collection::vec(prop_oneof![row_value(), number()], 1..4);
    let order = prop::collection::vec((prop_oneof![row_value(), number()], any::<bool>()), 0..2);
    (
        prop::sample::select(DATASETS),
        outputs,
        prop::collection::vec(row_value(), 0..2),
        prop::collection::vec(filter(), 0..3),
        prop::option::of(prop::sample::select(TIMES)),
        prop::option::of((number(), compare_op(), literal())),
        order,
        (prop::option::of(1..5_u64), any::<bool>(), any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(subject, outputs, group_by, filters, time, having, order, (limit, distinct, keep, top))| {
                let order: Vec<Order> =
                    order.into_iter().map(|(expr, descending)| Order { expr, descending }).collect();
                let shown = outputs.first().cloned();
                let top_per_group = shown.filter(|_| top && !order.is_empty()).map(|first| TopPerGroup {
                    partition: vec![first],
                    order: order.clone(),
                    count: 1,
                });
                AnalysisPlan {
                    group_by,
                    filters,
                    time: time.map(|time| during(time, "2025-01-01", "2025-12-31")),
                    having: having.map(|(left, op, right)| compare(left, op, right)).into_iter().collect(),
                    order,
                    limit,
                    distinct,
                    keep_empty: keep,
                    top_per_group,
                    ..plan(subject, outputs)
                }
            },
        )
}

fn any_plan() -> impl Strategy<Value = AnalysisPlan> {
    (simple_plan(), prop::option::weighted(0.2, simple_plan()), any::<bool>()).prop_map(
        |(mut plan, other, union)| {
            if let Some(other) = other {
                let with = AnalysisPlan { outputs: resized(other.outputs, plan.outputs.len()), ..other };
                let op = if union { SetOp::Union } else { SetOp::Except };
                plan.set = Some(SetOperation { op, with: Box::new(with) });
            }
            plan
        },
    )
}

fn resized(mut outputs: Vec<Output>, length: usize) -> Vec<Output> {
    while outputs.len() < length {
        outputs.push(outputs[0].clone());
    }
    outputs.truncate(length);
    outputs
}

struct Shop {
    runtime: tokio::runtime::Runtime,
    connector: SqliteConnector,
    schema: Arc<Schema>,
    _folder: tempfile::TempDir,
}

fn shop() -> &'static Shop {
    static SHOP: OnceLock<Shop> = OnceLock::new();
    SHOP.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (folder, connector, schema) = runtime.block_on(async {
            let (folder, path) = database().await;
            let connector = SqliteConnector::open(&path).await.unwrap();
            let schema = connector.schema().await.unwrap();
            (folder, connector, schema)
        });
        Shop { runtime, connector, schema: Arc::new(schema), _folder: folder }
    })
}

fn runs_on_sqlite(sql: &str) -> Result<(), String> {
    let shop = shop();
    let guarded = Guard::new(Dialect::Sqlite, Arc::clone(&shop.schema))
        .check(sql, 1000)
        .map_err(|error| error.to_string())?;
    shop.runtime.block_on(async {
        let rows = shop
            .connector
            .query(&guarded, QueryOptions::default())
            .await
            .map_err(|error| error.to_string())?;
        rows.collect().await.map(|_| ()).map_err(|error| error.to_string())
    })
}

fn passes_the_guard(sql: &str, dialect: Dialect) -> Result<(), String> {
    let guard = Guard::new(dialect, Arc::clone(&shop().schema));
    guard.check(sql, 1000).map(|_| ()).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_is_refused_with_a_reason_or_runs(plan in any_plan()) {
        let model = model();
        prop_assert!(!describe(&plan, &model).is_empty());
        match compile(&plan, &model, Dialect::Sqlite) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(compiled) => {
                prop_assert_eq!(compiled.columns.len(), plan.outputs.len());
                let sql = compiled.sql;
                Parser::parse_sql(&SQLiteDialect {}, &sql).map_err(|error| TestCaseError::fail(format!("{error}\n{sql}")))?;
                runs_on_sqlite(&sql).map_err(|error| TestCaseError::fail(format!("{error}\n{sql}")))?;
                let other = compile(&plan, &model, Dialect::Postgres).unwrap().sql;
                Parser::parse_sql(&PostgreSqlDialect {}, &other).map_err(|error| TestCaseError::fail(format!("{error}\n{other}")))?;
                let other = compile(&plan, &model, Dialect::MySql).unwrap().sql;
                Parser::parse_sql(&MySqlDialect {}, &other).map_err(|error| TestCaseError::fail(format!("{error}\n{other}")))?;
                let other = compile(&plan, &model, Dialect::BigQuery).unwrap().sql;
                Parser::parse_sql(&BigQueryDialect {}, &other).map_err(|error| TestCaseError::fail(format!("{error}\n{other}")))?;
                for dialect in [Dialect::DuckDb, Dialect::Snowflake] {
                    let other = compile(&plan, &model, dialect).unwrap().sql;
                    passes_the_guard(&other, dialect).map_err(|error| TestCaseError::fail(format!("{error}\n{other}")))?;
                }
            }
        }
    }

    /// The groups of an additive number add up to the number, for every group that all its rows have.
    #[test]
    fn the_parts_add_up_to_the_whole(
        group in prop::sample::select(vec!["orders.status", "orders.order_date", "orders.id"]),
        filters in prop::collection::vec(filter(), 0..3),
    ) {
        let parts = AnalysisPlan { filters: filters.clone(), ..plan("orders", [field(group), metric("line_revenue")]) };
        let whole = AnalysisPlan { filters, ..plan("orders", [metric("line_revenue")]) };
        let (Ok(parts), Ok(whole)) =
            (compile(&parts, &model(), Dialect::Sqlite), compile(&whole, &model(), Dialect::Sqlite))
        else {
            return Ok(());
        };
        let sum = |sql: &str, column: &str| numbers(&format!("SELECT COALESCE(SUM(\"{column}\"), 0) FROM ({sql}) AS \"all\""));
        prop_assert_eq!(sum(&parts.sql, "b"), sum(&whole.sql, "a"), "{}\n{}", parts.sql, whole.sql);
    }
}

fn numbers(sql: &str) -> String {
    let shop = shop();
    let guarded = Guard::new(Dialect::Sqlite, Arc::clone(&shop.schema)).check(sql, 1000).unwrap();
    shop.runtime.block_on(async {
        let rows = shop.connector.query(&guarded, QueryOptions::default()).await.unwrap();
        let rows = rows.collect().await.unwrap().rows;
        rows.iter().map(|row| shown(&row[0])).collect()
    })
}
