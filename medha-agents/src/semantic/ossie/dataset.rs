//! Datasets and their fields.

use serde_json::Value;

use super::VENDOR;
use super::document::{ai_context, expression, extension};
use super::walk::{Node, Walk, kind, scalar};
use crate::plan::AggregateFunction;
use crate::semantic::model::{
    DataType, Dataset, Denied, Entity, Field, FieldValue, PiiAction, Role, SemanticModel,
};

const DATASET_KEYS: &[&str] = &[
    "name",
    "source",
    "primary_key",
    "unique_keys",
    "description",
    "ai_context",
    "fields",
    "custom_extensions",
];
const DATASET_EXTENSION: &[&str] =
    &["entity", "default_time", "label_fields", "grain", "row_filter", "owner", "update_frequency", "hidden"];
const FIELD_KEYS: &[&str] = &[
    "name",
    "expression",
    "dimension",
    "label",
    "description",
    "datatype",
    "ai_context",
    "custom_extensions",
];
const FIELD_EXTENSION: &[&str] =
    &["role", "pii", "is_enum", "values", "sample_values", "default_agg", "unit", "format", "computed"];

/// Ossie's names of data types.
pub(super) const DATA_TYPES: &[(&str, DataType)] = &[
    ("String", DataType::String),
    ("Integer", DataType::Integer),
    ("Decimal", DataType::Decimal),
    ("Float", DataType::Float),
    ("Boolean", DataType::Boolean),
    ("Date", DataType::Date),
    ("Time", DataType::Time),
    ("DateTime", DataType::DateTime),
    ("DateTimeTz", DataType::DateTimeTz),
    ("Opaque", DataType::Opaque),
];

/// The names of aggregates in `default_agg`; the first name of each is the one written.
pub(super) const AGGREGATES: &[(&str, AggregateFunction)] = &[
    ("sum", AggregateFunction::Sum),
    ("avg", AggregateFunction::Average),
    ("average", AggregateFunction::Average),
    ("min", AggregateFunction::Min),
    ("max", AggregateFunction::Max),
    ("count", AggregateFunction::Count),
    ("count_distinct", AggregateFunction::CountDistinct),
    ("median", AggregateFunction::Median),
];

/// Roles of fields.
pub(super) const ROLES: &[(&str, Role)] =
    &[("key", Role::Key), ("dimension", Role::Dimension), ("time", Role::Time), ("measure", Role::Measure)];

/// Reads a dataset into the model.
pub(super) fn read(walk: &mut Walk, path: String, value: &Value, model: &mut SemanticModel) {
    let Some(node) = walk.node(path, value, DATASET_KEYS) else { return };
    let (notes, synonyms) = ai_context(walk, &node);
    let mut dataset = Dataset {
        name: walk.required(&node, "name").unwrap_or_default(),
        source: walk.required(&node, "source").unwrap_or_default(),
        primary_key: walk.texts(&node, "primary_key"),
        description: walk.text(&node, "description"),
        synonyms,
        notes,
        ..Dataset::default()
    };
    for (index, item) in walk.list(&node, "unique_keys").iter().enumerate() {
        match item {
            Value::Array(names) => dataset.unique_keys.push(names.iter().filter_map(scalar).collect()),
            other => walk
                .problem(node.item("unique_keys", index), format!("expected a list, found {}", kind(other))),
        }
    }
    for (index, item) in walk.list(&node, "fields").iter().enumerate() {
        if let Some((field, denied_here)) = field(walk, node.item("fields", index), item) {
            if denied_here {
                model.denied.push(denied(&dataset, field));
            } else {
                dataset.fields.push(field);
            }
        }
    }
    let data = extension(walk, &node);
    if let Some(data) = &data
        && let Some(extension) = walk.node(format!("{}.{VENDOR}", node.path), data, DATASET_EXTENSION)
    {
        extend(walk, &extension, &mut dataset);
    }
    model.datasets.push(dataset);
}

/// What is kept of a field that nobody may read.
pub(super) fn denied(dataset: &Dataset, field: Field) -> Denied {
    Denied {
        dataset: dataset.name.clone(),
        source: dataset.source.clone(),
        field: Some(field.name),
        expression: field.expression,
        pii: field.pii,
    }
}

