//! Plans without aggregates: rows as they are.

use super::analysis::AnalysisPlan;
use super::context::Context;
use super::error::CompileError;
use super::grouped::{order_by, ranking};
use super::scope::Scope;
use super::select::{Select, nested};

/// Compiles a plan that lists rows.
pub(super) fn select(plan: &AnalysisPlan, context: &Context<'_>) -> Result<Select, CompileError> {
    let sql = context.sql;
    let mut scope = Scope::new(context, &plan.subject)?;
    let mut values = Vec::new();
    for output in &plan.outputs {
        let term = if plan.keep_empty {
            scope.keeping(|scope| scope.value(&output.expr))?
        } else {
            scope.value(&output.expr)?
        };
        values.push(term.sql);
    }
    let mut asked = Vec::new();
    for order in &plan.order {
        let term = scope.keeping(|scope| scope.value(&order.expr))?;
        asked.push((term.sql, order.descending));
    }
    let mut partition = Vec::new();
    let mut within = Vec::new();
    if let Some(top) = &plan.top_per_group {
        for part in &top.partition {
            partition.push(scope.value(part)?.sql);
        }
        for key in &top.order {
            within.push(sql.order(&scope.value(&key.expr)?.sql, key.descending, true));
        }
    }
    let mut filters: Vec<String> = scope.root_filter()?.into_iter().collect();
    let ranges: Vec<_> = plan.time.iter().cloned().collect();
    filters.extend(scope.conditions(&plan.filters, &ranges)?);
    filters.extend(scope.conditions(&plan.having, &[])?);

    let names: Vec<String> = plan.outputs.iter().map(|output| output.name.clone()).collect();
    let mut select = Select { distinct: plan.distinct, from: scope.from()?, filters, ..Select::default() };
    let Some(top) = &plan.top_per_group else {
        for (value, name) in values.iter().zip(&names) {
            select.items.push(format!("{value} AS {}", sql.name(name)));
        }
        select.order = order_by(context, &asked, &values, &names, plan.limit.is_some());
        select.limit = sql.limit(plan.limit, plan.offset);
        return Ok(select);
    };
    let mut outer = Select::default();
    for (place, (value, name)) in values.iter().zip(&names).enumerate() {
        let column = sql.name(&format!("c{place}"));
        select.items.push(format!("{value} AS {column}"));
        outer.items.push(format!("{column} AS {}", sql.name(name)));
    }
    let rank = ranking(&partition, &within);
    select.items.push(format!("{rank} AS {}", sql.name("place")));
    if asked.is_empty() {
        asked.extend(partition.into_iter().map(|part| (part, false)));
        asked.push((rank, false));
    }
    for (place, (value, descending)) in asked.iter().enumerate() {
        let column = sql.name(&format!("s{place}"));
        select.items.push(format!("{value} AS {column}"));
        outer.order.push(sql.order(&column, *descending, plan.limit.is_some()));
    }
    outer.order.extend((0..names.len()).map(|place| sql.name(&format!("c{place}"))));
    outer.filters.push(format!("{} <= {}", sql.name("place"), top.count));
    outer.from = vec![format!("{} AS {}", nested(&select.to_sql()), sql.name("ranked"))];
    outer.limit = sql.limit(plan.limit, plan.offset);
    Ok(outer)
}
