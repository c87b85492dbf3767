//! Where the configuration file is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use super::file::Config;
use super::read::read;

const NAME: &str = "medha.yaml";

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path:?}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It says what cannot be.
    #[error("the configuration {path:?} cannot be used:{}", list(.problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All that is wrong.
        problems: Vec<String>,
    },
}

fn list(problems: &[String]) -> String {
    problems.iter().map(|problem| format!("\n- {problem}")).collect()
}

/// Reads the file that was named, else the one in this folder, else the one in the platform's folder. Without one nothing is
/// configured.
pub(crate) fn load(named: Option<&Path>) -> Result<Config, ConfigError> {
    let Some(path) =
        named.map(Path::to_owned).or_else(|| usual_places().into_iter().find(|path| path.is_file()))
    else {
        return Ok(Config::default());
    };
    let text =
        fs::read_to_string(&path).map_err(|source| ConfigError::File { path: path.clone(), source })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    match read(&text, folder, &|name| std::env::var(name).ok()) {
        Ok(config) => Ok(Config { path: Some(path), ..config }),
        Err(problems) => Err(ConfigError::Invalid { path, problems }),
    }
}

fn usual_places() -> Vec<PathBuf> {
    let platform = etcetera::base_strategy::choose_native_strategy().ok();
    let platform = platform.map(|platform| platform.config_dir().join("agentmedha").join(NAME));
    std::iter::once(PathBuf::from(NAME)).chain(platform).collect()
}
