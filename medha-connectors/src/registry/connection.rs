//! One connection: its address, what goes with it, and what it may show of itself.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::open::{
    is_data, open_adbc, open_bigquery, open_data, open_file, open_mcp, open_mysql, open_postgres, refusal,
};
use super::scheme::{Scheme, is_misspelt, scheme_of};
use crate::connector::Connector;
use crate::error::ConnectorError;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::secret::{Secret, is_password, without_password, without_secrets};

/// Connections of one connector, if the configuration does not say.
const CONNECTIONS: NonZeroU8 = NonZeroU8::new(4).expect("four is not zero");

/// One connection of a configuration.
///
/// ```
/// use medha_connectors::ConnectionConfig;
///
/// let config: ConnectionConfig =
///     serde_json::from_str(r#"{"url": "postgres://me:hunter2@db.example.com/sales", "connections": 2}"#)?;
/// assert!(!format!("{config:?}").contains("hunter2"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionConfig {
    /// Its address: `postgres://…`, `mysql://…`, `mariadb://…`, `bigquery://…`, `sqlite:…`, `mcp:FILE#NAME` (a server of an
    /// `mcp.json`, which may be given the options `dialect`, `tool` and `argument`), or a path: of a SQLite file, of a `.csv`,
    /// `.tsv`, `.json`, `.jsonl` or `.ndjson` file, or of a folder of those. With the feature `adbc` also those of
    /// `AdbcConnector`: `*.duckdb`, `*.parquet`, `duckdb:…`, `snowflake://…` and `adbc:…`.
    pub url: Secret,
    /// At most so many connections to a server; 4 if not said.
    #[serde(default)]
    pub connections: Option<NonZeroU8>,
    /// Settings that its system knows and an address cannot say, each of which may be a secret.
    #[serde(default)]
    pub options: BTreeMap<String, Secret>,
    /// A folder of the program's own for the imports of files that are not databases; it belongs to the program and not in
    /// a configuration. Without one such files are not opened.
    #[serde(skip)]
    pub cache_folder: Option<PathBuf>,
    /// What `${NAME}` stands for in an `mcp.json`; the program says it, a configuration cannot.
    #[serde(skip)]
    pub variables: BTreeMap<String, Secret>,
}

impl ConnectionConfig {
    /// A connection with nothing but an address.
    #[must_use]
    pub fn new(url: impl Into<Secret>) -> Self {
        Self {
            url: url.into(),
            connections: None,
            options: BTreeMap::new(),
            cache_folder: None,
            variables: BTreeMap::new(),
        }
    }

    /// The same with variables, such as those of the environment.
    #[must_use]
    pub fn with_variables(mut self, variables: impl IntoIterator<Item = (String, Secret)>) -> Self {
        self.variables = variables.into_iter().collect();
        self
    }

    /// Loads the ADBC driver of DuckDB, Snowflake and `adbc:` from there, a path or a name, unless the options say where.
    /// Other systems have none.
    #[must_use]
    pub fn with_driver(mut self, driver: impl Into<Secret>) -> Self {
        let has_one =
            matches!(scheme_of(self.url.expose()), Scheme::DuckDb(_) | Scheme::Snowflake | Scheme::Adbc);
        if has_one {
            self.options.entry("driver".to_owned()).or_insert_with(|| driver.into());
        }
        self
    }

