//! Merging rankings by reciprocal rank.

use std::collections::BTreeMap;

use super::index::Arm;
use super::query::Ranks;

/// How much a place near the top is worth beside one further down: from Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion
/// outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009, where 60 was found and little depends on it.
const K: f64 = 60.0;

/// What an arm has found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// Its id, which settles ties.
    pub(super) id: Vec<u8>,
    /// Its number in the database.
    pub(super) number: i64,
}

/// A candidate with its merged score.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Merged {
    pub(super) candidate: Candidate,
    pub(super) score: f64,
    pub(super) ranks: Ranks,
}

/// The best of all arms: the sum over the arms of 1 / (60 + rank). Ties go to the smaller id.
pub(super) fn merge(rankings: Vec<(Arm, Vec<Candidate>)>, limit: usize) -> Vec<Merged> {
    let mut found: BTreeMap<Candidate, Ranks> = BTreeMap::new();
    for (arm, ranking) in rankings {
        for (candidate, rank) in ranking.into_iter().zip(1..) {
            let ranks = found.entry(candidate).or_default();
            match arm {
                Arm::Words => ranks.words = Some(rank),
                Arm::Letters => ranks.letters = Some(rank),
                Arm::Vectors => ranks.vectors = Some(rank),
            }
        }
    }
    let mut merged: Vec<Merged> = found
        .into_iter()
        .map(|(candidate, ranks)| Merged { candidate, score: score(ranks), ranks })
        .collect();
    // It is stable, and they come in the order of their ids.
    merged.sort_by(|one, other| other.score.total_cmp(&one.score));
    merged.truncate(limit);
    merged
}

/// The ranks are added in order of their size, so that the same ranks give the same score whatever arms they are of.
fn score(ranks: Ranks) -> f64 {
    let mut ranks: Vec<u32> = [ranks.words, ranks.letters, ranks.vectors].into_iter().flatten().collect();
    ranks.sort_unstable();
    ranks.into_iter().map(|rank| 1.0 / (K + f64::from(rank))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(ids: &str) -> Vec<Candidate> {
        ids.bytes().map(|id| Candidate { id: vec![id], number: i64::from(id) }).collect()
    }

    fn order(merged: &[Merged]) -> String {
        merged.iter().map(|one| char::from(one.candidate.id[0])).collect()
    }

    #[test]
    fn what_two_arms_find_comes_before_what_one_finds_first() {
        let merged = merge(vec![(Arm::Words, ranking("axb")), (Arm::Vectors, ranking("yxc"))], 10);
        assert_eq!(order(&merged), "xaybc");
        assert_eq!(merged[0].ranks, Ranks { words: Some(2), letters: None, vectors: Some(2) });
        assert!((merged[0].score - 2.0 / 62.0).abs() < 1e-12);
    }

    #[test]
    fn ties_go_to_the_smaller_id_whatever_arm_comes_first() {
        let one = merge(vec![(Arm::Words, ranking("abc")), (Arm::Vectors, ranking("cba"))], 10);
        let other = merge(vec![(Arm::Vectors, ranking("cba")), (Arm::Words, ranking("abc"))], 10);
        assert_eq!(one, other);
        assert_eq!(order(&one), "acb");
        assert_eq!(order(&merge(vec![(Arm::Words, ranking("cab"))], 2)), "ca");
    }
}
