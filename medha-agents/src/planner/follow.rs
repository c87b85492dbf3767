//! What can be asked next: each follow-up is read before it is offered, and asks something new.

use jiff::civil::DateTime;

use super::lexicon::Lexicon;
use super::phrase::{dimensions, field_words, identifier, measure, plural, singular};
use super::propose::capital;
use super::read::read;
use super::understanding::Planned;
use crate::plan::{AnalysisPlan, CompareOp, Expr, Filter, Literal, Operand, TimeRange};

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
    let context = plans.first().and_then(|plan| context(plan));
    for candidate in candidates {
        if offered.len() == MOST {
            break;
        }
        let Some((candidate, plan)) = in_context(&candidate, context.as_deref(), plans.first(), lexicon, now)
        else {
            continue;
        };
        let known =
            plans.iter().any(|known| **known == plan) || offered.iter().any(|(_, known)| *known == plan);
        if !known {
            offered.push((candidate, plan));
        }
    }
    offered.into_iter().map(|(question, _)| question).collect()
}

/// A candidate asked of the same rows as the answered question, and its plan.
fn in_context(
    candidate: &str,
    context: Option<&str>,
    answered: Option<&&AnalysisPlan>,
    lexicon: &Lexicon,
    now: DateTime,
) -> Option<(String, AnalysisPlan)> {
    let understood = |question: &str| {
        let reading = read(question, lexicon, now);
        let plan = reading.step.ok()?.plan;
        (reading.unknown.is_empty() && !plan.outputs.is_empty()).then_some(plan)
    };
    let plain = understood(candidate)?;
    let (Some(context), Some(answered)) = (context, answered) else {
        return Some((candidate.to_owned(), plain));
    };
    // A candidate with a window of its own asks about other rows on purpose.
    if context.is_empty() || (plain.time.is_some() && answered.filters.is_empty()) {
        return Some((candidate.to_owned(), plain));
    }
    let question = format!("{candidate}{context}");
    let plan = understood(&question)?;
    let end = |plan: &AnalysisPlan| plan.time.as_ref().map(|time| time.end);
    let keeps = end(&plan) == end(answered)
        && plan.filters.len() == answered.filters.len()
        && answered.filters.iter().all(|filter| plan.filters.contains(filter));
    keeps.then_some((question, plan))
}

/// The window and the values of a plan as words that can be asked again; `None` if it has conditions beyond them.
fn context(plan: &AnalysisPlan) -> Option<String> {
    let mut words = String::new();
    for filter in &plan.filters {
        match filter {
            Filter::Compare {
                left: Expr::Field(_),
                op: CompareOp::Equal,
                right: Operand::Literal(Literal::Text(value)),
            } => words.push_str(&format!(" for {value}")),
            _ => return None,
        }
    }
    if let Some(time) = &plan.time {
        words.push_str(&window_words(time)?);
    }
    Some(words)
}

/// A window as it is asked for: the words of its label, or its days.
fn window_words(time: &TimeRange) -> Option<String> {
    let label = time.label.split(" (").next().unwrap_or_default();
    let label = label.split(", since ").next().unwrap_or_default();
    let relative = ["this ", "last ", "next ", "today", "yesterday", "since ", "before ", "after ", "until "];
    if relative.iter().any(|word| label.starts_with(word)) {
        return Some(format!(" {label}"));
    }
    if label.starts_with("the last ") || !label.contains('-') {
        return Some(format!(" in {label}"));
    }
    let last = time.end?.checked_sub(jiff::Span::new().days(1)).ok()?;
    Some(format!(" from {} to {}", time.start?.date(), last.date()))
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
    if plan.time.is_none() {
        candidates.push(format!("{name} last year"));
        candidates.push(format!("{name} by year"));
    }
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
