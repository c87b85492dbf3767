//! Threads changed from outside: updates in the name of nodes, in bulk, as the beginning and as the end.

use medha_graph::prelude::*;
use medha_graph::store::{Cause, StoredOutcome};
use medha_graph::{RunError, Unfinished};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
    plain: u32,
}

fn saw(what: &str) -> LogUpdate {
    Log::update().seen([what])
}

async fn a() -> LogUpdate {
    saw("a")
}
async fn b() -> LogUpdate {
    saw("b")
}
async fn c(log: &Log) -> LogUpdate {
    saw(&format!("c after {}", log.seen.len()))
}
async fn fails() -> Result<LogUpdate, NodeError> {
    Err(NodeError::new("no").terminal())
}
async fn asks(ctx: Ctx) -> LogUpdate {
    let answer: String = ctx.interrupt("which?").await;
    saw(&answer)
}

fn chain() -> CompiledGraph<Log> {
    StateGraph::new("chain")
        .node("a", a)
        .node("b", b)
        .node("c", c)
        .edge(START, "a")
        .edge("a", "b")
        .edge("b", "c")
        .edge("c", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
}

/// "b" beside a node that does not finish, and "c" after both.
fn beside(graph: StateGraph<Log>) -> CompiledGraph<Log> {
    graph
        .node("b", b)
        .node("c", c)
        .edge(START, "b")
        .edge(START, "other")
        .edge(["b", "other"], "c")
        .edge("c", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
}

async fn next<S: medha_graph::State>(thread: &medha_graph::Thread<S>) -> Vec<String> {
    let snapshot = thread.state().await.unwrap().unwrap();
    snapshot.next_nodes().map(str::to_owned).collect()
}

#[tokio::test]
async fn an_update_counts_as_written_by_the_last_node_and_its_edges_decide_anew() {
    let thread = chain().thread("t").with_interrupt_before(["b"]);
    thread.invoke(Log::update()).await.unwrap();
    thread.update(saw("mine")).await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.cause, snapshot.step), (Cause::Update, 2));
    assert_eq!(snapshot.state.seen, ["a", "mine"]);
    assert_eq!(snapshot.writes.iter().map(|task| task.node.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(next(&thread).await, ["b"]);
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().seen, ["a", "mine", "b", "c after 3"]);
}

#[tokio::test]
async fn an_update_may_skip_what_was_planned() {
    let thread = chain().thread("t").with_interrupt_before(["b"]);
    thread.invoke(Log::update()).await.unwrap();
    thread.update_as("b", saw("by hand")).await.unwrap();
    assert_eq!(next(&thread).await, ["c"]);
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().seen, ["a", "by hand", "c after 2"]);
}

#[tokio::test]
async fn routers_see_the_updated_state() {
    #[derive(Route)]
    enum Next {
        #[route("b")]
        Again,
        #[route(END)]
        Stop,
    }
    let graph = StateGraph::new("route")
        .node("a", a)
        .node("b", b)
        .edge(START, "a")
        .conditional_edge("a", |log: &Log| if log.plain > 5 { Next::Stop } else { Next::Again })
        .edge("b", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
        .with_interrupt_after(["a"]);
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    assert_eq!(next(&thread).await, ["b"]);
    thread.update(Log::update().plain(6)).await.unwrap();
    assert_eq!(next(&thread).await, [""; 0]);
}

// C16
#[tokio::test]
async fn an_update_before_a_full_join_leaves_it_full() {
    let graph = StateGraph::new("join")
        .node("rewrite", a)
        .node("analyzer", a)
        .node("retriever 1", b)
        .node("retriever 2", b)
        .node("qa", c)
        .edge(START, "rewrite")
        .edge("rewrite", "analyzer")
        .edge("rewrite", "retriever 2")
        .edge("analyzer", "retriever 1")
        .edge(["retriever 1", "retriever 2"], "qa")
        .edge("qa", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("after").with_interrupt_after(["retriever 1"]);
    assert!(!thread.invoke(Log::update()).await.unwrap().is_done());
    assert_eq!(next(&thread).await, ["qa"]);
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen.last().unwrap(), "c after 4");

    let thread = graph.thread("before").with_interrupt_before(["qa"]);
    thread.invoke(Log::update()).await.unwrap();
    thread.update(saw("doc5")).await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.cause, snapshot.step), (Cause::Update, 4));
    assert_eq!(next(&thread).await, ["qa"]);
    assert!(snapshot.waiting_joins.is_empty());
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen.last().unwrap(), "c after 5");
}

