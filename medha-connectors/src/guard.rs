//! Every statement passes here before it reaches a database.

use crate::dialect::Dialect;
use crate::schema::Schema;

/// A statement that has passed the guard: what runs is the re-serialised tree, not the text that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedSql {
    sql: String,
    tables: Vec<String>,
}

impl GuardedSql {
    /// The SQL to send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.sql
    }

    /// The base tables it reads.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }
}

/// Checks statements against one database's schema.
#[derive(Debug)]
pub struct Guard {
    _dialect: Dialect,
    _schema: Schema,
}
