//! The workflow from question to answer, over small SQLite files, with a planner whose words are written down.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod shop;

mod answers;
mod audit;
mod choice;
mod events;
mod recovery;
mod trouble;
