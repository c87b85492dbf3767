//! The main job end to end on the sample business, each answer checked against SQL written by hand.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::date;
use medha_agents::analyst::{Analyst, AnalystOptions, Answer, AnswerOutcome, AskRequest, Note, Panel};
use medha_agents::chart::ChartKind;
use medha_agents::insight::FindingKind;
use medha_agents::planner::{Correction, Planner};
use medha_agents::semantic::ossie;
use medha_connectors::{Connector, Dialect, Guard, QueryOptions, Schema, SqliteConnector, Value, sample};
use tokio::sync::OnceCell;

const REVENUE: &str = "sum(i.quantity * i.unit_price * (1 - i.discount))";
const COMPLETED: &str = "from order_items i join orders o on o.order_id = i.order_id
    join products p on p.product_id = i.product_id join customers c on c.customer_id = o.customer_id
    where o.status = 'completed'";

#[tokio::test]
async fn the_top_products_of_last_quarter_are_the_ones_sql_finds() {
    let answer = ask("What were our top 5 products by revenue last quarter?").await;
    let panel = only_panel(&answer);
    let expected = by_hand(&format!(
        "select p.product_name, {REVENUE} r {COMPLETED} and o.ordered_at >= '2025-07-01' and o.ordered_at < '2025-10-01'
         group by p.product_id order by r desc limit 5"
    ))
    .await;
    assert_eq!(expected.len(), 5);
    assert_same_rows(&panel.result.rows, &expected);
    assert_eq!(panel.chart.kind, ChartKind::Bar);
}

#[tokio::test]
async fn total_sales_this_year_are_a_card_with_the_change_against_last_year() {
    let answer = ask("What are our total sales this year?").await;
    let panel = only_panel(&answer);
    let year = |year: i32| {
        format!(
            "select {REVENUE} {COMPLETED} and o.ordered_at >= '{year}-01-01' and o.ordered_at < '{}-01-01'
             and strftime('%m-%d', o.ordered_at) <= '11-15'",
            year + 1
        )
    };
    let (this, last) = (by_hand(&year(2025)).await, by_hand(&year(2024)).await);
    assert_same_rows(&panel.result.rows, &this);
    assert_eq!(panel.chart.kind, ChartKind::Metric);

    let change = panel.insights.iter().find(|finding| finding.kind == FindingKind::Change).expect("a change");
    let expected = 100.0 * (number(&this[0][0]) / number(&last[0][0]) - 1.0);
    let found = change.evidence.values().any(|value| (value - expected).abs() < 0.05);
    assert!(found, "{expected} % is not in {change:?}");
}

#[tokio::test]
async fn segments_by_profit_and_their_trends_are_two_panels() {
    let answer =
        ask("Which customer segments are most profitable and show me trends over the last 6 months").await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered, "{answer:#?}");
    let [segments, trends] = answer.panels.as_slice() else {
        panic!("two panels, not {}", answer.panels.len());
    };
    let profit = "sum(i.quantity * i.unit_price * (1 - i.discount)) - sum(i.quantity * p.unit_cost)";
    assert_eq!(segments.chart.kind, ChartKind::Bar);
    assert_eq!(trends.chart.kind, ChartKind::Line);
    assert!(trends.chart.color.is_some(), "a line for each segment");

    // The window of the trend may or may not hold for the ranking too; the order of the segments is the same in both.
    let ranked =
        by_hand(&format!("select c.segment, {profit} r {COMPLETED} group by 1 order by r desc")).await;
    let names = |rows: &[Vec<Value>]| rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    assert_eq!(names(&segments.result.rows), names(&ranked));

    let months = by_hand(&format!(
        "select strftime('%Y-%m', o.ordered_at) m, c.segment, {profit} {COMPLETED}
         and o.ordered_at >= '2025-05-16' and o.ordered_at < '2025-12-01' group by 1, 2"
    ))
    .await;
    assert!(trends.result.rows.len() >= 6 * ranked.len() - 2, "{} rows", trends.result.rows.len());
    // October is whole in any reading of "the last 6 months".
    for expected in months.iter().filter(|row| row[0] == Value::Text("2025-10".into())) {
        let has =
            |row: &Vec<Value>| expected.iter().all(|wanted| row.iter().any(|value| is_same(value, wanted)));
        assert!(trends.result.rows.iter().any(has), "{expected:?} is not among {:?}", trends.result.rows);
    }
}

#[tokio::test]
async fn a_misspelt_metric_is_mended_and_said() {
    let answer = ask("Show me revenu by product category").await;
    let panel = only_panel(&answer);
    let expected = by_hand(&format!("select p.category, {REVENUE} r {COMPLETED} group by 1")).await;
    assert_same_bag(&panel.result.rows, &expected);
    let mended = Note::Mended(Correction { from: "revenu".into(), to: "revenue".into() });
    assert!(answer.notes.contains(&mended), "{:?}", answer.notes);
}

