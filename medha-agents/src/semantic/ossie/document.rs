//! The root of the document and what is said about the model as a whole.

use std::borrow::Cow;

use medha_connectors::Dialect;
use serde_json::Value;

use super::walk::{Node, Walk, kind};
use super::{VENDOR, dataset, metric};
use crate::semantic::model::{
    Calendar, Denied, GlossaryTerm, NamedFilter, Notes, SemanticModel, VerifiedQuery, Weekday,
};

const MODEL_KEYS: &[&str] =
    &["name", "description", "ai_context", "datasets", "relationships", "metrics", "custom_extensions"];
const EXTENSION_KEYS: &[&str] = &[
    "dialect",
    "timezone",
    "now",
    "week_start",
    "fiscal_year_start_month",
    "currency",
    "filters",
    "glossary",
    "rules",
    "verified_queries",
    "access",
];

/// Reads the whole document; `None` if its outline is wrong.
pub(super) fn model(walk: &mut Walk, value: &Value) -> Option<SemanticModel> {
    let root = walk.node("", value, &["version", "semantic_model"])?;
    if let Some(version) = walk.required(&root, "version")
        && !["0.1", "0.2"].iter().any(|known| version == *known || version.starts_with(&format!("{known}.")))
    {
        walk.problem("version", format!("version {version:?} is not supported; use 0.1.x or 0.2.x"));
    }
    let models = walk.list(&root, "semantic_model");
    let [only] = models else {
        let message = match models.len() {
            0 => "there is no semantic model; add one".to_owned(),
            count => format!("there are {count} semantic models; put each into a file of its own"),
        };
        walk.problem("semantic_model", message);
        return None;
    };
    let node = walk.node(String::new(), only, MODEL_KEYS)?;
    let (notes, _) = ai_context(walk, &node);
    let mut model = SemanticModel {
        name: walk.required(&node, "name").unwrap_or_default(),
        description: walk.text(&node, "description"),
        notes,
        ..SemanticModel::default()
    };
    let datasets = walk.list(&node, "datasets");
    if datasets.is_empty() {
        walk.problem("datasets", "a model needs at least one dataset");
    }
    for (index, item) in datasets.iter().enumerate() {
        dataset::read(walk, node.item("datasets", index), item, &mut model);
    }
    for (index, item) in walk.list(&node, "relationships").iter().enumerate() {
        model.relationships.extend(metric::relationship(walk, node.item("relationships", index), item));
    }
    for (index, item) in walk.list(&node, "metrics").iter().enumerate() {
        let found = metric::read(walk, node.item("metrics", index), item, &model);
        model.metrics.extend(found);
    }
    if let Some(extension) = extension(walk, &node)
        && let Some(extension) = walk.node(VENDOR, extension.as_ref(), EXTENSION_KEYS)
    {
        extend(walk, &extension, &mut model);
    }
    Some(model)
}

/// The data of our extension on a node, parsed if it is a JSON string.
pub(super) fn extension<'a>(walk: &mut Walk, node: &Node<'a>) -> Option<Cow<'a, Value>> {
    let mut found = None;
    for (index, item) in walk.list(node, "custom_extensions").iter().enumerate() {
        let path = format!("{}[{index}]", node.at("custom_extensions"));
        let Some(entry) = walk.node(path.clone(), item, &["vendor_name", "data"]) else { continue };
        if walk.required(&entry, "vendor_name").is_none_or(|vendor| vendor != VENDOR) {
            continue;
        }
        if found.is_some() {
            walk.problem(path, format!("there is more than one extension of {VENDOR} here"));
            continue;
        }
        match entry.map.get("data") {
            Some(Value::String(json)) => match serde_json::from_str(json) {
                Ok(value) => found = Some(Cow::Owned(value)),
                Err(error) => walk.problem(path, format!("the data is not JSON: {error}")),
            },
            Some(map @ Value::Object(_)) => found = Some(Cow::Borrowed(map)),
            Some(other) => {
                walk.problem(path, format!("the data must be a JSON string or a map, not {}", kind(other)));
            }
            None => walk.problem(path, "the key \"data\" is missing"),
        }
    }
    found
}

