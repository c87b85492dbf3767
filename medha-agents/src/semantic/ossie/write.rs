//! Writes a semantic model as Ossie YAML that reads back equal.

use serde_json::{Map, Value, json};

use super::VENDOR;
use super::dataset::{AGGREGATES, DATA_TYPES, ROLES};
use crate::semantic::error::ModelError;
use crate::semantic::model::{
    Additivity, Dataset, Denied, Field, JoinType, Metric, Notes, PiiAction, Relationship, SemanticModel,
    Weekday,
};

/// Writes a model as Ossie 0.2.0.dev0; [`read`](super::read) gives the same model back, but for what was
/// seen in a database (row counts, least and greatest values), which is no part of a file.
///
/// # Errors
/// If the YAML writer fails.
pub fn write(model: &SemanticModel) -> Result<String, ModelError> {
    let mut root = Entry::default();
    root.text("name", &model.name);
    root.option("description", model.description.as_deref());
    root.put("ai_context", ai_context(&model.notes, &[]));
    let mut datasets: Vec<Value> = model.datasets.iter().map(|item| dataset(item, &model.denied)).collect();
    let whole = model.denied.iter().filter(|denied| denied.field.is_none());
    datasets.extend(whole.clone().map(|denied| json!({"name": denied.dataset, "source": denied.source})));
    root.put("datasets", Some(Value::Array(datasets)));
    root.list("relationships", model.relationships.iter().map(relationship).collect());
    root.list("metrics", model.metrics.iter().map(metric).collect());
    let mut data = extension(model);
    let denied: Vec<Value> = whole.map(|denied| denied.dataset.clone().into()).collect();
    if !denied.is_empty() {
        data.put("access", Some(json!({"deny": denied})));
    }
    root.extend(data);
    let document = json!({"version": "0.2.0.dev0", "semantic_model": [root.0]});
    serde_saphyr::to_string(&document).map_err(|error| ModelError::Write { reason: error.to_string() })
}

/// A map under construction that leaves out what is not said.
#[derive(Default)]
struct Entry(Map<String, Value>);

impl Entry {
    fn put(&mut self, key: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value);
        }
    }

    fn text(&mut self, key: &str, text: &str) {
        self.put(key, Some(text.into()));
    }

    fn option(&mut self, key: &str, text: Option<&str>) {
        self.put(key, text.map(Value::from));
    }

    fn list(&mut self, key: &str, items: Vec<Value>) {
        self.put(key, (!items.is_empty()).then_some(Value::Array(items)));
    }

    fn texts(&mut self, key: &str, items: &[String]) {
        self.list(key, items.iter().map(|item| item.as_str().into()).collect());
    }

    fn extend(&mut self, data: Self) {
        if !data.0.is_empty() {
            let data = Value::Object(data.0).to_string();
            self.list("custom_extensions", vec![json!({"vendor_name": VENDOR, "data": data})]);
        }
    }
}

fn ai_context(notes: &Notes, synonyms: &[String]) -> Option<Value> {
    let mut context = Entry::default();
    context.option("instructions", notes.instructions.as_deref());
    context.texts("synonyms", synonyms);
    context.texts("examples", &notes.examples);
    (!context.0.is_empty()).then_some(Value::Object(context.0))
}

fn expression(sql: &str) -> Value {
    json!({"dialects": [{"dialect": "ANSI_SQL", "expression": sql}]})
}

fn name_of<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> Option<&'static str> {
    words.iter().find(|(_, known)| *known == value).map(|(word, _)| *word)
}

fn extension(model: &SemanticModel) -> Entry {
    let mut data = Entry::default();
    data.put(
        "dialect",
        model.dialect.map(|dialect| match dialect {
            medha_connectors::Dialect::Sqlite => "sqlite".into(),
            medha_connectors::Dialect::Postgres => "postgres".into(),
            medha_connectors::Dialect::MySql => "mysql".into(),
            medha_connectors::Dialect::BigQuery => "bigquery".into(),
            other => format!("{other:?}").to_lowercase().into(),
        }),
    );
    data.text("timezone", &model.calendar.timezone);
    data.put("now", model.calendar.now.map(|now| now.to_string().into()));
    data.text(
        "week_start",
        match model.calendar.week_start {
            Weekday::Monday => "monday",
            Weekday::Sunday => "sunday",
            Weekday::Saturday => "saturday",
        },
    );
    data.put("fiscal_year_start_month", Some(model.calendar.fiscal_year_start_month.into()));
    data.option("currency", model.currency.as_deref());
    data.list(
        "filters",
        model
            .filters
            .iter()
            .map(|filter| {
                let mut entry = Entry::default();
                entry.text("name", &filter.name);
                entry.text("dataset", &filter.dataset);
                entry.text("expr", &filter.expression);
                entry.texts("synonyms", &filter.synonyms);
                Value::Object(entry.0)
            })
            .collect(),
    );
    data.list(
        "glossary",
        model
            .glossary
            .iter()
            .map(|term| {
                let mut entry = Entry::default();
                entry.text("term", &term.term);
                entry.option("definition", term.definition.as_deref());
                entry.texts("synonyms", &term.synonyms);
                entry.option("maps_to", term.maps_to.as_deref());
                Value::Object(entry.0)
            })
            .collect(),
    );
    data.texts("rules", &model.rules);
    data.list(
        "verified_queries",
        model
            .verified_queries
            .iter()
            .map(|query| {
                let mut entry = Entry::default();
                entry.text("question", &query.question);
                entry.option("sql", query.sql.as_deref());
                entry.put("plan", query.plan.as_ref().and_then(|plan| serde_json::to_value(plan).ok()));
                entry.option("verified_by", query.verified_by.as_deref());
                entry.option("at", query.at.as_deref());
                Value::Object(entry.0)
            })
            .collect(),
    );
    data
}

