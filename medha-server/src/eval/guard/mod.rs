//! `medha eval guard`: the guard's decision on every statement of a corpus, in the form its scorer reads.

mod context;
mod run;

pub(crate) use context::ContextError;
pub(crate) use run::eval_guard;
