//! A stream whose events nobody wants does not keep them.

use std::sync::atomic::{AtomicUsize, Ordering};

use medha_graph::prelude::*;

static ALIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// Counts how many of it there are.
#[derive(Debug, Serialize, Deserialize)]
struct Counted(());

impl Default for Counted {
    fn default() -> Self {
        MOST.fetch_max(ALIVE.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Self(())
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Count {
    turns: u32,
    counted: Counted,
}

#[derive(Route)]
enum Next {
    #[route("turn")]
    Again,
    #[route(END)]
    Stop,
}

async fn turn(count: &Count) -> CountUpdate {
    Count::update().turns(count.turns + 1)
}

#[tokio::test]
async fn reading_only_the_outcome_keeps_no_events() {
    let next = |count: &Count| if count.turns < 300 { Next::Again } else { Next::Stop };
    let graph =
        StateGraph::new("count").node("turn", turn).edge(START, "turn").conditional_edge("turn", next);
    let stream = graph.compile().unwrap().thread("t").stream(Count::update());
    assert_eq!(stream.outcome().await.unwrap().state().turns, 300);
    let most = MOST.load(Ordering::Relaxed);
    assert!(most < 20, "{most} states were alive at once");
}
