//! What is put into an index and taken out of it.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{DbBackend, Value};
use serde::{Deserialize, Serialize};

use super::collection::{Collection, Storage, Vectors};
use super::database::{Database, Transaction, cell, marks, name, number, text};
use crate::retrieval::embedder::vectors;
use crate::retrieval::entry::Entry;
use crate::retrieval::error::RetrievalError;
use crate::retrieval::vector::Vector;
use crate::retrieval::words::words;

/// Entries of one transaction.
const BATCH: usize = 500;
/// The version of records.
const FORMAT: u32 = 1;

/// An entry as it is stored: what is no column of its row.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    pub(super) text: String,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub(super) payload: serde_json::Value,
}

/// An entry on its way into a row.
struct Row<'a> {
    entry: &'a Entry,
    id: Value,
    record: String,
}

impl Record {
    /// Reads what is stored.
    pub(super) fn of(id: &str, json: &str) -> Result<Self, RetrievalError> {
        let damaged = |reason: String| RetrievalError::Damaged { id: id.to_owned(), reason };
        let record: Self = serde_json::from_str(json).map_err(|error| damaged(error.to_string()))?;
        if record.format > FORMAT {
            return Err(damaged(format!(
                "it has version {}, and this program knows {FORMAT}",
                record.format
            )));
        }
        Ok(record)
    }
}

impl Database {
    pub(super) async fn put(&self, collection: &str, entries: &[Entry]) -> Result<(), RetrievalError> {
        // Of entries with the same id the last one counts.
        let mut by_id: BTreeMap<&str, &Entry> = BTreeMap::new();
        by_id.extend(entries.iter().map(|entry| (entry.id.as_str(), entry)));
        let rows: Vec<Row<'_>> = by_id.into_values().map(row).collect::<Result<_, _>>()?;
        if rows.is_empty() {
            self.collection_or_new(collection).await?;
        }
        for batch in rows.chunks(BATCH) {
            // It is tried again only when the collection was cleared or re-embedded meanwhile.
            while !self.put_batch(collection, batch).await? {}
        }
        Ok(())
    }

