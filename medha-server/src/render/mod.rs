//! An answer for people: tables, charts and sentences as text for a terminal.
//!
//! Everything here is a function from values to text; nothing looks at a terminal or writes to one.

pub(crate) mod answer;
mod bars;
mod chart;
mod lines;
mod sparklines;
pub(crate) mod sql;
pub(crate) mod table;
pub(crate) mod text;
