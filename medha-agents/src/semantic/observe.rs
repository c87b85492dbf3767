//! What the database shows of a model: values, ranges and row counts.

use medha_connectors::{Column, ColumnKind, Schema};

use super::expression::plain_column;
use super::infer::stored_as;
use super::model::{DataType, Field, FieldValue, SemanticModel};

/// At most this many values of a field are kept; more make the lexicon slow and the matches vague.
const MOST_VALUES: usize = 2000;

impl SemanticModel {
    /// Adds what was seen in the database: values, ranges, row counts, and types where the model gives none.
    ///
    /// The file wins: values that it lists keep their synonyms, and its types and roles are never changed.
    /// Fields with personal data (`pii`) get no values and no range.
    pub fn observe(&mut self, schema: &Schema) {
        for dataset in &mut self.datasets {
            let Some(table) = schema.table(&dataset.source) else { continue };
            if dataset.row_count.is_none() {
                dataset.row_count = table.row_count;
            }
            for field in &mut dataset.fields {
                let column = plain_column(&field.expression).and_then(|name| table.column(&name).cloned());
                if let Some(column) = column {
                    observe_field(field, &column);
                }
            }
        }
    }
}

fn observe_field(field: &mut Field, column: &Column) {
    // A text column that holds only dates is read as dates, whatever the file leaves open.
    if field.data_type == DataType::String && column.kind != ColumnKind::Text {
        let (data_type, _) = stored_as(column);
        if matches!(data_type, DataType::Date | DataType::DateTime) {
            field.data_type = data_type;
        }
    }
    let Some(profile) = &column.profile else { return };
    if field.pii.is_some() {
        return;
    }
    if field.min.is_none() {
        field.min.clone_from(&profile.min);
    }
    if field.max.is_none() {
        field.max.clone_from(&profile.max);
    }
    let listed = !field.values.is_empty();
    for value in profile.values.iter().filter(|value| !value.trim().is_empty()).take(MOST_VALUES) {
        if !field.values.iter().any(|known| known.value == *value) {
            field.values.push(FieldValue { value: value.clone(), synonyms: Vec::new() });
        }
    }
    if profile.complete && profile.values.len() <= MOST_VALUES && (!listed || field.values_complete) {
        field.values_complete = true;
    }
}
