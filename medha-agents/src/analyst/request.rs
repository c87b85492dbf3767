//! A question with all that decides how it is answered.

use jiff::civil::DateTime;
use tokio_util::sync::CancellationToken;

use crate::planner::Turn;

/// One question to the analyst.
///
/// ```
/// use medha_agents::analyst::AskRequest;
///
/// let request = AskRequest { dry_run: true, ..AskRequest::new("What were our sales last month?") };
/// assert_eq!(request.max_rows, None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct AskRequest {
    /// The words.
    pub question: String,
    /// The moment "today" is taken from, in the model's time zone; the clock's if it is not given.
    pub now: Option<DateTime>,
    /// Hints that come with the question, in plain words.
    pub instructions: Option<String>,
    /// Earlier turns of the same dialog, oldest first; see [`Answer::turn`](super::Answer::turn).
    pub history: Vec<Turn>,
    /// Whether to stop before the database is asked: the answer has the plan and the SQL.
    pub dry_run: bool,
    /// At most this many rows a panel; the analyst's limit if it is not given.
    pub max_rows: Option<usize>,
    /// The option to take if the question could mean several things: its number from 1, or its words.
    pub choice: Option<String>,
    /// What the run is called; the analyst names it otherwise.
    pub run_id: Option<String>,
    /// Cancelling it stops the run and the database's work.
    pub cancel: CancellationToken,
}

impl AskRequest {
    /// A question asked now, without more.
    #[must_use]
    pub fn new(question: impl Into<String>) -> Self {
        Self { question: question.into(), ..Self::default() }
    }
}
