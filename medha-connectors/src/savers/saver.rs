//! The saver: what runs ask of it.

use std::fmt;
use std::marker::PhantomData;

use medha_graph::store::retention::{Pruned, Retention};
use medha_graph::store::{
    Answer, Checkpointer, Effect, Head, HeadRef, HistoryQuery, Line, Operation, Progress, StoredCheckpoint,
    ThreadKey, Written,
};
use medha_graph::{CheckpointError, CheckpointId};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::database::{Database, Failed, is_duplicate, until_kept};
use super::rows::{Row, bits, bytes, count, digest, names, of_checkpoint, text};
use super::upkeep;

/// Rows of a history that are asked for at a time.
const PAGE: usize = 500;
/// Ranges in one statement.
const RANGES: usize = 50;

/// Keeps checkpoints in a database; `E` says which. Made by [`SqliteSaver::open`](super::SqliteSaver),
/// `PostgresSaver::connect` and `MySqlSaver::connect`.
///
/// Any number of processes may use one database: heads move by compare-and-swap. The tables are made when they are not
/// there. Names of threads and namespaces may have 1,000 bytes. In every saver but this type's, nothing is shared
/// between its clones and the database but connections.
pub struct SqlSaver<E> {
    pub(super) database: std::sync::Arc<Database>,
    pub(super) engine: PhantomData<fn() -> E>,
}

impl<E> Clone for SqlSaver<E> {
    fn clone(&self) -> Self {
        Self::over(self.database.clone())
    }
}

impl<E> fmt::Debug for SqlSaver<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSaver").field("backend", &self.database.dialect.backend).finish_non_exhaustive()
    }
}

impl<E> SqlSaver<E> {
    pub(super) fn over(database: std::sync::Arc<Database>) -> Self {
        Self { database, engine: PhantomData }
    }

    /// Closes the connections; what is stored is stored. Dropping the saver does the same a little later.
    pub async fn close(&self) {
        for connection in [&self.database.writer, &self.database.reader] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "a connection of a saver did not close");
            }
        }
    }
}

impl Database {
    pub(super) async fn head_ref(&self, key: &ThreadKey) -> Result<Option<HeadRef>, CheckpointError> {
        let statement = self.statement(&self.statements.head_ref, names(key).into());
        let rows = self.writer.query_all_raw(statement).await;
        let rows = rows.map_err(|error| CheckpointError::storage(key, Operation::Load, error))?;
        let Some(row) = rows.first() else { return Ok(None) };
        let reader = self.reader_of(key);
        let line: i64 = reader.get(row, 1)?;
        Ok(Some(HeadRef { id: CheckpointId(reader.number(row, 0)?), line: Line(line.cast_unsigned()) }))
    }

    async fn conflict(&self, key: &ThreadKey, expected: Option<HeadRef>) -> CheckpointError {
        match self.head_ref(key).await {
            Ok(found) => CheckpointError::conflict(key, expected, found),
            Err(error) => error,
        }
    }

    async fn load(&self, key: &ThreadKey, at: Option<CheckpointId>) -> Result<Option<Head>, CheckpointError> {
        let failed = |error: DbErr| CheckpointError::storage(key, Operation::Load, error);
        let reader = self.reader_of(key);
        if let Some(id) = at {
            let values = names(key).into_iter().chain([count(id.0)]).collect();
            let rows = self.read(self.statement(&self.statements.load_at, values)).await.map_err(failed)?;
            let Some(row) = rows.first() else { return Ok(None) };
            let checkpoint = reader.checkpoint(row)?;
            return Ok(Some(Head { checkpoint, progress: Progress::default(), effects: Vec::new() }));
        }
        let values = names(key).into_iter().chain(names(key)).collect();
        let rows = self.read(self.statement(&self.statements.load_head, values)).await.map_err(failed)?;
        let Some(row) = rows.first() else { return Ok(None) };
        let mut head = reader.head(row)?;
        let (line, step) = (head.checkpoint.line, head.checkpoint.step);
        let values = names(key).into_iter().chain([bits(line.0), count(step)]).collect();
        let rows = self.read(self.statement(&self.statements.effects, values)).await.map_err(failed)?;
        head.effects = rows.iter().map(|row| reader.effect(row, line)).collect::<Result<_, _>>()?;
        Ok(Some(head))
    }

