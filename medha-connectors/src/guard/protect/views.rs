//! Views: their definition stands in their place, so that the rules of the tables behind them hold.

use std::collections::{BTreeMap, HashMap};

use sqlparser::ast::Query;

use super::access::{Access, Maker, Reach};
use super::source::{Origin, Source};
use super::walk::Protect;
use crate::guard::error::GuardError;
use crate::guard::policy::{PolicyError, PolicyProblem};
use crate::guard::{names, parse, shape};
use crate::schema::{Table, TableKind};

/// Adds the views that are there.
///
/// A view that the policy names may read tables that are not there themselves, as a view in a database may; their row and
/// column rules hold all the same. A view that the policy does not name may not.
pub(super) fn add(
    maker: &Maker<'_>,
    access: &mut Access,
    definitions: &BTreeMap<String, String>,
    problems: &mut Vec<PolicyProblem>,
) {
    let views: Vec<&Table> = maker
        .schema
        .tables
        .iter()
        .filter(|table| table.kind == TableKind::View && maker.is_there(table))
        .collect();
    if views.is_empty() {
        return;
    }
    let mut behind = match whole_tables(maker) {
        Ok(behind) => behind,
        Err(error) => return problems.extend(error.problems),
    };
    let mut pending: Vec<(&Table, Query)> = Vec::new();
    for view in views {
        let named = maker.policy.rules(&view.name).is_some();
        let defined = definitions.iter().find(|(name, _)| name.eq_ignore_ascii_case(&view.name));
        match defined.map(|(_, definition)| read(definition, maker)) {
            Some(Ok(query)) => pending.push((view, query)),
            Some(Err(error)) if named => problems.push(problem(view, error.to_string())),
            None if named => problems.push(problem(
                view,
                "its definition is not known; give it with Guard::with_view, or leave the view out"
                    .to_owned(),
            )),
            // It is not there, as a table that is not listed.
            Some(Err(error)) => left_out(view, &error.to_string()),
            None => {}
        }
    }
    // A view over a view comes after it.
    while !pending.is_empty() {
        let ready = pending.iter().position(|(_, query)| {
            let all: Vec<String> = tables_of(query);
            all.iter().all(|name| behind.contains_key(name) || !pending_has(&pending, name))
        });
        let Some(index) = ready else {
            let named = pending.iter().filter(|(view, _)| maker.policy.rules(&view.name).is_some());
            problems.extend(named.map(|(view, _)| problem(view, "it reads itself".to_owned())));
            return;
        };
        let (view, query) = pending.remove(index);
        match expanded(maker, view, query, &behind) {
            Ok((source, tables)) => {
                let named = maker.policy.rules(&view.name).is_some();
                if named || tables.iter().all(|table| access.sources.contains_key(table)) {
                    match listed(maker, view, &source) {
                        Ok(listed) => drop(access.sources.insert(view.name.to_lowercase(), listed)),
                        Err(error) => problems.extend(error.problems),
                    }
                }
                behind.insert(view.name.to_lowercase(), source);
            }
            Err(reason) if maker.policy.rules(&view.name).is_some() => problems.push(problem(view, reason)),
            Err(reason) => left_out(view, &reason),
        }
    }
}

fn pending_has(pending: &[(&Table, Query)], name: &str) -> bool {
    pending.iter().any(|(view, _)| view.name.eq_ignore_ascii_case(name))
}

/// A view that the policy does not name and that cannot be followed is not there.
fn left_out(view: &Table, reason: &str) {
    tracing::debug!(view = view.name, reason, "the policy leaves a view out that cannot be read under it");
}

fn problem(view: &Table, reason: String) -> PolicyProblem {
    PolicyProblem::View { view: view.name.clone(), reason }
}

fn read(definition: &str, maker: &Maker<'_>) -> Result<Query, GuardError> {
    let query = parse::one_view(definition, maker.dialect)?;
    shape::check(&query, maker.dialect)?;
    names::check(&query, maker.dialect, maker.schema, maker.namespace)?;
    Ok(query)
}

/// Every table with all its columns, as a view may read it.
fn whole_tables(maker: &Maker<'_>) -> Result<HashMap<String, Source>, PolicyError> {
    let tables = maker.schema.tables.iter().filter(|table| table.kind == TableKind::Table);
    tables.map(|table| Ok((table.name.to_lowercase(), maker.source(table, Reach::Whole)?))).collect()
}

/// The tables and views a definition names, in lower case; common table expressions may be among them.
fn tables_of(query: &Query) -> Vec<String> {
    let mut names = Vec::new();
    let _: std::ops::ControlFlow<()> = sqlparser::ast::visit_relations(query, |name| {
        names.extend(name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.to_lowercase()));
        std::ops::ControlFlow::Continue(())
    });
    names
}

/// A view with all its columns, and the tables it reads.
fn expanded(
    maker: &Maker<'_>,
    view: &Table,
    mut query: Query,
    behind: &HashMap<String, Source>,
) -> Result<(Source, Vec<String>), String> {
    let all_tables = behind.keys().cloned().collect();
    let mut protect = Protect::new(behind, &all_tables, maker.dialect, maker.namespace).within_others();
    let columns = protect.statement(&mut query).map_err(|error| error.to_string())?;
    let same = columns.list.len() == view.columns.len()
        && columns
            .list
            .iter()
            .zip(&view.columns)
            .all(|(found, known)| found.name.eq_ignore_ascii_case(&known.name));
    if columns.open || !same {
        return Err("its definition does not give the columns it has; name them in its SELECT".to_owned());
    }
    let tables = protect.tables().to_vec();
    let mut rules = protect.into_rules();
    let origin = Origin::View { name: view.name.clone(), query: Box::new(query) };
    let condition = maker.condition(view, &mut Vec::new()).map_err(|error| error.to_string())?;
    let mut source = maker
        .source_of(view, Reach::Whole, origin, condition, &columns)
        .map_err(|error| error.to_string())?;
    rules.append(&mut source.rules);
    source.rules = rules;
    Ok((source, tables))
}

/// A view with the columns that the policy lists.
fn listed(maker: &Maker<'_>, view: &Table, whole: &Source) -> Result<Source, PolicyError> {
    let rules = maker.policy.rules(&view.name);
    let mut source = whole.clone();
    source.columns.list.retain(|column| rules.is_none_or(|rules| rules.has_column(&column.name)));
    if let Some(sqlparser::ast::SetExpr::Select(select)) = source.query.as_mut().map(|query| &mut *query.body)
    {
        let kept = &source.columns.list;
        select.projection.retain(|item| match item {
            sqlparser::ast::SelectItem::ExprWithAlias { alias, .. } => {
                kept.iter().any(|column| column.name == alias.value)
            }
            sqlparser::ast::SelectItem::UnnamedExpr(sqlparser::ast::Expr::Identifier(name)) => {
                kept.iter().any(|column| column.name == name.value)
            }
            _ => false,
        });
    }
    Ok(source)
}
