//! `medha graph`: the workflow that answers questions, as a diagram.

use medha_agents::analyst::Analyst;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::terminal::print;

/// Prints the workflow as Mermaid.
pub(crate) fn graph() -> Result<Exit, CommandError> {
    let diagram = Analyst::mermaid();
    print(&format!("{}\n", diagram.trim_end())).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}
