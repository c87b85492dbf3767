//! The wrapper: seals on the way in, opens on the way out.

use medha_graph::store::retention::{Pruned, Retention};
use medha_graph::store::{
    Answer, Cause, Checkpointer, Effect, FieldValue, Head, HeadRef, HistoryQuery, Json, Line, Operation,
    Progress, RunId, StoredCheckpoint, ThreadKey, Written,
};
use medha_graph::{CheckpointError, CheckpointId};

use super::keys::{Closed, Keys};
use super::seal::{Turn, Way};

/// Where a copied thread keeps the names it was copied from, sealed like everything else.
const ORIGINS: &str = "\u{1}origins";

/// Encrypts what a saver stores.
///
/// Sealed are the values of fields and what was written to them, payloads, questions, answers, failures and recorded
/// effects. Readable stay names (threads, graphs, nodes, fields, effects), numbers, times, the shape of history and the
/// metadata, which histories are searched by. Each piece is bound to its thread, namespace, checkpoint and field: one
/// that was moved or changed does not open. What the storage can still do unnoticed is to go back to an earlier state.
///
/// ```
/// use medha_connectors::encryption::{EncryptedSaver, Key, Keys};
/// use medha_graph::prelude::*;
///
/// # let (june, may) = ([6; 32], [5; 32]);
/// let keys = Keys::new(Key::new("2026-06", june)).with_older(Key::new("2026-05", may));
/// let saver = EncryptedSaver::new(MemorySaver::default(), keys);
/// ```
#[derive(Clone, Debug)]
pub struct EncryptedSaver<C> {
    inner: C,
    keys: Keys,
}

impl<C: Checkpointer> EncryptedSaver<C> {
    /// Around any saver. Nothing that was stored before without encryption can be read through it.
    pub fn new(inner: C, keys: Keys) -> Self {
        Self { inner, keys }
    }

    fn seal<T>(
        &self,
        key: &ThreadKey,
        id: CheckpointId,
        mut plain: T,
        walk: impl Fn(&Turn<'_>, &mut T) -> Result<(), Closed>,
    ) -> Result<T, CheckpointError> {
        let threads = [key.thread().to_owned()];
        let turn = Turn { keys: &self.keys, way: Way::Seal, threads: &threads, key, id };
        walk(&turn, &mut plain)
            .map_err(|why| CheckpointError::storage(key, Operation::Save, why.to_string()))?;
        Ok(plain)
    }

    /// Opens with the name of the thread, and if that does not fit, with the names it was copied from.
    async fn open<T: Clone>(
        &self,
        key: &ThreadKey,
        id: CheckpointId,
        sealed: T,
        walk: impl Fn(&Turn<'_>, &mut T) -> Result<(), Closed>,
    ) -> Result<T, CheckpointError> {
        let open = |threads: &[String]| {
            let mut copy = sealed.clone();
            let turn = Turn { keys: &self.keys, way: Way::Open, threads, key, id };
            walk(&turn, &mut copy).map(|()| copy)
        };
        let corrupt = |why: Closed| CheckpointError::corrupt(key, why);
        let own = [key.thread().to_owned()];
        match open(&own) {
            Err(Closed::Changed) if key.namespace() != ORIGINS => {
                let all: Vec<String> = own.into_iter().chain(self.origins(key.thread()).await?).collect();
                open(&all).map_err(corrupt)
            }
            result => result.map_err(corrupt),
        }
    }

    /// The names a thread was copied from, the last first.
    async fn origins(&self, thread: &str) -> Result<Vec<String>, CheckpointError> {
        let key = ThreadKey::new(thread, ORIGINS);
        let Some(head) = self.inner.load(&key, None).await? else { return Ok(Vec::new()) };
        let id = head.checkpoint.id;
        let opened =
            Box::pin(self.open(&key, id, head.checkpoint.written, |turn, one| turn.written(one))).await?;
        let names = opened.value_of("origins").map(Json::read).transpose();
        Ok(names.map_err(|error| CheckpointError::corrupt(&key, error))?.unwrap_or_default())
    }

    async fn copy_sealed(&self, from: &str, to: &str, salt: Line) -> Result<(), CheckpointError> {
        self.inner.copy(from, to, salt).await?;
        if self.inner.namespaces(to).await?.is_empty() {
            return Ok(());
        }
        let mut origins = vec![from.to_owned()];
        origins.extend(self.origins(from).await?);
        let key = ThreadKey::new(to, ORIGINS);
        let before = self.inner.load(&key, None).await?.map(|head| head.checkpoint.head_ref());
        let id = CheckpointId(before.map_or(1, |head| head.id.0 + 1));
        let json =
            Json::of(&origins).map_err(|error| CheckpointError::storage(&key, Operation::Save, error))?;
        let written =
            Written { tasks: Vec::new(), values: vec![FieldValue { field: "origins".into(), json }] };
        let written = self.seal(&key, id, written, |turn, one| turn.written(one))?;
        let checkpoint = StoredCheckpoint {
            format: 1,
            id,
            parent: before.map(|head| head.id),
            line: Line(1),
            run: RunId(0),
            graph: ORIGINS.into(),
            version: 1,
            fingerprint: "".into(),
            cause: Cause::Update,
            step: 0,
            saved_at: 0,
            metadata: serde_json::Map::new(),
            origin: None,
            fields: Vec::new(),
            next: Vec::new(),
            joins: Vec::new(),
            deferred: Vec::new(),
            written,
        };
        self.inner.commit(&key, before, checkpoint).await
    }

    async fn open_head(&self, key: &ThreadKey, head: Head) -> Result<Head, CheckpointError> {
        let id = head.checkpoint.id;
        self.open(key, id, head, |turn, head| {
            turn.checkpoint(&mut head.checkpoint)?;
            turn.progress(&mut head.progress)?;
            let of_effects = Turn { id: CheckpointId(0), ..*turn };
            head.effects.iter_mut().try_for_each(|effect| of_effects.effect(effect))
        })
        .await
    }
}

impl<C: Checkpointer> Checkpointer for EncryptedSaver<C> {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        Box::pin(async move {
            match self.inner.load(key, at).await? {
                Some(head) => self.open_head(key, head).await.map(Some),
                None => Ok(None),
            }
        })
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for (id, written) in self.inner.written(key, ranges).await? {
                found.push((id, self.open(key, id, written, |turn, one| turn.written(one)).await?));
            }
            Ok(found)
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let id = checkpoint.id;
            let sealed = self.seal(key, id, checkpoint, |turn, one| turn.checkpoint(one))?;
            self.inner.commit(key, expected, sealed).await
        })
    }

    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()> {
        Box::pin(async move {
            let sealed = self.seal(key, head.id, progress, |turn, one| turn.progress(one))?;
            self.inner.save_progress(key, head, sealed).await
        })
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        Box::pin(async move {
            let sealed = self.seal(key, CheckpointId(0), effect, |turn, one| turn.effect(one))?;
            self.inner.save_effect(key, sealed).await
        })
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for sealed in self.inner.history(key, query).await? {
                found.push(self.open(key, sealed.id, sealed, |turn, one| turn.checkpoint(one)).await?);
            }
            Ok(found)
        })
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        Box::pin(async move {
            let mut found = self.inner.namespaces(thread).await?;
            found.retain(|key| key.namespace() != ORIGINS);
            Ok(found)
        })
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        self.inner.threads(after, limit)
    }

    /// In two steps: a crash between them leaves a copy that does not open, and can be deleted and made again.
    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        Box::pin(self.copy_sealed(from, to, salt))
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        self.inner.prune(thread, retention)
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        self.inner.delete(thread)
    }
}
