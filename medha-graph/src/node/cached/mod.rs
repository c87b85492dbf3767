//! Nodes and calls whose results are kept: the policy, the key, the node around the node, and the same for calls.

pub(crate) mod policy;
pub(crate) mod digest;
pub(crate) mod flight;
pub(crate) mod call;
pub(crate) mod result;
