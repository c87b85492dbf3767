//! [`PostgresConnector`]: the trait over one database of a server.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::catalog;
use super::failure;
use super::open;
use super::plan;
use super::wire::PgWire;
use crate::connector::{Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::secret::Secret;
use crate::server::{Look, MAX_BATCH_BYTES, Pool, Rows, Sender, Session, Work, look_at, schema_of};

/// Few connections: the server has others to serve.
const CONNECTIONS: usize = 4;
/// Rows of the first fetch, so that something can be shown soon.
const FIRST_FETCH: usize = 256;
/// The most rows of a `FETCH`,
const LARGEST_FETCH: usize = 512;
/// and the most of those in one message,
const FETCHES: usize = 32;
/// if the message before took no longer than this.
const QUICK: Duration = Duration::from_millis(250);

/// A database of a PostgreSQL server, read and never written to.
///
/// Every statement runs as a cursor in a read-only transaction with a time limit; one that is dropped, cancelled or late is
/// stopped on the server. Nothing a statement leaves in its session is there for the next one.
///
/// * It describes and finds what the search path of its user finds; `?options[search_path]=sales,hr` sets another one. Where that
///   finds nothing, and other schemas have tables, an error names them.
/// * Times with a zone are shown in UTC, and intervals, arrays, ranges and types of the user's own as PostgreSQL writes them.
/// * Off this machine the connection is encrypted and the server's certificate checked, unless the address says `sslmode`.
/// * What a read-only transaction does not stop (files of the server, large objects) the guard stops; still, give it a role that
///   is no superuser.
/// * A cursor is not computed in parallel by the server.
///
/// ```no_run
/// use medha_connectors::{Connector, Guard, PostgresConnector, QueryOptions};
/// use std::sync::Arc;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let sales = PostgresConnector::open("postgres://reader:secret@db.example.com/sales")?;
/// let guard = Guard::new(sales.dialect(), Arc::new(sales.schema().await?));
/// let sql = guard.check("SELECT sum(total) FROM orders", 1_000)?;
/// let answer = sales.query(&sql, QueryOptions::default()).await?.collect().await?;
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PostgresConnector {
    pool: Arc<Pool<PgWire>>,
}

impl PostgresConnector {
    /// Reads an address such as `"postgres://user:password@host/database"`; the first question connects.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if the address cannot be read or has a parameter that is not known.
    pub fn open(url: impl Into<Secret>) -> Result<Self, ConnectorError> {
        Self::open_with(url, CONNECTIONS)
    }

    /// The same, with at most so many connections; 4 if not said.
    ///
    /// # Errors
    /// As [`PostgresConnector::open`].
    pub fn open_with(url: impl Into<Secret>, connections: usize) -> Result<Self, ConnectorError> {
        let (options, name) = open::options(&url.into())?;
        Ok(Self { pool: Pool::new(options, name, connections) })
    }

    /// Runs a statement, whether it has passed the guard or is one of ours.
    pub(super) async fn run(&self, sql: &str, options: &QueryOptions) -> Result<RowStream, ConnectorError> {
        let work = Work::begin(options.deadline, options.cancel.clone());
        let mut session = self.pool.session(&work).await?;
        let declared = match session.busy() {
            Some(wire) => work.wait_for(wire.declare(sql)).await?,
            None => Err(sqlx::Error::PoolClosed),
        };
        session.done(&declared);
        let columns = declared.map_err(|error| failure::of_query(&error, session.database(), &work))?;
        // One row more than wanted, to know whether there are more.
        let wanted = options.max_rows.saturating_add(1);
        let max_bytes = options.max_bytes;
        let pump_work = work.clone();
        let rows = Rows::new(work, move |send| pump(session, wanted, max_bytes, pump_work, send));
        Ok(RowStream::new(columns, rows, options))
    }

    /// The first column of the rows of a statement of ours.
    pub(super) async fn texts(&self, sql: String, work: Work) -> Result<Vec<String>, ConnectorError> {
        let mut session = self.pool.session(&work).await?;
        let read = match session.busy() {
            Some(wire) => work.wait_for(wire.texts(sql)).await?,
            None => Err(sqlx::Error::PoolClosed),
        };
        session.done(&read);
        read.map_err(|error| failure::of_query(&error, session.database(), &work))
    }
}

/// Fetches again and again until the rows that are wanted are there or the cursor has no more.
async fn pump(
    mut session: Session<PgWire>,
    mut wanted: usize,
    mut max_bytes: usize,
    work: Work,
    send: Sender,
) {
    let (mut ask, mut each) = (FIRST_FETCH, FIRST_FETCH);
    while wanted > 0 {
        let asked = ask.min(wanted);
        let Some(wire) = session.busy() else { return };
        let before = work.limit();
        let outcome = wire.fetch(asked, each, max_bytes, work.limit(), &send).await;
        // With rows still on their way the session stays busy, so that its end stops the server.
        if !matches!(&outcome, Ok(fetched) if !fetched.is_read) {
            session.done(&outcome);
        }
        let fetched = match outcome {
            Ok(fetched) => fetched,
            Err(error) => {
                let _ = send.send(Err(failure::of_query(&error, session.database(), &work))).await;
                return;
            }
        };
        if fetched.rows < asked || !fetched.is_read || send.is_closed() {
            return;
        }
        (wanted, max_bytes) = (wanted - fetched.rows, max_bytes.saturating_sub(fetched.bytes));
        let row_bytes = (fetched.bytes / fetched.rows.max(1)).max(1);
        each = (MAX_BATCH_BYTES / row_bytes).clamp(1, LARGEST_FETCH);
        // The server's time limit is for each `FETCH`, so only quick ones go together.
        let is_quick = before.saturating_sub(work.limit()) < QUICK;
        ask = if is_quick { (ask * 4).min(each * FETCHES) } else { each };
    }
}

#[async_trait]
impl Connector for PostgresConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        let found = self.texts(catalog::CATALOG.to_owned(), Work::usual()).await?;
        let elsewhere = self.texts(catalog::ELSEWHERE.to_owned(), Work::usual()).await?.join(",");
        if found.is_empty() && !elsewhere.is_empty() {
            return Err(ConnectorError::Open {
                database: self.pool.name().to_owned(),
                reason: format!(
                    "its tables are in schemas that are not on the search path; add \
                     ?options[search_path]={elsewhere} to the address"
                ),
            });
        }
        if !elsewhere.is_empty() {
            tracing::info!(database = self.pool.name(), elsewhere, "some tables are not on the search path");
        }
        let mut tables = catalog::tables(&found)?;
        look_at(self, &mut tables).await?;
        Ok(schema_of(tables))
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        let lines = self.texts(format!("EXPLAIN {}", sql.as_str()), Work::usual()).await?;
        Ok(lines.join("\n"))
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        if options.max_planned_rows.is_some() {
            let work = Work::begin(options.deadline, options.cancel.clone());
            let plan = self.texts(format!("EXPLAIN (FORMAT JSON) {}", sql.as_str()), work).await?;
            options.allow(plan::planned_rows(&plan.concat()))?;
        }
        self.run(sql.as_str(), &options.within(sql)).await
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        self.pool.session(&Work::usual()).await.map(drop)
    }
}

#[async_trait]
impl Look for PostgresConnector {
    fn quoted(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    async fn ask(&self, sql: &str, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        self.run(sql, &options).await
    }
}
