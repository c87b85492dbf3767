//! The semantic model of the sample business against SQL written by hand.

use std::sync::LazyLock;

use medha_agents::plan::{AnalysisPlan, Expr, FieldRef, Output, compile};
use medha_agents::semantic::{SemanticModel, ossie};
use medha_connectors::{Dialect, Value, sample};

use crate::support::rows;

static MODEL: LazyLock<SemanticModel> = LazyLock::new(|| ossie::read(sample::MODEL).unwrap());

/// The metric by a field, or as a whole.
fn answer(metric: &str, by: Option<(&str, &str)>) -> Vec<Vec<Value>> {
    let dataset = MODEL.metric(metric).unwrap().dataset.clone();
    let group = by.map(|(dataset, field)| Output {
        expr: Expr::Field(FieldRef { dataset: dataset.into(), field: field.into(), via: None }),
        name: field.into(),
    });
    let number = Output { expr: Expr::Metric(metric.into()), name: metric.into() };
    let plan = AnalysisPlan {
        subject: dataset,
        outputs: group.into_iter().chain([number]).collect(),
        ..AnalysisPlan::default()
    };
    let compiled = compile(&plan, &MODEL, Dialect::Sqlite).unwrap();
    rows(&compiled.sql)
}

/// Names with their numbers, sorted by name.
fn numbers(rows: &[Vec<Value>]) -> Vec<(String, f64)> {
    let number = |value: &Value| match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        other => panic!("{other:?} is no number"),
    };
    let mut numbers: Vec<(String, f64)> = rows
        .iter()
        .map(|row| match row.as_slice() {
            [Value::Text(name), value] => (name.clone(), number(value)),
            [value] => (String::new(), number(value)),
            other => panic!("{other:?}"),
        })
        .collect();
    numbers.sort_by(|a, b| a.0.cmp(&b.0));
    numbers
}

fn assert_same(compiled: &[Vec<Value>], by_hand: &str) {
    let (got, expected) = (numbers(compiled), numbers(&rows(by_hand)));
    assert_eq!(got.len(), expected.len(), "{got:?} and {expected:?}");
    for ((name, got), (expected_name, expected)) in got.iter().zip(&expected) {
        let is_close = (got - expected).abs() <= 1e-9 * expected.abs();
        assert!(name == expected_name && is_close, "{name} {got}, and {expected_name} {expected}");
    }
}

const LINES: &str = "FROM order_items AS i JOIN orders AS o ON o.order_id = i.order_id
    JOIN products AS p ON p.product_id = i.product_id
    JOIN customers AS c ON c.customer_id = o.customer_id";
const AMOUNT: &str = "i.quantity * i.unit_price * (1 - i.discount)";

#[test]
fn every_metric_gives_a_number() {
    assert!(MODEL.metrics.len() >= 15);
    for metric in &MODEL.metrics {
        let [(_, number)] = numbers(&answer(&metric.name, None))[..] else { panic!("{}", metric.name) };
        assert!(number > 0.0 && number.is_finite(), "{}: {number}", metric.name);
    }
}

#[test]
fn money_counts_completed_orders_after_discount() {
    let done = "WHERE o.status = 'completed'";
    let cases = [
        ("revenue", format!("SUM({AMOUNT})")),
        ("profit", format!("SUM({AMOUNT}) - SUM(i.quantity * p.unit_cost)")),
        ("gross_margin", format!("100.0 * (SUM({AMOUNT}) - SUM(i.quantity * p.unit_cost)) / SUM({AMOUNT})")),
        ("units_sold", "SUM(i.quantity)".into()),
        ("average_order_value", format!("SUM({AMOUNT}) / COUNT(DISTINCT o.order_id)")),
    ];
    for (metric, sql) in cases {
        assert_same(&answer(metric, None), &format!("SELECT {sql} {LINES} {done}"));
        for (by, column) in
            [(("customers", "segment"), "c.segment"), (("products", "category"), "p.category")]
        {
            let by_hand = format!("SELECT {column}, {sql} {LINES} {done} GROUP BY 1");
            assert_same(&answer(metric, Some(by)), &by_hand);
        }
    }
}

#[test]
fn orders_are_not_multiplied_by_their_lines() {
    let by_segment = "SELECT c.segment, COUNT(*) FROM orders AS o
        JOIN customers AS c ON c.customer_id = o.customer_id GROUP BY 1";
    assert_same(&answer("order_count", Some(("customers", "segment"))), by_segment);
    let by_category = format!("SELECT p.category, COUNT(DISTINCT o.order_id) {LINES} GROUP BY 1");
    assert_same(&answer("order_count", Some(("products", "category"))), &by_category);
}

#[test]
fn rates_count_orders_and_not_their_lines() {
    let rate = |status: &str| {
        let had = format!("COUNT(DISTINCT CASE WHEN o.status = '{status}' THEN o.order_id END)");
        format!("100.0 * {had} / COUNT(DISTINCT o.order_id)")
    };
    for (metric, status) in [("return_rate", "returned"), ("cancellation_rate", "cancelled")] {
        let whole = format!("SELECT 100.0 * SUM(status = '{status}') / COUNT(*) FROM orders");
        assert_same(&answer(metric, None), &whole);
        let by_category = format!("SELECT p.category, {} {LINES} GROUP BY 1", rate(status));
        assert_same(&answer(metric, Some(("products", "category"))), &by_category);
    }
}

#[test]
fn subscriptions_tickets_and_marketing_count_what_they_say() {
    let cases = [
        ("monthly_recurring_revenue", "SELECT SUM(mrr) FROM subscriptions WHERE cancelled_on IS NULL"),
        ("active_subscriptions", "SELECT COUNT(*) FROM subscriptions WHERE cancelled_on IS NULL"),
        ("churned_subscriptions", "SELECT COUNT(*) FROM subscriptions WHERE cancelled_on IS NOT NULL"),
        ("ticket_count", "SELECT COUNT(*) FROM support_tickets"),
        ("average_satisfaction", "SELECT AVG(satisfaction) FROM support_tickets"),
        ("marketing_cost", "SELECT SUM(amount) FROM marketing_spend"),
        ("cost_per_click", "SELECT SUM(amount) / SUM(clicks) FROM marketing_spend WHERE clicks IS NOT NULL"),
    ];
    for (metric, by_hand) in cases {
        assert_same(&answer(metric, None), by_hand);
    }
}
