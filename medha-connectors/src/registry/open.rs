//! Opening each system, or saying which feature a program was built without.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::connection::ConnectionConfig;
use crate::connector::Connector;
use crate::error::ConnectorError;
use crate::secret::Secret;

/// An error that repeats nothing of the address but its scheme.
pub(super) fn refusal(scheme: &str, reason: &str) -> ConnectorError {
    ConnectorError::Open { database: format!("{scheme}://…"), reason: reason.to_owned() }
}

#[cfg(feature = "sqlite")]
pub(super) async fn open_file(path: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
    // In a box, because the compiler gives up on futures within futures as deep as this one and those of its callers.
    Ok(Arc::new(Box::pin(crate::sqlite::SqliteConnector::open(path)).await?))
}

#[cfg(not(feature = "sqlite"))]
pub(super) async fn open_file(_: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("sqlite", "this program was built without the feature \"sqlite\""))
}

/// Whether a path is of files that have to be imported before they can be asked.
#[cfg(feature = "files")]
pub(super) fn is_data(path: &Path) -> bool {
    crate::files::Format::of(path).is_some() || path.is_dir()
}

#[cfg(not(feature = "files"))]
pub(super) fn is_data(path: &Path) -> bool {
    let endings = ["csv", "tsv", "json", "jsonl", "ndjson"];
    path.extension().is_some_and(|end| endings.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

#[cfg(feature = "files")]
pub(super) async fn open_data(
    path: &Path,
    cache_folder: Option<&Path>,
) -> Result<Arc<dyn Connector>, ConnectorError> {
    let Some(cache_folder) = cache_folder else {
        let reason = "it has to be imported, and the program has set no cache folder for that".to_owned();
        return Err(ConnectorError::Open { database: path.display().to_string(), reason });
    };
    Ok(Arc::new(Box::pin(crate::files::FilesConnector::open(path, cache_folder)).await?))
}

#[cfg(not(feature = "files"))]
pub(super) async fn open_data(path: &Path, _: Option<&Path>) -> Result<Arc<dyn Connector>, ConnectorError> {
    let reason = "this program was built without the feature \"files\"".to_owned();
    Err(ConnectorError::Open { database: path.display().to_string(), reason })
}

#[cfg(feature = "postgres")]
pub(super) fn open_postgres(url: &Secret, connections: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Ok(Arc::new(crate::postgres::PostgresConnector::open_with(url.clone(), connections)?))
}

#[cfg(not(feature = "postgres"))]
pub(super) fn open_postgres(_: &Secret, _: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("postgres", "this program was built without the feature \"postgres\""))
}

#[cfg(feature = "mysql")]
pub(super) fn open_mysql(url: &Secret, connections: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Ok(Arc::new(crate::mysql::MySqlConnector::open_with(url.clone(), connections)?))
}

#[cfg(not(feature = "mysql"))]
pub(super) fn open_mysql(_: &Secret, _: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("mysql", "this program was built without the feature \"mysql\""))
}

#[cfg(feature = "bigquery")]
pub(super) fn open_bigquery(
    config: &ConnectionConfig,
    at_once: usize,
) -> Result<Arc<dyn Connector>, ConnectorError> {
    config.only_options(crate::bigquery::OPTIONS)?;
    let url = config.url.clone();
    Ok(Arc::new(crate::bigquery::BigQueryConnector::open_with(url, &config.options, at_once)?))
}

#[cfg(not(feature = "bigquery"))]
pub(super) fn open_bigquery(_: &ConnectionConfig, _: usize) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal("bigquery", "this program was built without the feature \"bigquery\""))
}

#[cfg(feature = "adbc")]
pub(super) async fn open_adbc(
    url: &Secret,
    options: &BTreeMap<String, Secret>,
    connections: usize,
) -> Result<Arc<dyn Connector>, ConnectorError> {
    let opening = crate::adbc::AdbcConnector::open_with(url.clone(), options, connections);
    Ok(Arc::new(Box::pin(opening).await?))
}

#[cfg(not(feature = "adbc"))]
pub(super) async fn open_adbc(
    _: &Secret,
    _: &BTreeMap<String, Secret>,
    _: usize,
) -> Result<Arc<dyn Connector>, ConnectorError> {
    Err(refusal(
        "adbc",
        "DuckDB, Snowflake and ADBC drivers need the feature \"adbc\", which this program was built without",
    ))
}

#[cfg(feature = "mcp")]
pub(super) fn open_mcp(config: &ConnectionConfig, place: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
    use crate::mcp::{McpConfig, McpConnector, Spoken};

    let refuse = |reason: String| ConnectorError::Open { database: config.shown(), reason };
    let (file, name) = match place.rsplit_once('#') {
        Some((file, name)) => (file, Some(name)),
        None => (place, None),
    };
    let text = std::fs::read_to_string(file).map_err(|error| refuse(format!("{file:?}: {error}")))?;
    let described = McpConfig::read(&text).map_err(|error| refuse(error.to_string()))?;
    let server = described.server(name, &config.variables).map_err(|error| refuse(error.to_string()))?;
    let option = |name: &str| config.options.get(name).map(|value| value.expose().to_owned());
    let dialect = option("dialect").map(|name| {
        serde_json::from_value::<Spoken>(name.into())
            .map_err(|_| refuse("its dialect is none of postgres, mysql and sqlite".to_owned()))
    });
    let server = server.with_options(dialect.transpose()?, option("tool"), option("argument"));
    Ok(Arc::new(McpConnector::new(server, config.variables.clone())))
}

#[cfg(not(feature = "mcp"))]
pub(super) fn open_mcp(config: &ConnectionConfig, _: &str) -> Result<Arc<dyn Connector>, ConnectorError> {
    let reason = "this program was built without the feature \"mcp\"".to_owned();
    Err(ConnectorError::Open { database: config.shown(), reason })
}
