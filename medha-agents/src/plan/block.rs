//! Aggregates over the rows of one dataset, never counting a row twice.
//!
//! If the groups lie on the many side of the rows, a row stands once for each group it belongs to. Counts then
//! count keys; averages and the like are taken over distinct rows (a subquery removes the copies). A sum is
//! refused unless the datasets between only say what belongs together: the amount of an order is not the amount
//! of each of its lines.

use medha_connectors::Dialect;
use sqlparser::ast;

use super::analysis::{AggregateFunction, Expr, FieldRef, Filter, TimeRange};
use super::context::Context;
use super::error::CompileError;
use super::filter::guard;
use super::leaf::{Call, Leaf};
use super::path::{Step, is_pure_link};
use super::scope::Scope;
use super::select::{Select, nested};
use super::term::Term;
use crate::semantic::expression::Reference;

/// Which rows are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'p> {
    /// What the plan is about.
    pub(super) subject: &'p str,
    pub(super) filters: &'p [Filter],
    pub(super) time: Option<&'p TimeRange>,
}

/// The parts of a grouping `SELECT` over one dataset's rows.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) from: Vec<String>,
    pub(super) filters: Vec<String>,
    pub(super) groups: Vec<Term>,
    pub(super) leaves: Vec<Term>,
}

/// What came of an attempt to aggregate several leaves together.
pub(super) enum Built {
    Block(Block),
    /// The leaves have to be aggregated one by one.
    Apart,
}

/// Aggregates leaves of one anchor over groups.
pub(super) fn build(
    context: &Context<'_>,
    rows: Rows<'_>,
    groups: &[Expr],
    anchor: &str,
    leaves: &[&Leaf],
) -> Result<Built, CompileError> {
    let mut scope = Scope::new(context, anchor)?;
    scope.subject = rows.subject.to_owned();
    let preferred = leaves.iter().find_map(|leaf| leaf.time.clone());
    let mut group_terms = Vec::new();
    for group in groups {
        let group = retimed(group, &scope, preferred.as_ref())?;
        group_terms.push(scope.value(&group)?);
    }
    let mut calls = Vec::new();
    for leaf in leaves {
        calls.push(prepare(&mut scope, leaf)?);
    }
    // A condition that all share is a condition on the rows.
    let shared = leaves.first().and_then(|leaf| leaf.guard.clone());
    let shared = shared.filter(|shared| leaves.iter().all(|leaf| leaf.guard.as_ref() == Some(shared)));
    let mut filters: Vec<String> = scope.root_filter()?.into_iter().collect();
    if let Some((dataset, sql)) = &shared {
        filters.push(model_condition(&mut scope, dataset, sql)?);
    }
    for (leaf, call) in leaves.iter().zip(&mut calls) {
        let own = leaf.guard.as_ref().filter(|_| shared.is_none());
        call.conditions.extend(leaf_conditions(&mut scope, leaf, own, preferred.as_ref())?);
    }
    let plan_filters = retimed_filters(rows.filters, &scope, preferred.as_ref())?;
    let ranges: Result<Vec<TimeRange>, CompileError> =
        rows.time.into_iter().map(|range| retimed_range(range, &scope, preferred.as_ref())).collect();
    filters.extend(scope.conditions(&plan_filters, &ranges?)?);
    filters.extend(any_of(&calls, groups));

    let multiplied = scope.is_multiplied() && !is_unique_membership(&scope, groups)?;
    if multiplied {
        refuse_fan_out(&scope, leaves)?;
    }
    let median = leaves.iter().any(|leaf| leaf.call.function() == AggregateFunction::Median);
    let inline = !multiplied || calls.iter().all(|call| call.survives_copies(&scope));
    if inline && !median {
        let (dataset, alias) = scope.root();
        let key = match dataset.primary_key.as_slice() {
            [only] if multiplied => Some(context.field_or_column(dataset, alias, only)?),
            _ => None,
        };
        let leaves = calls.iter().map(|call| call.sql(key.as_deref())).collect();
        return Ok(Built::Block(Block { from: scope.from()?, filters, groups: group_terms, leaves }));
    }
    if leaves.len() > 1 && (median || calls.iter().any(|call| !call.conditions.is_empty())) {
        return Ok(Built::Apart);
    }
    let inner = Select { from: scope.from()?, filters, ..Select::default() };
    if median {
        return median_block(&scope, inner, group_terms, &calls, multiplied).map(Built::Block);
    }
    distinct_block(&scope, inner, group_terms, &calls).map(Built::Block)
}

