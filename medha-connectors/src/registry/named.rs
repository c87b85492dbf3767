//! The connections of a configuration, by their names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::connection::ConnectionConfig;
use crate::connector::Connector;
use crate::error::ConnectorError;

/// A server that needs longer to say that it is there is not well.
const HEALTH_TIME: Duration = Duration::from_secs(5);

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
