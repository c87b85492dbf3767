//! What a result means, in plain words: totals, changes, leaders, shares, or "no evidence".

mod finding;

pub use finding::{Finding, FindingKind};
