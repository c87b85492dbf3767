//! The workflow: which agent runs after which.

use medha_graph::{END, NodeExt, Route, START, StateGraph};

use super::nodes::{execute, follow_ups, guard, insight, plan, recover, sql, visualize};
use super::state::{AnalystState, PanelAt};

/// The graph from a question to an answer.
///
/// Each step of a plan becomes a panel with a chain of its own, `sql` to `insight`; chains run beside each other. What
/// fails goes to `recover`, which mends names and sends them back, or ends the panel. `follow_ups` waits for all.
pub(crate) fn workflow() -> StateGraph<AnalystState> {
    StateGraph::new("analyst")
        .node("plan", plan)
        .node("sql", sql.goes_to(["guard"]))
        .node("guard", guard.goes_to(["execute", "follow_ups"]))
        .node("execute", execute.goes_to(["visualize"]))
        .node("visualize", visualize.goes_to(["insight"]))
        .node("insight", insight)
        .node("recover", recover.goes_to(["plan", "sql", "follow_ups"]))
        .node("follow_ups", follow_ups.defer())
        .edge(START, "plan")
        .conditional_edge("plan", panels)
        .edge("insight", "follow_ups")
        .edge("follow_ups", END)
        .error_edge("plan", "recover")
        .error_edge("sql", "recover")
        .error_edge("guard", "recover")
        .error_edge("execute", "recover")
        .error_edge("visualize", "recover")
        .error_edge("insight", "recover")
}

/// Where a plan leads.
#[derive(Route)]
pub(crate) enum Next {
    /// A part of the answer.
    #[route("sql")]
    Panel(PanelAt),
    /// There is nothing to run.
    #[route("follow_ups")]
    Nothing,
}

fn panels(state: &AnalystState) -> Vec<Next> {
    if state.ending.is_some() || state.panels.is_empty() {
        return vec![Next::Nothing];
    }
    state.panels.keys().map(|&panel| Next::Panel(PanelAt { panel })).collect()
}
