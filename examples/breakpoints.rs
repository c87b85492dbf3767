//! A release train that stops before it goes live, is corrected by hand, and makes room when the server shuts down.
//!
//! Run it with `cargo run --example breakpoints`. A breakpoint stops a run between two supersteps without the nodes
//! knowing; a drain does so on demand, a cancellation at once. The same `resume` goes on after each of them.

use medha_graph::prelude::*;
use medha_graph::{Pause, RunControl, RunError};

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Release {
    version: String,
    notes: String,
    #[state(append)]
    log: Vec<String>,
}

async fn build(release: &Release) -> ReleaseUpdate {
    Release::update().notes("Bug fixes and imporvements").log([format!("built {}", release.version)])
}

async fn test() -> ReleaseUpdate {
    Release::update().log(["tested"])
}

async fn deploy(release: &Release) -> ReleaseUpdate {
    Release::update().log([format!("live: {:?}", release.notes)])
}

/// Asks the run it is part of to stop, as a signal handler of a server would.
async fn announce(control: Context<RunControl>) -> ReleaseUpdate {
    control.drain("the server restarts");
    Release::update().log(["announced"])
}

fn show(outcome: &Outcome<Release>) {
    match outcome {
        Outcome::Paused { pause: Pause::Before { nodes }, .. } => println!("stopped before {nodes:?}"),
        Outcome::Paused { pause: Pause::After { nodes }, next, .. } => {
            println!("stopped after {nodes:?}, next is {next:?}");
        }
        Outcome::Paused { pause: Pause::Drained { reason }, next, .. } => {
            println!("stopped, since {reason:?}; next is {next:?}");
        }
        other => println!("{}", other.state().log.join(", ")),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let control = RunControl::new();
    let graph = StateGraph::<Release>::new("release")
        .node("build", build)
        .node("test", test)
        .node("deploy", deploy)
        .node("announce", announce)
        .node("archive", test)
        .edge(START, "build")
        .edge("build", "test")
        .edge("test", "deploy")
        .edge("deploy", "announce")
        .edge("announce", "archive")
        .edge("archive", END)
        .compile()?
        .with_checkpointer(MemorySaver::default())
        .with_context(std::sync::Arc::new(control.clone()))
        .with_interrupt_before(["deploy"]);

    let thread = graph.thread("1.4");
    show(&thread.invoke(Release::update().version("1.4")).await?);

    // Somebody reads the notes before they go out.
    let snapshot = thread.state().await?.expect("the thread was run");
    println!("notes: {:?}, next: {:?}", snapshot.state.notes, snapshot.next_nodes().collect::<Vec<_>>());
    thread.update(Release::update().notes("Bug fixes and improvements")).await?;

    // Further breakpoints can be set for one run; `"*"` would stop at every node.
    let stepping = thread.clone().with_interrupt_after(["deploy"]);
    show(&stepping.resume(Resume::next()).await?);

    show(&thread.clone().with_control(&control).resume(Resume::next()).await?);
    println!("(the server is back)");
    show(&thread.resume(Resume::next()).await?);

    // Cancelling drops what runs; it runs again when the thread is resumed.
    let (thread, control) = (graph.thread("1.5"), RunControl::new());
    control.cancel();
    let error =
        thread.clone().with_control(&control).invoke(Release::update().version("1.5")).await.unwrap_err();
    assert!(matches!(error, RunError::Cancelled { .. }));
    println!("{error}");
    show(&thread.resume(Resume::next()).await?);
    Ok(())
}
