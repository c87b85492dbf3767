//! How large a query is once every common table expression stands where it is named.
//!
//! A database may put each of them in its place before it runs anything, without looking at a deadline: a chain in which
//! every one names the one before it twice doubles at each link, and thirty short lines would keep it busy for years.

use std::ops::ControlFlow;
use std::ptr;

use sqlparser::ast::{ObjectName, Query, Visit, Visitor};

use crate::guard::error::GuardError;

/// The most tables, counted again wherever they are named. SQLite needs some tens of milliseconds for so many.
const MAX_RELATIONS: u64 = 1_000;

/// Refuses a query that names too many tables when it is written out in full.
pub(crate) fn check(query: &Query) -> Result<(), GuardError> {
    match query.visit(&mut Unfolding::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(GuardError::too_large(format!(
            "more than {MAX_RELATIONS} tables, counting those of a WITH wherever it is named"
        ))),
    }
}

#[derive(Default)]
struct Unfolding {
    /// One level for every query around the node that is visited, the outermost first.
    levels: Vec<Level>,
}

/// A query whose end has not been reached.
#[derive(Default)]
struct Level {
    /// Its common table expressions, with the tables each stands for once its own end has been reached.
    ctes: Vec<Unfolded>,
    relations: u64,
}

struct Unfolded {
    name: String,
    /// Which node it is, to know it again.
    query: *const Query,
    relations: Option<u64>,
}

impl Visitor for Unfolding {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| Unfolded {
            name: cte.alias.name.value.to_ascii_lowercase(),
            query: ptr::from_ref(cte.query.as_ref()),
            relations: None,
        });
        self.levels.push(Level { ctes: ctes.collect(), relations: 0 });
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = match relation.0.as_slice() {
            [part] => part.as_ident().map(|ident| ident.value.to_ascii_lowercase()),
            _ => None,
        };
        let stands_for = self.levels.iter().rev().find_map(|level| {
            level
                .ctes
                .iter()
                .rev()
                .filter(|cte| Some(&cte.name) == name.as_ref())
                .find_map(|cte| cte.relations)
        });
        self.count(stands_for.unwrap_or(1))
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let Some(Level { relations, .. }) = self.levels.pop() else {
            return ControlFlow::Continue(());
        };
        let around = self.levels.last_mut();
        match around.and_then(|level| level.ctes.iter_mut().find(|cte| ptr::eq(cte.query, query))) {
            Some(cte) => {
                cte.relations = Some(relations.max(1));
                ControlFlow::Continue(())
            }
            None => self.count(relations),
        }
    }
}

impl Unfolding {
    fn count(&mut self, relations: u64) -> ControlFlow<()> {
        let Some(level) = self.levels.last_mut() else {
            return ControlFlow::Continue(());
        };
        level.relations = level.relations.saturating_add(relations);
        if level.relations > MAX_RELATIONS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