/// A leaf on its way to SQL.
#[derive(Debug)]
struct Prepared {
    function: AggregateFunction,
    /// What is aggregated; `None` for the rows themselves.
    of: Option<Term>,
    conditions: Vec<String>,
    /// Whether it is compared with the same number over other rows: then a sum over none is 0.
    compared: bool,
}

impl Prepared {
    /// Whether copies of rows do not change it.
    fn survives_copies(&self, scope: &Scope<'_>) -> bool {
        match (self.function, &self.of) {
            (AggregateFunction::Min | AggregateFunction::Max | AggregateFunction::CountDistinct, _) => true,
            (AggregateFunction::Count, None) => scope.root().0.primary_key.len() == 1,
            _ => false,
        }
    }

    /// The call; rows are counted by their key where there is one to count by.
    fn sql(&self, key: Option<&str>) -> Term {
        let of = match (&self.of, key) {
            (Some(of), _) => Some(of.sql.clone()),
            (None, Some(key)) => Some(key.to_owned()),
            (None, None) => None,
        };
        let distinct = self.of.is_none() && key.is_some();
        let argument = match (of, self.condition()) {
            (Some(of), Some(condition)) => format!("CASE WHEN {condition} THEN {of} END"),
            (Some(of), None) => of,
            (None, Some(condition)) => format!("CASE WHEN {condition} THEN 1 END"),
            (None, None) => "*".to_owned(),
        };
        self.call(&argument, distinct)
    }

    fn condition(&self) -> Option<String> {
        if self.conditions.is_empty() {
            return None;
        }
        Some(self.conditions.iter().map(|part| guard(part)).collect::<Vec<_>>().join(" AND "))
    }

    fn call(&self, argument: &str, distinct: bool) -> Term {
        match self.function {
            AggregateFunction::Sum if self.compared => Term::number(format!("COALESCE(SUM({argument}), 0)")),
            AggregateFunction::Sum => Term::number(format!("SUM({argument})")),
            AggregateFunction::Average | AggregateFunction::Median => {
                Term::number(format!("AVG({argument})"))
            }
            AggregateFunction::Min => self.kept(format!("MIN({argument})")),
            AggregateFunction::Max => self.kept(format!("MAX({argument})")),
            AggregateFunction::Count if !distinct => Term::number(format!("COUNT({argument})")),
            AggregateFunction::Count | AggregateFunction::CountDistinct => {
                Term::number(format!("COUNT(DISTINCT {argument})"))
            }
        }
    }

    /// The least and the greatest are stored as what they were taken from.
    fn kept(&self, sql: String) -> Term {
        match &self.of {
            Some(of) => Term { sql, stored: of.stored.clone() },
            None => Term::number(sql),
        }
    }
}

fn prepare(scope: &mut Scope<'_>, leaf: &Leaf) -> Result<Prepared, CompileError> {
    let (of, only) = match &leaf.call {
        Call::Rows => (None, None),
        Call::Of { of, .. } => (Some(scope.keeping(|scope| scope.value(of))?), None),
        Call::Sql { of, only, text, .. } => {
            let of = of.as_ref().map(|of| model_value(scope, of, text, &leaf.anchor)).transpose()?;
            let only = only.as_ref().map(|only| model_value(scope, only, text, &leaf.anchor)).transpose()?;
            (of, only)
        }
    };
    let conditions = only.map(|only| guard(&only.sql)).into_iter().collect();
    let compared = !leaf.filters.is_empty() || !leaf.times.is_empty();
    Ok(Prepared { function: leaf.call.function(), of, conditions, compared })
}

