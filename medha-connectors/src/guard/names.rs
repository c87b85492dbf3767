//! Every table and column must exist where it is named, with the scopes of SQL.
//!
//! Queries and their `FROM` are walked by hand, because each has a scope of its own; expressions are visited, and a query
//! found in one starts a new walk.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Cte, Expr, GroupByExpr, Ident, JoinConstraint, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor, TableWithJoins, Visit, Visitor,
};

use super::check::ColumnRead;
use super::error::GuardError;
use super::functions;
use super::parts::{constraint, last, left_out, written_last};
use super::scope::{Base, BaseColumn, Columns, Ctes, Relation, Scope, nearest, shared};
use super::words::{is_dual, is_namespace, is_time_unit};
use crate::dialect::Dialect;
use crate::schema::{Schema, Table};

/// No database has rows as wide as that; `*` over a few wide tables would be.
const MAX_COLUMNS: usize = 4_096;

/// What of the schema a query reads.
#[derive(Debug)]
pub(crate) struct Reads {
    pub(crate) tables: Vec<String>,
    pub(crate) columns: Vec<ColumnRead>,
}

/// Checks all names and returns the tables and columns that are read.
pub(crate) fn check(
    query: &Query,
    dialect: Dialect,
    schema: &Schema,
    namespace: &[String],
) -> Result<Reads, GuardError> {
    let mut names = Names::new(dialect, schema, namespace);
    names.query(query, None, &Ctes::new())?;
    Ok(names.into_reads())
}

/// Checks the names of a condition over one table; queries in it see the whole schema.
pub(crate) fn check_condition(
    condition: &Expr,
    table: &Table,
    dialect: Dialect,
    schema: &Schema,
) -> Result<(), GuardError> {
    let mut names = Names::new(dialect, schema, &[]);
    let columns = table.columns.iter().map(|column| column.name.clone()).collect();
    let mut scope = Scope::within(None);
    scope.relations.push(Relation {
        name: table.name.clone(),
        table: names.place(&table.name).map(|(place, table)| Base { place, name: table.name.clone() }),
        columns: Some(columns),
    });
    names.expressions(condition, &scope, &Ctes::new())
}

struct Names<'a> {
    dialect: Dialect,
    schema: &'a Schema,
    namespace: &'a [String],
    /// Places in the schema, in the order they are met.
    tables: Vec<usize>,
    columns: Vec<BaseColumn>,
    /// The same, to know one that was met before.
    met: HashSet<BaseColumn>,
}

impl<'a> Names<'a> {
    fn new(dialect: Dialect, schema: &'a Schema, namespace: &'a [String]) -> Self {
        Self { dialect, schema, namespace, tables: Vec::new(), columns: Vec::new(), met: HashSet::new() }
    }

    fn into_reads(self) -> Reads {
        let table = |place: usize| self.schema.tables.get(place);
        let names = self.tables.iter().filter_map(|place| Some(table(*place)?.name.clone()));
        let columns = self.columns.iter().filter_map(|(of, place)| {
            let table = table(*of)?;
            Some(ColumnRead { table: table.name.clone(), column: table.columns.get(*place)?.name.clone() })
        });
        Reads { tables: names.collect(), columns: columns.collect() }
    }

    /// Finds a table, and where it stands.
    fn place(&self, name: &str) -> Option<(usize, &'a Table)> {
        self.schema.tables.iter().enumerate().find(|(_, table)| table.name.eq_ignore_ascii_case(name))
    }

    fn reads(&mut self, columns: impl IntoIterator<Item = BaseColumn>) {
        for column in columns {
            if self.met.insert(column) {
                self.columns.push(column);
            }
        }
    }

