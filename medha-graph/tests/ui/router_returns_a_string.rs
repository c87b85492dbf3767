use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

async fn write(_: &Essay) {}

fn main() {
    let _ = StateGraph::<Essay>::new("essay")
        .node("write", write)
        .conditional_edge("write", |essay: &Essay| if essay.score > 80 { "publish" } else { "write" });
}
