//! From a plan to SQL.

use medha_connectors::Dialect;
use serde::{Deserialize, Serialize};

use super::analysis::{AnalysisPlan, Expr, FieldRef, Filter, Output};
use super::column::{PlannedColumn, columns};
use super::context::Context;
use super::error::CompileError;
use super::grouped::{self, is_about_groups, order_by};
use super::listing;
use super::select::{Select, nested};
use crate::semantic::SemanticModel;

/// A plan as SQL, and what its columns hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompiledPlan {
    /// The statement, a clause a line.
    pub sql: String,
    /// The columns, in order; as many as the plan has outputs.
    pub columns: Vec<PlannedColumn>,
}

/// Compiles a plan to one `SELECT` of the dialect.
///
/// - Only the tables that the plan needs are joined. A row that refers to nothing is left out where what it refers
///   to is shown, grouped by or filtered on, unless the plan keeps empty groups, and kept where it is part of a number.
/// - Conditions on the many side of the rows become `IN` or `EXISTS`; conditions on the same related rows share one.
/// - Every number is aggregated over its own dataset's rows, each counted once. Where groups lie on the many side,
///   a metric's `line_level_equivalent` is used, counts count keys, averages are over distinct rows, and a sum that
///   would count amounts several times is refused ([`CompileError::FanOut`]).
/// - An output that aggregates an aggregate (`Aggregate { Average, of: Metric }`) is taken over the plan's `group_by`:
///   the average revenue of a customer is the average over groups by customer.
/// - Rows that tie in the asked order are ordered by what is shown.
///
/// # Errors
/// If the plan names what the model lacks, the way between two datasets is missing or unclear, a sum would
/// count rows twice, or the plan contradicts itself.
///
/// ```
/// use medha_agents::plan::{AnalysisPlan, Expr, Output, compile};
/// use medha_agents::semantic::{Dataset, SemanticModel};
/// use medha_connectors::Dialect;
///
/// let orders = Dataset { name: "orders".into(), source: "orders".into(), ..Dataset::default() };
/// let model = SemanticModel { datasets: vec![orders], ..SemanticModel::default() };
/// let plan = AnalysisPlan {
///     subject: "orders".into(),
///     outputs: vec![Output { expr: Expr::Count { dataset: "orders".into() }, name: "orders".into() }],
///     ..AnalysisPlan::default()
/// };
/// let compiled = compile(&plan, &model, Dialect::Sqlite)?;
/// assert_eq!(compiled.sql, "SELECT COUNT(*) AS \"orders\"\nFROM \"orders\"");
/// # Ok::<(), medha_agents::plan::CompileError>(())
/// ```
pub fn compile(
    plan: &AnalysisPlan,
    model: &SemanticModel,
    dialect: Dialect,
) -> Result<CompiledPlan, CompileError> {
    compile_in(plan, &Context::new(model, dialect))
}

/// Compiles a plan inside another one's context.
pub(super) fn compile_in(plan: &AnalysisPlan, context: &Context<'_>) -> Result<CompiledPlan, CompileError> {
    if plan.outputs.is_empty() {
        return Err(CompileError::unsupported("it has no outputs"));
    }
    context.dataset(&plan.subject)?;
    let select = match &plan.set {
        Some(set) => combined(plan, set, context)?,
        None => single(plan, context)?,
    };
    Ok(CompiledPlan { sql: select.to_sql(), columns: columns(plan, context)? })
}

fn single(plan: &AnalysisPlan, context: &Context<'_>) -> Result<Select, CompileError> {
    if plan.outputs.iter().any(|output| is_nested(&output.expr)) {
        return over_groups(plan, context);
    }
    let aggregates = plan.outputs.iter().map(|output| &output.expr);
    let aggregates = aggregates.chain(plan.order.iter().map(|order| &order.expr));
    if aggregates.into_iter().any(Expr::is_aggregate) || !plan.group_by.is_empty() {
        return grouped::select(plan, context);
    }
    if plan.having.iter().any(|filter| is_over_rows_of(filter, &plan.subject)) {
        return grouped::select(plan, context);
    }
    if plan.filters.iter().chain(&plan.having).any(is_about_groups) {
        return grouped::select(&each_row(plan, context)?, context);
    }
    listing::select(plan, context)
}

