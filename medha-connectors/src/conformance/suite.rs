//! Running the suite and collecting what is wrong.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::checks;
use super::fixture::Fixture;
use crate::connector::Connector;

/// A connector over a freshly loaded [`Fixture`].
#[derive(Debug)]
pub struct Subject {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) endless: String,
    pub(crate) lacking: Vec<Lack>,
    /// What must live as long as the connector: a temporary folder, a server.
    _kept: Option<Box<dyn Any + Send + Sync>>,
}

impl Subject {
    /// The connector, and a query that would work for minutes without an answer; the guard must let it through.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, endless: impl Into<String>) -> Self {
        Self { connector, endless: endless.into(), lacking: Vec::new(), _kept: None }
    }

    /// Says that the server of the test, which stands in for the real one, lacks something; what needs it is not checked.
    #[must_use]
    pub fn lacking(mut self, lack: Lack) -> Self {
        self.lacking.push(lack);
        self
    }

    /// Keeps something alive until the check is over.
    #[must_use]
    pub fn keeping(mut self, kept: impl Any + Send + Sync) -> Self {
        self._kept = Some(Box::new(kept));
        self
    }
}

/// What a server that stands in for the real one in a test may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// It does not tell which columns refer to others.
    ForeignKeys,
    /// It does not explain a statement.
    Plans,
}

/// Everything a connector does wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Failures {
    /// Check and reason.
    pub failed: Vec<(&'static str, String)>,
}

impl fmt::Display for Failures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the connector fails {} of the checks", self.failed.len())?;
        self.failed.iter().try_for_each(|(check, reason)| write!(formatter, "\n  {check}: {reason}"))
    }
}

/// Runs every check on a subject of its own.
///
/// # Errors
/// [`Failures`] with every check that failed.
pub async fn run(make: impl AsyncFn(&Fixture) -> Subject) -> Result<(), Failures> {
    let fixture = Fixture::new();
    let mut failed = Vec::new();
    let mut note = |check: &'static str, outcome: Result<(), String>| {
        if let Err(reason) = outcome {
            failed.push((check, reason));
        }
    };
    let subject = make(&fixture).await;
    note("it answers a ping", checks::ping(&subject).await);
    note("its schema has the tables, columns and keys", checks::schema(&subject, &fixture).await);
    note("its profiles say what the rows say", checks::profiles(&subject).await);
    note("values come back as they are", checks::values(&subject, &fixture).await);
    note("columns may share a name and are known without rows", checks::columns(&subject).await);
    note("the row cap is exact", checks::row_cap(&subject).await);
    note("the byte cap ends the rows", checks::byte_cap(&subject).await);
    note("a deadline stops the work", checks::deadline(&subject).await);
    note("cancelling stops the work", checks::cancelling(&subject).await);
    note("dropping a stream stops the work", checks::dropping(&subject).await);
    note("queries run side by side", checks::side_by_side(&subject).await);
    note("a plan is text", checks::explain(&subject).await);
    if failed.is_empty() { Ok(()) } else { Err(Failures { failed }) }
}
