//! Numbers that look at other groups.

use medha_agents::plan::{AnalysisPlan, ArithmeticOp, CompareOp, Expr, Filter, Grain, Operand};

use crate::fixture::*;

fn month() -> Expr {
    bucket("orders.order_date", Grain::Month)
}

fn previous() -> Expr {
    Expr::Previous { of: Box::new(metric("revenue")) }
}

#[tokio::test]
async fn months_are_summed_up_and_compared_with_the_month_before() {
    let running = Expr::RunningTotal { of: Box::new(metric("revenue")) };
    let change = arithmetic(metric("revenue"), ArithmeticOp::Subtract, previous());
    let monthly = AnalysisPlan {
        order: vec![ascending(month())],
        ..plan("orders", [month(), metric("revenue"), running, previous(), change])
    };
    assert_eq!(
        rows(&monthly).await,
        ["2025-01|100|100|-|-", "2025-02|120|220|100|20", "2025-03|50|270|120|-70"]
    );
}

#[tokio::test]
async fn each_group_has_its_own_months() {
    let monthly = AnalysisPlan {
        order: vec![ascending(field("orders.status")), ascending(month())],
        ..plan("orders", [field("orders.status"), month(), metric("revenue"), previous()])
    };
    assert_eq!(
        rows(&monthly).await,
        ["open|2025-02|70|-", "paid|2025-01|100|-", "paid|2025-02|50|100", "paid|2025-03|50|50"]
    );
}

#[tokio::test]
async fn conditions_may_look_at_other_groups() {
    let grown = AnalysisPlan {
        having: vec![Filter::Compare {
            left: metric("revenue"),
            op: CompareOp::Greater,
            right: Operand::Expr(Box::new(previous())),
        }],
        order: vec![ascending(month())],
        ..plan("orders", [month(), metric("revenue")])
    };
    assert_eq!(rows(&grown).await, ["2025-02|120"]);
}

#[tokio::test]
async fn ranks_are_shared_by_ties() {
    let rank = Expr::Rank { by: Box::new(count("orders")), descending: true };
    let ranked = AnalysisPlan {
        order: vec![ascending(rank.clone())],
        ..plan("orders", [rank, field("customers.name")])
    };
    assert_eq!(rows(&ranked).await, ["1|Ann", "2|Bob", "2|Dee"]);
}

#[test]
fn a_running_total_needs_a_bucket() {
    let running = Expr::RunningTotal { of: Box::new(metric("revenue")) };
    assert_eq!(
        error(&plan("orders", [field("orders.status"), running])),
        "the plan cannot be compiled: a running total or the value before needs a bucket of time among the outputs"
    );
}
