use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    draft: String,
    score: u32,
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Letter {
    text: String,
}

async fn write(letter: &Letter) -> LetterUpdate {
    Letter::update().text(letter.text.clone())
}

fn main() {
    let _ = StateGraph::<Essay>::new("essay").node("write", write);
}
