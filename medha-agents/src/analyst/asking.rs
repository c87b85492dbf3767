//! One statement on its way: guard, database, audit record. Everything that is asked goes this way, whoever wrote it.

use std::time::Duration;

use medha_connectors::{Cause, ConnectorError, GuardedSql, QueryOptions, ResultSet};

use super::tools::{RunTools, Tools};
use super::trouble::Trouble;
use crate::chart::unique_names;

/// What a statement gave, and how old that is if it was kept since an earlier question.
pub(crate) type Read = (ResultSet, Option<Duration>);

/// Why a statement gave nothing.
pub(crate) enum Failed {
    /// The database failed; its own words may be in the audit record under a reference.
    Database(ConnectorError, Option<String>),
    /// What became of it cannot be noted.
    Record(Trouble),
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Database(error, reference) => Self::of(&error, reference.as_deref()),
            Failed::Record(trouble) => trouble,
        }
    }
}

/// What a statement is asked with.
pub(crate) struct Asking<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) run: &'a RunTools,
    /// The question it answers, where there is one.
    pub(crate) question: Option<&'a str>,
    pub(crate) options: &'a QueryOptions,
}

impl Asking<'_> {
    /// Runs a statement that has passed the guard once; it passes again, as only the guard can say so.
    pub(crate) async fn check_and_run(&self, statement: &str) -> Result<Read, Trouble> {
        let checked = self.tools.guard().check(statement, self.options.max_rows);
        let checked = checked.map_err(|error| Trouble::failed(error.to_string(), None))?;
        Ok(self.run(statement, &checked).await?)
    }

    /// Runs a statement. What becomes of it is noted before anybody sees a row.
    pub(crate) async fn run(&self, asked: &str, checked: &GuardedSql) -> Result<Read, Failed> {
        let Self { tools, run, question, options } = *self;
        let mut noting = tools.note(run, question, asked);
        if let Some(noting) = &mut noting {
            noting.sent(checked);
        }
        let read = async {
            let rows = tools.connector.query(checked, options.clone()).await?;
            let age = rows.age();
            Ok((rows.collect().await?, age))
        };
        let read = tokio::select! {
            biased;
            () = options.cancel.cancelled() => Err(ConnectorError::Cancelled),
            read = read => read,
        };
        // What cannot be told in words can be found in the record.
        let reference = match (&read, &noting) {
            (Err(error @ ConnectorError::Query { .. }), Some(_)) if error.cause() == Cause::Unknown => {
                Some(format!("{:08x}", fastrand::u32(..)))
            }
            _ => None,
        };
        if let Some(noting) = noting {
            let rows = read.as_ref().map(|(result, _)| result.rows.len());
            noting.ended(rows, reference.clone()).await.map_err(Failed::Record)?;
        }
        let (mut result, age) = read.map_err(|error| Failed::Database(error, reference))?;
        let names = unique_names(result.columns.iter().map(|column| column.name.as_str()));
        for (column, name) in result.columns.iter_mut().zip(names) {
            column.name = name;
        }
        Ok((result, age))
    }
}