/// The AI context of a node: notes and synonyms.
pub(super) fn ai_context(walk: &mut Walk, node: &Node<'_>) -> (Notes, Vec<String>) {
    match node.map.get("ai_context") {
        None | Some(Value::Null) => (Notes::default(), Vec::new()),
        Some(Value::String(text)) => {
            (Notes { instructions: Some(text.clone()), examples: Vec::new() }, Vec::new())
        }
        Some(Value::Object(map)) => {
            // The schema leaves this map open on purpose; other keys are hints for other readers.
            let context = Node { path: node.at("ai_context"), map };
            let instructions = walk.text(&context, "instructions");
            let examples = walk.texts(&context, "examples");
            (Notes { instructions, examples }, walk.texts(&context, "synonyms"))
        }
        Some(other) => {
            walk.problem(node.at("ai_context"), format!("expected text or a map, found {}", kind(other)));
            (Notes::default(), Vec::new())
        }
    }
}

/// The SQL of a field or a metric, in the most portable of its dialects.
pub(super) fn expression(walk: &mut Walk, node: &Node<'_>) -> Option<String> {
    let Some(value) = node.map.get("expression") else {
        walk.problem(node.path.clone(), "the key \"expression\" is missing");
        return None;
    };
    let outer = walk.node(node.at("expression"), value, &["dialects"])?;
    let mut best: Option<(usize, String)> = None;
    for (index, item) in walk.list(&outer, "dialects").iter().enumerate() {
        let Some(entry) = walk.node(outer.item("dialects", index), item, &["dialect", "expression"]) else {
            continue;
        };
        let (Some(dialect), Some(sql)) =
            (walk.required(&entry, "dialect"), walk.required(&entry, "expression"))
        else {
            continue;
        };
        let place = match dialect.as_str() {
            "ANSI_SQL" => 0,
            "Ossie_SQL_2026" | "OSSIE_SQL_2026" => 1,
            "DATABRICKS" | "SNOWFLAKE" | "BIGQUERY" => 2,
            "MDX" | "TABLEAU" | "MAQL" => continue,
            other => {
                let known = ["ANSI_SQL", "SNOWFLAKE", "MDX", "TABLEAU", "DATABRICKS", "MAQL", "BIGQUERY"];
                let hint = crate::semantic::error::hint(other, known);
                walk.problem(entry.at("dialect"), format!("unknown dialect {other:?}{hint}"));
                continue;
            }
        };
        if best.as_ref().is_none_or(|(known, _)| place < *known) {
            best = Some((place, sql));
        }
    }
    if best.is_none() {
        walk.problem(outer.path, "there is no expression in ANSI_SQL");
    }
    best.map(|(_, sql)| sql)
}

fn extend(walk: &mut Walk, node: &Node<'_>, model: &mut SemanticModel) {
    let dialects = [
        ("sqlite", Dialect::Sqlite),
        ("postgres", Dialect::Postgres),
        ("mysql", Dialect::MySql),
        ("bigquery", Dialect::BigQuery),
        ("duckdb", Dialect::DuckDb),
        ("snowflake", Dialect::Snowflake),
    ];
    model.dialect = walk.one_of(node, "dialect", &dialects);
    model.calendar = calendar(walk, node);
    model.currency = walk.text(node, "currency");
    model.rules = walk.texts(node, "rules");
    for (index, item) in walk.list(node, "filters").iter().enumerate() {
        let Some(entry) =
            walk.node(node.item("filters", index), item, &["name", "dataset", "expr", "synonyms"])
        else {
            continue;
        };
        let name = walk.required(&entry, "name");
        let dataset = walk.required(&entry, "dataset");
        let expression = walk.required(&entry, "expr");
        let synonyms = walk.texts(&entry, "synonyms");
        if let (Some(name), Some(dataset), Some(expression)) = (name, dataset, expression) {
            model.filters.push(NamedFilter { name, dataset, expression, synonyms });
        }
    }
    for (index, item) in walk.list(node, "glossary").iter().enumerate() {
        let Some(entry) =
            walk.node(node.item("glossary", index), item, &["term", "definition", "synonyms", "maps_to"])
        else {
            continue;
        };
        let Some(term) = walk.required(&entry, "term") else { continue };
        let definition = walk.text(&entry, "definition");
        let synonyms = walk.texts(&entry, "synonyms");
        let maps_to = walk.text(&entry, "maps_to");
        model.glossary.push(GlossaryTerm { term, definition, synonyms, maps_to });
    }
    for (index, item) in walk.list(node, "verified_queries").iter().enumerate() {
        let known = ["question", "plan", "sql", "verified_by", "at"];
        let Some(entry) = walk.node(node.item("verified_queries", index), item, &known) else { continue };
        model.verified_queries.extend(verified(walk, &entry));
    }
    if let Some(value) = node.map.get("access")
        && let Some(access) = walk.node(node.at("access"), value, &["rls", "deny"])
    {
        if !walk.list(&access, "rls").is_empty() {
            walk.problem(
                access.at("rls"),
                "row rules are not supported yet and a model that needs them is refused; \
                 ask a view that holds only the permitted rows",
            );
        }
        for name in walk.texts(&access, "deny") {
            deny(walk, &access, model, &name);
        }
    }
}

