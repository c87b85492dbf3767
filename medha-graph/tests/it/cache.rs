//! Nodes whose results are kept: when they run and when they do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::store::ManualClock;
use medha_graph::testing::{Faults, simulate};
use medha_graph::{CachePolicy, MemoryCache, NodeDefaults};
use serde_json::{Value, json};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Work {
    input: u32,
    user: String,
    #[state(append)]
    out: Vec<String>,
}

/// Counts how often a node ran.
#[derive(Clone, Debug, Default)]
struct Runs(Arc<AtomicUsize>);

impl Runs {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

async fn double(work: &Work, runs: Context<Runs>) -> WorkUpdate {
    runs.add();
    Work::update().out([format!("{} for {}", 2 * work.input, work.user)])
}

fn one(node: impl FnOnce(StateGraph<Work>) -> StateGraph<Work>, runs: &Runs) -> CompiledGraph<Work> {
    let graph = node(StateGraph::<Work>::new("work")).edge(START, "node").edge("node", END);
    graph.compile().unwrap().with_context(Arc::new(runs.clone()))
}

fn doubling(policy: CachePolicy<Work>, runs: &Runs) -> CompiledGraph<Work> {
    one(|graph| graph.node("node", double.cache(policy)), runs)
}

fn input(number: u32, user: &str) -> WorkUpdate {
    Work::update().input(number).user(user)
}

#[tokio::test]
async fn a_node_that_is_given_the_same_again_is_not_run_and_writes_the_same() {
    let runs = Runs::default();
    let graph = doubling(CachePolicy::new(), &runs).with_cache(MemoryCache::new());
    let first = graph.invoke(input(1, "ann")).await.unwrap().into_state();
    let again = graph.clone().thread("other").invoke(input(1, "ann")).await.unwrap().into_state();
    assert_eq!((first.out.as_slice(), &again, runs.count()), (&["2 for ann".to_owned()][..], &first, 1));
    graph.invoke(input(2, "ann")).await.unwrap();
    graph.invoke(input(1, "bob")).await.unwrap();
    assert_eq!(runs.count(), 3);
}

#[tokio::test]
async fn without_a_cache_or_a_policy_a_node_runs_every_time() {
    let runs = Runs::default();
    let without_cache = doubling(CachePolicy::new(), &runs);
    let without_policy = one(|graph| graph.node("node", double), &runs).with_cache(MemoryCache::new());
    for graph in [without_cache, without_policy] {
        graph.invoke(input(1, "ann")).await.unwrap();
        graph.invoke(input(1, "ann")).await.unwrap();
    }
    assert_eq!(runs.count(), 4);
}

#[tokio::test]
async fn a_key_says_which_part_of_the_state_counts() {
    let runs = Runs::default();
    let policy = CachePolicy::new().key(|work: &Work| work.input);
    let graph = doubling(policy, &runs).with_cache(MemoryCache::new());
    graph.invoke(input(1, "ann")).await.unwrap();
    let bob = graph.invoke(input(1, "bob")).await.unwrap().into_state();
    assert_eq!((bob.out, runs.count()), (vec!["2 for ann".to_owned()], 1));
}

#[tokio::test]
async fn a_result_whose_time_is_over_is_not_used() {
    let (runs, clock) = (Runs::default(), ManualClock::default());
    let policy = CachePolicy::new().ttl(Duration::from_secs(60));
    let graph = doubling(policy, &runs).with_cache(MemoryCache::new().with_clock(clock.clone()));
    graph.invoke(input(1, "ann")).await.unwrap();
    clock.advance(Duration::from_secs(59));
    graph.invoke(input(1, "ann")).await.unwrap();
    assert_eq!(runs.count(), 1);
    clock.advance(Duration::from_secs(1));
    graph.invoke(input(1, "ann")).await.unwrap();
    assert_eq!(runs.count(), 2);
}

async fn finished(graph: &CompiledGraph<Work>, work: WorkUpdate) -> Value {
    let mut events = graph.thread("t").stream(work);
    while let Some(event) = events.next().await {
        let event = serde_json::to_value(event.unwrap()).unwrap();
        if event["event"] == "task_finished" {
            return event;
        }
    }
    Value::Null
}

#[tokio::test]
async fn the_event_of_a_task_says_whether_its_node_was_run() {
    let runs = Runs::default();
    let graph = doubling(CachePolicy::new(), &runs).with_cache(MemoryCache::new());
    let first = finished(&graph, input(1, "ann")).await;
    let again = finished(&graph, input(1, "ann")).await;
    assert_eq!((&first["cached"], &again["cached"]), (&json!(false), &json!(true)));
    assert_eq!(first["update"], again["update"]);
    assert_eq!(runs.count(), 1);
}

async fn item(Payload(item): Payload<u32>, runs: Context<Runs>) -> WorkUpdate {
    runs.add();
    tokio::time::sleep(Duration::from_secs(1)).await;
    Work::update().out([format!("item {item}")])
}

fn shop(runs: &Runs) -> CompiledGraph<Work> {
    StateGraph::<Work>::new("shop")
        .node("item", item.cache(CachePolicy::new().key(|_: &Work| ())))
        .fan_out(START, "item", |work: &Work| [1, work.input, 1, 1])
        .edge("item", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
}

#[tokio::test(start_paused = true)]
async fn payloads_tell_tasks_apart_and_equal_ones_of_a_superstep_run_once() {
    let runs = Runs::default();
    let graph = shop(&runs).with_cache(MemoryCache::new());
    let work = graph.invoke(input(2, "ann")).await.unwrap().into_state();
    assert_eq!(work.out, ["item 1", "item 2", "item 1", "item 1"]);
    assert_eq!(runs.count(), 2);
    let work = graph.invoke(input(3, "bob")).await.unwrap().into_state();
    assert_eq!(work.out, ["item 1", "item 3", "item 1", "item 1"]);
    assert_eq!(runs.count(), 3);
    let narrow = shop(&runs).with_concurrency(1).with_cache(MemoryCache::new());
    assert_eq!(narrow.invoke(input(2, "ann")).await.unwrap().into_state().out.len(), 4);
    assert_eq!(runs.count(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stands_still_holds_up_no_other() {
    let runs = Runs::default();
    let graph = shop(&runs).with_cache(MemoryCache::new());
    let mut unread = graph.thread("unread").stream(input(2, "ann"));
    while runs.count() == 0 {
        unread.next().await.unwrap().unwrap();
    }
    let work = graph.thread("read").invoke(input(2, "ann")).await.unwrap().into_state();
    assert_eq!(work.out.len(), 4);
    drop(unread);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_wait_for_one_that_fails_run_themselves() {
    async fn first_fails(Payload(item): Payload<u32>, runs: Context<Runs>) -> Result<WorkUpdate, NodeError> {
        tokio::task::yield_now().await;
        if runs.add() == 1 { Err(NodeError::new("busy")) } else { Ok(Work::update().out([item.to_string()])) }
    }
    let runs = Runs::default();
    let node = first_fails.retry(RetryPolicy::attempts(2)).cache(CachePolicy::new());
    let graph = StateGraph::<Work>::new("shop")
        .node("item", node)
        .fan_out(START, "item", |_| [7, 7, 7])
        .edge("item", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
        .with_cache(MemoryCache::new());
    let work = graph.invoke(input(0, "ann")).await.unwrap().into_state();
    // The retry of the first finds what the others came to.
    assert_eq!((work.out, runs.count()), (vec!["7".to_owned(); 3], 3));
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    async fn fails_once(runs: Context<Runs>) -> Result<WorkUpdate, NodeError> {
        if runs.add() == 1 { Err(NodeError::new("busy")) } else { Ok(Work::update().out(["fine"])) }
    }
    let runs = Runs::default();
    let graph = one(|graph| graph.node("node", fails_once.cache(CachePolicy::new())), &runs)
        .with_cache(MemoryCache::new());
    graph.invoke(input(1, "ann")).await.unwrap_err();
    for _ in 0..2 {
        assert_eq!(graph.invoke(input(1, "ann")).await.unwrap().into_state().out, ["fine"]);
    }
    assert_eq!(runs.count(), 2);
}

#[tokio::test]
async fn where_a_command_goes_is_kept_with_what_it_wrote() {
    async fn triage(work: &Work, runs: Context<Runs>) -> Command<Work> {
        runs.add();
        let command = Command::new().update(Work::update().out(["triaged"])).goto("left");
        if work.input > 1 { command.send("right", &work.input) } else { command }
    }
    async fn left() -> WorkUpdate {
        Work::update().out(["left"])
    }
    async fn right(Payload(number): Payload<u32>) -> WorkUpdate {
        Work::update().out([format!("right {number}")])
    }
    let runs = Runs::default();
    let graph = StateGraph::<Work>::new("desk")
        .node("triage", triage.goes_to(["left", "right"]).cache(CachePolicy::new()))
        .node("left", left)
        .node("right", right)
        .edge(START, "triage")
        .edge("left", END)
        .edge("right", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
        .with_cache(MemoryCache::new());
    for _ in 0..2 {
        let work = graph.invoke(input(2, "ann")).await.unwrap().into_state();
        assert_eq!(work.out, ["triaged", "left", "right 2"]);
    }
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn updates_that_are_merged_one_after_the_other_are_kept_so() {
    async fn twice(runs: Context<Runs>) -> Command<Work> {
        runs.add();
        Command::from_update(Work::update().out(["a"])).then(Work::update().out(["b"]).input(7))
    }
    let runs = Runs::default();
    let graph = one(|graph| graph.node("node", twice.goes_to(["node"]).cache(CachePolicy::new())), &runs)
        .with_cache(MemoryCache::new());
    for _ in 0..2 {
        let work = graph.invoke(input(1, "ann")).await.unwrap().into_state();
        assert_eq!((work.out, work.input), (vec!["a".to_owned(), "b".to_owned()], 7));
    }
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn what_must_not_be_stored_is_not_kept_and_its_node_runs_every_time() {
    #[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Login {
        #[state(untracked)]
        token: String,
    }
    async fn login(runs: Context<Runs>) -> LoginUpdate {
        Login::update().token(format!("secret {}", runs.add()))
    }
    let (runs, cache) = (Runs::default(), MemoryCache::new());
    let graph = StateGraph::<Login>::new("login")
        .node("login", login.cache(CachePolicy::new()))
        .edge(START, "login")
        .edge("login", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
        .with_cache(cache.clone());
    for wanted in ["secret 1", "secret 2"] {
        let mut events = graph.thread("t").stream(Login::update());
        let (mut errors, mut token) = (Vec::new(), String::new());
        while let Some(event) = events.next().await {
            match event.unwrap() {
                Event::CacheFailed { error, .. } => errors.push(error),
                Event::RunFinished { state, .. } => token = state.token,
                _ => {}
            }
        }
        assert_eq!(errors, ["what the node wrote cannot be kept: field `token` is not to be stored"]);
        assert_eq!(token, wanted);
    }
    assert!(cache.is_empty());
}

#[tokio::test]
async fn questions_between_cached_nodes_do_not_disturb_the_cache() {
    #[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Rounds {
        round: u32,
        #[state(append)]
        said: Vec<String>,
    }
    async fn double(rounds: &Rounds, runs: Context<Runs>) -> RoundsUpdate {
        runs.add();
        let next = rounds.round + 1;
        Rounds::update().round(next).said([(2 * next).to_string()])
    }
    async fn ask(ctx: Ctx) -> RoundsUpdate {
        Rounds::update().said([ctx.interrupt::<String>("what next?").await])
    }
    #[derive(Route)]
    enum Again {
        #[route("double")]
        Again,
        #[route(END)]
        Enough,
    }
    let runs = Runs::default();
    let by_round = CachePolicy::new().key(|rounds: &Rounds| rounds.round);
    let graph = StateGraph::<Rounds>::new("rounds")
        .node("double", double.cache(by_round))
        .node("ask", ask)
        .edge(START, "double")
        .edge("double", "ask")
        .conditional_edge(
            "ask",
            |rounds: &Rounds| if rounds.round < 3 { Again::Again } else { Again::Enough },
        )
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
        .with_checkpointer(MemorySaver::default())
        .with_cache(MemoryCache::new());
    let three_rounds = async |thread: &str| {
        let thread = graph.thread(thread);
        thread.invoke(Rounds::update()).await.unwrap();
        for answer in ["a", "b"] {
            thread.resume(Resume::answer(answer)).await.unwrap();
        }
        thread.resume(Resume::answer("c")).await.unwrap().into_state().said
    };
    assert_eq!(three_rounds("first").await, ["2", "a", "4", "b", "6", "c"]);
    assert_eq!(runs.count(), 3);
    assert_eq!(three_rounds("second").await, ["2", "a", "4", "b", "6", "c"]);
    assert_eq!(runs.count(), 3);
    graph.clear_cache(["double"]).await.unwrap();
    assert_eq!(three_rounds("third").await, ["2", "a", "4", "b", "6", "c"]);
    assert_eq!(runs.count(), 6);
}

#[tokio::test]
async fn what_was_answered_in_one_thread_is_not_used_in_another() {
    async fn approve(ctx: Ctx) -> WorkUpdate {
        Work::update().out([ctx.interrupt::<String>("approve?").await])
    }
    let graph = one(|graph| graph.node("node", approve.cache(CachePolicy::new())), &Runs::default())
        .with_checkpointer(MemorySaver::default())
        .with_cache(MemoryCache::new());
    for (thread, answer) in [("one", "yes"), ("two", "no")] {
        let asked = graph.thread(thread).invoke(input(1, "ann")).await.unwrap();
        assert_eq!(asked.interrupts().len(), 1);
        let done = graph.thread(thread).resume(Resume::answer(answer)).await.unwrap();
        assert_eq!(done.state().out, [answer]);
    }
}

#[tokio::test]
async fn a_graph_that_changed_begins_anew() {
    let (runs, cache) = (Runs::default(), MemoryCache::new());
    let build = |has_more: bool| {
        let graph = StateGraph::<Work>::new("work").node("node", double.cache(CachePolicy::new()));
        let graph = graph.edge(START, "node").edge("node", END);
        let graph =
            if has_more { graph.node("more", double).edge("node", "more").edge("more", END) } else { graph };
        graph.compile().unwrap().with_context(Arc::new(Runs::default())).with_context(Arc::new(runs.clone()))
    };
    let (old, new) = (build(false).with_cache(cache.clone()), build(true).with_cache(cache.clone()));
    old.invoke(input(1, "ann")).await.unwrap();
    new.invoke(input(1, "ann")).await.unwrap();
    assert_eq!((runs.count(), cache.len()), (3, 2));
}

#[tokio::test]
async fn a_full_cache_forgets_what_was_not_used_for_the_longest_time() {
    let (runs, cache) = (Runs::default(), MemoryCache::with_capacity(2));
    let graph = doubling(CachePolicy::new(), &runs).with_cache(cache.clone());
    for number in [1, 2, 1, 3, 1] {
        graph.invoke(input(number, "ann")).await.unwrap();
    }
    assert_eq!((runs.count(), cache.len()), (3, 2));
    graph.invoke(input(2, "ann")).await.unwrap();
    assert_eq!(runs.count(), 4);
}

#[test]
fn in_a_simulation_every_order_finds_the_same_in_the_cache() {
    async fn item(Payload(item): Payload<u32>, runs: Context<Runs>) -> WorkUpdate {
        runs.add();
        Work::update().out([format!("item {item}")])
    }
    let runs = Runs::default();
    let graph = StateGraph::<Work>::new("shop")
        .node("item", item.cache(CachePolicy::new()))
        .fan_out(START, "item", |_| [1, 2, 1, 2])
        .edge("item", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
        .with_cache(MemoryCache::new());
    for seed in 0..20 {
        let work = simulate(&graph, input(0, "ann"), seed, &Faults::none()).unwrap().into_state();
        assert_eq!(work.out, ["item 1", "item 2", "item 1", "item 2"]);
    }
    assert_eq!(runs.count(), 2);
}

#[tokio::test]
async fn clearing_what_is_not_there_is_an_error_with_the_way_out() {
    let runs = Runs::default();
    let graph = doubling(CachePolicy::new(), &runs);
    let error = graph.clear_cache(["node"]).await.unwrap_err().to_string();
    assert_eq!(error, r#"graph "work" has no cache; give it one with `with_cache`"#);
    let graph = graph.with_cache(MemoryCache::new());
    graph.invoke(input(1, "ann")).await.unwrap();
    let error = graph.clear_cache(["node", "nod"]).await.unwrap_err().to_string();
    assert_eq!(error, r#"graph "work" has no node "nod"; did you mean "node"?"#);
    graph.invoke(input(1, "ann")).await.unwrap();
    assert_eq!(runs.count(), 1);
    graph.clear_cache(graph.node_names()).await.unwrap();
    graph.invoke(input(1, "ann")).await.unwrap();
    assert_eq!(runs.count(), 2);
}

#[tokio::test]
async fn a_default_keeps_what_every_node_comes_to_but_those_behind_error_edges() {
    async fn greet(_: &Work, runs: Context<Runs>) -> WorkUpdate {
        runs.add();
        Work::update().out(["hello"])
    }
    async fn fail() -> Result<WorkUpdate, NodeError> {
        Err(NodeError::new("no").terminal())
    }
    async fn mend(_: Failure, runs: Context<Runs>) -> WorkUpdate {
        runs.add();
        Work::update().out(["mended"])
    }
    let (runs, clock) = (Runs::default(), ManualClock::default());
    let graph = StateGraph::<Work>::new("work")
        .defaults(NodeDefaults::new().cache_for(Duration::from_secs(60)).error_to("mend"))
        .node("greet", greet)
        .node("fail", fail)
        .node("mend", mend)
        .edge(START, "greet")
        .edge("greet", "fail")
        .edge("fail", END)
        .edge("mend", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
        .with_cache(MemoryCache::new().with_clock(clock.clone()));
    let mut counts = Vec::new();
    for _ in 0..3 {
        let out = graph.invoke(Work::update().input(1)).await.unwrap().into_state().out;
        assert_eq!(out, ["hello", "mended"]);
        counts.push(runs.count());
        clock.advance(Duration::from_secs(30));
    }
    // The first: both. The second: the one behind the error edge. The third: both, since the time is over.
    assert_eq!(counts, [2, 3, 5]);
}

#[tokio::test]
async fn a_node_with_a_policy_of_its_own_keeps_it_beside_the_default() {
    let runs = Runs::default();
    let by_user = CachePolicy::new().key(|work: &Work| work.user.clone());
    let graph = StateGraph::<Work>::new("work")
        .defaults(NodeDefaults::new().cache())
        .node("double", double.cache(by_user))
        .edge(START, "double")
        .edge("double", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(runs.clone()))
        .with_cache(MemoryCache::new());
    for input in [1, 2] {
        graph.invoke(Work::update().input(input).user("ada")).await.unwrap();
    }
    assert_eq!(runs.count(), 1, "by the default the other input would have run it again");
}
