//! What the columns of a compiled plan hold.

use serde::{Deserialize, Serialize};

use super::analysis::{AggregateFunction, AnalysisPlan, ArithmeticOp, DatePart, Expr, Grain};
use super::context::Context;
use super::error::CompileError;
use crate::semantic::{Additivity, DataType, Role};

/// A column of the answer: what it is called, what it holds and how it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedColumn {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: PlannedKind,
    /// What it holds.
    pub data_type: DataType,
    /// How it is shown: `currency`, `percent`, `count`, ...
    pub format: Option<String>,
    /// Unit of its numbers.
    pub unit: Option<String>,
    /// ISO code of its currency.
    pub currency: Option<String>,
    /// The metric behind it.
    pub metric: Option<String>,
    /// Whether its numbers may be added up over the rows of the answer.
    pub is_additive: bool,
    /// Whether more is better.
    pub higher_is_better: Option<bool>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlannedKind {
    /// It names or describes what the row is about.
    Dimension,
    /// It identifies a row.
    Key,
    /// A moment, as stored.
    Time,
    /// A span of time of this grain.
    Bucket(Grain),
    /// A part of time that recurs.
    Part(DatePart),
    /// A number.
    Measure,
}

/// Describes the columns of a plan.
pub(super) fn columns(
    plan: &AnalysisPlan,
    context: &Context<'_>,
) -> Result<Vec<PlannedColumn>, CompileError> {
    plan.outputs
        .iter()
        .map(|output| {
            let mut column = column(&output.expr, context)?;
            column.name.clone_from(&output.name);
            Ok(column)
        })
        .collect()
}

fn number(data_type: DataType) -> PlannedColumn {
    PlannedColumn {
        name: String::new(),
        kind: PlannedKind::Measure,
        data_type,
        format: None,
        unit: None,
        currency: None,
        metric: None,
        is_additive: false,
        higher_is_better: None,
    }
}

fn column(expr: &Expr, context: &Context<'_>) -> Result<PlannedColumn, CompileError> {
    Ok(match expr {
        Expr::Field(field) => {
            let known = context.field(field)?;
            let kind = match known.role {
                Role::Key => PlannedKind::Key,
                Role::Dimension => PlannedKind::Dimension,
                Role::Time => PlannedKind::Time,
                Role::Measure => PlannedKind::Measure,
            };
            let currency = known.format.as_deref().filter(|format| *format == "currency");
            PlannedColumn {
                kind,
                format: known.format.clone(),
                unit: known.unit.clone(),
                currency: currency.and(context.model.currency.clone()),
                ..number(known.data_type)
            }
        }
        Expr::Bucket { grain, .. } => {
            PlannedColumn { kind: PlannedKind::Bucket(*grain), ..number(DataType::String) }
        }
        Expr::Part { part, .. } => {
            PlannedColumn { kind: PlannedKind::Part(*part), ..number(DataType::Integer) }
        }
        Expr::Metric(name) => {
            let metric = context.metric(name)?;
            let currency = metric.currency.clone().or_else(|| {
                let money = metric.format.as_deref() == Some("currency");
                context.model.currency.clone().filter(|_| money)
            });
            PlannedColumn {
                format: metric.format.clone(),
                unit: metric.unit.clone(),
                currency,
                metric: Some(metric.name.clone()),
                is_additive: metric.additivity == Additivity::Additive,
                higher_is_better: metric.higher_is_better,
                ..number(metric.data_type.unwrap_or(DataType::Decimal))
            }
        }
        Expr::Count { .. } => {
            PlannedColumn { format: Some("count".to_owned()), is_additive: true, ..number(DataType::Integer) }
        }
        Expr::Aggregate { function, of } => aggregate(*function, column(of, context)?),
        Expr::Where { of, .. } | Expr::Total { of } | Expr::Previous { of } => {
            let total = matches!(expr, Expr::Total { .. });
            let inner = column(of, context)?;
            PlannedColumn { is_additive: inner.is_additive && !total, ..inner }
        }
        Expr::RunningTotal { of } => PlannedColumn { is_additive: false, ..column(of, context)? },
        Expr::Rank { .. } => number(DataType::Integer),
        Expr::Arithmetic { left, op, right } => {
            let (left, right) = (column(left, context)?, column(right, context)?);
            combined(&left, *op, &right)
        }
        Expr::DaysBetween { .. } => {
            PlannedColumn { unit: Some("days".to_owned()), ..number(DataType::Float) }
        }
        Expr::Literal(constant) => number(match constant {
            super::analysis::Literal::Integer(_) => DataType::Integer,
            super::analysis::Literal::Number(_) => DataType::Float,
            super::analysis::Literal::Text(_) => DataType::String,
            super::analysis::Literal::Boolean(_) => DataType::Boolean,
        }),
    })
}

fn aggregate(function: AggregateFunction, of: PlannedColumn) -> PlannedColumn {
    let kept = PlannedColumn { kind: PlannedKind::Measure, is_additive: false, ..of };
    match function {
        AggregateFunction::Sum => PlannedColumn { is_additive: true, ..kept },
        AggregateFunction::Average | AggregateFunction::Median => {
            PlannedColumn { data_type: DataType::Float, ..kept }
        }
        AggregateFunction::Min | AggregateFunction::Max => kept,
        AggregateFunction::Count | AggregateFunction::CountDistinct => PlannedColumn {
            format: Some("count".to_owned()),
            is_additive: function == AggregateFunction::Count,
            ..number(DataType::Integer)
        },
    }
}

/// What arithmetic makes of two numbers: sums keep what both share, quotients of the same become plain numbers.
fn combined(left: &PlannedColumn, op: ArithmeticOp, right: &PlannedColumn) -> PlannedColumn {
    let share = |one: &Option<String>, other: &Option<String>| one.clone().filter(|_| one == other);
    match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract => PlannedColumn {
            format: share(&left.format, &right.format),
            unit: share(&left.unit, &right.unit),
            currency: share(&left.currency, &right.currency),
            is_additive: left.is_additive && right.is_additive,
            ..number(DataType::Decimal)
        },
        ArithmeticOp::Multiply | ArithmeticOp::Divide => {
            let same = left.format == right.format && left.unit == right.unit;
            let kept =
                (op == ArithmeticOp::Divide && !same) || left.format.is_some() != right.format.is_some();
            let from = if left.format.is_some() { left } else { right };
            let money = kept && from.format.as_deref() == Some("currency");
            PlannedColumn {
                format: from.format.clone().filter(|_| money),
                currency: from.currency.clone().filter(|_| money),
                ..number(DataType::Float)
            }
        }
    }
}
