//! Crashes of a process that runs a graph within a graph: at any storage call, before and after.

use medha_graph::prelude::*;
use medha_graph::store::{Break, Call, FaultySaver};
use medha_graph::{Interrupt, RunError, Subgraph};

use crate::shapes::of_one;

/// Saves in memory, for a process that may die.
type Saver = FaultySaver<MemorySaver>;

const STORING: [Call; 3] = [Call::Commit, Call::SaveProgress, Call::SaveEffect];

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
    let middle = of_one("middle", "child", Subgraph::new(asking()));
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
async fn finish(graph: &CompiledGraph<Log>, saver: &Saver) -> Log {
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
                assert!(saver.mend(), "{error}");
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
    let whole = FaultySaver::sound(MemorySaver::default());
    let graph = nested().with_checkpointer(whole.clone());
    let expected = finish(&graph, &whole).await;
    assert_eq!(
        expected.seen,
        ["input", "visit after 1", "before", "told yes", "counted 3", "after 4", "after 6"]
    );
    let calls = whole.calls().into_iter().filter(|call| STORING.contains(call)).count() as u64;
    assert!(calls > 15, "{calls} calls");
    for call in 0..calls {
        for how in [Break::Before, Break::After] {
            let saver = FaultySaver::new(MemorySaver::default(), call, how).only(STORING).for_good();
            let graph = nested().with_checkpointer(saver.clone());
            let done = finish(&graph, &saver).await;
            assert_eq!(done, expected, "died at call {call} of {calls}, {how:?}");
        }
    }
}
