//! A saver that tells one lie, to see that the conformance suite notices.

use std::sync::{Mutex, PoisonError};

use medha_graph::store::retention::{Pruned, Retention};
use medha_graph::store::{
    Answer, CheckpointErrorKind, Checkpointer, Effect, Head, HeadRef, HistoryQuery, Json, Line, Progress,
    StoredCheckpoint, ThreadKey, Written,
};
use medha_graph::{CheckpointId, MemorySaver};

macro_rules! lies {
    ($($lie:ident $promise:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(super) enum Lie { None, $($lie),* }
        impl Lie {
            /// Each with words of the promise it breaks.
            pub(super) const ALL: &[(Self, &str)] = &[$((Self::$lie, $promise)),*];
        }
    };
}
lies! {
    IgnoresHead "an old head is refused",
    IgnoresLine "on another line is refused",
    LoadsHeadForAnyNumber "an earlier checkpoint can be loaded by its number",
    KeepsProgress "a new head has no progress",
    TakesAnyRevision "progress that skips a revision is refused",
    ProgressOnAnyHead "progress on an old head is refused",
    ProgressWithNumber "loaded by its number has no progress",
    EffectsTwice "recorded already is refused",
    EffectsOfAllSteps "only effects of later supersteps",
    EffectsOfAllLines "only effects of the head's line",
    OldestFirst "newest first",
    IgnoresLimit "stops at its limit",
    LimitsBeforeFilter "the limit counts what was found",
    IgnoresBefore "begins before the given",
    IgnoresMetadata "asked for metadata",
    FirstKeyOnly "two keys that exclude each other",
    IgnoresCause "asked for a cause",
    IgnoresRun "asked for a run",
    WrittenEndsEarly "ends included",
    WrittenBackwards "read ascending",
    WrittenForgetsPruned "made of the same pieces as before",
    RewritesJson "JSON text as it was written",
    CutsAtNul "a text with a NUL character",
    NeverDeletes "a deleted thread is gone",
    DeletesByPrefix "deleting a thread leaves the others",
    IgnoresCase "of thread \"conformance namea\": another run has moved it on",
    TrimsNames "of thread \"conformance name\": another run has moved it on",
    OneNamespace "of thread \"conformance spaces\": another run has moved it on",
    ListsRootOnly "histories of a thread are listed",
    PagesTooLong "no longer than asked",
    PagesRepeat "repeat nothing",
    CopiesWithoutSalt "the salt in every line",
    CopiesOver "never overwrites",
    PrunesNothing "keeps what the retention keeps, and nothing else",
    PrunesToHead "keeps what the retention keeps, and nothing else",
}

#[derive(Debug)]
pub(super) struct Wrong {
    inner: MemorySaver,
    lie: Lie,
    effects: Mutex<Vec<(ThreadKey, Effect)>>,
}

impl Wrong {
    pub(super) fn new(lie: Lie) -> Self {
        Self { inner: MemorySaver::default(), lie, effects: Mutex::default() }
    }

    fn is(&self, lie: Lie) -> bool {
        self.lie == lie
    }

    fn name(&self, name: &str) -> String {
        match self.lie {
            Lie::IgnoresCase => name.to_lowercase(),
            Lie::TrimsNames => name.trim_end().to_owned(),
            _ => name.to_owned(),
        }
    }

    fn key(&self, key: &ThreadKey) -> ThreadKey {
        let namespace = if self.is(Lie::OneNamespace) { "" } else { key.namespace() };
        ThreadKey::new(self.name(key.thread()), namespace)
    }

    async fn head(&self, key: &ThreadKey) -> Option<Head> {
        self.inner.load(key, None).await.unwrap()
    }
}

impl Checkpointer for Wrong {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        Box::pin(async move {
            let key = self.key(key);
            let at = at.filter(|_| !self.is(Lie::LoadsHeadForAnyNumber));
            let Some(mut head) = self.inner.load(&key, at).await? else { return Ok(None) };
            if self.is(Lie::ProgressWithNumber) {
                head.progress = self.head(&key).await.unwrap().progress;
            }
            let known = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
            let of_key = known.iter().filter(|(of, _)| *of == key).map(|(_, effect)| effect);
            let (line, step) = (head.checkpoint.line, head.checkpoint.step);
            match self.lie {
                Lie::EffectsOfAllSteps => {
                    head.effects = of_key.filter(|effect| effect.line == line).cloned().collect();
                }
                Lie::EffectsOfAllLines => {
                    head.effects = of_key.filter(|effect| effect.step > step).cloned().collect();
                }
                _ => {}
            }
            Ok(Some(head))
        })
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        Box::pin(async move {
            let key = self.key(key);
            let mut found = self.inner.written(&key, ranges).await?;
            match self.lie {
                Lie::WrittenEndsEarly => {
                    found.retain(|(id, _)| ranges.iter().any(|(from, to)| from <= id && id < to));
                }
                Lie::WrittenBackwards => found.reverse(),
                Lie::WrittenForgetsPruned => {
                    let listed = self.inner.history(&key, &HistoryQuery::default()).await?;
                    found.retain(|(id, _)| listed.iter().any(|one| one.id == *id));
                }
                _ => {}
            }
            Ok(found)
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        mut checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let key = self.key(key);
            let before = self.head(&key).await;
            let head = before.as_ref().map(|head| head.checkpoint.head_ref());
            let is_same_number = head.map(|head| head.id) == expected.map(|head| head.id);
            let expected = match self.lie {
                Lie::IgnoresHead => head,
                Lie::IgnoresLine if is_same_number => head,
                _ => expected,
            };
            for value in &mut checkpoint.written.values {
                let text = value.json.get();
                match self.lie {
                    Lie::RewritesJson => {
                        value.json = Json::of(&value.json.read::<serde_json::Value>().unwrap()).unwrap();
                    }
                    Lie::CutsAtNul => {
                        value.json = serde_json::from_str(&text.replace("\\u0000", "")).unwrap()
                    }
                    _ => {}
                }
            }
            let next = checkpoint.head_ref();
            self.inner.commit(&key, expected, checkpoint).await?;
            match before.filter(|before| self.is(Lie::KeepsProgress) && !before.progress.tasks.is_empty()) {
                Some(before) => {
                    let progress = Progress { revision: 1, ..before.progress };
                    self.inner.save_progress(&key, next, progress).await
                }
                None => Ok(()),
            }
        })
    }

    fn save_progress<'a>(
        &'a self,
        key: &'a ThreadKey,
        head: HeadRef,
        mut progress: Progress,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let key = self.key(key);
            let found = self.head(&key).await;
            let (mut at, revision) = (head, progress.revision);
            if let Some(found) = found {
                match self.lie {
                    Lie::TakesAnyRevision => progress.revision = found.progress.revision + 1,
                    Lie::ProgressOnAnyHead => at = found.checkpoint.head_ref(),
                    _ => {}
                }
            }
            assert!(revision < 100, "the suite does not save so often");
            self.inner.save_progress(&key, at, progress).await
        })
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        Box::pin(async move {
            let key = self.key(key);
            let saved = self.inner.save_effect(&key, effect.clone()).await;
            match saved {
                Err(error) if self.is(Lie::EffectsTwice) => {
                    assert!(matches!(error.kind, CheckpointErrorKind::EffectConflict { .. }));
                    Ok(())
                }
                Err(error) => Err(error),
                Ok(()) => {
                    self.effects.lock().unwrap_or_else(PoisonError::into_inner).push((key, effect));
                    Ok(())
                }
            }
        })
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        Box::pin(async move {
            let mut asked = query.clone();
            match self.lie {
                Lie::IgnoresLimit | Lie::LimitsBeforeFilter => asked.limit = None,
                Lie::IgnoresBefore => asked.before = None,
                Lie::IgnoresMetadata => asked.metadata.clear(),
                Lie::FirstKeyOnly => asked.metadata = query.metadata.clone().into_iter().take(1).collect(),
                Lie::IgnoresCause => asked.cause = None,
                Lie::IgnoresRun => asked.run = None,
                _ => {}
            }
            let mut found = self.inner.history(&self.key(key), &asked).await?;
            if self.is(Lie::OldestFirst) {
                found.reverse();
            }
            if self.is(Lie::LimitsBeforeFilter) {
                let all =
                    HistoryQuery { before: query.before, limit: query.limit, ..HistoryQuery::default() };
                let first = self.inner.history(&self.key(key), &all).await?;
                found.retain(|one| first.iter().any(|other| other.id == one.id));
            }
            Ok(found)
        })
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        Box::pin(async move {
            let mut found = self.inner.namespaces(&self.name(thread)).await?;
            if self.is(Lie::ListsRootOnly) {
                found.truncate(1);
            }
            Ok(found)
        })
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let limit = if self.is(Lie::PagesTooLong) { limit * 2 } else { limit };
            let mut found = self.inner.threads(after, limit).await?;
            if let (Lie::PagesRepeat, Some(after)) = (self.lie, after)
                && limit > 0
                && self.head(&ThreadKey::root(after)).await.is_some()
            {
                found.insert(0, after.to_owned());
                found.truncate(limit);
            }
            Ok(found)
        })
    }

    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        Box::pin(async move {
            let salt = if self.is(Lie::CopiesWithoutSalt) { Line(0) } else { salt };
            if self.is(Lie::CopiesOver) {
                self.inner.delete(to).await?;
            }
            self.inner.copy(&self.name(from), &self.name(to), salt).await
        })
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        Box::pin(async move {
            match self.lie {
                Lie::PrunesNothing => Ok(Pruned::default()),
                Lie::PrunesToHead => self.inner.prune(&self.name(thread), &Retention::head()).await,
                _ => self.inner.prune(&self.name(thread), retention).await,
            }
        })
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut names = vec![self.name(thread)];
            match self.lie {
                Lie::NeverDeletes => names.clear(),
                Lie::DeletesByPrefix => {
                    let all = self.inner.threads(None, usize::MAX).await?;
                    names.extend(all.into_iter().filter(|other| other.starts_with(thread)));
                }
                _ => {}
            }
            for name in names {
                self.inner.delete(&name).await?;
                let mut effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
                effects.retain(|(key, _)| key.thread() != name);
            }
            Ok(())
        })
    }
}
