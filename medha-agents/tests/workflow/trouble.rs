//! Databases that fail, hang or are taken away.

use std::sync::Arc;

use medha_agents::analyst::{AnswerOutcome, AskRequest, EventPayload};
use medha_connectors::Connector;
use tokio_util::sync::CancellationToken;

use crate::shop::*;

async fn misbehaving(how: How) -> (Shop, medha_agents::analyst::Analyst) {
    let shop = Shop::open([
        ("by segment?", planned([by_segment()])),
        ("both?", planned([by_segment(), by_month()])),
    ])
    .await;
    let schema = shop.connector().await.schema().await.unwrap();
    let analyst = shop.analyst_over(Arc::new(Misbehaving { schema: schema.clone(), how }), schema);
    (shop, analyst)
}

#[tokio::test]
async fn the_inside_of_a_statement_is_never_told() {
    let (_shop, analyst) =
        misbehaving(How::Says("near \"FROM\": syntax error in SELECT \"t0\".\"amount\" FROM")).await;
    let answer = analyst.ask(asking("by segment?")).await;
    let AnswerOutcome::Failed { message, .. } = &answer.outcome else { panic!("{answer:?}") };
    assert_eq!(message, "the database could not run the statement made for this question");
    assert_eq!(answer.to_json()["error"]["code"], "failed");
}

#[tokio::test]
async fn a_name_that_only_the_database_misses_is_not_looked_for_without_end() {
    let (_shop, analyst) = misbehaving(How::Says("no such column: t0.amount")).await;
    let answer = analyst.ask(asking("by segment?")).await;
    assert!(matches!(answer.outcome, AnswerOutcome::Failed { .. }), "{answer:?}");
}

#[tokio::test]
async fn cancelling_stops_a_query_that_never_ends() {
    let (_shop, analyst) = misbehaving(How::Silent).await;
    let cancel = CancellationToken::new();
    let mut events = analyst.stream(AskRequest { cancel: cancel.clone(), ..asking("both?") });
    while let Some(event) = events.next().await {
        if matches!(&event.payload, EventPayload::StepStarted { step, .. } if step == "execute") {
            cancel.cancel();
        }
    }
    let answer = events.finished().cloned().expect("the run ended");
    assert_eq!(answer.outcome, AnswerOutcome::Cancelled);
    assert_eq!(answer.to_json()["status"], "cancelled");
}

#[tokio::test]
async fn a_question_that_was_cancelled_before_it_began_asks_nothing() {
    let (_shop, analyst) = misbehaving(How::Silent).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let answer = analyst.ask(AskRequest { cancel, ..asking("by segment?") }).await;
    assert_eq!(answer.outcome, AnswerOutcome::Cancelled);
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_the_analyst_usable() {
    let (_shop, analyst) = misbehaving(How::Silent).await;
    let mut events = analyst.stream(asking("by segment?"));
    while let Some(event) = events.next().await {
        if matches!(&event.payload, EventPayload::StepStarted { step, .. } if step == "execute") {
            break;
        }
    }
    drop(events);
    let answer = analyst.ask(AskRequest { dry_run: true, ..asking("by segment?") }).await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
}
