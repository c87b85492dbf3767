use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

fn write(_: &Essay) -> EssayUpdate {
    Essay::update().draft("at once")
}

fn main() {
    let _ = StateGraph::<Essay>::new("essay").node("write", write);
}
