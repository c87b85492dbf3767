//! What goes wrong between us and a database.

/// An error of a connector.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectorError {
    /// The database could not be opened or reached.
    #[error("cannot open {database:?}: {reason}")]
    Open {
        /// What was to be opened, without secrets.
        database: String,
        /// Why it failed and what to do.
        reason: String,
    },
    /// The database refused or failed the statement.
    #[error("the database could not run the query: {reason}")]
    Query {
        /// What the database said.
        reason: String,
    },
    /// Another process holds the database.
    #[error("{database:?} is locked by another process; try again when it has finished writing")]
    Locked {
        /// Which database.
        database: String,
    },
    /// The connection was lost while the query ran; nothing was changed, so asking again is safe.
    #[error("the connection to {database:?} was lost ({reason}); ask again")]
    Lost {
        /// Which database, without secrets.
        database: String,
        /// What was seen of it.
        reason: String,
    },
    /// The deadline passed before the answer was complete.
    #[error("the query was stopped after {after:?}; ask for less or raise the deadline")]
    Deadline {
        /// The deadline it ran into.
        after: std::time::Duration,
    },
    /// The database expects more work than is allowed; nothing was begun.
    #[error(
        "the database would go through about {planned} rows for this, and {allowed} are allowed; ask for less, with a filter or \
         a shorter time"
    )]
    TooManyRows {
        /// What it expects.
        planned: u64,
        /// The limit.
        allowed: u64,
    },
    /// The caller cancelled the query.
    #[error("the query was cancelled")]
    Cancelled,
}
