//! The walk through a statement: every query with the scope it has, tables replaced, protected columns followed.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, TableAlias, Value, ValueWithSpan,
    Visit, Visitor, WildcardAdditionalOptions,
};

use super::lineage::{Column, Columns, Ctes, Relation, RelationKind, Scope, Tag};
use super::source::Source;
use crate::dialect::Dialect;
use crate::guard::error::GuardError;
use crate::guard::parts::{last, left_out};

/// Puts the rules of a policy into one statement.
pub(crate) struct Protect<'a> {
    pub(super) sources: &'a HashMap<String, Source>,
    pub(super) all_tables: &'a HashSet<String>,
    pub(super) dialect: Dialect,
    pub(super) namespace: &'a [String],
    /// All common table expressions of the statement, in lower case.
    pub(super) cte_names: HashSet<String>,
    pub(super) rules: Vec<String>,
    pub(super) tables: Vec<String>,
    /// Names that in the common table expression being walked mean it, or one that comes after it.
    pub(super) later: Vec<String>,
    pub(super) naming: Naming,
}

/// How tables that are read as they are are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// As they are written, unless a common table expression has the name.
    AsWritten,
    /// With their namespace, since what is written will stand within another statement.
    Qualified,
}

impl<'a> Protect<'a> {
    pub(crate) fn new(
        sources: &'a HashMap<String, Source>,
        all_tables: &'a HashSet<String>,
        dialect: Dialect,
        namespace: &'a [String],
    ) -> Self {
        let (cte_names, rules, tables, later) = (HashSet::new(), Vec::new(), Vec::new(), Vec::new());
        let naming = Naming::AsWritten;
        Self { sources, all_tables, dialect, namespace, cte_names, rules, tables, later, naming }
    }

    /// For the definition of a view.
    pub(super) fn within_others(mut self) -> Self {
        self.naming = Naming::Qualified;
        self
    }

    /// The rules that were put in, in words.
    pub(crate) fn into_rules(self) -> Vec<String> {
        self.rules
    }

    /// The tables that are read, in lower case.
    pub(super) fn tables(&self) -> &[String] {
        &self.tables
    }

    /// Rewrites a whole statement, whose answer people see.
    pub(crate) fn answer(&mut self, query: &mut Query) -> Result<(), GuardError> {
        let columns = self.statement(query)?;
        columns.list.iter().try_for_each(|column| column.tag.shown())
    }

    /// Rewrites a whole statement.
    pub(super) fn statement(&mut self, query: &mut Query) -> Result<Columns, GuardError> {
        let mut names = CteNames::default();
        let _: ControlFlow<()> = query.visit(&mut names);
        self.cte_names = names.0;
        // Without a namespace there is no way to say that a table is meant.
        if self.namespace.is_empty()
            && let Some(name) = self.cte_names.iter().find(|name| self.all_tables.contains(*name))
        {
            let construct = format!("a common table expression with the name of the table {name:?}");
            return Err(GuardError::not_allowed(construct));
        }
        self.query(query, None, &Ctes::new())
    }

    /// Rewrites a query and returns the columns it gives.
    pub(super) fn query(
        &mut self,
        query: &mut Query,
        around: Option<&Scope<'_>>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        self.named_query(query, None, around, ctes)
    }