fn dataset(dataset: &Dataset, denied: &[Denied]) -> Value {
    let mut entry = Entry::default();
    entry.text("name", &dataset.name);
    entry.text("source", &dataset.source);
    entry.texts("primary_key", &dataset.primary_key);
    entry.list("unique_keys", dataset.unique_keys.iter().map(|key| json!(key)).collect());
    entry.option("description", dataset.description.as_deref());
    entry.put("ai_context", ai_context(&dataset.notes, &dataset.synonyms));
    let mut fields: Vec<Value> = dataset.fields.iter().map(field).collect();
    for hidden in denied.iter().filter(|denied| denied.dataset == dataset.name) {
        if let Some(name) = &hidden.field {
            let class = hidden.pii.as_deref().unwrap_or("confidential");
            let data = json!({"pii": {"class": class, "action": "deny"}}).to_string();
            fields.push(json!({
                "name": name,
                "expression": expression(&hidden.expression),
                "custom_extensions": [{"vendor_name": VENDOR, "data": data}],
            }));
        }
    }
    entry.list("fields", fields);
    let mut data = Entry::default();
    data.put("entity", dataset.entity.as_ref().map(|entity| json!(entity)));
    data.option("default_time", dataset.default_time.as_deref());
    data.texts("label_fields", &dataset.label_fields);
    data.option("grain", dataset.grain.as_deref());
    data.option("row_filter", dataset.row_filter.as_deref());
    data.option("owner", dataset.owner.as_deref());
    data.option("update_frequency", dataset.update_frequency.as_deref());
    data.put("hidden", dataset.hidden.then_some(Value::Bool(true)));
    entry.extend(data);
    Value::Object(entry.0)
}

fn field(field: &Field) -> Value {
    let mut entry = Entry::default();
    entry.text("name", &field.name);
    entry.put("expression", Some(expression(&field.expression)));
    entry.option("label", field.label.as_deref());
    entry.option("description", field.description.as_deref());
    entry.option("datatype", name_of(DATA_TYPES, field.data_type));
    entry.put("ai_context", ai_context(&field.notes, &field.synonyms));
    if field.role == crate::semantic::Role::Time {
        entry.put("dimension", Some(json!({"is_time": true})));
    }
    let mut data = Entry::default();
    data.option("role", name_of(ROLES, field.role));
    if let Some(class) = &field.pii {
        let action = field.pii_action.map(|action| match action {
            PiiAction::Mask => "mask",
            PiiAction::Hash => "hash",
        });
        let mut pii = Entry::default();
        pii.text("class", class);
        pii.option("action", action);
        data.put("pii", Some(Value::Object(pii.0)));
    }
    data.put("is_enum", field.values_complete.then_some(Value::Bool(true)));
    data.list(
        "values",
        field
            .values
            .iter()
            .map(|value| {
                if value.synonyms.is_empty() {
                    value.value.as_str().into()
                } else {
                    json!({"value": value.value, "synonyms": value.synonyms})
                }
            })
            .collect(),
    );
    data.texts("sample_values", &field.sample_values);
    data.option("default_agg", field.default_aggregate.and_then(|function| name_of(AGGREGATES, function)));
    data.option("unit", field.unit.as_deref());
    data.option("format", field.format.as_deref());
    entry.extend(data);
    Value::Object(entry.0)
}

fn relationship(relationship: &Relationship) -> Value {
    let mut entry = Entry::default();
    entry.text("name", &relationship.name);
    entry.text("from", &relationship.from);
    entry.text("to", &relationship.to);
    entry.texts("from_columns", &relationship.from_columns);
    entry.texts("to_columns", &relationship.to_columns);
    entry.put("ai_context", ai_context(&Notes::default(), &relationship.synonyms));
    let mut data = Entry::default();
    data.option("role", relationship.role.as_deref());
    data.option(
        "join_type",
        relationship.join_type.map(|join| match join {
            JoinType::Inner => "inner",
            JoinType::Left => "left",
        }),
    );
    data.put("guessed", relationship.guessed.then_some(Value::Bool(true)));
    entry.extend(data);
    Value::Object(entry.0)
}

fn metric(metric: &Metric) -> Value {
    let mut entry = Entry::default();
    entry.text("name", &metric.name);
    entry.put("expression", Some(expression(&metric.expression)));
    entry.option("description", metric.description.as_deref());
    entry.option("datatype", metric.data_type.and_then(|data_type| name_of(DATA_TYPES, data_type)));
    entry.put("ai_context", ai_context(&metric.notes, &metric.synonyms));
    let mut data = Entry::default();
    data.text("dataset", &metric.dataset);
    data.option("time", metric.time.as_deref());
    data.option("filter", metric.filter.as_deref());
    data.option("format", metric.format.as_deref());
    data.option("unit", metric.unit.as_deref());
    data.option("currency", metric.currency.as_deref());
    data.text(
        "additivity",
        match metric.additivity {
            Additivity::Additive => "additive",
            Additivity::Semi => "semi",
            Additivity::Non => "non",
        },
    );
    data.put("higher_is_better", metric.higher_is_better.map(Value::Bool));
    data.option("line_level_equivalent", metric.line_level_equivalent.as_deref());
    entry.extend(data);
    Value::Object(entry.0)
}
