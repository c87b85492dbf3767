//! An agent that calls tools until it has an answer, as a graph of two nodes: a model, and its tools.
//!
//! ```text
//! START -> [before_model] -> model -> [after_model] -> tools, one task a call -> back to the model
//!                                                   -> [respond] -> END
//! ```

mod state;
mod outcome;
mod context;
mod tool;
mod function;
mod approval;
mod failure;
mod around;
mod next;
mod toolbox;
mod voice;
mod model;
mod respond;
mod agent;
mod problem;

pub use agent::ToolAgent;
pub use approval::{Approval, ApprovalRequest};
pub use around::{AroundTool, NextTool};
pub use context::ToolContext;
pub use failure::{Explain, ToolErrors, ToolMistake, ToolTimeout};
pub use function::{FunctionTool, ToolFn, tool};
pub use outcome::{IntoToolOutcome, ToolOutcome};
pub use problem::{ToolAgentError, ToolAgentProblem};
pub use state::{ToolAgentState, ToolAgentStateUpdate};
pub use tool::{Tool, ToolSettings};
