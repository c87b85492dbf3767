//! The tables, and how a database comes to have them.
//!
//! The steps are numbered and written out here: three tables in three dialects need no framework of migrations, and
//! what is run can be read. Each step runs once, under a lock, in whichever process comes first.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};

use super::dialect::Dialect;
use crate::error::ConnectorError;

/// The steps, in order; the version of a database is how many it has seen. `NAME`, `BYTES`, `DIGEST` and `TEXT` stand
/// for the types of the database.
///
/// `written` comes last in its row, so that lists of checkpoints need not step over it.
const STEPS: &[&[&str]] = &[&[
    "CREATE TABLE medha_checkpoint (
        thread NAME NOT NULL, namespace NAME NOT NULL, id BIGINT NOT NULL, line BIGINT NOT NULL, step BIGINT NOT NULL,
        run BIGINT NOT NULL, cause VARCHAR(32) NOT NULL, saved_at BIGINT NOT NULL, hollow SMALLINT NOT NULL,
        salt BIGINT NOT NULL, metadata TEXT, record TEXT NOT NULL, written TEXT NOT NULL,
        PRIMARY KEY (thread, namespace, id))",
    "CREATE TABLE medha_progress (
        thread NAME NOT NULL, namespace NAME NOT NULL, head BIGINT NOT NULL, line BIGINT NOT NULL,
        revision BIGINT NOT NULL, progress TEXT NOT NULL,
        PRIMARY KEY (thread, namespace, head, revision))",
    "CREATE TABLE medha_effect (
        thread NAME NOT NULL, namespace NAME NOT NULL, line BIGINT NOT NULL, step BIGINT NOT NULL,
        place BIGINT NOT NULL, digest DIGEST NOT NULL, name BYTES NOT NULL, result TEXT NOT NULL,
        PRIMARY KEY (thread, namespace, line, step, place, digest))",
]];

/// Brings the tables up to date.
pub(super) async fn migrate(database: &DatabaseConnection, dialect: &Dialect) -> Result<(), ConnectorError> {
    let found = steps(database, dialect).await.map_err(|error| ConnectorError::Open {
        database: "the checkpoints".to_owned(),
        reason: format!("its tables could not be made: {error}"),
    })?;
    let known = STEPS.len() as i64;
    if found > known {
        return Err(ConnectorError::Open {
            database: "the checkpoints".to_owned(),
            reason: format!(
                "its tables have version {found}, and this program knows version {known}; use a newer program"
            ),
        });
    }
    Ok(())
}

/// Runs what is missing, and says which version it has found or made.
async fn steps(database: &DatabaseConnection, dialect: &Dialect) -> Result<i64, DbErr> {
    // What MySQL locks by name belongs to a connection; a transaction is how one is held on to.
    let transaction = database.begin_with_options(super::database::writing()).await?;
    lock(&transaction, dialect).await?;
    let run = async {
        let exists = "CREATE TABLE IF NOT EXISTS medha_saver_schema (version BIGINT NOT NULL)";
        transaction.execute_unprepared(exists).await?;
        let text = "SELECT COALESCE(MAX(version), 0) FROM medha_saver_schema";
        let row = transaction.query_one_raw(Statement::from_string(dialect.backend, text)).await?;
        let version: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        for (index, step) in STEPS.iter().enumerate().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
            for table in *step {
                transaction.execute_unprepared(&in_types(table, dialect)).await?;
            }
            let done = format!("INSERT INTO medha_saver_schema (version) VALUES ({})", index + 1);
            transaction.execute_unprepared(&done).await?;
        }
        Ok(version.max(STEPS.len() as i64))
    };
    let result: Result<i64, DbErr> = run.await;
    if dialect.backend == DbBackend::MySql {
        transaction.execute_unprepared("SELECT RELEASE_LOCK('medha_saver_schema')").await?;
    }
    let version = result?;
    sea_orm::TransactionSession::commit(transaction).await?;
    Ok(version)
}

async fn lock(transaction: &impl ConnectionTrait, dialect: &Dialect) -> Result<(), DbErr> {
    match dialect.backend {
        DbBackend::Postgres => {
            transaction.execute_unprepared("SELECT pg_advisory_xact_lock(5577006791947779410)").await?;
        }
        DbBackend::MySql => {
            transaction.execute_unprepared("SELECT GET_LOCK('medha_saver_schema', 30)").await?;
        }
        // The transaction is the lock.
        DbBackend::Sqlite | _ => {}
    }
    Ok(())
}

fn in_types(table: &str, dialect: &Dialect) -> String {
    let text = table
        .replace(" NAME ", &format!(" {} ", dialect.name_type))
        .replace(" BYTES ", &format!(" {} ", dialect.bytes_type))
        .replace(" DIGEST ", &format!(" {} ", dialect.digest_type))
        .replace(" TEXT", &format!(" {}", dialect.text_type));
    format!("{text}{}", dialect.table_suffix)
}
