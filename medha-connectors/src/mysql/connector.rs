//! [`MySqlConnector`]: the trait over one database of a server.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};

use super::catalog;
use super::failure;
use super::open;
use super::plan;
use super::values;
use super::wire::MySqlWire;
use crate::connector::{Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::secret::Secret;
use crate::server::{
    BATCH_ROWS, Look, MAX_BATCH_BYTES, Pool, Rows, Sender, Session, Work, look_at, schema_of,
};
use crate::value::{ColumnKind, ResultSet, Value};

/// Few connections: the server has others to serve.
const CONNECTIONS: usize = 4;

/// A database of a MySQL or MariaDB server, read and never written to.
///
/// Every statement is prepared, which takes exactly one, and runs in a read-only transaction with a time limit; one that is
/// dropped, cancelled or late is stopped on the server.
///
/// * Statements mean what they mean on this server: the driver's changes of mode and zone are off. Only the modes under
///   which the guard would read a text as a name, or the other way round (`ANSI_QUOTES`, `NO_BACKSLASH_ESCAPES`), are
///   switched off.
/// * `BIT` is an integer, geometry is text such as `POINT(1 2)`, a date of zeros is the text `0000-00-00`.
/// * Off this machine the connection is encrypted and the server's certificate checked, unless the address says `ssl-mode`.
/// * A read-only transaction lets much through here, which the guard stops; still, give it a user with `SELECT` alone.
///
/// ```no_run
/// use medha_connectors::{Connector, Guard, MySqlConnector, QueryOptions};
/// use std::sync::Arc;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let sales = MySqlConnector::open("mysql://reader:secret@db.example.com/sales")?;
/// let guard = Guard::new(sales.dialect(), Arc::new(sales.schema().await?));
/// let sql = guard.check("SELECT sum(total) FROM orders", 1_000)?;
/// let answer = sales.query(&sql, QueryOptions::default()).await?.collect().await?;
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MySqlConnector {
    pool: Arc<Pool<MySqlWire>>,
}

impl MySqlConnector {
    /// Reads an address such as `"mysql://user:password@host/database"`; the first question connects.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if the address cannot be read, names no database or has a parameter that is not known.
    pub fn open(url: impl Into<Secret>) -> Result<Self, ConnectorError> {
        Self::open_with(url, CONNECTIONS)
    }

    /// The same, with at most so many connections; 4 if not said.
    ///
    /// # Errors
    /// As [`MySqlConnector::open`].
    pub fn open_with(url: impl Into<Secret>, connections: usize) -> Result<Self, ConnectorError> {
        let (options, name) = open::options(&url.into())?;
        Ok(Self { pool: Pool::new(options, name, connections) })
    }

    /// Runs a statement, whether it has passed the guard or is one of ours.
    pub(super) async fn run(&self, sql: &str, options: &QueryOptions) -> Result<RowStream, ConnectorError> {
        let work = Work::begin(options.deadline, options.cancel.clone());
        let mut session = self.pool.session(&work).await?;
        let prepared = match session.busy() {
            Some(wire) => work.wait_for(wire.prepare(sql)).await?,
            None => Err(sqlx::Error::PoolClosed),
        };
        session.done(&prepared);
        let columns = prepared.map_err(|error| failure::of_query(&error, session.database(), &work))?;
        if columns.is_empty() {
            // A read-only transaction lets `TRUNCATE`, `INTO OUTFILE` and `SET GLOBAL` through, and none of them has columns.
            let reason = "only reading is allowed (the statement gives no rows)".to_owned();
            return Err(ConnectorError::Query { reason });
        }
        let running = Running {
            sql: sql.to_owned(),
            columns: columns.len(),
            // One row more than wanted, to know whether there are more.
            wanted: options.max_rows.saturating_add(1),
            work: work.clone(),
        };
        let rows = Rows::new(work, move |send| pump(session, running, send));
        Ok(RowStream::new(columns, rows, options))
    }

    /// All rows of a statement of ours.
    pub(super) async fn read(&self, sql: &str) -> Result<ResultSet, ConnectorError> {
        let options = QueryOptions { max_rows: usize::MAX, max_bytes: usize::MAX, ..QueryOptions::default() };
        self.run(sql, &options).await?.collect().await
    }
}

/// What runs.
struct Running {
    sql: String,
    columns: usize,
    wanted: usize,
    work: Work,
}

/// Reads the rows as they come. A session whose rows are not read to the end stays busy, so that its end stops the server.
async fn pump(mut session: Session<MySqlWire>, running: Running, send: Sender) {
    let outcome = match session.busy() {
        Some(wire) => forward(wire, &running, &send).await,
        None => return,
    };
    match outcome {
        Ok(Forwarded::All) => session.done(&Ok(())),
        Ok(Forwarded::NobodyListens) => {}
        Err(error) => {
            let reason = failure::of_query(&error, session.database(), &running.work);
            session.done(&Err::<(), _>(error));
            let _ = send.send(Err(reason)).await;
        }
    }
}

enum Forwarded {
    All,
    NobodyListens,
}

async fn forward(wire: &mut MySqlWire, running: &Running, send: &Sender) -> Result<Forwarded, sqlx::Error> {
    let mut rows = wire.rows(&running.sql);
    let mut readings = Vec::new();
    let (mut batch, mut bytes, mut count) = (Vec::new(), 0_usize, 0);
    loop {
        // Rows wait for one another only as long as there are more of them at hand, or as long as the last one that is
        // wanted needs to be known for the last one there is.
        let at_hand = if count >= running.wanted {
            Some(rows.try_next().await)
        } else {
            rows.try_next().now_or_never()
        };
        let is_full = batch.len() >= BATCH_ROWS || bytes >= MAX_BATCH_BYTES;
        let next = match at_hand {
            Some(next) => next?,
            None => {
                if !batch.is_empty() && send.send(Ok(std::mem::take(&mut batch))).await.is_err() {
                    return Ok(Forwarded::NobodyListens);
                }
                bytes = 0;
                rows.try_next().await?
            }
        };
        if (is_full || next.is_none()) && !batch.is_empty() {
            if send.send(Ok(std::mem::take(&mut batch))).await.is_err() {
                return Ok(if next.is_none() { Forwarded::All } else { Forwarded::NobodyListens });
            }
            bytes = 0;
        }
        let Some(row) = next else { return Ok(Forwarded::All) };
        if readings.is_empty() {
            readings = values::readings(&row);
            if readings.len() != running.columns {
                return Err(sqlx::Error::Decode("a table was changed while it was asked; ask again".into()));
            }
        }
        let row = values::decode_row(&row, &readings)?;
        bytes = row.iter().map(Value::size).fold(bytes, usize::saturating_add);
        batch.push(row);
        count += 1;
    }
}

#[async_trait]
impl Connector for MySqlConnector {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        let mut tables = catalog::tables(self).await?;
        look_at(self, &mut tables).await?;
        Ok(schema_of(tables))
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        let plan = self.read(&format!("EXPLAIN FORMAT=JSON {}", sql.as_str())).await?;
        let lines = plan.rows.into_iter().flatten().filter_map(|value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        if options.max_planned_rows.is_some() {
            options.allow(plan::planned_rows(&self.explain(sql).await?))?;
        }
        self.run(sql.as_str(), &options.within(sql)).await
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        self.pool.session(&Work::usual()).await.map(drop)
    }
}

#[async_trait]
impl Look for MySqlConnector {
    fn quoted(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    /// A collation that is blind to case would hide spellings.
    fn exact(&self, column: &str, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Text => format!("CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin"),
            _ => column.to_owned(),
        }
    }

    async fn ask(&self, sql: &str, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        self.run(sql, &options).await
    }
}
