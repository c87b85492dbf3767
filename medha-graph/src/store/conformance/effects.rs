//! Effects are recorded once, and loaded by those that may still ask for them.

use super::fixture::{LINE, bare, effect, key};
use super::suite::{Checked, Suite, id};
use crate::engine::checkpoint::Line;
use crate::engine::record::{Effect, StoredCheckpoint};
use crate::store::checkpointer::Checkpointer;
use crate::store::error::{CheckpointError, CheckpointErrorKind};
use crate::store::key::ThreadKey;

const A: &str = "conformance effects";

impl Suite<'_> {
    pub(super) async fn effects(&mut self) -> Checked {
        let key = &key(A);
        // With exit durability effects come before the first checkpoint.
        let long = "k".repeat(3_000);
        let different = [
            effect(1, 0, "pay"),
            effect(1, 0, "Pay"),
            effect(1, 0, "pay "),
            effect(1, 1, "pay"),
            effect(2, 0, "pay"),
            effect(2, 0, ""),
            effect(2, 0, &long),
            effect(2, 0, &format!("{long}!")),
            effect(2, 0, "\u{0}\u{1F600}"),
            Effect { line: Line(5), ..effect(2, 0, "pay") },
        ];
        for one in &different {
            self.saver.save_effect(key, one.clone()).await?;
        }
        for one in &different {
            let result = self.saver.save_effect(key, one.clone()).await;
            let wanted = CheckpointErrorKind::EffectConflict { effect: one.key.clone() };
            let is_refused = matches!(result, Err(error) if error.kind == wanted);
            self.expect("an effect that is recorded already is refused by its name", is_refused);
        }
        let mut head = self.commit_all(key, [StoredCheckpoint { step: 0, ..bare(1) }]).await?;
        let ours: Vec<Effect> = different.iter().filter(|one| one.line == LINE).cloned().collect();
        self.expect_effects("effects are loaded with the head, unchanged", key, &ours).await?;
        let at = self.saver.load(key, Some(id(1))).await?;
        self.expect(
            "a checkpoint loaded by its number has no effects",
            at.is_some_and(|at| at.effects.is_empty()),
        );
        self.saver.commit(key, head, StoredCheckpoint { step: 1, ..bare(2) }).await?;
        head = Some(bare(2).head_ref());
        let later: Vec<Effect> = ours.iter().filter(|one| one.step == 2).cloned().collect();
        self.expect_effects("only effects of later supersteps are loaded", key, &later).await?;
        let fork = StoredCheckpoint { line: Line(5), step: 1, ..bare(3) };
        self.saver.commit(key, head, fork).await?;
        self.expect_effects("only effects of the head's line are loaded", key, &different[9..]).await?;
        let elsewhere = ThreadKey::new(A, "sub");
        self.saver.save_effect(&elsewhere, effect(1, 0, "pay")).await?;
        self.saver.delete(A).await?;
        let again = self.saver.save_effect(key, effect(1, 0, "pay")).await;
        self.expect("a deleted thread has no effects", again.is_ok());
        self.saver.delete(A).await
    }

    async fn expect_effects(&mut self, promise: &str, key: &ThreadKey, expected: &[Effect]) -> Checked {
        let loaded = sorted(self.saver, key).await?;
        let mut expected = expected.to_vec();
        expected.sort_by(order);
        self.expect(promise, loaded == expected);
        Ok(())
    }
}

pub(super) async fn sorted(
    saver: &dyn Checkpointer,
    key: &ThreadKey,
) -> Result<Vec<Effect>, CheckpointError> {
    let mut effects = saver.load(key, None).await?.map(|head| head.effects).unwrap_or_default();
    effects.sort_by(order);
    Ok(effects)
}

pub(super) fn order(a: &Effect, b: &Effect) -> std::cmp::Ordering {
    (a.step, a.position, &a.key).cmp(&(b.step, b.position, &b.key))
}
