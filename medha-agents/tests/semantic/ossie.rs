//! The Ossie reader and writer.

use medha_agents::plan::AggregateFunction;
use medha_agents::semantic::{
    Additivity, DataType, Entity, JoinType, ModelError, PiiAction, Role, SemanticModel, Weekday, ossie,
};
use medha_connectors::Dialect;

/// Everything that a model can say.
const FULL: &str = r#"
version: 0.2.0.dev0
semantic_model:
- name: store
  description: A store
  ai_context: {instructions: Be brief., examples: [How much?]}
  datasets:
  - name: orders
    source: main.orders
    primary_key: [id]
    unique_keys: [[number, year]]
    description: Orders
    ai_context: {synonyms: [purchase]}
    fields:
    - name: id
      expression: {dialects: [{dialect: SNOWFLAKE, expression: ID}, {dialect: ANSI_SQL, expression: id}]}
      datatype: Integer
      custom_extensions: [{vendor_name: AGENTMEDHA, data: '{"role": "key"}'}]
    - name: placed
      label: When
      expression: {dialects: [{dialect: ANSI_SQL, expression: placed_on}]}
      datatype: Date
    - name: year
      expression: {dialects: [{dialect: ANSI_SQL, expression: year}]}
      datatype: Integer
      dimension: {is_time: true}
    - name: total
      expression: {dialects: [{dialect: ANSI_SQL, expression: net * 1.2}]}
      datatype: Decimal
      ai_context: Gross.
      custom_extensions:
      - vendor_name: SOMEBODY
        data: not even JSON
      - vendor_name: AGENTMEDHA
        data: {default_agg: avg, unit: EUR, format: currency, computed: true, sample_values: [1.5, 2]}
    - name: status
      expression: {dialects: [{dialect: ANSI_SQL, expression: status}]}
      custom_extensions:
      - vendor_name: AGENTMEDHA
        data: {is_enum: true, values: [paid, {value: open, synonyms: [unpaid, due]}, no]}
    - name: email
      expression: {dialects: [{dialect: ANSI_SQL, expression: email}]}
      custom_extensions: [{vendor_name: AGENTMEDHA, data: {pii: {class: email, action: mask}}}]
    custom_extensions:
    - vendor_name: AGENTMEDHA
      data: {entity: {singular: order, plural: orders}, default_time: placed, label_fields: [id], grain: one an order,
             row_filter: "deleted_at IS NULL", owner: sales, update_frequency: daily, hidden: true}
  - name: shops
    source: shops
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}}
  relationships:
  - name: orders_shop
    from: orders
    to: shops
    from_columns: [shop_id]
    to_columns: [id]
    ai_context: {synonyms: [branch]}
    custom_extensions: [{vendor_name: AGENTMEDHA, data: {role: selling shop, join_type: left}}]
  metrics:
  - name: revenue
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.total)}]}
    description: Money in
    datatype: Decimal
    ai_context: {synonyms: [sales]}
    custom_extensions:
    - vendor_name: AGENTMEDHA
      data: {time: orders.placed, filter: "status = 'paid'", format: currency, unit: EUR, currency: EUR,
             additivity: {semi: {over: [placed]}}, higher_is_better: true}
  - name: each
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.total) / COUNT(*)}]}
    custom_extensions:
    - vendor_name: AGENTMEDHA
      data: {dataset: orders, kind: {ratio: {num: revenue, den: orders}}, line_level_equivalent: revenue}
  custom_extensions:
  - vendor_name: AGENTMEDHA
    data:
      dialect: sqlite
      timezone: Europe/Berlin
      now: 2025-07-31 12:00:00
      week_start: sunday
      fiscal_year_start_month: 4
      currency: EUR
      filters: [{name: paid_orders, dataset: orders, expr: status = 'paid', synonyms: [settled]}]
      glossary: [{term: turnover, definition: Money in, synonyms: [takings], maps_to: revenue}]
      rules: [Money is in euro.]
      verified_queries: [{question: How much?, sql: SELECT 1, verified_by: Ada, at: 2025-07-01}]
