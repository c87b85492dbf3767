//! Pruning forgets what is not kept, and takes nothing from what is.

use super::fixture::{LINE, bare, collected, effect, head_ref, key};
use super::suite::{Checked, Suite, id};
use crate::engine::checkpoint::{CheckpointId, RunId};
use crate::engine::record::{Origin, StoredCheckpoint};
use crate::store::checkpointer::HistoryQuery;
use crate::store::key::ThreadKey;
use crate::store::retention::{Pruned, Retention};

const A: &str = "conformance pruning";
const COUNT: u64 = 26;

impl Suite<'_> {
    pub(super) async fn pruning(&mut self) -> Checked {
        let nothing = self.saver.prune(A, &Retention::head()).await?;
        self.expect("a thread that was never run has nothing to forget", nothing == Pruned::default());
        self.rules().await?;
        self.subgraphs().await
    }

    async fn rules(&mut self) -> Checked {
        let time = |number| bare(number).saved_at;
        // Each one forgets more, on what the ones before have left; then all of it begins again with the next row.
        let rows: [&[Retention]; 4] = [
            &[Retention::last(100), Retention::last(20), Retention::last(5), Retention::head()],
            &[Retention::head().inputs(), Retention::last(3)],
            &[Retention::head().since(time(9)).inputs(), Retention::head().since(time(22))],
            &[Retention::last(2).since(time(24)).inputs(), Retention::head()],
        ];
        for row in rows {
            self.commit_all(&key(A), (1..=COUNT).map(collected)).await?;
            self.saver.save_effect(&key(A), effect(3, 0, "old")).await?;
            self.saver.save_effect(&key(A), effect(COUNT + 1, 0, "new")).await?;
            for retention in row {
                self.prune_once(retention).await?;
            }
            let head = self.saver.load(&key(A), None).await?;
            let effects = head.map(|head| head.effects);
            self.expect(
                "effects of later supersteps stay",
                effects == Some(vec![effect(COUNT + 1, 0, "new")]),
            );
            let next = collected(COUNT + 1);
            self.saver.commit(&key(A), Some(head_ref(COUNT)), next.clone()).await?;
            let grown = self.assembled(&key(A), &next).await?;
            let is_whole = grown.iter().all(Option::is_some);
            self.expect("what comes after a prune is readable", is_whole);
            self.saver.delete(A).await?;
        }
        Ok(())
    }

    async fn prune_once(&mut self, retention: &Retention) -> Checked {
        let key = &key(A);
        let before = self.saver.history(key, &HistoryQuery::default()).await?;
        let mut expected = Vec::new();
        for (newer, checkpoint) in before.iter().enumerate() {
            if is_kept(retention, newer, checkpoint) {
                expected.push((checkpoint.id, self.assembled(key, checkpoint).await?));
            }
        }
        let pruned = self.saver.prune(A, retention).await?;
        self.expect(
            "pruning says how many checkpoints it has taken out",
            pruned.checkpoints == before.len() - expected.len(),
        );
        let mut found = Vec::new();
        for checkpoint in self.saver.history(key, &HistoryQuery::default()).await? {
            found.push((checkpoint.id, self.assembled(key, &checkpoint).await?));
        }
        let ids = |all: &[(CheckpointId, _)]| all.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        self.expect(
            "pruning keeps what the retention keeps, and nothing else",
            ids(&found) == ids(&expected),
        );
        self.expect("every kept checkpoint is made of the same pieces as before", found == expected);
        for checkpoint in &before {
            let is_there = self.saver.load(key, Some(checkpoint.id)).await?.is_some();
            let is_kept = expected.iter().any(|(id, _)| *id == checkpoint.id);
            self.expect("a forgotten checkpoint cannot be loaded", is_there == is_kept);
        }
        let again = self.saver.prune(A, retention).await?;
        self.expect("pruning twice forgets nothing more", again.checkpoints == 0);
        Ok(())
    }

    async fn subgraphs(&mut self) -> Checked {
        let of = |step: u64| {
            let origin =
                Origin { line: LINE, run: RunId(1), checkpoint: CheckpointId(step - 1), step, position: 0 };
            StoredCheckpoint { origin: Some(origin), ..bare(1) }
        };
        self.commit_all(&key(A), (1..=6).map(collected)).await?;
        let at = |namespace: &str| ThreadKey::new(A, namespace);
        for (namespace, step) in
            [("sub:3.0", 3), ("sub:3.0/deep:1.0", 1), ("sub:6.0", 6), ("sub:7.0", 7), ("sub", 3)]
        {
            self.commit_all(&at(namespace), [of(step)]).await?;
            self.saver.save_effect(&at(namespace), effect(9, 0, "pay")).await?;
        }
        let pruned = self.saver.prune(A, &Retention::last(2)).await?;
        self.expect("forgotten histories count by their checkpoints", pruned.checkpoints == 6);
        for (promise, namespace, is_kept) in [
            ("the history of a subgraph's run goes with its superstep", "sub:3.0", false),
            ("a history in a forgotten history goes with it", "sub:3.0/deep:1.0", false),
            ("the history of a subgraph's run in a kept superstep stays", "sub:6.0", true),
            ("the history of a subgraph's run under way stays", "sub:7.0", true),
            ("a history that outlives runs stays", "sub", true),
        ] {
            let is_there = self.saver.load(&at(namespace), None).await?.is_some();
            let is_known = self.saver.namespaces(A).await?.contains(&at(namespace));
            self.expect(promise, is_there == is_kept && is_known == is_kept);
        }
        self.expect("the head stays", self.saver.load(&key(A), Some(id(6))).await?.is_some());
        self.saver.delete(A).await
    }
}

/// The rules in their own words, to compare a saver with. `Retention` shows them as text only.
fn is_kept(retention: &Retention, newer: usize, checkpoint: &StoredCheckpoint) -> bool {
    retention.keeps(newer, checkpoint)
}