/// An expression of the model over `dataset.field` references.
fn model_value(
    scope: &mut Scope<'_>,
    expression: &ast::Expr,
    text: &str,
    home: &str,
) -> Result<Term, CompileError> {
    let context = scope.context;
    let mut expression = expression.clone();
    let mut stored = super::term::Stored::Any;
    scope.keeping(|scope| {
        context.replace(&mut expression, text, |found: &Reference| {
            let dataset = found.dataset.as_deref().unwrap_or(home);
            let field = FieldRef { dataset: dataset.to_owned(), field: found.name.clone(), via: None };
            let known = context.field(&field)?;
            stored = super::term::stored(context, known);
            let alias = scope.alias_of(&field)?;
            context.field_expression(known, &alias)
        })
    })?;
    Ok(Term { sql: expression.to_string(), stored })
}

/// A condition of the model over a dataset's fields and columns, which may be qualified.
fn model_condition(scope: &mut Scope<'_>, home: &str, sql: &str) -> Result<String, CompileError> {
    let context = scope.context;
    let mut expression = context.parsed(sql)?;
    scope.keeping(|scope| {
        context.replace(&mut expression, sql, |found: &Reference| {
            let name = found.dataset.as_deref().unwrap_or(home);
            let dataset = context.dataset(name)?;
            let way = scope.way_to(name, None)?;
            let alias = scope.alias(&way)?;
            match dataset.field(&found.name) {
                Some(field) => context.field_expression(field, &alias),
                None => context.parsed(&context.column(&alias, &found.name)),
            }
        })
    })?;
    Ok(guard(&expression.to_string()))
}

fn leaf_conditions(
    scope: &mut Scope<'_>,
    leaf: &Leaf,
    own: Option<&(String, String)>,
    preferred: Option<&FieldRef>,
) -> Result<Vec<String>, CompileError> {
    let filters = retimed_filters(&leaf.filters, scope, preferred)?;
    let ranges: Result<Vec<TimeRange>, CompileError> =
        leaf.times.iter().map(|range| retimed_range(range, scope, preferred)).collect();
    let ranges = ranges?;
    let mut conditions = scope.keeping(|scope| scope.conditions(&filters, &ranges))?;
    if let Some((dataset, sql)) = own {
        conditions.push(model_condition(scope, dataset, sql)?);
    }
    Ok(conditions)
}

/// If every number is over some of the rows only, the other rows need not be read, and groups of them alone
/// need not be shown.
fn any_of(calls: &[Prepared], groups: &[Expr]) -> Option<String> {
    let simple = |call: &Prepared| {
        !call.conditions.is_empty() && call.conditions.iter().all(|part| !part.contains("SELECT"))
    };
    if groups.is_empty() || calls.is_empty() || !calls.iter().all(simple) {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    for condition in calls.iter().filter_map(Prepared::condition) {
        if !parts.contains(&condition) {
            parts.push(condition);
        }
    }
    Some(match parts.as_slice() {
        [only] => only.clone(),
        several => several.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" OR "),
    })
}

/// Whether the only way to the many side is a link that holds each pair once, and the groups tell the pairs
/// apart: then no row stands twice in a group.
fn is_unique_membership(scope: &Scope<'_>, groups: &[Expr]) -> Result<bool, CompileError> {
    let context = scope.context;
    let ways: Vec<&Vec<Step>> = scope.multipliers().collect();
    let [out] = ways.as_slice() else { return Ok(false) };
    let Some(step) = out.last() else { return Ok(false) };
    let back = context.paths.relationship(*step);
    let link = context.dataset(&back.from)?;
    let mut beyond = scope.paths().filter(|path| path.len() == out.len() + 1 && path.starts_with(out));
    let (Some(next), None) = (beyond.next(), beyond.next()) else { return Ok(false) };
    let Some(next) = next.last().filter(|next| next.forward) else { return Ok(false) };
    let forth = context.paths.relationship(*next);
    let mut pair: Vec<&String> = back.from_columns.iter().chain(&forth.from_columns).collect();
    let mut key: Vec<&String> = link.primary_key.iter().collect();
    pair.sort();
    key.sort();
    if key.is_empty() || pair != key {
        return Ok(false);
    }
    let far = context.dataset(&forth.to)?;
    let keyed = far.primary_key.iter().all(|column| {
        groups.iter().any(|group| {
            matches!(group, Expr::Field(field) if field.dataset == far.name && field.field == *column)
        })
    });
    Ok(keyed && !far.primary_key.is_empty())
}

