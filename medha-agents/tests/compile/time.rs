//! Windows of time, buckets and parts.

use medha_agents::plan::{AggregateFunction, AnalysisPlan, DatePart, Expr, Filter, Grain, compile};
use medha_agents::semantic::{SemanticModel, Weekday};
use medha_connectors::Dialect;

use crate::fixture::*;

#[tokio::test]
async fn windows_are_half_open() {
    let within = |start: &str, end: &str| AnalysisPlan {
        time: Some(during("tickets.opened_at", start, end)),
        ..plan("tickets", [count("tickets")])
    };
    assert_eq!(rows(&within("2025-01-01", "2025-02-06")).await, ["1"]);
    assert_eq!(rows(&within("2025-01-01", "2025-02-07")).await, ["2"], "a second before midnight is inside");
    assert_eq!(
        rows(&within("2025-02-06T23:59:59", "2025-02-28T10:00:00")).await,
        ["1"],
        "the end is outside"
    );
    assert_eq!(rows(&within("", "2025-02-01")).await, ["1"]);
    assert_eq!(rows(&within("2025-02-01", "")).await, ["2"]);
    assert_eq!(
        error(&within("", "")),
        "the plan cannot be compiled: the window \"\" has neither start nor end"
    );
}

#[tokio::test]
async fn years_stored_as_numbers_are_compared_as_numbers() {
    let born = AnalysisPlan {
        time: Some(during("customers.born", "1980-01-01", "1986-01-01")),
        ..plan("customers", [count("customers")])
    };
    assert!(sql(&born).contains("\"born\" >= 1980 AND \"customers\".\"born\" <= 1985"), "{}", sql(&born));
    assert_eq!(rows(&born).await, ["3"]);
    let by_year = AnalysisPlan {
        order: vec![ascending(bucket("customers.born", Grain::Year))],
        ..plan("customers", [bucket("customers.born", Grain::Year), count("customers")])
    };
    assert_eq!(rows(&by_year).await, ["1980|2", "1985|1", "1990|1"]);
    assert_eq!(
        error(&plan("customers", [bucket("customers.born", Grain::Month), count("customers")])),
        "the plan cannot be compiled: \"customers.born\" holds years and nothing finer; ask by year"
    );
}

#[tokio::test]
async fn moments_are_cut_to_every_grain() {
    let first = |grain: Grain| AnalysisPlan {
        filters: vec![Filter::During(during("orders.order_date", "2025-02-05", "2025-02-06"))],
        ..plan("orders", [bucket("orders.order_date", grain), count("orders")])
    };
    for (grain, label) in [
        (Grain::Day, "2025-02-05|1"),
        (Grain::Week, "2025-02-03|1"),
        (Grain::Month, "2025-02|1"),
        (Grain::Quarter, "2025-Q1|1"),
        (Grain::Year, "2025|1"),
    ] {
        assert_eq!(rows(&first(grain)).await, [label], "{grain:?}");
    }
}

#[tokio::test]
async fn parts_recur() {
    let part = |part: DatePart| AnalysisPlan {
        filters: vec![is("tickets.status", super::fixture::text("closed"))],
        ..plan("tickets", [Expr::Part { field: at("tickets.opened_at"), part }, count("tickets")])
    };
    // 2025-01-11 is a Saturday.
    for (which, value) in [
        (DatePart::HourOfDay, "9|1"),
        (DatePart::DayOfWeek, "6|1"),
        (DatePart::DayOfMonth, "11|1"),
        (DatePart::MonthOfYear, "1|1"),
        (DatePart::QuarterOfYear, "1|1"),
        (DatePart::Year, "2025|1"),
    ] {
        assert_eq!(rows(&part(which)).await, [value], "{which:?}");
    }
}

#[tokio::test]
async fn days_between_two_moments_are_averaged() {
    let days = Expr::DaysBetween { from: at("tickets.opened_at"), to: at("tickets.closed_at") };
    assert_eq!(rows(&plan("tickets", [aggregate(AggregateFunction::Average, days)])).await, ["2"]);
}

#[test]
fn each_database_cuts_time_its_own_way() {
    let weekly = plan("orders", [bucket("orders.order_date", Grain::Week), metric("revenue")]);
    let starting = |weekday: Weekday| {
        let mut model: SemanticModel = model();
        model.calendar.week_start = weekday;
        move |dialect: Dialect| {
            let sql = compile(&weekly.clone(), &model, dialect).unwrap().sql;
            sql.lines().next().unwrap_or_default().to_owned()
        }
    };
    let monday = starting(Weekday::Monday);
    for (dialect, line) in [
        (
            Dialect::Sqlite,
            "SELECT date(\"orders\".\"order_date\", 'weekday 0', '-6 days') AS \"a\", SUM(\"orders\".\"total\") AS \"b\"",
        ),
        (
            Dialect::Postgres,
            "SELECT to_char(date_trunc('week', \"orders\".\"order_date\"), 'YYYY-MM-DD') AS \"a\", \
             SUM(\"orders\".\"total\") AS \"b\"",
        ),
        (
            Dialect::MySql,
            "SELECT DATE_FORMAT(DATE_SUB(`orders`.`order_date`, INTERVAL WEEKDAY(`orders`.`order_date`) DAY), \
             '%Y-%m-%d') AS `a`, SUM(`orders`.`total`) AS `b`",
        ),
        (
            Dialect::BigQuery,
            "SELECT FORMAT_DATETIME('%Y-%m-%d', DATETIME_SUB(CAST(`orders`.`order_date` AS DATETIME), INTERVAL \
             MOD(EXTRACT(DAYOFWEEK FROM CAST(`orders`.`order_date` AS DATETIME)) + 5, 7) DAY)) AS `a`, \
             SUM(`orders`.`total`) AS `b`",
        ),
    ] {
        assert_eq!(monday(dialect), line);
    }
}

#[test]
fn each_dialect_cuts_time_in_its_own_words() {
    let by_week = plan("orders", [bucket("orders.order_date", Grain::Week), count("orders")]);
    let written = |dialect| compile(&by_week, &model(), dialect).unwrap().sql;
    let duckdb = written(Dialect::DuckDb);
    assert!(
        duckdb.contains(
            "strftime(date_trunc('week', CAST(\"orders\".\"order_date\" AS TIMESTAMP)), '%Y-%m-%d')"
        ),
        "{duckdb}"
    );
    let snowflake = written(Dialect::Snowflake);
    let moment = "CAST(\"orders\".\"order_date\" AS TIMESTAMP_NTZ)";
    let days = format!("MOD(DAYOFWEEKISO({moment}) + 6, 7)");
    assert!(
        snowflake.contains(&format!("TO_CHAR(DATEADD(day, -{days}, {moment}), 'YYYY-MM-DD')")),
        "{snowflake}"
    );
    // Their groups come in any order.
    assert!(
        duckdb.ends_with("ORDER BY \"a\", \"b\"") && snowflake.ends_with("ORDER BY \"a\", \"b\""),
        "{duckdb}"
    );
}