    /// What `*` reads of these relations.
    fn reads_all<'r>(&mut self, relations: impl IntoIterator<Item = &'r Relation>, but: &[&Ident]) {
        for relation in relations {
            let columns = relation.columns.iter().flatten();
            let read = columns.filter(|name| !but.iter().any(|but| but.value.eq_ignore_ascii_case(name)));
            self.reads(read.filter_map(|name| relation.base_column(name)));
        }
    }

    /// Checks a query and returns the columns it gives.
    fn query(
        &mut self,
        query: &Query,
        around: Option<&Scope<'_>>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let mut ctes = ctes.clone();
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let columns = self.cte(cte, with.recursive, around, &ctes)?;
                ctes.push((cte.alias.name.value.clone(), columns));
            }
        }
        let (columns, scope) = self.body(&query.body, around, &ctes)?;
        // What is sorted by may be a column of the result or of the tables behind it.
        let mut scope = scope.unwrap_or_else(|| Scope::within(around));
        scope.outputs.extend(columns.iter().flatten().cloned());
        if columns.is_none() {
            scope.relations.push(Relation { name: String::new(), table: None, columns: None });
        }
        self.expressions(&query.order_by, &scope, &ctes)?;
        self.expressions(&query.limit_clause, &scope, &ctes)?;
        Ok(columns)
    }

    /// A common table expression sees those before it, and itself if it is recursive. Within itself its columns are known only
    /// from its head: finding them out first would look at nested recursions twice at every level.
    fn cte(
        &mut self,
        cte: &Cte,
        recursive: bool,
        around: Option<&Scope<'_>>,
        ctes: &Ctes,
    ) -> Result<Columns, GuardError> {
        let mut ctes = ctes.clone();
        let names: Vec<String> = cte.alias.columns.iter().map(|column| column.name.value.clone()).collect();
        // SQLite does not need the word RECURSIVE.
        if recursive
            || (self.dialect == Dialect::Sqlite && matches!(*cte.query.body, SetExpr::SetOperation { .. }))
        {
            let columns = (!names.is_empty()).then(|| names.clone());
            ctes.push((cte.alias.name.value.clone(), columns));
        }
        let columns = self.query(&cte.query, around, &ctes)?;
        Ok(if names.is_empty() { columns } else { Some(names) })
    }

    fn body<'s>(
        &mut self,
        body: &SetExpr,
        around: Option<&'s Scope<'s>>,
        ctes: &Ctes,
    ) -> Result<(Columns, Option<Scope<'s>>), GuardError> {
        match body {
            SetExpr::Select(select) => {
                self.select(select, around, ctes).map(|(columns, scope)| (columns, Some(scope)))
            }
            SetExpr::Query(query) => Ok((self.query(query, around, ctes)?, None)),
            SetExpr::SetOperation { left, right, .. } => {
                let (columns, _) = self.body(left, around, ctes)?;
                self.body(right, around, ctes)?;
                Ok((columns, None))
            }
            SetExpr::Values(values) => {
                self.expressions(values, &Scope::within(around), ctes)?;
                Ok((None, None))
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
        select: &Select,
        around: Option<&'s Scope<'s>>,
        ctes: &Ctes,
    ) -> Result<(Columns, Scope<'s>), GuardError> {
        let mut scope = Scope::within(around);
        for from in &select.from {
            self.from(from, &mut scope, ctes)?;
        }
        for item in &select.projection {
            match item {
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    self.reads_all([scope.relation(written_last(name)?)?], &left_out(options));
                    self.expressions(options, &scope, ctes)?;
                }
                SelectItem::Wildcard(options) => {
                    self.reads_all(&scope.relations, &left_out(options));
                    self.expressions(options, &scope, ctes)?;
                }
                // An expression of the list does not see the names that the list gives.
                _ => self.expressions(item, &scope, ctes)?,
            }
        }
        let columns = outputs(select, &scope)?;
        scope.outputs = select
            .projection
            .iter()
            .filter_map(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
                _ => None,
            })
            .collect();
        self.expressions(&select.distinct, &scope, ctes)?;
        self.expressions(&select.selection, &scope, ctes)?;
        if let GroupByExpr::Expressions(expressions, _) = &select.group_by {
            self.expressions(expressions, &scope, ctes)?;
        }
        self.expressions(&select.having, &scope, ctes)?;
        self.expressions(&select.named_window, &scope, ctes)?;
        self.expressions(&select.qualify, &scope, ctes)?;
        Ok((columns, scope))
    }

    fn from(&mut self, from: &TableWithJoins, scope: &mut Scope<'_>, ctes: &Ctes) -> Result<(), GuardError> {
        self.factor(&from.relation, scope, ctes)?;
        for join in &from.joins {
            let first = scope.relations.len();
            self.factor(&join.relation, scope, ctes)?;
            match constraint(&join.join_operator) {
                Some(JoinConstraint::On(condition)) => self.expressions(condition, scope, ctes)?,
                Some(JoinConstraint::Using(columns)) => {
                    for column in columns {
                        let column = written_last(column)?;
                        scope.column(column)?;
                        self.reads(scope.base_columns(&column.value));
                    }
                }
                Some(JoinConstraint::Natural) => {
                    let (left, right) = scope.relations.split_at(first);
                    self.reads(shared(left, right));
                    self.reads(shared(right, left));
                }
                Some(JoinConstraint::None) | None => {}
            }
        }
        Ok(())
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'_>, ctes: &Ctes) -> Result<(), GuardError> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let relation = self.table(name, alias.as_ref(), ctes)?;
                scope.relations.push(relation);
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                self.expressions(args, scope, ctes)?;
                scope.relations.push(table_function(written_last(name)?, alias.as_ref()));
            }
            TableFactor::Function { name, args, alias, .. } => {
                self.expressions(args, scope, ctes)?;
                scope.relations.push(table_function(written_last(name)?, alias.as_ref()));
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => {
                self.expressions(array_exprs, scope, ctes)?;
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                scope.relations.push(Relation { name, table: None, columns: None });
            }
            TableFactor::TableFunction { expr, alias } => {
                self.expressions(expr, scope, ctes)?;
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                scope.relations.push(Relation { name, table: None, columns: renamed(None, alias.as_ref()) });
            }
            TableFactor::Pivot { table, aggregate_functions, value_column, alias, .. } => {
                let mut within = Scope::within(scope.around);
                self.factor(table, &mut within, ctes)?;
                self.reads_all(&within.relations, &[]);
                self.expressions(aggregate_functions, &within, ctes)?;
                self.expressions(value_column, &within, ctes)?;
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                scope.relations.push(Relation { name, table: None, columns: None });
            }
            TableFactor::Unpivot { table, columns, alias, .. } => {
                let mut within = Scope::within(scope.around);
                self.factor(table, &mut within, ctes)?;
                self.reads_all(&within.relations, &[]);
                self.expressions(columns, &within, ctes)?;
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                scope.relations.push(Relation { name, table: None, columns: None });
            }
            TableFactor::Derived { lateral, subquery, alias, .. } => {
                let columns = if *lateral {
                    self.query(subquery, Some(scope), ctes)?
                } else {
                    self.query(subquery, scope.around, ctes)?
                };
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                scope.relations.push(Relation {
                    name,
                    table: None,
                    columns: renamed(columns, alias.as_ref()),
                });
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(table_with_joins, scope, ctes)?,
            // Refused by `shape` before.
            _ => return Err(GuardError::not_allowed("a table expression of this kind")),
        }
        Ok(())
    }

    /// A common table expression in reach, or a table of the schema.
    fn table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        ctes: &Ctes,
    ) -> Result<Relation, GuardError> {
        let unknown = |names: &mut dyn Iterator<Item = &String>, written: &str| GuardError::UnknownTable {
            table: written.to_owned(),
            nearest: nearest(written, names),
        };
        let parts: Option<Vec<&Ident>> = name.0.iter().map(ObjectNamePart::as_ident).collect();
        let Some((ident, qualifiers)) = parts.as_ref().and_then(|parts| parts.split_last()) else {
            return Err(unknown(&mut std::iter::empty(), &name.to_string()));
        };
        let called = alias.map_or(&ident.value, |alias| &alias.name.value).clone();
        if qualifiers.is_empty()
            && let Some((_, columns)) =
                ctes.iter().rev().find(|(cte, _)| cte.eq_ignore_ascii_case(&ident.value))
        {
            return Ok(Relation { name: called, table: None, columns: renamed(columns.clone(), alias) });
        }
        if !is_namespace(qualifiers, self.namespace) {
            return Err(unknown(&mut std::iter::empty(), &name.to_string()));
        }
        if qualifiers.is_empty() && is_dual(ident, self.dialect) && self.schema.table(&ident.value).is_none()
        {
            return Ok(Relation { name: called, table: None, columns: Some(Vec::new()) });
        }
        let Some((place, table)) = self.place(&ident.value) else {
            let mut known =
                self.schema.tables.iter().map(|table| &table.name).chain(ctes.iter().map(|(cte, _)| cte));
            return Err(unknown(&mut known, &ident.value));
        };
        if !self.tables.contains(&place) {
            self.tables.push(place);
        }
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let base = Base { place, name: table.name.clone() };
        Ok(Relation { name: called, table: Some(base), columns: renamed(Some(columns), alias) })
    }

    /// Checks the names in expressions; a query in one of them is checked with this scope around it.
    fn expressions<V: Visit>(&mut self, node: &V, scope: &Scope<'_>, ctes: &Ctes) -> Result<(), GuardError> {
        match node.visit(&mut Expressions { names: self, scope, ctes, depth: 0 }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(*error),
        }
    }
}

