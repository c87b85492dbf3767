//! A plan in plain words, for titles and explanations.

use super::analysis::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, CompareOp, DatePart, Expr, FieldRef, Filter, Grain,
    Literal, Operand, SetOp, TextMatch, TimeRange,
};
use crate::semantic::{SemanticModel, identifier_words, plural, singular};

/// Says in plain words what a plan asks for.
///
/// ```
/// use medha_agents::plan::{AnalysisPlan, Expr, Output, describe};
/// use medha_agents::semantic::SemanticModel;
///
/// let plan = AnalysisPlan {
///     subject: "orders".into(),
///     outputs: vec![Output { expr: Expr::Count { dataset: "orders".into() }, name: "orders".into() }],
///     limit: Some(5),
///     ..AnalysisPlan::default()
/// };
/// assert_eq!(describe(&plan, &SemanticModel::default()), "number of orders; the first 5");
/// ```
#[must_use]
pub fn describe(plan: &AnalysisPlan, model: &SemanticModel) -> String {
    let words = Words { model };
    let is_number = |expr: &Expr| expr.is_aggregate();
    let (numbers, others): (Vec<&Expr>, Vec<&Expr>) =
        plan.outputs.iter().map(|output| &output.expr).partition(|expr| is_number(expr));
    let mut text = if numbers.is_empty() {
        let shown: Vec<String> = others.iter().map(|expr| words.expr(expr)).collect();
        let each = if plan.distinct { "distinct " } else { "" };
        format!("{each}{} of {}", list(&shown), words.many(&plan.subject))
    } else {
        let shown: Vec<String> = numbers.iter().map(|expr| words.expr(expr)).collect();
        let groups: Vec<String> = others.iter().map(|expr| words.expr(expr)).collect();
        if groups.is_empty() { list(&shown) } else { format!("{} by {}", list(&shown), list(&groups)) }
    };
    let mut conditions: Vec<String> = plan.filters.iter().map(|filter| words.filter(filter)).collect();
    conditions.extend(plan.having.iter().map(|filter| words.filter(filter)));
    if !conditions.is_empty() {
        text = format!("{text}, where {}", conditions.join(" and "));
    }
    if let Some(time) = &plan.time {
        text = format!("{text}, {}", words.time(time));
    }
    let mut endings = Vec::new();
    if let Some(top) = &plan.top_per_group {
        let groups: Vec<String> = top.partition.iter().map(|expr| words.expr(expr)).collect();
        endings.push(format!("the first {} of each {}", top.count, list(&groups)));
    }
    if !plan.order.is_empty() {
        let keys: Vec<String> = plan
            .order
            .iter()
            .map(|order| {
                let way = if order.descending { "highest" } else { "lowest" };
                format!("{} ({way} first)", words.expr(&order.expr))
            })
            .collect();
        endings.push(format!("ordered by {}", list(&keys)));
    }
    match (plan.limit, plan.offset.filter(|offset| *offset > 0)) {
        (Some(1), None) => endings.push("only the first".to_owned()),
        (Some(limit), None) => endings.push(format!("the first {limit}")),
        (Some(limit), Some(offset)) => endings.push(format!("{limit} after the first {offset}")),
        (None, Some(offset)) => endings.push(format!("without the first {offset}")),
        (None, None) => {}
    }
    if plan.keep_empty {
        endings.push("with those that have none".to_owned());
    }
    if let Some(set) = &plan.set {
        let word = match set.op {
            SetOp::Union => "together with",
            SetOp::Intersect => "that are also among",
            SetOp::Except => "without",
        };
        endings.push(format!("{word} {}", describe(&set.with, model)));
    }
    std::iter::once(text).chain(endings).collect::<Vec<_>>().join("; ")
}

struct Words<'a> {
    model: &'a SemanticModel,
}

