//! Aggregates over the rows of several datasets under common groups.
//!
//! Numbers over one dataset's rows are one `SELECT`. Numbers over several datasets (revenue and refunds by region)
//! are aggregated apart, each over its own rows, and stacked with `UNION ALL` under the common groups, so that
//! neither multiplies the other and no group of either is lost.

use super::analysis::{AggregateFunction, AnalysisPlan, Expr, Filter, TimeRange};
use super::block::{self, Block, Built, Rows};
use super::context::Context;
use super::error::CompileError;
use super::leaf::{Analysis, Leaf};
use super::path::Path;
use super::rows::{fields_of, fields_of_filters};
use super::scope::Scope;
use super::select::{Select, nested};
use super::term::{Stored, Term};

/// Groups and aggregates as SQL over some tables.
pub(super) struct Layer {
    pub(super) from: Vec<String>,
    pub(super) filters: Vec<String>,
    pub(super) groups: Vec<Term>,
    pub(super) leaves: Vec<Term>,
}

/// Aggregates all leaves of a plan over its groups.
pub(super) fn layer(
    plan: &AnalysisPlan,
    context: &Context<'_>,
    rows: Rows<'_>,
    analysis: &Analysis<'_>,
) -> Result<Layer, CompileError> {
    let mut branches = branches(context, plan, rows, analysis)?;
    let spine = if plan.keep_empty { spine(context, rows, &analysis.groups)? } else { None };
    if branches.len() == 1 && spine.is_none() {
        let (places, block) = branches.remove(0);
        let mut leaves = vec![Term::number("NULL".to_owned()); analysis.leaves.len()];
        for (place, leaf) in places.iter().zip(block.leaves) {
            leaves[*place] = leaf;
        }
        return Ok(Layer { from: block.from, filters: block.filters, groups: block.groups, leaves });
    }
    Ok(stack(context, analysis, branches, spine))
}

/// The aggregates of a plan, those over the same rows together.
fn branches(
    context: &Context<'_>,
    plan: &AnalysisPlan,
    rows: Rows<'_>,
    analysis: &Analysis<'_>,
) -> Result<Vec<(Vec<usize>, Block)>, CompileError> {
    if analysis.leaves.is_empty() {
        return match block::build(context, rows, &analysis.groups, &plan.subject, &[])? {
            Built::Block(block) => Ok(vec![(Vec::new(), block)]),
            Built::Apart => Err(CompileError::unsupported("there is nothing to aggregate")),
        };
    }
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (place, leaf) in analysis.leaves.iter().enumerate() {
        let median = |leaf: &Leaf| leaf.call.function() == AggregateFunction::Median;
        let together = sets.iter_mut().find(|set| {
            let first = &analysis.leaves[set[0]];
            first.anchor == leaf.anchor && !median(first) && !median(leaf)
        });
        match together {
            Some(set) => set.push(place),
            None => sets.push(vec![place]),
        }
    }
    let mut branches = Vec::new();
    for set in sets {
        let leaves: Vec<&Leaf> = set.iter().map(|place| &analysis.leaves[*place]).collect();
        let anchor = leaves[0].anchor.clone();
        match block::build(context, rows, &analysis.groups, &anchor, &leaves)? {
            Built::Block(block) => branches.push((set, block)),
            Built::Apart => {
                for place in set {
                    let leaf = &analysis.leaves[place];
                    match block::build(context, rows, &analysis.groups, &leaf.anchor, &[leaf])? {
                        Built::Block(block) => branches.push((vec![place], block)),
                        Built::Apart => {
                            return Err(CompileError::unsupported("an aggregate cannot stand alone"));
                        }
                    }
                }
            }
        }
    }
    Ok(branches)
}

/// All groups there are, with or without rows to aggregate: read from the dataset that all of them belong to.
fn spine(context: &Context<'_>, rows: Rows<'_>, groups: &[Expr]) -> Result<Option<Select>, CompileError> {
    let mut fields = Vec::new();
    for group in groups {
        fields_of(group, &mut fields);
    }
    let mut datasets: Vec<String> = Vec::new();
    for field in &fields {
        if !datasets.contains(&field.dataset) {
            datasets.push(field.dataset.clone());
        }
    }
    let Some(root) = crate::semantic::expression::finest(&datasets, context.model) else { return Ok(None) };
    let mut scope = Scope::new(context, &root)?;
    let mut select = Select { distinct: true, ..Select::default() };
    for group in groups {
        select.items.push(scope.keeping(|scope| scope.value(group))?.sql);
    }
    select.filters.extend(scope.root_filter()?);
    // Conditions on the groups themselves hold for empty groups, too; those on what is counted do not.
    scope.subject = rows.subject.to_owned();
    let about = |filter: &&Filter| is_about_root(filter, &scope, rows.subject);
    let own: Vec<Filter> = rows.filters.iter().filter(about).cloned().collect();
    let own_time =
        |range: &&TimeRange| scope.way(&range.field).is_ok_and(|way| way.iter().all(|step| step.forward));
    let ranges: Vec<TimeRange> = rows.time.iter().copied().filter(own_time).cloned().collect();
    let conditions = scope.conditions(&own, &ranges)?;
    select.filters.extend(conditions);
    select.from = scope.from()?;
    Ok(Some(select))
}

