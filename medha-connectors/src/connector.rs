//! The one trait every database implements, and what a query may cost.

use std::fmt::{self, Debug};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::kind::KindsSeen;
use crate::schema::Schema;
use crate::value::{ResultColumn, ResultSet, Truncation, Value};

/// A database that can be described and asked, and never written to.
///
/// It runs only [`GuardedSql`]: a statement that has passed the guard. A new system starts as a copy of
/// [`dummy`](crate::dummy) and is done when it passes [`conformance::run`](crate::conformance::run).
#[async_trait]
pub trait Connector: Debug + Send + Sync {
    /// The SQL it speaks.
    fn dialect(&self) -> Dialect;

    /// Describes the tables, with a budgeted look at their values.
    async fn schema(&self) -> Result<Schema, ConnectorError>;

    /// Describes the tables as they are now, where [`schema`](Self::schema) may give what was read a while ago.
    async fn fresh_schema(&self) -> Result<Schema, ConnectorError> {
        self.schema().await
    }

    /// Says how the database would run the statement, as text for a person.
    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError>;

    /// Runs the statement; the rows arrive as a stream that ends at the limits.
    ///
    /// Dropping this future or the stream stops the database's work.
    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError>;

    /// Checks that the database answers.
    async fn ping(&self) -> Result<(), ConnectorError>;

    /// What is worth knowing before the first question, a line each: what of a file had to be mended, for example.
    fn remarks(&self) -> &[String] {
        &[]
    }

    /// What it can do that not every way to a database can; everything, if it does not say.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }
}

/// What a connector keeps of a database's answers, and how it stops.
///
/// Most can do all of it. One that goes through somebody else's program cannot mend what that program does.
///
/// ```
/// use medha_connectors::{Capabilities, Connector};
/// use medha_connectors::dummy::DummyConnector;
///
/// let dummy = DummyConnector::new(Vec::new());
/// assert_eq!(dummy.capabilities(), Capabilities::default());
/// assert_eq!(dummy.capabilities().losses(), Vec::<&str>::new());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says whether one thing is kept, and any of them may be missing"
)]
pub struct Capabilities {
    /// Whole numbers beyond ±(2^53 - 1) arrive as they are.
    pub large_integers: bool,
    /// Bytes arrive as bytes.
    pub bytes: bool,
    /// Columns of one result may share a name; if not, such a statement is refused.
    pub repeated_names: bool,
    /// A query that is stopped is stopped in the database, and its rows arrive one by one.
    pub stops_work: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self { large_integers: true, bytes: true, repeated_names: true, stops_work: true }
    }
}

impl Capabilities {
    /// What is missing, a sentence each for a person who relies on the answers.
    #[must_use]
    pub fn losses(&self) -> Vec<&'static str> {
        let missing = [
            (self.large_integers, "whole numbers beyond 9007199254740991 may arrive rounded"),
            (self.bytes, "bytes may arrive as text"),
            (self.repeated_names, "columns that share a name have to be named apart"),
            (self.stops_work, "a query that is stopped may go on in the database"),
        ];
        missing.into_iter().filter(|(has, _)| !has).map(|(_, loss)| loss).collect()
    }
}

/// What one query may cost, and how it is stopped.
///
/// By default 10,000 rows, 16 MiB of values and 30 seconds, whatever the plan says.
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
    /// A statement is not begun if the database itself expects to go through more rows than this. It is asked first, which
    /// costs a message; systems that cannot say begin at once. `None` begins at once everywhere.
    pub max_planned_rows: Option<u64>,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            max_rows: 10_000,
            max_bytes: 16 * 1024 * 1024,
            deadline: Duration::from_secs(30),
            cancel: CancellationToken::new(),
            max_planned_rows: None,
        }
    }
}

impl QueryOptions {
    /// These limits, and no more rows than the guard has allowed. For those who write a connector.
    #[must_use]
    pub fn within(mut self, sql: &GuardedSql) -> Self {
        self.max_rows = self.max_rows.min(sql.max_rows());
        self
    }

    /// Refuses a statement whose plan goes through more rows than are allowed; `planned` is `None` where the database does not
    /// say. For those who write a connector.
    ///
    /// # Errors
    /// [`ConnectorError::TooManyRows`] with both numbers.
    pub fn allow(&self, planned: Option<u64>) -> Result<(), ConnectorError> {
        match (planned, self.max_planned_rows) {
            (Some(planned), Some(allowed)) if planned > allowed => {
                Err(ConnectorError::TooManyRows { planned, allowed })
            }
            _ => Ok(()),
        }
    }
}

