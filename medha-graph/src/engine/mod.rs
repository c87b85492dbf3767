//! The pure engine: values and decisions, in virtual time.
//!
//! *Architecture invariant: `engine` knows no runtime, reads no clock, awaits nothing and stores nothing.*

pub(crate) mod name;
pub(crate) mod json;
pub(crate) mod checkpoint;
pub(crate) mod round;
pub(crate) mod superstep;
pub(crate) mod retry;
pub(crate) mod timer;
pub(crate) mod failed;
pub(crate) mod lanes;
pub(crate) mod machine;
pub(crate) mod record;
pub(crate) mod ledger;
pub(crate) mod recorder;
pub(crate) mod assemble;
pub(crate) mod restore;
pub(crate) mod setup;
pub(crate) mod standing;
pub(crate) mod session;
pub(crate) mod pause;
pub(crate) mod answers;
pub(crate) mod progress;
pub(crate) mod update;

#[cfg(test)]
mod tests;
