//! Crashes of a process that runs a graph within a graph: at any storage call, before and after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use medha_graph::prelude::*;
use medha_graph::store::retention::{Pruned, Retention};
use medha_graph::store::{
    Answer, Checkpointer, Effect, Head, HeadRef, HistoryQuery, Line, Progress, StoredCheckpoint, ThreadKey,
    Written,
};
use medha_graph::{CheckpointError, CheckpointId, Interrupt, RunError, Subgraph};

/// A saver in memory whose process dies at a call that stores.
#[derive(Clone, Debug)]
struct Mortal {
    saver: MemorySaver,
    calls: Arc<AtomicU64>,
    dies_at: Arc<AtomicU64>,
    is_stored: bool,
}

impl Mortal {
    fn new(dies_at: u64, is_stored: bool) -> Self {
        let (saver, calls) = (MemorySaver::default(), Arc::default());
        Self { saver, calls, dies_at: Arc::new(AtomicU64::new(dies_at)), is_stored }
    }

    /// Whether it died; from now on it lives.
    fn was_dead(&self) -> bool {
        let dies_at = self.dies_at.swap(u64::MAX, Ordering::SeqCst);
        self.calls.load(Ordering::SeqCst) > dies_at
    }

    fn store<'a>(&'a self, key: &'a ThreadKey, call: Answer<'a, ()>) -> Answer<'a, ()> {
        Box::pin(async move {
            let (number, dies_at) =
                (self.calls.fetch_add(1, Ordering::SeqCst), self.dies_at.load(Ordering::SeqCst));
            if number < dies_at {
                return call.await;
            }
            if number == dies_at && self.is_stored {
                call.await?;
            }
            Err(CheckpointError::corrupt(key, "the process died"))
        })
    }
}

impl Checkpointer for Mortal {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        self.saver.load(key, at)
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        self.saver.written(key, ranges)
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        self.store(key, Box::pin(async move { self.saver.commit(key, expected, checkpoint).await }))
    }

    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()> {
        self.store(key, Box::pin(async move { self.saver.save_progress(key, head, progress).await }))
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        self.store(key, Box::pin(async move { self.saver.save_effect(key, effect).await }))
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        self.saver.history(key, query)
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        self.saver.namespaces(thread)
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        self.saver.threads(after, limit)
    }

    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        self.saver.copy(from, to, salt)
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        self.saver.prune(thread, retention)
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        self.saver.delete(thread)
    }
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

async fn before() -> LogUpdate {
    Log::update().seen(["before"])
}
async fn ask(ctx: Ctx) -> LogUpdate {
    let answer: String = ctx.interrupt("what?").await;
    Log::update().seen([format!("told {answer}")])
}
async fn ask_more(ctx: Ctx) -> LogUpdate {
    let answer: u32 = ctx.interrupt("how many?").await;
    Log::update().seen([format!("counted {answer}")])
}
async fn after(log: &Log) -> LogUpdate {
    Log::update().seen([format!("after {}", log.seen.len())])
}

fn asking() -> CompiledGraph<Log> {
    StateGraph::<Log>::new("asking")
        .node("before", before)
        .node("ask", ask)
        .node("ask_more", ask_more)
        .node("after", after)
        .edge(START, "before")
        .edge("before", "ask")
        .edge("before", "ask_more")
        .edge(["ask", "ask_more"], "after")
        .edge("after", END)
        .compile()
        .unwrap()
}

/// A child over the same state, in a persistent one with a state of its own.
fn nested() -> CompiledGraph<Log> {
    let middle = StateGraph::<Log>::new("middle")
        .node("child", Subgraph::new(asking()))
        .edge(START, "child")
        .edge("child", END)
        .compile()
        .unwrap();
    let middle = Subgraph::new(middle)
        .input(|log: &Log| Log::update().seen([format!("visit after {}", log.seen.len())]))
        .output(|log: &Log| Log::update().seen(log.seen.clone()))
        .persistent();
    StateGraph::<Log>::new("outer")
        .node("middle", middle)
        .node("after", after)
        .edge(START, "middle")
        .edge("middle", "after")
        .edge("after", END)
        .compile()
        .unwrap()
}

/// Takes a thread to its end, whatever happens: answers what is asked, and goes on after a crash.
async fn finish(graph: &CompiledGraph<Log>, saver: &Mortal) -> Log {
    let thread = graph.thread("t");
    let answer = |open: &Interrupt| {
        let is_text = open.question == "what?";
        let answer = if is_text { serde_json::json!("yes") } else { serde_json::json!(3) };
        Resume::answer_to(open.id, answer)
    };
    let mut outcome = thread.invoke(Log::update().seen(["input"])).await;
    for _ in 0..9 {
        outcome = match outcome {
            Ok(Outcome::Done(log)) => return log,
            Ok(stopped) => thread.resume(answer(&stopped.interrupts()[0])).await,
            Err(error) => {
                assert!(saver.was_dead(), "{error}");
                match thread.resume(Resume::next()).await {
                    Err(RunError::NothingToResume { .. }) => {
                        thread.invoke(Log::update().seen(["input"])).await
                    }
                    other => other,
                }
            }
        };
    }
    panic!("it does not come to an end: {outcome:?}");
}

#[tokio::test]
async fn a_crash_at_any_storage_call_changes_nothing_about_the_end() {
    let whole = Mortal::new(u64::MAX, false);
    let graph = nested().with_checkpointer(whole.clone());
    let expected = finish(&graph, &whole).await;
    assert_eq!(
        expected.seen,
        ["input", "visit after 1", "before", "told yes", "counted 3", "after 4", "after 6"]
    );
    let calls = whole.calls.load(Ordering::SeqCst);
    assert!(calls > 15, "{calls} calls");
    for call in 0..calls {
        for is_stored in [false, true] {
            let saver = Mortal::new(call, is_stored);
            let graph = nested().with_checkpointer(saver.clone());
            let done = finish(&graph, &saver).await;
            assert_eq!(done, expected, "died at call {call} of {calls}, stored: {is_stored}");
        }
    }
}
