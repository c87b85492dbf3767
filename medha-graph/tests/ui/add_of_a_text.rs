use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Log {
    #[state(add)]
    text: String,
}

fn main() {}
