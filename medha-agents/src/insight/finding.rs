//! A finding: one thing a result shows, with the numbers it rests on.

use serde::{Deserialize, Serialize};

/// One thing a result shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// One sentence for a person.
    pub text: String,
    /// The numbers it rests on, by name.
    pub evidence: std::collections::BTreeMap<String, f64>,
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
    /// Nothing could be shown.
    NoEvidence,
}
