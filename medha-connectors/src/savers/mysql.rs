//! Checkpoints in MySQL or MariaDB.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database as SeaOrm, DbErr, Statement};

use super::database::Database;
use super::dialect::MYSQL;
use super::options::SaverOptions;
use super::saver::SqlSaver;
use crate::error::ConnectorError;
use crate::secret::without_secrets;

/// Stands for MySQL and MariaDB in [`SqlSaver`].
#[derive(Debug)]
pub enum MySql {}

/// Keeps checkpoints in MySQL or MariaDB. Values larger than the server's `max_allowed_packet` are refused, by name.
pub type MySqlSaver = SqlSaver<MySql>;

impl SqlSaver<MySql> {
    /// Connects to a database such as `"mysql://user:password@host/database"`.
    pub async fn connect(url: &str) -> Result<Self, ConnectorError> {
        Self::connect_with(url, &SaverOptions::default()).await
    }

    /// The same, with options.
    pub async fn connect_with(url: &str, options: &SaverOptions) -> Result<Self, ConnectorError> {
        let refuse =
            |error: DbErr| ConnectorError::Open { database: without_secrets(url), reason: error.to_string() };
        let mut pool = ConnectOptions::new(url);
        pool.min_connections(0)
            .max_connections(options.connections)
            .acquire_timeout(options.patience)
            .connect_timeout(options.patience)
            // A ping before every statement would double what a commit costs.
            .test_before_acquire(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(30))
            .sqlx_logging(false)
            .map_sqlx_mysql_pool_opts(|pool| {
                pool.after_connect(|connection, _| {
                    Box::pin(async move {
                        use sqlx::Executor as _;
                        // With the default, what an `INSERT` looks at is locked, gaps included, and writers of
                        // different threads would wait for one another.
                        connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
                        Ok(())
                    })
                })
            });
        let connection = SeaOrm::connect(pool).await.map_err(refuse)?;
        let text = "SELECT CAST(@@max_allowed_packet AS SIGNED)";
        let row =
            connection.query_one_raw(Statement::from_string(MYSQL.backend, text)).await.map_err(refuse)?;
        let longest: Option<i64> = row.and_then(|row| row.try_get_by_index(0).ok());
        let mut database = Database::new(connection.clone(), connection, MYSQL, options).await?;
        database.longest_message = longest.and_then(|bytes| u64::try_from(bytes).ok());
        Ok(Self::over(Arc::new(database)))
    }
}
