//! The tool-calling agent, with models whose turns are written down.

#![allow(clippy::disallowed_methods, reason = "tests read tokio's paused clock")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

mod calls;
mod commands;
mod limits;
mod mistakes;
mod questions;
mod shape;
mod stored;