struct Expressions<'w, 'a, 's> {
    names: &'w mut Names<'a>,
    scope: &'w Scope<'s>,
    ctes: &'w Ctes,
    /// How many queries around the node that is visited; their names are checked by their own walk.
    depth: usize,
}

fn verdict<T>(outcome: Result<T, GuardError>) -> ControlFlow<Box<GuardError>> {
    match outcome {
        Ok(_) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(Box::new(error)),
    }
}

impl Visitor for Expressions<'_, '_, '_> {
    type Break = Box<GuardError>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if self.depth == 0 {
            verdict(self.names.query(query, Some(self.scope), self.ctes))?;
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match expr {
            // The first argument of MySQL's TIMESTAMPDIFF and TIMESTAMPADD is a word that looks like a column.
            Expr::Identifier(word) if is_time_unit(word, self.names.dialect) => ControlFlow::Continue(()),
            // In SQLite a full-text table is searched by a column of its own name, and sorted by one called "rank".
            Expr::Identifier(word)
                if self.names.dialect == Dialect::Sqlite && self.scope.may_be_hidden(word) =>
            {
                ControlFlow::Continue(())
            }
            Expr::Identifier(column) => {
                verdict(self.scope.column(column))?;
                self.names.reads(self.scope.base_columns(&column.value));
                ControlFlow::Continue(())
            }
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [qualifiers @ .., relation, column]
                    if is_namespace(&qualifiers.iter().collect::<Vec<_>>(), self.names.namespace) =>
                {
                    verdict(self.scope.qualified(relation, column))?;
                    let relation = self.scope.relation(relation).ok();
                    self.names.reads(relation.and_then(|relation| relation.base_column(&column.value)));
                    ControlFlow::Continue(())
                }
                _ => verdict::<()>(Err(GuardError::not_allowed(format!("the name {expr}")))),
            },
            _ => ControlFlow::Continue(()),
        }
    }
}

