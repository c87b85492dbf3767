//! How entries are found: each arm ranks them, the ranks are merged.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::{DbBackend, QueryResult, Value};

use super::collection::{Collection, Storage};
use super::database::{Database, Transaction, cell, number, text};
use super::write::{Record, list, scope};
use crate::retrieval::embedder::{Embedder, query_vector};
use crate::retrieval::entry::{Entry, EntryKind};
use crate::retrieval::error::RetrievalError;
use crate::retrieval::fusion::{Candidate, merge};
use crate::retrieval::index::Arm;
use crate::retrieval::query::{Hit, Query};
use crate::retrieval::vector::Vector;
use crate::retrieval::words::{query_text, terms};

/// Each arm is followed at least so far; what is further down in all of them is not found.
const DEPTH: usize = 100;

/// What a search looks for in one collection.
struct Search<'a> {
    collection: &'a Collection,
    query: &'a Query,
    terms: Vec<String>,
    depth: usize,
}

impl Database {
    pub(super) async fn find(&self, query: &Query) -> Result<Vec<Hit>, RetrievalError> {
        let terms = terms(&query.text);
        let mut made: Option<(Arc<dyn Embedder>, Vector)> = None;
        loop {
            let transaction = self.begin_reading().await?;
            let collection = transaction.collection(&query.collection).await?;
            let unknown = || RetrievalError::UnknownCollection { collection: query.collection.clone() };
            let collection = collection.ok_or_else(unknown)?;
            let embedder = collection.embedder(self)?;
            if query.limit == 0 || query_text(&query.text).trim().is_empty() {
                return Ok(Vec::new());
            }
            let usable = made.as_ref().filter(|(maker, _)| maker.id() == embedder.id());
            let Some((_, vector)) = usable else {
                // The model may take long; nothing is held open meanwhile.
                transaction.rollback().await?;
                let vector = query_vector(embedder.as_ref(), query_text(&query.text)).await?;
                made = Some((embedder, vector));
                continue;
            };
            let depth = query.limit.saturating_mul(3).clamp(DEPTH, 10_000).max(query.limit);
            let search = Search { collection: &collection, query, terms, depth };
            let words = self.by_words(&transaction, &search).await?;
            let letters = self.by_letters(&transaction, &search).await?;
            let vectors = self.by_vectors(&transaction, &search, embedder.as_ref(), vector).await?;
            let rankings = vec![(Arm::Words, words), (Arm::Letters, letters), (Arm::Vectors, vectors)];
            let hits = hits(&transaction, rankings, query.limit).await?;
            transaction.rollback().await?;
            return Ok(hits);
        }
    }

    async fn by_words(
        &self,
        transaction: &Transaction<'_>,
        search: &Search<'_>,
    ) -> Result<Vec<Candidate>, RetrievalError> {
        if search.terms.is_empty() {
            return Ok(Vec::new());
        }
        let kinds = kinds(&search.query.kinds);
        // Terms are letters and digits, whatever was asked; the quotes keep them from being anything else.
        if self.backend == DbBackend::Postgres {
            let terms: Vec<String> = search.terms.iter().map(|term| format!("'{term}'")).collect();
            let sql = format!(
                "SELECT e.number, e.id FROM medha_retrieval_entry e, to_tsquery('english', ?) q
                 WHERE e.collection = ? AND e.words @@ q{kinds} ORDER BY ts_rank(e.words, q, 1) DESC, e.id LIMIT ?"
            );
            let values = vec![text(terms.join(" | ")), number(search.collection.number), depth(search)];
            return candidates(&transaction.rows(&sql, values).await?);
        }
        let terms: Vec<String> = search.terms.iter().map(|term| format!("\"{term}\"")).collect();
        // The join is written as `CROSS JOIN`, which SQLite does in this order; it would rather ask the table of words once for
        // each entry of the collection.
        let asked = format!("scope:\"{}\" AND words:({})", scope(search.collection), terms.join(" OR "));
        let sql = format!(
            "SELECT e.number, e.id FROM medha_retrieval_words CROSS JOIN medha_retrieval_entry e
             ON e.number = medha_retrieval_words.rowid WHERE medha_retrieval_words MATCH ? AND e.collection = ?{kinds}
             ORDER BY bm25(medha_retrieval_words, 0.0, 1.0), e.id LIMIT ?"
        );
        let values = vec![text(asked), number(search.collection.number), depth(search)];
        candidates(&transaction.rows(&sql, values).await?)
    }