    /// False if the vectors that were made are no longer those of the collection.
    async fn put_batch(&self, called: &str, batch: &[Row<'_>]) -> Result<bool, RetrievalError> {
        let collection = self.collection_or_new(called).await?;
        let embedder = collection.embedder(self)?;
        let stored = self.stored(&collection, batch).await?;
        let is_new = |row: &&Row<'_>| {
            stored
                .get(row.entry.id.as_bytes())
                .is_none_or(|(kind, record)| kind != row.entry.kind.as_str() || *record != row.record)
        };
        let rows: Vec<&Row<'_>> = batch.iter().filter(is_new).collect();
        if rows.is_empty() {
            return Ok(true);
        }
        let texts: Vec<String> = rows.iter().map(|row| row.entry.text.clone()).collect();
        let made = vectors(embedder.as_ref(), &texts).await?;
        let transaction = self.begin().await?;
        let found = transaction.collection_to_write(collection.number).await?;
        let Some(collection) = found.filter(|found| found.vectors == collection.vectors) else {
            transaction.rollback().await?;
            return Ok(false);
        };
        let numbers = self.write_entries(&transaction, &collection, &rows).await?;
        let all: Vec<i64> = numbers.values().copied().collect();
        // Those of the next embedder are out of date too.
        let sql = format!("DELETE FROM medha_retrieval_vector WHERE number IN ({})", list(&all));
        transaction.run(&sql, Vec::new()).await?;
        let of_rows: Vec<(i64, &Vector)> = rows
            .iter()
            .zip(&made)
            .filter_map(|(row, vector)| Some((*numbers.get(row.entry.id.as_bytes())?, vector)))
            .collect();
        self.write_vectors(&transaction, &collection.vectors, &of_rows).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// What is stored under the ids: kind and record.
    async fn stored(
        &self,
        collection: &Collection,
        batch: &[Row<'_>],
    ) -> Result<HashMap<Vec<u8>, (String, String)>, RetrievalError> {
        let sql = format!(
            "SELECT id, kind, record FROM medha_retrieval_entry WHERE collection = ? AND id IN ({})",
            marks(batch.len())
        );
        let values = [number(collection.number)].into_iter().chain(batch.iter().map(|row| row.id.clone()));
        let transaction = self.begin_reading().await?;
        let rows = transaction.rows(&sql, values.collect()).await?;
        transaction.rollback().await?;
        rows.iter().map(|row| Ok((cell(row, 0)?, (cell(row, 1)?, cell(row, 2)?)))).collect()
    }

    /// Gives the numbers by id.
    async fn write_entries(
        &self,
        transaction: &Transaction<'_>,
        collection: &Collection,
        rows: &[&Row<'_>],
    ) -> Result<HashMap<Vec<u8>, i64>, RetrievalError> {
        let is_postgres = self.backend == DbBackend::Postgres;
        let (columns, marks, renewed) = if is_postgres {
            let renewed = ", words = excluded.words, letters = excluded.letters";
            (", words, letters", "(?, ?, ?, ?, ?, to_tsvector('english', ?), ?)", renewed)
        } else {
            ("", "(?, ?, ?, ?, ?)", "")
        };
        let sql = format!(
            "INSERT INTO medha_retrieval_entry (collection, id, kind, revision, record{columns}) VALUES {}
             ON CONFLICT (collection, id) DO UPDATE SET kind = excluded.kind, revision = excluded.revision,
             record = excluded.record{renewed} RETURNING number, id",
            vec![marks; rows.len()].join(", ")
        );
        let mut values = Vec::new();
        for row in rows {
            values.extend([
                number(collection.number),
                row.id.clone(),
                text(row.entry.kind.as_str()),
                number(collection.revision),
                text(row.record.clone()),
            ]);
            if is_postgres {
                let words = words(&row.entry.text);
                values.extend([text(words.clone()), text(words)]);
            }
        }
        let written = transaction.rows(&sql, values).await?;
        let numbers: Result<HashMap<Vec<u8>, i64>, RetrievalError> =
            written.iter().map(|row| Ok((cell(row, 1)?, cell(row, 0)?))).collect();
        let numbers: HashMap<Vec<u8>, i64> = numbers?;
        if !is_postgres {
            let all: Vec<i64> = numbers.values().copied().collect();
            let gone = format!("DELETE FROM medha_retrieval_words WHERE rowid IN ({})", list(&all));
            transaction.run(&gone, Vec::new()).await?;
            let sql = format!(
                "INSERT INTO medha_retrieval_words (rowid, scope, words) VALUES {}",
                vec!["(?, ?, ?)"; numbers.len()].join(", ")
            );
            let mut values = Vec::new();
            for row in rows {
                let Some(of_row) = numbers.get(row.entry.id.as_bytes()) else { continue };
                values.extend([number(*of_row), text(scope(collection)), text(words(&row.entry.text))]);
            }
            transaction.run(&sql, values).await?;
        }
        Ok(numbers)
    }

    /// Stores vectors of entries that have none of that generation.
    pub(super) async fn write_vectors(
        &self,
        transaction: &Transaction<'_>,
        of: &Vectors,
        vectors: &[(i64, &Vector)],
    ) -> Result<(), RetrievalError> {
        if vectors.is_empty() {
            return Ok(());
        }
        let (column, mark) = match of.storage {
            Storage::Scanned => ("bytes", "(?, ?, ?)"),
            Storage::PgVector => ("embedding", "(?, ?, CAST(CAST(? AS text) AS vector))"),
        };
        let sql = format!(
            "INSERT INTO medha_retrieval_vector (number, generation, {column}) VALUES {}
             ON CONFLICT (number, generation) DO NOTHING",
            vec![mark; vectors.len()].join(", ")
        );
        let values = vectors.iter().flat_map(|(entry, vector)| {
            let value = match of.storage {
                Storage::Scanned => Value::Bytes(Some(vector.to_bytes())),
                Storage::PgVector => text(vector.to_text()),
            };
            [number(*entry), number(of.generation), value]
        });
        transaction.run(&sql, values.collect()).await?;
        Ok(())
    }

    pub(super) async fn take(&self, called: &str, ids: &[String]) -> Result<u64, RetrievalError> {
        let mut taken = 0;
        for ids in ids.chunks(BATCH) {
            let transaction = self.begin().await?;
            let Some(collection) = transaction.collection(called).await? else { return Ok(taken) };
            if transaction.collection_to_write(collection.number).await?.is_none() {
                return Ok(taken);
            }
            let sql = format!(
                "SELECT number FROM medha_retrieval_entry WHERE collection = ? AND id IN ({})",
                marks(ids.len())
            );
            let mut values = vec![number(collection.number)];
            for id in ids {
                values.push(name("an entry", id)?);
            }
            let rows = transaction.rows(&sql, values).await?;
            let numbers: Vec<i64> = rows.iter().map(|row| cell(row, 0)).collect::<Result<_, _>>()?;
            let sql = "UPDATE medha_retrieval_collection SET removed = revision WHERE number = ?";
            transaction.run(sql, vec![number(collection.number)]).await?;
            self.delete(&transaction, &list(&numbers)).await?;
            transaction.commit().await?;
            taken += numbers.len() as u64;
        }
        Ok(taken)
    }

    pub(super) async fn drop_collection(&self, called: &str) -> Result<(), RetrievalError> {
        let transaction = self.begin().await?;
        let sql = "DELETE FROM medha_retrieval_collection WHERE name = ? RETURNING number";
        let rows = transaction.rows(sql, vec![name("a collection", called)?]).await?;
        if let Some(row) = rows.first() {
            let gone: i64 = cell(row, 0)?;
            let all = format!("SELECT number FROM medha_retrieval_entry WHERE collection = {gone}");
            self.delete(&transaction, &all).await?;
        }
        transaction.commit().await
    }

    /// Takes out the entries of a list of numbers, or of a query that gives one.
    async fn delete(&self, transaction: &Transaction<'_>, numbers: &str) -> Result<(), RetrievalError> {
        let words = "DELETE FROM medha_retrieval_words WHERE rowid IN";
        let rest = [
            "DELETE FROM medha_retrieval_vector WHERE number IN",
            "DELETE FROM medha_retrieval_entry WHERE number IN",
        ];
        let words = (self.backend != DbBackend::Postgres).then_some(words);
        for sql in words.into_iter().chain(rest) {
            transaction.run(&format!("{sql} ({numbers})"), Vec::new()).await?;
        }
        Ok(())
    }
}

/// The word that stands for a collection in the table of words.
pub(super) fn scope(collection: &Collection) -> String {
    format!("c{}", collection.number)
}

/// Numbers of ours in a text; with none of them, one that nothing has.
pub(super) fn list(numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    if numbers.is_empty() { "-1".to_owned() } else { numbers.join(", ") }
}

fn row(entry: &Entry) -> Result<Row<'_>, RetrievalError> {
    let record = Record { format: FORMAT, text: entry.text.clone(), payload: entry.payload.clone() };
    let record = serde_json::to_string(&record).map_err(RetrievalError::storage)?;
    Ok(Row { entry, id: name("an entry", &entry.id)?, record })
}
