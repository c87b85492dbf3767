//! JSON: an array of objects, objects one after another, or one object a line.

mod elements;
mod object;
mod scan;

pub(super) use elements::Layout;
pub(super) use scan::{Scan, rows, scan};
