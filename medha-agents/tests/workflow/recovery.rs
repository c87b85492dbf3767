//! Words and names that are mended, and those that are not.

use medha_agents::analyst::{AnswerOutcome, Note};
use medha_agents::planner::{Correction, Understanding};
use medha_connectors::Value;

use crate::shop::*;

fn misspelt(from: &str, to: &str) -> Understanding {
    Understanding::Misspelt { corrections: vec![Correction { from: from.into(), to: to.into() }] }
}

fn mended(from: &str, to: &str) -> Note {
    Note::Mended(Correction { from: from.into(), to: to.into() })
}

fn smb_first() -> [[Value; 2]; 2] {
    [
        [Value::Text("SMB".into()), Value::Float(1125.0)],
        [Value::Text("Enterprise".into()), Value::Float(325.0)],
    ]
}

#[tokio::test]
async fn misspelt_words_are_mended_and_said() {
    let script = [
        ("Show me revenu by segmnt", misspelt("revenu", "revenue")),
        ("Show me revenue by segmnt", misspelt("segmnt", "segment")),
        ("Show me revenue by segment", planned([by_segment()])),
    ];
    let answer = Shop::open(script).await.ask("Show me revenu by segmnt").await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    assert_eq!(answer.question, "Show me revenu by segmnt");
    assert_eq!(answer.notes, [mended("revenu", "revenue"), mended("segmnt", "segment")]);
    assert_eq!(answer.panels[0].result.rows, smb_first());
}

#[tokio::test]
async fn a_planner_that_always_corrects_is_stopped() {
    let script = [("a", misspelt("a", "b")), ("b", misspelt("b", "a"))];
    let answer = Shop::open(script).await.ask("a").await;
    let AnswerOutcome::Abstained(abstention) = answer.outcome else { panic!() };
    assert_eq!(abstention.reason, "some words of the question are not known");
}

#[tokio::test]
async fn a_column_that_was_renamed_is_found_under_its_new_name() {
    let shop = Shop::open([("by segment?", planned([by_segment()]))]).await;
    shop.run("ALTER TABLE orders RENAME COLUMN amount TO total_amount; ALTER TABLE customers RENAME COLUMN segment TO customer_segment").await;
    let answer = shop.ask("by segment?").await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered, "{answer:?}");
    assert_eq!(answer.panels[0].result.rows, smb_first());
    assert!(answer.notes.contains(&mended("amount", "total_amount")), "{:?}", answer.notes);
    assert!(answer.notes.contains(&mended("segment", "customer_segment")), "{:?}", answer.notes);
    assert!(answer.panels[0].sql.contains("total_amount"), "{}", answer.panels[0].sql);
}

#[tokio::test]
async fn a_table_that_was_renamed_is_found_under_its_new_name() {
    let shop = Shop::open([("by segment?", planned([by_segment()]))]).await;
    shop.run("ALTER TABLE orders RENAME TO shop_orders").await;
    let answer = shop.ask("by segment?").await;
    assert_eq!(
        answer.panels.first().map(|panel| panel.result.rows.as_slice()),
        Some(&smb_first().map(Vec::from)[..]),
        "{answer:?}"
    );
    assert_eq!(answer.notes, [mended("orders", "shop_orders")]);
}

#[tokio::test]
async fn a_database_that_changes_under_a_running_analyst_is_read_again() {
    let shop = Shop::open([("by segment?", planned([by_segment()]))]).await;
    let analyst = shop.analyst().await;
    shop.run("ALTER TABLE orders RENAME COLUMN amount TO order_amount").await;
    let answer = analyst.ask(asking("by segment?")).await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered, "{answer:?}");
    assert_eq!(answer.notes, [mended("amount", "order_amount")]);
    assert_eq!(answer.panels[0].result.rows, smb_first());
}

#[tokio::test]
async fn a_name_with_nothing_near_is_not_guessed() {
    let shop = Shop::open([("by segment?", planned([by_segment()]))]).await;
    shop.run("ALTER TABLE orders RENAME COLUMN amount TO xyz").await;
    let answer = shop.ask("by segment?").await;
    let AnswerOutcome::Failed { message, hint } = &answer.outcome else { panic!("{answer:?}") };
    assert!(message.starts_with("the semantic model speaks of the column \"amount\""), "{message}");
    assert_eq!(hint.as_deref(), Some("the database has changed: bring the model up to date"));
    assert_eq!(answer.notes, []);
}

#[tokio::test]
async fn one_part_that_fails_leaves_the_others_standing() {
    let shop = Shop::open([("both?", planned([by_segment(), notes()]))]).await;
    shop.run("ALTER TABLE orders RENAME COLUMN amount TO xyz").await;
    let answer = shop.ask("both?").await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    assert_eq!(answer.panels.len(), 1);
    assert_eq!(answer.panels[0].step, notes());
    let [Note::Remark { text }] = answer.notes.as_slice() else { panic!("{:?}", answer.notes) };
    assert!(text.starts_with("revenue by segment is missing: "), "{text}");
}
