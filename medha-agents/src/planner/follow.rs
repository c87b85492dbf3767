//! What can be asked next: each follow-up is read before it is offered, and asks something new.

use jiff::civil::DateTime;

use super::lexicon::Lexicon;
use super::phrase::{dimensions, field_words, identifier, measure, plural, singular};
use super::propose::capital;
use super::read::read;
use super::understanding::Planned;
use crate::plan::{AnalysisPlan, Expr};

/// How many follow-ups are offered.
const MOST: usize = 4;

/// Questions that go on from an answered one.
pub(crate) fn follow_ups(planned: &Planned, lexicon: &Lexicon, now: DateTime) -> Vec<String> {
    let mut candidates: Vec<String> = Vec::new();
    let plans: Vec<&AnalysisPlan> = planned.steps.iter().map(|step| &step.plan).collect();
    for plan in &plans {
        match measure(plan, lexicon) {
            Some(measure) => of_measure(plan, &measure, lexicon, &mut candidates),
            None => of_list(plan, lexicon, &mut candidates),
        }
    }
    let mut offered: Vec<(String, AnalysisPlan)> = Vec::new();
    for candidate in candidates {
        if offered.len() == MOST {
            break;
        }
        let reading = read(&candidate, lexicon, now);
        let Ok(step) = reading.step else { continue };
        let known = plans.iter().any(|plan| **plan == step.plan)
            || offered.iter().any(|(_, plan)| *plan == step.plan);
        if reading.unknown.is_empty() && !known && !step.plan.outputs.is_empty() {
            offered.push((candidate, step.plan));
        }
    }
    offered.into_iter().map(|(question, _)| question).collect()
}

fn of_measure(plan: &AnalysisPlan, measure: &str, lexicon: &Lexicon, candidates: &mut Vec<String>) {
    let name = capital(measure);
    let by_time = plan.outputs.iter().any(|output| matches!(output.expr, Expr::Bucket { .. }));
    let group = plan.outputs.iter().find_map(|output| match &output.expr {
        Expr::Field(field) => Some(field_words(field, lexicon)),
        _ => None,
    });
    if !by_time {
        candidates.push(format!("{name} by month"));
    }
    if let (Some(group), None) = (&group, plan.limit) {
        candidates.push(format!("Top 5 {} by {measure}", super::lexicon::plural_of(group)));
    }
    for dimension in near_dimensions(plan, lexicon) {
        if group.as_deref() != Some(dimension.as_str()) {
            candidates.push(format!("{name} by {dimension}"));
        }
    }
    if let (Some(group), false) = (&group, by_time) {
        candidates.push(format!("{name} by {group} and month"));
    }
    candidates.push(format!("{name} last year"));
    candidates.push(format!("{name} by year"));
}

fn of_list(plan: &AnalysisPlan, lexicon: &Lexicon, candidates: &mut Vec<String>) {
    let Some(dataset) = lexicon.model.dataset(&plan.subject) else { return };
    let things = plural(dataset);
    candidates.push(format!("How many {things} are there?"));
    candidates.extend(
        dimensions(dataset)
            .iter()
            .take(3)
            .map(|field| format!("Number of {things} by {}", identifier(&field.name))),
    );
    for metric in lexicon.model.metrics.iter().take(4) {
        candidates.push(format!("Top 5 {things} by {}", identifier(&metric.name)));
    }
}

/// Fields to group by that lie near the rows of a plan.
fn near_dimensions(plan: &AnalysisPlan, lexicon: &Lexicon) -> Vec<String> {
    let Some(home) = lexicon.dataset_index(&plan.subject) else { return Vec::new() };
    let mut near: Vec<(usize, usize)> = (0..lexicon.model.datasets.len())
        .filter(|dataset| !lexicon.is_link(*dataset))
        .filter_map(|dataset| lexicon.graph.steps_up(home, dataset).map(|steps| (steps, dataset)))
        .collect();
    near.sort_unstable();
    let mut names: Vec<String> = Vec::new();
    for (steps, dataset) in near {
        let held = lexicon.dataset(dataset);
        names.extend(dimensions(held).iter().take(2).map(|field| identifier(&field.name)));
        let is_kind =
            held.row_count.is_some_and(|count| (2..=60).contains(&count)) && !held.label_fields.is_empty();
        if steps > 0 && is_kind {
            names.push(singular(held));
        }
    }
    names.dedup();
    names.truncate(6);
    names
}
