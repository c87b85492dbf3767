use medha_graph::prelude::*;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Line {
    text: String,
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Chat {
    #[state(messages)]
    lines: Vec<Line>,
}

fn main() {}
