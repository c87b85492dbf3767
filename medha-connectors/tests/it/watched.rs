//! A database that counts what it is asked, can be held up, and fails on demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use medha_connectors::dummy::DummyConnector;
use medha_connectors::{
    Connector, ConnectorError, Dialect, Guard, GuardedSql, QueryOptions, RowStream, Schema,
};
use tokio::sync::Semaphore;

/// What everybody would have to wait for.
pub(crate) const OPEN: usize = 1_000_000;

#[derive(Debug)]
pub(crate) struct Watched {
    inner: DummyConnector,
    queries: AtomicUsize,
    given_up: Arc<AtomicUsize>,
    schemas: AtomicUsize,
    fails: AtomicBool,
    /// A query or a look at the schema goes on as long as there is a permit.
    pub(crate) gate: Semaphore,
}

impl Watched {
    pub(crate) fn new() -> Arc<Self> {
        Self::holding_up(OPEN)
    }

    /// One that lets only so many through.
    pub(crate) fn holding_up(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            inner: DummyConnector::new(Vec::new()),
            queries: AtomicUsize::new(0),
            given_up: Arc::default(),
            schemas: AtomicUsize::new(0),
            fails: AtomicBool::new(false),
            gate: Semaphore::new(permits),
        })
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// How many queries there were.
    pub(crate) fn queries(&self) -> usize {
        self.queries.load(Ordering::SeqCst)
    }

    /// How many of them were given up before they began to answer.
    pub(crate) fn given_up(&self) -> usize {
        self.given_up.load(Ordering::SeqCst)
    }

    /// How often the schema was read.
    pub(crate) fn schemas(&self) -> usize {
        self.schemas.load(Ordering::SeqCst)
    }

    async fn pass(&self) -> Result<(), ConnectorError> {
        drop(self.gate.acquire().await.unwrap());
        if self.fails.load(Ordering::SeqCst) {
            return Err(ConnectorError::Query { reason: "it was told to fail".to_owned() });
        }
        Ok(())
    }
}

/// Counts itself if it is dropped before its time.
struct GivenUp(Option<Arc<AtomicUsize>>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(given_up) = self.0.take() {
            given_up.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait::async_trait]
impl Connector for Watched {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        self.schemas.fetch_add(1, Ordering::SeqCst);
        self.pass().await?;
        self.inner.schema().await
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        self.inner.explain(sql).await
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        self.queries.fetch_add(1, Ordering::SeqCst);
        let mut given_up = GivenUp(Some(Arc::clone(&self.given_up)));
        let passed = tokio::time::timeout(options.deadline, self.pass()).await;
        given_up.0 = None;
        passed.map_err(|_| ConnectorError::Deadline { after: options.deadline })??;
        self.inner.query(sql, options).await
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        self.inner.ping().await
    }
}

/// The numbers from 1 to `rows` as a statement.
pub(crate) async fn counting(rows: usize) -> GuardedSql {
    let schema = DummyConnector::new(Vec::new()).schema().await.unwrap();
    Guard::new(Dialect::Sqlite, Arc::new(schema))
        .check(&format!("SELECT n FROM endless LIMIT {rows}"), 1_000_000)
        .unwrap()
}