"#;

fn read(yaml: &str) -> SemanticModel {
    ossie::read(yaml).unwrap_or_else(|error| panic!("{error}"))
}

/// The problems of a document, a line each.
fn problems(yaml: &str) -> Vec<String> {
    match ossie::read(yaml) {
        Err(ModelError::Invalid { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_that_a_model_says_is_kept() {
    let model = read(FULL);
    assert_eq!(model.notes.instructions.as_deref(), Some("Be brief."));
    assert_eq!(model.notes.examples, ["How much?"]);
    assert_eq!(model.dialect, Some(Dialect::Sqlite));
    assert_eq!(model.calendar.timezone, "Europe/Berlin");
    assert_eq!(model.calendar.week_start, Weekday::Sunday);
    assert_eq!(model.calendar.fiscal_year_start_month, 4);
    assert_eq!(model.calendar.now.unwrap().to_string(), "2025-07-31T12:00:00");
    assert_eq!(model.filters[0].synonyms, ["settled"]);
    assert_eq!(model.glossary[0].maps_to.as_deref(), Some("revenue"));
    assert_eq!(model.verified_queries[0].verified_by.as_deref(), Some("Ada"));
    let orders = model.dataset("orders").unwrap();
    assert_eq!(orders.entity, Some(Entity { singular: "order".into(), plural: "orders".into() }));
    assert_eq!((orders.default_time.as_deref(), orders.hidden), (Some("placed"), true));
    assert_eq!(orders.unique_keys, [["number", "year"]]);
    assert_eq!(orders.row_filter.as_deref(), Some("deleted_at IS NULL"));
    let field = |name: &str| orders.field(name).unwrap();
    assert_eq!((field("id").expression.as_str(), field("id").role), ("id", Role::Key));
    assert_eq!((field("placed").role, field("placed").data_type), (Role::Time, DataType::Date));
    assert_eq!(field("year").role, Role::Time, "`is_time` makes a year a time");
    assert_eq!(field("total").default_aggregate, Some(AggregateFunction::Average));
    assert_eq!((field("total").role, field("total").sample_values.len()), (Role::Measure, 2));
    let status = field("status");
    let values: Vec<&str> = status.values.iter().map(|value| value.value.as_str()).collect();
    assert_eq!(values, ["paid", "open", "no"], "`no` is a word, not a boolean");
    assert_eq!((status.values[1].synonyms.len(), status.values_complete), (2, true));
    assert_eq!(
        (field("email").pii.as_deref(), field("email").pii_action),
        (Some("email"), Some(PiiAction::Mask))
    );
    let shop = &model.relationships[0];
    assert_eq!((shop.role.as_deref(), shop.join_type), (Some("selling shop"), Some(JoinType::Left)));
    let revenue = model.metric("revenue").unwrap();
    assert_eq!((revenue.dataset.as_str(), revenue.additivity), ("orders", Additivity::Semi));
    assert_eq!(model.metric("each").unwrap().additivity, Additivity::Non, "a ratio does not add up");
}

#[test]
fn what_is_written_reads_back_equal() {
    let model = read(FULL);
    assert_eq!(read(&ossie::write(&model).unwrap()), model);
}

#[test]
fn versions_before_and_after_are_told_apart() {
    for version in ["0.1.0", "0.1", "0.2.0.dev0", "0.2.3", "\"0.2\""] {
        read(&FULL.replace("0.2.0.dev0", version));
    }
    for version in ["0.3.0", "1.0", "0.21"] {
        let found = problems(&FULL.replace("version: 0.2.0.dev0", &format!("version: {version:?}")));
        assert_eq!(found, [format!("version: version {version:?} is not supported; use 0.1.x or 0.2.x")]);
    }
}

#[test]
fn every_problem_is_reported_with_its_place_and_a_way_out() {
    let broken = r"
version: 0.2.0.dev0
semantic_model:
- name: store
  datsets: []
  datasets:
  - name: orders
    source: orders
    fields:
    - {name: total, expression: {dialects: [{dialect: ANSI_SQL, expression: total +}]}, datatype: Money}
    - {name: day, expression: {dialects: [{dialect: ANSI_SQL, expression: day}]}}
    - {name: day, expression: {dialects: [{dialect: TABLEAU, expression: day}]}}
    custom_extensions: [{vendor_name: AGENTMEDHA, data: '{default_time: day'}]
  - name: shops
    source: shops
    custom_extensions: [{vendor_name: AGENTMEDHA, data: {label_field: [name], default_time: opened}}]
  relationships:
  - {name: orders_shop, from: orders, to: shop, from_columns: [shop_id], to_columns: []}
  metrics:
  - {name: revenue, expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.totl)}]}}
  - {name: heads, expression: {dialects: [{dialect: ANSI_SQL, expression: COUNT(*)}]}}
  custom_extensions:
  - vendor_name: AGENTMEDHA
    data: {week_start: friday, timezone: Mars/Base, fiscal_year_start_month: 13,
           filters: [{name: f, dataset: order, expr: a = 1}], glossary: [{term: t, maps_to: revenu}]}
";
    let found = problems(broken);
    for expected in [
        "unknown key \"datsets\"; did you mean \"datasets\"?",
        "datasets[\"orders\"].fields[\"total\"].datatype: \"Money\" is not one of",
        "datasets[\"orders\"].fields[\"total\"].expression: cannot be parsed:",
        "datasets[\"orders\"].fields[\"day\"].expression: there is no expression in ANSI_SQL",
        "datasets[\"orders\"].fields: the name \"day\" is given twice",
        "datasets[\"orders\"].custom_extensions[0]: the data is not JSON:",
        "datasets[\"shops\"].AGENTMEDHA: unknown key \"label_field\"; did you mean \"label_fields\"?",
        "datasets[\"shops\"].default_time: there is no field \"opened\" in \"shops\"",
        "relationships[\"orders_shop\"]: \"from_columns\" and \"to_columns\" need as many columns",
        "relationships[\"orders_shop\"].to: there is no dataset \"shop\"; did you mean \"shops\"?",
        "metrics[\"revenue\"].expression: there is no field \"totl\" in \"orders\"; did you mean \"total\"?",
        "metrics[\"heads\"].expression: mentions no dataset;",
        "AGENTMEDHA.week_start: \"friday\" is not one of \"monday\", \"sunday\", \"saturday\"",
        "AGENTMEDHA.timezone: \"Mars/Base\" is not an IANA time zone",
        "AGENTMEDHA.fiscal_year_start_month: expected a month from 1 to 12",
        "filters[\"f\"].dataset: there is no dataset \"order\"; did you mean \"orders\"?",
        "glossary[\"t\"].maps_to: \"revenu\" is neither a metric, a dataset, a dataset.field nor a filter; \
         did you mean \"revenue\"?",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{expected}\nin {found:#?}");
    }
    assert_eq!(found.len(), 17, "{found:#?}");
}

#[test]
fn what_is_no_model_at_all_is_said_to_be_none() {
    assert!(matches!(ossie::read("a: [1"), Err(ModelError::Yaml { .. })));
    assert!(matches!(ossie::read("a: 1\na: 2"), Err(ModelError::Yaml { .. })), "a key given twice is a slip");
    assert_eq!(problems("just text"), ["expected a map, found text"]);
    assert_eq!(
        problems("version: 0.2.0\nsemantic_model: []"),
        ["semantic_model: there is no semantic model; add one"]
    );
    let error = ossie::read("semantic_model: 1").unwrap_err().to_string();
    assert_eq!(
        error,
        "the semantic model has 3 problems:\n- the key \"version\" is missing\n\
         - semantic_model: expected a list, found a number\n\
         - semantic_model: there is no semantic model; add one"
    );
}
