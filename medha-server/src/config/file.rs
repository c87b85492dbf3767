//! What a configuration file says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use medha_connectors::{ConnectionConfig, User};

use super::limits::Limits;

/// A configuration; an empty one where there is no file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// The file it was read from.
    pub(crate) path: Option<PathBuf>,
    pub(crate) connections: BTreeMap<String, ConfiguredConnection>,
    pub(crate) default_connection: Option<String>,
    pub(crate) users: BTreeMap<String, User>,
    /// Who asks if nobody says.
    pub(crate) user: Option<String>,
    pub(crate) audit: Option<String>,
    pub(crate) addr: Option<SocketAddr>,
}

/// One connection of it.
#[derive(Debug, Clone)]
pub(crate) struct ConfiguredConnection {
    pub(crate) place: ConnectionConfig,
    pub(crate) limits: Limits,
    pub(crate) model: Option<PathBuf>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) audit: Option<String>,
    /// Why it cannot be used: variables of the environment that are not set. Others can be used all the same.
    pub(crate) unset: Vec<String>,
}

impl Config {
    /// The file, as it is named when something is wrong with it.
    pub(crate) fn shown(&self) -> String {
        self.path.as_ref().map_or_else(|| "no configuration".to_owned(), |path| path.display().to_string())
    }
}
