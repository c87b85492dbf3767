//! A graph as a node of another that stops: questions, failures, drains and crashes inside, and what is run again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use medha_graph::prelude::*;
use medha_graph::subgraph::MappedSubgraph;
use medha_graph::{Durability, Pause, RunControl, RunError, Subgraph};

use crate::shapes::of_one;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

/// How often things ran.
#[derive(Debug, Default)]
struct Runs {
    before: AtomicU32,
    failing: AtomicU32,
}

fn count(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

async fn before(runs: Context<Runs>) -> LogUpdate {
    Log::update().seen([format!("before {}", count(&runs.before))])
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

/// before, then both questions at once, then after.
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

fn wrapped(name: &str, child: CompiledGraph<Log>) -> CompiledGraph<Log> {
    of_one(name, "child", Subgraph::new(child))
}

fn kept(graph: CompiledGraph<Log>) -> (CompiledGraph<Log>, Arc<Runs>) {
    let runs = Arc::new(Runs::default());
    (graph.with_checkpointer(MemorySaver::default()).with_context(Arc::clone(&runs)), runs)
}

#[tokio::test]
async fn questions_of_a_child_are_answered_at_the_parent_by_their_ids_at_any_depth() {
    for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
        let (graph, runs) = kept(wrapped("outer", wrapped("middle", asking())));
        let thread = graph.thread("t").with_durability(durability);
        let outcome = thread.invoke(Log::update().seen(["input"])).await.unwrap();
        let open = outcome.interrupts().to_vec();
        let asked: Vec<_> = open.iter().map(|open| (open.node.as_str(), open.question.as_str())).collect();
        assert_eq!(asked, [("child/child/ask", Some("what?")), ("child/child/ask_more", Some("how many?"))]);
        assert_eq!(thread.state().await.unwrap().unwrap().interrupts, open);

        // One answered, the other still open.
        let outcome = thread.resume(Resume::answer_to(open[1].id, 3)).await.unwrap();
        assert_eq!(outcome.interrupts(), &open[..1]);
        assert_eq!(thread.state().await.unwrap().unwrap().interrupts, open[..1]);
        assert!(matches!(
            thread.resume(Resume::answer_to(open[1].id, 3)).await,
            Err(RunError::UnknownInterrupt { .. })
        ));

        let done = thread.resume(Resume::answer("yes")).await.unwrap();
        assert!(done.is_done());
        assert_eq!(
            done.state().seen,
            ["input", "before 1", "told yes", "counted 3", "after 4"],
            "{durability:?}"
        );
        assert_eq!(runs.before.load(Ordering::SeqCst), 1, "what was done is not run again");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_refused_in_a_child_and_its_question_stays_open() {
    let (graph, runs) = kept(wrapped("outer", wrapped("middle", asking())));
    let thread = graph.thread("t");
    let open = thread.invoke(Log::update()).await.unwrap().interrupts().to_vec();
    let error = thread.resume(Resume::answer_to(open[1].id, "many")).await.unwrap_err();
    assert!(
        matches!(&error, RunError::BadAnswer { id, node, .. } if *id == open[1].id && node == "child/child/ask_more"),
        "{error}"
    );
    assert_eq!(thread.state().await.unwrap().unwrap().interrupts, open);
    let resume = Resume::answer_to(open[0].id, "yes").and(open[1].id, 2);
    assert!(thread.resume(resume).await.unwrap().is_done());
    assert_eq!(runs.before.load(Ordering::SeqCst), 1);
}

async fn ask_for(ctx: Ctx, chat: &Log) -> LogUpdate {
    let answer: String = ctx.interrupt(&chat.seen[0]).await;
    Log::update().seen([answer])
}

#[tokio::test]
async fn children_in_parallel_each_get_their_own_answers_and_finished_ones_are_not_run_again() {
    async fn ask_it(chat: &Log, ctx: Ctx, runs: Context<Runs>) -> LogUpdate {
        count(&runs.before);
        ask_for(ctx, chat).await
    }
    let child = of_one("one", "ask", ask_it);
    let one = Subgraph::new(child.clone())
        .input_with(|_: &Log, word: String| Log::update().seen([word]))
        .output(|one: &Log| Log::update().seen([one.seen.join(" ")]));
    let parent = StateGraph::<Log>::new("parent")
        .node("one", one)
        .fan_out(START, "one", |_: &Log| ["a", "b", "c"])
        .edge("one", END)
        .compile()
        .unwrap();
    let (graph, runs) = kept(parent);
    let thread = graph.thread("t");
    let open = thread.invoke(Log::update()).await.unwrap().interrupts().to_vec();
    assert_eq!(open.iter().map(|open| &open.question).collect::<Vec<_>>(), ["a", "b", "c"]);

    let paused = thread.subgraphs(&child, "one").await.unwrap();
    let second = paused[1].state().await.unwrap().unwrap();
    assert_eq!((second.state.seen, second.next[0].node.as_str()), (vec!["b".to_owned()], "ask"));
    assert_eq!(second.interrupts[0].id, open[1].id);

    let outcome = thread.resume(Resume::answer_to(open[1].id, "B")).await.unwrap();
    assert_eq!(outcome.interrupts().len(), 2);
    let resume = Resume::answer_to(open[2].id, "C").and(open[0].id, "A");
    let done = thread.resume(resume).await.unwrap();
    assert_eq!(done.state().seen, ["a A", "b B", "c C"]);
    assert_eq!(runs.before.load(Ordering::SeqCst), 6, "each node ran until its question and once after it");
}

#[tokio::test]
async fn a_question_in_a_stateless_child_is_an_error_that_says_what_to_do() {
    let graph = of_one("parent", "child", Subgraph::new(asking()).stateless());
    let (graph, _) = kept(graph);
    let error = graph.thread("t").invoke(Log::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "node \"child\" failed in step 1: node \"ask\" of subgraph \"asking\" asks a question, and there is nothing to go \
         on from when it is answered; leave `stateless` out"
    );
}

async fn fails_once(log: &Log, runs: Context<Runs>) -> Result<LogUpdate, NodeError> {
    match count(&runs.failing) {
        1 => Err(NodeError::new("not yet").with_detail(log.seen.len())),
        nth => Ok(Log::update().seen([format!("try {nth}")])),
    }
}
async fn panics() -> LogUpdate {
    panic!("by accident")
}

fn failing() -> CompiledGraph<Log> {
    StateGraph::<Log>::new("failing")
        .node("before", before)
        .node("fails", fails_once)
        .edge(START, "before")
        .edge("before", "fails")
        .edge("fails", END)
        .compile()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_retry_of_the_parent_goes_on_from_the_last_checkpoint_of_the_child() {
    let graph = of_one("parent", "child", Subgraph::new(failing()).retry(RetryPolicy::attempts(2)));
    let (graph, runs) = kept(graph);
    let done = graph.thread("t").invoke(Log::update().seen(["input"])).await.unwrap().into_state();
    assert_eq!(done.seen, ["input", "before 1", "try 2"]);
    assert_eq!(runs.before.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failure_in_a_child_fails_the_node_and_a_resume_goes_on_inside() {
    let (graph, runs) = kept(wrapped("parent", failing()));
    let thread = graph.thread("t");
    let error = thread.invoke(Log::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "node \"child\" failed in step 1: node \"fails\" failed in step 2: not yet"
    );
    let inner: Failure = error.failure().unwrap().detail().unwrap();
    assert_eq!((inner.node.as_str(), inner.detail::<usize>()), ("fails", Some(1)));
    let source = std::error::Error::source(&error).unwrap();
    assert!(matches!(source.downcast_ref(), Some(RunError::Node { step: 2, .. })));
    let child = thread.subgraph(&failing(), "child").await.unwrap().unwrap();
    assert_eq!(child.state().await.unwrap().unwrap().state.seen, ["before 1"]);

    let done = thread.resume(Resume::next()).await.unwrap().into_state();
    assert_eq!(done.seen, ["before 1", "try 2"]);
    assert_eq!(runs.before.load(Ordering::SeqCst), 1);
}

async fn handle(failure: Failure) -> LogUpdate {
    let inner: Failure = failure.detail().unwrap();
    Log::update().seen([format!("{} failed: {} {:?} {}", failure.node, inner.node, inner.kind, inner.error)])
}

#[tokio::test]
async fn a_failure_or_a_panic_in_a_child_is_handled_by_the_error_edge_of_its_node() {
    let panicking = of_one("panicking", "panics", panics);
    for (child, expected) in [
        (failing(), "child failed: fails Error not yet"),
        (panicking, "child failed: panics Panic panicked: by accident"),
    ] {
        let graph = StateGraph::<Log>::new("parent")
            .node("child", Subgraph::new(child).retry(RetryPolicy::attempts(1)))
            .node("handle", handle)
            .edge(START, "child")
            .edge("child", END)
            .error_edge("child", "handle")
            .edge("handle", END)
            .compile()
            .unwrap();
        let (graph, _) = kept(graph);
        let done = graph.thread("t").invoke(Log::update()).await.unwrap().into_state();
        assert_eq!(done.seen, [expected]);
    }
}

async fn drains(ctx: Context<RunControl>) -> LogUpdate {
    ctx.0.drain("enough");
    Log::update().seen(["drains"])
}
async fn cancels(ctx: Context<RunControl>, runs: Context<Runs>) -> LogUpdate {
    if count(&runs.failing) == 1 {
        ctx.0.cancel();
    }
    Log::update().seen(["cancels"])
}

fn controlled(graph: CompiledGraph<Log>) -> (CompiledGraph<Log>, RunControl, Arc<Runs>) {
    let control = RunControl::new();
    let (graph, runs) = kept(wrapped("outer", wrapped("middle", graph)));
    (graph.with_context(Arc::new(control.clone())), control, runs)
}

#[tokio::test]
async fn a_drain_inside_a_child_pauses_every_graph_around_it() {
    let child = StateGraph::<Log>::new("child")
        .node("drains", drains)
        .node("after", after)
        .edge(START, "drains")
        .edge("drains", "after")
        .edge("after", END)
        .compile()
        .unwrap();
    let (graph, control, _) = controlled(child);
    let thread = graph.thread("t");
    let outcome = thread.clone().with_control(&control).invoke(Log::update()).await.unwrap();
    let Outcome::Paused { pause, next, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((pause, next), (Pause::Drained { reason: "enough".into() }, vec!["child".to_owned()]));
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.into_state().seen, ["drains", "after 1"]);
}

#[tokio::test]
async fn a_cancel_inside_a_child_ends_every_graph_around_it_and_is_no_failure() {
    let child = StateGraph::<Log>::new("child")
        .node("before", before)
        .node("cancels", cancels)
        .node("after", after)
        .edge(START, "before")
        .edge("before", "cancels")
        .edge("cancels", "after")
        .edge("after", END)
        .compile()
        .unwrap();
    let (graph, control, runs) = controlled(child);
    let thread = graph.thread("t");
    let error = thread.clone().with_control(&control).invoke(Log::update()).await.unwrap_err();
    assert!(matches!(error, RunError::Cancelled { step: 1 }), "{error}");
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.into_state().seen, ["before 1", "cancels", "after 2"]);
    assert_eq!(runs.before.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_breakpoint_of_a_child_pauses_the_parent_with_the_path_of_the_node() {
    let (graph, _) = kept(wrapped("parent", failing().with_interrupt_before(["fails"])));
    let thread = graph.thread("t");
    let outcome = thread.invoke(Log::update()).await.unwrap();
    let Outcome::Paused { pause, next, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(pause, Pause::Before { nodes: vec!["child/fails".into()] });
    assert_eq!(next, ["child"]);
    thread.resume(Resume::next()).await.unwrap_err();
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.into_state().seen, ["before 1", "try 2"]);
}

fn persistent(child: CompiledGraph<Log>) -> MappedSubgraph<Log, Log> {
    Subgraph::new(child)
        .input(|_: &Log| Log::update().seen(["visit"]))
        .output(|child: &Log| Log::update().seen([child.seen.join(", ")]))
        .persistent()
}

#[tokio::test]
async fn a_persistent_child_does_not_remember_a_visit_that_the_parent_has_abandoned() {
    let graph = of_one("parent", "child", persistent(asking()));
    let (graph, _) = kept(graph);
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    thread.abandon().await.unwrap();
    let open = thread.invoke(Log::update()).await.unwrap().interrupts().to_vec();
    let resume = Resume::answer_to(open[0].id, "yes").and(open[1].id, 1);
    let done = thread.resume(resume).await.unwrap();
    assert_eq!(done.into_state().seen, ["visit, before 2, told yes, counted 1, after 4"]);
}

#[tokio::test]
async fn a_new_visit_of_a_persistent_child_remembers_a_failed_one_and_gives_up_what_it_left_unfinished() {
    let graph = StateGraph::<Log>::new("parent")
        .node("child", persistent(failing()))
        .node("handle", handle)
        .edge(START, "child")
        .edge("child", END)
        .error_edge("child", "handle")
        .edge("handle", "child")
        .compile()
        .unwrap();
    let (graph, _) = kept(graph);
    let done = graph.thread("t").invoke(Log::update()).await.unwrap();
    assert_eq!(
        done.into_state().seen,
        ["child failed: fails Error not yet", "visit, before 1, visit, before 2, try 2"]
    );
}

#[tokio::test]
async fn a_child_of_an_abandoned_run_is_not_taken_for_that_of_the_next() {
    let (graph, _) = kept(wrapped("parent", asking()));
    let thread = graph.thread("t");
    let old = thread.invoke(Log::update().seen(["old"])).await.unwrap().interrupts().to_vec();
    thread.abandon().await.unwrap();
    let open = thread.invoke(Log::update().seen(["new"])).await.unwrap().interrupts().to_vec();
    assert_ne!(open[0].id, old[0].id);
    let resume = Resume::answer_to(open[0].id, "yes").and(open[1].id, 1);
    let done = thread.resume(resume).await.unwrap();
    assert_eq!(done.into_state().seen, ["old", "new", "before 2", "told yes", "counted 1", "after 5"]);
}
