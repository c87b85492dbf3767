//! The tool-calling agent, with models whose turns are written down.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

mod calls;
mod commands;
mod limits;
mod mistakes;
mod questions;
mod shape;
mod stored;