fn table_function(name: &Ident, alias: Option<&TableAlias>) -> Relation {
    let called = alias.map_or(&name.value, |alias| &alias.name.value).clone();
    let columns = functions::table_function_columns(&name.value);
    Relation { name: called, table: None, columns: renamed(columns, alias) }
}

/// The columns under the names an alias gives them.
fn renamed(columns: Columns, alias: Option<&TableAlias>) -> Columns {
    let new: Vec<String> =
        alias.iter().flat_map(|alias| &alias.columns).map(|column| column.name.value.clone()).collect();
    match columns {
        _ if new.is_empty() => columns,
        None => Some(new),
        Some(old) => {
            let kept = old.into_iter().skip(new.len());
            Some(new.into_iter().chain(kept).collect())
        }
    }
}

/// The columns a `SELECT` gives.
fn outputs(select: &Select, scope: &Scope<'_>) -> Result<Columns, GuardError> {
    let columns = named(select, scope);
    match columns.as_ref().map_or(0, Vec::len) {
        0..=MAX_COLUMNS => Ok(columns),
        count => Err(GuardError::too_large(format!("{count} columns, and {MAX_COLUMNS} are allowed"))),
    }
}

fn named(select: &Select, scope: &Scope<'_>) -> Columns {
    let mut columns = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => columns.push(alias.value.clone()),
            SelectItem::UnnamedExpr(Expr::Identifier(column)) => columns.push(column.value.clone()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                columns.extend(parts.last().map(|column| column.value.clone()));
            }
            // SQLite calls an expression by its text; PostgreSQL and MySQL have their own ways.
            SelectItem::UnnamedExpr(Expr::Function(function)) => {
                columns.push(function.to_string());
                columns.push(function.name.to_string());
            }
            SelectItem::UnnamedExpr(expr) => columns.push(expr.to_string()),
            SelectItem::Wildcard(_) => {
                for relation in &scope.relations {
                    columns.extend(relation.columns.clone()?);
                }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let relation = last(name).and_then(|name| scope.relation(name).ok());
                columns.extend(relation?.columns.clone()?);
            }
            _ => return None,
        }
    }
    Some(columns)
}
