//! The rows of collections.

use std::sync::Arc;

use sea_orm::QueryResult;

use super::database::{Database, Transaction, cell, name, number, text};
use crate::retrieval::embedder::Embedder;
use crate::retrieval::error::RetrievalError;

/// pgvector's own limit.
const MOST_DIMENSIONS: usize = 16_000;

/// A collection as it is at one moment.
#[derive(Clone, Debug)]
pub(super) struct Collection {
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) vectors: Vectors,
    pub(super) revision: i64,
    pub(super) removed: i64,
    /// What is being made anew.
    pub(super) next: Option<Vectors>,
}

/// The vectors of a collection.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vectors {
    pub(super) generation: i64,
    pub(super) embedder: String,
    pub(super) dimensions: usize,
    pub(super) storage: Storage,
}

/// Where vectors are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// In this process.
    Scanned,
    /// In the database.
    PgVector,
}

pub(super) const COLUMNS: &str =
    "number, name, embedder, dimensions, storage, generation, revision, removed, next_embedder,
     next_dimensions, next_storage, next_generation";

impl Collection {
    /// From a row of [`COLUMNS`].
    pub(super) fn of(row: &QueryResult) -> Result<Self, RetrievalError> {
        let name: Vec<u8> = cell(row, 1)?;
        let next: Option<i64> = cell(row, 11)?;
        let next = match next {
            Some(generation) => Some(Vectors {
                generation,
                embedder: cell(row, 8)?,
                dimensions: dimensions(cell(row, 9)?),
                storage: Storage::of(&cell::<String>(row, 10)?),
            }),
            None => None,
        };
        Ok(Self {
            number: cell(row, 0)?,
            name: String::from_utf8_lossy(&name).into_owned(),
            vectors: Vectors {
                generation: cell(row, 5)?,
                embedder: cell(row, 2)?,
                dimensions: dimensions(cell(row, 3)?),
                storage: Storage::of(&cell::<String>(row, 4)?),
            },
            revision: cell(row, 6)?,
            removed: cell(row, 7)?,
            next,
        })
    }

    /// The embedder its vectors are of.
    pub(super) fn embedder(&self, database: &Database) -> Result<Arc<dyn Embedder>, RetrievalError> {
        let Vectors { embedder, dimensions, .. } = &self.vectors;
        database.embedder(embedder, *dimensions).ok_or_else(|| {
            let ours = database.main_embedder();
            RetrievalError::OtherEmbedder {
                collection: self.name.clone(),
                found: embedder.clone(),
                found_dimensions: *dimensions,
                ours: format!("{:?} with {}", ours.id(), ours.dimensions()),
            }
        })
    }
}

impl Storage {
    pub(super) fn best(database: &Database, dimensions: usize) -> Self {
        if database.has_pgvector && dimensions <= MOST_DIMENSIONS { Self::PgVector } else { Self::Scanned }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Scanned => "scanned",
            Self::PgVector => "pgvector",
        }
    }

    fn of(text: &str) -> Self {
        if text == Self::PgVector.as_str() { Self::PgVector } else { Self::Scanned }
    }
}

impl Transaction<'_> {
    /// The collection of that name.
    pub(super) async fn collection(&self, called: &str) -> Result<Option<Collection>, RetrievalError> {
        let sql = format!("SELECT {COLUMNS} FROM medha_retrieval_collection WHERE name = ?");
        let rows = self.rows(&sql, vec![name("a collection", called)?]).await?;
        rows.first().map(Collection::of).transpose()
    }

    /// The same, counted on: no other transaction writes to it before this one ends.
    pub(super) async fn collection_to_write(
        &self,
        number_of_it: i64,
    ) -> Result<Option<Collection>, RetrievalError> {
        let sql = format!(
            "UPDATE medha_retrieval_collection SET revision = revision + 1 WHERE number = ? RETURNING {COLUMNS}"
        );
        let rows = self.rows(&sql, vec![number(number_of_it)]).await?;
        rows.first().map(Collection::of).transpose()
    }
}

impl Database {
    /// The collection of that name, made if it is not there.
    pub(super) async fn collection_or_new(&self, called: &str) -> Result<Collection, RetrievalError> {
        loop {
            let transaction = self.begin_reading().await?;
            let found = transaction.collection(called).await?;
            transaction.rollback().await?;
            if let Some(collection) = found {
                return Ok(collection);
            }
            let embedder = self.main_embedder();
            let transaction = self.begin().await?;
            let sql = "INSERT INTO medha_retrieval_collection
                 (name, embedder, dimensions, storage, generation, revision, removed) VALUES (?, ?, ?, ?, 1, 0, 0)
                 ON CONFLICT (name) DO NOTHING";
            let values = vec![
                name("a collection", called)?,
                text(embedder.id()),
                number(i64::try_from(embedder.dimensions()).unwrap_or(i64::MAX)),
                text(Storage::best(self, embedder.dimensions()).as_str()),
            ];
            transaction.run(sql, values).await?;
            transaction.commit().await?;
        }
    }
}

fn dimensions(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
