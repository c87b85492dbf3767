//! How the process ends: the exit codes that scripts rely on.

use std::process::ExitCode;

/// How a command ended. Wrong usage (2) is told by the command line parser itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done,
    /// It failed.
    Failed,
    /// The command line or the question cannot be read.
    Usage,
    /// The question was not understood, or somebody has to choose what it means.
    NeedsChoice,
    /// The guard or a policy refused it.
    Refused,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NeedsChoice => 3,
            Self::Refused => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
