//! A newspaper whose writers are a graph of their own: with a state of their own, a memory, and questions.
//!
//! Run it with `cargo run --example subgraphs`. A compiled graph is a node of another: over the same state, or over its own
//! with an input and an output. What it does is stored beside what its parent stores; a question inside it is answered
//! outside; and it goes on where it stopped.

use medha_graph::prelude::*;
use medha_graph::{BuildError, CompiledGraph, Subgraph};

/// What the newspaper knows.
#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Paper {
    topics: Vec<String>,
    #[state(append)]
    articles: Vec<String>,
    layout: String,
}

/// What a writer knows of an article.
#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Draft {
    topic: String,
    text: String,
}

async fn research(draft: &Draft, ctx: Ctx) -> Command<Draft> {
    ctx.emit(format!("looking into {}", draft.topic));
    if draft.topic == "secrets" {
        // Not for a writer to decide: this ends the visit, and what follows is done by the newspaper.
        return Command::to_parent(Command::<Paper>::new().goto("lawyer"));
    }
    Command::new().update(Draft::update().text(format!("All about {}", draft.topic)))
}

async fn polish(draft: &Draft, ctx: Ctx) -> DraftUpdate {
    let ending: String = ctx.interrupt(format!("how does {:?} end?", draft.text)).await;
    Draft::update().text(format!("{}, {ending}", draft.text))
}

fn writer() -> Result<CompiledGraph<Draft>, BuildError> {
    StateGraph::<Draft>::new("writer")
        .node("research", research)
        .node("polish", polish)
        .edge(START, "research")
        .edge("research", "polish")
        .edge("polish", END)
        .compile()
}

async fn lawyer() -> PaperUpdate {
    Paper::update().articles(["(removed by the lawyer)"])
}

async fn headline(paper: &Paper) -> PaperUpdate {
    Paper::update().layout(format!("{} articles", paper.articles.len()))
}

async fn columns(paper: &Paper) -> PaperUpdate {
    Paper::update().layout(format!("{} in two columns", paper.layout))
}

/// Over the state of its parent: what its nodes write is what its node writes.
fn layout() -> Result<CompiledGraph<Paper>, BuildError> {
    StateGraph::<Paper>::new("layout")
        .node("headline", headline)
        .node("columns", columns)
        .edge(START, "headline")
        .edge("headline", "columns")
        .edge("columns", END)
        .compile()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let writer = writer()?;
    // One visit for each topic, all at once.
    let write = Subgraph::new(writer.clone())
        .input_with(|_: &Paper, topic: String| Draft::update().topic(topic))
        .output(|draft: &Draft| Paper::update().articles([draft.text.clone()]));
    let graph = StateGraph::<Paper>::new("paper")
        .node("plan", || async {})
        .node("write", write.goes_to(["lawyer"]))
        .node("lawyer", lawyer)
        .node("layout", Subgraph::new(layout()?).defer())
        .edge(START, "plan")
        .fan_out("plan", "write", |paper: &Paper| paper.topics.clone())
        .edge("write", "layout")
        .edge("lawyer", "layout")
        .edge("layout", END)
        .compile()?
        .with_checkpointer(MemorySaver::default());

    let thread = graph.thread("monday");
    let topics = ["bridges", "secrets", "rivers"].map(str::to_owned).to_vec();
    let mut events = thread.stream(Paper::update().topics(topics));
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    while let Some(event) = events.next().await {
        match event? {
            Event::Child { path, event } => {
                if let Some(Event::Custom { value, .. }) = event.of::<Draft>() {
                    seen.push(format!("{} says {value}", path[0])); // node, superstep and place of the task
                }
            }
            Event::Interrupted { interrupts } => open = interrupts,
            _ => {}
        }
    }
    seen.sort(); // which visit comes first is nobody's promise
    println!("{}", seen.join("\n"));
    for interrupt in &open {
        println!("{} asks: {}", interrupt.node, interrupt.question);
    }
    let inside = thread.subgraphs(&writer, "write").await?;
    println!("{} visits of the writer can be looked into", inside.len());

    let endings = open.iter().map(|one| one.id).zip(["and they held", "and they rose"]);
    let paper = thread.resume(Resume::answers(endings)).await?.into_state();
    println!("{}\nlayout: {}", paper.articles.join("\n"), paper.layout);
    Ok(())
}
