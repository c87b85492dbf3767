//! `FROM`: tables are replaced here, and joins must not compare protected columns.

use sqlparser::ast::{Ident, JoinConstraint, ObjectName, TableAlias, TableFactor, TableWithJoins};

use super::lineage::{Column, Columns, Ctes, Relation, RelationKind, Scope};
use super::names;
use super::source;
use super::walk::{Naming, Protect};
use crate::dialect::Dialect;
use crate::guard::error::GuardError;
use crate::guard::functions;
use crate::guard::parts::{constraint_mut, written_last};
use crate::guard::words::{is_dual, is_namespace};
use crate::schema::TableKind;

impl Protect<'_> {
    /// Adds the relations of one item of `FROM` and returns the columns that `*` gives of them.
    pub(super) fn from(
        &mut self,
        from: &mut TableWithJoins,
        scope: &mut Scope<'_>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let mut star = self.factor(&mut from.relation, scope, ctes)?;
        for join in &mut from.joins {
            let right = self.factor(&mut join.relation, scope, ctes)?;
            let common = match constraint_mut(&mut join.join_operator) {
                Some(JoinConstraint::On(condition)) => {
                    self.uses(condition, scope, ctes)?;
                    Vec::new()
                }
                Some(JoinConstraint::Using(columns)) => {
                    let names =
                        columns.iter().map(|column| written_last(column).map(|name| name.value.clone()));
                    names.collect::<Result<Vec<String>, GuardError>>()?
                }
                Some(JoinConstraint::Natural) => natural(&star, &right)?,
                Some(JoinConstraint::None) | None => Vec::new(),
            };
            star = self.joined(star, right, &common)?;
        }
        Ok(star)
    }

    /// What `*` gives of two sides that share columns.
    fn joined(&self, left: Columns, right: Columns, common: &[String]) -> Result<Columns, GuardError> {
        for name in common {
            for side in [&left, &right] {
                side.tag(name).map_or(Ok(()), |tag| tag.free())?;
            }
        }
        let open = left.open || right.open;
        let is_common = |column: &Column| common.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
        let rest = right.list.into_iter().filter(|column| !is_common(column));
        let list = if self.dialect == Dialect::Sqlite || common.is_empty() {
            left.list.into_iter().chain(rest).collect()
        } else {
            // The others put what is shared first.
            let shared = common.iter().filter_map(|name| {
                left.list.iter().find(|column| column.name.eq_ignore_ascii_case(name)).cloned()
            });
            let shared: Vec<Column> = shared.collect();
            let left = left.list.into_iter().filter(|column| !is_common(column));
            shared.into_iter().chain(left).chain(rest).collect()
        };
        Ok(Columns { list, open })
    }

    fn factor(
        &mut self,
        factor: &mut TableFactor,
        scope: &mut Scope<'_>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let relation = match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => {
                return self.from(table_with_joins, scope, ctes);
            }
            TableFactor::Table { args: None, .. } => self.table(factor, ctes)?,
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                self.uses(&mut args.args, scope, ctes)?;
                made(Some(name), alias.as_ref())?
            }
            TableFactor::Function { name, args, alias, .. } => {
                self.uses(args, scope, ctes)?;
                made(Some(name), alias.as_ref())?
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => {
                self.uses(array_exprs, scope, ctes)?;
                made(None, alias.as_ref())?
            }
            TableFactor::TableFunction { expr, alias } => {
                self.uses(expr, scope, ctes)?;
                made(None, alias.as_ref())?
            }
            TableFactor::Pivot { table, aggregate_functions, value_column, alias, .. } => {
                let mut within = Scope::within(scope.around);
                // It groups by every column that it does not name.
                self.factor(table, &mut within, ctes)?.all_free()?;
                self.uses(aggregate_functions, &within, ctes)?;
                self.uses(value_column, &within, ctes)?;
                made(None, alias.as_ref())?
            }
            TableFactor::Unpivot { table, columns, alias, .. } => {
                let mut within = Scope::within(scope.around);
                self.factor(table, &mut within, ctes)?.all_free()?;
                self.uses(columns, &within, ctes)?;
                made(None, alias.as_ref())?
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                let columns = if *lateral {
                    self.query(subquery, Some(scope), ctes)?
                } else {
                    self.query(subquery, scope.around, ctes)?
                };
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                Relation { name, columns: columns.renamed(alias.as_ref())?, kind: RelationKind::Derived }
            }
            // Refused by `shape` before.
            _ => return Err(GuardError::not_allowed("a table expression of this kind")),
        };
        let columns = relation.columns.clone();
        scope.add(relation)?;
        Ok(columns)
    }

    /// A common table expression in reach, or a table, which gets its query in place.
    fn table(&mut self, factor: &mut TableFactor, ctes: &Ctes) -> Result<Relation, GuardError> {
        let TableFactor::Table { name, alias, .. } = &mut *factor else {
            return Err(GuardError::not_allowed("a table expression of this kind"));
        };
        let unknown = || GuardError::UnknownTable { table: name.to_string(), nearest: None };
        let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        let parts = parts.ok_or_else(unknown)?;
        let (ident, qualifiers) = parts.split_last().ok_or_else(unknown)?;
        let called = alias.as_ref().map_or(&ident.value, |alias| &alias.name.value).clone();
        let of_cte = ctes.iter().rev().find(|(cte, _)| cte.eq_ignore_ascii_case(&ident.value));
        if let (true, Some((_, columns))) = (qualifiers.is_empty(), of_cte) {
            let columns = columns.clone().renamed(alias.as_ref())?;
            return Ok(Relation { name: called, columns, kind: RelationKind::Derived });
        }
        if qualifiers.is_empty() && self.later.contains(&ident.value.to_lowercase()) {
            return Err(GuardError::not_allowed(format!(
                "the name {:?} before the common table expression it means",
                ident.value
            )));
        }
        let is_there = self.sources.contains_key(&ident.value.to_lowercase());
        if qualifiers.is_empty() && is_dual(ident, self.dialect) && !is_there {
            return Ok(Relation { name: called, columns: Columns::default(), kind: RelationKind::Derived });
        }
        let source = self.sources.get(&ident.value.to_lowercase()).ok_or_else(unknown)?;
        // With quotes these two tell capitals from small letters, and another table may be meant.
        let is_exact = !matches!(self.dialect, Dialect::Postgres | Dialect::Snowflake)
            || ident.quote_style.is_none()
            || ident.value == source.table;
        if !is_namespace(qualifiers, self.namespace) || !is_exact {
            return Err(unknown());
        }
        self.rules.extend(
            source.rules.iter().filter(|rule| !self.rules.contains(rule)).cloned().collect::<Vec<_>>(),
        );
        self.tables.push(source.table.to_lowercase());
        let columns = source.columns.clone().renamed(alias.as_ref())?;
        let Some(query) = &source.query else {
            if self.naming == Naming::Qualified || self.cte_names.contains(&source.table.to_lowercase()) {
                let (ident, table) =
                    ((*ident).clone(), names::table(&source.table, self.namespace, self.dialect));
                alias.get_or_insert_with(|| source::alias(ident));
                *name = table;
            }
            return Ok(Relation { name: called, columns, kind: RelationKind::Table });
        };
        let alias = alias.take().unwrap_or_else(|| source::alias((*ident).clone()));
        let subquery = Box::new(query.clone());
        *factor = TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None };
        // Behind a view one row can stand many times.
        let kind = match source.kind {
            TableKind::Table => RelationKind::Restricted,
            TableKind::View => RelationKind::Derived,
        };
        Ok(Relation { name: called, columns, kind })
    }
}

/// What a function or a pivot gives.
fn made(name: Option<&ObjectName>, alias: Option<&TableAlias>) -> Result<Relation, GuardError> {
    let own = name.map(written_last).transpose()?.map(|name| name.value.clone()).unwrap_or_default();
    let called = alias.map_or(own.clone(), |alias| alias.name.value.clone());
    let mut columns = Columns::unknown();
    if let Some(known) = functions::table_function_columns(&own) {
        columns.list =
            known.into_iter().map(|name| Column { name, tag: super::lineage::Tag::Clear }).collect();
    }
    Ok(Relation { name: called, columns: columns.renamed(alias)?, kind: RelationKind::Derived })
}

/// The columns that `NATURAL` compares.
fn natural(left: &Columns, right: &Columns) -> Result<Vec<String>, GuardError> {
    if left.open || right.open {
        return Err(GuardError::not_allowed("a NATURAL join with columns that are not known"));
    }
    let names = left.list.iter().map(|column| column.name.clone());
    Ok(names.filter(|name| right.tag(name).is_some()).collect())
}
