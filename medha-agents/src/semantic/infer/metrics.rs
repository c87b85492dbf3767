//! Metrics that a bare schema suggests: the sums of what events measure.
//!
//! A row of an event (a payment, a day's sales) has a moment and no name of its own; what it measures is asked for in sums.
//! A number of a named thing (a film's length, a shop's floor area) stays a field, because a sum of it means nothing.

use crate::plan::AggregateFunction;
use crate::semantic::model::{Additivity, Dataset, Field, Metric, Role, SemanticModel};
use crate::semantic::words::identifier_words;

use super::fields::quote;

/// A sum for each number that events measure.
pub(super) fn infer(model: &SemanticModel) -> Vec<Metric> {
    let summed: Vec<(&Dataset, &Field)> = model
        .datasets
        .iter()
        .filter(|dataset| is_event(dataset))
        .flat_map(|dataset| dataset.fields.iter().map(move |field| (dataset, field)))
        .filter(|(_, field)| {
            field.role == Role::Measure && field.default_aggregate == Some(AggregateFunction::Sum)
        })
        .collect();
    let is_shared = |name: &str| summed.iter().filter(|(_, field)| field.name == name).count() > 1;
    summed.iter().map(|(dataset, field)| metric(dataset, field, is_shared(&field.name))).collect()
}

fn is_event(dataset: &Dataset) -> bool {
    !dataset.hidden && dataset.default_time.is_some() && dataset.label_fields.is_empty()
}

fn metric(dataset: &Dataset, field: &Field, is_shared: bool) -> Metric {
    let words = identifier_words(&field.name).join(" ");
    let mut synonyms = field.synonyms.clone();
    let name = if is_shared {
        synonyms.push(words);
        format!("{}_{}", dataset.name, field.name)
    } else {
        field.name.clone()
    };
    Metric {
        name,
        expression: format!("SUM({}.{})", quote(&dataset.name), quote(&field.name)),
        dataset: dataset.name.clone(),
        description: field.description.clone(),
        synonyms,
        time: dataset.default_time.as_ref().map(|time| format!("{}.{time}", dataset.name)),
        format: field.format.clone(),
        unit: field.unit.clone(),
        additivity: Additivity::Additive,
        data_type: Some(field.data_type),
        ..Metric::default()
    }
}
