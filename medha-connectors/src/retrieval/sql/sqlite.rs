//! An index in a SQLite file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{ConnectOptions, Database as SeaOrm, DatabaseConnection, DbBackend};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::database::Database;
use super::index::SqlIndex;
use super::schema;
use crate::error::ConnectorError;
use crate::retrieval::embedder::Embedder;
use crate::retrieval::hash::HashEmbedder;
use crate::retrieval::index::{Arm, ArmStatus};
use crate::savers::Sqlite;

/// How long to wait for another process to finish writing.
const PATIENCE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

/// Keeps an index in a SQLite file: nothing to set up, one machine, any number of processes.
///
/// Words are ranked by FTS5 with stems (bm25), vectors are compared in this process, all of a collection with each search: that
/// is meant for up to a hundred thousand entries, which take a kilobyte of memory each. Nothing stored is lost when the process
/// dies; a loss of power may take the last batches.
///
/// ```
/// use medha_connectors::retrieval::{Entry, EntryKind, Query, RetrievalIndex, SqliteIndex};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// let index = SqliteIndex::open(folder.path().join("index.db")).await?;
/// index.upsert("shop", &[Entry::new("t1", EntryKind::Table, "shipped_orders")]).await?;
/// let hits = index.search(&Query::new("shop", "order shipping")).await?;
/// assert_eq!((hits[0].entry.text.as_str(), hits[0].ranks.words), ("shipped_orders", Some(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type SqliteIndex = SqlIndex<Sqlite>;

impl SqlIndex<Sqlite> {
    /// Opens a file, or makes it. Takes a path, or a text such as `"sqlite:index.db"` or `"sqlite::memory:"`.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, ConnectorError> {
        Self::open_with(path, Arc::new(HashEmbedder)).await
    }

    /// The same, with an embedder of one's own.
    pub async fn open_with(
        path: impl AsRef<Path>,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Self, ConnectorError> {
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
            // An index can be made again from what it is of.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(PATIENCE);
        let refuse = |error: sea_orm::DbErr| ConnectorError::Open {
            database: path.display().to_string(),
            reason: error.to_string(),
        };
        let writer = pool(&settings, 1).await.map_err(refuse)?;
        let reader =
            if is_memory { writer.clone() } else { pool(&settings, READERS).await.map_err(refuse)? };
        schema::migrate(&writer).await?;
        let arms = vec![
            ArmStatus { arm: Arm::Words, how: Ok("FTS5 with the stems of English words".to_owned()) },
            ArmStatus { arm: Arm::Vectors, how: Ok("compared in this process".to_owned()) },
        ];
        Ok(Self::over(Arc::new(Database {
            backend: DbBackend::Sqlite,
            writer,
            reader,
            has_letters: false,
            has_pgvector: false,
            arms,
            embedders: Mutex::new(vec![embedder]),
            scanned: Mutex::new(HashMap::new()),
        })))
    }
}

async fn pool(
    settings: &SqliteConnectOptions,
    connections: u32,
) -> Result<DatabaseConnection, sea_orm::DbErr> {
    let settings = settings.clone();
    let mut pool = ConnectOptions::new("sqlite::memory:");
    pool.connect_lazy(true)
        .min_connections(0)
        .max_connections(connections)
        // What is in memory lives as long as its connection.
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |_| {
            use sqlx::ConnectOptions as _;
            settings.clone().disable_statement_logging()
        });
    SeaOrm::connect(pool).await
}
