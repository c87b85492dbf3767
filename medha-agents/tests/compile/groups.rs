//! Groups, shares, sets and aggregates over groups.

use medha_agents::plan::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, CompareOp, Expr, Filter, Literal, Operand, SetOp,
    SetOperation, TopPerGroup,
};

use crate::fixture::*;

fn by_customer(outputs: impl IntoIterator<Item = Expr>) -> AnalysisPlan {
    AnalysisPlan {
        group_by: vec![field("customers.id")],
        order: vec![ascending(field("customers.name"))],
        ..plan("customers", outputs)
    }
}

#[tokio::test]
async fn groups_without_rows_are_left_out_or_kept() {
    let orders = by_customer([field("customers.name"), count("orders"), metric("revenue")]);
    assert_eq!(rows(&orders).await, ["Ann|2|150", "Bob|1|70", "Dee|1|30"]);
    let all = AnalysisPlan { keep_empty: true, ..orders };
    assert_eq!(rows(&all).await, ["Ann|2|150", "Bob|1|70", "Cid|0|-", "Dee|1|30"]);
    let north = AnalysisPlan {
        filters: vec![is("customers.region", text("North")), is("orders.status", text("open"))],
        ..all
    };
    assert_eq!(rows(&north).await, ["Ann|0|-", "Cid|0|-"]);
}

#[tokio::test]
async fn groups_with_no_value_are_kept() {
    let by_region = AnalysisPlan {
        order: vec![descending(count("customers")), ascending(field("customers.region"))],
        ..plan("customers", [field("customers.region"), count("customers")])
    };
    assert_eq!(rows(&by_region).await, ["North|2", "-|1", "South|1"]);
}

#[tokio::test]
async fn a_condition_on_the_rows_that_are_listed_makes_groups_of_them() {
    let regions = AnalysisPlan {
        having: vec![compare(count("customers"), CompareOp::GreaterOrEqual, Literal::Integer(2))],
        ..plan("customers", [field("customers.region")])
    };
    assert_eq!(rows(&regions).await, ["North"]);
}

#[tokio::test]
async fn conditions_on_groups_hold_for_groups() {
    let more = AnalysisPlan {
        having: vec![compare(count("orders"), CompareOp::GreaterOrEqual, Literal::Integer(2))],
        ..by_customer([field("customers.name")])
    };
    assert_eq!(rows(&more).await, ["Ann"]);
    // The same among the filters: a condition on an aggregate can be about nothing but groups.
    let same = AnalysisPlan { filters: more.having.clone(), having: vec![], ..more };
    assert_eq!(rows(&same).await, ["Ann"]);
    let above_average = AnalysisPlan {
        having: vec![Filter::Compare {
            left: metric("revenue"),
            op: CompareOp::Greater,
            right: Operand::Scalar(Box::new(AnalysisPlan {
                group_by: vec![field("customers.id")],
                ..plan("customers", [aggregate(AggregateFunction::Average, metric("revenue"))])
            })),
        }],
        ..by_customer([field("customers.name"), metric("revenue")])
    };
    assert_eq!(rows(&above_average).await, ["Ann|150"], "the average of 150, 70 and 30 is 83.3");
}

#[tokio::test]
async fn an_aggregate_of_an_aggregate_is_over_the_groups() {
    let average = AnalysisPlan {
        group_by: vec![field("customers.id")],
        ..plan(
            "customers",
            [
                aggregate(AggregateFunction::Average, count("orders")),
                aggregate(AggregateFunction::Max, metric("revenue")),
            ],
        )
    };
    assert_eq!(rows(&average).await, ["1.333|150"]);
    let with_empty = AnalysisPlan { keep_empty: true, ..average };
    assert_eq!(rows(&with_empty).await, ["1|150"]);
    let by_region = AnalysisPlan {
        group_by: vec![field("customers.id")],
        order: vec![ascending(field("customers.region"))],
        ..plan(
            "customers",
            [field("customers.region"), aggregate(AggregateFunction::Average, metric("revenue"))],
        )
    };
    assert_eq!(rows(&by_region).await, ["-|30", "North|150", "South|70"]);
}

#[tokio::test]
async fn shares_are_of_the_whole_under_the_same_conditions() {
    let total = Expr::Total { of: Box::new(metric("revenue")) };
    let share = AnalysisPlan {
        filters: vec![is("orders.status", text("paid"))],
        order: vec![ascending(field("customers.name"))],
        ..plan(
            "orders",
            [
                field("customers.name"),
                arithmetic(metric("revenue"), ArithmeticOp::Divide, total.clone()),
                total,
            ],
        )
    };
    // 100 + 50 + 30 + 20 are paid, 20 of it by nobody known.
    assert_eq!(rows(&share).await, ["Ann|0.75|200", "Dee|0.15|200"]);
}

