//! States declared at run time: reducers, refusals, storage, resume.

use medha_graph::RunError;
use medha_graph::json::{JsonState, JsonUpdate};
use medha_graph::prelude::*;
use serde_json::{Value, json};

fn keep_longest(current: &mut Value, written: Value) -> Result<(), String> {
    let length = |value: &Value| value.as_str().map_or(0, str::len);
    if !written.is_string() {
        return Err("it is no text".to_owned());
    }
    if length(&written) > length(current) {
        *current = written;
    }
    Ok(())
}

fn declared() -> JsonState {
    JsonState::new()
        .field("topic")
        .append("notes")
        .add("n")
        .merge("tags")
        .messages("messages")
        .with("best", keep_longest)
        .initially("-")
        .append("inbox")
        .ephemeral()
        .field("handle")
        .untracked()
        .field("secret")
        .private()
        .initially("s")
}

fn after(updates: impl IntoIterator<Item = Value>) -> Value {
    let mut state = declared();
    for update in updates {
        state.apply(serde_json::from_value(update).unwrap()).unwrap();
    }
    serde_json::to_value(&state).unwrap()
}

fn refused(update: Value) -> String {
    declared().apply(serde_json::from_value(update).unwrap()).unwrap_err().to_string()
}

#[test]
fn every_field_is_reduced_as_it_was_declared() {
    let state = after([
        json!({"topic": "a", "notes": ["x"], "n": 2, "tags": {"a": 1}, "best": "long"}),
        json!({"topic": null, "notes": ["y"], "n": 0.5, "tags": {"b": 2}, "best": "no"}),
        json!({"messages": [{"id": "1", "t": "hi"}, {"id": "2"}]}),
        json!({"messages": [{"id": "1", "t": "hello"}, {"$remove": "2"}]}),
    ]);
    assert_eq!(
        state,
        json!({
            "topic": null, "notes": ["x", "y"], "n": 2.5, "tags": {"a": 1, "b": 2},
            "messages": [{"id": "1", "t": "hello"}], "best": "long", "inbox": [], "handle": null, "secret": "s",
        })
    );
}

#[test]
fn an_overwrite_is_an_object_with_that_one_key_and_nothing_else_is() {
    let state = after([
        json!({"notes": ["x"], "n": 5}),
        json!({"notes": {"$overwrite": ["o"]}, "n": {"$overwrite": 1}, "topic": {"value": 1, "$overwrite": 2}}),
    ]);
    assert_eq!((&state["notes"], &state["n"]), (&json!(["o"]), &json!(1)));
    assert_eq!(state["topic"], json!({"value": 1, "$overwrite": 2}));
}

