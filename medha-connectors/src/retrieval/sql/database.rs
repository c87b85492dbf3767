//! The connections of an index.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    IsolationLevel, QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    TryGetable, Value,
};

use super::scan::Scanned;
use crate::retrieval::embedder::Embedder;
use crate::retrieval::error::RetrievalError;
use crate::retrieval::index::ArmStatus;

/// The longest name of a collection or an entry: a number and it must fit in an index of each database.
const LONGEST_NAME: usize = 1_000;

/// An open index.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) backend: DbBackend,
    /// In SQLite one connection; elsewhere the same pool as `reader`.
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
    /// Whether entries have a column of letters that `pg_trgm` compares.
    pub(super) has_letters: bool,
    /// Whether new vectors are stored for pgvector.
    pub(super) has_pgvector: bool,
    pub(super) arms: Vec<ArmStatus>,
    /// The first one is that of new collections; others came with re-embeddings.
    pub(super) embedders: Mutex<Vec<Arc<dyn Embedder>>>,
    /// The vectors of collections that are scanned here, by the number of the collection.
    pub(super) scanned: Mutex<HashMap<i64, Arc<Scanned>>>,
}

impl Database {
    /// Parameters are written as `?`; no text here has one in any other place.
    pub(super) fn sql(&self, text: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.backend, numbered(self.backend, text), values)
    }

    /// A transaction that writes; in SQLite one that begins by reading could not go on.
    pub(super) async fn begin(&self) -> Result<Transaction<'_>, RetrievalError> {
        Ok(Transaction { database: self, inner: self.writer.begin_with_options(writing()).await? })
    }

    /// A transaction that sees the database as it is at one moment.
    pub(super) async fn begin_reading(&self) -> Result<Transaction<'_>, RetrievalError> {
        let options = match self.backend {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            DbBackend::Sqlite | DbBackend::MySql | _ => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            },
        };
        Ok(Transaction { database: self, inner: self.reader.begin_with_options(options).await? })
    }

    /// The embedder of that name, if this index has it.
    pub(super) fn embedder(&self, id: &str, dimensions: usize) -> Option<Arc<dyn Embedder>> {
        let embedders = self.embedders.lock().unwrap_or_else(PoisonError::into_inner);
        embedders.iter().find(|one| one.id() == id && one.dimensions() == dimensions).cloned()
    }

    /// The embedder of new collections.
    pub(super) fn main_embedder(&self) -> Arc<dyn Embedder> {
        let embedders = self.embedders.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&embedders[0])
    }

    pub(super) fn know(&self, embedder: &Arc<dyn Embedder>) {
        if self.embedder(embedder.id(), embedder.dimensions()).is_none() {
            let mut embedders = self.embedders.lock().unwrap_or_else(PoisonError::into_inner);
            embedders.push(Arc::clone(embedder));
        }
    }
}

/// A transaction, which is taken back if it is dropped.
pub(super) struct Transaction<'a> {
    database: &'a Database,
    inner: DatabaseTransaction,
}

impl Transaction<'_> {
    pub(super) async fn rows(
        &self,
        text: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, RetrievalError> {
        Ok(self.inner.query_all_raw(self.database.sql(text, values)).await?)
    }

    pub(super) async fn run(&self, text: &str, values: Vec<Value>) -> Result<ExecResult, RetrievalError> {
        Ok(self.inner.execute_raw(self.database.sql(text, values)).await?)
    }

    pub(super) async fn commit(self) -> Result<(), RetrievalError> {
        Ok(self.inner.commit().await?)
    }

    pub(super) async fn rollback(self) -> Result<(), RetrievalError> {
        Ok(self.inner.rollback().await?)
    }
}

impl From<DbErr> for RetrievalError {
    fn from(error: DbErr) -> Self {
        Self::storage(error)
    }
}

pub(super) fn writing() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// A name as it is stored: compared byte by byte.
pub(super) fn name(what: &'static str, name: &str) -> Result<Value, RetrievalError> {
    if name.len() > LONGEST_NAME {
        return Err(RetrievalError::LongName { what, bytes: name.len() });
    }
    Ok(Value::Bytes(Some(name.as_bytes().to_vec())))
}

pub(super) fn number(number: i64) -> Value {
    Value::BigInt(Some(number))
}

pub(super) fn text(text: impl Into<String>) -> Value {
    Value::String(Some(text.into()))
}

/// A column of a row.
pub(super) fn cell<T: TryGetable>(row: &QueryResult, index: usize) -> Result<T, RetrievalError> {
    Ok(row.try_get_by_index(index)?)
}

/// `?, ?, ?`.
pub(super) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// The text with the parameters as this database takes them.
fn numbered(backend: DbBackend, sql: &str) -> String {
    if backend != DbBackend::Postgres {
        return sql.to_owned();
    }
    let mut parts = sql.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (part, count) in parts.zip(1..) {
        numbered.push_str(&format!("${count}{part}"));
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_where_the_database_wants_numbers() {
        assert_eq!(numbered(DbBackend::Postgres, "a = ? AND b IN (?, ?)"), "a = $1 AND b IN ($2, $3)");
        assert_eq!(numbered(DbBackend::Sqlite, "a = ?"), "a = ?");
    }
}
