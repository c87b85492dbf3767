//! What is in a dataset, from what BigQuery keeps about its tables.

use google_cloud_bigquery_v2::model::{self, TableFieldSchema};

use super::types::{declared, is_repeated, kind};
use crate::schema::{Column, ForeignKey, Index, Table, TableKind};

/// A table as BigQuery describes it. Keys are what its owner declared; BigQuery does not enforce them.
pub(super) fn described(found: model::Table, dataset: &str) -> Table {
    let is_view = matches!(found.r#type.as_str(), "VIEW" | "MATERIALIZED_VIEW");
    let constraints = found.table_constraints.clone().unwrap_or_default();
    let foreign_keys = constraints.foreign_keys.into_iter().filter_map(|key| {
        let there = key.referenced_table.filter(|there| there.dataset_id == dataset)?;
        let pairs =
            key.column_references.into_iter().map(|pair| (pair.referencing_column, pair.referenced_column));
        let (columns, referenced_columns) = pairs.unzip();
        Some(ForeignKey { columns, references: there.table_id, referenced_columns })
    });
    Table {
        kind: if is_view { TableKind::View } else { TableKind::Table },
        comment: found.description.clone().filter(|text| !text.is_empty()),
        primary_key: constraints.primary_key.map(|key| key.columns).unwrap_or_default(),
        unique_keys: Vec::new(),
        foreign_keys: foreign_keys.collect(),
        indexes: arrangement(&found),
        definition: None,
        partitioned_by: partition(&found),
        // Rows that have just been streamed in are not counted, so none may be some.
        row_count: found.num_rows.filter(|rows| *rows > 0 && !is_view),
        columns: found.schema.unwrap_or_default().fields.into_iter().map(column).collect(),
        name: found.table_reference.unwrap_or_default().table_id,
    }
}

fn column(field: TableFieldSchema) -> Column {
    Column {
        declared_type: declared(&field),
        kind: kind(&field),
        // An array that is missing is empty.
        nullable: !field.mode.eq_ignore_ascii_case("REQUIRED") && !is_repeated(&field),
        default: field.default_value_expression.filter(|text| !text.is_empty()),
        comment: field.description.filter(|text| !text.is_empty()),
        profile: None,
        name: field.name,
    }
}

/// The column that says which partition a row is in.
fn partition(table: &model::Table) -> Option<String> {
    let by_time = table.time_partitioning.as_ref().map(|partitioning| match &partitioning.field {
        Some(field) if !field.is_empty() => field.clone(),
        _ => "_PARTITIONTIME".to_owned(),
    });
    let by_range = table.range_partitioning.as_ref().map(|partitioning| partitioning.field.clone());
    by_time.or(by_range)
}

/// What the rows are arranged by. A filter on it makes BigQuery read less, which is what an index is for.
fn arrangement(table: &model::Table) -> Vec<Index> {
    let partition = partition(table).map(|field| ("partition", vec![field]));
    let cluster = table.clustering.as_ref().map(|clustering| ("cluster", clustering.fields.clone()));
    let index = |(name, columns): (&str, Vec<String>)| Index {
        name: name.to_owned(),
        columns: columns.into_iter().map(Some).collect(),
        unique: false,
    };
    partition.into_iter().chain(cluster).map(index).collect()
}
