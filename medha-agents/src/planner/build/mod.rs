//! From a sketch to a plan: every name is tied to one place of the model.

mod kind;
mod builder;
mod subject;
mod resolve;
mod value;
mod filter;
mod compare;
mod window;
mod measure;
mod group;
mod column;
mod rank;
mod check;
mod beside;
mod ways;
mod assemble;
mod special;
mod title;

pub(crate) use builder::{Builder, Failure};
pub(crate) use group::grain_name;
pub(crate) use kind::is_boolean;
pub(crate) use subject::names_thing;
pub(crate) use title::{intent, title};
