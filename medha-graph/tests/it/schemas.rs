//! JSON schemas of graphs: what they say about states, inputs, outputs and contexts.

use std::collections::BTreeMap;

use medha_graph::json::{JsonState, Schemas};
use medha_graph::prelude::*;
use medha_graph::reducer::Message;
use schemars::JsonSchema;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Line {
    id: Option<String>,
    text: String,
}

impl Message for Line {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
    fn set_id(&mut self, id: String) {
        self.id = Some(id);
    }
}

/// Has no schema.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Opaque(u8);

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Desk {
    /// What it is about.
    topic: String,
    #[state(append)]
    notes: Vec<String>,
    #[state(append)]
    things: Vec<Opaque>,
    #[state(add)]
    score: u32,
    #[state(merge)]
    tags: BTreeMap<String, u32>,
    #[state(messages)]
    lines: Vec<Line>,
    #[state(private)]
    secret: String,
    opaque: Opaque,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Settings {
    #[allow(dead_code, reason = "only its schema is looked at")]
    depth: u8,
}

async fn nothing() {}

fn schemas() -> Schemas {
    let graph = StateGraph::<Desk>::new("desk").node("n", nothing).edge(START, "n").edge("n", END);
    graph.compile().unwrap().with_json_context::<Settings>().schemas()
}

fn names(schema: &Value) -> Vec<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_state_has_every_field_and_the_output_no_private_one() {
    let schemas = schemas();
    let all = ["lines", "notes", "opaque", "score", "secret", "tags", "things", "topic"];
    let public = ["lines", "notes", "opaque", "score", "tags", "things", "topic"];
    assert_eq!(names(&schemas.state), all);
    assert_eq!((names(&schemas.output), names(&schemas.input)), (public.to_vec(), public.to_vec()));
    assert_eq!(
        schemas.state["properties"]["topic"],
        json!({"type": "string", "description": "What it is about."})
    );
    assert_eq!(schemas.state["required"].as_array().unwrap().len(), 8);
    assert_eq!(schemas.input.get("required"), None);
    assert_eq!(schemas.input["additionalProperties"], false);
    assert_eq!(schemas.output["title"], "desk: output");
}

#[test]
fn collected_fields_take_lists_and_overwrites() {
    let input = schemas().input;
    let first = |field: &str| input["properties"][field]["anyOf"][0].clone();
    assert_eq!(first("notes"), json!({"type": "array", "items": {"type": "string"}}));
    assert_eq!(first("score")["type"], "array");
    assert_eq!(first("tags")["type"], "object");
    let overwrite = &input["properties"]["score"]["anyOf"][1];
    assert_eq!(overwrite["required"], json!(["$overwrite"]));
    assert_eq!(overwrite["properties"]["$overwrite"]["type"], "integer");
    let items = &first("lines")["items"]["anyOf"];
    assert_eq!(items[0]["required"], json!(["$remove"]));
    assert_eq!(items[2], json!({"$ref": "#/$defs/Line"}));
    assert_eq!(input["$defs"]["Line"]["required"], json!(["text"]));
}

#[test]
fn a_type_without_a_schema_is_left_open() {
    let schemas = schemas();
    assert_eq!(schemas.state["properties"]["things"], json!({"type": ["array", "object"]}));
    assert!(schemas.state["properties"]["opaque"].as_object().is_none_or(serde_json::Map::is_empty));
}

#[test]
fn the_context_is_described_if_it_was_declared() {
    assert_eq!(schemas().context.unwrap()["properties"]["depth"]["type"], "integer");
    let graph = StateGraph::<Desk>::new("desk").node("n", nothing).edge(START, "n").edge("n", END);
    assert_eq!(graph.compile().unwrap().schemas().context, None);
}

#[test]
fn what_an_update_writes_fits_the_schema_of_the_input() {
    let update =
        Desk::update().topic("x").notes(["a"]).score(3).lines([Line::default()]).overwrite_tags([].into());
    let written = serde_json::to_value(&update).unwrap();
    let input = schemas().input;
    let kinds: Vec<(&str, bool)> = vec![("notes", true), ("score", true), ("lines", true), ("tags", false)];
    for (field, is_list) in kinds {
        assert_eq!(written[field].is_array(), is_list, "{field}");
        let form = if is_list { 0 } else { 1 };
        let expected = if is_list { "array" } else { "object" };
        assert_eq!(input["properties"][field]["anyOf"][form]["type"], expected, "{field}");
    }
}

#[test]
fn a_state_declared_at_run_time_has_schemas_from_its_declaration() {
    let state = JsonState::new()
        .field("topic")
        .schema(json!({"type": "string"}))
        .described("What it is about.")
        .append("notes")
        .add("n")
        .merge("tags")
        .messages("lines")
        .of_type::<Line>()
        .field("secret")
        .private();
    let graph = StateGraph::starting_from("desk", state).node("n", nothing).edge(START, "n").edge("n", END);
    let schemas = graph.compile().unwrap().schemas();
    assert_eq!(
        schemas.state["properties"]["topic"],
        json!({"type": "string", "description": "What it is about."})
    );
    assert_eq!(schemas.state["properties"]["tags"], json!({"type": "object"}));
    assert_eq!(schemas.input["properties"]["n"]["anyOf"][0], json!({"type": "number"}));
    assert_eq!(schemas.output["properties"]["lines"]["items"]["title"], "Line");
    assert!(schemas.output["properties"].get("secret").is_none());
}
