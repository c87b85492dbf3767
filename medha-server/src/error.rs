//! Why a command could not do its work.

use std::io;

use medha_agents::analyst::StatementError;
use medha_connectors::PolicyError;
use medha_connectors::audit::AuditError;

use crate::chosen::ChoiceError;
use crate::config::ConfigError;
use crate::data_dir::DataDirError;
use crate::eval::{ContextError, PackError};
use crate::exit::Exit;
use crate::question::QuestionError;
use crate::serve::ServeError;
use crate::source::SourceError;

/// Why a command could not do its work. An answer that says "no" is no such error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The question cannot be read.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The database or its model cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What is to be asked, or who asks, is not known.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// A statement did not run.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A policy cannot be explained.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A statement cannot be read from standard input.
    #[error("cannot read the statement: {0}")]
    Statements(#[source] io::Error),
    /// There is nothing of this name to show.
    #[error("there is no table {table:?}{hint}")]
    NoTable {
        /// As it was given.
        table: String,
        /// The nearest name.
        hint: String,
    },
    /// Our own folder or the sample in it cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The server cannot listen or stopped listening.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The evaluation pack cannot be read, or the predictions not be written.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// No guard can be made for a corpus.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The audit record cannot be written, or is not what was written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Standard output cannot be written to.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
}

impl CommandError {
    /// How the process ends after it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Question(QuestionError::Input(_)) => Exit::Failed,
            Self::Question(QuestionError::Empty | QuestionError::TooLong { .. }) => Exit::Usage,
            Self::Statement(StatementError::Refused(_)) => Exit::Refused,
            Self::Statement(StatementError::Cancelled) => Exit::Interrupted,
            Self::Config(_)
            | Self::Choice(_)
            | Self::Statement(_)
            | Self::Policy(_)
            | Self::NoTable { .. }
            | Self::Statements(_)
            | Self::Source(_)
            | Self::DataDir(_)
            | Self::Serve(_)
            | Self::Pack(_)
            | Self::Context(_)
            | Self::Audit(_)
            | Self::Output(_) => Exit::Failed,
        }
    }
}
