//! The index: the trait over a database.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;

use super::collection::{COLUMNS, Collection, Storage};
use super::database::{Database, cell, number};
use crate::retrieval::embedder::Embedder;
use crate::retrieval::entry::Entry;
use crate::retrieval::error::RetrievalError;
use crate::retrieval::index::{
    CollectionStatus, IndexStatus, Reembedding, ReembeddingStatus, RetrievalIndex,
};
use crate::retrieval::query::{Hit, Query};

/// An index in a database; `E` says which. Made by [`SqliteIndex::open`](super::SqliteIndex) and `PostgresIndex::connect`.
///
/// Any number of processes may use one database. Every batch is a transaction: a process that is killed leaves whole batches.
pub struct SqlIndex<E> {
    pub(super) database: Arc<Database>,
    engine: PhantomData<fn() -> E>,
}

impl<E> Clone for SqlIndex<E> {
    fn clone(&self) -> Self {
        Self::over(Arc::clone(&self.database))
    }
}

impl<E> fmt::Debug for SqlIndex<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlIndex").field("backend", &self.database.backend).finish_non_exhaustive()
    }
}

impl<E> SqlIndex<E> {
    pub(super) fn over(database: Arc<Database>) -> Self {
        Self { database, engine: PhantomData }
    }

    /// Closes the connections; what is stored is stored. Dropping the index does the same a little later.
    pub async fn close(&self) {
        for connection in [&self.database.writer, &self.database.reader] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, "a connection of a retrieval index did not close");
            }
        }
    }
}

#[async_trait]
impl<E> RetrievalIndex for SqlIndex<E> {
    async fn upsert(&self, collection: &str, entries: &[Entry]) -> Result<(), RetrievalError> {
        self.database.put(collection, entries).await
    }

    async fn remove(&self, collection: &str, ids: &[String]) -> Result<u64, RetrievalError> {
        self.database.take(collection, ids).await
    }

    async fn clear(&self, collection: &str) -> Result<(), RetrievalError> {
        self.database.drop_collection(collection).await
    }

    async fn search(&self, query: &Query) -> Result<Vec<Hit>, RetrievalError> {
        self.database.find(query).await
    }

    async fn status(&self) -> Result<IndexStatus, RetrievalError> {
        let transaction = self.database.begin_reading().await?;
        let sql = format!("SELECT {COLUMNS} FROM medha_retrieval_collection ORDER BY name");
        let mut collections = Vec::new();
        let mut numbers = BTreeSet::new();
        for row in &transaction.rows(&sql, Vec::new()).await? {
            let collection = Collection::of(row)?;
            let sql = "SELECT count(*), count(v.number) FROM medha_retrieval_entry e
                 LEFT JOIN medha_retrieval_vector v ON v.number = e.number AND v.generation = ? WHERE e.collection = ?";
            let next = collection.next.as_ref().map_or(-1, |next| next.generation);
            let counts = transaction.rows(sql, vec![number(next), number(collection.number)]).await?;
            let (mut entries, mut done) = (0, 0);
            if let Some(row) = counts.first() {
                (entries, done) = (cell::<i64>(row, 0)?, cell::<i64>(row, 1)?);
            }
            numbers.insert(collection.number);
            collections.push(CollectionStatus {
                name: collection.name,
                entries: entries.unsigned_abs(),
                embedder: collection.vectors.embedder,
                dimensions: collection.vectors.dimensions,
                vectors_in_database: collection.vectors.storage == Storage::PgVector,
                reembedding: collection
                    .next
                    .map(|next| ReembeddingStatus { embedder: next.embedder, done: done.unsigned_abs() }),
            });
        }
        transaction.rollback().await?;
        self.database.forget_all_but(&numbers);
        Ok(IndexStatus { collections, arms: self.database.arms.clone() })
    }

    #[allow(clippy::disallowed_methods, reason = "the handle owns the task, and stops it when it is dropped")]
    async fn reembed(
        &self,
        collection: &str,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Reembedding, RetrievalError> {
        self.database.know(&embedder);
        let begun = self.database.begin_reembedding(collection, embedder.as_ref()).await?;
        let database = Arc::clone(&self.database);
        Ok(Reembedding::new(tokio::spawn(async move {
            match begun {
                Some(collection) => database.reembed(collection, embedder).await,
                None => Ok(()),
            }
        })))
    }
}