    /// How much the letters of each term are those of some word of an entry, taken together.
    async fn by_letters(
        &self,
        transaction: &Transaction<'_>,
        search: &Search<'_>,
    ) -> Result<Vec<Candidate>, RetrievalError> {
        if !self.has_letters || search.terms.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT e.number, e.id FROM unnest(string_to_array(?, ' ')) AS term
             JOIN medha_retrieval_entry e ON e.letters %> term
             WHERE e.collection = ?{} GROUP BY e.number, e.id
             ORDER BY sum(word_similarity(term, e.letters)) DESC, e.id LIMIT ?",
            kinds(&search.query.kinds)
        );
        let values = vec![text(search.terms.join(" ")), number(search.collection.number), depth(search)];
        candidates(&transaction.rows(&sql, values).await?)
    }

    async fn by_vectors(
        &self,
        transaction: &Transaction<'_>,
        search: &Search<'_>,
        embedder: &dyn Embedder,
        vector: &Vector,
    ) -> Result<Vec<Candidate>, RetrievalError> {
        let collection = search.collection;
        match collection.vectors.storage {
            Storage::Scanned => {
                let scanned = self.scanned(transaction, collection).await?;
                let (vector, kinds) = (vector.clone(), search.query.kinds.clone());
                let (noise, depth) = (embedder.noise(), search.depth);
                // Some milliseconds of arithmetic do not belong between the tasks of others.
                let scan = move || scanned.nearest(&vector, &kinds, noise, depth);
                tokio::task::spawn_blocking(scan).await.map_err(RetrievalError::storage)
            }
            Storage::PgVector => {
                let sql = format!(
                    "SELECT number, id, distance FROM (
                         SELECT e.number, e.id, v.embedding <=> CAST(CAST(? AS text) AS vector) AS distance
                         FROM medha_retrieval_entry e
                         JOIN medha_retrieval_vector v ON v.number = e.number AND v.generation = ?
                         WHERE e.collection = ?{}) found ORDER BY distance, id LIMIT ?",
                    kinds(&search.query.kinds)
                );
                let values = vec![
                    text(vector.to_text()),
                    number(collection.vectors.generation),
                    number(collection.number),
                    depth(search),
                ];
                let mut rows = transaction.rows(&sql, values).await?;
                let is_near = |row: &QueryResult| {
                    let distance: Result<f64, _> = row.try_get_by_index(2);
                    // The distance of a vector of zeros is no number.
                    distance.is_ok_and(|distance| 1.0 - distance > f64::from(embedder.noise()))
                };
                rows.retain(is_near);
                candidates(&rows)
            }
        }
    }
}

async fn hits(
    transaction: &Transaction<'_>,
    rankings: Vec<(Arm, Vec<Candidate>)>,
    limit: usize,
) -> Result<Vec<Hit>, RetrievalError> {
    let merged = merge(rankings, limit);
    let numbers: Vec<i64> = merged.iter().map(|one| one.candidate.number).collect();
    let sql = format!(
        "SELECT number, kind, record FROM medha_retrieval_entry WHERE number IN ({})",
        list(&numbers)
    );
    let mut stored: HashMap<i64, (String, String)> = HashMap::new();
    for row in &transaction.rows(&sql, Vec::new()).await? {
        stored.insert(cell(row, 0)?, (cell(row, 1)?, cell(row, 2)?));
    }
    let mut hits = Vec::with_capacity(merged.len());
    for one in merged {
        // One that was put in after this transaction began is not of its time.
        let Some((kind, record)) = stored.remove(&one.candidate.number) else { continue };
        let id = String::from_utf8_lossy(&one.candidate.id).into_owned();
        let Record { text, payload, .. } = Record::of(&id, &record)?;
        let Some(kind) = EntryKind::of(&kind) else {
            return Err(RetrievalError::Damaged { id, reason: format!("there is no kind {kind:?}") });
        };
        hits.push(Hit { entry: Entry { id, kind, text, payload }, score: one.score, ranks: one.ranks });
    }
    Ok(hits)
}

fn candidates(rows: &[QueryResult]) -> Result<Vec<Candidate>, RetrievalError> {
    rows.iter().map(|row| Ok(Candidate { number: cell(row, 0)?, id: cell(row, 1)? })).collect()
}

fn kinds(kinds: &[EntryKind]) -> String {
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
    if kinds.is_empty() { String::new() } else { format!(" AND e.kind IN ({})", kinds.join(", ")) }
}

fn depth(search: &Search<'_>) -> Value {
    number(i64::try_from(search.depth).unwrap_or(i64::MAX))
}
