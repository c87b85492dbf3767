//! Questions that are answered.

use std::sync::Arc;

use medha_agents::analyst::{AnswerOutcome, AskRequest, Note};
use medha_agents::chart::ChartKind;
use medha_agents::insight::FindingKind;
use medha_connectors::{Connector, Truncation, Value};

use crate::shop::*;

#[tokio::test]
async fn a_number_is_a_card_with_its_change_against_the_same_span_of_last_year() {
    let shop = Shop::open([("sales this year?", planned([this_year(total())]))]).await;
    let answer = shop.ask("sales this year?").await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    let [panel] = answer.panels.as_slice() else { panic!("{answer:?}") };
    assert_eq!(panel.result.rows, [[Value::Float(300.0)]]);
    assert_eq!(panel.chart.kind, ChartKind::Metric);
    assert_eq!(panel.insights[0].text, "Revenue is $300, this year (2025).");
    assert!(
        panel.insights[1]
            .text
            .starts_with("It cannot be compared with the period before (1 Jan to 5 Apr 2024)"),
        "the data begins on 10 February 2024: {}",
        panel.insights[1].text
    );

    shop.run("INSERT INTO orders VALUES (8, 1, '2023-01-01', 0, NULL)").await;
    let answer = shop.ask("sales this year?").await;
    let change = &answer.panels[0].insights[1];
    assert_eq!(change.kind, FindingKind::Change);
    assert_eq!(
        change.text,
        "That is so far (1 Jan to 5 Apr 2025) 100.0% more than in the same span of the year before (1 Jan to 5 Apr 2024): $150."
    );
    assert_eq!(change.evidence["change_percent"], 100.0);
    let compared = answer.panels[0].compared_with.as_ref().expect("a second query");
    assert!(compared.sql.contains("2024-04-06"), "{}", compared.sql);
}

#[tokio::test]
async fn two_steps_are_two_panels_in_the_order_of_the_plan() {
    let shop = Shop::open([("which segments, and the trend?", planned([by_segment(), by_month()]))]).await;
    let answer = shop.ask("which segments, and the trend?").await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    let kinds: Vec<ChartKind> = answer.panels.iter().map(|panel| panel.chart.kind).collect();
    assert_eq!(kinds, [ChartKind::Bar, ChartKind::Line]);
    assert_eq!(
        answer.panels[0].result.rows,
        [
            [Value::Text("SMB".into()), Value::Float(1125.0)],
            [Value::Text("Enterprise".into()), Value::Float(325.0)],
        ]
    );
    assert_eq!(
        answer.panels[0].insights[0].text,
        "SMB leads in revenue with $1,125, 246.2% above Enterprise ($325)."
    );
    assert_eq!(answer.panels[1].result.rows.len(), 7);
    assert_eq!(answer.turn().steps, [by_segment(), by_month()]);
}

#[tokio::test]
async fn a_dry_run_plans_and_guards_and_asks_nothing() {
    let shop = Shop::open([("sales by segment?", planned([by_segment()]))]).await;
    let schema = shop.connector().await.schema().await.unwrap();
    let analyst =
        shop.analyst_over(Arc::new(Misbehaving { schema: schema.clone(), how: How::Untouchable }), schema);
    let answer = analyst.ask(AskRequest { dry_run: true, ..asking("sales by segment?") }).await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    assert!(answer.panels[0].sql.contains("LIMIT 10001"), "as the guard wrote it: {}", answer.panels[0].sql);
    assert!(answer.panels[0].result.rows.is_empty());
    assert!(answer.panels[0].insights.is_empty());
}

#[tokio::test]
async fn more_rows_than_wanted_are_said_to_be_more() {
    let shop = Shop::open([("sales by month?", planned([by_month()]))]).await;
    let answer =
        shop.analyst().await.ask(AskRequest { max_rows: Some(3), ..asking("sales by month?") }).await;
    let panel = &answer.panels[0];
    assert_eq!((panel.result.rows.len(), panel.result.truncated), (3, Some(Truncation::Rows)));
    assert_eq!(panel.insights[0].text, "Only the first 3 rows were read, so sums and shares are not given.");
    assert_eq!(answer.to_json()["truncated"], "rows");
}

