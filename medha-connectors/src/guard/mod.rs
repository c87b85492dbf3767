//! Every statement passes here before it reaches a database.
//!
//! In this order: the text is normalised and parsed to exactly one statement (`parse`, `identifiers`, `literals`), every node
//! of the tree must be of a kind that only reads (`shape`), every function must be on the dialect's list (`functions`), sizes
//! are bounded (`cost`), every table and column must exist where it is named, for the user who asks (`names`, `scope`), the
//! rules of a policy (`policy`) are put in (`protect`), a limit is put on (`limit`), and the tree is written out again: that
//! text, never the one that was asked, is what runs (`check`).
//!
//! *Architecture invariant: what the guard does not understand it refuses. No check looks at the text.*

mod check;
mod error;
pub(crate) mod policy;
mod grammar;
mod identifiers;
mod literals;
mod parse;
mod parts;
mod shape;
mod types;
mod functions;
mod words;
mod names;
mod scope;
mod cost;
mod protect;
mod limit;

pub use check::{ColumnRead, Guard, GuardedSql};
pub use error::GuardError;
#[cfg(feature = "mcp")]
pub(crate) use parse::one_query;
pub use policy::{
    Action, Attribute, ColumnRule, OtherTables, Parents, Policy, PolicyError, PolicyProblem, Reading,
    RowRule, Salt, TableRules, User, Why,
};
#[cfg(feature = "sqlite")]
pub(crate) use protect::SQLITE_HASH;