    /// A query that may name itself.
    fn named_query(
        &mut self,
        query: &mut Query,
        itself: Option<&TableAlias>,
        around: Option<&Scope<'_>>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let mut ctes = ctes.clone();
        if let Some(with) = &mut query.with {
            let recursive = with.recursive;
            let names: Vec<String> =
                with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase()).collect();
            for (index, cte) in with.cte_tables.iter_mut().enumerate() {
                let outer = self.later.len();
                if recursive || self.dialect == Dialect::Sqlite {
                    self.later.extend_from_slice(&names[index..]);
                }
                let columns = self.cte(cte, recursive, around, &ctes)?;
                self.later.truncate(outer);
                ctes.push((cte.alias.name.value.clone(), columns));
            }
        }
        let (columns, scope) = match itself {
            Some(alias) => (self.recursive(&mut query.body, alias, around, &ctes)?, None),
            None => self.body(&mut query.body, around, &ctes)?,
        };
        let mut scope = scope.unwrap_or_else(|| Scope::within(around));
        scope.outputs.clone_from(&columns.list);
        if let Some(order) = &mut query.order_by {
            match &mut order.kind {
                OrderByKind::All(_) => columns.all_free()?,
                OrderByKind::Expressions(expressions) => {
                    for by in expressions.iter() {
                        ordinal(&by.expr, &columns)?;
                    }
                    if columns.open {
                        scope.relations.push(open_outputs());
                    }
                    self.uses(expressions, &scope, &ctes)?;
                }
            }
        }
        self.uses(&mut query.limit_clause, &scope, &ctes)?;
        Ok(columns)
    }

    fn cte(
        &mut self,
        cte: &mut Cte,
        recursive: bool,
        around: Option<&Scope<'_>>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let is_union = matches!(*cte.query.body, SetExpr::SetOperation { .. });
        // SQLite does not need the word RECURSIVE.
        let columns = if is_union && (recursive || self.dialect == Dialect::Sqlite) {
            self.named_query(&mut cte.query, Some(&cte.alias), around, ctes)?
        } else {
            self.query(&mut cte.query, around, ctes)?
        };
        columns.renamed(Some(&cte.alias))
    }

    /// The body of a recursive query: its first part says what its columns are, and the others must not protect more.
    fn recursive(
        &mut self,
        body: &mut SetExpr,
        alias: &TableAlias,
        around: Option<&Scope<'_>>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let SetExpr::SetOperation { left, right, op, set_quantifier } = body else {
            return self.body(body, around, ctes).map(|(columns, _)| columns);
        };
        let first = self.recursive(left, alias, around, ctes)?;
        let mut within = ctes.clone();
        within.push((alias.name.value.clone(), first.clone().renamed(Some(alias))?));
        let (next, _) = self.body(right, around, &within)?;
        let names: Vec<Tag> = first.list.iter().map(|column| column.tag.clone()).collect();
        let both = combined(first, &next, *op, *set_quantifier)?;
        let more = both.list.iter().zip(names.iter().chain(std::iter::repeat(&Tag::Clear)));
        match more.into_iter().find(|(column, first)| column.tag != **first) {
            Some((column, _)) => column.tag.free().map(|()| both.clone()),
            None => Ok(both),
        }
    }

    fn body<'s>(
        &mut self,
        body: &mut SetExpr,
        around: Option<&'s Scope<'s>>,
        ctes: &Ctes,
    ) -> Result<(Columns, Option<Scope<'s>>), GuardError> {
        match body {
            SetExpr::Select(select) => {
                self.select(select, around, ctes).map(|(columns, scope)| (columns, Some(scope)))
            }
            SetExpr::Query(query) => Ok((self.query(query, around, ctes)?, None)),
            SetExpr::SetOperation { left, right, op, set_quantifier } => {
                let (first, _) = self.body(left, around, ctes)?;
                let (second, _) = self.body(right, around, ctes)?;
                Ok((combined(first, &second, *op, *set_quantifier)?, None))
            }
            SetExpr::Values(values) => {
                self.uses(values, &Scope::within(around), ctes)?;
                Ok((Columns::unknown(), None))
            }
            // Refused by `shape` before.
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Err(GuardError::not_allowed("a statement that is not a query")),
        }
    }

    fn select<'s>(
        &mut self,
        select: &mut Select,
        around: Option<&'s Scope<'s>>,
        ctes: &Ctes,
    ) -> Result<(Columns, Scope<'s>), GuardError> {
        let mut scope = Scope::within(around);
        let mut star = Columns::default();
        for from in &mut select.from {
            let columns = self.from(from, &mut scope, ctes)?;
            star.open |= columns.open;
            star.list.extend(columns.list);
        }
        let mut columns = Columns::default();
        for item in &mut select.projection {
            let given = self.item(item, &star, &scope, ctes)?;
            columns.open |= given.open;
            columns.list.extend(given.list);
        }
        match &mut select.distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => columns.all_free()?,
            Some(Distinct::On(expressions)) => {
                expressions.iter().try_for_each(|expr| ordinal(expr, &columns))?;
                self.uses(expressions, &scope, ctes)?;
            }
        }
        // What a condition or a group may call a column by.
        scope.outputs = select
            .projection
            .iter()
            .filter_map(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } => {
                    Some(Column { name: alias.value.clone(), tag: columns.tag(&alias.value)? })
                }
                _ => None,
            })
            .collect();
        self.uses(&mut select.selection, &scope, ctes)?;
        match &mut select.group_by {
            GroupByExpr::All(_) => columns.all_free()?,
            GroupByExpr::Expressions(expressions, _) => {
                expressions.iter().try_for_each(|expr| ordinal(expr, &columns))?;
                self.uses(expressions, &scope, ctes)?;
            }
        }
        self.uses(&mut select.having, &scope, ctes)?;
        self.uses(&mut select.named_window, &scope, ctes)?;
        self.uses(&mut select.qualify, &scope, ctes)?;
        Ok((columns, scope))
    }

    /// The columns that one item of a `SELECT` gives.
    fn item(
        &mut self,
        item: &mut SelectItem,
        star: &Columns,
        scope: &Scope<'_>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let one = |name: String, tag| Columns { list: vec![Column { name, tag }], open: false };
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = match &*expr {
                    Expr::Identifier(name) => name.value.clone(),
                    Expr::CompoundIdentifier(parts) => {
                        parts.last().map(|name| name.value.clone()).unwrap_or_default()
                    }
                    Expr::Function(function) => function.name.to_string(),
                    other => other.to_string(),
                };
                Ok(one(name, self.value(expr, scope, ctes)?))
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                Ok(one(alias.value.clone(), self.value(expr, scope, ctes)?))
            }
            SelectItem::Wildcard(options) => {
                self.uses(&mut options.opt_replace, scope, ctes)?;
                Ok(without(star.clone(), options))
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                let Some(ident) = last(name).cloned() else {
                    return Err(GuardError::not_allowed(format!("the computed name {name}")));
                };
                // The query in a table's place has no namespace.
                name.0.drain(..name.0.len() - 1);
                self.uses(&mut options.opt_replace, scope, ctes)?;
                Ok(without(scope.columns_of(&ident)?.clone(), options))
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _)
            | SelectItem::ExprWithAliases { .. } => {
                Err(GuardError::not_allowed("a wildcard over an expression"))
            }
        }
    }
}

