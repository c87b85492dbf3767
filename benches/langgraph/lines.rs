//! Nodes one after the other: `sequential` over a conversation nobody writes, `chain` and `loop` over a counter, which
//! show what one superstep costs.

use medha_graph::prelude::*;
use serde_json::Value;

use crate::row::{Row, Saver};

const STEPS: u64 = 1_000;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for length in [10, 1_000] {
        let graph = move || sequential(length).compile().unwrap();
        rows.push(Row::of(format!("sequential_{length}"), Saver::None, graph, Conversation::update));
    }
    let graph = || sequential(1_000).compile().unwrap();
    rows.push(Row::first_event("sequential_1000_first_event_latency", graph, Conversation::update));
    rows.push(Row::compilation("sequential_1000_compilation", || sequential(1_000)));
    for (end, saver) in Saver::EVERY {
        rows.push(Row::of(format!("chain_1000{end}"), saver, || chain(1_000), Counter::update));
        rows.push(Row::of(format!("loop_1000{end}"), saver, cycle, Counter::update));
    }
    for (end, saver) in [Saver::EVERY[0], Saver::EVERY[2]] {
        rows.push(Row::of(format!("chain_100{end}"), saver, || chain(100), Counter::update));
    }
    rows
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Conversation {
    #[state(messages)]
    messages: Vec<Value>,
}

async fn nothing(_: &Conversation) {}

fn sequential(length: usize) -> StateGraph<Conversation> {
    let mut graph = StateGraph::new("sequential").edge(START, "node_0");
    for number in 0..length {
        let name = format!("node_{number}");
        graph = graph.node(&name, nothing).edge(&name, next("node_", number, length));
    }
    graph
}

fn next(prefix: &str, number: usize, length: usize) -> String {
    if number + 1 == length { END.to_owned() } else { format!("{prefix}{}", number + 1) }
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Counter {
    n: u64,
}

async fn count(counter: &Counter) -> CounterUpdate {
    Counter::update().n(counter.n + 1)
}

fn chain(length: usize) -> CompiledGraph<Counter> {
    let mut graph = StateGraph::new("chain").edge(START, "n0");
    for number in 0..length {
        let name = format!("n{number}");
        graph = graph.node(&name, count).edge(&name, next("n", number, length));
    }
    graph.compile().unwrap()
}

#[derive(Route)]
enum Again {
    #[route("inc")]
    Yes,
    #[route(END)]
    No,
}

fn cycle() -> CompiledGraph<Counter> {
    StateGraph::new("loop")
        .node("inc", count)
        .edge(START, "inc")
        .conditional_edge("inc", |counter: &Counter| if counter.n < STEPS { Again::Yes } else { Again::No })
        .compile()
        .unwrap()
}
