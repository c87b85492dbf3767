//! Rows as they are.

use medha_agents::plan::{AnalysisPlan, ArithmeticOp, Expr, Literal, PlannedKind, compile, describe};
use medha_connectors::Dialect;

use crate::fixture::*;

#[tokio::test]
async fn only_what_is_needed_is_joined() {
    let plain = plan("orders", [field("orders.id")]);
    assert_eq!(
        sql(&plain),
        "SELECT \"orders\".\"id\" AS \"a\"\nFROM \"orders\"\nWHERE \"orders\".\"deleted\" = 0"
    );
    assert_eq!(rows(&plain).await.len(), 5);
}

#[tokio::test]
async fn rows_that_refer_to_nothing_are_left_out_or_kept() {
    let reps = AnalysisPlan {
        order: vec![ascending(field("orders.id"))],
        ..plan("orders", [field("orders.id"), field("staff.name@orders_rep")])
    };
    assert_eq!(rows(&reps).await, ["1|Yan", "2|Yan", "3|Xi", "4|Xi"]);
    let all = AnalysisPlan { keep_empty: true, ..reps };
    assert_eq!(rows(&all).await, ["1|Yan", "2|Yan", "3|Xi", "4|Xi", "5|-"]);
}

#[tokio::test]
async fn rows_that_tie_are_ordered_by_what_is_shown() {
    let oldest = AnalysisPlan {
        order: vec![ascending(field("customers.born"))],
        limit: Some(2),
        ..plan("customers", [field("customers.name")])
    };
    assert!(
        sql(&oldest).ends_with("ORDER BY \"customers\".\"born\" NULLS LAST, \"a\"\nLIMIT 2"),
        "{}",
        sql(&oldest)
    );
    assert_eq!(rows(&oldest).await, ["Ann", "Dee"]);
    let second = AnalysisPlan { limit: Some(1), offset: Some(1), ..oldest };
    assert_eq!(rows(&second).await, ["Dee"]);
    let without_first = AnalysisPlan { limit: None, offset: Some(3), ..second };
    assert_eq!(rows(&without_first).await, ["Cid"]);
}

#[tokio::test]
async fn the_least_is_never_one_that_is_not_known() {
    let last = AnalysisPlan {
        order: vec![ascending(field("tickets.closed_at"))],
        limit: Some(1),
        ..plan("tickets", [field("tickets.closed_at")])
    };
    assert_eq!(rows(&last).await, ["2025-01-13 09:30:00"]);
}

#[tokio::test]
async fn several_datasets_of_the_same_rows_are_told_apart() {
    let staff = AnalysisPlan {
        order: vec![ascending(field("orders.id"))],
        limit: Some(1),
        ..plan("orders", [field("staff.name@orders_rep"), field("staff.name@orders_packer")])
    };
    assert_eq!(rows(&staff).await, ["Yan|Xi"]);
}

#[tokio::test]
async fn arithmetic_is_done_row_by_row_and_divides_exactly() {
    let half = arithmetic(field("orders.total"), ArithmeticOp::Divide, Expr::Literal(Literal::Integer(3)));
    let by_zero = arithmetic(field("orders.total"), ArithmeticOp::Divide, Expr::Literal(Literal::Integer(0)));
    let nested = arithmetic(
        arithmetic(field("orders.total"), ArithmeticOp::Subtract, Expr::Literal(Literal::Integer(10))),
        ArithmeticOp::Multiply,
        Expr::Literal(Literal::Integer(2)),
    );
    let first = AnalysisPlan {
        order: vec![ascending(field("orders.id"))],
        limit: Some(1),
        ..plan("orders", [half, by_zero, nested])
    };
    assert_eq!(rows(&first).await, ["33.333|-|180"]);
}

#[test]
fn columns_say_what_they_hold() {
    let compiled = compile(
        &plan("orders", [field("customers.name"), metric("revenue"), count("orders")]),
        &model(),
        Dialect::Sqlite,
    )
    .unwrap();
    let kinds: Vec<_> = compiled.columns.iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [PlannedKind::Dimension, PlannedKind::Measure, PlannedKind::Measure]);
    assert_eq!(compiled.columns[1].currency.as_deref(), Some("EUR"));
    assert_eq!(compiled.columns[1].metric.as_deref(), Some("revenue"));
    assert_eq!(compiled.columns[2].format.as_deref(), Some("count"));
}

#[test]
fn plans_are_told_in_plain_words() {
    let plan = AnalysisPlan {
        filters: vec![is("orders.status", text("paid"))],
        order: vec![descending(metric("revenue"))],
        limit: Some(3),
        ..plan("orders", [field("customers.name"), metric("revenue")])
    };
    assert_eq!(
        describe(&plan, &model()),
        "revenue by customer name, where order status is \"paid\"; ordered by revenue (highest first); the first 3"
    );
}
