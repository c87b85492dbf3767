//! Nodes whose results are kept: the policy, the key, and the node around the node.

pub(crate) mod policy;
pub(crate) mod digest;
pub(crate) mod flight;
pub(crate) mod call;
