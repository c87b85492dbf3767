//! From addresses to connectors: by scheme, one at a time or by the names of a configuration.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::connector::Connector;
use crate::error::ConnectorError;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::secret::{Secret, is_password, without_password, without_secrets};

/// A server that needs longer to say that it is there is not well.
const HEALTH_TIME: Duration = Duration::from_secs(5);
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
                self.open_mcp(place)
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
}

impl ConnectionConfig {
    #[cfg(feature = "mcp")]
    fn open_mcp(&self, place: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
        use crate::mcp::{McpConfig, McpConnector, Spoken};

        let refuse = |reason: String| ConnectorError::Open { database: self.shown(), reason };
        let (file, name) = match place.rsplit_once('#') {
            Some((file, name)) => (file, Some(name)),
            None => (place, None),
        };
        let text = std::fs::read_to_string(file).map_err(|error| refuse(format!("{file:?}: {error}")))?;
        let config = McpConfig::read(&text).map_err(|error| refuse(error.to_string()))?;
        let server = config.server(name, &self.variables).map_err(|error| refuse(error.to_string()))?;
        let option = |name: &str| self.options.get(name).map(|value| value.expose().to_owned());
        let dialect = option("dialect").map(|name| {
            serde_json::from_value::<Spoken>(name.into())
                .map_err(|_| refuse("its dialect is none of postgres, mysql and sqlite".to_owned()))
        });
        let server = server.with_options(dialect.transpose()?, option("tool"), option("argument"));
        Ok(Arc::new(McpConnector::new(server, self.variables.clone())))
    }

    #[cfg(not(feature = "mcp"))]
    fn open_mcp(&self, _: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
        let reason = "this program was built without the feature \"mcp\"".to_owned();
        Err(ConnectorError::Open { database: self.shown(), reason })
    }

