//! A reporter writes an article word by word, and three readers look at the same run: a page, a log and a progress bar.
//!
//! Run it with `cargo run --example streaming`. A run is a stream of events; *modes* sort them by what a reader wants to
//! show. Nothing runs before the stream is read, and nobody has to read it: `invoke` is the same run without a reader.

use medha_graph::prelude::*;
use medha_graph::reducer::Message;
use medha_graph::{Mode, PartContent};
use serde_json::json;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Article {
    topic: String,
    facts: Vec<String>,
    #[state(messages)]
    texts: Vec<Text>,
}

/// What a model says. Pieces of one text have the id of the text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Text {
    id: Option<String>,
    text: String,
}

impl Message for Text {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
    fn set_id(&mut self, id: String) {
        self.id = Some(id);
    }
}

fn text(id: &str, text: impl Into<String>) -> Text {
    Text { id: Some(id.to_owned()), text: text.into() }
}

async fn research(article: &Article, ctx: Ctx) -> ArticleUpdate {
    let sources = ["the library", "the archive"];
    for (done, source) in sources.iter().enumerate() {
        ctx.emit(json!({"asking": source, "done": done, "of": sources.len()}));
    }
    Article::update().facts(sources.map(|source| format!("{} in {source}", article.topic)).to_vec())
}

/// Shows words as they come. The whole text is written to the state at the end, and not shown a second time.
async fn write(article: &Article, ctx: Ctx) -> ArticleUpdate {
    let whole = format!("We found {}.", article.facts.join(" and "));
    for word in whole.split_inclusive(' ') {
        ctx.emit_message(text("article", word));
    }
    Article::update().texts([text("article", whole)])
}

/// Is not shown word by word, so it is shown when it is written.
async fn title(article: &Article) -> ArticleUpdate {
    Article::update().texts([text("title", article.topic.to_uppercase())])
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = StateGraph::<Article>::new("article")
        .node("research", research)
        .node("write", write)
        .node("title", title)
        .edge(START, "research")
        .edge("research", "write")
        .edge("write", "title")
        .edge("title", END)
        .compile()?
        .with_checkpointer(MemorySaver::default());
    let input = || Article::update().topic("bridges");

    println!("a page shows what is said:");
    let mut parts = graph.thread("page").stream(input()).modes([Mode::Messages]);
    while let Some(part) = parts.next().await {
        if let PartContent::Messages { task, field, message } = part?.content {
            println!("  {} ({}): {}", task.node, field.as_deref().unwrap_or("as it comes"), message["text"]);
        }
    }

    println!("a progress bar shows what nodes tell of themselves, and which of them are done:");
    let mut parts = graph.thread("bar").stream(input()).modes([Mode::Custom, Mode::Updates]);
    while let Some(part) = parts.next().await {
        match part?.content {
            PartContent::Custom { value, .. } => println!("  {value}"),
            PartContent::Updates { task, updates } => println!("  {} is done: {updates:?}", task.node),
            _ => {}
        }
    }

    println!("a log shows states and checkpoints, as JSON:");
    let mut parts = graph.thread("log").stream(input()).modes([Mode::Values, Mode::Checkpoints]);
    while let Some(part) = parts.next().await {
        println!("  {}", serde_json::to_string(&part?)?);
    }

    println!("the same run without a reader:");
    println!("  {}", graph.thread("quiet").invoke(input()).await?.into_state().texts.len());
    println!("and one whose reader leaves: it stops there, and is resumed");
    let thread = graph.thread("left");
    let mut events = thread.stream(input());
    while let Some(event) = events.next().await {
        if matches!(event?, Event::CheckpointSaved { step: 1, .. }) {
            break;
        }
    }
    drop(events);
    let snapshot = thread.state().await?.expect("it began");
    println!("  next: {:?}", snapshot.next_nodes().collect::<Vec<_>>());
    println!("  {}", thread.resume(Resume::next()).await?.into_state().texts[0].text);
    Ok(())
}