#[tokio::test]
async fn an_aggregate_over_some_rows_stands_beside_one_over_others() {
    let only = |status: &str| Expr::Where {
        of: Box::new(metric("revenue")),
        filters: vec![is("orders.status", text(status))],
        time: None,
    };
    let both = AnalysisPlan {
        order: vec![ascending(field("customers.name"))],
        ..plan("orders", [field("customers.name"), only("paid"), only("open"), count("orders")])
    };
    assert_eq!(rows(&both).await, ["Ann|150|0|2", "Bob|0|70|1", "Dee|30|0|1"]);
    let windows = |start: &str, end: &str| Expr::Where {
        of: Box::new(metric("revenue")),
        filters: vec![],
        time: Some(during("orders.order_date", start, end)),
    };
    let (january, february) = (windows("2025-01-01", "2025-02-01"), windows("2025-02-01", "2025-03-01"));
    let change = arithmetic(february.clone(), ArithmeticOp::Subtract, january.clone());
    assert_eq!(rows(&plan("orders", [january, february, change])).await, ["100|120|20"]);
    let tickets = Expr::Where {
        of: Box::new(count("customers")),
        filters: vec![Filter::Related {
            dataset: "tickets".into(),
            filters: vec![],
            time: None,
            negated: true,
        }],
        time: None,
    };
    let share = arithmetic(tickets, ArithmeticOp::Divide, count("customers"));
    assert_eq!(rows(&plan("customers", [share])).await, ["0.5"]);
}

#[tokio::test]
async fn a_metric_keeps_its_own_condition() {
    assert_eq!(rows(&plan("orders", [metric("paid_revenue")])).await, ["200"]);
    assert!(sql(&plan("orders", [metric("paid_revenue")])).contains("WHERE"));
    assert_eq!(rows(&plan("orders", [metric("paid_revenue"), metric("revenue")])).await, ["200|270"]);
    assert_eq!(rows(&plan("orders", [metric("orders_per_customer")])).await, ["1.667"]);
}

#[tokio::test]
async fn the_first_of_each_group_keep_their_ties() {
    let best = AnalysisPlan {
        top_per_group: Some(TopPerGroup {
            partition: vec![field("customers.region")],
            order: vec![descending(count("tickets"))],
            count: 1,
        }),
        ..plan("customers", [field("customers.region"), field("customers.name"), count("tickets")])
    };
    assert_eq!(rows(&best).await, ["North|Ann|2"]);
    let dearest = AnalysisPlan {
        top_per_group: Some(TopPerGroup {
            partition: vec![field("staff.name@staff_boss")],
            order: vec![descending(field("staff.salary"))],
            count: 1,
        }),
        ..plan("staff", [field("staff.name@staff_boss"), field("staff.name")])
    };
    assert_eq!(rows(&dearest).await, ["Yan|Wu", "Zoe|Yan"]);
}

#[tokio::test]
async fn rows_of_two_plans_are_united_intersected_and_subtracted() {
    let named =
        |filters: Vec<Filter>| AnalysisPlan { filters, ..plan("customers", [field("customers.name")]) };
    let combined = |op: SetOp| AnalysisPlan {
        set: Some(SetOperation { op, with: Box::new(named(vec![is("customers.region", text("North"))])) }),
        order: vec![ascending(field("customers.name"))],
        ..named(vec![is("customers.vip", Literal::Boolean(true))])
    };
    assert_eq!(rows(&combined(SetOp::Union)).await, ["Ann", "Cid", "Dee"]);
    assert_eq!(rows(&combined(SetOp::Intersect)).await, ["Ann"]);
    assert_eq!(rows(&combined(SetOp::Except)).await, ["Dee"]);
    let first = AnalysisPlan { limit: Some(2), ..combined(SetOp::Union) };
    assert_eq!(rows(&first).await, ["Ann", "Cid"]);
    let cheapest = AnalysisPlan {
        order: vec![ascending(field("products.cost"))],
        limit: Some(1),
        ..plan("products", [field("products.name")])
    };
    let with_limit = AnalysisPlan {
        set: Some(SetOperation { op: SetOp::Union, with: Box::new(cheapest) }),
        order: vec![ascending(field("customers.name"))],
        ..named(vec![is("customers.region", text("South"))])
    };
    assert_eq!(rows(&with_limit).await, ["Bob", "Pen"]);
}

#[tokio::test]
async fn several_groups_and_nothing_else_are_listed_once_each() {
    let pairs = AnalysisPlan {
        distinct: true,
        order: vec![ascending(field("orders.status")), ascending(field("customers.region"))],
        ..plan("orders", [field("orders.status"), field("customers.region")])
    };
    assert_eq!(rows(&pairs).await, ["open|South", "paid|-", "paid|North"]);
    let grouped = AnalysisPlan { distinct: false, group_by: vec![field("orders.status")], ..pairs };
    assert_eq!(rows(&grouped).await, ["open|South", "paid|-", "paid|North"]);
}
