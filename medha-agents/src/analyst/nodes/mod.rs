//! The agents as nodes of the workflow, in the order they run.

mod plan;
mod sql;
mod guard;
mod execute;
mod visualize;
mod insight;
mod recover;
mod follow_ups;
mod panel;

pub(crate) use execute::execute;
pub(crate) use follow_ups::follow_ups;
pub(crate) use guard::guard;
pub(crate) use insight::insight;
pub(crate) use plan::plan;
pub(crate) use recover::recover;
pub(crate) use sql::sql;
pub(crate) use visualize::visualize;
