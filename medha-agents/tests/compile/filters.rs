//! Conditions on rows.

use medha_agents::plan::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, CompareOp, Expr, Filter, Literal, Operand, TextMatch,
};
use medha_agents::plan::{Grain, Output};

use crate::fixture::*;

fn names(filters: Vec<Filter>) -> AnalysisPlan {
    AnalysisPlan {
        filters,
        order: vec![ascending(field("customers.name"))],
        ..plan("customers", [field("customers.name")])
    }
}

#[tokio::test]
async fn conditions_on_the_many_side_do_not_repeat_rows() {
    // Ann has two paid orders and stands once.
    assert_eq!(rows(&names(vec![is("orders.status", text("paid"))])).await, ["Ann", "Dee"]);
    let count = AnalysisPlan {
        filters: vec![is("orders.status", text("paid"))],
        ..plan("customers", [count("customers")])
    };
    assert_eq!(rows(&count).await, ["2"]);
}

#[tokio::test]
async fn conditions_on_the_same_related_rows_are_met_by_one_of_them() {
    // Ann has a paid order and an order of 2025-02, and the latter is paid; Bob's order of 2025-02 is open.
    let both = vec![
        is("orders.status", text("paid")),
        Filter::During(during("orders.order_date", "2025-02-01", "2025-03-01")),
        is("products.name", text("Pen")),
    ];
    assert_eq!(rows(&names(both.clone())).await, ["Ann"]);
    assert_eq!(sql(&names(both)).matches("FROM \"orders\"").count(), 1);
}

#[tokio::test]
async fn related_rows_exist_or_do_not() {
    let related = |dataset: &str, filters: Vec<Filter>, negated: bool| Filter::Related {
        dataset: dataset.into(),
        filters,
        time: None,
        negated,
    };
    assert_eq!(rows(&names(vec![related("orders", vec![], true)])).await, ["Cid"]);
    assert_eq!(rows(&names(vec![related("tickets", vec![], false)])).await, ["Ann", "Cid"]);
    let desk = vec![is("products.name", text("Desk"))];
    assert_eq!(rows(&names(vec![related("lines", desk.clone(), false)])).await, ["Ann", "Bob"]);
    assert_eq!(rows(&names(vec![related("lines", desk, true)])).await, ["Cid", "Dee"]);
    let march = Filter::Related {
        dataset: "orders".into(),
        filters: vec![],
        time: Some(during("orders.order_date", "2025-03-01", "2025-04-01")),
        negated: false,
    };
    assert_eq!(rows(&names(vec![march])).await, ["Dee"]);
    let bosses = AnalysisPlan {
        filters: vec![related("staff", vec![], false)],
        order: vec![ascending(field("staff.name"))],
        ..plan("staff", [field("staff.name")])
    };
    assert_eq!(rows(&bosses).await, ["Yan", "Zoe"]);
}

#[tokio::test]
async fn related_rows_belong_to_what_the_plan_is_about() {
    let related = |dataset: &str, negated: bool| Filter::Related {
        dataset: dataset.into(),
        filters: vec![],
        time: None,
        negated,
    };
    // Revenue of customers that have orders of 2025-02 at all: January of Ann counts, too.
    let february = Filter::Related {
        dataset: "orders".into(),
        filters: vec![],
        time: Some(during("orders.order_date", "2025-02-01", "2025-03-01")),
        negated: false,
    };
    let revenue = AnalysisPlan { filters: vec![february], ..plan("customers", [metric("revenue")]) };
    assert_eq!(rows(&revenue).await, ["220"]);
    let calm = AnalysisPlan {
        filters: vec![related("tickets", true)],
        keep_empty: true,
        order: vec![ascending(field("customers.name"))],
        ..plan("customers", [field("customers.name"), count("refunds")])
    };
    assert_eq!(rows(&calm).await, ["Bob|1", "Dee|0"]);
}

#[tokio::test]
async fn rows_of_a_dataset_that_is_deleted_by_rule_are_nowhere() {
    // Order 6 is deleted: it is no order of Ann's, no revenue, and no row.
    assert_eq!(rows(&plan("orders", [count("orders"), metric("revenue")])).await, ["5|270"]);
    let march = vec![Filter::During(during("orders.order_date", "2025-03-31", "2025-04-01"))];
    assert!(rows(&names(march)).await.is_empty());
}

#[tokio::test]
async fn alternatives_may_lie_anywhere() {
    let either = Filter::Any(vec![
        is("customers.name", text("Dee")),
        is("tickets.status", text("open")),
        Filter::All(vec![
            is("customers.region", text("South")),
            is("customers.vip", Literal::Boolean(false)),
        ]),
    ]);
    assert_eq!(rows(&names(vec![either.clone()])).await, ["Ann", "Bob", "Cid", "Dee"]);
    assert_eq!(rows(&names(vec![Filter::Not(Box::new(either))])).await, Vec::<String>::new());
    let no_open = Filter::Not(Box::new(Filter::Named("open_tickets".into())));
    assert_eq!(rows(&names(vec![no_open])).await, ["Bob", "Dee"]);
    assert_eq!(rows(&names(vec![Filter::Named("open_tickets".into())])).await, ["Ann", "Cid"]);
}

