//! Plans on one line, so that tests read as tables.

use crate::plan::{AnalysisPlan, CompareOp, Expr, FieldRef, Filter, Literal, Operand, TimeRange};

/// A plan on one line.
pub(super) fn render(plan: &AnalysisPlan) -> String {
    let mut parts =
        vec![format!("{}: {}", plan.subject, join(plan.outputs.iter().map(|output| expr(&output.expr))))];
    let mut part = |name: &str, text: String| {
        if !text.is_empty() {
            parts.push(format!("{name} {text}"));
        }
    };
    part("key", join(plan.group_by.iter().map(expr)));
    part("where", join(plan.filters.iter().map(filter)));
    part("time", plan.time.as_ref().map(time).unwrap_or_default());
    part("having", join(plan.having.iter().map(filter)));
    let order = |order: &crate::plan::Order| {
        format!("{}{}", if order.descending { "-" } else { "+" }, expr(&order.expr))
    };
    part("order", join(plan.order.iter().map(order)));
    part("limit", plan.limit.map(|limit| limit.to_string()).unwrap_or_default());
    part("offset", plan.offset.map(|offset| offset.to_string()).unwrap_or_default());
    part("distinct", if plan.distinct { "rows".into() } else { String::new() });
    part("keep", if plan.keep_empty { "empty".into() } else { String::new() });
    if let Some(top) = &plan.top_per_group {
        part(
            "top",
            format!(
                "{} of {} by {}",
                top.count,
                join(top.partition.iter().map(expr)),
                join(top.order.iter().map(order))
            ),
        );
    }
    if let Some(set) = &plan.set {
        part("also", format!("{:?} [{}]", set.op, render(&set.with)));
    }
    parts.join(" | ")
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn field(field: &FieldRef) -> String {
    format!("{}.{}", field.dataset, field.field)
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Integer(number) => number.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => format!("'{text}'"),
        Literal::Boolean(yes) => yes.to_string(),
    }
}

fn time(range: &TimeRange) -> String {
    let day = |moment: Option<jiff::civil::DateTime>| {
        moment.map(|moment| moment.date().to_string()).unwrap_or_default()
    };
    format!("{} {}..{}", field(&range.field), day(range.start), day(range.end))
}

fn expr(value: &Expr) -> String {
    match value {
        Expr::Field(known) => field(known),
        Expr::Bucket { field: known, grain } => format!("{grain:?}({})", field(known)),
        Expr::Part { field: known, part } => format!("{part:?}({})", field(known)),
        Expr::Metric(name) => format!("[{name}]"),
        Expr::Count { dataset } => format!("count({dataset})"),
        Expr::Aggregate { function, of } => format!("{function:?}({})", expr(of)),
        Expr::Where { of, filters, time: window } => {
            let window = window.as_ref().map(time).into_iter();
            format!("{}[{}]", expr(of), join(filters.iter().map(filter).chain(window)))
        }
        Expr::Total { of } => format!("total({})", expr(of)),
        Expr::Arithmetic { left, op, right } => format!("({} {op:?} {})", expr(left), expr(right)),
        Expr::RunningTotal { of } => format!("running({})", expr(of)),
        Expr::Previous { of } => format!("previous({})", expr(of)),
        Expr::Rank { by, .. } => format!("rank({})", expr(by)),
        Expr::Literal(value) => literal(value),
        other => format!("{other:?}"),
    }
}

fn filter(value: &Filter) -> String {
    let not = |negated: bool| if negated { "not " } else { "" };
    match value {
        Filter::Compare { left, op, right } => format!("{} {} {}", expr(left), sign(*op), operand(right)),
        Filter::OneOf { expr: of, values, negated } => {
            format!("{} {}in ({})", expr(of), not(*negated), join(values.iter().map(literal)))
        }
        Filter::Between { expr: of, low, high } => {
            format!("{} {}..{}", expr(of), literal(low), literal(high))
        }
        Filter::Matches { expr: of, kind, text, negated } => {
            format!("{} {}{kind:?} '{text}'", expr(of), not(*negated))
        }
        Filter::Missing { expr: of, negated } => format!("{} {}missing", expr(of), not(*negated)),
        Filter::Related { dataset, filters, time: window, negated } => {
            let window = window.as_ref().map(time).into_iter();
            format!(
                "{}{dataset}({})",
                if *negated { "no " } else { "some " },
                join(filters.iter().map(filter).chain(window))
            )
        }
        Filter::During(range) => time(range),
        Filter::Named(name) => format!("<{name}>"),
        Filter::Any(any) => format!("any({})", join(any.iter().map(filter))),
        Filter::All(all) => format!("all({})", join(all.iter().map(filter))),
        Filter::Not(inner) => format!("not {}", filter(inner)),
    }
}

fn operand(value: &Operand) -> String {
    match value {
        Operand::Literal(value) => literal(value),
        Operand::Expr(value) => expr(value),
        Operand::Scalar(plan) => format!("({})", render(plan)),
    }
}

fn sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "=",
        CompareOp::NotEqual => "<>",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
    }
}
