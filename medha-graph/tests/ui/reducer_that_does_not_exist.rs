use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Log {
    #[state(apend)]
    lines: Vec<String>,
    #[state(add)]
    text: String,
}

#[derive(State)]
enum Choice {
    One,
}

fn main() {}