    /// Refuses options that its system does not know.
    fn only_options(&self, known: &[&str]) -> Result<(), ConnectorError> {
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

/// What an address is of.
#[derive(Debug, PartialEq, Eq)]
enum Scheme<'a> {
    /// A path that is said to be a SQLite file.
    Sqlite(&'a str),
    /// A path of whatever is there.
    Path(&'a str),
    DuckDb(&'a str),
    Postgres,
    MySql,
    BigQuery,
    Snowflake,
    Adbc,
    /// A file and, after a `#`, the name of a server in it.
    Mcp(&'a str),
    Unknown(String),
}

/// Whether it is an address that somebody has misspelt, with a password in it, and no file.
fn is_misspelt(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.rsplit_once('@').is_some_and(|(before, _)| before.contains(':')) && !path.exists()
}

fn scheme_of(address: &str) -> Scheme<'_> {
    if let Some(path) = address.strip_prefix("sqlite:") {
        return Scheme::Sqlite(path.strip_prefix("//").unwrap_or(path));
    }
    if let Some(path) = duckdb_path(address) {
        return Scheme::DuckDb(path);
    }
    if address.starts_with("adbc:") {
        return Scheme::Adbc;
    }
    if let Some(place) = address.strip_prefix("mcp:") {
        return Scheme::Mcp(place);
    }
    let Some((scheme, _)) = address.split_once("://") else { return Scheme::Path(address) };
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => Scheme::Postgres,
        "mysql" | "mariadb" => Scheme::MySql,
        "bigquery" => Scheme::BigQuery,
        "snowflake" => Scheme::Snowflake,
        scheme => Scheme::Unknown(scheme.to_owned()),
    }
}

/// The path of what DuckDB opens, if it is meant to.
pub(crate) fn duckdb_path(address: &str) -> Option<&str> {
    if let Some(path) = address.strip_prefix("duckdb:") {
        return Some(path.strip_prefix("//").unwrap_or(path));
    }
    let ending = Path::new(address).extension()?;
    let is_its_own = ["duckdb", "parquet"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    (is_its_own && !address.contains("://")).then_some(address)
}

/// An error that repeats nothing of the address but its scheme.
fn refusal(scheme: &str, reason: &str) -> ConnectorError {
    ConnectorError::Open { database: format!("{scheme}://…"), reason: reason.to_owned() }
}

#[cfg(feature = "sqlite")]
async fn open_file(path: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
    // In a box, because the compiler gives up on futures within futures as deep as this one and those of its callers.
    Ok(Arc::new(Box::pin(crate::sqlite::SqliteConnector::open(path)).await?))
}

#[cfg(not(feature = "sqlite"))]
async fn open_file(_: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("sqlite", "this program was built without the feature \"sqlite\""))
}

/// Whether a path is of files that have to be imported before they can be asked.
#[cfg(feature = "files")]
fn is_data(path: &Path) -> bool {
    crate::files::Format::of(path).is_some() || path.is_dir()
}

#[cfg(not(feature = "files"))]
fn is_data(path: &Path) -> bool {
    let endings = ["csv", "tsv", "json", "jsonl", "ndjson"];
    path.extension().is_some_and(|end| endings.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

#[cfg(feature = "files")]
async fn open_data(path: &Path, cache_folder: Option<&Path>) -> Result<Arc<dyn Connector>, ConnectorError> {
    let Some(cache_folder) = cache_folder else {
        let reason = "it has to be imported, and the program has set no cache folder for that".to_owned();
        return Err(ConnectorError::Open { database: path.display().to_string(), reason });
    };
    Ok(Arc::new(Box::pin(crate::files::FilesConnector::open(path, cache_folder)).await?))
}

#[cfg(not(feature = "files"))]
async fn open_data(path: &Path, _: Option<&Path>) -> Result<Arc<dyn Connector>, ConnectorError> {
    let reason = "this program was built without the feature \"files\"".to_owned();
    Err(ConnectorError::Open { database: path.display().to_string(), reason })
}

#[cfg(feature = "postgres")]
fn open_postgres(url: &Secret, connections: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Ok(Arc::new(crate::postgres::PostgresConnector::open_with(url.clone(), connections)?))
}

#[cfg(not(feature = "postgres"))]
fn open_postgres(_: &Secret, _: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("postgres", "this program was built without the feature \"postgres\""))
}

#[cfg(feature = "mysql")]
fn open_mysql(url: &Secret, connections: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Ok(Arc::new(crate::mysql::MySqlConnector::open_with(url.clone(), connections)?))
}

#[cfg(not(feature = "mysql"))]
fn open_mysql(_: &Secret, _: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("mysql", "this program was built without the feature \"mysql\""))
}

#[cfg(feature = "bigquery")]
fn open_bigquery(config: &ConnectionConfig, at_once: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    config.only_options(crate::bigquery::OPTIONS)?;
    let url = config.url.clone();
    Ok(Arc::new(crate::bigquery::BigQueryConnector::open_with(url, &config.options, at_once)?))
}

#[cfg(not(feature = "bigquery"))]
fn open_bigquery(_: &ConnectionConfig, _: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("bigquery", "this program was built without the feature \"bigquery\""))
}

#[cfg(feature = "adbc")]
async fn open_adbc(
    url: &Secret,
    options: &BTreeMap<String, Secret>,
    connections: usize,
) -> Result<Arc<dyn Connector>, ConnectorError> {
    let opening = crate::adbc::AdbcConnector::open_with(url.clone(), options, connections);
    Ok(Arc::new(Box::pin(opening).await?))
}

#[cfg(not(feature = "adbc"))]
async fn open_adbc(
    _: &Secret,
    _: &BTreeMap<String, Secret>,
    _: usize,
) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal(
        "adbc",
        "DuckDB, Snowflake and ADBC drivers need the feature \"adbc\", which this program was built without",
    ))
}