    /// The file it is, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match scheme_of(self.url.expose()) {
            Scheme::Sqlite(path) | Scheme::Path(path) | Scheme::DuckDb(path) => Some(Path::new(path)),
            Scheme::Postgres
            | Scheme::MySql
            | Scheme::BigQuery
            | Scheme::Snowflake
            | Scheme::Adbc
            | Scheme::Mcp(_)
            | Scheme::Unknown(_) => None,
        }
    }

    /// The address as it may be shown: host and database, without user and password, or the path of a file.
    #[must_use]
    pub fn shown(&self) -> String {
        match scheme_of(self.url.expose()) {
            Scheme::Path(path) if is_misspelt(Path::new(path)) => {
                format!("…@{}", path.rsplit('@').next().unwrap_or_default())
            }
            Scheme::Sqlite(path) | Scheme::Path(path) | Scheme::DuckDb(path) => path.to_owned(),
            Scheme::Mcp(_) => self.url.expose().to_owned(),
            // What follows may be anything, a password too.
            Scheme::Adbc => "adbc:".to_owned(),
            Scheme::Postgres | Scheme::MySql | Scheme::BigQuery | Scheme::Snowflake | Scheme::Unknown(_) => {
                without_secrets(self.url.expose())
            }
        }
    }

    /// What stands for the database and the account it is asked with, the same in every process: a name for a cache that
    /// several share. A new password does not change it; nothing of the address can be read from it.
    ///
    /// A file has one too, and one of the same path on another machine has the same.
    #[must_use]
    pub fn account(&self) -> Fingerprint {
        let mut account = Fingerprinter::of("account 1");
        match self.file() {
            Some(path) => account.text(&path.to_string_lossy()),
            None => account.text(&without_password(self.url.expose())),
        };
        // Keys and tokens say who asks, and unlike passwords nobody can guess them.
        for (name, value) in self.options.iter().filter(|(name, _)| !is_password(name)) {
            account.text(name).text(value.expose());
        }
        account.finish()
    }

    /// Opens it. A server is connected to by the first question; a file is looked at now.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if the address cannot be read or its system is not known, or the file cannot be opened.
    pub async fn open(&self) -> Result<Arc<dyn Connector>, ConnectorError> {
        let connections = usize::from(self.connections.unwrap_or(CONNECTIONS).get());
        let address = self.url.expose();
        match scheme_of(address) {
            Scheme::Path(path) if is_misspelt(Path::new(path)) => {
                let reason = "it is no file, and no address such as postgres://USER:PASSWORD@HOST/DATABASE";
                Err(ConnectorError::Open { database: self.shown(), reason: reason.to_owned() })
            }
            Scheme::Path(path) if is_data(Path::new(path)) => {
                self.only_options(&[])?;
                open_data(Path::new(path), self.cache_folder.as_deref()).await
            }
            Scheme::Sqlite(path) | Scheme::Path(path) => {
                self.only_options(&[])?;
                open_file(path).await
            }
            Scheme::Postgres => {
                self.only_options(&[])?;
                open_postgres(&self.url, connections)
            }
            Scheme::MySql => {
                self.only_options(&[])?;
                open_mysql(&self.url, connections)
            }
            Scheme::BigQuery => open_bigquery(self, connections),
            Scheme::Mcp(place) => {
                self.only_options(&["dialect", "tool", "argument"])?;
                open_mcp(self, place)
            }
            Scheme::DuckDb(_) | Scheme::Snowflake | Scheme::Adbc => {
                open_adbc(&self.url, &self.options, connections).await
            }
            Scheme::Unknown(scheme) => Err(refusal(
                &scheme,
                "such databases are not known; known are \"postgres://\", \"mysql://\", \"mariadb://\", \"bigquery://\", \
                 \"snowflake://\", \"sqlite:\", \"duckdb:\", \"mcp:\", \"adbc:\" and paths",
            )),
        }
    }

    /// Refuses options that its system does not know.
    pub(super) fn only_options(&self, known: &[&str]) -> Result<(), ConnectorError> {
        let unknown: Vec<&str> =
            self.options.keys().map(String::as_str).filter(|option| !known.contains(option)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let reason = format!("it does not know the options {}; it knows {known}", unknown.join(", "));
        Err(ConnectorError::Open { database: self.shown(), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets_and_only_drivers_are_given_one() {
        let shown = |address: &str| ConnectionConfig::new(address).shown();
        assert_eq!(shown("postgres://me:hunter2@host/db?password=x"), "postgres://host/db");
        assert_eq!(shown("sqlite:a.db"), "a.db");
        assert_eq!(shown("duckdb:a.csv"), "a.csv");
        assert_eq!(shown("snowflake://me:hunter2@account/db/schema?role=r"), "snowflake://account/db/schema");
        assert_eq!(shown("adbc:Driver={x};Pwd=hunter2"), "adbc:");
        let options = |address: &str| ConnectionConfig::new(address).with_driver("lib.so").options.len();
        assert_eq!((options("shop.duckdb"), options("shop.sqlite"), options("mysql://host/db")), (1, 0, 0));
    }

    #[test]
    fn an_account_is_who_asks_what() {
        let account = |json: &str| serde_json::from_str::<ConnectionConfig>(json).unwrap().account();
        let this =
            account(r#"{"url": "postgres://me:one@host/db", "options": {"role": "r", "password": "one"}}"#);
        assert_eq!(
            this,
            account(
                r#"{"url": "postgres://me:two@host/db", "connections": 2, "options": {"role": "r", "password": "two"}}"#
            )
        );
        for other in [
            r#"{"url": "postgres://you:one@host/db", "options": {"role": "r"}}"#,
            r#"{"url": "postgres://me:one@host/db", "options": {"role": "s"}}"#,
            r#"{"url": "postgres://me:one@host/other", "options": {"role": "r"}}"#,
            r#"{"url": "sqlite:a.db"}"#,
        ] {
            assert_ne!(this, account(other), "{other}");
        }
    }

    #[tokio::test]
    async fn an_option_that_its_system_does_not_know_is_refused() {
        let config: ConnectionConfig =
            serde_json::from_str(r#"{"url": "sqlite:a.db", "options": {"warehouse": "w"}}"#).unwrap();
        let error = config.open().await.unwrap_err().to_string();
        assert_eq!(error, r#"cannot open "a.db": it does not know the options warehouse; it knows none"#);
    }

    #[tokio::test]
    async fn an_address_that_is_misspelt_is_taken_for_no_file_and_its_password_not_told() {
        let error =
            ConnectionConfig::new("postgres//me:hunter2@host/db").open().await.unwrap_err().to_string();
        let expected = r#"cannot open "…@host/db": it is no file, and no address such as postgres://USER:PASSWORD@HOST/DATABASE"#;
        assert_eq!(error, expected);
    }

    #[tokio::test]
    async fn of_an_unknown_address_only_the_scheme_is_repeated() {
        let error = ConnectionConfig::new("oracle://me:hunter2@host").open().await.unwrap_err().to_string();
        assert!(error.starts_with(r#"cannot open "oracle://…": such databases are not known"#), "{error}");
    }
}
