//! [`BigQueryConnector`]: the trait over one dataset.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::job::{Running, Statement};
use super::open::Settings;
use super::{catalog, cost, profile, values};
use crate::connector::{Capabilities, Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::secret::Secret;
use crate::server::{Rows, Work};

/// So many statements run at once.
const CONNECTIONS: usize = 4;

/// A dataset of Google BigQuery, read and never written to.
///
/// What a statement would read is asked before it runs, which is free; one that would read more than `maximum_bytes_billed` is
/// not begun, and BigQuery is told the same limit. A statement that is dropped, cancelled or late is cancelled on BigQuery's
/// side.
///
/// Options, which may stand in the address, too, as `?location=EU&maximum_bytes_billed=1%20GiB`:
///
/// * `credentials`: the key of a service account, as a path or as JSON, or `anonymous`. If not given, Google's application
///   default credentials, or nobody's where there is an `endpoint`.
/// * `maximum_bytes_billed`: what one statement may be billed for, in bytes or as `50 GiB`; 10 GiB if not given.
/// * `profile_bytes`: what one look at the values, which [`Connector::schema`] takes, may be billed for; 256 MiB if not given,
///   `0` for none. Tables that do not fit in it are described without a look.
/// * `location`: where jobs run, such as `EU`, where BigQuery does not find it out by itself.
/// * `endpoint`: another place than Google's, such as an emulator.
///
/// How values come: `NUMERIC` and `BIGNUMERIC` with all digits, moments in UTC as `2024-02-29 08:00:00+00`, arrays and structs
/// as JSON text, and intervals, geographies and ranges as BigQuery writes them.
///
/// In a description, what a table is partitioned and clustered by stands under its indexes, since a filter on it makes
/// BigQuery read less; keys are those that were declared, and BigQuery enforces none of them.
///
/// Encryption is done by the cryptography that the process has chosen for rustls; where nobody has, that is ring, and it is
/// chosen for the process.
///
/// ```no_run
/// use medha_connectors::{BigQueryConnector, Connector, Guard, QueryOptions};
/// use std::sync::Arc;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let options = [("maximum_bytes_billed".to_owned(), "1 GiB".into())];
/// let shop = BigQueryConnector::open("bigquery://my-project/shop?location=EU", &options.into())?;
/// let guard = Guard::new(shop.dialect(), Arc::new(shop.schema().await?));
/// let sql = guard.check("SELECT sum(total) FROM orders", 1_000)?;
/// assert!(shop.explain(&sql).await?.starts_with("it would read "));
/// let answer = shop.query(&sql, QueryOptions::default()).await?.collect().await?;
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BigQueryConnector {
    client: Arc<Client>,
    at_once: Arc<Semaphore>,
}

impl BigQueryConnector {
    /// Reads an address, `"bigquery://PROJECT/DATASET"`, and the options; the first question is the first request.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if the address or an option cannot be read.
    pub fn open(url: impl Into<Secret>, options: &BTreeMap<String, Secret>) -> Result<Self, ConnectorError> {
        Self::open_with(url, options, CONNECTIONS)
    }

    /// The same, with at most so many statements at once; 4 if not said.
    ///
    /// # Errors
    /// As [`BigQueryConnector::open`].
    pub fn open_with(
        url: impl Into<Secret>,
        options: &BTreeMap<String, Secret>,
        at_once: usize,
    ) -> Result<Self, ConnectorError> {
        let settings = Settings::read(&url.into(), options)?;
        Ok(Self { client: Client::new(settings), at_once: Arc::new(Semaphore::new(at_once.max(1))) })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a statement, whether it has passed the guard or is one of ours, for no more than so many bytes.
    pub(super) async fn run(
        &self,
        sql: String,
        maximum_bytes_billed: u64,
        options: &QueryOptions,
    ) -> Result<RowStream, ConnectorError> {
        let work = Work::begin(options.deadline, options.cancel.clone());
        let dry_run = self.client.dry_run(&sql, &work).await?;
        if dry_run.bytes > maximum_bytes_billed {
            return Err(ConnectorError::Query {
                reason: cost::too_dear(dry_run.bytes, maximum_bytes_billed),
            });
        }
        let permit = work.wait_for(Arc::clone(&self.at_once).acquire_owned()).await?;
        let permit = permit.map_err(|_| ConnectorError::Open {
            database: self.client.settings.name.clone(),
            reason: "it is closed".to_owned(),
        })?;
        let statement = Statement {
            sql,
            readings: values::readings(&dry_run.fields),
            maximum_bytes_billed,
            wanted: options.max_rows.saturating_add(1),
        };
        let running = Running::new(Arc::clone(&self.client), permit);
        let rows = Rows::new(work.clone(), move |send| running.pump(statement, work, send));
        Ok(RowStream::new(values::columns(&dry_run.fields), rows, options))
    }
}

#[async_trait]
impl Connector for BigQueryConnector {
    fn dialect(&self) -> Dialect {
        Dialect::BigQuery
    }

    /// It refuses an answer with two columns of one name.
    fn capabilities(&self) -> Capabilities {
        Capabilities { repeated_names: false, ..Capabilities::default() }
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        let work = Work::begin(QueryOptions::default().deadline, CancellationToken::new());
        let found = self.client.tables(&work).await?;
        let dataset = &self.client.settings.dataset;
        let mut tables: Vec<_> = found.into_iter().map(|table| catalog::described(table, dataset)).collect();
        if self.client.settings.profile_bytes > 0 {
            profile::look_at(self, &mut tables).await?;
        }
        let namespace = format!("{}.{dataset}", self.client.settings.project);
        Ok(Schema { tables, namespaces: vec![namespace] })
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        let work = Work::begin(QueryOptions::default().deadline, CancellationToken::new());
        let dry_run = self.client.dry_run(sql.as_str(), &work).await?;
        Ok(cost::plan(dry_run.bytes, self.client.settings.maximum_bytes_billed))
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        let limit = self.client.settings.maximum_bytes_billed;
        self.run(sql.as_str().to_owned(), limit, &options.within(sql)).await
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        let work = Work::begin(QueryOptions::default().deadline, CancellationToken::new());
        self.client.ping(&work).await
    }
}