#[tokio::test]
async fn of_which_node_is_asked_where_several_may_be_meant() {
    let graph = StateGraph::new("two")
        .node("a", a)
        .node("b", b)
        .node("c", c)
        .edge(START, "a")
        .edge(START, "b")
        .edge(["a", "b"], "c")
        .edge("c", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
        .with_interrupt_before(["c"]);
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    let error = thread.update(saw("x")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"which node the update counts as written by is not clear: the superstep before was written by ["a", "b"]; name it with `update_as`"#
    );
    let error = thread.update_as("d", saw("x")).await.unwrap_err();
    assert_eq!(error.to_string(), r#"the graph has no node "d"; did you mean "a"?"#);
    assert_eq!(thread.history(10).await.unwrap().len(), 2, "nothing was stored");
}

#[tokio::test]
async fn on_a_thread_that_was_never_run_an_update_is_its_input() {
    let thread = chain().thread("t");
    thread.update(Log::update().plain(3)).await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.cause, snapshot.step, snapshot.state.plain), (Cause::Input, 0, 3));
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen.len(), 3);

    let thread = chain().thread("fresh");
    thread.update_as("b", saw("b by hand")).await.unwrap();
    assert_eq!(next(&thread).await, ["c"]);
}

// C26
#[tokio::test]
async fn an_update_as_the_end_clears_what_is_open() {
    let graph = StateGraph::new("ask")
        .node("asks", asks)
        .edge(START, "asks")
        .edge("asks", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    assert_eq!(thread.invoke(Log::update()).await.unwrap().interrupts().len(), 1);
    thread.update_as(END, Log::update()).await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.cause, snapshot.step), (Cause::Update, 1));
    assert!(snapshot.next.is_empty() && snapshot.interrupts.is_empty());
    assert!(matches!(
        thread.resume(Resume::answer("late")).await.unwrap_err(),
        RunError::NothingAsked { .. }
    ));
    assert_eq!(thread.invoke(Log::update()).await.unwrap().interrupts().len(), 1, "new input is taken again");
}

// Defect 12: what finished beside a failure was shown and then lost.
#[tokio::test]
async fn what_siblings_finished_is_kept_or_discarded_but_never_lost_by_the_way() {
    let graph = beside(StateGraph::new("beside").node("other", fails));
    let stopped = async |name: &str| {
        let thread = graph.thread(name);
        thread.invoke(Log::update()).await.unwrap_err();
        thread
    };
    let thread = stopped("refused").await;
    let error = thread.update_as("other", saw("by hand")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"what ["b"] wrote in the unfinished superstep of thread "refused" would be lost; say with `with_unfinished` whether to keep or to discard it"#
    );
    assert!(matches!(thread.fork().await.unwrap_err(), RunError::FinishedWork { .. }));

    let thread = stopped("kept").await.with_unfinished(Unfinished::Keep);
    thread.update_as("other", saw("by hand")).await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.state.seen, ["b", "by hand"]);
    assert_eq!(next(&thread).await, ["c"], "both sources of the join have arrived");
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen.last().unwrap(), "c after 2");

    let thread = stopped("discarded").await.with_unfinished(Unfinished::Discard);
    thread.update_as("other", saw("by hand")).await.unwrap();
    assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["by hand"]);

    let thread = stopped("ended").await;
    thread.update_as(END, Log::update()).await.unwrap();
    assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["b"], "the end keeps what is finished");

    let thread = stopped("given up").await;
    thread.clone().with_unfinished(Unfinished::Keep).abandon().await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.cause, snapshot.state.seen), (Cause::Abandoned, vec!["b".to_owned()]));
    assert_eq!(next(&thread).await, [""; 0]);
}

// C40: ours asks what becomes of the unfinished work first.
#[tokio::test]
async fn new_input_on_an_unfinished_thread_says_what_becomes_of_the_rest() {
    let graph = beside(StateGraph::new("beside").node("other", asks));
    for (unfinished, seen) in
        [(Unfinished::Keep, &["b", "again", "b"][..]), (Unfinished::Discard, &["again", "b"][..])]
    {
        let thread = graph.thread(format!("{unfinished:?}"));
        thread.invoke(Log::update()).await.unwrap();
        let error = thread.invoke(saw("again")).await.unwrap_err();
        assert!(matches!(error, RunError::Unfinished { .. }), "{error}");
        let asked = thread.clone().with_unfinished(unfinished).invoke(saw("again")).await.unwrap();
        assert_eq!(asked.interrupts().len(), 1);
        let shown = thread.state().await.unwrap().unwrap().with_progress().unwrap();
        assert_eq!(shown.seen, seen, "{unfinished:?}");
    }
}

