//! Checkpoints in PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database as SeaOrm};

use super::database::Database;
use super::dialect::POSTGRES;
use super::options::SaverOptions;
use super::saver::SqlSaver;
use crate::error::ConnectorError;
use crate::secret::without_secrets;

/// Stands for PostgreSQL in [`SqlSaver`].
#[derive(Debug)]
pub enum Postgres {}

/// Keeps checkpoints in PostgreSQL, for programs on several machines.
pub type PostgresSaver = SqlSaver<Postgres>;

impl SqlSaver<Postgres> {
    /// Connects to a database such as `"postgres://user:password@host/database"`; the tables are made in the first schema
    /// of its search path.
    pub async fn connect(url: &str) -> Result<Self, ConnectorError> {
        Self::connect_with(url, &SaverOptions::default()).await
    }

    /// The same, with options.
    pub async fn connect_with(url: &str, options: &SaverOptions) -> Result<Self, ConnectorError> {
        let connection = SeaOrm::connect(pool(url, options)).await.map_err(|error| ConnectorError::Open {
            database: without_secrets(url),
            reason: error.to_string(),
        })?;
        Ok(Self::over(Arc::new(Database::new(connection.clone(), connection, POSTGRES, options).await?)))
    }
}

/// How a server is connected to.
fn pool(url: &str, options: &SaverOptions) -> ConnectOptions {
    let mut pool = ConnectOptions::new(url);
    pool.min_connections(0)
        .max_connections(options.connections)
        .acquire_timeout(options.patience)
        .connect_timeout(options.patience)
        // A ping before every statement would double what a commit costs.
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .sqlx_logging(false);
    pool
}
