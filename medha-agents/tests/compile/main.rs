//! Plans compiled over a small shop, run on SQLite through the guard, and compared with sums made by hand.
#![allow(clippy::unwrap_used, reason = "tests unwrap")]

mod fixture;
mod fan_out;
mod filters;
mod groups;
mod listings;
mod time;
mod windows;
mod any_plan;