/// Rows as they arrive, up to the limits; [`RowStream::collect`] reads them all.
///
/// A stream that is neither read nor dropped keeps its connection, whatever the deadline.
/// It is a [`Stream`] of rows. When it has ended, [`RowStream::truncated`] says whether there would have been more.
pub struct RowStream {
    columns: Vec<ResultColumn>,
    /// `None` once the end or a limit was reached; dropping it stops the database's work.
    rows: Option<BoxStream<'static, Result<Vec<Value>, ConnectorError>>>,
    /// Rows that were read before and put back; the limits have counted them.
    put_back: std::vec::IntoIter<Vec<Value>>,
    rows_left: usize,
    bytes_left: usize,
    truncated: Option<Truncation>,
    /// What an end of `rows` means; whoever gives them may know it only then.
    ending: Arc<OnceLock<Truncation>>,
    age: Option<Duration>,
}

impl RowStream {
    /// Puts the limits of `options` on the rows of a database. For those who write a connector.
    ///
    /// One row more than the limit is asked of `rows`, so that a result of exactly the limit counts as complete.
    #[must_use]
    pub fn new<S>(columns: Vec<ResultColumn>, rows: S, options: &QueryOptions) -> Self
    where
        S: Stream<Item = Result<Vec<Value>, ConnectorError>> + Send + 'static,
    {
        Self {
            columns,
            rows: Some(Box::pin(rows)),
            put_back: Vec::new().into_iter(),
            rows_left: options.max_rows,
            bytes_left: options.max_bytes,
            truncated: None,
            ending: Arc::default(),
            age: None,
        }
    }

    /// The columns, known before the first row. Their kinds are what was declared; [`RowStream::collect`] knows better.
    #[must_use]
    pub fn columns(&self) -> &[ResultColumn] {
        &self.columns
    }

    /// Set after the end of the stream if a limit ended it.
    #[must_use]
    pub fn truncated(&self) -> Option<Truncation> {
        self.truncated
    }

    /// How long ago the database gave these rows, if they were kept since; `None` if it gives them now.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Reads to the end or to the limits, and settles the kinds of the columns by the values read.
    ///
    /// # Errors
    /// If the database fails, the deadline passes or the query is cancelled.
    pub async fn collect(mut self) -> Result<ResultSet, ConnectorError> {
        let mut rows = Vec::new();
        let mut kinds = vec![KindsSeen::default(); self.columns.len()];
        while let Some(row) = self.next().await {
            let row = row?;
            kinds.iter_mut().zip(&row).for_each(|(kind, value)| kind.observe(value));
            rows.push(row);
        }
        let mut columns = std::mem::take(&mut self.columns);
        for (column, seen) in columns.iter_mut().zip(&kinds) {
            column.kind = seen.kind(column.kind);
        }
        Ok(ResultSet { columns, rows, truncated: self.truncated })
    }

    /// Rows whose limits were put on before, with a place to say at their end what ended them.
    #[cfg(feature = "cache")]
    pub(crate) fn already_limited<S>(
        columns: Vec<ResultColumn>,
        rows: S,
        ending: Arc<OnceLock<Truncation>>,
        age: Option<Duration>,
    ) -> Self
    where
        S: Stream<Item = Result<Vec<Value>, ConnectorError>> + Send + 'static,
    {
        let unlimited =
            QueryOptions { max_rows: usize::MAX, max_bytes: usize::MAX, ..QueryOptions::default() };
        Self { ending, age, ..Self::new(columns, rows, &unlimited) }
    }

    /// Puts rows back in front that were just read.
    #[cfg(feature = "cache")]
    pub(crate) fn put_back(&mut self, rows: Vec<Vec<Value>>) {
        self.put_back = rows.into_iter();
    }

    fn stop_at(&mut self, limit: Truncation) -> Poll<Option<Result<Vec<Value>, ConnectorError>>> {
        self.truncated = Some(limit);
        self.rows = None;
        Poll::Ready(None)
    }
}

impl Stream for RowStream {
    type Item = Result<Vec<Value>, ConnectorError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(row) = self.put_back.next() {
            return Poll::Ready(Some(Ok(row)));
        }
        let Some(rows) = &mut self.rows else {
            return Poll::Ready(None);
        };
        let Poll::Ready(next) = rows.as_mut().poll_next(context) else {
            return Poll::Pending;
        };
        let row = match next {
            Some(Ok(row)) => row,
            end_or_failure => {
                self.rows = None;
                if end_or_failure.is_none() {
                    self.truncated = self.ending.get().copied();
                }
                return Poll::Ready(end_or_failure);
            }
        };
        if self.rows_left == 0 {
            return self.stop_at(Truncation::Rows);
        }
        let bytes = row.iter().map(Value::size).sum();
        let Some(bytes_left) = self.bytes_left.checked_sub(bytes) else {
            return self.stop_at(Truncation::Bytes);
        };
        self.bytes_left = bytes_left;
        self.rows_left -= 1;
        Poll::Ready(Some(Ok(row)))
    }
}

impl Debug for RowStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RowStream")
            .field("columns", &self.columns)
            .field("rows_left", &self.rows_left)
            .field("bytes_left", &self.bytes_left)
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}
