//! Graphs behind JSON: one door for typed graphs and those declared at run time.

use std::sync::Arc;

use medha_graph::CompiledGraph;
use medha_graph::json::{DynCall, DynGraph, JsonState, JsonUpdate};
use medha_graph::prelude::*;
use schemars::JsonSchema;
use serde_json::{Value, json};

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Mail {
    text: String,
    #[state(append)]
    log: Vec<String>,
    sent: bool,
    #[state(private)]
    token: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Sender {
    /// Whose mail it is.
    name: String,
}

async fn prepare(ctx: Ctx) -> MailUpdate {
    ctx.emit("preparing");
    Mail::update().token("secret-token").log(["prepared"])
}

async fn send(mail: &Mail, ctx: Ctx, sender: Context<Sender>) -> MailUpdate {
    let sent =
        ctx.interrupt(format!("send {:?} of {} ({})?", mail.text, sender.name, mail.token.len())).await;
    Mail::update().sent(sent).log(["sent"])
}

fn typed() -> CompiledGraph<Mail> {
    let graph = StateGraph::<Mail>::new("mail").node("prepare", prepare).node("send", send);
    let graph = graph.edge(START, "prepare").edge("prepare", "send").edge("send", END).compile().unwrap();
    graph.with_json_context::<Sender>().with_checkpointer(MemorySaver::default())
}

fn declared() -> Arc<dyn DynGraph> {
    async fn shout(state: &JsonState) -> Result<JsonUpdate, NodeError> {
        Ok(JsonState::update()
            .set("log", [state.get::<String>("text")?.to_uppercase()])
            .set("token", "secret-token"))
    }
    let state = JsonState::new().field("text").append("log").field("token").private();
    let graph = StateGraph::starting_from("shout", state).node("shout", shout);
    let graph = graph.edge(START, "shout").edge("shout", END).compile().unwrap();
    graph.with_checkpointer(MemorySaver::default()).into_dyn()
}

fn call(input: Value) -> DynCall {
    DynCall::from(input).with_context(json!({"name": "Ada"}))
}

fn resume(answer: Value) -> DynCall {
    DynCall::from(Resume::answer(answer)).with_context(json!({"name": "Ada"}))
}

#[tokio::test]
async fn a_typed_graph_runs_stops_and_resumes_in_json_without_its_private_fields() {
    let graph = typed().into_dyn();
    assert_eq!((graph.name(), graph.nodes()), ("mail", vec!["prepare".to_owned(), "send".to_owned()]));
    assert!(graph.mermaid().contains("prepare"));
    let asked = graph.run("t", call(json!({"text": "hi", "log": ["start"]}))).await.unwrap();
    assert_eq!(asked["status"], "interrupted");
    assert_eq!(asked["interrupts"][0]["question"], r#"send "hi" of Ada (12)?"#);
    let done = graph.run("t", resume(json!(true))).await.unwrap();
    let state = json!({"text": "hi", "log": ["start", "prepared", "sent"], "sent": true});
    assert_eq!(done, json!({"status": "done", "state": state}));
    let snapshot = graph.state("t").await.unwrap().unwrap();
    assert_eq!((&snapshot["state"], &snapshot["next"]), (&state, &json!([])));
    let history = graph.history("t", 10).await.unwrap();
    assert_eq!(history.len(), 3);
    assert!(!Value::from(history).to_string().contains("secret-token"));
    assert!(graph.state("nobody").await.unwrap().is_none());
}

#[tokio::test]
async fn a_graph_declared_at_run_time_goes_through_the_same_door() {
    let graphs: Vec<Arc<dyn DynGraph>> = vec![typed().into_dyn(), declared()];
    assert_eq!(graphs.iter().map(|graph| graph.name().to_owned()).collect::<Vec<_>>(), ["mail", "shout"]);
    let done = graphs[1].run("t", json!({"text": "hi"}).into()).await.unwrap();
    assert_eq!(done, json!({"status": "done", "state": {"text": "hi", "log": ["HI"]}}));
    let without_a_thread = graphs[1].run("", json!({"text": "a"}).into()).await.unwrap();
    assert_eq!(without_a_thread["state"]["log"], json!(["A"]));
}

#[tokio::test]
async fn every_field_that_does_not_fit_is_named_before_anything_runs() {
    for graph in [typed().into_dyn(), declared()] {
        let name = graph.name().to_owned();
        let refused =
            graph.run("t", json!({"tetx": 1, "token": "x", "zzz": 1}).into()).await.unwrap_err().to_string();
        let fields = if name == "mail" { r#""text", "log", "sent""# } else { r#""text", "log""# };
        assert_eq!(
            refused,
            format!(
                r#"the input of graph "{name}" does not fit: it has no field "tetx"; did you mean "text"?; field "token" is private; only nodes write it; it has no field "zzz"; its fields are {fields}"#
            )
        );
        assert!(graph.state("t").await.unwrap().is_none());
        let refused = graph.run("t", json!([1]).into()).await.unwrap_err().to_string();
        assert!(refused.ends_with("it is an object of fields to write, such as {}"), "{refused}");
    }
    let refused = typed().into_dyn().run("t", json!({"text": 5}).into()).await.unwrap_err().to_string();
    assert!(refused.contains("invalid type: integer `5`, expected a string"), "{refused}");
    let refused = declared().run("t", json!({"log": 5}).into()).await.unwrap_err().to_string();
    assert!(refused.contains("it takes a list of items to append and was given the number 5"), "{refused}");
}

#[tokio::test]
async fn a_context_is_read_as_the_declared_type_or_refused() {
    let wrong = DynCall::from(json!({})).with_context(json!({"nmae": 1}));
    let error = typed().into_dyn().run("t", wrong).await.unwrap_err().to_string();
    assert_eq!(error, r#"the context of graph "mail" does not fit: missing field `name`"#);
    let unwanted = DynCall::from(json!({})).with_context(json!({}));
    let error = declared().run("t", unwanted).await.unwrap_err().to_string();
    assert_eq!(
        error,
        r#"the context of graph "shout" does not fit: it takes none; declare one with `with_json_context`"#
    );
}

#[tokio::test]
async fn events_are_objects_of_one_shape_and_the_failure_comes_last() {
    let graph = typed().into_dyn();
    let mut stream = graph.stream("t", call(json!({"text": "hi"})));
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event.unwrap());
    }
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "run_started",
            "checkpoint_saved",
            "values",
            "task_started",
            "custom",
            "task_finished",
            "checkpoint_saved",
            "values",
            "task_started",
            "task_asked",
            "interrupted"
        ]
    );
    assert_eq!(events[5]["update"], json!({"log": ["prepared"]}));
    assert_eq!(events[5]["task"]["node"], "prepare");
    assert!(!Value::from(events).to_string().contains("secret-token"));
    let mut stream = graph.stream("t", call(json!({"text": "again"})));
    let error = stream.next().await.unwrap().unwrap_err().to_string();
    assert!(error.contains("unfinished") || error.contains("abandon"), "{error}");
    graph.abandon("t").await.unwrap();
    assert_eq!(graph.run("t", call(json!({}))).await.unwrap()["status"], "interrupted");
}

