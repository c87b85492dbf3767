//! Text with separators: CSV, TSV and their relatives.

mod records;
mod sniff;
mod scan;

pub(super) use scan::{Scan, rows, scan};