    async fn written(
        &self,
        key: &ThreadKey,
        ranges: &[(CheckpointId, CheckpointId)],
    ) -> Result<Vec<(CheckpointId, Written)>, CheckpointError> {
        let reader = self.reader_of(key);
        let column = self.dialect.capped("written", self.limit);
        let one = format!(
            "SELECT id, {column} FROM medha_checkpoint WHERE thread = ? AND namespace = ? AND id BETWEEN ? AND ?"
        );
        let mut found = Vec::new();
        for ranges in ranges.chunks(RANGES) {
            let sql = vec![one.as_str(); ranges.len()].join(" UNION ALL ");
            let of_range = |(from, to): &(CheckpointId, CheckpointId)| {
                names(key).into_iter().chain([count(from.0), count(to.0)])
            };
            let values: Vec<Value> = ranges.iter().flat_map(of_range).collect();
            let rows = self.read(self.sql(&sql, values)).await;
            for row in &rows.map_err(|error| CheckpointError::storage(key, Operation::Load, error))? {
                found.push((CheckpointId(reader.number(row, 0)?), reader.parsed(row, 1)?));
            }
        }
        found.sort_by_key(|(id, _)| *id);
        Ok(found)
    }

    async fn commit(
        &self,
        key: &ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Result<(), CheckpointError> {
        let Row { mut values, size } = of_checkpoint(key, checkpoint)?;
        self.check(key, size)?;
        let sql = match expected {
            None => {
                values.extend(names(key));
                &self.statements.commit_first
            }
            Some(head) => {
                values.extend(on_head(key, head));
                &self.statements.commit_next
            }
        };
        match self.write(self.statement(sql, values)).await {
            Ok(done) if done.rows_affected() == 1 => Ok(()),
            Ok(_) => Err(self.conflict(key, expected).await),
            Err(error) if is_duplicate(&error) => Err(self.conflict(key, expected).await),
            Err(error) => Err(CheckpointError::storage(key, Operation::Save, error)),
        }
    }

    async fn save_progress(
        &self,
        key: &ThreadKey,
        head: HeadRef,
        progress: &Progress,
    ) -> Result<(), CheckpointError> {
        let json = serde_json::to_string(progress)
            .map_err(|error| CheckpointError::storage(key, Operation::Save, error))?;
        self.check(key, json.len())?;
        let is_next = match progress.revision.checked_sub(1) {
            Some(before) => until_kept!(self.replace_progress(key, head, before, &json))
                .map_err(|failed: Failed| failed.into_error(key, Operation::Save))?,
            None => false,
        };
        if is_next { Ok(()) } else { Err(self.conflict(key, Some(head)).await) }
    }

    async fn replace_progress(
        &self,
        key: &ThreadKey,
        head: HeadRef,
        before: u64,
        json: &str,
    ) -> Result<bool, Failed> {
        let transaction = self.begin().await?;
        let revision = before + 1;
        let mut values: Vec<Value> = names(key).into();
        values.extend([count(head.id.0), bits(head.line.0), count(revision), text(json.to_owned())]);
        values.extend(on_head(key, head));
        values.push(count(before));
        values.extend(names(key).into_iter().chain([count(head.id.0), bits(head.line.0)]));
        let done = transaction.execute_raw(self.statement(&self.statements.save_progress, values)).await;
        let is_next = match done {
            Ok(done) => done.rows_affected() == 1,
            Err(error) if is_duplicate(&error) => false,
            Err(error) => return Err(error.into()),
        };
        if !is_next {
            transaction.rollback().await?;
            return Ok(false);
        }
        let values = names(key).into_iter().chain([count(head.id.0), count(revision)]).collect();
        transaction.execute_raw(self.statement(&self.statements.forget_progress, values)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn save_effect(&self, key: &ThreadKey, effect: &Effect) -> Result<(), CheckpointError> {
        self.check(key, effect.json.get().len() + effect.key.len())?;
        let mut values: Vec<Value> = names(key).into();
        values.extend([bits(effect.line.0), count(effect.step), count(effect.position as u64)]);
        values.extend([digest(&effect.key), bytes(&effect.key), text(effect.json.get().to_owned())]);
        match self.write(self.statement(&self.statements.save_effect, values)).await {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Err(CheckpointError::effect_conflict(key, &effect.key)),
            Err(error) => Err(CheckpointError::storage(key, Operation::Save, error)),
        }
    }

    async fn history(
        &self,
        key: &ThreadKey,
        query: &HistoryQuery,
    ) -> Result<Vec<StoredCheckpoint>, CheckpointError> {
        let reader = self.reader_of(key);
        let (filter, filter_values) = self.filter(query);
        let columns = format!(
            "id, line, salt, {}, {}",
            self.dialect.capped("metadata", self.limit),
            self.dialect.capped("record", self.limit)
        );
        let limit = query.limit.unwrap_or(usize::MAX);
        let (mut found, mut before) = (Vec::new(), query.before.map_or(u64::MAX, |id| id.0));
        while found.len() < limit {
            // What the database filters by metadata is looked at again here: texts can only be compared roughly.
            let page = if query.metadata.is_empty() { PAGE.min(limit - found.len()) } else { PAGE };
            let sql = format!(
                "SELECT {columns} FROM medha_checkpoint WHERE thread = ? AND namespace = ? AND hollow = 0 AND id < ?
                 {filter} ORDER BY id DESC LIMIT {page}"
            );
            let mut values: Vec<Value> = names(key).into();
            values.push(count(before));
            values.extend(filter_values.iter().cloned());
            let rows = self.read(self.sql(&sql, values)).await;
            let rows = rows.map_err(|error| CheckpointError::storage(key, Operation::Load, error))?;
            for row in &rows {
                let checkpoint = reader.record(row)?;
                before = checkpoint.id.0;
                if query.matches(&checkpoint) && found.len() < limit {
                    found.push(checkpoint);
                }
            }
            if rows.len() < page {
                break;
            }
        }
        Ok(found)
    }

    /// Conditions every wanted checkpoint meets.
    fn filter(&self, query: &HistoryQuery) -> (String, Vec<Value>) {
        let (mut filter, mut values) = (String::new(), Vec::new());
        if let Some(cause) = query.cause.and_then(|cause| serde_json::to_string(&cause).ok()) {
            filter.push_str(" AND cause = ?");
            values.push(text(cause.trim_matches('"').to_owned()));
        }
        if let Some(run) = query.run {
            filter.push_str(" AND run = ?");
            values.push(bits(run.0));
        }
        for (key, value) in &query.metadata {
            // The text of a container depends on the order of its keys.
            if value.is_object() || value.is_array() {
                continue;
            }
            filter.push_str(" AND ");
            filter.push_str(&self.dialect.contains("metadata"));
            values.push(text(format!("{}:{value}", serde_json::Value::from(key.as_str()))));
        }
        (filter, values)
    }
}

/// The parameters of "this is the head".
fn on_head(key: &ThreadKey, head: HeadRef) -> impl Iterator<Item = Value> {
    let is_there = names(key).into_iter().chain([count(head.id.0), bits(head.line.0)]);
    is_there.chain(names(key)).chain([count(head.id.0)])
}

impl<E: 'static> Checkpointer for SqlSaver<E> {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        Box::pin(self.database.load(key, at))
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        Box::pin(self.database.written(key, ranges))
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        Box::pin(self.database.commit(key, expected, checkpoint))
    }

    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()> {
        Box::pin(async move { self.database.save_progress(key, head, &progress).await })
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        Box::pin(async move { self.database.save_effect(key, &effect).await })
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        Box::pin(self.database.history(key, query))
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        Box::pin(upkeep::namespaces(&self.database, thread))
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        Box::pin(upkeep::threads(&self.database, after, limit))
    }

    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        Box::pin(upkeep::copy(&self.database, from, to, salt))
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        Box::pin(upkeep::prune(&self.database, thread, retention))
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        Box::pin(upkeep::delete(&self.database, thread))
    }
}