/// A relation that says of nothing that it is not there.
fn open_outputs() -> Relation {
    Relation { name: String::new(), columns: Columns::unknown(), kind: RelationKind::Derived }
}

/// Both sides of a set operation. All but `UNION ALL` compare their rows.
fn combined(
    first: Columns,
    second: &Columns,
    operator: SetOperator,
    quantifier: SetQuantifier,
) -> Result<Columns, GuardError> {
    match (operator, quantifier) {
        (_, SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName) => {
            Err(GuardError::not_allowed("a set operation by name"))
        }
        (SetOperator::Union, SetQuantifier::All) => first.beside(second),
        _ => {
            first.all_free()?;
            second.all_free()?;
            first.beside(second)
        }
    }
}

/// A wildcard without the columns it leaves out; those it replaces are free, as what replaces them was checked.
fn without(mut columns: Columns, options: &WildcardAdditionalOptions) -> Columns {
    let left_out = left_out(options);
    for replaced in options.opt_replace.iter().flat_map(|replace| &replace.items) {
        let is_it = |column: &&mut Column| column.name.eq_ignore_ascii_case(&replaced.column_name.value);
        columns.list.iter_mut().filter(is_it).for_each(|column| column.tag = Tag::Clear);
    }
    columns.list.retain(|column| !left_out.iter().any(|name| name.value.eq_ignore_ascii_case(&column.name)));
    columns
}

/// Checks a number that stands for a column of the answer, wherever in a grouping it does.
fn ordinal(expr: &Expr, columns: &Columns) -> Result<(), GuardError> {
    let all = |lists: &Vec<Vec<Expr>>| lists.iter().flatten().try_for_each(|expr| ordinal(expr, columns));
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => {
            let place = digits.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
            match place.and_then(|place| columns.list.get(place)) {
                Some(column) if !columns.open => column.tag.free(),
                Some(_) | None => columns.in_places(),
            }
        }
        Expr::Nested(inner) => ordinal(inner, columns),
        Expr::Tuple(list) => list.iter().try_for_each(|expr| ordinal(expr, columns)),
        Expr::GroupingSets(lists) | Expr::Cube(lists) | Expr::Rollup(lists) => all(lists),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct CteNames(HashSet<String>);

impl Visitor for CteNames {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(ctes.map(|cte| cte.alias.name.value.to_lowercase()));
        ControlFlow::Continue(())
    }
}
