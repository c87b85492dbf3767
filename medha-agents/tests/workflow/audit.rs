//! The audit record: a line for every statement, whatever becomes of it, and no answer without one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use medha_agents::analyst::{Analyst, AnswerOutcome, AskRequest, AuditTrail, EventPayload};
use medha_connectors::Connector;
use medha_connectors::audit::{AuditLog, AuditRecord, Decision, verify};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::shop::*;

/// An analyst that notes what it asks, its database misbehaving if one says how, and where it notes it.
async fn noting(how: Option<How>) -> (Shop, Analyst, TempDir, PathBuf) {
    let script = [("by segment?", planned([by_segment()])), ("both?", planned([by_segment(), by_month()]))];
    let shop = Shop::open(script).await;
    let sound = shop.connector().await;
    let schema = sound.schema().await.unwrap();
    let connector: Arc<dyn Connector> = match how {
        Some(how) => Arc::new(Misbehaving { schema: schema.clone(), how }),
        None => Arc::new(sound),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let trail = AuditTrail::new(Arc::new(AuditLog::open(&path).unwrap()), "ada", "shop");
    let analyst = shop.analyst_noting(connector, schema, Some(trail));
    (shop, analyst, folder, path)
}

fn noted(path: &Path) -> Vec<AuditRecord> {
    verify(path, None).unwrap();
    let record = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        serde_json::from_value(line["record"].clone()).unwrap()
    };
    fs::read_to_string(path).unwrap().lines().map(record).collect()
}

#[tokio::test]
async fn what_was_asked_sent_and_read_is_noted_of_every_statement() {
    let (_shop, analyst, _folder, path) = noting(None).await;
    let answer = analyst.ask(asking("both?")).await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    let noted = noted(&path);
    assert!(noted.len() >= 2, "{noted:?}");
    for record in &noted {
        assert_eq!((record.user.as_str(), record.connection.as_str()), ("ada", "shop"));
        assert_eq!(record.question.as_deref(), Some("both?"));
        assert_eq!(
            (&record.decision, record.at.to_string().as_str()),
            (&Decision::Allowed, "2025-04-06T12:00:00Z")
        );
        assert!(record.sent.as_ref().is_some_and(|sql| sql.starts_with("SELECT")), "{record:?}");
        assert!(
            !record.tables.is_empty()
                && !record.columns.is_empty()
                && record.rows.is_some()
                && record.took_ms == Some(0),
            "{record:?}"
        );
    }
    let rows: Vec<u64> = answer.panels.iter().map(|panel| panel.result.rows.len() as u64).collect();
    assert!(
        rows.iter().all(|rows| noted.iter().any(|record| record.rows == Some(*rows))),
        "{rows:?} {noted:?}"
    );
}

#[tokio::test]
async fn the_words_of_a_database_that_fails_are_noted_and_not_told() {
    let (_shop, analyst, _folder, path) = noting(Some(How::Says("secret: near \"FROM\""))).await;
    let answer = analyst.ask(asking("by segment?")).await;
    let AnswerOutcome::Failed { message, .. } = &answer.outcome else { panic!("{answer:?}") };
    assert!(!message.contains("secret"), "{message}");
    let noted = noted(&path);
    assert!(
        matches!(&noted[0].decision, Decision::Failed { error } if error.contains("secret")),
        "{noted:?}"
    );
}

#[tokio::test]
async fn a_statement_that_is_cancelled_is_noted_as_that() {
    let (_shop, analyst, _folder, path) = noting(Some(How::Silent)).await;
    let cancel = CancellationToken::new();
    let mut events = analyst.stream(AskRequest { cancel: cancel.clone(), ..asking("by segment?") });
    while let Some(event) = events.next().await {
        if matches!(&event.payload, EventPayload::StepStarted { step, .. } if step == "execute") {
            cancel.cancel();
        }
    }
    assert_eq!(noted(&path)[0].decision, Decision::Cancelled);
}

#[tokio::test]
async fn a_statement_whose_asker_has_gone_is_noted_too() {
    let (_shop, analyst, _folder, path) = noting(Some(How::Silent)).await;
    let mut events = analyst.stream(asking("by segment?"));
    while let Some(event) = events.next().await {
        if matches!(&event.payload, EventPayload::StepStarted { step, .. } if step == "execute") {
            break;
        }
    }
    assert!(events.next().now_or_never().is_none(), "the database never answers");
    drop(events);
    let noted = noted(&path);
    assert_eq!((noted.len(), &noted[0].decision), (1, &Decision::Cancelled));
    assert!(noted[0].sent.is_some());
}

#[tokio::test]
async fn a_dry_run_asks_nothing_and_notes_nothing() {
    let (_shop, analyst, _folder, path) = noting(None).await;
    let answer = analyst.ask(AskRequest { dry_run: true, ..asking("by segment?") }).await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    assert!(noted(&path).is_empty());
}

#[tokio::test]
async fn no_answer_is_given_that_cannot_be_noted() {
    let (_shop, analyst, _folder, path) = noting(None).await;
    fs::write(&path, "not a log\n").unwrap();
    let answer = analyst.ask(asking("by segment?")).await;
    let AnswerOutcome::Failed { message, .. } = &answer.outcome else { panic!("{answer:?}") };
    assert!(message.starts_with("the audit record cannot be written: audit log"), "{message}");
    assert!(answer.panels.is_empty(), "{:?}", answer.panels);
}
