//! What was chosen to be asked, and in whose name: flags before variables before the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use medha_agents::analyst::Rights;
use medha_connectors::{ConnectionConfig, Policy, Secret, User};

use crate::cli::DatabaseArgs;
use crate::config::{Config, ConfiguredConnection, Limits, yaml_file};
use crate::nearest::did_you_mean;

/// A database that was chosen; `None` as its place is the sample business.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// Its name in the configuration, if that has it.
    pub(crate) name: Option<String>,
    pub(crate) place: Option<ConnectionConfig>,
    pub(crate) limits: Limits,
    pub(crate) model: Option<PathBuf>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) audit: Option<String>,
}

/// Why nothing can be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoiceError {
    /// A word that is neither a connection nor a file.
    #[error("there is no connection {name:?} in {config}{hint}, and no file of that name")]
    NoConnection {
        /// What was asked for.
        name: String,
        /// The configuration that was looked in.
        config: String,
        /// The nearest name.
        hint: String,
    },
    /// A connection that cannot be used yet.
    #[error("the connection {name:?} cannot be used: {}", .unset.join("; "))]
    Unset {
        /// Its name.
        name: String,
        /// What is not set.
        unset: Vec<String>,
    },
    /// A user nobody knows.
    #[error("there is no user {name:?} in {config}{hint}")]
    NoUser {
        /// As it was given.
        name: String,
        /// The configuration that was looked in.
        config: String,
        /// The nearest name.
        hint: String,
    },
    /// A policy holds, and for nobody.
    #[error(
        "a policy holds, and nobody says who asks; say it with --user, MEDHA_USER or `user:` in the configuration"
    )]
    NobodyAsks,
    /// There is no policy to look at.
    #[error("no policy is given; name its file, or set one for the connection in the configuration")]
    NoPolicy,
    /// A policy's file cannot be used.
    #[error("cannot use the policy {path:?}: {reason}")]
    Policy {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Chosen {
    /// What the flags and the configuration say.
    pub(crate) fn from(args: &DatabaseArgs, config: &Config) -> Result<Self, ChoiceError> {
        let mut chosen = match (&args.database, &config.default_connection) {
            (Some(database), _) => Self::named(database, config)?,
            (None, Some(name)) => match config.connections.get(name) {
                Some(connection) => Self::configured(name, connection)?,
                None => Self::sample(),
            },
            (None, None) => Self::sample(),
        };
        chosen.model = args.model.clone().or(chosen.model);
        chosen.policy = args.policy.clone().or(chosen.policy);
        chosen.audit = args.audit.clone().or(chosen.audit).or_else(|| config.audit.clone());
        Ok(chosen)
    }

    /// A connection goes before a file of the same name, which can be asked as `./name`.
    fn named(database: &Secret, config: &Config) -> Result<Self, ChoiceError> {
        let text = database.expose();
        if let Some(connection) = config.connections.get(text) {
            return Self::configured(text, connection);
        }
        // Only a word is repeated: an address may have a password in it, however it is misspelt.
        let is_word = !text.contains(['/', '\\', ':', '@', '.', '?']);
        if is_word && !config.connections.is_empty() && !Path::new(text).exists() {
            return Err(ChoiceError::NoConnection {
                name: text.to_owned(),
                config: config.shown(),
                hint: did_you_mean(text, config.connections.keys()),
            });
        }
        Ok(Self { place: Some(ConnectionConfig::new(database.clone())), ..Self::sample() })
    }

    fn configured(name: &str, connection: &ConfiguredConnection) -> Result<Self, ChoiceError> {
        if !connection.unset.is_empty() {
            return Err(ChoiceError::Unset { name: name.to_owned(), unset: connection.unset.clone() });
        }
        Ok(Self {
            name: Some(name.to_owned()),
            place: Some(connection.place.clone()),
            limits: connection.limits,
            model: connection.model.clone(),
            policy: connection.policy.clone(),
            audit: connection.audit.clone(),
        })
    }

    fn sample() -> Self {
        Self { name: None, place: None, limits: Limits::default(), model: None, policy: None, audit: None }
    }

    /// What whoever asks may read; everything without a policy.
    pub(crate) fn rights(&self, args: &DatabaseArgs, config: &Config) -> Result<Option<Rights>, ChoiceError> {
        let Some(path) = &self.policy else { return Ok(None) };
        let user = asking(args, config)?.ok_or(ChoiceError::NobodyAsks)?;
        Ok(Some(Rights { policy: Arc::new(policy(path)?), user }))
    }
}

/// Who asks, if anybody says: the flag, the variable, the configuration, or a login that the configuration knows.
pub(crate) fn asking(args: &DatabaseArgs, config: &Config) -> Result<Option<User>, ChoiceError> {
    if let Some(name) = args.user.as_ref().or(config.user.as_ref()) {
        return user(name, config).map(Some);
    }
    Ok(login().and_then(|name| config.users.get(&name).cloned()))
}

fn user(name: &str, config: &Config) -> Result<User, ChoiceError> {
    match config.users.get(name) {
        Some(user) => Ok(user.clone()),
        // Who is in no list has no role and no attribute, and roles only ever lift a rule.
        None if config.users.is_empty() => Ok(User::new(name)),
        None => Err(ChoiceError::NoUser {
            name: name.to_owned(),
            config: config.shown(),
            hint: did_you_mean(name, config.users.keys()),
        }),
    }
}

/// The name of the login that runs this process.
pub(crate) fn login() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok())
}

/// Reads a policy.
pub(crate) fn policy(path: &Path) -> Result<Policy, ChoiceError> {
    let failed = |reason: String| ChoiceError::Policy { path: path.to_owned(), reason };
    let json = yaml_file(path).map_err(failed)?;
    serde_json::from_value(json).map_err(|error| failed(error.to_string()))
}
