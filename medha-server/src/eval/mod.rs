//! `medha eval`: the questions of a pack answered in parallel, or the statements of a corpus decided by the guard, in the
//! form their scorers read.

mod pack;
mod prediction;
mod run;
mod guard;

pub(crate) use guard::{ContextError, eval_guard};
pub(crate) use pack::PackError;
pub(crate) use run::eval;