fn refuse_fan_out(scope: &Scope<'_>, leaves: &[&Leaf]) -> Result<(), CompileError> {
    let context = scope.context;
    let (root, _) = scope.root();
    for leaf in leaves {
        let fan_out = |over: &str| CompileError::FanOut {
            aggregate: leaf.said.clone(),
            dataset: root.name.clone(),
            over: over.to_owned(),
        };
        let sums = leaf.call.function() == AggregateFunction::Sum;
        for way in scope.multipliers() {
            let Some(end) = way.last().map(|step| context.paths.end(*step)) else { continue };
            if sums && !context.dataset(end).is_ok_and(is_pure_link) {
                return Err(fan_out(end));
            }
            let function = leaf.call.function();
            let by_value = matches!(
                function,
                AggregateFunction::Min | AggregateFunction::Max | AggregateFunction::CountDistinct
            );
            if root.primary_key.is_empty() && !by_value {
                return Err(fan_out(end));
            }
        }
    }
    Ok(())
}

fn keys(scope: &Scope<'_>) -> Result<Vec<String>, CompileError> {
    let (dataset, alias) = scope.root();
    dataset.primary_key.iter().map(|key| scope.context.field_or_column(dataset, alias, key)).collect()
}

/// Distinct rows with their groups, then the aggregates over them.
fn distinct_block(
    scope: &Scope<'_>,
    mut inner: Select,
    groups: Vec<Term>,
    calls: &[Prepared],
) -> Result<Block, CompileError> {
    let sql = scope.context.sql;
    inner.distinct = true;
    for (place, key) in keys(scope)?.iter().enumerate() {
        inner.items.push(format!("{key} AS {}", sql.name(&format!("k{place}"))));
    }
    let groups = carried(scope.context, &mut inner, groups);
    let mut leaves = Vec::new();
    for (place, call) in calls.iter().enumerate() {
        let name = sql.name(&format!("x{place}"));
        match (&call.of, call.condition()) {
            (None, None) => leaves.push(Term::number("COUNT(*)".to_owned())),
            (of, condition) => {
                let of = of.as_ref().map_or("1", |of| of.sql.as_str());
                let of = match condition {
                    Some(condition) => format!("CASE WHEN {condition} THEN {of} END"),
                    None => of.to_owned(),
                };
                inner.items.push(format!("{of} AS {name}"));
                leaves.push(call.call(&name, false));
            }
        }
    }
    let from = format!("{} AS {}", nested(&inner.to_sql()), sql.name("each_row"));
    Ok(Block { from: vec![from], filters: Vec::new(), groups, leaves })
}

