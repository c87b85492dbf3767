//! Where a log is: what a path or an address means.

use std::path::{Path, PathBuf};

#[cfg(not(feature = "sql"))]
use super::log::AuditError;
use crate::secret::{Secret, without_secrets};

/// Where a log is.
#[derive(Debug)]
pub(super) enum Place {
    File(PathBuf),
    /// An address, with its password.
    Table(Secret),
}

impl Place {
    pub(super) fn of(place: &Path) -> Self {
        match place.to_str() {
            Some(text) if text.starts_with("sqlite:") || text.contains("://") => {
                Self::Table(Secret::new(text))
            }
            Some(_) | None => Self::File(place.to_owned()),
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Table(url) => match url.expose().strip_prefix("sqlite:") {
                Some(path) => format!("sqlite:{path}"),
                None => without_secrets(url.expose()),
            },
        }
    }

    #[cfg(not(feature = "sql"))]
    pub(super) fn unknown(&self) -> AuditError {
        let reason = "this program was built without databases for its own tables".to_owned();
        AuditError::Table { place: self.shown(), reason }
    }
}
