//! What becomes of tool calls that fail: mistakes of the model, failures of the tool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use medha_graph::NodeError;

/// A call that could not be made as the model asked for it. The model is always told, since only it can do better.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolMistake {
    /// There is no tool of this name.
    #[error("there is no tool {name:?}; {hint}")]
    Unknown {
        /// The name.
        name: String,
        /// Which tools there are.
        hint: String,
    },
    /// The arguments are not JSON.
    #[error("the arguments of tool {tool:?} are not JSON: {reason}; send an object that fits its schema")]
    Unreadable {
        /// The tool.
        tool: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The arguments do not fit the schema.
    #[error(
        "the arguments of tool {tool:?} do not fit its schema: {reason}; call it again with arguments that do"
    )]
    Arguments {
        /// The tool.
        tool: String,
        /// What is wrong with them.
        reason: String,
    },
}

/// A call took too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it took longer than {limit:?}")]
pub struct ToolTimeout {
    /// The limit.
    pub limit: Duration,
}

/// What becomes of a tool call that failed its last attempt.
///
/// It is about failures of tools; a [`ToolMistake`] always goes to the model.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum ToolErrors {
    /// The model is told, in a tool message that says it is an error.
    #[default]
    Tell,
    /// The run fails.
    Fail,
    /// A function of the tool's name and the error says what the model is told; if it says nothing, the run fails.
    Explain(Explain),
}

/// What the model is told of an error of a tool, if anything.
pub type Explain = Arc<dyn Fn(&str, &NodeError) -> Option<String> + Send + Sync>;

impl ToolErrors {
    /// Lets a function say what the model is told.
    pub fn explain(explain: impl Fn(&str, &NodeError) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::Explain(Arc::new(explain))
    }

    /// What the model is told, or nothing if the run fails.
    pub(super) fn text_for_model(&self, tool: &str, error: &NodeError) -> Option<String> {
        if let Some(mistake) = error.downcast_ref::<ToolMistake>() {
            return Some(mistake.to_string());
        }
        match self {
            Self::Tell => Some(format!("tool {tool:?} failed: {error}")),
            Self::Fail => None,
            Self::Explain(explain) => explain(tool, error),
        }
    }
}

impl fmt::Debug for ToolErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tell => "Tell",
            Self::Fail => "Fail",
            Self::Explain(_) => "Explain",
        })
    }
}
