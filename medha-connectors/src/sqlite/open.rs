//! Opening a file: what is there, how SQLite may open it, the pool over it.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use super::authorizer::{self, Purpose};
use super::failure;
use super::hash;
use crate::error::ConnectorError;

/// How long SQLite waits for another process to finish writing before it says that the file is locked.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Few connections: SQLite reads in parallel, and two or three queries fill a machine.
const MAX_CONNECTIONS: u32 = 4;

/// Rows that SQLite's thread makes ahead of us where a table is described, through sqlx. Few, because each can be large.
const BUFFERED_ROWS: usize = 8;

/// What tells a file from another one that has taken its place under the same name.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = Option<std::time::SystemTime>;

#[cfg(unix)]
fn identity_of(metadata: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity_of(metadata: &fs::Metadata) -> Identity {
    metadata.created().ok()
}

/// People who come from other programs put parameters after the path. None is understood, so none opens more than a file.
fn missing(name: &str) -> String {
    match name.split_once('?') {
        Some((_, parameters)) => {
            format!("there is no such file; a path has no parameters, so leave out \"?{parameters}\"")
        }
        None => "there is no such file; check the path".to_owned(),
    }
}

/// A file that was there and readable, and how to open it.
#[derive(Debug, Clone)]
pub(crate) struct File {
    path: PathBuf,
    /// The path as it was given, to find the file again.
    given: PathBuf,
    name: String,
    identity: Identity,
    /// Whether the file is taken for unchangeable: see [`File::find_access`].
    immutable: bool,
}

impl File {
    /// Looks at the file and tries to read it.
    pub(crate) async fn find(path: &Path) -> Result<Self, ConnectorError> {
        let name = path.display().to_string();
        let given = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let refuse = |reason: String| ConnectorError::Open { database: name.clone(), reason };
        // An absolute path also keeps SQLite from taking a name such as `file:x?mode=rwc` for a URI.
        let path = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(refuse(missing(&name)));
            }
            Err(error) => return Err(refuse(error.to_string())),
        };
        let metadata = fs::metadata(&path).map_err(|error| refuse(error.to_string()))?;
        if metadata.is_dir() {
            return Err(refuse("it is a folder; name the database file in it".to_owned()));
        }
        if !metadata.is_file() {
            return Err(refuse("it is not a regular file".to_owned()));
        }
        if path.to_str().is_none() {
            return Err(refuse("SQLite needs a path in UTF-8".to_owned()));
        }
        let identity = identity_of(&metadata);
        Self { path, given, name, identity, immutable: false }.find_access().await
    }

    /// The file that is there now: this one, or another that has taken its place.
    pub(crate) async fn now(&self) -> Result<Option<Self>, ConnectorError> {
        if fs::metadata(&self.given).is_ok_and(|metadata| identity_of(&metadata) == self.identity) {
            return Ok(None);
        }
        let file = Self::find(&self.given).await?;
        Ok(Some(Self { name: self.name.clone(), ..file }))
    }

    /// The same file under another name.
    #[cfg(feature = "files")]
    pub(crate) fn called(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The name to show: the path as it was given.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tries the usual read-only way, then, for a file in write-ahead mode in a folder we may not write to, the immutable
    /// way. SQLite needs its index file beside such a database even to read it; where it cannot make one, the file can
    /// still be read as long as its log is empty, under the assumption that nobody changes it meanwhile. With a log that is not
    /// empty the newest rows would be missing, so that is refused.
    async fn find_access(mut self) -> Result<Self, ConnectorError> {
        let error = match self.read_catalog().await {
            Ok(()) if self.ends_within_a_page() => {
                let reason =
                    "it ends in the middle of a page, so something is missing; copy it again or restore it"
                        .to_owned();
                return Err(ConnectorError::Open { database: self.name, reason });
            }
            Ok(()) => return Ok(self),
            Err(error) => error,
        };
        if !failure::needs_to_write(&error) || !self.is_write_ahead() {
            return Err(failure::of_open(&error, &self.name));
        }
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Err(ConnectorError::Open {
                database: self.name,
                reason: "it has unfinished changes in its write-ahead log and its folder is read-only; copy the file and its \
                         \"-wal\" to a folder that can be written to"
                    .to_owned(),
            });
        }
        self.immutable = true;
        match self.read_catalog().await {
            Ok(()) => Ok(self),
            Err(error) => Err(failure::of_open(&error, &self.name)),
        }
    }

    async fn read_catalog(&self) -> Result<(), sqlx::Error> {
        let mut connection = self.connect(Purpose::Introspection).await?;
        sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut connection).await?;
        connection.close().await
    }

    /// The first bytes of a database that is not empty.
    fn header(&self) -> Option<[u8; 20]> {
        let mut header = [0; 20];
        fs::File::open(&self.path).and_then(|mut file| file.read_exact(&mut header)).ok().map(|()| header)
    }

    /// Bytes 18 and 19 of the header say 2 in write-ahead mode.
    fn is_write_ahead(&self) -> bool {
        self.header().is_some_and(|header| header[18..] == [2, 2])
    }

    /// SQLite takes what is missing of the last page for zeros and answers with them. Bytes 16 and 17 of the header say how
    /// long a page is, with 1 for 65,536.
    fn ends_within_a_page(&self) -> bool {
        let page = self.header().map(|header| match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            bytes => u64::from(bytes),
        });
        match (page, fs::metadata(&self.path)) {
            (Some(page), Ok(metadata)) if page > 0 => metadata.len() % page != 0,
            _ => false,
        }
    }

    /// A connection of its own, outside the pool.
    pub(crate) async fn connect(&self, purpose: Purpose) -> Result<SqliteConnection, sqlx::Error> {
        let mut connection = SqliteConnection::connect_with(&self.options()).await?;
        authorizer::install(&mut connection.lock_handle().await?, purpose)?;
        Ok(connection)
    }

    /// The pool that queries run on; no connection is made before the first one.
    pub(crate) async fn pool(&self) -> Result<DatabaseConnection, ConnectorError> {
        let options = self.options();
        let mut pool = ConnectOptions::new("sqlite::memory:");
        pool.connect_lazy(true)
            .min_connections(0)
            .max_connections(MAX_CONNECTIONS)
            .test_before_acquire(false)
            .map_sqlx_sqlite_opts(move |_| options.clone())
            .map_sqlx_sqlite_pool_opts(|options| {
                options.after_connect(|connection, _| {
                    Box::pin(async move {
                        let mut handle = connection.lock_handle().await?;
                        authorizer::install(&mut handle, Purpose::Query)?;
                        let installed =
                            authorizer::lend(&mut handle, hash::install).and_then(|installed| installed);
                        installed.map_err(|error| sqlx::Error::Protocol(error.to_string()))
                    })
                })
            });
        Database::connect(pool)
            .await
            .map_err(|error| ConnectorError::Open { database: self.name.clone(), reason: error.to_string() })
    }

    fn options(&self) -> SqliteConnectOptions {
        use sqlx::ConnectOptions as _;
        SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(true)
            .immutable(self.immutable)
            .busy_timeout(LOCK_PATIENCE)
            .row_buffer_size(BUFFERED_ROWS)
            // A cached statement would remember the columns of a table that another process has changed since.
            .statement_cache_capacity(0)
            .pragma("trusted_schema", "OFF")
            .pragma("query_only", "ON")
            .disable_statement_logging()
    }
}
