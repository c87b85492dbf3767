//! Whatever storage call breaks, and when: the run says so, and what comes next makes it good.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use medha_graph::prelude::*;
use medha_graph::store::retention::{Retention, retain};
use medha_graph::store::{
    Break, Call, CheckpointErrorKind, Checkpointer, FaultySaver, HistoryQuery, Line, ThreadKey,
};
use medha_graph::{CheckpointError, Durability, RunError, Thread};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Trip {
    #[state(append)]
    log: Vec<String>,
    seats: u32,
}

/// What the outside has seen, by idempotency key.
type Outside = Mutex<BTreeSet<String>>;

async fn book(ctx: Ctx) -> Result<TripUpdate, NodeError> {
    let outside: Arc<Outside> = ctx.context()?;
    let seat: u32 = ctx
        .once("book", |key| async move {
            outside.lock().unwrap().insert(key.to_string());
            Ok::<_, NodeError>(7)
        })
        .await?;
    let sure: bool = ctx.interrupt(format!("seat {seat}?")).await;
    Ok(Trip::update().seats(u32::from(sure)).log([format!("seat {seat}")]))
}

async fn pack() -> TripUpdate {
    Trip::update().log(["packed"])
}

fn graph(
    saver: &FaultySaver<MemorySaver>,
    outside: &Arc<Outside>,
    durability: Durability,
) -> CompiledGraph<Trip> {
    StateGraph::new("trip")
        .node("pack", pack)
        .node("book", book)
        .edge(START, "pack")
        .edge("pack", "book")
        .edge("book", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(outside))
        .with_durability(durability)
        .with_checkpointer(saver.clone())
}

/// Goes on from wherever the thread is until it is done.
async fn finish(thread: &Thread<Trip>) -> Result<Trip, RunError> {
    loop {
        let snapshot = thread.state().await?;
        match snapshot {
            None => thread.invoke(Trip::update().log(["begun"])).await?,
            Some(snapshot) if !snapshot.interrupts.is_empty() => thread.resume(Resume::answer(true)).await?,
            Some(snapshot) if !snapshot.next.is_empty() => thread.resume(Resume::next()).await?,
            Some(snapshot) => return Ok(snapshot.state),
        };
    }
}

fn expected() -> Trip {
    Trip { log: ["begun", "packed", "seat 7"].map(str::to_owned).to_vec(), seats: 1 }
}

#[tokio::test]
async fn a_run_survives_the_loss_of_any_storage_call() {
    let mut seen = BTreeSet::new();
    for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
        for how in [Break::Before, Break::After] {
            for at in 0.. {
                let saver = FaultySaver::new(MemorySaver::default(), at, how);
                let outside = Arc::default();
                let thread = graph(&saver, &outside, durability).thread("t");
                let first = finish(&thread).await;
                let calls = saver.calls();
                if let Ok(trip) = first {
                    assert_eq!(trip, expected());
                    assert!(
                        calls.len() as u64 <= at,
                        "{durability:?}: call {at} broke and nobody said so: {calls:?}"
                    );
                    break;
                }
                let lost = calls[usize::try_from(at).unwrap()];
                seen.insert(lost);
                let error = first.unwrap_err().to_string();
                assert!(
                    error.contains("the storage failed: the connection was lost"),
                    "{durability:?} {lost:?}: {error}"
                );
                assert_eq!(
                    finish(&thread).await.unwrap(),
                    expected(),
                    "{durability:?} {how:?} {at} {lost:?}"
                );
                let keys = outside.lock().unwrap().len();
                // A run that stores nothing before its end may begin anew, and is another run then.
                let most = if durability == Durability::Exit { 2 } else { 1 };
                assert!(
                    (1..=most).contains(&keys),
                    "one idempotency key: {durability:?} {how:?} {at} {lost:?}"
                );
            }
        }
    }
    let wanted =
        [Call::Load, Call::Written, Call::Commit, Call::SaveProgress, Call::SaveEffect, Call::Namespaces];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn the_loss_of_a_call_about_whole_threads_is_an_error_and_can_be_tried_again() {
    for how in [Break::Before, Break::After] {
        for at in 0..6 {
            let inner = MemorySaver::default();
            let quiet = FaultySaver::sound(inner.clone());
            finish(&graph(&quiet, &Arc::default(), Durability::Sync).thread("t")).await.unwrap();
            let saver = FaultySaver::new(inner, at, how);
            let mut errors = Vec::new();
            while errors.len() < 2 {
                match about_threads(&saver).await {
                    Ok(()) => break,
                    Err(error) => errors.push(error),
                }
            }
            assert_eq!(errors.len(), 1, "{how:?} {at}: {errors:?}");
            assert_eq!(errors[0].kind, CheckpointErrorKind::Storage);
        }
    }
}

async fn about_threads(saver: &FaultySaver<MemorySaver>) -> Result<(), CheckpointError> {
    saver.history(&ThreadKey::root("t"), &HistoryQuery::default()).await?;
    saver.namespaces("t").await?;
    if saver.threads(None, 10).await? == ["t"] {
        saver.copy("t", "copy", Line(1)).await?;
    }
    retain(saver, &Retention::head(), None).await?;
    saver.delete("copy").await
}
