//! Stops without a question: breakpoints by name and everywhere, draining and cancelling.

use std::sync::Arc;

use medha_graph::node::IntoNode;
use medha_graph::prelude::*;
use medha_graph::{Durability, Pause, RunControl, RunError, Thread};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

fn saw(what: &str) -> LogUpdate {
    Log::update().seen([what])
}

async fn nothing() {}

async fn one(ctx: Ctx) -> LogUpdate {
    saw(&ctx.task().node)
}

const DURABILITIES: [Durability; 3] = [Durability::Sync, Durability::Async, Durability::Exit];

fn steps() -> CompiledGraph<Log> {
    StateGraph::new("steps")
        .node("step_1", nothing)
        .node("step_2", nothing)
        .node("step_3", nothing)
        .edge(START, "step_1")
        .edge("step_1", "step_2")
        .edge("step_2", "step_3")
        .edge("step_3", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
}

/// Why the run stopped, if it did.
fn pause(outcome: &Outcome<Log>) -> Option<Pause> {
    match outcome {
        Outcome::Paused { pause, .. } => Some(pause.clone()),
        Outcome::Done(_) | Outcome::Interrupted { .. } => None,
        other => panic!("{other:?}"),
    }
}

fn before(node: &str) -> Option<Pause> {
    Some(Pause::Before { nodes: vec![node.to_owned()] })
}

fn after(node: &str) -> Option<Pause> {
    Some(Pause::After { nodes: vec![node.to_owned()] })
}

async fn stored(thread: &Thread<Log>) -> usize {
    thread.history(100).await.unwrap().len()
}

// C33. Ours stores the input and each superstep: one checkpoint fewer than there, where the input is two.
#[tokio::test]
async fn a_breakpoint_after_every_node_stops_after_nodes_that_write_nothing() {
    for (durability, counts) in DURABILITIES.into_iter().zip([[2, 3, 4], [2, 3, 4], [1, 2, 3]]) {
        let thread = steps().thread("t").with_durability(durability).with_interrupt_after(["*"]);
        let paused = thread.invoke(Log::update()).await.unwrap();
        assert_eq!(pause(&paused), after("step_1"));
        let mut found = vec![stored(&thread).await];
        let mut next = vec![thread.state().await.unwrap().unwrap().next[0].node.to_string()];
        let paused = thread.resume(Resume::next()).await.unwrap();
        assert_eq!(pause(&paused), after("step_2"));
        found.push(stored(&thread).await);
        next.push(thread.state().await.unwrap().unwrap().next[0].node.to_string());
        let done = thread.resume(Resume::next()).await.unwrap();
        assert!(done.is_done(), "nothing is left to stop before");
        found.push(stored(&thread).await);
        assert_eq!((found.as_slice(), next), (&counts[..], vec!["step_2".to_owned(), "step_3".to_owned()]));
    }
}

#[tokio::test]
async fn a_breakpoint_before_every_node_stops_before_each_once() {
    for durability in DURABILITIES {
        let thread = steps().thread("t").with_durability(durability).with_interrupt_before(["*"]);
        let mut outcome = thread.invoke(Log::update()).await.unwrap();
        for node in ["step_1", "step_2", "step_3"] {
            assert_eq!(pause(&outcome), before(node), "{durability:?}");
            outcome = thread.resume(Resume::next()).await.unwrap();
        }
        assert!(outcome.is_done());
    }
}

#[tokio::test]
async fn a_breakpoint_names_the_nodes_of_a_superstep_it_is_for() {
    let graph = StateGraph::new("wide")
        .node("a", one)
        .node("b", one)
        .node("c", one)
        .edge(START, "a")
        .edge(START, "b")
        .edge(["a", "b"], "c")
        .edge("c", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("before").with_interrupt_before(["b", "c"]);
    let paused = thread.invoke(Log::update()).await.unwrap();
    assert_eq!(pause(&paused), before("b"));
    assert!(paused.state().seen.is_empty(), "its siblings wait too");
    let paused = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(pause(&paused), before("c"));
    let thread = graph.thread("after").with_interrupt_after(["b"]);
    let paused = thread.invoke(Log::update()).await.unwrap();
    assert_eq!(pause(&paused), after("b"));
    assert_eq!(paused.state().seen, ["a", "b"]);
}

#[tokio::test]
async fn a_breakpoint_at_a_name_that_is_no_node_is_an_error_before_anything_is_stored() {
    let graph = steps();
    for thread in [
        graph.thread("t").with_interrupt_before(["step_4"]),
        graph.thread("t").with_interrupt_after(["step_4"]),
        graph.thread("t").with_interrupt_before(["*", "step_4"]),
        graph.clone().with_interrupt_after(["step_4"]).thread("t"),
    ] {
        let error = thread.invoke(Log::update()).await.unwrap_err();
        assert_eq!(error.to_string(), r#"the graph has no node "step_4"; did you mean "step_1"?"#);
        assert!(thread.state().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn breakpoints_of_a_thread_stand_in_for_those_of_its_graph() {
    let graph = steps().with_interrupt_before(["step_2"]);
    let thread = graph.thread("t");
    assert!(pause(&thread.invoke(Log::update()).await.unwrap()).is_some());
    let none: [&str; 0] = [];
    let done = graph.thread("other").with_interrupt_before(none).invoke(Log::update()).await.unwrap();
    assert!(done.is_done());
}

fn chain<A, B>(first: impl IntoNode<Log, A>, last: impl IntoNode<Log, B>) -> StateGraph<Log> {
    StateGraph::new("chain")
        .node("first", first)
        .node("last", last)
        .edge(START, "first")
        .edge("first", "last")
        .edge("last", END)
}

/// Asks the run it is part of to stop.
async fn stops(control: Context<RunControl>, ctx: Ctx) -> LogUpdate {
    control.drain("deploy");
    saw(&ctx.task().node)
}

/// Ends the run it is part of.
async fn cancels(control: Context<RunControl>) -> LogUpdate {
    control.cancel();
    std::future::pending().await
}

fn controlled(graph: &StateGraph<Log>, durability: Durability) -> (Thread<Log>, Thread<Log>) {
    let control = RunControl::new();
    let graph =
        graph.compile().unwrap().with_checkpointer(MemorySaver::default()).with_durability(durability);
    let bound = graph.clone().with_context(Arc::new(control.clone())).thread("t").with_control(&control);
    (bound, graph.with_context(Arc::new(RunControl::new())).thread("t"))
}

// C59
#[tokio::test]
async fn a_run_that_is_drained_stops_at_the_next_superstep_and_goes_on_later() {
    for durability in DURABILITIES {
        let (thread, later) = controlled(&chain(stops, one), durability);
        let paused = thread.invoke(Log::update()).await.unwrap();
        assert_eq!(pause(&paused), Some(Pause::Drained { reason: "deploy".to_owned() }));
        assert_eq!(later.state().await.unwrap().unwrap().state.seen, ["first"], "{durability:?}");
        assert_eq!(later.resume(Resume::next()).await.unwrap().state().seen, ["first", "last"]);
    }
}

#[tokio::test]
async fn a_run_that_is_drained_in_its_last_superstep_is_done() {
    for durability in DURABILITIES {
        let (thread, _) = controlled(&chain(one, stops), durability);
        assert!(thread.invoke(Log::update()).await.unwrap().is_done());
        let snapshot = thread.state().await.unwrap().unwrap();
        assert_eq!((snapshot.state.seen.len(), snapshot.next.len()), (2, 0), "{durability:?}");
    }
}

#[tokio::test]
async fn parallel_tasks_finish_before_a_drained_run_stops() {
    for durability in DURABILITIES {
        let graph = StateGraph::new("wide")
            .node("a", stops)
            .node("b", one)
            .node("c", one)
            .edge(START, "a")
            .edge(START, "b")
            .edge(["a", "b"], "c")
            .edge("c", END);
        let (thread, later) = controlled(&graph, durability);
        let paused = thread.invoke(Log::update()).await.unwrap();
        assert_eq!(paused.state().seen, ["a", "b"]);
        assert_eq!(later.resume(Resume::next()).await.unwrap().state().seen, ["a", "b", "c"]);
    }
}

#[tokio::test]
async fn a_breakpoint_at_the_same_place_wins_over_a_drain() {
    let (thread, later) = controlled(&chain(stops, one), Durability::Sync);
    let paused = thread.with_interrupt_before(["last"]).invoke(Log::update()).await.unwrap();
    assert_eq!(pause(&paused), before("last"));
    assert!(later.with_interrupt_before(["last"]).resume(Resume::next()).await.unwrap().is_done());
}

#[tokio::test]
async fn a_run_that_is_cancelled_keeps_what_is_finished_and_goes_on_later() {
    async fn cancels_once(control: Context<RunControl>, ctx: Ctx) -> LogUpdate {
        if control.drain_reason().is_none() {
            control.drain("a mark for the next run");
            control.cancel();
            std::future::pending::<()>().await;
        }
        saw(&ctx.task().node)
    }
    for durability in DURABILITIES {
        let graph = StateGraph::new("wide")
            .node("first", one)
            .node("quick", one)
            .node("slow", cancels_once)
            .edge(START, "first")
            .edge("first", "quick")
            .edge("first", "slow")
            .edge("quick", END)
            .edge("slow", END);
        let marked = Arc::new(RunControl::new());
        let control = (*marked).clone();
        let graph = graph.compile().unwrap().with_checkpointer(MemorySaver::default());
        let graph = graph.with_durability(durability).with_context(Arc::clone(&marked));
        let error = graph.thread("t").with_control(&control).invoke(Log::update()).await.unwrap_err();
        assert!(matches!(error, RunError::Cancelled { step: 2 }), "{error}");
        let snapshot = graph.thread("t").state().await.unwrap().unwrap();
        assert_eq!(snapshot.state.seen, ["first"], "{durability:?}");
        assert_eq!(snapshot.with_progress().unwrap().seen, ["first", "quick"], "{durability:?}");
        let done = graph.thread("t").resume(Resume::next()).await.unwrap();
        assert_eq!(done.state().seen, ["first", "quick", "slow"]);
    }
}

#[tokio::test]
async fn a_single_task_that_is_cancelled_runs_again() {
    for durability in DURABILITIES {
        let (thread, later) = controlled(&chain(one, cancels), durability);
        let error = thread.invoke(Log::update()).await.unwrap_err();
        assert_eq!(error.to_string(), "the run was cancelled in step 2; `resume` goes on from there");
        let snapshot = later.state().await.unwrap().unwrap();
        assert_eq!((snapshot.state.seen.as_slice(), snapshot.step), (&["first".to_owned()][..], 1));
        assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["last"]);
    }
}

// C49
#[tokio::test]
async fn a_watcher_sees_the_checkpoint_the_thread_stands_at_last() {
    let graph = steps();
    for thread in [
        graph.thread("paused").with_interrupt_after(["step_2"]),
        graph.clone().with_step_limit(2).thread("limited"),
        graph.thread("done"),
    ] {
        for durability in DURABILITIES {
            thread.delete().await.unwrap();
            let mut events = thread.clone().with_durability(durability).stream(Log::update());
            let mut last = None;
            while let Some(event) = events.next().await {
                if let Ok(medha_graph::Event::CheckpointSaved { id, .. }) = event {
                    last = Some(id);
                }
            }
            let head = thread.state().await.unwrap().unwrap().id;
            assert_eq!(last, Some(head), "{} under {durability:?}", thread.id());
        }
    }
}
