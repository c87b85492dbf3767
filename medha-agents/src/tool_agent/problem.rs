//! What is wrong with an agent that does not compile.

use medha_graph::BuildError;

/// Why an agent does not compile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolAgentError {
    /// Its options do not fit together.
    #[error("agent {agent:?} cannot be compiled: {}", all(problems))]
    Options {
        /// The agent.
        agent: String,
        /// Everything that is wrong.
        problems: Vec<ToolAgentProblem>,
    },
    /// Its graph is wrong.
    #[error(transparent)]
    Graph(#[from] BuildError),
}

/// One thing that is wrong with the options of an agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolAgentProblem {
    /// Two tools have one name.
    #[error("two tools have the name {name:?}; the model could not tell them apart")]
    SameName {
        /// The name.
        name: String,
    },
    /// Providers refuse the name.
    #[error("a tool cannot have the name {name:?}; use 1 to 64 letters, digits, `_` and `-`")]
    BadName {
        /// The name.
        name: String,
    },
    /// Approval is asked for a tool that is not there.
    #[error("calls of {name:?} are to be approved, and there is no tool of that name{hint}")]
    UnknownTool {
        /// The name.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// The model may not speak.
    #[error("an agent needs at least one turn; give `max_turns` a larger number")]
    NoTurns,
}

fn all(problems: &[ToolAgentProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
