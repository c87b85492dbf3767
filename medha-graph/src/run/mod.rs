//! The shell around the engine: threads, the driver, events, errors of a run.

pub(crate) mod attempt;
pub(crate) mod control;
pub(crate) mod open;
pub(crate) mod effects;
pub(crate) mod queue;
pub(crate) mod needs;
pub(crate) mod driver;
pub(crate) mod superstep;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod input;
pub(crate) mod interest;
pub(crate) mod modes;
pub(crate) mod public;
pub(crate) mod stream;
pub(crate) mod thread;
pub(crate) mod snapshot;
pub(crate) mod update;
