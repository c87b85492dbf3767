//! The tables, and how a database comes to have them.
//!
//! The steps are numbered and written out here, as those of the savers are. Each step runs once, under a lock, in whichever
//! process comes first. What an extension adds to them is in `postgres`.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};

use super::database::writing;
use crate::error::ConnectorError;

/// The steps, in order; the version of a database is how many it has seen.
///
/// A collection counts what is done to it (`revision`), and notes the count at which something last went (`removed`): so who
/// keeps vectors in memory reads what has changed and no more. Vectors have a generation, so that those of the next embedder
/// can lie beside those that serve. A number is never given twice.
const SQLITE: &[&[&str]] = &[&[
    "CREATE TABLE medha_retrieval_collection (
        number INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL UNIQUE, embedder TEXT NOT NULL,
        dimensions BIGINT NOT NULL, storage VARCHAR(16) NOT NULL, generation BIGINT NOT NULL, revision BIGINT NOT NULL,
        removed BIGINT NOT NULL, next_generation BIGINT, next_embedder TEXT, next_dimensions BIGINT,
        next_storage VARCHAR(16))",
    "CREATE TABLE medha_retrieval_entry (
        number INTEGER PRIMARY KEY AUTOINCREMENT, collection BIGINT NOT NULL, id BLOB NOT NULL, kind VARCHAR(16) NOT NULL,
        revision BIGINT NOT NULL, record TEXT NOT NULL, UNIQUE (collection, id))",
    "CREATE INDEX medha_retrieval_change ON medha_retrieval_entry (collection, revision)",
    "CREATE TABLE medha_retrieval_vector (
        number BIGINT NOT NULL, generation BIGINT NOT NULL, bytes BLOB, PRIMARY KEY (number, generation)) WITHOUT ROWID",
    // `scope` holds a word that stands for the collection.
    "CREATE VIRTUAL TABLE medha_retrieval_words USING fts5(
        scope, words, content='', contentless_delete=1, tokenize='porter unicode61')",
]];

const POSTGRES: &[&[&str]] = &[&[
    "CREATE TABLE medha_retrieval_collection (
        number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name BYTEA NOT NULL UNIQUE, embedder TEXT NOT NULL,
        dimensions BIGINT NOT NULL, storage VARCHAR(16) NOT NULL, generation BIGINT NOT NULL, revision BIGINT NOT NULL,
        removed BIGINT NOT NULL, next_generation BIGINT, next_embedder TEXT, next_dimensions BIGINT,
        next_storage VARCHAR(16))",
    "CREATE TABLE medha_retrieval_entry (
        number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, collection BIGINT NOT NULL, id BYTEA NOT NULL,
        kind VARCHAR(16) NOT NULL, revision BIGINT NOT NULL, record TEXT NOT NULL, words TSVECTOR NOT NULL,
        letters TEXT NOT NULL, UNIQUE (collection, id))",
    "CREATE INDEX medha_retrieval_change ON medha_retrieval_entry (collection, revision)",
    "CREATE INDEX medha_retrieval_words ON medha_retrieval_entry USING gin (words)",
    "CREATE TABLE medha_retrieval_vector (
        number BIGINT NOT NULL, generation BIGINT NOT NULL, bytes BYTEA, PRIMARY KEY (number, generation))",
]];

/// Held while tables are made.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(5577006791947779411)";

/// Brings the tables up to date.
pub(super) async fn migrate(database: &DatabaseConnection) -> Result<(), ConnectorError> {
    let steps = if database.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
    let found = run(database, steps).await.map_err(|error| ConnectorError::Open {
        database: "the retrieval index".to_owned(),
        reason: format!("its tables could not be made: {error}"),
    })?;
    let known = steps.len() as i64;
    if found > known {
        return Err(ConnectorError::Open {
            database: "the retrieval index".to_owned(),
            reason: format!(
                "its tables have version {found}, and this program knows version {known}; use a newer program"
            ),
        });
    }
    Ok(())
}

/// Runs what is missing, and says which version it has found or made.
async fn run(database: &DatabaseConnection, steps: &[&[&str]]) -> Result<i64, DbErr> {
    let backend = database.get_database_backend();
    let transaction = database.begin_with_options(writing()).await?;
    if backend == DbBackend::Postgres {
        transaction.execute_unprepared(LOCK).await?;
    }
    let exists = "CREATE TABLE IF NOT EXISTS medha_retrieval_schema (version BIGINT NOT NULL)";
    transaction.execute_unprepared(exists).await?;
    let text = "SELECT COALESCE(MAX(version), 0) FROM medha_retrieval_schema";
    let row = transaction.query_one_raw(Statement::from_string(backend, text)).await?;
    let version: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    for (index, step) in steps.iter().enumerate().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        for statement in *step {
            transaction.execute_unprepared(statement).await?;
        }
        let done = format!("INSERT INTO medha_retrieval_schema (version) VALUES ({})", index + 1);
        transaction.execute_unprepared(&done).await?;
    }
    transaction.commit().await?;
    Ok(version.max(steps.len() as i64))
}
