//! An index in PostgreSQL, and the extensions it can do without.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database as SeaOrm, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, Statement, TransactionTrait,
};

use super::database::{Database, writing};
use super::index::SqlIndex;
use super::schema;
use crate::error::ConnectorError;
use crate::retrieval::embedder::Embedder;
use crate::retrieval::hash::HashEmbedder;
use crate::retrieval::index::{Arm, ArmStatus};
use crate::savers::Postgres;
use crate::secret::without_secrets;

const CONNECTIONS: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps an index in PostgreSQL, for programs on several machines.
///
/// Words are ranked by `tsvector` with its `english` configuration: it knows the stems of English words and takes those of other
/// languages as they are. Letters are compared by `pg_trgm`, vectors by pgvector, without an index of its own: exact, and fast
/// enough for a hundred thousand entries. Both extensions are created where they are installed and the user may; without
/// `pg_trgm` there is no arm for letters, without pgvector vectors are stored as bytes and compared in this process.
/// [`status`](super::super::RetrievalIndex::status) says which it is and what to do. Collections that were made without pgvector
/// stay as they are until they are re-embedded, with the same embedder if you like.
pub type PostgresIndex = SqlIndex<Postgres>;

impl SqlIndex<Postgres> {
    /// Connects to a database such as `"postgres://user:password@host/database"`; the tables are made in the first schema of
    /// its search path.
    pub async fn connect(url: &str) -> Result<Self, ConnectorError> {
        Self::connect_with(url, Arc::new(HashEmbedder)).await
    }

    /// The same, with an embedder of one's own.
    pub async fn connect_with(url: &str, embedder: Arc<dyn Embedder>) -> Result<Self, ConnectorError> {
        let open =
            |error: DbErr| ConnectorError::Open { database: without_secrets(url), reason: error.to_string() };
        let mut pool = ConnectOptions::new(url);
        pool.min_connections(0)
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_timeout(PATIENCE)
            .test_before_acquire(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(30))
            .sqlx_logging(false);
        let connection = SeaOrm::connect(pool).await.map_err(open)?;
        schema::migrate(&connection).await?;
        let letters = LETTERS.prepare(&connection).await.map_err(open)?;
        let vectors = VECTORS.prepare(&connection).await.map_err(open)?;
        let arms = vec![
            ArmStatus { arm: Arm::Words, how: Ok("tsvector with the english configuration".to_owned()) },
            ArmStatus { arm: Arm::Letters, how: letters.clone().map(|()| "pg_trgm".to_owned()) },
            ArmStatus {
                arm: Arm::Vectors,
                how: vectors
                    .clone()
                    .map(|()| "pgvector, exact".to_owned())
                    .map_err(|why| format!("compared in this process, not in the database: {why}")),
            },
        ];
        Ok(Self::over(Arc::new(Database {
            backend: DbBackend::Postgres,
            writer: connection.clone(),
            reader: connection,
            has_letters: letters.is_ok(),
            has_pgvector: vectors.is_ok(),
            arms,
            embedders: Mutex::new(vec![embedder]),
            scanned: Mutex::new(HashMap::new()),
        })))
    }
}

/// An extension, and what the tables have with it.
struct Extension {
    name: &'static str,
    package: &'static str,
    /// Gives a row if the tables have it.
    is_there: &'static str,
    make: &'static str,
}

const LETTERS: Extension = Extension {
    name: "pg_trgm",
    package: "postgresql-contrib",
    is_there: "SELECT 1 WHERE to_regclass('medha_retrieval_letters') IS NOT NULL",
    make: "CREATE INDEX medha_retrieval_letters ON medha_retrieval_entry USING gin (letters gin_trgm_ops)",
};

const VECTORS: Extension = Extension {
    name: "vector",
    package: "postgresql-<version>-pgvector",
    is_there: "SELECT 1 FROM pg_attribute WHERE attrelid = 'medha_retrieval_vector'::regclass
               AND attname = 'embedding' AND NOT attisdropped",
    make: "ALTER TABLE medha_retrieval_vector ADD COLUMN embedding vector",
};

impl Extension {
    /// Makes what can be made, or says why it cannot be. Fails only when the connection does.
    async fn prepare(&self, database: &DatabaseConnection) -> Result<Result<(), String>, DbErr> {
        let Self { name, package, is_there, make } = self;
        let transaction = database.begin_with_options(writing()).await?;
        transaction.execute_unprepared(schema::LOCK).await?;
        if exists(&transaction, is_there).await? {
            transaction.commit().await?;
            return Ok(Ok(()));
        }
        let offered = format!("SELECT 1 FROM pg_available_extensions WHERE name = '{name}'");
        if !exists(&transaction, &offered).await? {
            return Ok(Err(format!(
                "the server has no extension {name:?}; in Debian it is in the package {package}"
            )));
        }
        let created = format!("SELECT 1 FROM pg_extension WHERE extname = '{name}'");
        if !exists(&transaction, &created).await? {
            let create = format!("CREATE EXTENSION {name}");
            if let Err(error) = transaction.execute_unprepared(&create).await {
                return Ok(Err(format!(
                    "{error}; let somebody who may run `{create}` and open the index again"
                )));
            }
        }
        match transaction.execute_unprepared(make).await {
            Ok(_) => transaction.commit().await.map(Ok),
            Err(error) => Ok(Err(format!("the tables cannot be made ready for {name}: {error}"))),
        }
    }
}

async fn exists(transaction: &DatabaseTransaction, query: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, query);
    Ok(transaction.query_one_raw(statement).await?.is_some())
}
