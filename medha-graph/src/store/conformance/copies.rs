//! A copy has everything its source has, on lines of its own.

use super::effects::sorted;
use super::fixture::{LINE, bare, collected, effect, full, head_ref, key, progress};
use super::suite::{Checked, Suite, id};
use crate::engine::checkpoint::{CheckpointId, HeadRef, Line, RunId};
use crate::engine::record::{Effect, Origin, Progress, StoredCheckpoint};
use crate::store::checkpointer::HistoryQuery;
use crate::store::error::CheckpointErrorKind;
use crate::store::key::ThreadKey;
use crate::store::retention::Retention;

const FROM: &str = "conformance source";
const TO: &str = "conformance target";
const SALT: Line = Line(0x8000_0000_0000_00FF);

/// Everything of one history.
#[derive(PartialEq)]
struct Everything {
    checkpoints: Vec<StoredCheckpoint>,
    assembled: Vec<Vec<Option<Vec<String>>>>,
    progress: Option<Progress>,
    effects: Vec<Effect>,
}

impl Suite<'_> {
    pub(super) async fn copies(&mut self) -> Checked {
        let child = |thread| ThreadKey::new(thread, "sub:4.0");
        self.commit_all(&key(FROM), (1..=12).map(collected)).await?;
        self.saver.prune(FROM, &Retention::last(4)).await?;
        let fork = StoredCheckpoint { line: Line(5), parent: Some(id(10)), ..collected(13) };
        let head = fork.head_ref();
        self.saver.commit(&key(FROM), Some(head_ref(12)), fork).await?;
        self.saver.save_progress(&key(FROM), head, progress(1)).await?;
        self.saver.save_progress(&key(FROM), head, progress(2)).await?;
        for line in [LINE, Line(5)] {
            self.saver.save_effect(&key(FROM), Effect { line, ..effect(20, 1, "pay") }).await?;
        }
        let origin =
            Some(Origin { line: LINE, run: RunId(1), checkpoint: CheckpointId(9), step: 99, position: 0 });
        self.commit_all(&child(FROM), (1..=2).map(|number| StoredCheckpoint { origin, ..full(number) }))
            .await?;
        let before = [self.everything(&key(FROM)).await?, self.everything(&child(FROM)).await?];

        self.saver.copy(FROM, TO, SALT).await?;
        let after = [self.everything(&key(FROM)).await?, self.everything(&child(FROM)).await?];
        self.expect("copying leaves the source as it was", before == after);
        let copied = [self.everything(&key(TO)).await?, self.everything(&child(TO)).await?];
        let expected = before.map(salted);
        self.expect(
            "a copy has the same histories with the salt in every line",
            copied[0].checkpoints == expected[0].checkpoints
                && copied[1].checkpoints == expected[1].checkpoints,
        );
        self.expect(
            "a copy is made of the same pieces, those outside the history included",
            copied[0].assembled == expected[0].assembled && copied[1].assembled == expected[1].assembled,
        );
        self.expect("a copy has the same progress", copied[0].progress == expected[0].progress);
        self.expect(
            "a copy has the effects of its lines",
            copied[0].effects == expected[0].effects && copied[1].effects == expected[1].effects,
        );

        let salted_head = HeadRef { line: Line(5 ^ SALT.0), ..head };
        let refused = self.saver.copy(FROM, TO, SALT).await;
        let is_refused = matches!(&refused, Err(error)
            if matches!(error.kind, CheckpointErrorKind::Conflict { expected: None, .. }));
        self.expect("a copy never overwrites a thread", is_refused);
        let next = StoredCheckpoint { line: salted_head.line, ..collected(14) };
        self.saver.save_progress(&key(TO), salted_head, progress(3)).await?;
        self.saver.commit(&key(TO), Some(salted_head), next.clone()).await?;
        let loaded = self.saver.load(&key(TO), None).await?.map(|head| head.checkpoint);
        self.expect("a copy goes on by itself", loaded == Some(next));
        let source = self.everything(&key(FROM)).await?;
        self.expect("what a copy does next is not seen in its source", source == after[0]);

        let third = "conformance target of target";
        self.saver.copy(TO, third, SALT).await?;
        let twice = self.saver.load(&child(third), None).await?.map(|head| head.checkpoint);
        self.expect(
            "the same salt twice gives the same lines",
            twice == after[1].checkpoints.first().cloned(),
        );
        self.saver.delete(FROM).await?;
        self.expect("a copy outlives its source", self.head(&key(third)).await?.is_some());
        self.saver.copy("conformance nothing", "conformance nobody", SALT).await?;
        let nobody = self.saver.load(&key("conformance nobody"), None).await?;
        self.expect("a copy of nothing is nothing", nobody.is_none());
        let end = "conformance copies end";
        self.commit_all(&key(end), [bare(1)]).await?;
        for thread in [TO, third, end] {
            self.saver.delete(thread).await?;
        }
        Ok(())
    }

    async fn everything(&self, key: &ThreadKey) -> Result<Everything, crate::store::error::CheckpointError> {
        let head = self.saver.load(key, None).await?;
        let mut checkpoints = Vec::new();
        let mut assembled = Vec::new();
        for listed in self.saver.history(key, &HistoryQuery::default()).await? {
            assembled.push(self.assembled(key, &listed).await?);
            let whole = self.saver.load(key, Some(listed.id)).await?;
            checkpoints.extend(whole.map(|whole| whole.checkpoint));
        }
        let effects = sorted(self.saver, key).await?;
        Ok(Everything { checkpoints, assembled, progress: head.map(|head| head.progress), effects })
    }
}

fn salted(mut all: Everything) -> Everything {
    for checkpoint in &mut all.checkpoints {
        checkpoint.line.0 ^= SALT.0;
        if let Some(origin) = &mut checkpoint.origin {
            origin.line.0 ^= SALT.0;
        }
    }
    all.effects.iter_mut().for_each(|effect| effect.line.0 ^= SALT.0);
    all
}
