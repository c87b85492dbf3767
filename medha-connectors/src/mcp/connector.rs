//! [`McpConnector`]: the trait over a tool of a server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::stream;
use rmcp::model::CallToolResult;

use super::catalog;
use super::client::{CallFailure, Client};
use super::config::McpServer;
use super::json::Json;
use super::sniff::{self, Found};
use super::statements;
use crate::connector::{Capabilities, Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::secret::Secret;
use crate::server::{Breaker, Look, Work, look_at, schema_of};
use crate::value::{ColumnKind, ResultColumn, Value};

/// A database behind an MCP server, asked through the tool of the server that runs SQL.
///
/// The server is started or greeted by the first question, and again by the next one after it has died. It is sent nothing but
/// statements the guard has passed, and our own questions about the catalog.
///
/// * A query that is dropped, cancelled or late is given up at once, and the server is told. Whether the database stops depends on
///   the server; a child process is ended when its other calls are done. Give the database's user a limit of its own, such as
///   `statement_timeout`.
/// * Rows arrive all at once, in a message of at most 32 MiB (16 MiB in a single body over HTTP).
/// * PostgreSQL is asked for its rows as JSON, so nothing is lost but the difference between bytes and text. Others give what
///   their server gives: one on Node rounds whole numbers beyond 2^53, gives decimals as text unless told otherwise, and gives one
///   of several columns with the same name, which is why such statements are refused. [`Connector::capabilities`] says so.
/// * A child gets `PATH`, `HOME` and their like from the variables that are given, its own `env`, and `TZ=UTC`; nothing else.
///
/// ```no_run
/// use medha_connectors::{Connector, Guard, McpConfig, McpConnector, QueryOptions, Secret};
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = McpConfig::read(&std::fs::read_to_string("mcp.json")?)?;
/// let variables: BTreeMap<String, Secret> =
///     std::env::vars().map(|(name, value)| (name, Secret::new(value))).collect();
/// let shop = McpConnector::new(config.server(Some("shop"), &variables)?, variables);
/// let guard = Guard::new(shop.dialect(), Arc::new(shop.schema().await?));
/// let sql = guard.check("SELECT sum(total) FROM orders", 1_000)?;
/// let answer = shop.query(&sql, QueryOptions::default()).await?.collect().await?;
/// # let _ = answer;
/// # Ok(())
/// # }
/// ```
pub struct McpConnector {
    server: McpServer,
    /// From these a child gets what every program needs.
    variables: BTreeMap<String, Secret>,
    /// Held while the server starts, so that it is started once, whoever asks.
    client: tokio::sync::Mutex<Option<Arc<Client>>>,
    breaker: Mutex<Breaker>,
    /// As it was last described, to know what `*` stands for.
    schema: Mutex<Option<Arc<Schema>>>,
}

impl McpConnector {
    /// Starts nothing yet.
    #[must_use]
    pub fn new(server: McpServer, variables: BTreeMap<String, Secret>) -> Self {
        Self {
            server,
            variables,
            client: tokio::sync::Mutex::new(None),
            breaker: Mutex::default(),
            schema: Mutex::default(),
        }
    }

    /// The server, started if need be.
    #[allow(clippy::disallowed_methods, reason = "the breaker is told the time at the edge")]
    async fn client(&self) -> Result<Arc<Client>, ConnectorError> {
        let mut kept = self.client.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| client.is_usable()) {
            return Ok(Arc::clone(client));
        }
        *kept = None;
        lock(&self.breaker).ask(Instant::now()).map_err(|wait| {
            self.open_failure(format!(
                "it could not be reached several times in a row; it is tried again in {:.0?}",
                wait.max(Duration::from_millis(1))
            ))
        })?;
        match Client::start(&self.server, &self.variables).await {
            Ok(client) => {
                lock(&self.breaker).succeeded();
                *kept = Some(Arc::clone(&client));
                Ok(client)
            }
            Err(reason) => {
                lock(&self.breaker).failed(Instant::now());
                Err(self.open_failure(reason))
            }
        }
    }

    /// Has the server run a statement.
    async fn call(&self, sql: &str, work: &Work) -> Result<Found, ConnectorError> {
        if let Some(stopped) = work.stop_reason() {
            return Err(stopped);
        }
        let client = work.wait_for(self.client()).await??;
        let refuse = |reason: String| ConnectorError::Query { reason };
        let result = work.wait_for(client.call(sql)).await?.map_err(|failure| match failure {
            CallFailure::Refused(reason) => refuse(reason),
            CallFailure::Lost(reason) => ConnectorError::Lost { database: self.server.name.clone(), reason },
        })?;
        let texts = texts_of(&result);
        if result.is_error == Some(true) {
            let reason = client.clean(texts.join(" ").trim());
            return Err(refuse(if reason.is_empty() {
                "the server does not say why".to_owned()
            } else {
                reason
            }));
        }
        sniff::rows_in(&texts, result.structured_content.as_ref())
            .map_err(|reason| refuse(client.clean(&reason)))
    }

    /// Runs a statement, wrapped where that loses less on the way.
    async fn rows(&self, sql: &str, work: &Work) -> Result<Found, ConnectorError> {
        match statements::wrapped(sql, self.server.dialect) {
            Some(wrapped) => unwrapped(&self.call(&wrapped, work).await?),
            None => self.call(sql, work).await,
        }
    }

    fn open_failure(&self, reason: String) -> ConnectorError {
        ConnectorError::Open { database: format!("mcp server {}", self.server.name), reason }
    }
}

