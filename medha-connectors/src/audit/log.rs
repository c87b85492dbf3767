//! A log of statements: where it is, and what goes wrong with it.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::value::to_raw_value;

use super::file::LogFile;
use super::line::Seal;
use super::place::Place;
use super::record::AuditRecord;
#[cfg(feature = "sql")]
use super::table::LogTable;

/// A log of statements, in a file of JSON lines or in a table. Any number of processes may append to one log.
///
/// A line is on the disk when [`append`](Self::append) returns.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File(LogFile),
    #[cfg(feature = "sql")]
    Table(LogTable),
}

/// Why a log cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file system refuses.
    #[error("audit log {path:?}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record cannot be written as JSON.
    #[error("audit log {path:?}: the record cannot be written: {source}")]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The database that holds a log cannot be used.
    #[error("audit log {place:?}: {reason}")]
    Table {
        /// The database, without secrets.
        place: String,
        /// Why.
        reason: String,
    },
    /// The log is not what was written.
    #[error("audit log {path:?}: line {line} {problem}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The end of the log is not the one that was noted.
    #[error("audit log {path:?}: {problem}")]
    OtherEnd {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl AuditLog {
    /// Opens a log, or makes it.
    ///
    /// A path is a file of JSON lines, which on Unix nobody but its owner may read if it is made. `sqlite:PATH` and
    /// `postgres://…` are a table `medha_audit` in a SQLite file or a PostgreSQL database.
    ///
    /// # Errors
    /// If the file cannot be opened for reading and writing, or the database not be reached.
    pub fn open(place: impl AsRef<Path>) -> Result<Self, AuditError> {
        let place = Place::of(place.as_ref());
        let kind = match &place {
            Place::File(path) => Kind::File(LogFile::open(path)?),
            #[cfg(feature = "sql")]
            Place::Table(url) => Kind::Table(LogTable::open(url)?),
            #[cfg(not(feature = "sql"))]
            Place::Table(_) => return Err(place.unknown()),
        };
        Ok(Self { path: place.shown().into(), kind })
    }

    /// Where it is, without secrets.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a record and returns the seal of the log. Waits for other processes that append, and for the disk.
    ///
    /// # Errors
    /// If it cannot be written, or does not end with a line of a log: nothing is then added.
    pub fn append(&self, record: &AuditRecord) -> Result<Seal, AuditError> {
        let record =
            to_raw_value(record).map_err(|source| AuditError::Record { path: self.path.clone(), source })?;
        match &self.kind {
            Kind::File(file) => file.append(&record),
            #[cfg(feature = "sql")]
            Kind::Table(table) => table.append(record),
        }
    }
}
