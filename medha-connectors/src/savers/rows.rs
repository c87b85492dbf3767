//! To rows and back.

use medha_graph::store::{
    Effect, Head, Json, Line, Operation, Progress, StoredCheckpoint, ThreadKey, Written,
};
use medha_graph::{CheckpointError, CheckpointId};
use sea_orm::{QueryResult, TryGetable, Value};
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_128;

use super::database::Database;

/// The thread and the namespace, as parameters.
pub(super) fn names(key: &ThreadKey) -> [Value; 2] {
    [bytes(key.thread()), bytes(key.namespace())]
}

pub(super) fn bytes(text: &str) -> Value {
    Value::Bytes(Some(text.as_bytes().to_vec()))
}

pub(super) fn text(text: String) -> Value {
    Value::String(Some(text))
}

/// A number that counts; one that is too large is larger than all there are.
pub(super) fn count(number: u64) -> Value {
    Value::BigInt(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

/// A number that is only compared for equality.
pub(super) fn bits(number: u64) -> Value {
    Value::BigInt(Some(number.cast_signed()))
}

/// A checkpoint as the values of its row.
pub(super) fn of_checkpoint(
    key: &ThreadKey,
    mut checkpoint: StoredCheckpoint,
) -> Result<Row, CheckpointError> {
    let unwritable = |error: serde_json::Error| CheckpointError::storage(key, Operation::Save, error);
    if i64::try_from(checkpoint.id.0.max(checkpoint.step)).is_err() {
        let why = "its number is too large for this database";
        return Err(CheckpointError::storage(key, Operation::Save, why));
    }
    let written = std::mem::take(&mut checkpoint.written);
    let metadata = std::mem::take(&mut checkpoint.metadata);
    let metadata =
        if metadata.is_empty() { None } else { Some(serde_json::to_string(&metadata).map_err(unwritable)?) };
    let record = serde_json::to_string(&checkpoint).map_err(unwritable)?;
    let written = serde_json::to_string(&written).map_err(unwritable)?;
    let cause = serde_json::to_string(&checkpoint.cause).map_err(unwritable)?;
    let size = record.len() + written.len() + metadata.as_ref().map_or(0, String::len);
    let [thread, namespace] = names(key);
    let values = vec![
        thread,
        namespace,
        count(checkpoint.id.0),
        bits(checkpoint.line.0),
        count(checkpoint.step),
        bits(checkpoint.run.0),
        text(cause.trim_matches('"').to_owned()),
        count(checkpoint.saved_at),
        Value::String(metadata),
        text(record),
        text(written),
    ];
    Ok(Row { values, size })
}

/// The values of a row, and the bytes of those that can be long.
pub(super) struct Row {
    pub(super) values: Vec<Value>,
    pub(super) size: usize,
}

/// The digest by which an effect is found: its name may be longer than an index takes.
pub(super) fn digest(name: &str) -> Value {
    Value::Bytes(Some(xxh3_128(name.as_bytes()).to_be_bytes().to_vec()))
}

/// Reads rows of one history.
pub(super) struct Reader<'a> {
    pub(super) key: &'a ThreadKey,
    pub(super) limit: u64,
}

impl Database {
    pub(super) fn reader_of<'a>(&self, key: &'a ThreadKey) -> Reader<'a> {
        Reader { key, limit: self.limit }
    }
}

impl Reader<'_> {
    pub(super) fn get<T: TryGetable>(&self, row: &QueryResult, index: usize) -> Result<T, CheckpointError> {
        row.try_get_by_index(index).map_err(|error| CheckpointError::corrupt(self.key, error))
    }

    pub(super) fn number(&self, row: &QueryResult, index: usize) -> Result<u64, CheckpointError> {
        let number: i64 = self.get(row, index)?;
        u64::try_from(number)
            .map_err(|_| CheckpointError::corrupt(self.key, format!("{number} is no number of it")))
    }

    /// A text that takes two columns: itself unless it is too large, and its size.
    pub(super) fn capped(&self, row: &QueryResult, index: usize) -> Result<Option<String>, CheckpointError> {
        let (text, size): (Option<String>, Option<i64>) = (self.get(row, index)?, self.get(row, index + 1)?);
        match (text, size.and_then(|size| u64::try_from(size).ok())) {
            (None, Some(size)) => Err(CheckpointError::too_large(self.key, size, self.limit)),
            (text, _) => Ok(text),
        }
    }

    pub(super) fn parsed<T: DeserializeOwned + Default>(
        &self,
        row: &QueryResult,
        index: usize,
    ) -> Result<T, CheckpointError> {
        let Some(text) = self.capped(row, index)? else { return Ok(T::default()) };
        serde_json::from_str(&text).map_err(|error| CheckpointError::corrupt(self.key, error))
    }

    /// From `id, line, salt, metadata, record`: all but what was written.
    pub(super) fn record(&self, row: &QueryResult) -> Result<StoredCheckpoint, CheckpointError> {
        let text = self.capped(row, 5)?.unwrap_or_default();
        let checkpoint: Result<StoredCheckpoint, _> = serde_json::from_str(&text);
        let mut checkpoint = checkpoint.map_err(|error| CheckpointError::corrupt(self.key, error))?;
        if checkpoint.id != CheckpointId(self.number(row, 0)?) {
            return Err(CheckpointError::corrupt(self.key, "its number is not that of its row"));
        }
        let (line, salt): (i64, i64) = (self.get(row, 1)?, self.get(row, 2)?);
        checkpoint.line = Line(line.cast_unsigned());
        if let Some(origin) = &mut checkpoint.origin {
            origin.line.0 ^= salt.cast_unsigned();
        }
        checkpoint.metadata = self.parsed(row, 3)?;
        Ok(checkpoint)
    }

    /// From `id, line, salt, metadata, record, written`.
    pub(super) fn checkpoint(&self, row: &QueryResult) -> Result<StoredCheckpoint, CheckpointError> {
        let written: Written = self.parsed(row, 7)?;
        Ok(StoredCheckpoint { written, ..self.record(row)? })
    }

    /// From the same, with `progress` and the superstep after it; effects are read apart.
    pub(super) fn head(&self, row: &QueryResult) -> Result<Head, CheckpointError> {
        let progress: Progress = self.parsed(row, 9)?;
        Ok(Head { checkpoint: self.checkpoint(row)?, progress, effects: Vec::new() })
    }

    /// From `step, place, name, result`.
    pub(super) fn effect(&self, row: &QueryResult, line: Line) -> Result<Effect, CheckpointError> {
        let name: Vec<u8> = self.get(row, 2)?;
        let text = self.capped(row, 3)?.unwrap_or_default();
        let json: Json =
            serde_json::from_str(&text).map_err(|error| CheckpointError::corrupt(self.key, error))?;
        Ok(Effect {
            line,
            step: self.number(row, 0)?,
            position: usize::try_from(self.number(row, 1)?).unwrap_or(usize::MAX),
            key: self.utf8(name)?,
            json,
        })
    }

    pub(super) fn utf8(&self, name: Vec<u8>) -> Result<String, CheckpointError> {
        String::from_utf8(name).map_err(|error| CheckpointError::corrupt(self.key, error))
    }
}
