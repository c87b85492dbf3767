use medha_graph::View;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
}

struct Length(usize);

async fn count(_length: View<Length>) -> EssayUpdate {
    Essay::update()
}

fn main() {
    let _ = StateGraph::<Essay>::new("essay").node("count", count);
}
