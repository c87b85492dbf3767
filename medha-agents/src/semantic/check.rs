//! Whether a model fits a database.

use medha_connectors::{ColumnKind, Schema, Table};

use super::error::{Problem, hint};
use super::expression::{parse, references};
use super::model::{DataType, Dataset, SemanticModel};
use super::references;

impl SemanticModel {
    /// Everything in the model that does not hold: names that refer to nothing in it, tables and columns
    /// the database lacks, types that contradict what is stored. Empty if all is well.
    #[must_use]
    pub fn check(&self, schema: &Schema) -> Vec<Problem> {
        let mut problems = references::check(self);
        for dataset in &self.datasets {
            let at = format!("datasets[{:?}]", dataset.name);
            if is_query(&dataset.source) {
                continue;
            }
            let name = dataset.source.rsplit('.').next().unwrap_or(&dataset.source);
            let table = schema.table(&dataset.source).or_else(|| schema.table(name.trim_matches('"')));
            match table {
                Some(table) => columns(dataset, table, &at, &mut problems),
                None => {
                    let hint = hint(name, schema.tables.iter().map(|table| table.name.as_str()));
                    problems.push(Problem {
                        at: format!("{at}.source"),
                        message: format!("the database has no table {:?}{hint}", dataset.source),
                    });
                }
            }
        }
        for relationship in &self.relationships {
            let at = format!("relationships[{:?}]", relationship.name);
            for (side, columns, name) in [
                ("from", &relationship.from_columns, &relationship.from),
                ("to", &relationship.to_columns, &relationship.to),
            ] {
                let Some(dataset) = self.dataset(name) else { continue };
                let Some(table) = schema.table(&dataset.source) else { continue };
                for column in columns {
                    missing(dataset, table, &format!("{at}.{side}_columns"), column, &mut problems);
                }
            }
        }
        problems
    }
}

/// Whether a dataset's source is a query and not a table.
pub(crate) fn is_query(source: &str) -> bool {
    let first = source.split_whitespace().next().unwrap_or_default();
    ["select", "with", "values"].iter().any(|word| first.eq_ignore_ascii_case(word))
        && source.split_whitespace().count() > 1
}

/// Reports a key that is neither a field nor a column.
fn missing(dataset: &Dataset, table: &Table, at: &str, name: &str, problems: &mut Vec<Problem>) {
    if dataset.field(name).is_none() && table.column(name).is_none() {
        let hint = hint(name, table.columns.iter().map(|column| column.name.as_str()));
        problems.push(Problem {
            at: at.to_owned(),
            message: format!("the table {:?} has no column {name:?}{hint}", table.name),
        });
    }
}

fn columns(dataset: &Dataset, table: &Table, at: &str, problems: &mut Vec<Problem>) {
    let mut expressions: Vec<(String, &str)> = dataset
        .fields
        .iter()
        .map(|field| (format!("{at}.fields[{:?}].expression", field.name), field.expression.as_str()))
        .collect();
    if let Some(filter) = &dataset.row_filter {
        expressions.push((format!("{at}.row_filter"), filter));
    }
    for (at, sql) in expressions {
        let Ok(expression) = parse(sql) else { continue };
        for found in references(&expression) {
            if table.column(&found.name).is_none() {
                let hint = hint(&found.name, table.columns.iter().map(|column| column.name.as_str()));
                problems.push(Problem {
                    at: at.clone(),
                    message: format!("the table {:?} has no column {:?}{hint}", table.name, found.name),
                });
            }
        }
    }
    for (key, names) in
        [("primary_key", dataset.primary_key.clone()), ("unique_keys", dataset.unique_keys.concat())]
    {
        for name in names {
            missing(dataset, table, &format!("{at}.{key}"), &name, problems);
        }
    }
    for field in &dataset.fields {
        let Some(column) = table.column(&field.expression) else { continue };
        let numeric = matches!(field.data_type, DataType::Integer | DataType::Decimal | DataType::Float);
        let temporal = matches!(field.data_type, DataType::Date | DataType::DateTime | DataType::DateTimeTz);
        let wrong = match column.kind {
            ColumnKind::Date | ColumnKind::DateTime => numeric,
            ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Float => temporal,
            ColumnKind::Blob => numeric || temporal,
            ColumnKind::Boolean | ColumnKind::Text | ColumnKind::Time | ColumnKind::Unknown => false,
            _ => false,
        };
        if wrong {
            problems.push(Problem {
                at: format!("{at}.fields[{:?}].datatype", field.name),
                message: format!("says {:?} but the column holds {:?}", field.data_type, column.kind),
            });
        }
    }
}