/// The middle value: rows are numbered within their group and the one or two in the middle averaged.
fn median_block(
    scope: &Scope<'_>,
    mut inner: Select,
    groups: Vec<Term>,
    calls: &[Prepared],
    multiplied: bool,
) -> Result<Block, CompileError> {
    let sql = scope.context.sql;
    let [call] = calls else {
        return Err(CompileError::unsupported("a median cannot share its rows with other aggregates"));
    };
    let Some(of) = &call.of else {
        return Err(CompileError::unsupported("a median needs a value to take the middle of"));
    };
    if multiplied {
        inner.distinct = true;
        for (place, key) in keys(scope)?.iter().enumerate() {
            inner.items.push(format!("{key} AS {}", sql.name(&format!("k{place}"))));
        }
    }
    let groups = carried(scope.context, &mut inner, groups);
    let value = sql.name("x0");
    let taken = match call.condition() {
        Some(condition) => format!("CASE WHEN {condition} THEN {} END", of.sql),
        None => of.sql.clone(),
    };
    inner.items.push(format!("{taken} AS {value}"));
    let names: Vec<String> = groups.iter().map(|group| group.sql.clone()).collect();
    let partition =
        if names.is_empty() { String::new() } else { format!("PARTITION BY {}", names.join(", ")) };
    let between = if names.is_empty() { "" } else { " " };
    let (place, many) = (sql.name("place"), sql.name("many"));
    let mut ranked = Select {
        items: names.clone(),
        from: vec![format!("{} AS {}", nested(&inner.to_sql()), sql.name("each_row"))],
        filters: vec![format!("{value} IS NOT NULL")],
        ..Select::default()
    };
    ranked.items.push(value.clone());
    ranked.items.push(format!("ROW_NUMBER() OVER ({partition}{between}ORDER BY {value}) AS {place}"));
    ranked.items.push(format!("COUNT(*) OVER ({partition}) AS {many}"));
    let half = |ahead: u8| match sql.dialect {
        // There the quotient of whole numbers has a fraction.
        Dialect::MySql | Dialect::DuckDb | Dialect::Snowflake => format!("FLOOR(({many} + {ahead}) / 2)"),
        Dialect::BigQuery => format!("DIV(({many} + {ahead}), 2)"),
        _ => format!("({many} + {ahead}) / 2"),
    };
    let middle = format!("AVG(CASE WHEN {place} IN ({}, {}) THEN {value} END)", half(1), half(2));
    let from = format!("{} AS {}", nested(&ranked.to_sql()), sql.name("ranked"));
    Ok(Block { from: vec![from], filters: Vec::new(), groups, leaves: vec![Term::number(middle)] })
}

/// Carries groups out of a subquery under names of their own.
fn carried(context: &Context<'_>, inner: &mut Select, groups: Vec<Term>) -> Vec<Term> {
    let mut carried = Vec::new();
    for (place, group) in groups.into_iter().enumerate() {
        let name = context.sql.name(&format!("g{place}"));
        inner.items.push(format!("{} AS {name}", group.sql));
        carried.push(Term { sql: name, stored: group.stored });
    }
    carried
}

/// A group with its time field replaced by the one that stands for it here.
fn retimed(expr: &Expr, scope: &Scope<'_>, preferred: Option<&FieldRef>) -> Result<Expr, CompileError> {
    Ok(match expr {
        Expr::Bucket { field, grain } => {
            Expr::Bucket { field: scope.own_time(field, preferred)?, grain: *grain }
        }
        Expr::Part { field, part } => Expr::Part { field: scope.own_time(field, preferred)?, part: *part },
        other => other.clone(),
    })
}

fn retimed_range(
    range: &TimeRange,
    scope: &Scope<'_>,
    preferred: Option<&FieldRef>,
) -> Result<TimeRange, CompileError> {
    Ok(TimeRange { field: scope.own_time(&range.field, preferred)?, ..range.clone() })
}

fn retimed_filters(
    filters: &[Filter],
    scope: &Scope<'_>,
    preferred: Option<&FieldRef>,
) -> Result<Vec<Filter>, CompileError> {
    filters
        .iter()
        .map(|filter| {
            Ok(match filter {
                Filter::During(range) => Filter::During(retimed_range(range, scope, preferred)?),
                Filter::Any(inner) => Filter::Any(retimed_filters(inner, scope, preferred)?),
                Filter::All(inner) => Filter::All(retimed_filters(inner, scope, preferred)?),
                Filter::Not(inner) => {
                    let inner = retimed_filters(std::slice::from_ref(inner), scope, preferred)?;
                    Filter::Not(Box::new(Filter::All(inner)))
                }
                Filter::OneOf { .. }
                | Filter::Compare { .. }
                | Filter::Between { .. }
                | Filter::Matches { .. }
                | Filter::Missing { .. }
                | Filter::Related { .. }
                | Filter::Named(_) => filter.clone(),
            })
        })
        .collect()
}