/// The connections of a configuration, by name, each opened when it is first asked for.
///
/// ```
/// use medha_connectors::{ConnectionConfig, Registry};
/// use std::collections::BTreeMap;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let configured: BTreeMap<String, ConnectionConfig> =
///     serde_json::from_str(r#"{"sales": {"url": "postgres://me:hunter2@127.0.0.1/sales"}}"#)?;
/// let registry = Registry::new(configured);
/// let sales = registry.connector("sales").await?;
/// assert_eq!(sales.dialect(), medha_connectors::Dialect::Postgres);
/// let error = registry.connector("sale").await.unwrap_err();
/// assert_eq!(error.to_string(), r#"there is no connection "sale"; did you mean "sales"?"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Registry {
    connections: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    config: ConnectionConfig,
    opened: OnceCell<Arc<dyn Connector>>,
}

/// Why a registry has no connector to give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Nothing is configured under this name.
    #[error("there is no connection {name:?}{}", did_you_mean(.nearest.as_deref()))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The most similar name there is.
        nearest: Option<String>,
    },
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] ConnectorError),
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean {nearest:?}?")).unwrap_or_default()
}

/// How a connection is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Its name in the configuration.
    pub name: String,
    /// How long it took to answer, or to fail.
    pub latency: Duration,
    /// What is wrong with it, without secrets.
    pub problem: Option<String>,
}

impl Registry {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(connections: impl IntoIterator<Item = (String, ConnectionConfig)>) -> Self {
        let entry = |config| Entry { config, opened: OnceCell::new() };
        Self { connections: connections.into_iter().map(|(name, config)| (name, entry(config))).collect() }
    }

    /// The names of the connections, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.connections.keys().map(String::as_str)
    }

    /// The connector of this name, the same one each time. A failure is tried again the next time.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] if nothing is configured under the name, else what opening it says.
    pub async fn connector(&self, name: &str) -> Result<Arc<dyn Connector>, RegistryError> {
        let Some(entry) = self.connections.get(name) else {
            return Err(RegistryError::Unknown { name: name.to_owned(), nearest: self.nearest(name) });
        };
        Ok(Arc::clone(entry.opened.get_or_try_init(|| entry.config.open()).await?))
    }

    /// Asks every connection for a sign of life, all at once, and waits five seconds at most.
    pub async fn health(&self) -> Vec<Health> {
        join_all(self.connections.keys().map(|name| self.health_of(name))).await
    }

    #[allow(clippy::disallowed_methods, reason = "how long a server takes is measured at the edge")]
    async fn health_of(&self, name: &str) -> Health {
        let asked = Instant::now();
        let ping = async { Ok::<_, RegistryError>(self.connector(name).await?.ping().await?) };
        let problem = match timeout(HEALTH_TIME, ping).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("it did not answer within {HEALTH_TIME:?}")),
        };
        Health { name: name.to_owned(), latency: asked.elapsed(), problem }
    }

    fn nearest(&self, name: &str) -> Option<String> {
        const SIMILAR_ENOUGH: f64 = 0.6;
        let similarity = |known: &str| strsim::normalized_damerau_levenshtein(name, known);
        let nearest = self.names().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
        (similarity(nearest) >= SIMILAR_ENOUGH).then(|| nearest.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_its_system() {
        for (address, scheme) in [
            ("sqlite:a.db", Scheme::Sqlite("a.db")),
            ("sqlite:///tmp/a.db", Scheme::Sqlite("/tmp/a.db")),
            ("data/a.db", Scheme::Path("data/a.db")),
            ("a:b.db", Scheme::Path("a:b.db")),
            ("mcp:/etc/mcp.json#shop", Scheme::Mcp("/etc/mcp.json#shop")),
            ("POSTGRESQL://host/db", Scheme::Postgres),
            ("mariadb://host/db", Scheme::MySql),
            ("shop.duckdb", Scheme::DuckDb("shop.duckdb")),
            ("data/orders.Parquet", Scheme::DuckDb("data/orders.Parquet")),
            ("duckdb:///data/orders.csv", Scheme::DuckDb("/data/orders.csv")),
            ("snowflake://me:hunter2@account/db/schema", Scheme::Snowflake),
            ("adbc:postgresql://me:hunter2@host/db", Scheme::Adbc),
            ("oracle://me:hunter2@host", Scheme::Unknown("oracle".to_owned())),
        ] {
            assert_eq!(scheme_of(address), scheme, "{address}");
        }
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
