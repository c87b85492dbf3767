//! Parts of a model and of a plan in words that the planner itself understands.

use super::lexicon::Lexicon;
use crate::plan::{AggregateFunction, AnalysisPlan, Expr, FieldRef};
use crate::semantic::{Dataset, Field, Role};

/// The plural a dataset is called by.
pub(crate) fn plural(dataset: &Dataset) -> String {
    match &dataset.entity {
        Some(entity) => entity.plural.to_lowercase(),
        None => identifier(&dataset.name),
    }
}

/// The singular a dataset is called by.
pub(crate) fn singular(dataset: &Dataset) -> String {
    match &dataset.entity {
        Some(entity) => entity.singular.to_lowercase(),
        None => identifier(&dataset.name),
    }
}

/// An identifier as words.
pub(crate) fn identifier(name: &str) -> String {
    super::text::words_of_identifier(name).join(" ")
}

/// The fields of a dataset that make sensible groups, the most telling first.
pub(crate) fn dimensions(dataset: &Dataset) -> Vec<&Field> {
    let mut fields: Vec<&Field> = dataset
        .fields
        .iter()
        .filter(|field| field.role == Role::Dimension && field.pii.is_none() && field.values_complete)
        .filter(|field| (2..=40).contains(&field.values.len()) && !dataset.label_fields.contains(&field.name))
        .collect();
    fields.sort_by_key(|field| field.values.len());
    fields
}

/// What a plan measures, as words to ask for it again.
pub(crate) fn measure(plan: &AnalysisPlan, lexicon: &Lexicon) -> Option<String> {
    let shown = plan.outputs.iter().map(|output| &output.expr);
    let ordered = plan.order.iter().map(|order| &order.expr);
    shown.chain(ordered).find_map(|expr| measure_of(expr, lexicon))
}

fn measure_of(expr: &Expr, lexicon: &Lexicon) -> Option<String> {
    match expr {
        Expr::Metric(name) => Some(identifier(name)),
        Expr::Count { dataset } => {
            let dataset = lexicon.model.dataset(dataset)?;
            Some(format!("number of {}", plural(dataset)))
        }
        Expr::Aggregate { function, of } => {
            let Expr::Field(field) = of.as_ref() else { return None };
            let word = match function {
                AggregateFunction::Sum => "total",
                AggregateFunction::Average => "average",
                AggregateFunction::Min => "minimum",
                AggregateFunction::Max => "maximum",
                AggregateFunction::Median => "median",
                AggregateFunction::Count | AggregateFunction::CountDistinct => return None,
            };
            Some(format!("{word} {}", field_words(field, lexicon)))
        }
        Expr::Where { of, .. } | Expr::Total { of } | Expr::RunningTotal { of } | Expr::Previous { of } => {
            measure_of(of, lexicon)
        }
        Expr::Rank { by, .. } => measure_of(by, lexicon),
        Expr::Arithmetic { left, right, .. } => {
            measure_of(left, lexicon).or_else(|| measure_of(right, lexicon))
        }
        Expr::Field(_)
        | Expr::Bucket { .. }
        | Expr::Part { .. }
        | Expr::DaysBetween { .. }
        | Expr::Literal(_) => None,
    }
}

/// A field as words.
pub(crate) fn field_words(field: &FieldRef, lexicon: &Lexicon) -> String {
    let generic = matches!(field.field.to_lowercase().as_str(), "name" | "title" | "id");
    match lexicon.model.dataset(&field.dataset) {
        Some(dataset) if generic || dataset.label_fields.contains(&field.field) => singular(dataset),
        Some(_) | None => identifier(&field.field),
    }
}
