//! A shop looks up prices at services that are busy, slow, broken or wrong, and still gives an answer.
//!
//! Run it with `cargo run --example failures`. An error that `?` raises is tried again as the policy of the node says; a
//! terminal one is not. After the last attempt the failure goes over an error edge, as a task like any other: it is drawn,
//! stored and resumed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::{FailureKind, RunError};

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Offer {
    product: String,
    euros: Option<u32>,
    remark: String,
}

async fn price(offer: &Offer, service: Context<Service>) -> Result<OfferUpdate, NodeError> {
    let attempt = service.calls.fetch_add(1, Ordering::Relaxed) + 1;
    match offer.product.as_str() {
        "lamp" if attempt < 3 => Err(std::io::Error::other("the service is busy"))?,
        "sofa" => std::future::pending::<()>().await, // no answer, ever
        "moon" => {
            let why = NodeError::new("not for sale").with_detail(serde_json::json!({"owner": "nobody"}));
            return Err(why.terminal()); // asking again would not help
        }
        "bomb" => panic!("what was that?"),
        _ => {}
    }
    Ok(Offer::update().euros(Some(30)).remark(format!("asked {attempt} times")))
}

/// Where a failure leads to, by what it is; `None` would fail the run.
#[derive(Route)]
enum Fallback {
    #[route("estimate")]
    Estimate,
    #[route("decline")]
    Decline,
}

fn fallback(failure: &Failure) -> Option<Fallback> {
    match failure.kind {
        FailureKind::Timeout => Some(Fallback::Estimate),
        FailureKind::Error => Some(Fallback::Decline),
        FailureKind::Panic => None,
        _ => None,
    }
}

async fn estimate(failure: Failure) -> OfferUpdate {
    Offer::update().euros(Some(500)).remark(format!("an estimate: {}", failure.error))
}

async fn decline(failure: Failure) -> OfferUpdate {
    let detail: serde_json::Value = failure.detail().unwrap_or_default();
    Offer::update().remark(format!("{} (attempts: {}, {detail})", failure.error, failure.attempts))
}

#[derive(Default)]
struct Service {
    calls: AtomicU32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 1 ms, then 2 ms, and so on, each shortened by chance; in earnest one would wait longer.
    let patient = RetryPolicy::attempts(3).initial(Duration::from_millis(1)).jitter(0.5);
    let graph = StateGraph::<Offer>::new("offer")
        .node("price", price.retry(patient).timeout(Duration::from_millis(20)))
        .node("estimate", estimate)
        .node("decline", decline)
        .edge(START, "price")
        .edge("price", END)
        .conditional_error_edge("price", fallback)
        .edge("estimate", END)
        .edge("decline", END)
        .compile()?
        .with_checkpointer(MemorySaver::default());

    for product in ["chair", "lamp", "sofa", "moon"] {
        println!("{product}");
        let thread = graph.thread(product).with_context(Arc::new(Service::default()));
        let mut events = thread.stream(Offer::update().product(product));
        while let Some(event) = events.next().await {
            match event? {
                Event::TaskRetrying { task, error, .. } => println!("  attempt {}: {error}", task.attempt),
                Event::TaskFailed { task, failure, .. } => {
                    println!("  gave up on {}: {}", task.node, failure.error)
                }
                Event::RunFinished { state, .. } => println!("  {:?}: {}", state.euros, state.remark),
                _ => {}
            }
        }
    }

    // A failure nobody takes over fails the run, and a panic is a failure like any other. The thread stays usable.
    std::panic::set_hook(Box::new(|_| {}));
    let thread = graph.thread("bomb").with_context(Arc::new(Service::default()));
    let error = thread.invoke(Offer::update().product("bomb")).await.unwrap_err();
    println!("bomb\n  {error}");
    assert!(matches!(error, RunError::Node { step: 1, .. }));
    thread.update_as(START, Offer::update().product("bulb")).await?; // mend the input, and go on
    println!("  {}", thread.resume(Resume::next()).await?.into_state().remark);
    Ok(())
}
