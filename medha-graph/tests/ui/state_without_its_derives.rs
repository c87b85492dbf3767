use medha_graph::prelude::*;

#[derive(State, Debug, Serialize, Deserialize)]
struct NotDefault {
    draft: String,
}

#[derive(State, Clone, Debug, Default)]
struct NotStored {
    draft: String,
}

fn main() {}
