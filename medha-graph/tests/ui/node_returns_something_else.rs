use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

async fn write(essay: &Essay) -> String {
    essay.draft.clone()
}

fn main() {
    let _ = StateGraph::<Essay>::new("essay").node("write", write);
}
