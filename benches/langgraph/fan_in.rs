//! Many nodes at once, which a join waits for: two supersteps.

use medha_graph::prelude::*;

use crate::row::{Row, Saver};

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Numbers {
    #[state(append)]
    xs: Vec<usize>,
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for width in [10, 100, 1_000] {
        for (end, saver) in [Saver::EVERY[0], Saver::EVERY[2]] {
            rows.push(Row::of(
                format!("fan_in_{width}{end}"),
                saver,
                move || fan_in(width),
                || Numbers::update().xs([]),
            ));
        }
    }
    rows
}

fn fan_in(width: usize) -> CompiledGraph<Numbers> {
    let mut graph = StateGraph::new("fan in").node("join", async || {});
    let names: Vec<String> = (0..width).map(|number| format!("w{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        graph = graph.node(name, move || async move { Numbers::update().xs([number]) }).edge(START, name);
    }
    graph.edge(names, "join").edge("join", END).compile().unwrap()
}
