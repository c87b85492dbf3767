//! Questions worth asking after an answer, in words; whoever offers them checks first that the planner understands them.

use crate::plan::{AggregateFunction, Expr};
use crate::planner::{Intent, PlannedStep};
use crate::semantic::{Field, Role, SemanticModel};

/// Groups with at most so many values are worth a look.
const FEW_VALUES: usize = 20;
/// So many other groups are suggested.
const MOST_GROUPS: usize = 4;

/// Follow-up questions to steps: over time, by another group, the first few.
pub(crate) fn suggest(steps: &[PlannedStep], model: &SemanticModel) -> Vec<String> {
    let mut questions = Vec::new();
    for step in steps {
        let Some(measure) = step.plan.outputs.iter().find_map(|output| measure(&output.expr, model)) else {
            continue;
        };
        let when = step.plan.time.as_ref().map(|time| format!(" {}", short(&time.label))).unwrap_or_default();
        let over_time = step.plan.outputs.iter().any(|output| matches!(output.expr, Expr::Bucket { .. }));
        let used: Vec<&str> = step.plan.outputs.iter().filter_map(|output| group(&output.expr)).collect();
        let mut groups = groups(step, model).filter(|name| !used.contains(&name.as_str())).take(MOST_GROUPS);
        if let (Some(used), false) = (used.first(), over_time) {
            questions.push(format!("{measure} by {} by month{when}", spaced(used)));
        }
        if !over_time {
            questions.push(format!("{measure} by month{when}"));
        }
        questions.extend(groups.by_ref().take(1).map(|name| format!("{measure} by {}{when}", spaced(&name))));
        if let (Some(used), Intent::Breakdown | Intent::Share) = (used.first(), step.intent) {
            questions.push(format!("top 3 {} by {measure}{when}", crate::insight::plural(&spaced(used))));
        }
        questions.extend(groups.map(|name| format!("{measure} by {}{when}", spaced(&name))));
    }
    questions.iter().map(|question| crate::insight::capital(question)).collect()
}

/// What is measured, as one would say it.
fn measure(expr: &Expr, model: &SemanticModel) -> Option<String> {
    match expr {
        Expr::Metric(name) => Some(spaced(name)),
        Expr::Count { dataset } => {
            let entity = model.dataset(dataset).and_then(|dataset| dataset.entity.as_ref());
            let plural = entity.map_or_else(|| spaced(dataset), |entity| entity.plural.clone());
            Some(format!("number of {plural}"))
        }
        Expr::Aggregate { function, of } => {
            let Expr::Field(field) = &**of else { return None };
            let word = match function {
                AggregateFunction::Sum => "total",
                AggregateFunction::Average => "average",
                AggregateFunction::Min => "minimum",
                AggregateFunction::Max => "maximum",
                AggregateFunction::Median => "median",
                AggregateFunction::Count | AggregateFunction::CountDistinct => return None,
            };
            Some(format!("{word} {}", spaced(&field.field)))
        }
        Expr::Where { of, .. } | Expr::Total { of } | Expr::RunningTotal { of } | Expr::Previous { of } => {
            measure(of, model)
        }
        Expr::Field(_)
        | Expr::Bucket { .. }
        | Expr::Part { .. }
        | Expr::Arithmetic { .. }
        | Expr::DaysBetween { .. }
        | Expr::Rank { .. }
        | Expr::Literal(_) => None,
    }
}

fn group(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Field(field) => Some(&field.field),
        _ => None,
    }
}

/// Fields with few values, those of the step's own dataset first and then of datasets it refers to.
fn groups<'a>(step: &'a PlannedStep, model: &'a SemanticModel) -> impl Iterator<Item = String> + 'a {
    let subject = step.plan.subject.as_str();
    let referred =
        model.relationships.iter().filter(move |way| way.from == subject).map(|way| way.to.as_str());
    let names = std::iter::once(subject).chain(referred);
    let few = |field: &&Field| {
        field.role == Role::Dimension
            && field.values_complete
            && (2..=FEW_VALUES).contains(&field.values.len())
    };
    let datasets = names.filter_map(|name| model.dataset(name));
    datasets.flat_map(move |dataset| dataset.fields.iter().filter(few)).map(|field| field.name.clone())
}

/// `this year (2025)` as `this year`.
fn short(label: &str) -> &str {
    label.split(" (").next().unwrap_or(label)
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
