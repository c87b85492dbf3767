//! A newsletter as one async function: loops, `if`s and `?`, with everything a graph gives.
//!
//! Run it with `cargo run --example workflow`. What `ctx.call` runs is journalled: when the function runs again after a
//! question or a failure, calls that were made are given what they came to, and nothing is done twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use medha_graph::node::CallPhase;
use medha_graph::prelude::*;
use medha_graph::workflow::{Final, Previous, Workflow};

/// Counts what is really done.
#[derive(Default)]
struct Newsroom {
    calls: AtomicU32,
}

impl Newsroom {
    async fn summarize(&self, topic: &str) -> Result<String, std::io::Error> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        println!("    (call {call}: {topic})");
        match (topic, call) {
            ("sports", 2) => Err(std::io::Error::other("the wire is down")),
            _ => Ok(format!("all the {topic}")),
        }
    }
}

/// Takes its input, then what any node may take, and `Previous`: what the last run on this thread saved.
async fn newsletter(
    topics: Vec<String>,
    ctx: Ctx,
    newsroom: Context<Newsroom>,
    Previous(issue): Previous<u32>,
) -> Result<Final<String, u32>, NodeError> {
    let issue = issue.unwrap_or(0) + 1;
    let newsroom = &newsroom;
    let mut parts = Vec::new();
    for topic in topics {
        let work = async |topic: String| newsroom.summarize(&topic).await;
        let patient = RetryPolicy::attempts(3).initial(Duration::from_millis(1));
        parts.push(ctx.call("summarize", topic, work).retry(patient).await?);
    }
    let text = format!("No. {issue}: {}", parts.join("; "));
    let is_good: bool = ctx.interrupt(format!("send {text:?}?")).await;
    if !is_good {
        return Err(NodeError::new("the editor said no").terminal());
    }
    let sent: String = ctx.once("send", async |_key| Ok::<_, NodeError>(format!("sent {text:?}"))).await?;
    Ok(Final::new(sent).save(issue)) // returns one thing, and keeps another for the next run
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let newsletter = Workflow::new("newsletter", newsletter)
        .timeout(Duration::from_secs(60))
        .compile()?
        .with_checkpointer(MemorySaver::default())
        .with_context(Arc::new(Newsroom::default()));
    let thread = newsletter.thread("weekly");
    let topics = |topics: &[&str]| topics.iter().map(|&topic| topic.to_owned()).collect::<Vec<_>>();

    println!("the first issue");
    let asked = thread.invoke(topics(&["politics", "sports"])).await?;
    println!("  asked: {}", asked.interrupts()[0].question);
    println!("  answered; no call is made again");
    let sent = thread.resume(Resume::answer(true)).await?.into_output();
    println!("  {}", sent.expect("it is done"));

    println!("the second issue knows of the first; its calls are seen in the stream");
    let mut events = thread.stream(topics(&["weather"]))?;
    while let Some(event) = events.next().await {
        match event? {
            Event::Call { name, phase: CallPhase::Started, .. } => println!("  {name} began"),
            Event::Interrupted { interrupts } => println!("  asked: {}", interrupts[0].question),
            _ => {}
        }
    }
    println!("  {}", thread.resume(Resume::answer(false)).await.unwrap_err());

    println!("what failed can be given up, and what was saved before it stays: this is number 2 again");
    thread.thread().abandon().await?;
    let asked = thread.invoke(topics(&["music"])).await?;
    println!("  asked: {}", asked.interrupts()[0].question);
    Ok(())
}