#[tokio::test]
async fn an_empty_table_has_no_rows_and_no_sum() {
    let script = [("by segment?", planned([this_year(by_segment())])), ("total?", planned([total()]))];
    let shop = Shop::open(script).await;
    shop.run("DELETE FROM orders").await;
    let answer = shop.ask("by segment?").await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    assert_eq!(answer.panels[0].chart.kind, ChartKind::Table);
    assert_eq!(answer.panels[0].insights[0].text, "There are no rows for this year (2025).");
    let answer = shop.ask("total?").await;
    assert_eq!(answer.panels[0].insights[0].text, "There is no value for revenue: no row has one.");
}

#[tokio::test]
async fn a_column_of_nulls_is_listed_and_summed_without_a_fuss() {
    let shop = Shop::open([("notes?", planned([notes()])), ("by segment?", planned([by_segment()]))]).await;
    let answer = shop.ask("notes?").await;
    assert_eq!(answer.panels[0].insights[0].text, "There are 7 rows.");
    shop.run("UPDATE orders SET amount = NULL").await;
    let answer = shop.ask("by segment?").await;
    assert_eq!(answer.panels[0].chart.kind, ChartKind::Table);
    assert_eq!(answer.panels[0].insights[0].text, "There is no value for revenue in any of the 2 rows.");
}

#[tokio::test]
async fn only_follow_ups_that_lead_on_are_offered() {
    let script = [
        ("by segment?", planned([by_segment()])),
        ("by segment, again?", planned([by_segment()])),
        ("by month?", planned([by_month()])),
        ("total?", planned([total()])),
    ];
    let answer = Shop::open(script).await.ask("by segment?").await;
    assert_eq!(answer.follow_ups, ["by month?", "total?"]);
}

#[tokio::test]
async fn what_was_assumed_is_noted() {
    let mut understanding = planned([total()]);
    if let medha_agents::planner::Understanding::Planned(planned) = &mut understanding {
        planned.assumptions.push("sales means revenue".into());
    }
    let answer = Shop::open([("sales?", understanding)]).await.ask("sales?").await;
    assert_eq!(answer.notes, [Note::Assumed { text: "sales means revenue".into() }]);
}

#[tokio::test]
async fn the_json_has_every_key_it_promises() {
    let shop = Shop::open([("by segment?", planned([this_year(by_segment())]))]).await;
    let json = shop.ask("by segment?").await.to_json();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "question",
        "status",
        "title",
        "plan",
        "sql",
        "columns",
        "rows",
        "row_count",
        "truncated",
        "chart",
        "compared_with",
        "insights",
        "panels",
        "follow_ups",
        "notes",
        "timings",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(json["status"], "answered");
    assert_eq!(json["columns"][1]["name"], "revenue");
    assert_eq!(json["columns"][1]["role"], "measure");
    assert_eq!(json["rows"][0], serde_json::json!(["Enterprise", 225.0]));
    assert_eq!(json["chart"]["kind"], "bar");
    assert_eq!(json["chart"]["spec"]["data"]["name"], "rows");
    assert_eq!(json["panels"][0]["sql"], json["sql"]);
    let steps: Vec<&str> =
        json["timings"].as_array().unwrap().iter().map(|timing| timing["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["plan", "sql", "guard", "execute", "chart", "insight", "follow_ups"]);
    let abstained = shop.ask("what is love?").await.to_json();
    assert_eq!(abstained["status"], "abstained");
    assert_eq!(abstained["sql"], serde_json::Value::Null);
    assert_eq!(abstained["abstention"]["reason"], "\"what is love?\" is not in the script");
}