/// Whether a condition is on a number over the very rows that are listed ("regions with at least 4 customers"): then the
/// outputs are groups of them.
fn is_over_rows_of(filter: &Filter, subject: &str) -> bool {
    let Filter::Compare { left, .. } = filter else { return false };
    let is_own = |expr: &Expr| matches!(expr, Expr::Field(field) if field.dataset == subject);
    matches!(left, Expr::Count { dataset } if dataset == subject)
        || matches!(left, Expr::Aggregate { of, .. } if is_own(of))
}

/// A list of rows that are chosen by a number over others ("customers with more than 5 orders"): each row is a
/// group of its own, and rows without others are compared, too.
fn each_row(plan: &AnalysisPlan, context: &Context<'_>) -> Result<AnalysisPlan, CompileError> {
    let subject = context.dataset(&plan.subject)?;
    if subject.primary_key.is_empty() {
        return Err(CompileError::unsupported(format!(
            "rows of {:?} have no key to count by; name its primary key in the model",
            subject.name
        )));
    }
    let mut plan = AnalysisPlan { keep_empty: true, ..plan.clone() };
    for key in &subject.primary_key {
        let field = FieldRef { dataset: subject.name.clone(), field: key.clone(), via: None };
        context.field(&field)?;
        plan.group_by.push(Expr::Field(field));
    }
    Ok(plan)
}

/// Two plans' rows together; the first plan's order and limit are of the whole.
fn combined(
    plan: &AnalysisPlan,
    set: &super::analysis::SetOperation,
    context: &Context<'_>,
) -> Result<Select, CompileError> {
    if set.with.outputs.len() != plan.outputs.len() {
        return Err(CompileError::unsupported(format!(
            "it combines {} columns with {}; both sides need as many",
            plan.outputs.len(),
            set.with.outputs.len()
        )));
    }
    let alone = AnalysisPlan { set: None, order: Vec::new(), limit: None, offset: None, ..plan.clone() };
    let mut select = single(&alone, context)?;
    if !select.order.is_empty() || select.limit.is_some() {
        select = wrapped(context, &select);
    }
    let with = &set.with;
    let open =
        with.order.is_empty() && with.limit.is_none() && with.set.is_none() && with.top_per_group.is_none();
    let other = compile_in(with, context)?.sql;
    let other = if open {
        other
    } else {
        format!("SELECT * FROM {} AS {}", nested(&other), context.sql.name("other"))
    };
    select.set = Some((set.op, other));
    let mut asked = Vec::new();
    for order in &plan.order {
        let shown = plan.outputs.iter().find(|output| output.expr == order.expr).ok_or_else(|| {
            CompileError::unsupported("rows of two plans can only be ordered by what is shown")
        })?;
        asked.push((context.sql.name(&shown.name), order.descending));
    }
    let names: Vec<String> = plan.outputs.iter().map(|output| output.name.clone()).collect();
    let values: Vec<String> = names.iter().map(|name| context.sql.name(name)).collect();
    select.order = order_by(context, &asked, &values, &names, plan.limit.is_some());
    select.limit = context.sql.limit(plan.limit, plan.offset);
    Ok(select)
}

fn wrapped(context: &Context<'_>, select: &Select) -> Select {
    let from = format!("{} AS {}", nested(&select.to_sql()), context.sql.name("one"));
    Select { items: vec!["*".to_owned()], from: vec![from], ..Select::default() }
}