/// Whether a condition says something about the root's rows, whatever belongs to them.
fn is_about_root(filter: &Filter, scope: &Scope<'_>, subject: &str) -> bool {
    let forward = |way: Result<Path, CompileError>| way.is_ok_and(|way| way.iter().all(|step| step.forward));
    match filter {
        Filter::Related { .. } => scope.root().0.name == subject,
        Filter::Named(name) => {
            scope.context.named_filter(name).is_ok_and(|filter| forward(scope.way_to(&filter.dataset, None)))
        }
        Filter::Any(inner) | Filter::All(inner) => {
            inner.iter().all(|filter| is_about_root(filter, scope, subject))
        }
        Filter::Not(inner) => is_about_root(inner, scope, subject),
        Filter::Compare { .. }
        | Filter::OneOf { .. }
        | Filter::Between { .. }
        | Filter::Matches { .. }
        | Filter::Missing { .. }
        | Filter::During(_) => {
            let mut fields = Vec::new();
            fields_of_filters(std::slice::from_ref(filter), &mut fields);
            !fields.is_empty() && fields.iter().all(|field| forward(scope.way(field)))
        }
    }
}

/// Branches under each other, each with its own numbers and nothing in the others' columns.
fn stack(
    context: &Context<'_>,
    analysis: &Analysis<'_>,
    branches: Vec<(Vec<usize>, Block)>,
    spine: Option<Select>,
) -> Layer {
    let sql = context.sql;
    let group_name = |place: usize| sql.name(&format!("g{place}"));
    let leaf_name = |place: usize| sql.name(&format!("a{place}"));
    let mut terms = vec![Term::number(String::new()); analysis.leaves.len()];
    let mut stored: Vec<Stored> = vec![Stored::Any; analysis.groups.len()];
    let mut parts = Vec::new();
    for (places, block) in branches {
        let mut items = Vec::new();
        for (place, group) in block.groups.iter().enumerate() {
            items.push(format!("{} AS {}", group.sql, group_name(place)));
            stored[place] = group.stored.clone();
        }
        for (place, (leaf, term)) in analysis.leaves.iter().zip(&mut terms).enumerate() {
            let own = places.iter().position(|known| *known == place);
            let item = match own {
                Some(own) => {
                    term.stored = block.leaves[own].stored.clone();
                    block.leaves[own].sql.clone()
                }
                None => absent(context, leaf).to_owned(),
            };
            items.push(format!("{item} AS {}", leaf_name(place)));
        }
        let groups = block.groups.iter().map(|group| group.sql.clone()).collect();
        let (from, filters) = (block.from, block.filters);
        parts.push(Select { items, from, filters, groups, ..Select::default() }.to_sql());
    }
    if let Some(mut spine) = spine {
        for (place, item) in spine.items.iter_mut().enumerate() {
            *item = format!("{item} AS {}", group_name(place));
        }
        for (place, leaf) in analysis.leaves.iter().enumerate() {
            spine.items.push(format!("{} AS {}", absent(context, leaf), leaf_name(place)));
        }
        parts.push(spine.to_sql());
    }
    for (place, leaf) in analysis.leaves.iter().enumerate() {
        let name = leaf_name(place);
        terms[place].sql = match leaf.call.function() {
            AggregateFunction::Count | AggregateFunction::CountDistinct => {
                format!("COALESCE(MAX({name}), 0)")
            }
            AggregateFunction::Sum
            | AggregateFunction::Average
            | AggregateFunction::Min
            | AggregateFunction::Max
            | AggregateFunction::Median => format!("MAX({name})"),
        };
    }
    let groups = stored.into_iter().enumerate();
    let groups = groups.map(|(place, stored)| Term { sql: group_name(place), stored }).collect();
    let from = format!("{} AS {}", nested(&parts.join("\nUNION ALL\n")), sql.name("each_part"));
    Layer { from: vec![from], filters: Vec::new(), groups, leaves: terms }
}

/// Nothing, in a form that PostgreSQL takes for a number where numbers stand in the other branches.
fn absent(context: &Context<'_>, leaf: &Leaf) -> &'static str {
    let number = !matches!(leaf.call.function(), AggregateFunction::Min | AggregateFunction::Max);
    match context.sql.dialect {
        medha_connectors::Dialect::Postgres if number => "CAST(NULL AS NUMERIC)",
        _ => "NULL",
    }
}
