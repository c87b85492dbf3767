//! New vectors for a collection, made beside those that serve.

use std::sync::Arc;

use super::collection::{Collection, Storage, Vectors};
use super::database::{Database, Transaction, cell, number, text};
use super::write::{Record, list};
use crate::retrieval::embedder::{Embedder, vectors};
use crate::retrieval::error::RetrievalError;

/// Entries that are embedded at a time.
const BATCH: i64 = 100;

/// An entry whose next vector is missing.
struct Missing {
    number: i64,
    revision: i64,
    text: String,
}

impl Database {
    /// Notes what is to be done; `None` if it is done already.
    pub(super) async fn begin_reembedding(
        &self,
        called: &str,
        embedder: &dyn Embedder,
    ) -> Result<Option<Collection>, RetrievalError> {
        let transaction = self.begin().await?;
        let found = transaction.collection(called).await?;
        let unknown = || RetrievalError::UnknownCollection { collection: called.to_owned() };
        let number_of_it = found.ok_or_else(unknown)?.number;
        let mut collection = transaction.collection_to_write(number_of_it).await?.ok_or_else(unknown)?;
        let wanted = |generation| Vectors {
            generation,
            embedder: embedder.id().to_owned(),
            dimensions: embedder.dimensions(),
            storage: Storage::best(self, embedder.dimensions()),
        };
        if let Some(next) = &collection.next {
            if *next == wanted(next.generation) {
                transaction.commit().await?;
                return Ok(Some(collection));
            }
        } else if collection.vectors == wanted(collection.vectors.generation) {
            transaction.commit().await?;
            return Ok(None);
        }
        let last = collection.next.as_ref().map_or(collection.vectors.generation, |next| next.generation);
        let next = wanted(last + 1);
        let sql = "UPDATE medha_retrieval_collection SET next_generation = ?, next_embedder = ?, next_dimensions = ?,
             next_storage = ? WHERE number = ?";
        let values = vec![
            number(next.generation),
            text(next.embedder.clone()),
            number(i64::try_from(next.dimensions).unwrap_or(i64::MAX)),
            text(next.storage.as_str()),
            number(collection.number),
        ];
        transaction.run(sql, values).await?;
        drop_other_generations(&transaction, &collection, collection.vectors.generation).await?;
        transaction.commit().await?;
        collection.next = Some(next);
        Ok(Some(collection))
    }

    /// Makes what is missing, batch by batch, and then lets the new vectors serve.
    pub(super) async fn reembed(
        &self,
        collection: Collection,
        embedder: Arc<dyn Embedder>,
    ) -> Result<(), RetrievalError> {
        let superseded = || RetrievalError::Superseded { collection: collection.name.clone() };
        let next = collection.next.clone().ok_or_else(superseded)?;
        let mut after = -1;
        loop {
            let missing = self.missing(&collection, &next, after).await?;
            let Some(last) = missing.last() else {
                if self.exchange(&collection, &next).await? {
                    return Ok(());
                }
                // Somebody has put in more meanwhile.
                after = -1;
                continue;
            };
            after = last.number;
            let texts: Vec<String> = missing.iter().map(|entry| entry.text.clone()).collect();
            let made = vectors(embedder.as_ref(), &texts).await?;
            let transaction = self.begin().await?;
            self.still(&transaction, &collection, &next).await?;
            // What was changed or removed while the model worked has to wait for the next round.
            let numbers: Vec<i64> = missing.iter().map(|entry| entry.number).collect();
            let sql = format!(
                "SELECT number, revision FROM medha_retrieval_entry WHERE number IN ({})",
                list(&numbers)
            );
            let rows = transaction.rows(&sql, Vec::new()).await?;
            let now: Vec<(i64, i64)> = rows
                .iter()
                .map(|row| Ok((cell(row, 0)?, cell(row, 1)?)))
                .collect::<Result<_, RetrievalError>>()?;
            let as_it_was =
                missing.iter().zip(&made).filter(|(entry, _)| now.contains(&(entry.number, entry.revision)));
            let new: Vec<_> = as_it_was.map(|(entry, vector)| (entry.number, vector)).collect();
            self.write_vectors(&transaction, &next, &new).await?;
            transaction.commit().await?;
        }
    }

    async fn missing(
        &self,
        collection: &Collection,
        next: &Vectors,
        after: i64,
    ) -> Result<Vec<Missing>, RetrievalError> {
        let transaction = self.begin_reading().await?;
        let sql = "SELECT e.number, e.revision, e.id, e.record FROM medha_retrieval_entry e
             LEFT JOIN medha_retrieval_vector v ON v.number = e.number AND v.generation = ?
             WHERE e.collection = ? AND e.number > ? AND v.number IS NULL ORDER BY e.number LIMIT ?";
        let values = vec![number(next.generation), number(collection.number), number(after), number(BATCH)];
        let rows = transaction.rows(sql, values).await?;
        transaction.rollback().await?;
        let missing = rows.iter().map(|row| {
            let id: Vec<u8> = cell(row, 2)?;
            let record = Record::of(&String::from_utf8_lossy(&id), &cell::<String>(row, 3)?)?;
            Ok(Missing { number: cell(row, 0)?, revision: cell(row, 1)?, text: record.text })
        });
        missing.collect()
    }

    /// Lets the new vectors serve; false if some are missing.
    async fn exchange(&self, collection: &Collection, next: &Vectors) -> Result<bool, RetrievalError> {
        let transaction = self.begin().await?;
        self.still(&transaction, collection, next).await?;
        let sql = "SELECT e.number FROM medha_retrieval_entry e
             LEFT JOIN medha_retrieval_vector v ON v.number = e.number AND v.generation = ?
             WHERE e.collection = ? AND v.number IS NULL LIMIT 1";
        let values = vec![number(next.generation), number(collection.number)];
        if !transaction.rows(sql, values).await?.is_empty() {
            transaction.commit().await?;
            return Ok(false);
        }
        let sql = "UPDATE medha_retrieval_collection SET generation = next_generation, embedder = next_embedder,
             dimensions = next_dimensions, storage = next_storage, next_generation = NULL, next_embedder = NULL,
             next_dimensions = NULL, next_storage = NULL WHERE number = ?";
        transaction.run(sql, vec![number(collection.number)]).await?;
        drop_other_generations(&transaction, collection, next.generation).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Counts the collection on, and makes sure that this is still what it is to become.
    async fn still(
        &self,
        transaction: &Transaction<'_>,
        collection: &Collection,
        next: &Vectors,
    ) -> Result<(), RetrievalError> {
        let found = transaction.collection_to_write(collection.number).await?;
        if found.is_some_and(|found| found.next.as_ref() == Some(next)) {
            return Ok(());
        }
        Err(RetrievalError::Superseded { collection: collection.name.clone() })
    }
}

async fn drop_other_generations(
    transaction: &Transaction<'_>,
    collection: &Collection,
    generation: i64,
) -> Result<(), RetrievalError> {
    let sql = "DELETE FROM medha_retrieval_vector WHERE generation <> ? AND number IN
         (SELECT number FROM medha_retrieval_entry WHERE collection = ?)";
    transaction.run(sql, vec![number(generation), number(collection.number)]).await?;
    Ok(())
}
