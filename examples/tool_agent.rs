//! A travel clerk: a model that calls tools, two of them at once, and asks a person before it books.
//!
//! Run it with `cargo run --example tool_agent`. It needs no network: the model's turns are written down, where a program
//! would give an adapter of a provider.

use medha_agents::chat::{Message, ScriptedModel, ToolCall, Turn};
use medha_agents::tool_agent::{Approval, ToolAgent, ToolAgentState, ToolContext, ToolOutcome, tool};
use medha_graph::prelude::*;
use schemars::JsonSchema;
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Place {
    /// The city, by its English name.
    city: String,
}

#[derive(Deserialize, JsonSchema)]
struct Ticket {
    city: String,
    class: u8,
}

async fn weather(place: Place) -> String {
    format!("rain in {}", place.city)
}

async fn trains(place: Place) -> Result<String, NodeError> {
    if place.city == "Atlantis" {
        return Err(NodeError::new("no line goes there"));
    }
    Ok(format!("the night train to {} leaves at 23:04", place.city))
}

/// A booking changes something outside: it is recorded, and not made again when the run goes on after a crash.
async fn book(ticket: Ticket, ctx: ToolContext<'_>) -> ToolOutcome {
    let key = ctx.idempotency_key().map_or(0, |key| key.as_str().len());
    let number = format!("{}-{}", ticket.city, ticket.class);
    ToolOutcome::text(format!("ticket {number} is booked"))
        .with_artifact(json!({"ticket": number, "key_length": key}))
        .update(ToolAgentState::update().values([("ticket".to_owned(), json!(number))]))
}

fn script() -> ScriptedModel {
    let city = |city: &str| json!({ "city": city });
    ScriptedModel::new([
        Turn::calls([
            ToolCall::new("1", "weather", city("Bergen")),
            ToolCall::new("2", "trains", city("Bergen")),
            ToolCall::new("3", "trains", city("Atlantis")),
        ]),
        Turn::calls([ToolCall::new("4", "book", json!({"city": "Bergen", "class": 1}))]),
        Turn::text("You leave for Bergen at 23:04. Take an umbrella."),
    ])
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agent = ToolAgent::new(script())
        .named("travel clerk")
        .system("You find trains and book them.")
        .tool(tool("weather", "Tells the weather in a city.", weather))
        .tool(tool("trains", "Finds the next train to a city.", trains))
        .tool(tool("book", "Books a ticket.", book).side_effects())
        .approve(["book"])
        .max_turns(10)
        .compile()?
        .with_checkpointer(MemorySaver::default());

    let thread = agent.thread("ann");
    let question = ToolAgentState::update().messages([Message::user("Get me to Bergen, or to Atlantis.")]);
    let mut outcome = thread.invoke(question).await?;
    if let [interrupt] = outcome.interrupts() {
        println!("asked to approve: {}", interrupt.question["arguments"]);
        let second_class = Approval::Edit { arguments: json!({"city": "Bergen", "class": 2}) };
        outcome = thread.resume(Resume::answer(second_class)).await?;
    }
    let state = outcome.into_state();
    for message in &state.messages {
        println!("{}", line(message));
    }
    println!("kept: {}", json!(state.values));
    Ok(())
}

fn line(message: &Message) -> String {
    match message {
        Message::System(said) => format!("system: {}", said.text),
        Message::User(said) => format!("user: {}", said.text),
        Message::Assistant(said) if said.calls.is_empty() => format!("clerk: {}", said.text),
        Message::Assistant(said) => {
            let calls = said.calls.iter().map(|call| format!("{}({})", call.name, call.arguments));
            format!("clerk calls {}", calls.collect::<Vec<_>>().join(", "))
        }
        Message::Tool(result) if result.is_error => format!("  {} failed: {}", result.tool, result.text),
        Message::Tool(result) => format!("  {}: {}", result.tool, result.text.replace('\n', " ")),
    }
}
