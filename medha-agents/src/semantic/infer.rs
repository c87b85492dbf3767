//! Makes a model from a bare schema: names become words, foreign keys become relationships,
//! few-valued text becomes values, dates become time, numbers become measures, and what events measure becomes metrics.
//!
//! It says nothing that the schema and a look at the values do not suggest: there are no named filters, and a
//! relationship that nobody declared is marked as guessed.

mod fields;
mod metrics;
mod naming;
mod relationships;

use medha_connectors::{Schema, Table};

use super::model::{DataType, Dataset, Role, SemanticModel};
use super::words;
use naming::Naming;

pub(super) use fields::stored_as;

/// Makes a semantic model of a database that has none.
///
/// ```
/// use medha_agents::semantic::infer;
/// use medha_connectors::Schema;
///
/// assert!(infer(&Schema::default()).datasets.is_empty());
/// ```
#[must_use]
pub fn infer(schema: &Schema) -> SemanticModel {
    let naming = Naming::of(schema);
    let mut model = SemanticModel::default();
    for table in &schema.tables {
        model.datasets.push(dataset(table, &naming));
    }
    model.relationships = relationships::infer(schema, &model, &naming);
    for index in 0..model.datasets.len() {
        mark_references(&mut model, index);
    }
    for index in 0..model.datasets.len() {
        let hidden = is_link(&model, &model.datasets[index]);
        let default_time = fields::default_time(&model.datasets[index], &naming);
        let labels = fields::label_fields(&model.datasets[index], &naming);
        let dataset = &mut model.datasets[index];
        (dataset.hidden, dataset.default_time, dataset.label_fields) = (hidden, default_time, labels);
    }
    model.metrics = metrics::infer(&model);
    model
}

fn dataset(table: &Table, naming: &Naming) -> Dataset {
    let primary_key = relationships::key_of(table);
    let entity = naming.entity(table);
    let mut unique_keys = table.unique_keys.clone();
    unique_keys.retain(|key| *key != primary_key);
    Dataset {
        name: table.name.clone(),
        source: source(&table.name),
        fields: table
            .columns
            .iter()
            .map(|column| fields::field(table, column, &primary_key, naming))
            .collect(),
        synonyms: naming.table_synonyms(table, &entity),
        primary_key,
        unique_keys,
        description: table.comment.clone(),
        entity: Some(entity),
        row_count: table.row_count,
        ..Dataset::default()
    }
}

/// The source of a dataset over a table; quoted where a dot would be read as a schema.
fn source(table: &str) -> String {
    if table.contains(['.', '"']) || super::is_query(table) {
        format!("\"{}\"", table.replace('"', "\"\""))
    } else {
        table.to_owned()
    }
}

/// Fields that refer to other datasets are keys, whatever their type suggested.
fn mark_references(model: &mut SemanticModel, index: usize) {
    let name = model.datasets[index].name.clone();
    let referring: Vec<String> = model
        .relationships
        .iter()
        .filter(|relationship| relationship.from == name)
        .flat_map(|relationship| relationship.from_columns.clone())
        .collect();
    for field in &mut model.datasets[index].fields {
        // A natural key that people also group by (a city's name) stays a dimension.
        if referring.contains(&field.name) && field.expression.starts_with("CAST(") {
            // Keys are compared with keys, as they are stored.
            field.expression = fields::quote(&field.name);
            field.data_type = DataType::String;
        }
        let natural = field.role == Role::Dimension
            && field.data_type == DataType::String
            && words::identifier_words(&field.name).last().is_none_or(|word| word != "id" && word != "code");
        if referring.contains(&field.name) && !natural {
            field.role = Role::Key;
            field.default_aggregate = None;
            field.format = None;
        }
    }
}

/// Whether a dataset only links others: nothing but keys, two of them to different datasets.
fn is_link(model: &SemanticModel, dataset: &Dataset) -> bool {
    let mut targets: Vec<&str> = model
        .relationships
        .iter()
        .filter(|relationship| relationship.from == dataset.name)
        .map(|relationship| relationship.to.as_str())
        .collect();
    targets.sort_unstable();
    targets.dedup();
    targets.len() >= 2
        && dataset.fields.iter().all(|field| field.role == Role::Key)
        && !model.relationships.iter().any(|relationship| relationship.to == dataset.name)
}
