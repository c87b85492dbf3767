//! A chain of bakeries: small, and with every kind of relation a question can meet.

use std::sync::Arc;

use crate::planner::{Planner, Question, Understanding};
use crate::semantic::{
    DataType, Dataset, Entity, Field, FieldValue, Metric, NamedFilter, Relationship, Role, SemanticModel,
};

/// The planner of the bakeries.
pub(super) fn planner() -> Planner {
    Planner::new(Arc::new(model()))
}

/// What a question means on 20 August 2025.
pub(super) fn understand(text: &str) -> Understanding {
    let now = jiff::civil::date(2025, 8, 20).at(12, 0, 0, 0);
    planner().understand(&Question { text, now, instructions: None, history: &[] })
}

fn model() -> SemanticModel {
    SemanticModel {
        name: "bakeries".into(),
        datasets: vec![
            dataset(
                "branches",
                ("branch", "branches"),
                &["branch_name"],
                vec![
                    key("branch_id"),
                    valued("branch_name", &["Harbour", "Old Mill", "Station"]),
                    valued("city", &["Bergen", "Oslo", "Turku"]),
                    valued("region", &["Coast", "Inland"]),
                    ranged("opened_on", DataType::Date, Role::Time, "2012-01-01", "2023-05-01"),
                    field("seats", DataType::Integer, Role::Measure),
                ],
            ),
            dataset(
                "cakes",
                ("cake", "cakes"),
                &["cake_name"],
                vec![
                    key("cake_id"),
                    valued("cake_name", &["Almond Ring", "Carrot Loaf", "Lemon Tart"]),
                    valued("flavour", &["Almond", "Carrot", "Lemon"]),
                    field("price", DataType::Decimal, Role::Measure),
                    ranged("baking_time", DataType::Integer, Role::Measure, "15", "180"),
                    field("recipe_note", DataType::String, Role::Dimension),
                ],
            ),
            dataset(
                "bakers",
                ("baker", "bakers"),
                &["first_name", "last_name"],
                vec![
                    key("baker_id"),
                    key("branch_id"),
                    valued("first_name", &["Aino", "Nils"]),
                    valued("last_name", &["Berg", "Korhonen"]),
                    field("age", DataType::Integer, Role::Measure),
                    ranged("hired_on", DataType::Date, Role::Time, "2012-01-01", "2025-06-01"),
                ],
            ),
            Dataset {
                default_time: Some("sold_on".into()),
                ..dataset(
                    "sales",
                    ("sale", "sales"),
                    &[],
                    vec![
                        key("sale_id"),
                        key("branch_id"),
                        key("cake_id"),
                        ranged("sold_on", DataType::Date, Role::Time, "2022-01-01", "2025-08-19"),
                        field("quantity", DataType::Integer, Role::Measure),
                        field("amount", DataType::Decimal, Role::Measure),
                    ],
                )
            },
            Dataset {
                primary_key: vec!["baker_id".into(), "cake_id".into()],
                hidden: true,
                ..dataset(
                    "baker_cakes",
                    ("baker cake", "baker cakes"),
                    &[],
                    vec![key("baker_id"), key("cake_id")],
                )
            },
        ],
        relationships: vec![
            relationship("bakers", "branches", "branch_id"),
            relationship("sales", "branches", "branch_id"),
            relationship("sales", "cakes", "cake_id"),
            relationship("baker_cakes", "bakers", "baker_id"),
            relationship("baker_cakes", "cakes", "cake_id"),
        ],
        metrics: vec![
            metric("revenue", "SUM(sales.amount)", &["turnover", "income"]),
            metric("units_sold", "SUM(sales.quantity)", &["units"]),
        ],
        filters: vec![NamedFilter {
            name: "senior_bakers".into(),
            dataset: "bakers".into(),
            expression: "age >= 50".into(),
            synonyms: vec!["senior".into()],
        }],
        ..SemanticModel::default()
    }
}

fn dataset(name: &str, (singular, plural): (&str, &str), labels: &[&str], fields: Vec<Field>) -> Dataset {
    Dataset {
        name: name.into(),
        source: name.into(),
        primary_key: vec![fields[0].name.clone()],
        entity: Some(Entity { singular: singular.into(), plural: plural.into() }),
        label_fields: labels.iter().map(|label| (*label).to_owned()).collect(),
        row_count: Some(30),
        fields,
        ..Dataset::default()
    }
}

fn field(name: &str, data_type: DataType, role: Role) -> Field {
    Field { name: name.into(), expression: name.into(), data_type, role, ..Field::default() }
}

fn key(name: &str) -> Field {
    field(name, DataType::Integer, Role::Key)
}

fn ranged(name: &str, data_type: DataType, role: Role, min: &str, max: &str) -> Field {
    Field { min: Some(min.into()), max: Some(max.into()), ..field(name, data_type, role) }
}

fn valued(name: &str, values: &[&str]) -> Field {
    let values =
        values.iter().map(|value| FieldValue { value: (*value).into(), synonyms: Vec::new() }).collect();
    Field { values, values_complete: true, ..field(name, DataType::String, Role::Dimension) }
}

fn relationship(from: &str, to: &str, column: &str) -> Relationship {
    Relationship {
        name: format!("{from}_to_{to}"),
        from: from.into(),
        to: to.into(),
        from_columns: vec![column.into()],
        to_columns: vec![column.into()],
        ..Relationship::default()
    }
}

fn metric(name: &str, expression: &str, synonyms: &[&str]) -> Metric {
    Metric {
        name: name.into(),
        expression: expression.into(),
        dataset: "sales".into(),
        synonyms: synonyms.iter().map(|synonym| (*synonym).to_owned()).collect(),
        time: Some("sales.sold_on".into()),
        ..Metric::default()
    }
}
