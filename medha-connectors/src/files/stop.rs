//! Why an import does not go on.

use std::io;

/// Why a file is not imported.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nobody waits for it any more.
    Cancelled,
    /// There is nothing in it.
    Empty,
    /// It is not what it was a moment before.
    Changed,
    /// It cannot be understood or read: why, and what to do.
    Refused(String),
}

impl Stop {
    /// In words, after the name of the file.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Cancelled => "the import was cancelled".to_owned(),
            Self::Empty => "there is nothing in it".to_owned(),
            Self::Changed => "it was changed while it was read; try again when it is written".to_owned(),
            Self::Refused(reason) => reason,
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Refused(format!("it cannot be read: {error}"))
    }
}
