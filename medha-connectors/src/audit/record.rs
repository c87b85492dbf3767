//! What is noted of one statement.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::guard::ColumnRead;

/// What is noted of one statement that somebody asked for, whether it ran or not.
///
/// It holds the texts as they were: whoever may read it sees what a user sees, and the errors of the database besides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When it was asked for.
    pub at: Timestamp,
    /// Who asked.
    pub user: String,
    /// The question it answers, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The connection it was for, by name or address without secrets.
    pub connection: String,
    /// The SQL as it came.
    pub asked: String,
    /// The SQL that was sent, with all rules put in; nothing if none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// The tables it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// The columns of them that the statement names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnRead>,
    /// The rules that were put in, in the words of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What became of it.
    pub decision: Decision,
    /// The rows that were handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// What the user was told to name when asking about a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How long the database took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// It ran to its end, or to a limit.
    Allowed,
    /// The guard refused it.
    Refused {
        /// Why, as the user was told.
        reason: String,
    },
    /// It was let through, and the database failed.
    Failed {
        /// The database's own words, which the user does not see.
        error: String,
    },
    /// Whoever asked went away or stopped it.
    Cancelled,
}

impl AuditRecord {
    /// A statement that was let through just now; the fields say the rest.
    #[must_use]
    pub fn new(user: impl Into<String>, connection: impl Into<String>, asked: impl Into<String>) -> Self {
        Self {
            at: now(),
            user: user.into(),
            question: None,
            connection: connection.into(),
            asked: asked.into(),
            sent: None,
            tables: Vec::new(),
            columns: Vec::new(),
            rules: Vec::new(),
            decision: Decision::Allowed,
            rows: None,
            reference: None,
            took_ms: None,
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a record says when")]
fn now() -> Timestamp {
    Timestamp::now()
}
