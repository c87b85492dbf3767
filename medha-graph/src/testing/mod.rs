//! Tools for testing graphs: the real engine in virtual time, with the order of completion, failures and crashes
//! decided by seeds. No runtime, no waiting.

mod simulation;
mod faults;
mod process;
mod disk;

pub use faults::{Crash, Faults};
pub use simulation::{Simulation, simulate};
