//! What a result means, in plain words: totals, changes, leaders, shares, or "no evidence".

mod conditions;
mod find;
mod finding;
mod groups;
mod period;
mod series;
mod statistics;
mod words;

#[cfg(test)]
mod tests;

pub use conditions::conditions;
pub use find::{Facts, Previous, find};
pub use finding::{Finding, FindingKind};
pub use period::{Compared, DataSpan, PreviousWindow, comparable};
pub use statistics::{MannKendall, mann_kendall, median, robust_scores, sen_slope};
pub(crate) use words::{capital, plural, window};
