//! No row is counted twice, whatever the groups.

use medha_agents::plan::{AggregateFunction, AnalysisPlan, Grain};

use crate::fixture::*;

#[tokio::test]
async fn a_metric_split_by_something_finer_is_taken_from_its_lines() {
    // Orders sum to 270, and so do their lines; joined to lines, order totals would sum to 490.
    let by_product = AnalysisPlan {
        order: vec![ascending(field("products.name"))],
        ..plan("orders", [field("products.name"), metric("revenue")])
    };
    assert_eq!(rows(&by_product).await, ["Desk|80", "Lamp|120", "Pen|70"]);
    assert_eq!(rows(&plan("orders", [metric("revenue")])).await, ["270"]);
}

#[tokio::test]
async fn a_metric_filtered_by_something_finer_is_taken_from_its_lines() {
    let lamps = AnalysisPlan {
        filters: vec![is("products.name", text("Lamp"))],
        ..plan("orders", [metric("revenue")])
    };
    assert_eq!(rows(&lamps).await, ["120"]);
}

#[test]
fn a_sum_that_would_fan_out_is_refused_with_the_reason() {
    let sum = aggregate(AggregateFunction::Sum, field("orders.total"));
    assert_eq!(
        error(&plan("orders", [field("products.name"), sum])),
        "the sum of \"orders.total\" cannot be split by \"lines\": one row of \"orders\" belongs to several rows of \
         \"lines\", so its amount would be counted several times; use a metric of the finer rows"
    );
}

#[tokio::test]
async fn counts_over_the_many_side_count_each_row_once() {
    // Order 1 has two lines and order 2 two: five orders, eight lines.
    let by_product = AnalysisPlan {
        order: vec![ascending(field("products.name"))],
        ..plan("orders", [field("products.name"), count("orders"), count("customers")])
    };
    assert_eq!(rows(&by_product).await, ["Desk|2|2", "Lamp|3|2", "Pen|3|2"]);
}

#[tokio::test]
async fn averages_over_the_many_side_are_over_distinct_rows() {
    // Lamps are in orders 1, 2 and 4: (100 + 50 + 30) / 3.
    let average = aggregate(AggregateFunction::Average, field("orders.total"));
    let by_product = AnalysisPlan {
        order: vec![ascending(field("products.name"))],
        ..plan("orders", [field("products.name"), average])
    };
    assert_eq!(rows(&by_product).await, ["Desk|85", "Lamp|60", "Pen|46.667"]);
}

#[tokio::test]
async fn a_link_of_pairs_splits_a_sum_without_copies() {
    let by_tag = AnalysisPlan {
        group_by: vec![field("tags.id")],
        order: vec![ascending(field("tags.name"))],
        ..plan("lines", [field("tags.name"), metric("line_revenue")])
    };
    assert!(!sql(&by_tag).contains("DISTINCT"), "{}", sql(&by_tag));
    assert_eq!(rows(&by_tag).await, ["gift|190", "home|200", "office|70"]);
    // Grouped by the name alone, two tags of one name could meet: copies are removed.
    let by_name = AnalysisPlan {
        order: vec![ascending(field("tags.name"))],
        ..plan("lines", [field("tags.name"), metric("line_revenue")])
    };
    assert!(sql(&by_name).contains("SELECT DISTINCT"), "{}", sql(&by_name));
    assert_eq!(rows(&by_name).await, ["gift|190", "home|200", "office|70"]);
}

#[tokio::test]
async fn numbers_of_several_datasets_are_aggregated_apart() {
    // Joined, Ann's two orders and two refunds would make four rows: revenue 300 and refunds 12.
    let both = AnalysisPlan {
        order: vec![ascending(field("customers.region"))],
        ..plan(
            "customers",
            [field("customers.region"), metric("revenue"), metric("refunded"), count("tickets")],
        )
    };
    assert_eq!(rows(&both).await, ["-|30|-|0", "North|150|6|3", "South|70|7|0"]);
}

#[tokio::test]
async fn a_metric_over_two_datasets_is_made_of_both() {
    let net = AnalysisPlan {
        order: vec![ascending(field("customers.region"))],
        ..plan("customers", [field("customers.region"), metric("net")])
    };
    assert_eq!(rows(&net).await, ["-|-", "North|144", "South|63"]);
    assert_eq!(rows(&plan("customers", [metric("net")])).await, ["257"]);
}

#[tokio::test]
async fn each_dataset_is_counted_at_its_own_time() {
    let monthly = AnalysisPlan {
        time: Some(during("orders.order_date", "2025-02-01", "2025-04-01")),
        order: vec![ascending(bucket("orders.order_date", Grain::Month))],
        ..plan("orders", [bucket("orders.order_date", Grain::Month), metric("revenue"), metric("refunded")])
    };
    assert_eq!(rows(&monthly).await, ["2025-02|120|5", "2025-03|50|8"]);
}

#[tokio::test]
async fn a_number_over_what_rows_refer_to_keeps_rows_that_refer_to_nothing() {
    // Order 5 has no customer; it still is revenue.
    assert_eq!(rows(&plan("lines", [metric("margin")])).await, ["152"]);
    let by_rep = AnalysisPlan {
        order: vec![ascending(field("staff.name@orders_rep"))],
        ..plan("orders", [field("staff.name@orders_rep"), metric("revenue")])
    };
    assert_eq!(rows(&by_rep).await, ["Xi|100", "Yan|150"]);
}

#[tokio::test]
async fn the_middle_value_is_taken_of_each_group() {
    let median = aggregate(AggregateFunction::Median, field("orders.total"));
    assert_eq!(rows(&plan("orders", [median.clone()])).await, ["50"]);
    let by_status = AnalysisPlan {
        order: vec![ascending(field("orders.status"))],
        ..plan("orders", [field("orders.status"), median.clone(), count("orders")])
    };
    assert_eq!(rows(&by_status).await, ["open|70|1", "paid|40|4"]);
    let by_product = AnalysisPlan {
        order: vec![ascending(field("products.name"))],
        ..plan("orders", [field("products.name"), median])
    };
    assert_eq!(rows(&by_product).await, ["Desk|85", "Lamp|50", "Pen|50"]);
}
