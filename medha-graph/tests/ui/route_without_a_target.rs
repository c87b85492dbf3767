use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

#[derive(Route)]
enum Verdict {
    Revise,
    #[route(END)]
    Accept(u32, u32),
}

fn main() {}