#[async_trait]
impl Connector for McpConnector {
    fn dialect(&self) -> Dialect {
        self.server.dialect
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        let mut tables = catalog::tables(self, self.server.dialect).await?;
        look_at(self, &mut tables).await?;
        let schema = schema_of(tables);
        *lock(&self.schema) = Some(Arc::new(schema.clone()));
        Ok(schema)
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        let options = QueryOptions::default();
        let work = Work::begin(options.deadline, options.cancel);
        match self.call(&statements::explaining(sql.as_str(), self.server.dialect), &work).await {
            Ok(plan) => Ok(plan.rows.iter().map(|row| line(row)).collect::<Vec<_>>().join("\n")),
            Err(ConnectorError::Query { reason }) => {
                Ok(format!("the server does not say how a statement is run: {reason}"))
            }
            Err(error) => Err(error),
        }
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        let options = options.within(sql);
        let work = Work::begin(options.deadline, options.cancel.clone());
        let mut names = Vec::new();
        if !self.capabilities().repeated_names {
            let schema = lock(&self.schema).clone();
            names = statements::names(sql.as_str(), self.server.dialect, schema.as_deref())
                .map_err(|reason| ConnectorError::Query { reason })?;
        }
        let mut found = self.rows(sql.as_str(), &work).await?;
        if found.columns.is_empty() {
            // Without rows nobody has said what the columns are called.
            let described = self.rows(&statements::describing(sql.as_str()), &work).await?;
            found.columns = described.columns;
        }
        found.put_in_order(&names);
        Ok(stream_of(found, &options))
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        let options = QueryOptions::default();
        let work = Work::begin(options.deadline, options.cancel);
        self.call("SELECT 1 AS answers", &work).await.map(drop)
    }

    fn capabilities(&self) -> Capabilities {
        let writes_json = statements::wrapped("", self.server.dialect).is_some();
        Capabilities {
            large_integers: writes_json,
            bytes: false,
            repeated_names: writes_json,
            stops_work: false,
        }
    }
}

#[async_trait]
impl Look for McpConnector {
    fn quoted(&self, name: &str) -> String {
        match self.server.dialect {
            Dialect::MySql => format!("`{}`", name.replace('`', "``")),
            Dialect::Postgres
            | Dialect::Sqlite
            | Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::DuckDb => {
                format!("\"{}\"", name.replace('"', "\"\""))
            }
        }
    }

    /// A collation that is blind to case would hide spellings.
    fn exact(&self, column: &str, kind: ColumnKind) -> String {
        match (self.server.dialect, kind) {
            (Dialect::MySql, ColumnKind::Text) => {
                format!("CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin")
            }
            (Dialect::Sqlite, ColumnKind::Text) => format!("{column} COLLATE BINARY"),
            (_, _) => column.to_owned(),
        }
    }

    async fn ask(&self, sql: &str, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        let work = Work::begin(options.deadline, options.cancel.clone());
        Ok(stream_of(self.rows(sql, &work).await?, &options))
    }
}

impl fmt::Debug for McpConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("McpConnector").field("server", &self.server).finish_non_exhaustive()
    }
}

fn texts_of(result: &CallToolResult) -> Vec<&str> {
    result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.as_str()).collect()
}

/// The rows of a wrapped statement: each is one text of JSON.
fn unwrapped(found: &Found) -> Result<Found, ConnectorError> {
    if found.rows.is_empty() {
        return Ok(Found::default());
    }
    let failed = || ConnectorError::Query {
        reason:
            "the server's answer is not what PostgreSQL was asked for; check that its tool runs SQL as it is"
                .to_owned(),
    };
    let mut texts = Vec::with_capacity(found.rows.len());
    for row in &found.rows {
        match row.as_slice() {
            [Value::Text(text)] if found.columns == [statements::WRAPPED] => texts.push(text.as_str()),
            _ => return Err(failed()),
        }
    }
    let pairs: Option<Vec<_>> = texts
        .into_iter()
        .map(|text| match Json::read(text) {
            Some(Json::Record(pairs)) => Some(pairs),
            _ => None,
        })
        .collect();
    sniff::in_places(&pairs.ok_or_else(failed)?).ok_or_else(failed)
}

fn stream_of(found: Found, options: &QueryOptions) -> RowStream {
    let columns = found.columns.into_iter().map(|name| ResultColumn { name, kind: ColumnKind::Unknown });
    RowStream::new(columns.collect(), stream::iter(found.rows.into_iter().map(Ok)), options)
}

fn line(row: &[Value]) -> String {
    let words = row.iter().map(|value| match value {
        Value::Text(text) | Value::Decimal(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Null | Value::Blob(_) => "-".to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