/// Whether a value aggregates an aggregate.
fn is_nested(expr: &Expr) -> bool {
    match expr {
        Expr::Aggregate { of, .. } => of.is_aggregate(),
        Expr::Arithmetic { left, right, .. } => is_nested(left) || is_nested(right),
        Expr::Field(_)
        | Expr::Bucket { .. }
        | Expr::Part { .. }
        | Expr::Metric(_)
        | Expr::Count { .. }
        | Expr::Where { .. }
        | Expr::Total { .. }
        | Expr::DaysBetween { .. }
        | Expr::RunningTotal { .. }
        | Expr::Previous { .. }
        | Expr::Rank { .. }
        | Expr::Literal(_) => false,
    }
}

/// Aggregates over the groups of a plan: the plan without them is the inner query.
fn over_groups(plan: &AnalysisPlan, context: &Context<'_>) -> Result<Select, CompileError> {
    if plan.top_per_group.is_some() {
        return Err(CompileError::unsupported(
            "the first rows of each group and an aggregate over groups do not mix",
        ));
    }
    let mut inner = AnalysisPlan {
        outputs: Vec::new(),
        order: Vec::new(),
        limit: None,
        offset: None,
        distinct: false,
        set: None,
        ..plan.clone()
    };
    let mut outer = Select { distinct: plan.distinct, ..Select::default() };
    let mut values = Vec::new();
    for output in &plan.outputs {
        let value = lifted(&output.expr, &mut inner.outputs, context)?;
        if !output.expr.is_aggregate() {
            outer.groups.push(value.clone());
        }
        outer.items.push(format!("{value} AS {}", context.sql.name(&output.name)));
        values.push(value);
    }
    let mut asked = Vec::new();
    for order in &plan.order {
        asked.push((lifted(&order.expr, &mut inner.outputs, context)?, order.descending));
    }
    let names: Vec<String> = plan.outputs.iter().map(|output| output.name.clone()).collect();
    outer.order = order_by(context, &asked, &values, &names, plan.limit.is_some());
    outer.limit = context.sql.limit(plan.limit, plan.offset);
    let sql = single(&inner, context)?.to_sql();
    outer.from = vec![format!("{} AS {}", nested(&sql), context.sql.name("each_group"))];
    Ok(outer)
}

/// A value of the outer query; what it is made of becomes outputs of the inner one.
fn lifted(expr: &Expr, inner: &mut Vec<Output>, context: &Context<'_>) -> Result<String, CompileError> {
    let mut column = |expr: &Expr| {
        let place = inner.iter().position(|known| known.expr == *expr).unwrap_or_else(|| {
            let name = format!("v{}", inner.len());
            inner.push(Output { expr: expr.clone(), name });
            inner.len() - 1
        });
        context.sql.name(&inner[place].name)
    };
    match expr {
        Expr::Aggregate { function, of } if of.is_aggregate() => {
            let of = column(of);
            Ok(match function {
                super::analysis::AggregateFunction::Sum => format!("SUM({of})"),
                super::analysis::AggregateFunction::Average => format!("AVG({of})"),
                super::analysis::AggregateFunction::Min => format!("MIN({of})"),
                super::analysis::AggregateFunction::Max => format!("MAX({of})"),
                super::analysis::AggregateFunction::Count => format!("COUNT({of})"),
                super::analysis::AggregateFunction::CountDistinct => format!("COUNT(DISTINCT {of})"),
                super::analysis::AggregateFunction::Median => {
                    return Err(CompileError::unsupported(
                        "a median over groups is not supported; ask for the average or list the groups",
                    ));
                }
            })
        }
        Expr::Arithmetic { left, op, right } if is_nested(left) || is_nested(right) => {
            let left = lifted(left, inner, context)?;
            let right = lifted(right, inner, context)?;
            Ok(super::rows::arithmetic(context, &left, *op, &right))
        }
        Expr::Literal(constant) => Ok(super::term::plain(context, constant)),
        plain if plain.is_aggregate() => Err(CompileError::unsupported(
            "an aggregate over rows stands beside an aggregate over groups; ask for them apart",
        )),
        group => Ok(column(group)),
    }
}
