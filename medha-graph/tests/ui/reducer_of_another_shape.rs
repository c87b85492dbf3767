use medha_graph::prelude::*;

fn keep_best(current: u32, written: u32) -> u32 {
    current.max(written)
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Race {
    #[state(with = keep_best)]
    best: u32,
}

fn main() {}
