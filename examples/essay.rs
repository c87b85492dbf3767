//! A writer and a reviewer go round until the essay is good enough; then a human decides.
//!
//! Run it with `cargo run --example essay`. It needs no network: the "model" below is a function that fails the
//! first time it is asked, as real ones do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Essay {
    topic: String,
    draft: String,
    score: u32,
    #[state(append)]
    notes: Vec<String>,
}

#[derive(Route)]
enum Verdict {
    #[route("write")]
    Revise,
    #[route("publish")]
    Accept,
}

async fn write(essay: &Essay, model: Context<Model>) -> Result<EssayUpdate, NodeError> {
    let draft = model.ask(&essay.topic, essay.notes.len()).await?; // `?` may be retried; `.terminal()?` may not
    Ok(Essay::update().draft(draft).notes([format!("draft {}", essay.notes.len() + 1)]))
}

async fn review(essay: &Essay) -> EssayUpdate {
    Essay::update().score(40 * essay.notes.len() as u32)
}

async fn apologize(failure: Failure) -> EssayUpdate {
    Essay::update().draft(format!("{} gave up: {}", failure.node, failure.error))
}

async fn publish(essay: &Essay, ctx: Ctx) -> EssayUpdate {
    let agreed: bool = ctx.interrupt(format!("publish {:?}?", essay.draft)).await;
    Essay::update().notes([if agreed { "published" } else { "kept in the drawer" }])
}

fn verdict(essay: &Essay) -> Verdict {
    if essay.score < 80 { Verdict::Revise } else { Verdict::Accept }
}

fn essay_graph() -> StateGraph<Essay> {
    StateGraph::new("essay")
        .node("write", write.retry(RetryPolicy::attempts(3)).timeout(Duration::from_secs(30)))
        .node("review", review)
        .node("apologize", apologize)
        .node("publish", publish)
        .edge(START, "write")
        .edge("write", "review")
        .conditional_edge("review", verdict)
        .error_edge("write", "apologize")
        .edge("apologize", END)
        .edge("publish", END)
}

/// Stands in for a language model.
#[derive(Default)]
struct Model {
    calls: AtomicU32,
}

impl Model {
    async fn ask(&self, topic: &str, revision: usize) -> Result<String, std::io::Error> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(std::io::Error::other("the model is busy"));
        }
        Ok(format!("All about {topic}{}", "!".repeat(revision)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = essay_graph()
        .compile()?
        .with_context(Arc::new(Model::default()))
        .with_checkpointer(MemorySaver::default());
    println!("{}", graph.mermaid());

    let thread = graph.thread("essay-1");
    let mut events = thread.stream(Essay::update().topic("bridges"));
    while let Some(event) = events.next().await {
        match event? {
            Event::TaskRetrying { task, error, .. } => println!("{} will be tried again: {error}", task.node),
            Event::TaskFinished { task, update, .. } => println!("{} wrote {update:?}", task.node),
            Event::Interrupted { interrupts } => println!("asked: {}", interrupts[0].question),
            _ => {}
        }
    }

    // Minutes or weeks later, in this process or another one with a saver that outlives it.
    let essay = thread.resume(Resume::answer(true)).await?.into_state();
    println!("{essay:#?}");
    assert_eq!(essay.notes, ["draft 1", "draft 2", "published"]);
    Ok(())
}
