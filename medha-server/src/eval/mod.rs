//! `medha eval`: the questions of a pack answered in parallel, in the form its scorer reads.

mod pack;
mod prediction;
mod run;

pub(crate) use pack::PackError;
pub(crate) use run::eval;
