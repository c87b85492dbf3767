//! From a sketch to a plan: every name is tied to one place of the model.

mod kind;

pub(crate) use kind::is_boolean;
