//! A panel taken out of the state, worked on, and put back.

use std::collections::BTreeMap;

use medha_graph::{Command, NodeError};

use super::super::state::{AnalystState, AnalystStateUpdate, PanelAt, PanelWork};

/// The panel a task works on.
pub(crate) fn take(state: &AnalystState, at: PanelAt) -> Result<PanelWork, NodeError> {
    let panel = state.panels.get(&at.panel).cloned();
    panel.ok_or_else(|| NodeError::new(format!("there is no panel {}", at.panel)).terminal())
}

/// Writes a panel back.
pub(crate) fn put(at: PanelAt, work: PanelWork) -> AnalystStateUpdate {
    AnalystState::update().panels(BTreeMap::from([(at.panel, work)]))
}

/// Writes a panel back and hands it on.
pub(crate) fn hand_on(at: PanelAt, work: PanelWork, node: &str) -> Command<AnalystState> {
    Command::new().update(put(at, work)).send(node, &at)
}
