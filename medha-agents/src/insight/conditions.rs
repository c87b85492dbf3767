//! The conditions of a plan in plain words, to say what an empty result was empty of.

use crate::plan::{AnalysisPlan, CompareOp, Expr, Filter, Literal, Operand, TextMatch};

/// What rows had to be, in words, the window of time last: `status is completed`, `last quarter (Jul to Sep 2025)`.
#[must_use]
pub fn conditions(plan: &AnalysisPlan) -> Vec<String> {
    let mut all: Vec<String> = plan.filters.iter().map(said).collect();
    all.extend(plan.time.iter().map(|time| time.label.clone()));
    all
}

fn said(filter: &Filter) -> String {
    match filter {
        Filter::Compare { left, op, right } => format!("{} {} {}", name(left), compared(*op), operand(right)),
        Filter::OneOf { expr, values, negated } => {
            let values: Vec<String> = values.iter().map(literal).collect();
            format!("{} is {}{}", name(expr), not(*negated), values.join(" or "))
        }
        Filter::Between { expr, low, high } => {
            format!("{} between {} and {}", name(expr), literal(low), literal(high))
        }
        Filter::Matches { expr, kind, text, negated } => {
            let verb = match kind {
                TextMatch::Contains => "containing",
                TextMatch::StartsWith => "starting with",
                TextMatch::EndsWith => "ending with",
            };
            format!("{} {}{verb} {text:?}", name(expr), not(*negated))
        }
        Filter::Missing { expr, negated: false } => format!("without {}", name(expr)),
        Filter::Missing { expr, negated: true } => format!("with {}", name(expr)),
        Filter::Related { dataset, filters, time, negated } => {
            let mut text = format!("{} {}", if *negated { "without" } else { "with" }, spaced(dataset));
            let inner: Vec<String> =
                filters.iter().map(said).chain(time.iter().map(|time| time.label.clone())).collect();
            if !inner.is_empty() {
                text.push_str(&format!(" ({})", inner.join(", ")));
            }
            text
        }
        Filter::During(time) => time.label.clone(),
        Filter::Named(named) => spaced(named),
        Filter::Any(filters) => filters.iter().map(said).collect::<Vec<_>>().join(" or "),
        Filter::All(filters) => filters.iter().map(said).collect::<Vec<_>>().join(" and "),
        Filter::Not(filter) => format!("not {}", said(filter)),
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

fn compared(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "is",
        CompareOp::NotEqual => "is not",
        CompareOp::Less => "below",
        CompareOp::LessOrEqual => "at most",
        CompareOp::Greater => "above",
        CompareOp::GreaterOrEqual => "at least",
    }
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Literal(value) => literal(value),
        Operand::Expr(expr) => name(expr),
        Operand::Scalar(plan) => {
            plan.outputs.first().map_or_else(|| "another result".into(), |output| spaced(&output.name))
        }
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Integer(integer) => integer.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => text.clone(),
        Literal::Boolean(flag) => if *flag { "yes" } else { "no" }.into(),
    }
}

fn name(expr: &Expr) -> String {
    match expr {
        Expr::Field(field) | Expr::Bucket { field, .. } | Expr::Part { field, .. } => spaced(&field.field),
        Expr::Metric(metric) => spaced(metric),
        Expr::Count { dataset } => format!("number of {}", spaced(dataset)),
        Expr::Aggregate { of, .. }
        | Expr::Where { of, .. }
        | Expr::Total { of }
        | Expr::RunningTotal { of }
        | Expr::Previous { of }
        | Expr::Rank { by: of, .. } => name(of),
        Expr::Arithmetic { left, .. } => name(left),
        Expr::DaysBetween { from, to } => {
            format!("days from {} to {}", spaced(&from.field), spaced(&to.field))
        }
        Expr::Literal(value) => literal(value),
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
