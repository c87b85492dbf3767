//! Checkpoints in a SQLite file.

use std::path::Path;
use std::sync::Arc;

use sea_orm::{ConnectOptions, Database as SeaOrm, DatabaseConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::database::Database;
use super::dialect::SQLITE;
use super::options::{SaverOptions, Synchronous};
use super::saver::SqlSaver;
use crate::error::ConnectorError;

/// Stands for SQLite in [`SqlSaver`].
#[derive(Debug)]
pub enum Sqlite {}

/// Keeps checkpoints in a SQLite file: nothing to set up, one machine, any number of processes.
///
/// The file is in write-ahead mode. One connection writes, others read beside it.
///
/// ```
/// use medha_connectors::savers::SqliteSaver;
/// use medha_graph::prelude::*;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Count { #[state(add)] n: u32 }
/// async fn one() -> CountUpdate { Count::update().n(1) }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("threads.db");
/// let graph = StateGraph::<Count>::new("count").node("one", one).edge(START, "one").edge("one", END).compile()?;
/// for n in 1..=2 {
///     // As if the program had been started again.
///     let saver = SqliteSaver::open(&path).await?;
///     let outcome = graph.clone().with_checkpointer(saver).thread("t").invoke(Count::update()).await?;
///     assert_eq!(outcome.into_state().n, n);
/// }
/// # Ok(()) }
/// ```
pub type SqliteSaver = SqlSaver<Sqlite>;

impl SqlSaver<Sqlite> {
    /// Opens a file, or makes it. Takes a path, or a text such as `"sqlite:threads.db"` or `"sqlite::memory:"`.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, ConnectorError> {
        Self::open_with(path, &SaverOptions::default()).await
    }

    /// The same, with options.
    pub async fn open_with(path: impl AsRef<Path>, options: &SaverOptions) -> Result<Self, ConnectorError> {
        let path = path.as_ref();
        let name =
            path.to_str().map(|text| text.trim_start_matches("sqlite://").trim_start_matches("sqlite:"));
        let is_memory = name == Some(":memory:");
        let file = match name {
            Some(name) if !is_memory => std::path::absolute(name).unwrap_or_else(|_| name.into()),
            Some(_) | None => path.to_owned(),
        };
        let settings = SqliteConnectOptions::new()
            .filename(if is_memory { Path::new(":memory:") } else { &file })
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match options.synchronous {
                Synchronous::Full => SqliteSynchronous::Full,
                Synchronous::Normal => SqliteSynchronous::Normal,
            })
            .busy_timeout(options.patience);
        let refuse = |error: sea_orm::DbErr| ConnectorError::Open {
            database: path.display().to_string(),
            reason: error.to_string(),
        };
        let writer = pool(&settings, 1, options).await.map_err(refuse)?;
        let reader = if is_memory {
            writer.clone()
        } else {
            pool(&settings, options.connections, options).await.map_err(refuse)?
        };
        Ok(Self::over(Arc::new(Database::new(writer, reader, SQLITE, options).await?)))
    }
}

async fn pool(
    settings: &SqliteConnectOptions,
    connections: u32,
    options: &SaverOptions,
) -> Result<DatabaseConnection, sea_orm::DbErr> {
    let settings = settings.clone();
    let mut pool = ConnectOptions::new("sqlite::memory:");
    pool.connect_lazy(true)
        .min_connections(0)
        .max_connections(connections)
        // What is in memory lives as long as its connection.
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(options.patience)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |_| {
            use sqlx::ConnectOptions as _;
            settings.clone().disable_statement_logging()
        });
    SeaOrm::connect(pool).await
}
