//! Statements that somebody wrote: they go the way of those that answer questions.

use std::sync::Arc;

use medha_connectors::{ConnectorError, GuardError, GuardedSql, QueryOptions, ResultSet, Schema};
use tokio_util::sync::CancellationToken;

use super::ask::Analyst;
use super::asking::{Asking, Failed};
use super::tools::RunTools;
use super::trouble::Trouble;

/// A statement that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// As it was sent, with all rules put in.
    pub sent: GuardedSql,
    /// What it gave.
    pub result: ResultSet,
}

/// Why a statement did not run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The guard or the policy refuses it.
    #[error(transparent)]
    Refused(#[from] GuardError),
    /// The database, or the audit record, failed.
    #[error("{message}{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    Failed {
        /// What went wrong, in words that quote no row.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// It was cancelled.
    #[error("the statement was cancelled")]
    Cancelled,
}

impl Analyst {
    /// The database as whoever asks may know it.
    #[must_use]
    pub fn schema(&self) -> Arc<Schema> {
        self.tools().schema()
    }

    /// Runs a statement that somebody wrote, under the same guard, policy and audit record as a question.
    ///
    /// # Errors
    /// If it is refused, fails or is cancelled.
    pub async fn run(
        &self,
        statement: &str,
        max_rows: Option<usize>,
        cancel: CancellationToken,
    ) -> Result<Ran, StatementError> {
        let (sent, options) = self.checked(statement, max_rows, cancel).await?;
        let run = self.run_tools(&options);
        let asking = Asking { tools: self.tools(), run: &run, question: None, options: &options };
        match asking.run(statement, &sent).await {
            Ok((result, _)) => Ok(Ran { sent, result }),
            Err(Failed::Record(trouble)) => Err(failed(trouble)),
            Err(Failed::Database(error, reference)) => Err(of_database(&error, reference)),
        }
    }

    /// Checks a statement that somebody wrote and asks the database how it would run it.
    ///
    /// # Errors
    /// If it is refused, or the database does not say.
    pub async fn explain(
        &self,
        statement: &str,
        max_rows: Option<usize>,
    ) -> Result<(GuardedSql, String), StatementError> {
        let (sent, _) = self.checked(statement, max_rows, CancellationToken::new()).await?;
        match self.connector().explain(&sent).await {
            Ok(plan) => {
                let plan = sent.without_salts(&plan);
                Ok((sent, plan))
            }
            Err(error) => Err(of_database(&error, None)),
        }
    }

    /// A refusal is noted, as that of a question is.
    async fn checked(
        &self,
        statement: &str,
        max_rows: Option<usize>,
        cancel: CancellationToken,
    ) -> Result<(GuardedSql, QueryOptions), StatementError> {
        let tools = self.tools();
        let max_rows = max_rows.unwrap_or(tools.query.max_rows);
        let options = QueryOptions { max_rows, cancel, ..tools.query.clone() };
        match tools.guard().check(statement, max_rows) {
            Ok(sent) => Ok((sent, options)),
            Err(error) => {
                if let Some(noting) = tools.note(&self.run_tools(&options), None, statement) {
                    noting.refused(error.to_string()).await.map_err(failed)?;
                }
                Err(error.into())
            }
        }
    }

    fn run_tools(&self, options: &QueryOptions) -> RunTools {
        RunTools { clock: Arc::clone(self.clock()), cancel: options.cancel.clone() }
    }
}

/// What went wrong, in words of ours.
fn of_database(error: &ConnectorError, reference: Option<String>) -> StatementError {
    match error {
        ConnectorError::Cancelled => StatementError::Cancelled,
        error => {
            let hint =
                |reference| format!("what it said is in the audit record under the reference {reference}");
            StatementError::Failed { message: error.in_words(), hint: reference.map(hint) }
        }
    }
}

/// The audit record cannot be written.
fn failed(trouble: Trouble) -> StatementError {
    match trouble {
        Trouble::Final { outcome } => {
            let (_, message, hint) = super::json::error(&outcome);
            StatementError::Failed { message, hint }
        }
        Trouble::UnknownName { message, .. } => StatementError::Failed { message, hint: None },
        Trouble::Misspelt { .. } => {
            StatementError::Failed { message: "some words are not known".to_owned(), hint: None }
        }
    }
}
