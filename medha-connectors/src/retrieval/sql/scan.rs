//! Vectors that are compared in this process: read once, and after that only what has changed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use super::collection::Collection;
use super::database::{Database, Transaction, cell, number};
use crate::retrieval::entry::EntryKind;
use crate::retrieval::error::RetrievalError;
use crate::retrieval::fusion::Candidate;
use crate::retrieval::vector::{Rows, Vector};

/// The vectors of one generation of a collection, as of one revision: about a kilobyte for each entry with the hash.
#[derive(Clone, Debug)]
pub(super) struct Scanned {
    generation: i64,
    revision: i64,
    rows: Rows,
    /// What the rows are of, in their order.
    entries: Vec<(Candidate, Option<EntryKind>)>,
    /// The place of each number.
    places: HashMap<i64, usize>,
}

impl Scanned {
    fn new(collection: &Collection) -> Self {
        Self {
            generation: collection.vectors.generation,
            revision: -1,
            rows: Rows::new(collection.vectors.dimensions),
            entries: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Those nearest to a vector, of some kinds or all.
    pub(super) fn nearest(
        &self,
        vector: &Vector,
        kinds: &[EntryKind],
        noise: f32,
        depth: usize,
    ) -> Vec<Candidate> {
        let cosines = self.rows.cosines(vector).into_iter().zip(&self.entries);
        let mut found: Vec<(f32, &Candidate)> = cosines
            .filter(|(cosine, (_, kind))| {
                *cosine > noise && (kinds.is_empty() || kind.is_some_and(|kind| kinds.contains(&kind)))
            })
            .map(|(cosine, (candidate, _))| (cosine, candidate))
            .collect();
        let better = |one: &(f32, &Candidate), other: &(f32, &Candidate)| {
            other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1))
        };
        if found.len() > depth && depth > 0 {
            found.select_nth_unstable_by(depth - 1, better);
            found.truncate(depth);
        }
        found.sort_unstable_by(better);
        found.into_iter().map(|(_, candidate)| candidate.clone()).collect()
    }

    fn put(
        &mut self,
        candidate: Candidate,
        kind: Option<EntryKind>,
        bytes: &[u8],
    ) -> Result<(), RetrievalError> {
        let number = candidate.number;
        let place = self.places.get(&number).copied().unwrap_or(self.entries.len());
        if self.rows.put(place, bytes).is_none() {
            let id = String::from_utf8_lossy(&candidate.id).into_owned();
            return Err(RetrievalError::Damaged { id, reason: "its vector has another length".to_owned() });
        }
        if place == self.entries.len() {
            self.entries.push((candidate, kind));
            self.places.insert(number, place);
        } else {
            self.entries[place] = (candidate, kind);
        }
        Ok(())
    }

    /// Takes out what is not among these numbers.
    fn retain(&mut self, numbers: &BTreeSet<i64>) {
        let mut place = 0;
        while let Some((candidate, _)) = self.entries.get(place) {
            if numbers.contains(&candidate.number) {
                place += 1;
                continue;
            }
            self.places.remove(&candidate.number);
            self.rows.swap_remove(place);
            self.entries.swap_remove(place);
            if let Some((moved, _)) = self.entries.get(place) {
                self.places.insert(moved.number, place);
            }
        }
    }
}

impl Database {
    /// The vectors of a collection, no older than the transaction sees them.
    pub(super) async fn scanned(
        &self,
        transaction: &Transaction<'_>,
        collection: &Collection,
    ) -> Result<Arc<Scanned>, RetrievalError> {
        let known =
            self.scanned.lock().unwrap_or_else(PoisonError::into_inner).get(&collection.number).cloned();
        let known = known.filter(|known| known.generation == collection.vectors.generation);
        if let Some(known) = &known
            && known.revision >= collection.revision
        {
            return Ok(Arc::clone(known));
        }
        let mut scanned = known.unwrap_or_else(|| Arc::new(Scanned::new(collection)));
        let changing = Arc::make_mut(&mut scanned);
        if collection.removed > changing.revision && !changing.entries.is_empty() {
            let sql = "SELECT number FROM medha_retrieval_entry WHERE collection = ?";
            let rows = transaction.rows(sql, vec![number(collection.number)]).await?;
            changing.retain(&rows.iter().map(|row| cell(row, 0)).collect::<Result<_, _>>()?);
        }
        let sql = "SELECT e.number, e.id, e.kind, v.bytes FROM medha_retrieval_entry e
             JOIN medha_retrieval_vector v ON v.number = e.number AND v.generation = ?
             WHERE e.collection = ? AND e.revision > ?";
        let values = vec![number(changing.generation), number(collection.number), number(changing.revision)];
        for row in &transaction.rows(sql, values).await? {
            let candidate = Candidate { id: cell(row, 1)?, number: cell(row, 0)? };
            let bytes: Vec<u8> = cell(row, 3)?;
            changing.put(candidate, EntryKind::of(&cell::<String>(row, 2)?), &bytes)?;
        }
        changing.revision = collection.revision;
        let mut all = self.scanned.lock().unwrap_or_else(PoisonError::into_inner);
        let is_older = |stored: &Arc<Scanned>| {
            (stored.generation, stored.revision) < (scanned.generation, scanned.revision)
        };
        if all.get(&collection.number).is_none_or(is_older) {
            all.insert(collection.number, Arc::clone(&scanned));
        }
        Ok(scanned)
    }

    /// Lets go of the vectors of collections that are no more.
    pub(super) fn forget_all_but(&self, numbers: &BTreeSet<i64>) {
        self.scanned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|number, _| numbers.contains(number));
    }
}