#[tokio::test]
async fn constants_are_written_as_the_column_stores_them() {
    assert_eq!(rows(&names(vec![is("customers.vip", Literal::Boolean(true))])).await, ["Ann", "Dee"]);
    assert_eq!(rows(&names(vec![is("customers.vip", text("yes"))])).await, ["Ann", "Dee"]);
    assert_eq!(rows(&names(vec![is("customers.born", text("1980"))])).await, ["Ann", "Dee"]);
    let quoted = is("customers.name", text("O'Hara'; DROP TABLE customers --"));
    assert!(sql(&names(vec![quoted.clone()])).contains("'O''Hara''; DROP TABLE customers --'"));
    assert!(rows(&names(vec![quoted])).await.is_empty());
    let number =
        Filter::OneOf { expr: field("customers.name"), values: vec![Literal::Integer(5)], negated: false };
    assert!(sql(&names(vec![number])).contains("= '5'"));
}

#[tokio::test]
async fn text_matches_whatever_its_case_and_its_wildcards() {
    let matching = |kind, text: &str, negated| {
        vec![Filter::Matches { expr: field("customers.name"), kind, text: text.into(), negated }]
    };
    assert_eq!(rows(&names(matching(TextMatch::Contains, "N", false))).await, ["Ann"]);
    assert_eq!(rows(&names(matching(TextMatch::EndsWith, "D", false))).await, ["Cid"]);
    assert_eq!(rows(&names(matching(TextMatch::StartsWith, "b", true))).await, ["Ann", "Cid", "Dee"]);
    assert!(rows(&names(matching(TextMatch::Contains, "%", false))).await.is_empty());
    assert!(rows(&names(matching(TextMatch::Contains, "_", false))).await.is_empty());
}

#[tokio::test]
async fn missing_values_are_found_and_left_out() {
    let missing = |path: &str, negated| vec![Filter::Missing { expr: field(path), negated }];
    assert_eq!(rows(&names(missing("customers.region", false))).await, ["Dee"]);
    assert_eq!(rows(&names(missing("customers.region", true))).await, ["Ann", "Bob", "Cid"]);
    let open =
        AnalysisPlan { filters: missing("tickets.closed_at", false), ..plan("tickets", [count("tickets")]) };
    assert_eq!(rows(&open).await, ["2"]);
}

#[tokio::test]
async fn a_row_is_compared_with_what_another_plan_answers() {
    let average = plan("orders", [aggregate(AggregateFunction::Average, field("orders.total"))]);
    let above = AnalysisPlan {
        filters: vec![Filter::Compare {
            left: field("orders.total"),
            op: CompareOp::Greater,
            right: Operand::Scalar(Box::new(average)),
        }],
        order: vec![descending(field("orders.total"))],
        ..plan("orders", [field("orders.id"), field("orders.total")])
    };
    assert_eq!(rows(&above).await, ["1|100", "3|70"]);
}

#[tokio::test]
async fn a_row_is_compared_with_another_of_its_values() {
    let more = AnalysisPlan {
        filters: vec![Filter::Compare {
            left: field("staff.salary"),
            op: CompareOp::Less,
            right: Operand::Expr(Box::new(arithmetic(
                field("staff.salary@staff_boss"),
                ArithmeticOp::Multiply,
                Expr::Literal(Literal::Number(0.7)),
            ))),
        }],
        order: vec![ascending(field("staff.name"))],
        ..plan("staff", [field("staff.name"), field("staff.name@staff_boss")])
    };
    assert_eq!(rows(&more).await, ["Wu|Yan", "Xi|Zoe"]);
}

#[tokio::test]
async fn rows_are_listed_by_how_many_others_belong_to_them() {
    let orders = |op, number| names(vec![compare(count("orders"), op, Literal::Integer(number))]);
    assert_eq!(rows(&orders(CompareOp::GreaterOrEqual, 2)).await, ["Ann"]);
    assert_eq!(rows(&orders(CompareOp::Less, 2)).await, ["Bob", "Cid", "Dee"]);
    assert_eq!(rows(&orders(CompareOp::Equal, 0)).await, ["Cid"]);
}

#[test]
fn an_unclear_way_is_an_error_that_lists_the_ways() {
    let by_staff = plan("orders", [field("staff.name"), metric("revenue")]);
    assert_eq!(
        error(&by_staff),
        "there are several ways from \"orders\" to \"staff\"; say which one: orders_rep, or orders_packer"
    );
    assert_eq!(
        error(&plan("orders", [field("orders.totl")])),
        "the model has no field \"orders.totl\"; did you mean \"total\"?"
    );
    assert_eq!(
        error(&plan("orders", [metric("revenu")])),
        "the model has no metric \"revenu\"; did you mean \"revenue\"?"
    );
    assert_eq!(error(&plan("orders", [])), "the plan cannot be compiled: it has no outputs");
}

#[tokio::test]
async fn one_way_chosen_for_an_output_holds_for_the_conditions() {
    let packed = AnalysisPlan {
        filters: vec![is("staff.name", text("Xi"))],
        order: vec![ascending(field("orders.id"))],
        ..plan("orders", [field("orders.id"), field("staff.name@orders_packer")])
    };
    assert_eq!(rows(&packed).await, ["1|Xi", "3|Xi", "5|Xi"]);
}

#[tokio::test]
async fn conditions_on_buckets_and_parts_are_conditions_like_others() {
    let february = AnalysisPlan {
        outputs: vec![Output { expr: count("orders"), name: "n".into() }],
        filters: vec![compare(bucket("orders.order_date", Grain::Month), CompareOp::Equal, text("2025-02"))],
        ..plan("orders", [])
    };
    assert_eq!(rows(&february).await, ["2"]);
    let between = AnalysisPlan {
        filters: vec![Filter::Between {
            expr: field("tickets.opened_at"),
            low: text("2025-01-11"),
            high: text("2025-02-06"),
        }],
        ..plan("tickets", [count("tickets")])
    };
    assert_eq!(rows(&between).await, ["2"], "the last day counts to its end");
}
