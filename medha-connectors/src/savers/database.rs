//! The connections of a saver, and what its errors mean.

use medha_graph::CheckpointError;
use medha_graph::store::{Operation, ThreadKey};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, QueryResult, RuntimeErr,
    SqlErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

use super::dialect::{Dialect, LONGEST_NAME};
use super::options::SaverOptions;
use super::schema;
use super::statements::Statements;
use crate::error::ConnectorError;

/// Tries of a transaction that the database takes back because of another one.
const TRIES: u32 = 8;

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    /// In SQLite one connection; elsewhere the same pool as `reader`.
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
    pub(super) dialect: Dialect,
    pub(super) statements: Statements,
    pub(super) limit: u64,
    /// The longest message the server takes, if it has such a limit.
    pub(super) longest_message: Option<u64>,
}

impl Database {
    /// Over open connections; makes the tables if they are not there.
    pub(super) async fn new(
        writer: DatabaseConnection,
        reader: DatabaseConnection,
        dialect: Dialect,
        options: &SaverOptions,
    ) -> Result<Self, ConnectorError> {
        schema::migrate(&writer, &dialect).await?;
        let (limit, statements) = (options.max_bytes, Statements::new(&dialect, options.max_bytes));
        Ok(Self { writer, reader, dialect, statements, limit, longest_message: None })
    }

    pub(super) fn statement(&self, text: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.dialect.backend, text, values)
    }

    /// A text of the moment.
    pub(super) fn sql(&self, text: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.dialect.backend, self.dialect.text(text), values)
    }

    pub(super) async fn read(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.reader.query_all_raw(statement).await
    }

    /// One statement that writes, tried again if the database takes it back because of another one.
    pub(super) async fn write(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        for _ in 1..TRIES {
            match self.writer.execute_raw(statement.clone()).await {
                Err(error) if is_taken_back(&error) => {}
                result => return result,
            }
        }
        self.writer.execute_raw(statement).await
    }

    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.writer.begin_with_options(writing()).await
    }

    /// A name that would not fit in an index, or a message no server takes, is refused in plain words.
    pub(super) fn check(&self, key: &ThreadKey, bytes: usize) -> Result<(), CheckpointError> {
        let longest = key.thread().len().max(key.namespace().len());
        if longest > LONGEST_NAME {
            let why = format!(
                "the name of a thread or a namespace has {longest} bytes, and this saver takes {LONGEST_NAME}"
            );
            return Err(CheckpointError::storage(key, Operation::Save, why));
        }
        let message = bytes as u64 + 16 * 1024;
        match self.longest_message {
            Some(most) if message > most => {
                let why = format!(
                    "it has {bytes} bytes, and the server takes messages of {most}; raise its `max_allowed_packet`"
                );
                Err(CheckpointError::storage(key, Operation::Save, why))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Transactions here write; in SQLite one that begins by reading could not go on.
pub(super) fn writing() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// Whether the row was there already.
pub(super) fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Whether the database has taken a transaction back because of another one: a deadlock or a failed serialisation.
pub(super) fn is_taken_back(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "40001" || code == "40P01")
}

/// Calls something with transactions of its own until the database does not take it back.
macro_rules! until_kept {
    ($work:expr) => {{
        let mut tries = 0;
        loop {
            tries += 1;
            match $work.await {
                Err($crate::savers::database::Failed::Database(error))
                    if tries < $crate::savers::database::MOST_TRIES
                        && $crate::savers::database::is_taken_back(&error) => {}
                result => break result,
            }
        }
    }};
}
pub(super) use until_kept;
pub(super) const MOST_TRIES: u32 = TRIES;

/// Why a transaction did not come through.
pub(super) enum Failed {
    /// The database failed.
    Database(DbErr),
    /// What it holds is not as it should be, or the call is refused.
    Refused(CheckpointError),
}

impl From<DbErr> for Failed {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<CheckpointError> for Failed {
    fn from(error: CheckpointError) -> Self {
        Self::Refused(error)
    }
}

impl Failed {
    pub(super) fn into_error(self, key: &ThreadKey, operation: Operation) -> CheckpointError {
        match self {
            Self::Database(error) => CheckpointError::storage(key, operation, error),
            Self::Refused(error) => error,
        }
    }
}
