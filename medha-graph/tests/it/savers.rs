//! Savers keep the promises of the trait, and the suite notices one that breaks any of them.

use std::sync::Arc;

use medha_graph::MemorySaver;
use medha_graph::store::retention::{Retention, retain};
use medha_graph::store::{Checkpointer, StoredCheckpoint, ThreadKey, conformance};

use super::wrong::{Lie, Wrong};

#[tokio::test]
async fn the_saver_in_memory_keeps_every_promise() {
    assert_eq!(conformance::broken_promises(&MemorySaver::default()).await, Vec::<String>::new());
    assert_eq!(conformance::broken_promises(&Arc::new(MemorySaver::default())).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_suite_notices_every_lie_of_a_saver() {
    assert_eq!(conformance::broken_promises(&Wrong::new(Lie::None)).await, Vec::<String>::new());
    let mut unnoticed = Vec::new();
    for &(lie, promise) in Lie::ALL {
        let broken = conformance::broken_promises(&Wrong::new(lie)).await;
        if !broken.iter().any(|broken| broken.contains(promise)) {
            unnoticed.push((lie, broken));
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

fn stored(saved_at: u64, id: u64) -> StoredCheckpoint {
    let text = format!(
        r#"{{"format":2,"id":{id},"parent":null,"line":"00000000000000aa","run":"00000000000000bb","graph":"g",
        "version":1,"fingerprint":"00","cause":"superstep","step":{id},"saved_at":{saved_at},"fields":[],"next":[],
        "written":{{}}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_sweep_prunes_every_thread_and_deletes_the_idle_ones() {
    let saver = MemorySaver::default();
    for number in 0..250u64 {
        let key = ThreadKey::root(format!("thread {number:03}"));
        let mut head = None;
        for id in 1..=3 {
            let checkpoint = stored(1_000 * number + id, id);
            let next = checkpoint.head_ref();
            saver.commit(&key, head, checkpoint).await.unwrap();
            head = Some(next);
        }
    }
    let swept = retain(&saver, &Retention::head(), Some(100_000)).await.unwrap();
    assert_eq!((swept.threads, swept.deleted, swept.pruned.checkpoints), (250, 100, 300));
    let left = saver.threads(None, 1_000).await.unwrap();
    assert_eq!((left.len(), left[0].as_str()), (150, "thread 100"));
    let again = retain(&saver, &Retention::head(), None).await.unwrap();
    assert_eq!((again.threads, again.deleted, again.pruned.checkpoints), (150, 0, 0));
}
