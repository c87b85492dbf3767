//! A pipeline that is read from a configuration, and a server that knows graphs as JSON only.
//!
//! Run it with `cargo run --example json_graph`. The fields of a `JsonState` are declared when the program runs; their
//! reducers are those of a derived state. `into_dyn` puts any graph behind JSON, with schemas to check and to show.

use std::collections::BTreeMap;
use std::sync::Arc;

use medha_graph::Node;
use medha_graph::json::{DynGraph, JsonState, JsonUpdate};
use medha_graph::prelude::*;
use serde_json::{Value, json};

const CONFIG: &str = r#"{
    "name": "signup",
    "fields": {"email": "text", "problems": "list", "score": "number"},
    "steps": [
        {"name": "address", "contains": "@", "or": "this is no address"},
        {"name": "company", "contains": "@medha.", "or": "only for colleagues"}
    ]
}"#;

#[derive(Deserialize)]
struct Config {
    name: String,
    fields: BTreeMap<String, String>,
    steps: Vec<Step>,
}

#[derive(Clone, Deserialize)]
struct Step {
    name: String,
    contains: String,
    or: String,
}

/// A node with settings of its own: what a closure would capture is a field.
impl Node<JsonState> for Step {
    type Output = Result<JsonUpdate, NodeError>;

    async fn run(&self, state: &JsonState, _: Ctx) -> Self::Output {
        let email: String = state.get("email")?;
        Ok(if email.contains(&self.contains) {
            JsonState::update().set("score", 1)
        } else {
            JsonState::update().set("problems", [&self.or])
        })
    }
}

fn build(config: &Config) -> Result<Arc<dyn DynGraph>, Box<dyn std::error::Error>> {
    let state = config.fields.iter().fold(JsonState::new(), |state, (name, kind)| match kind.as_str() {
        "list" => state.append(name),
        "number" => state.add(name),
        _ => state.field(name),
    });
    let add = |graph: StateGraph<JsonState>, step: &Step| {
        graph.node(&step.name, step.clone()).edge(START, &step.name).edge(&step.name, END)
    };
    let graph = config.steps.iter().fold(StateGraph::starting_from(&config.name, state), add);
    Ok(graph.compile()?.with_checkpointer(MemorySaver::default()).into_dyn())
}

/// A graph with types is behind JSON the same. What is private stays inside.
#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Transfer {
    to: String,
    euros: u32,
    done: bool,
    #[state(private)]
    account: String,
}

async fn transfer(transfer: &Transfer, ctx: Ctx) -> TransferUpdate {
    let question = json!({"send": transfer.euros, "to": transfer.to});
    Transfer::update().done(ctx.interrupt(question).await).account("DE12 3456")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let transfer = StateGraph::<Transfer>::new("transfer")
        .node("transfer", transfer)
        .edge(START, "transfer")
        .edge("transfer", END)
        .compile()?
        .with_checkpointer(MemorySaver::default())
        .into_dyn();
    let signup = build(&serde_json::from_str(CONFIG)?)?;
    let served: BTreeMap<String, Arc<dyn DynGraph>> =
        [signup, transfer].into_iter().map(|graph| (graph.name().to_owned(), graph)).collect();

    for (name, graph) in &served {
        let fields: Vec<String> =
            graph.schemas().input["properties"].as_object().unwrap().keys().cloned().collect();
        println!("{name}: nodes {:?}, takes {fields:?}", graph.nodes());
    }
    println!("{}", serde_json::to_string_pretty(&served["transfer"].schemas().output)?);

    for email in ["ada@medha.example", "eve@elsewhere", "bob"] {
        println!("{}", served["signup"].run(email, json!({"email": email}).into()).await?);
    }

    let mut events = served["transfer"].stream("t-1", json!({"to": "Bob", "euros": 30}).into());
    while let Some(event) = events.next().await {
        let event = event?;
        if let Some("interrupted" | "values") = event["event"].as_str() {
            println!(
                "{}: {}",
                event["event"],
                event.get("state").unwrap_or(&event["interrupts"][0]["question"])
            );
        }
    }
    println!("{}", served["transfer"].run("t-1", Resume::answer(true).into()).await?);

    // What does not fit is refused with all its reasons, before anything runs.
    let wrong: Value = json!({"eruos": 30, "account": "XX"});
    println!("{}", served["transfer"].run("t-2", wrong.into()).await.unwrap_err());
    Ok(())
}