impl Words<'_> {
    fn many(&self, dataset: &str) -> String {
        let entity = self.model.dataset(dataset).and_then(|dataset| dataset.entity.as_ref());
        entity.map_or_else(|| named(dataset, plural), |entity| entity.plural.clone())
    }

    fn one(&self, dataset: &str) -> String {
        let entity = self.model.dataset(dataset).and_then(|dataset| dataset.entity.as_ref());
        entity.map_or_else(|| named(dataset, singular), |entity| entity.singular.clone())
    }

    /// A field by its name, with its dataset where the name alone says too little.
    fn field(&self, field: &FieldRef) -> String {
        let words = identifier_words(&field.field);
        let role = field.via.as_ref().and_then(|via| {
            let relationship = self.model.relationships.iter().find(|known| known.name == *via);
            relationship.and_then(|known| known.role.clone())
        });
        let owner = role.unwrap_or_else(|| self.one(&field.dataset));
        let name = words.join(" ");
        let vague =
            ["id", "name", "title", "date", "status", "type", "description", "city", "country", "email"];
        if vague.contains(&name.as_str()) && name != owner { format!("{owner} {name}") } else { name }
    }

    fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Field(field) => self.field(field),
            Expr::Bucket { grain, .. } => grain_word(*grain).to_owned(),
            Expr::Part { part, .. } => match part {
                DatePart::HourOfDay => "hour of the day",
                DatePart::DayOfWeek => "weekday",
                DatePart::DayOfMonth => "day of the month",
                DatePart::MonthOfYear => "month of the year",
                DatePart::QuarterOfYear => "quarter of the year",
                DatePart::Year => "year",
            }
            .to_owned(),
            Expr::Metric(name) => identifier_words(name).join(" "),
            Expr::Count { dataset } => format!("number of {}", self.many(dataset)),
            Expr::Aggregate { function, of } => format!("{} {}", function_word(*function), self.expr(of)),
            Expr::Where { of, filters, time } => {
                let mut conditions: Vec<String> = filters.iter().map(|filter| self.filter(filter)).collect();
                conditions.extend(time.iter().map(|time| self.time(time)));
                format!("{} ({})", self.expr(of), conditions.join(", "))
            }
            Expr::Total { of } => format!("all {}", self.expr(of)),
            Expr::Arithmetic { left, op, right } => {
                if let (ArithmeticOp::Divide, Expr::Total { of }) = (op, &**right)
                    && **of == **left
                {
                    return format!("share of {}", self.expr(left));
                }
                let word = match op {
                    ArithmeticOp::Add => "plus",
                    ArithmeticOp::Subtract => "minus",
                    ArithmeticOp::Multiply => "times",
                    ArithmeticOp::Divide => "per",
                };
                format!("{} {word} {}", self.expr(left), self.expr(right))
            }
            Expr::DaysBetween { from, to } => format!("days from {} to {}", self.field(from), self.field(to)),
            Expr::RunningTotal { of } => format!("running total of {}", self.expr(of)),
            Expr::Previous { of } => format!("{} before", self.expr(of)),
            Expr::Rank { by, .. } => format!("rank by {}", self.expr(by)),
            Expr::Literal(constant) => literal(constant),
        }
    }

    fn time(&self, time: &TimeRange) -> String {
        if !time.label.is_empty() {
            return time.label.clone();
        }
        match (time.start, time.end) {
            (Some(start), Some(end)) => format!("from {} until before {}", start.date(), end.date()),
            (Some(start), None) => format!("since {}", start.date()),
            (None, Some(end)) => format!("before {}", end.date()),
            (None, None) => "at any time".to_owned(),
        }
    }

    fn filter(&self, filter: &Filter) -> String {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        match filter {
            Filter::Compare { left, op, right } => {
                let word = match op {
                    CompareOp::Equal => "is",
                    CompareOp::NotEqual => "is not",
                    CompareOp::Less => "is less than",
                    CompareOp::LessOrEqual => "is at most",
                    CompareOp::Greater => "is more than",
                    CompareOp::GreaterOrEqual => "is at least",
                };
                let right = match right {
                    Operand::Literal(constant) => literal(constant),
                    Operand::Expr(other) => self.expr(other),
                    Operand::Scalar(plan) => format!("the {}", describe(plan, self.model)),
                };
                format!("{} {word} {right}", self.expr(left))
            }
            Filter::OneOf { expr, values, negated } => {
                let values: Vec<String> = values.iter().map(literal).collect();
                format!("{} is {}{}", self.expr(expr), not(negated), values.join(" or "))
            }
            Filter::Between { expr, low, high } => {
                format!("{} is between {} and {}", self.expr(expr), literal(low), literal(high))
            }
            Filter::Matches { expr, kind, text, negated } => {
                let word = match (kind, negated) {
                    (TextMatch::Contains, false) => "contains",
                    (TextMatch::Contains, true) => "does not contain",
                    (TextMatch::StartsWith, false) => "starts with",
                    (TextMatch::StartsWith, true) => "does not start with",
                    (TextMatch::EndsWith, false) => "ends with",
                    (TextMatch::EndsWith, true) => "does not end with",
                };
                format!("{} {word} {text:?}", self.expr(expr))
            }
            Filter::Missing { expr, negated } => {
                let word = if *negated { "is given" } else { "is missing" };
                format!("{} {word}", self.expr(expr))
            }
            Filter::Related { dataset, filters, time, negated } => {
                let word = if *negated { "there are no" } else { "there are" };
                let mut conditions: Vec<String> = filters.iter().map(|filter| self.filter(filter)).collect();
                conditions.extend(time.iter().map(|time| self.time(time)));
                let whose = if conditions.is_empty() {
                    String::new()
                } else {
                    format!(" with {}", conditions.join(" and "))
                };
                format!("{word} {}{whose}", self.many(dataset))
            }
            Filter::During(time) => self.time(time),
            Filter::Named(name) => identifier_words(name).join(" "),
            Filter::Any(filters) => {
                let parts: Vec<String> = filters.iter().map(|filter| self.filter(filter)).collect();
                format!("({})", parts.join(" or "))
            }
            Filter::All(filters) => {
                filters.iter().map(|filter| self.filter(filter)).collect::<Vec<_>>().join(" and ")
            }
            Filter::Not(filter) => format!("not ({})", self.filter(filter)),
        }
    }
}

/// A dataset's name in words, its last word as one or as several.
fn named(dataset: &str, number: impl Fn(&str) -> String) -> String {
    let mut words = identifier_words(dataset);
    if let Some(last) = words.last_mut() {
        *last = number(&singular(last));
    }
    words.join(" ")
}

fn grain_word(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::Year => "year",
    }
}

fn function_word(function: AggregateFunction) -> &'static str {
    match function {
        AggregateFunction::Sum => "total",
        AggregateFunction::Average => "average",
        AggregateFunction::Min => "least",
        AggregateFunction::Max => "greatest",
        AggregateFunction::Count => "number of",
        AggregateFunction::CountDistinct => "number of different",
        AggregateFunction::Median => "median",
    }
}

fn literal(constant: &Literal) -> String {
    match constant {
        Literal::Integer(number) => number.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => format!("{text:?}"),
        Literal::Boolean(flag) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}

/// `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
