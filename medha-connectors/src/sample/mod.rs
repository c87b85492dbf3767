//! The embedded sample: a made-up business of three years, the same bytes for the same seed and last day.
//!
//! It is what `medha` asks when it is given no database, so that the first question needs no setup. The business sells
//! goods to four customer segments in five regions, runs care-plan subscriptions, answers support tickets and pays for
//! marketing. [`facts`] lists what was planted in it, [`MODEL`] says what its tables mean.

pub mod facts;
mod business;
mod catalogue;
mod customers;
mod orders;
mod service;
mod stamp;
mod tables;
mod words;
mod write;
#[cfg(test)]
mod tests;

pub use stamp::{Stamp, stamp};
pub use write::{Sample, SampleError, generate};

/// The semantic model of the sample, in Apache Ossie's format with our extension; it fits any seed and last day.
///
/// ```
/// assert!(medha_connectors::sample::MODEL.contains("name: sample_business"));
/// ```
pub const MODEL: &str = include_str!("model.ossie.yaml");
