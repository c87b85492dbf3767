//! A finding: one thing a result shows, with the numbers it rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One thing a result shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// One sentence for a person.
    pub text: String,
    /// The numbers it rests on, by name.
    pub evidence: BTreeMap<String, f64>,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// A sum or a count of the whole.
    Total,
    /// A difference to another period.
    Change,
    /// Who is first, and by how much.
    Leader,
    /// Parts of a whole.
    Share,
    /// A direction over time.
    Trend,
    /// A value far from the others.
    Outlier,
    /// What the numbers do not cover: a period that is not over, missing values, gaps.
    Coverage,
    /// Nothing could be shown.
    NoEvidence,
}

impl Finding {
    pub(crate) fn new<const N: usize>(kind: FindingKind, text: String, evidence: [(&str, f64); N]) -> Self {
        Self {
            kind,
            text,
            evidence: evidence.into_iter().map(|(name, number)| (name.to_owned(), number)).collect(),
        }
    }
}
