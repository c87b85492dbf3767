//! Metrics and relationships.

use serde_json::Value;

use super::VENDOR;
use super::dataset::DATA_TYPES;
use super::document::{ai_context, expression, extension};
use super::walk::{Node, Walk, kind};
use crate::semantic::expression::anchor;
use crate::semantic::model::{Additivity, JoinType, Metric, Relationship, SemanticModel};

const METRIC_KEYS: &[&str] =
    &["name", "expression", "description", "datatype", "ai_context", "custom_extensions"];
const METRIC_EXTENSION: &[&str] = &[
    "dataset",
    "time",
    "filter",
    "format",
    "unit",
    "currency",
    "additivity",
    "higher_is_better",
    "kind",
    "line_level_equivalent",
];
const RELATIONSHIP_KEYS: &[&str] =
    &["name", "from", "to", "from_columns", "to_columns", "ai_context", "custom_extensions"];

/// Reads a relationship.
pub(super) fn relationship(walk: &mut Walk, path: String, value: &Value) -> Option<Relationship> {
    let node = walk.node(path, value, RELATIONSHIP_KEYS)?;
    let (_, synonyms) = ai_context(walk, &node);
    let mut relationship = Relationship {
        name: walk.required(&node, "name")?,
        from: walk.required(&node, "from")?,
        to: walk.required(&node, "to")?,
        from_columns: walk.texts(&node, "from_columns"),
        to_columns: walk.texts(&node, "to_columns"),
        synonyms,
        ..Relationship::default()
    };
    if relationship.from_columns.is_empty()
        || relationship.from_columns.len() != relationship.to_columns.len()
    {
        walk.problem(
            node.path.clone(),
            "\"from_columns\" and \"to_columns\" need as many columns as each other, at least one",
        );
    }
    let data = extension(walk, &node);
    if let Some(data) = &data
        && let Some(extension) =
            walk.node(format!("{}.{VENDOR}", node.path), data, &["role", "join_type", "guessed"])
    {
        relationship.role = walk.text(&extension, "role");
        let joins = [("inner", JoinType::Inner), ("left", JoinType::Left)];
        relationship.join_type = walk.one_of(&extension, "join_type", &joins);
        relationship.guessed = walk.flag(&extension, "guessed").unwrap_or(false);
    }
    Some(relationship)
}

/// Reads a metric; the datasets of the model must have been read before.
pub(super) fn read(walk: &mut Walk, path: String, value: &Value, model: &SemanticModel) -> Option<Metric> {
    let node = walk.node(path, value, METRIC_KEYS)?;
    let (notes, synonyms) = ai_context(walk, &node);
    let mut metric = Metric {
        name: walk.required(&node, "name")?,
        expression: expression(walk, &node)?,
        description: walk.text(&node, "description"),
        data_type: walk.one_of(&node, "datatype", DATA_TYPES),
        synonyms,
        notes,
        ..Metric::default()
    };
    let data = extension(walk, &node);
    if let Some(data) = &data
        && let Some(extension) = walk.node(format!("{}.{VENDOR}", node.path), data, METRIC_EXTENSION)
    {
        extend(walk, &extension, &mut metric);
    }
    if metric.dataset.is_empty() {
        match anchor(&metric.expression, model) {
            Ok(dataset) => metric.dataset = dataset,
            Err(message) => walk.problem(node.at("expression"), message),
        }
    }
    Some(metric)
}

fn extend(walk: &mut Walk, node: &Node<'_>, metric: &mut Metric) {
    metric.dataset = walk.text(node, "dataset").unwrap_or_default();
    metric.time = walk.text(node, "time");
    metric.filter = walk.text(node, "filter");
    metric.format = walk.text(node, "format");
    metric.unit = walk.text(node, "unit");
    metric.currency = walk.text(node, "currency");
    metric.higher_is_better = walk.flag(node, "higher_is_better");
    metric.line_level_equivalent = walk.text(node, "line_level_equivalent");
    metric.additivity = match node.map.get("additivity") {
        None | Some(Value::Null) => Additivity::Additive,
        Some(Value::Object(_)) => {
            let semi = node.map.get("additivity").and_then(|value| value.get("semi"));
            if semi.is_none() {
                walk.problem(node.at("additivity"), "expected additive, semi or non");
            }
            Additivity::Semi
        }
        Some(_) => {
            let words = [
                ("additive", Additivity::Additive),
                ("semi", Additivity::Semi),
                ("semi-additive", Additivity::Semi),
                ("non", Additivity::Non),
                ("non-additive", Additivity::Non),
            ];
            walk.one_of(node, "additivity", &words).unwrap_or_default()
        }
    };
    match node.map.get("kind") {
        None | Some(Value::Null) => {}
        Some(Value::String(word)) if ["simple", "derived"].contains(&word.as_str()) => {}
        Some(Value::Object(map)) if map.contains_key("ratio") => {
            // The expression says how the ratio is made; the kind says that it cannot be added up.
            metric.additivity = Additivity::Non;
        }
        Some(Value::Object(map)) if map.contains_key("cumulative") => walk.problem(
            node.at("kind"),
            "cumulative metrics are not supported yet; leave the kind out and ask for a running total",
        ),
        Some(Value::String(word)) => walk.problem(
            node.at("kind"),
            format!("{word:?} is not one of \"simple\", \"derived\", {{ratio: ..}}"),
        ),
        Some(other) => {
            walk.problem(node.at("kind"), format!("expected text or a map, found {}", kind(other)));
        }
    }
}
