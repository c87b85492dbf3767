use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

async fn write(_: &Essay) -> EssayUpdate {
    let shared = std::rc::Rc::new(1);
    std::future::ready(()).await;
    Essay::update().score(*shared)
}

fn main() {
    let _ = StateGraph::<Essay>::new("essay").node("write", write);
}
