//! What a person is asked before a tool runs, and may answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The question of a tool call that waits for approval; the question of the interrupt as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename = "tool_approval")]
pub struct ApprovalRequest {
    /// The tool.
    pub tool: String,
    /// What it does.
    pub description: String,
    /// The call.
    pub call_id: String,
    /// The arguments the model gave.
    pub arguments: Value,
}

/// What a person says to a tool call.
///
/// ```
/// use medha_agents::tool_agent::Approval;
/// use medha_graph::Resume;
///
/// let no = Resume::answer(Approval::reject("we do not mail customers on Sundays"));
/// # let _ = no;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Approval {
    /// It runs as it is.
    Approve,
    /// It runs with other arguments, and the model is told.
    Edit {
        /// The arguments.
        arguments: Value,
    },
    /// It does not run, and the model is told why.
    Reject {
        /// Why not.
        #[serde(default)]
        reason: String,
    },
}

impl Approval {
    /// It does not run, for this reason.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject { reason: reason.into() }
    }
}
