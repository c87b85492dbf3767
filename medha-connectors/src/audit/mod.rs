//! The audit record: one line for every statement somebody asked for, chained by hashes so that a line that is changed,
//! missing or moved is found.
//!
//! An [`AuditLog`] appends [`AuditRecord`]s to a file of JSON lines, or to a table of a SQLite file or a PostgreSQL database;
//! any number of processes may append to one log.
//! [`verify`] reads it again. The chain shows what was done to the lines *within*; that the end was not cut off is seen by
//! comparing the [`Seal`] with one that was noted elsewhere, which is why `verify` takes one.
//!
//! ```
//! use medha_connectors::audit::{AuditLog, AuditRecord, Decision, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("audit.jsonl");
//! let log = AuditLog::open(&path)?;
//! let mut record = AuditRecord::new("ada", "shop", "SELECT name FROM staff");
//! record.decision = Decision::Refused { reason: "table \"staff\" is not among those you may read".to_owned() };
//! let seal = log.append(&record)?;
//!
//! assert_eq!(verify(&path, None)?, Some(seal));
//! # Ok(()) }
//! ```

mod record;
mod line;
mod log;
mod place;
mod file;
#[cfg(feature = "sql")]
mod table;
mod check;

pub use check::verify;
pub use line::Seal;
pub use log::{AuditError, AuditLog};
pub use record::{AuditRecord, Decision};
