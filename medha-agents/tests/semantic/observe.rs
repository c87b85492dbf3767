//! Models compared with a database and filled from it.

use medha_agents::semantic::{DataType, Dataset, Field, FieldValue, Relationship, SemanticModel};
use medha_connectors::ColumnKind::{Date, Decimal, Text};

use crate::schema::*;

fn model() -> SemanticModel {
    let field = |name: &str, data_type| Field {
        name: name.into(),
        expression: name.into(),
        data_type,
        ..Field::default()
    };
    let mut status = field("status", DataType::String);
    status.values = vec![FieldValue { value: "open".into(), synonyms: vec!["unpaid".into()] }];
    let mut email = field("email", DataType::String);
    email.pii = Some("email".into());
    let orders = Dataset {
        name: "orders".into(),
        source: "orders".into(),
        fields: vec![status, email, field("total", DataType::Decimal), field("placed", DataType::Date)],
        ..Dataset::default()
    };
    SemanticModel { datasets: vec![orders], ..SemanticModel::default() }
}

#[test]
fn values_are_added_and_what_the_file_says_is_kept() {
    let mut model = model();
    model.observe(&schema([table(
        "ORDERS",
        [
            words("status", &["open", "paid"]),
            words("email", &["ada@example.org"]),
            ranging("total", Decimal, "1", "99"),
            ranging("placed", Date, "2025-01-01", "2025-06-30"),
        ],
    )]));
    let orders = &model.datasets[0];
    assert_eq!(orders.row_count, Some(100));
    let status = orders.field("status").unwrap();
    assert_eq!(status.values.len(), 2);
    assert_eq!(status.values[0].synonyms, ["unpaid"]);
    assert_eq!(orders.field("placed").unwrap().max.as_deref(), Some("2025-06-30"));
    let email = orders.field("email").unwrap();
    assert!(email.values.is_empty() && email.min.is_none(), "personal data stays in the database");
}

#[test]
fn what_the_database_lacks_is_reported_with_the_nearest_name() {
    let mut model = model();
    model.datasets[0].primary_key = vec!["idd".into()];
    model.datasets[0].row_filter = Some("deletd = 0".into());
    let mut gone = model.datasets[0].clone();
    (gone.name, gone.source) = ("gone".into(), "ordrs".into());
    model.datasets.push(gone);
    model.relationships.push(Relationship {
        name: "self".into(),
        from: "orders".into(),
        to: "orders".into(),
        from_columns: vec!["parent".into()],
        to_columns: vec!["id".into()],
        ..Relationship::default()
    });
    let database = schema([table(
        "orders",
        [
            integer("id"),
            integer("deleted"),
            column("state", Text),
            column("email", Text),
            column("total", Date),
            column("placed", Date),
        ],
    )]);
    let found: Vec<String> = model.check(&database).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "datasets[\"orders\"].fields[\"status\"].expression: the table \"orders\" has no column \"status\"; \
             did you mean \"state\"?",
            "datasets[\"orders\"].row_filter: the table \"orders\" has no column \"deletd\"; did you mean \"deleted\"?",
            "datasets[\"orders\"].primary_key: the table \"orders\" has no column \"idd\"; did you mean \"id\"?",
            "datasets[\"orders\"].fields[\"total\"].datatype: says Decimal but the column holds Date",
            "datasets[\"gone\"].source: the database has no table \"ordrs\"; did you mean \"orders\"?",
            "relationships[\"self\"].from_columns: the table \"orders\" has no column \"parent\"",
        ]
    );
}
