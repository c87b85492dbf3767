//! The database of a driver and its connections: opened by the first question, few, and used again where they are clean.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use adbc_core::error::Error;
use adbc_core::options::{OptionDatabase, OptionValue};
use adbc_core::{Connection, Database, Driver as _, Statement};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::driver::Driver;
use super::failure::{self, Hidden};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::secret::Secret;
use crate::server::Work;

/// A connection that nobody has used for so long is closed at the next look.
const LONGEST_IDLE: Duration = Duration::from_secs(300);

/// A database and how to get to it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// As it may be shown.
    pub(super) name: String,
    pub(super) dialect: Dialect,
    pub(super) driver: Driver,
    /// What the driver is told.
    pub(super) options: Vec<(String, Secret)>,
    /// Statements that the first connection runs.
    pub(super) settings: Vec<String>,
    /// The files behind the tables, where DuckDB reads files.
    pub(super) files: Vec<(String, PathBuf)>,
    pub(super) hidden: Hidden,
}

/// The connections to one database.
pub(super) struct Pool {
    pub(super) source: Source,
    database: Mutex<Option<ManagedDatabase>>,
    idle: Mutex<Vec<(ManagedConnection, Instant)>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(source: Source, connections: usize) -> Arc<Self> {
        Arc::new(Self {
            source,
            database: Mutex::default(),
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(connections.max(1))),
        })
    }

    /// Waits until it may use one more connection.
    pub(super) async fn permit(&self, work: &Work) -> Result<OwnedSemaphorePermit, ConnectorError> {
        let permit = work.wait_for(Arc::clone(&self.permits).acquire_owned()).await?;
        permit.map_err(|_| ConnectorError::Open {
            database: self.source.name.clone(),
            reason: "its pool is closed".to_owned(),
        })
    }

    /// A connection. It blocks.
    pub(super) fn connection(&self) -> Result<ManagedConnection, ConnectorError> {
        if let Some(connection) = self.unused() {
            return Ok(connection);
        }
        let fail = |error: Error| failure::of_open(&error, &self.source.name, &self.source.hidden);
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*database {
            let database = database.clone();
            return database.new_connection().map_err(fail);
        }
        let (opened, connection) = self.open()?;
        *database = Some(opened);
        Ok(connection)
    }

    /// Loads the driver, opens the database and makes its settings.
    fn open(&self) -> Result<(ManagedDatabase, ManagedConnection), ConnectorError> {
        let Source { name, driver, options, settings, hidden, .. } = &self.source;
        let mut driver = driver.load().map_err(|reason| ConnectorError::Open {
            database: name.clone(),
            reason: hidden.out_of(&reason),
        })?;
        let open = || {
            let options = options.iter().map(|(key, value)| {
                (OptionDatabase::from(key.as_str()), OptionValue::from(value.expose().to_owned()))
            });
            let database = driver.new_database_with_opts(options)?;
            let mut connection = database.new_connection()?;
            for setting in settings {
                let mut statement = connection.new_statement()?;
                statement.set_sql_query(setting)?;
                statement.execute_update()?;
            }
            Ok((database, connection))
        };
        let mut open = open;
        open().map_err(|error| failure::of_open(&error, name, hidden))
    }

    #[allow(clippy::disallowed_methods, reason = "how long a connection was idle is measured at the edge")]
    fn unused(&self) -> Option<ManagedConnection> {
        let now = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| now.duration_since(*since) < LONGEST_IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    /// Takes a clean connection back.
    #[allow(clippy::disallowed_methods, reason = "how long a connection was idle is measured at the edge")]
    pub(super) fn take_back(&self, connection: ManagedConnection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, Instant::now()));
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        formatter
            .debug_struct("Pool")
            .field("name", &self.source.name)
            .field("idle", &idle)
            .field("free", &self.permits.available_permits())
            .finish_non_exhaustive()
    }
}