#[test]
fn unknown_fields_and_values_a_reducer_cannot_take_are_refused_by_name() {
    let cases = [
        (json!({"note": ["x"]}), r#"field `note`: the state has no such field; did you mean "notes"?"#),
        (json!({"notes": "x"}), "field `notes`: it takes a list of items to append and was given a string"),
        (json!({"n": "x"}), "field `n`: it takes a number to add and was given a string"),
        (json!({"tags": [1]}), "field `tags`: it takes an object of entries to merge and was given a list"),
        (
            json!({"messages": ["hi"]}),
            "field `messages`: it takes a list of messages, each an object, and was given a string",
        ),
        (json!({"best": 5}), "field `best`: it is no text"),
        (
            json!({"notes": {"$overwrite": 5}}),
            "field `notes`: it takes a list of items to append and was given the number 5",
        ),
    ];
    for (update, expected) in cases {
        assert_eq!(refused(update), expected);
    }
    let error = declared()
        .apply(JsonState::update().set("topic", f64::NAN))
        .map(|()| "null is what JSON makes of it");
    assert_eq!(error.unwrap(), "null is what JSON makes of it");
}

#[test]
fn messages_put_through_the_builder_have_ids_and_marks() {
    let mut state = declared();
    let update = JsonState::update().messages("messages", [json!({"t": "a"}), json!({"id": "b"})]);
    state
        .apply(update.remove_messages("messages", ["b"]).messages("messages", [json!({"id": "c"})]))
        .unwrap();
    let messages: Vec<Value> = state.get("messages").unwrap();
    assert_eq!((messages.len(), &messages[1]["id"]), (2, &json!("c")));
    assert_eq!(messages[0]["id"].as_str().unwrap().len(), 32);
    state.apply(JsonState::update().clear_messages("messages")).unwrap();
    assert_eq!(state.value("messages"), Some(&json!([])));
}

#[test]
fn a_value_is_read_as_a_type_or_the_error_says_why_not() {
    let state = declared();
    assert_eq!(state.get::<Vec<String>>("notes").unwrap(), Vec::<String>::new());
    assert_eq!(state.get::<String>("secret").unwrap(), "s");
    let error = |field: &str| state.get::<u32>(field).unwrap_err().to_string();
    assert_eq!(error("bset"), r#"the state has no field "bset"; did you mean "best"?"#);
    assert!(
        error("notes").starts_with(r#"field "notes" is not a `u32`: invalid type"#),
        "{}",
        error("notes")
    );
    assert_eq!(state.value("nothing"), None);
}

#[test]
fn mistakes_of_a_declaration_are_all_reported() {
    let state = JsonState::new().private().field("a").field("a").append("b").initially(5).field("$c");
    let expected = [
        "`private` comes before any field; it says something about the last one",
        r#"field "a" is declared twice"#,
        r#"what field "b" holds initially does not fit: it takes a list of items to append and was given the number 5"#,
        r#"field "$c" needs another name: not empty, and not with a `$` first"#,
    ];
    assert_eq!(state.problems(), expected);
    let error =
        StateGraph::starting_from("g", state).node("n", nothing).edge(START, "n").edge("n", END).compile();
    let text = error.unwrap_err().to_string();
    assert!(expected.iter().all(|problem| text.contains(problem)), "{text}");
    let wide = (0..129).fold(JsonState::new(), |state, number| state.field(format!("f{number}")));
    assert_eq!(wide.problems(), ["a state has at most 128 fields; group some in an object"]);
}

async fn nothing() {}

async fn work(state: &JsonState, ctx: Ctx) -> Result<JsonUpdate, NodeError> {
    let topic: String = state.get("topic")?;
    let answer: String = ctx.interrupt(format!("{topic}?")).await;
    Ok(JsonState::update()
        .set("notes", [&answer])
        .set("n", 1)
        .set("best", answer)
        .set("handle", 9)
        .set("inbox", [1]))
}

async fn look(state: &JsonState) -> Result<JsonUpdate, NodeError> {
    let (inbox, handle): (Vec<u32>, u32) = (state.get("inbox")?, state.get("handle")?);
    Ok(JsonState::update()
        .set("notes", [format!("{inbox:?} {handle}")])
        .messages("messages", [json!({"t": "done"})]))
}

#[tokio::test]
async fn a_graph_declared_at_run_time_stores_asks_resumes_and_reads_back() {
    let names: Vec<String> = vec!["work".to_owned(), "look".to_owned()];
    let graph = StateGraph::starting_from("dynamic", declared())
        .node(&names[0], work)
        .node(&names[1], look)
        .edge(START, &*names[0])
        .edge(&*names[0], &*names[1])
        .edge(&*names[1], END)
        .compile()
        .unwrap();
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    let asked = thread.invoke(JsonState::update().set("topic", "why")).await.unwrap();
    assert_eq!(asked.interrupts()[0].question, json!("why?"));
    let done = thread.resume(Resume::answer("because")).await.unwrap().into_state();
    assert_eq!(done.value("notes"), Some(&json!(["because", "[1] 9"])));
    let read = thread.state().await.unwrap().unwrap().state;
    assert_eq!(read.value("handle"), Some(&Value::Null), "it is not stored");
    assert_eq!(read.value("inbox"), Some(&json!([])), "it lasted one superstep");
    for field in ["topic", "notes", "n", "tags", "messages", "best", "secret"] {
        assert_eq!(read.value(field), done.value(field), "{field}");
    }
    let second = thread.invoke(JsonState::update().set("topic", "how")).await.unwrap();
    assert_eq!(second.state().value("messages"), done.value("messages"));
}

// C7, C18 for fields known by name.
#[tokio::test]
async fn conflicts_and_overwrites_are_found_by_the_names_of_fields() {
    async fn topic() -> JsonUpdate {
        JsonState::update().set("topic", 1)
    }
    async fn overwrite() -> JsonUpdate {
        JsonState::update().overwrite("notes", ["o"])
    }
    async fn append() -> JsonUpdate {
        JsonState::update().set("notes", ["x"])
    }
    let both =
        |graph: StateGraph<JsonState>| graph.edge(START, "a").edge(START, "b").edge("a", END).edge("b", END);
    let start = || StateGraph::starting_from("dynamic", declared());
    let graph = both(start().node("a", topic).node("b", topic)).compile().unwrap();
    let error = graph.invoke(JsonUpdate::new()).await.unwrap_err();
    assert!(matches!(&error, RunError::Conflict { .. }) && error.to_string().contains("`topic`"), "{error}");
    let graph = both(start().node("a", overwrite).node("b", append)).compile().unwrap();
    let done = graph.invoke(JsonState::update().set("notes", ["before"])).await.unwrap().into_state();
    assert_eq!(done.value("notes"), Some(&json!(["o"])));
}