fn extend(walk: &mut Walk, node: &Node<'_>, dataset: &mut Dataset) {
    dataset.default_time = walk.text(node, "default_time");
    dataset.label_fields = walk.texts(node, "label_fields");
    dataset.grain = walk.text(node, "grain");
    dataset.row_filter = walk.text(node, "row_filter");
    dataset.owner = walk.text(node, "owner");
    dataset.update_frequency = walk.text(node, "update_frequency");
    dataset.hidden = walk.flag(node, "hidden").unwrap_or(false);
    match node.map.get("entity") {
        None | Some(Value::Null) => {}
        Some(Value::String(singular)) => {
            let plural = pluralizer::pluralize(singular, 2, false);
            dataset.entity = Some(Entity { singular: singular.clone(), plural });
        }
        Some(value) => {
            if let Some(entity) = walk.node(node.at("entity"), value, &["singular", "plural"])
                && let Some(singular) = walk.required(&entity, "singular")
            {
                let plural = walk
                    .text(&entity, "plural")
                    .unwrap_or_else(|| pluralizer::pluralize(&singular, 2, false));
                dataset.entity = Some(Entity { singular, plural });
            }
        }
    }
}

/// Reads a field; the flag says whether it may not be read.
fn field(walk: &mut Walk, path: String, value: &Value) -> Option<(Field, bool)> {
    let node = walk.node(path, value, FIELD_KEYS)?;
    let name = walk.required(&node, "name").unwrap_or_default();
    let (notes, synonyms) = ai_context(walk, &node);
    let data_type = walk.one_of(&node, "datatype", DATA_TYPES);
    let is_time = match node.map.get("dimension") {
        None | Some(Value::Null) => None,
        Some(value) => walk
            .node(node.at("dimension"), value, &["is_time"])
            .and_then(|dimension| walk.flag(&dimension, "is_time")),
    };
    let mut field = Field {
        name,
        expression: expression(walk, &node).unwrap_or_default(),
        data_type: data_type.unwrap_or_default(),
        role: role(data_type, is_time),
        description: walk.text(&node, "description"),
        label: walk.text(&node, "label"),
        synonyms,
        notes,
        ..Field::default()
    };
    let data = extension(walk, &node);
    let mut denied = false;
    if let Some(data) = &data
        && let Some(extension) = walk.node(format!("{}.{VENDOR}", node.path), data, FIELD_EXTENSION)
    {
        denied = extend_field(walk, &extension, &mut field);
    }
    Some((field, denied))
}

/// The role of a field that does not say: Ossie's `is_time`, else what its type suggests.
fn role(data_type: Option<DataType>, is_time: Option<bool>) -> Role {
    let temporal = matches!(data_type, Some(DataType::Date | DataType::DateTime | DataType::DateTimeTz));
    if is_time.unwrap_or(temporal) {
        return Role::Time;
    }
    match data_type {
        Some(DataType::Decimal | DataType::Float) => Role::Measure,
        _ => Role::Dimension,
    }
}

fn extend_field(walk: &mut Walk, node: &Node<'_>, field: &mut Field) -> bool {
    if let Some(role) = walk.one_of(node, "role", ROLES) {
        field.role = role;
    }
    field.default_aggregate = walk.one_of(node, "default_agg", AGGREGATES);
    field.unit = walk.text(node, "unit");
    field.format = walk.text(node, "format");
    field.sample_values = walk.texts(node, "sample_values");
    field.values_complete = walk.flag(node, "is_enum").unwrap_or(false);
    // `computed` tells other readers what the expression tells us.
    walk.flag(node, "computed");
    for (index, item) in walk.list(node, "values").iter().enumerate() {
        let path = node.item("values", index);
        if let Some(value) = scalar(item) {
            field.values.push(FieldValue { value, synonyms: Vec::new() });
        } else if let Some(entry) = walk.node(path, item, &["value", "synonyms"])
            && let Some(value) = walk.text(&entry, "value")
        {
            field.values.push(FieldValue { value, synonyms: walk.texts(&entry, "synonyms") });
        }
    }
    let mut denied = false;
    if let Some(value) = node.map.get("pii")
        && !value.is_null()
        && let Some(pii) = walk.node(node.at("pii"), value, &["class", "action"])
    {
        let actions = [("mask", Some(PiiAction::Mask)), ("hash", Some(PiiAction::Hash)), ("deny", None)];
        field.pii = walk.required(&pii, "class");
        match walk.one_of(&pii, "action", &actions) {
            Some(Some(action)) => field.pii_action = Some(action),
            Some(None) => denied = true,
            None => {}
        }
    }
    denied
}
