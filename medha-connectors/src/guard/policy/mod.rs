//! Policies: who may read which rows and columns.
//!
//! In reading order: what a policy says (`rules`), for whom (`user`), what can be wrong with it (`error`), the conditions in
//! it (`filter`), how it is checked against a schema (`validate`), and what it means for one column (`why`).

mod rules;
mod user;
mod error;
mod filter;
mod validate;
mod why;

pub use error::{PolicyError, PolicyProblem};
pub(crate) use filter::RowFilter;
pub use rules::{Action, ColumnRule, OtherTables, Parents, Policy, RowRule, Salt, TableRules};
pub use user::{Attribute, User};
pub use why::{Reading, Why};
