//! A policy put into a statement.
//!
//! Two lines of defence. Every base table is replaced by a query over it that gives only the rows that are there and masks in
//! place of protected columns (`source`, made once for a user by `access`), so nothing else enters the statement, whatever
//! it does. And protected columns are followed through the statement (`lineage`, `walk`, `uses`), which is refused if it
//! does more with them than to show them.
//!
//! *Architecture invariant: what `walk` does not understand it refuses; a mistake in it refuses too much or too little of
//! what can only be masks.*

mod lineage;
mod names;
mod source;
mod access;
mod views;
mod walk;
mod from;
mod uses;

pub(crate) use access::Access;
#[cfg(feature = "sqlite")]
pub(crate) use source::SQLITE_HASH;
pub(crate) use walk::Protect;