#[tokio::test]
async fn a_column_that_the_model_misnames_is_recovered_and_said() {
    let stale = sample::MODEL.replace("expression: category}", "expression: categorie}");
    assert_ne!(stale, sample::MODEL, "the model has changed; this test must follow it");
    let answer = analyst(&stale).await.ask(request("Show me revenue by product category")).await;
    let panel = only_panel(&answer);
    let expected = by_hand(&format!("select p.category, {REVENUE} r {COMPLETED} group by 1")).await;
    assert_same_bag(&panel.result.rows, &expected);
    let is_said = |note: &Note| matches!(note, Note::Mended(mended) if mended.from.contains("categorie"));
    assert!(answer.notes.iter().any(is_said), "{:?}", answer.notes);
}

#[tokio::test]
async fn every_follow_up_can_be_answered() {
    for question in [
        "What were our top 5 products by revenue last quarter?",
        "What are our total sales this year?",
        "How many support tickets were opened per month?",
    ] {
        let answer = ask(question).await;
        assert!(!answer.follow_ups.is_empty(), "{question}");
        for follow_up in &answer.follow_ups {
            let next = ask(follow_up).await;
            assert_eq!(next.outcome, AnswerOutcome::Answered, "{question} -> {follow_up}");
        }
    }
}

#[tokio::test]
async fn what_the_sample_cannot_tell_is_not_guessed() {
    for question in [
        "How many employees work in each store?",
        "Delete all orders from last year",
        "What will revenue be next year?",
        "What was revenue in 1999?",
        "Combien de clients avons-nous en France ?",
        "asdf qwer zxcv",
    ] {
        let answer = ask(question).await;
        assert!(
            matches!(answer.outcome, AnswerOutcome::Abstained(_) | AnswerOutcome::Refused { .. }),
            "{question}: {:?}",
            answer.outcome
        );
    }
}

async fn ask(question: &str) -> Answer {
    analyst(sample::MODEL).await.ask(request(question)).await
}

fn request(question: &str) -> AskRequest {
    AskRequest { now: Some(date(2025, 11, 16).at(9, 0, 0, 0)), ..AskRequest::new(question) }
}

async fn analyst(model: &str) -> Analyst {
    let business = business().await;
    let connector = SqliteConnector::open(&business.path).await.unwrap();
    let mut model = ossie::read(model).unwrap();
    model.observe(&business.schema);
    let model = Arc::new(model);
    let planner = Arc::new(Planner::new(Arc::clone(&model)));
    let schema = Arc::clone(&business.schema);
    Analyst::with_planner(Arc::new(connector), schema, model, planner, AnalystOptions::default()).unwrap()
}

struct Business {
    _folder: tempfile::TempDir,
    path: PathBuf,
    schema: Arc<Schema>,
}

/// The sample that ends on 15 November 2025, made and described once.
async fn business() -> &'static Business {
    static BUSINESS: OnceCell<Business> = OnceCell::const_new();
    let made = BUSINESS.get_or_init(|| async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.sqlite");
        sample::generate(&path, 7, date(2025, 11, 15)).await.unwrap();
        let schema = SqliteConnector::open(&path).await.unwrap().schema().await.unwrap();
        Business { _folder: folder, path, schema: Arc::new(schema) }
    });
    made.await
}

/// Runs SQL that a person wrote, past the planner.
async fn by_hand(sql: &str) -> Vec<Vec<Value>> {
    let business = business().await;
    let connector = SqliteConnector::open(&business.path).await.unwrap();
    let guard = Guard::new(Dialect::Sqlite, Arc::clone(&business.schema));
    let guarded = guard.check(sql, 10_000).unwrap();
    connector.query(&guarded, QueryOptions::default()).await.unwrap().collect().await.unwrap().rows
}

fn only_panel(answer: &Answer) -> &Panel {
    assert_eq!(answer.outcome, AnswerOutcome::Answered, "{answer:#?}");
    assert_eq!(answer.panels.len(), 1);
    &answer.panels[0]
}

fn assert_same_rows(found: &[Vec<Value>], expected: &[Vec<Value>]) {
    let is_same_row = |found: &Vec<Value>, expected: &Vec<Value>| {
        found.len() == expected.len() && found.iter().zip(expected).all(|(one, other)| is_same(one, other))
    };
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(one, other)| is_same_row(one, other));
    assert!(same, "found {found:#?}\nexpected {expected:#?}");
}

fn assert_same_bag(found: &[Vec<Value>], expected: &[Vec<Value>]) {
    let sorted = |rows: &[Vec<Value>]| {
        let mut rows = rows.to_vec();
        rows.sort_by_key(|row| format!("{:?}", row[0]));
        rows
    };
    assert_same_rows(&sorted(found), &sorted(expected));
}

/// Sums in another order differ in the last digits.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one == other,
        _ => (number(one) - number(other)).abs() <= 1e-6 * number(other).abs().max(1.0),
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        _ => f64::NAN,
    }
}