#[tokio::test]
async fn an_effect_of_abandoned_work_is_not_taken_for_one_of_what_comes_later() {
    async fn charge(log: &Log, ctx: Ctx) -> Result<LogUpdate, NodeError> {
        let amount = log.plain;
        let charged: u32 = ctx.once("charge", |_| async move { Ok::<_, NodeError>(amount) }).await?;
        if charged == 1 {
            Err(NodeError::new("no").terminal())
        } else {
            Ok(saw(&format!("charged {charged}")))
        }
    }
    let graph = StateGraph::new("shop")
        .node("charge", charge)
        .edge(START, "charge")
        .edge("charge", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    thread.invoke(Log::update().plain(1)).await.unwrap_err();
    thread.abandon().await.unwrap();
    assert_eq!(thread.invoke(Log::update().plain(2)).await.unwrap().state().seen, ["charged 2"]);

    let thread = graph.thread("at once").with_unfinished(Unfinished::Discard);
    thread.invoke(Log::update().plain(1)).await.unwrap_err();
    assert_eq!(thread.invoke(Log::update().plain(2)).await.unwrap().state().seen, ["charged 2"]);
}

// C42
#[tokio::test]
async fn each_list_of_updates_is_one_superstep_with_one_checkpoint() {
    let thread = chain().thread("one");
    let ids = thread.update_many([[("a", saw("1")), ("b", saw("2"))]]).await.unwrap();
    assert_eq!(ids.len(), 1);
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.step, snapshot.state.seen.as_slice()), (1, &["1".to_owned(), "2".to_owned()][..]));
    assert_eq!(next(&thread).await, ["b", "c"]);

    let thread = chain().thread("two");
    let ids = thread.update_many([[("a", saw("1"))], [("b", saw("2"))]]).await.unwrap();
    assert_eq!((ids.len(), thread.history(10).await.unwrap().len()), (2, 2));
    assert_eq!(next(&thread).await, ["c"]);

    let thread = chain().thread("wrong");
    let error = thread.update_many([[("a", Log::update().plain(1)), ("b", Log::update().plain(2))]]).await;
    assert!(matches!(error.unwrap_err(), RunError::Conflict { .. }));
    let none: [Vec<(&str, LogUpdate)>; 0] = [];
    let error = thread.update_many(none).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no superstep to make; add a list of updates");
    let error = thread.update_many([vec![("a", saw("1"))], vec![]]).await.unwrap_err();
    assert_eq!(error.to_string(), "a superstep without updates; leave it out, or add an update to it");
    let error = thread.update_many([[("a", saw("1")), (END, Log::update())]]).await.unwrap_err();
    assert_eq!(error.to_string(), "an update as START or as END is a superstep of its own");
    assert!(thread.state().await.unwrap().is_none(), "all or nothing is stored");
}

// C43
#[tokio::test]
async fn updates_that_replay_a_run_give_the_same_history() {
    let graph = chain();
    let (run, replayed) = (graph.thread("run"), graph.thread("replayed"));
    run.invoke(Log::update().plain(1)).await.unwrap();
    run.invoke(Log::update().plain(2)).await.unwrap();
    for (node, number) in [(START, 1), ("a", 0), ("b", 0), ("c", 2), (START, 2), ("a", 0), ("b", 0), ("c", 5)]
    {
        let update = match node {
            START => Log::update().plain(number),
            "c" => saw(&format!("c after {number}")),
            node => saw(node),
        };
        replayed.update_as(node, update).await.unwrap();
    }
    let shape = async |thread: &medha_graph::Thread<Log>| {
        let history = thread.history(20).await.unwrap().into_iter();
        history.map(|one| (one.state, one.next, one.step)).collect::<Vec<_>>()
    };
    assert_eq!(shape(&run).await, shape(&replayed).await);
}

#[tokio::test]
async fn an_update_that_cannot_be_merged_or_stored_changes_nothing() {
    async fn never() -> LogUpdate {
        saw("never")
    }
    let graph = StateGraph::<Log>::new("strict")
        .node("never", never)
        .edge(START, "never")
        .edge("never", END)
        .compile()
        .unwrap();
    let error = graph.thread("t").update(saw("x")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "updating a thread needs stored checkpoints; add a saver with `with_checkpointer`"
    );
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    thread.update(saw("x")).await.unwrap();
    let written = thread.state().await.unwrap().unwrap().writes;
    assert!(matches!(&written[0].outcome, StoredOutcome::Done { writes, .. } if writes.len() == 1));
}