#[tokio::test]
async fn metadata_of_a_call_is_stored_with_its_checkpoints() {
    let graph = declared();
    graph.run("t", DynCall::from(json!({"text": "x"})).with_metadata("user", "ada")).await.unwrap();
    assert_eq!(graph.state("t").await.unwrap().unwrap()["metadata"], json!({"user": "ada"}));
}

// C25
#[tokio::test]
async fn threads_of_one_graph_do_not_mix() {
    let graph = declared();
    let runs = (0..10).map(|number| {
        let graph = Arc::clone(&graph);
        async move {
            graph.run(&format!("t{number}"), json!({"text": format!("n{number}")}).into()).await.unwrap()
        }
    });
    let results = futures_util::future::join_all(runs).await;
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result["state"]["log"], json!([format!("N{number}")]));
    }
}

#[tokio::test]
async fn a_thread_is_changed_from_outside_through_the_same_checks() {
    let graph = declared();
    graph.run("t", json!({"text": "hi"}).into()).await.unwrap();
    let before = graph.state("t").await.unwrap().unwrap()["id"].as_u64().unwrap();
    let id = graph.update("t", Some("shout"), json!({"log": ["from outside"]})).await.unwrap();
    assert_eq!(id.0, before + 1);
    graph.update("t", None, json!({"text": {"$overwrite": "new"}})).await.unwrap();
    let state = graph.state("t").await.unwrap().unwrap()["state"].clone();
    assert_eq!(state, json!({"text": "new", "log": ["HI", "from outside"]}));
    let error = graph.update("t", None, json!({"token": "x"})).await.unwrap_err().to_string();
    assert!(error.ends_with(r#"field "token" is private; only nodes write it"#), "{error}");
}

#[tokio::test]
async fn what_finished_beside_a_question_is_shown_without_private_writes() {
    async fn ask(ctx: Ctx) -> MailUpdate {
        Mail::update().sent(ctx.interrupt("sure?").await)
    }
    let graph = StateGraph::<Mail>::new("mail").node("prepare", prepare).node("ask", ask);
    let graph = graph.edge(START, "prepare").edge(START, "ask").edge("prepare", END).edge("ask", END);
    let graph = graph.compile().unwrap().with_checkpointer(MemorySaver::default()).into_dyn();
    graph.run("t", json!({}).into()).await.unwrap();
    let shown = graph.state("t").await.unwrap().unwrap().to_string();
    assert!(shown.contains("prepared") && !shown.contains("secret-token"), "{shown}");
}
