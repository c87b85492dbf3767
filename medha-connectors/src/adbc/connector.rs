//! [`AdbcConnector`]: the trait over the database of a driver.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::pool::Pool;
use super::{duckdb, objects, open, run, snowflake};
use crate::connector::{Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::secret::Secret;
use crate::server::{Described, Look, look_at, schema_of};
use crate::value::{ResultSet, Value};

/// Few connections: a server has others to serve, and DuckDB uses all cores for one.
const CONNECTIONS: usize = 4;

/// A database with an ADBC driver: DuckDB, files that DuckDB reads, Snowflake, or any other.
///
/// The driver is a library that is loaded by the first question: where the option `driver` says, a path or a name, else where
/// the ADBC driver managers look (`ADBC_DRIVER_PATH`, the user's and the system's folders, then the libraries of the system).
/// Whoever names a driver trusts it: it runs in this process. Options that begin with `adbc.` are passed on to it.
///
/// | Address | Means | More options |
/// |---|---|---|
/// | `shop.duckdb`, `duckdb:shop.db` | a DuckDB database | `memory_limit`, `threads`, `temp_directory` |
/// | `orders.parquet`, `duckdb:orders.csv`, `duckdb:orders.json` | a file as a table, read where it lies; `duckdb:` and a folder takes all files in it | the same |
/// | `snowflake://user:password@account/database/schema?warehouse=w&role=r` | a schema of Snowflake | |
/// | `adbc:` or `adbc:URI` | what `driver` opens | `dialect`, `uri`, `username`, `password` |
///
/// * A DuckDB database is opened for reading only, and DuckDB may touch no file but the one that was asked for, load no
///   extension, and change no setting of these. While it is open, no other process can write to it.
/// * DuckDB writes nothing to disk, so a question that needs more memory than there is fails; `temp_directory` lets it.
/// * Times with a zone are shown in UTC; lists, structs and maps are JSON; whole numbers beyond 64 bits are exact decimals.
///   DuckDB's `BIT` and `BIGNUM`, for which Arrow has no type, come as the bytes DuckDB keeps, and its `TIMETZ` without the zone.
/// * A driver blocks, so each statement has a thread of its own; one that is dropped, cancelled or late is stopped from another.
/// * For systems other than DuckDB and Snowflake the driver describes the tables, which not all of them do well. Nothing but the
///   guard keeps those from being written to: give them a user that may only read.
///
/// ```no_run
/// use medha_connectors::{AdbcConnector, Connector, Guard, QueryOptions};
/// use std::sync::Arc;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let options = [("driver".to_owned(), "/usr/local/lib/libduckdb.so".into())].into();
/// let shop = AdbcConnector::open("shop.duckdb", &options).await?;
/// let guard = Guard::new(shop.dialect(), Arc::new(shop.schema().await?));
/// let sql = guard.check("SELECT sum(total) FROM orders", 1_000)?;
/// let answer = shop.query(&sql, QueryOptions::default()).await?.collect().await?;
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct AdbcConnector {
    pub(super) pool: Arc<Pool>,
}

impl AdbcConnector {
    /// Reads an address and its options. DuckDB is opened now, a server is connected to by the first question.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if the address or an option cannot be understood, a file is not there, or, for DuckDB, the
    /// driver or the database cannot be opened; [`ConnectorError::Locked`] if another process writes to the database.
    pub async fn open(
        url: impl Into<Secret>,
        options: &BTreeMap<String, Secret>,
    ) -> Result<Self, ConnectorError> {
        Self::open_with(url, options, CONNECTIONS).await
    }

    /// The same, with at most so many connections; 4 if not said.
    ///
    /// # Errors
    /// As [`AdbcConnector::open`].
    pub async fn open_with(
        url: impl Into<Secret>,
        options: &BTreeMap<String, Secret>,
        connections: usize,
    ) -> Result<Self, ConnectorError> {
        let connector = Self { pool: Pool::new(open::source(&url.into(), options)?, connections) };
        if connector.dialect() == Dialect::DuckDb {
            connector.ping().await?;
        }
        Ok(connector)
    }

    /// The rows of a statement of ours.
    pub(super) async fn rows(&self, sql: &str) -> Result<Vec<Vec<Value>>, ConnectorError> {
        Ok(self.answer(sql).await?.rows)
    }

    /// The same with the names of the columns.
    pub(super) async fn answer(&self, sql: &str) -> Result<ResultSet, ConnectorError> {
        let options = QueryOptions { max_rows: usize::MAX, max_bytes: usize::MAX, ..QueryOptions::default() };
        run::run(&self.pool, sql.to_owned(), &options).await?.collect().await
    }

    async fn tables(&self) -> Result<Vec<Described>, ConnectorError> {
        match self.dialect() {
            Dialect::DuckDb => duckdb::tables(self).await,
            Dialect::Snowflake => snowflake::tables(self).await,
            Dialect::Sqlite | Dialect::Postgres | Dialect::MySql | Dialect::BigQuery => {
                objects::tables(self).await
            }
        }
    }
}

#[async_trait]
impl Connector for AdbcConnector {
    fn dialect(&self) -> Dialect {
        self.pool.source.dialect
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        let mut tables = self.tables().await?;
        look_at(self, &mut tables).await?;
        Ok(schema_of(tables))
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        let rows = self.rows(&format!("{} {}", self.explain_with(), sql.as_str())).await?;
        let lines = rows.iter().map(|row| {
            let words = row.iter().filter_map(|value| match value {
                Value::Text(text) => Some(text.clone()),
                Value::Integer(number) => Some(number.to_string()),
                _ => None,
            });
            words.collect::<Vec<_>>().join("  ")
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        run::run(&self.pool, sql.as_str().to_owned(), &options.within(sql)).await
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        self.rows("SELECT 1").await.map(drop)
    }
}

impl AdbcConnector {
    fn explain_with(&self) -> &'static str {
        match self.dialect() {
            Dialect::Sqlite => "EXPLAIN QUERY PLAN",
            Dialect::Snowflake => "EXPLAIN USING TEXT",
            Dialect::Postgres | Dialect::MySql | Dialect::DuckDb | Dialect::BigQuery => "EXPLAIN",
        }
    }
}

#[async_trait]
impl Look for AdbcConnector {
    fn quoted(&self, name: &str) -> String {
        match self.dialect() {
            Dialect::MySql => format!("`{}`", name.replace('`', "``")),
            Dialect::BigQuery => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
            Dialect::Sqlite | Dialect::Postgres | Dialect::Snowflake | Dialect::DuckDb => {
                format!("\"{}\"", name.replace('"', "\"\""))
            }
        }
    }

    async fn ask(&self, sql: &str, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        run::run(&self.pool, sql.to_owned(), &options).await
    }
}
