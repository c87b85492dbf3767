//! Files as databases: CSV, TSV, JSON and JSON lines, read once into a SQLite file of our own and asked there.
//!
//! The flow: `source` finds the files, `cache` looks for an import of exactly them, `import` makes one in two passes. The
//! first pass (`csv::scan`, `json::scan`) reads every row and settles names and types, the second one writes typed rows. Both
//! need memory for a few rows, however large the file. What had to be mended is said in remarks, and what cannot be
//! understood is refused with its line: nothing is dropped silently.

mod connector;
mod source;
mod cache;
mod import;
mod write;
mod stop;
mod input;
mod csv;
mod json;
mod plan;
mod names;
mod column;
mod look;
mod moment;

pub use connector::FilesConnector;
pub(crate) use source::Format;
