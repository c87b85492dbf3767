//! A compiled graph as a node of another. `node` is how it is written, `visit` what happens when it is run.

pub(crate) mod node;
pub(crate) mod mapped;
pub(crate) mod host;
pub(crate) mod visit;
pub(crate) mod place;
pub(crate) mod ancestry;
pub(crate) mod event;
pub(crate) mod inspect;