fn calendar(walk: &mut Walk, node: &Node<'_>) -> Calendar {
    let mut calendar = Calendar::default();
    if let Some(zone) = walk.text(node, "timezone") {
        if jiff::tz::TimeZone::get(&zone).is_err() {
            walk.problem(node.at("timezone"), format!("{zone:?} is not an IANA time zone"));
        }
        calendar.timezone = zone;
    }
    let days = [("monday", Weekday::Monday), ("sunday", Weekday::Sunday), ("saturday", Weekday::Saturday)];
    if let Some(day) = walk.one_of(node, "week_start", &days) {
        calendar.week_start = day;
    }
    if let Some(month) = walk.text(node, "fiscal_year_start_month") {
        match month.parse() {
            Ok(month @ 1..=12) => calendar.fiscal_year_start_month = month,
            Ok(_) | Err(_) => {
                walk.problem(node.at("fiscal_year_start_month"), "expected a month from 1 to 12");
            }
        }
    }
    if let Some(now) = walk.text(node, "now") {
        match now.parse() {
            Ok(now) => calendar.now = Some(now),
            Err(_) => walk.problem(node.at("now"), format!("{now:?} is not a date and time")),
        }
    }
    calendar
}

fn verified(walk: &mut Walk, node: &Node<'_>) -> Option<VerifiedQuery> {
    let question = walk.required(node, "question")?;
    let sql = walk.text(node, "sql");
    let plan = match node.map.get("plan") {
        None | Some(Value::Null) => None,
        Some(value) => match serde_json::from_value(value.clone()) {
            Ok(plan) => Some(plan),
            Err(error) => {
                walk.problem(node.at("plan"), format!("not an analysis plan: {error}"));
                return None;
            }
        },
    };
    if sql.is_some() == plan.is_some() {
        walk.problem(node.path.clone(), "a verified query needs either \"sql\" or \"plan\"");
    }
    let verified_by = walk.text(node, "verified_by");
    Some(VerifiedQuery { question, sql, plan, verified_by, at: walk.text(node, "at") })
}

/// Takes a denied dataset or field out of the model.
fn deny(walk: &mut Walk, access: &Node<'_>, model: &mut SemanticModel, name: &str) {
    let already = |model: &SemanticModel, dataset: &str, field: Option<&str>| {
        model.denied.iter().any(|denied| denied.dataset == dataset && denied.field.as_deref() == field)
    };
    if let Some(index) = model.datasets.iter().position(|dataset| dataset.name == name) {
        let dataset = model.datasets.remove(index);
        model.denied.retain(|denied| denied.dataset != name);
        model.denied.push(Denied {
            dataset: dataset.name,
            source: dataset.source,
            field: None,
            expression: String::new(),
            pii: None,
        });
        model.relationships.retain(|relationship| relationship.from != name && relationship.to != name);
        return;
    }
    if let Some((owner, field)) = name.rsplit_once('.')
        && let Some(dataset) = model.datasets.iter_mut().find(|dataset| dataset.name == owner)
        && let Some(index) = dataset.fields.iter().position(|known| known.name == field)
    {
        let field = dataset.fields.remove(index);
        model.denied.push(dataset::denied(dataset, field));
        return;
    }
    let split = name.rsplit_once('.');
    if already(model, name, None) || split.is_some_and(|(owner, field)| already(model, owner, Some(field))) {
        return;
    }
    let mut known: Vec<String> = model.datasets.iter().map(|dataset| dataset.name.clone()).collect();
    for dataset in &model.datasets {
        known.extend(dataset.fields.iter().map(|field| format!("{}.{}", dataset.name, field.name)));
    }
    let hint = crate::semantic::error::hint(name, known.iter().map(String::as_str));
    walk.problem(access.at("deny"), format!("{name:?} is neither a dataset nor a field{hint}"));
}
