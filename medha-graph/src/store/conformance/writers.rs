//! Several writers of one thread: exactly one wins each time.

use futures_util::future::join_all;

use super::fixture::{bare, effect, key, progress};
use super::suite::{Checked, Suite, id};
use crate::engine::checkpoint::RunId;
use crate::engine::record::StoredCheckpoint;
use crate::store::checkpointer::HistoryQuery;
use crate::store::error::{CheckpointError, CheckpointErrorKind};

const A: &str = "conformance writers";
const WRITERS: u64 = 8;
const ROUNDS: u64 = 12;

impl Suite<'_> {
    pub(super) async fn writers(&mut self) -> Checked {
        let key = &key(A);
        let mut head = None;
        let mut winners = Vec::new();
        for number in 1..=ROUNDS {
            let commits = (0..WRITERS).map(|writer| {
                let checkpoint = StoredCheckpoint { run: RunId(writer), ..bare(number) };
                self.saver.commit(key, head, checkpoint)
            });
            let results = join_all(commits).await;
            winners.extend(self.only_winner("exactly one of several writers moves the head", results)?);
            head = Some(bare(number).head_ref());
        }
        let history = self.saver.history(key, &HistoryQuery::default()).await?;
        let stored: Vec<u64> = history.iter().rev().map(|checkpoint| checkpoint.run.0).collect();
        let expected: Vec<u64> = winners.iter().map(|winner| *winner as u64).collect();
        self.expect("the writer that was told so is the one that moved the head", stored == expected);

        let head = bare(ROUNDS).head_ref();
        for revision in 1..=3 {
            let saves = (0..WRITERS).map(|_| self.saver.save_progress(key, head, progress(revision)));
            let results = join_all(saves).await;
            self.only_winner("exactly one of several writers moves the progress", results)?;
        }
        let saves = (0..WRITERS).map(|_| self.saver.save_effect(key, effect(99, 0, "pay")));
        let results = join_all(saves).await;
        self.only_winner("exactly one of several writers records an effect", results)?;
        let effects = self.saver.load(key, None).await?.map(|head| head.effects.len());
        self.expect("an effect is recorded once", effects == Some(1));
        let at = self.saver.load(key, Some(id(ROUNDS))).await?;
        self.expect("the last of them is there", at.is_some());
        self.saver.delete(A).await
    }

    /// Which of the calls succeeded; all the others must be told that somebody was faster.
    fn only_winner(
        &mut self,
        promise: &str,
        results: Vec<Checked>,
    ) -> Result<Option<usize>, CheckpointError> {
        let mut winners = Vec::new();
        for (writer, result) in results.into_iter().enumerate() {
            match result {
                Ok(()) => winners.push(writer),
                Err(error) => match error.kind {
                    CheckpointErrorKind::Conflict { .. } | CheckpointErrorKind::EffectConflict { .. } => {}
                    CheckpointErrorKind::Unusable(_)
                    | CheckpointErrorKind::Corrupt(_)
                    | CheckpointErrorKind::Unwritable(_)
                    | CheckpointErrorKind::TooLarge { .. }
                    | CheckpointErrorKind::Storage => return Err(error),
                },
            }
        }
        self.expect(promise, winners.len() == 1);
        Ok(winners.first().copied())
    }
}
