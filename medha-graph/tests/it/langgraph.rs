//! Cases of LangGraph's own tests about routing and order, retold. The number of the case is in the comment; where we
//! differ on purpose, so is the design decision. The other cases stand with what they test; `docs/langgraph.md` lists all.

use medha_graph::RunError;
use medha_graph::graph::IntoRoutes;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
    foo: String,
    bar: String,
    #[state(append)]
    docs: Vec<String>,
    plan: Vec<Vec<String>>,
    count: u32,
}

fn log(line: impl Into<String>) -> LogUpdate {
    Log::update().seen([line.into()])
}

/// A node that writes its name.
macro_rules! say {
    ($($name:ident $line:literal),*) => {$(async fn $name() -> LogUpdate { log($line) })*};
}
say!(zero "0", one "1", one_one "1.1", three "3", three_one "3.1");

/// C10: nodes without edges, led by their commands alone.
#[tokio::test]
async fn commands_alone_can_lead_through_a_graph() {
    async fn a() -> Command<Log> {
        Command::new().update(Log::update().foo("foo")).goto("b")
    }
    async fn b() -> Command<Log> {
        Command::new().update(Log::update().bar("bar")).goto(END)
    }
    let graph = StateGraph::new("commands")
        .node("a", a.goes_to(["b"]))
        .node("b", b.goes_to([END]))
        .edge(START, "a")
        .compile()
        .unwrap();
    let done = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!((done.foo.as_str(), done.bar.as_str()), ("foo", "bar"));
}

/// C11: what two nodes of one superstep collect is all there, in the order of the tasks.
#[tokio::test]
async fn two_writers_of_a_collected_field_are_both_kept() {
    async fn add_one(log: &Log) -> LogUpdate {
        Log::update().seen([(log.count + 1).to_string()])
    }
    let graph = StateGraph::new("two")
        .node("left", add_one)
        .node("right", add_one)
        .edge(START, "left")
        .edge(START, "right")
        .edge("left", END)
        .edge("right", END)
        .compile()
        .unwrap();
    let done = graph.invoke(Log::update().count(2)).await.unwrap().into_state();
    assert_eq!(done.seen, ["3", "3"]);
}

/// C12: two tasks of one node, sent with payloads, route to a node that runs once.
#[tokio::test]
async fn an_edge_after_several_payload_tasks_of_one_superstep_is_followed_once() {
    async fn two(Payload(_): Payload<String>) -> LogUpdate {
        log("2")
    }
    let graph = StateGraph::new("sends")
        .node("0", zero)
        .node("1", one)
        .node("2", two)
        .node("3", three)
        .edge(START, "0")
        .edge("0", "1")
        .fan_out("1", "2", |log: &Log| vec![log.seen.join(","); 2])
        .edge("2", "3")
        .edge("3", END)
        .compile()
        .unwrap();
    let done = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(done.seen, ["0", "1", "2", "2", "3"]);
}

async fn two_with(Payload(n): Payload<u32>) -> LogUpdate {
    log(format!("2|{n}"))
}

/// C13: tasks of the next superstep are planned in the order of the tasks that lead to them. LangGraph runs plain nodes
/// before sent ones; ours keep the order in which they were planned, whatever their kind (decision 2: the frontier is an
/// explicit list).
#[tokio::test]
async fn payload_tasks_and_plain_ones_keep_the_order_they_were_planned_in() {
    let graph = StateGraph::new("concurrent")
        .node("0", zero)
        .node("1", one)
        .node("1.1", one_one)
        .node("3.1", three_one)
        .node("2", two_with)
        .node("3", three)
        .edge(START, "0")
        .edge("0", "1")
        .edge("0", "1.1")
        .edge("1", "3.1")
        .fan_out("1", "2", |_: &Log| [1, 2])
        .fan_out("1.1", "2", |_: &Log| [3, 4])
        .edge("2", "3")
        .edge("3.1", "3")
        .edge("3", END)
        .compile()
        .unwrap();
    let done = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(done.seen, ["0", "1", "1.1", "3.1", "2|1", "2|2", "2|3", "2|4", "3"]);
}

/// C14: a task that was sent may send on.
#[tokio::test]
async fn a_payload_task_may_send_further_ones() {
    async fn two(Payload(n): Payload<u32>) -> Command<Log> {
        let command = Command::new().update(log(format!("2|{n}")));
        if n < 3 { command.send("2", &(n + 2)) } else { command }
    }
    let graph = StateGraph::new("chain")
        .node("0", zero)
        .node("2", two.goes_to(["2"]))
        .node("3", three)
        .edge(START, "0")
        .fan_out("0", "2", |_: &Log| [1, 2])
        .edge("2", "3")
        .edge("3", END)
        .compile()
        .unwrap();
    let done = graph.invoke(Log::update()).await.unwrap().into_state();
    // The edge to "3" is followed after each superstep of "2", as LangGraph does it; within a superstep tasks keep the
    // order in which they were planned (decision 2).
    assert_eq!(done.seen, ["0", "2|1", "2|2", "2|3", "3", "2|4", "3"]);
}

/// C15: a join waits for branches of different length.
#[tokio::test]
async fn a_join_runs_once_after_branches_that_end_in_different_supersteps() {
    async fn rewrite(log: &Log) -> LogUpdate {
        Log::update().foo(format!("query: {}", log.foo))
    }
    async fn analyse(log: &Log) -> LogUpdate {
        Log::update().foo(format!("analysed: {}", log.foo))
    }
    async fn first() -> LogUpdate {
        Log::update().docs(["doc1", "doc2"])
    }
    async fn second() -> LogUpdate {
        Log::update().docs(["doc3", "doc4"])
    }
    async fn answer(log: &Log) -> LogUpdate {
        let mut docs = log.docs.clone();
        docs.sort();
        Log::update().bar(docs.join(",")).count(log.count + 1)
    }
    let graph = StateGraph::new("retrieval")
        .node("rewrite", rewrite)
        .node("analyse", analyse)
        .node("first", first)
        .node("second", second)
        .node("answer", answer)
        .edge(START, "rewrite")
        .edge("rewrite", "analyse")
        .edge("analyse", "first")
        .edge("rewrite", "second")
        .edge(["first", "second"], "answer")
        .edge("answer", END)
        .compile()
        .unwrap();
    let done = graph.invoke(Log::update().foo("what is weather in sf")).await.unwrap().into_state();
    assert_eq!((done.bar.as_str(), done.count), ("doc1,doc2,doc3,doc4", 1));
    assert_eq!(done.docs, ["doc3", "doc4", "doc1", "doc2"], "the short branch came first");
}

/// C22: a planner that takes one step after another off its plan, some of them side by side.
#[tokio::test]
async fn a_plan_with_steps_side_by_side_is_worked_off_in_order() {
    async fn planner(log: &Log) -> Command<Log> {
        let mut plan = log.plan.clone();
        if plan.is_empty() {
            return Command::new();
        }
        let steps = plan.remove(0);
        let command = Command::new().update(Log::update().plan(plan));
        steps.into_iter().fold(command, |command, step| command.goto(step))
    }
    macro_rules! step {
        ($name:ident, $text:literal) => {
            async fn $name() -> Command<Log> {
                Command::new().update(log($text)).goto("planner")
            }
        };
    }
    step!(s1, "s1");
    step!(s2, "s2");
    step!(s3, "s3");
    step!(s4, "s4");
    let graph = StateGraph::new("plan")
        .node("planner", planner.goes_to(["s1", "s2", "s3", "s4", END]))
        .node("s1", s1.goes_to(["planner"]))
        .node("s2", s2.goes_to(["planner"]))
        .node("s3", s3.goes_to(["planner"]))
        .node("s4", s4.goes_to(["planner"]))
        .edge(START, "planner")
        .compile()
        .unwrap();
    let plan =
        [&["s1"][..], &["s2", "s3"], &["s4"]].map(|steps| steps.iter().map(ToString::to_string).collect());
    let input = log("start").plan(plan.to_vec());
    let done = graph.invoke(input).await.unwrap().into_state();
    assert_eq!(done.seen, ["start", "s1", "s2", "s3", "s4"]);
    assert!(done.plan.is_empty());
}

/// C23: a run may begin at several nodes, chosen by its input; an edge may have several sources.
#[tokio::test]
async fn a_run_may_begin_at_several_nodes_chosen_by_its_input() {
    #[derive(Route)]
    enum First {
        #[route("1")]
        One,
        #[route("1.1")]
        OneOne,
        #[route("3.1")]
        ThreeOne,
    }
    fn entry(log: &Log) -> impl IntoRoutes<Route = First> + use<> {
        if log.foo == "all" { vec![First::One, First::OneOne] } else { vec![First::ThreeOne] }
    }
    let graph = StateGraph::new("entry")
        .node("1", one)
        .node("1.1", one_one)
        .node("3.1", three_one)
        .node("3", three)
        .conditional_edge(START, entry)
        .edge("1", "3")
        .edge("1.1", "3")
        .edge("3.1", END)
        .edge("3", END)
        .compile()
        .unwrap();
    let all = graph.invoke(Log::update().foo("all")).await.unwrap().into_state();
    assert_eq!(all.seen, ["1", "1.1", "3"]);
    let few = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(few.seen, ["3.1"]);
}

/// C24: a node that leads to itself until it has counted far enough; fields nobody gave have their defaults.
#[tokio::test]
async fn a_node_may_lead_to_itself_until_a_router_ends_it() {
    #[derive(Route)]
    enum Next {
        #[route("count")]
        Again,
        #[route(END)]
        Enough,
    }
    async fn count(log: &Log) -> LogUpdate {
        Log::update().count(log.count + 1)
    }
    let graph = StateGraph::new("loop")
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", |log: &Log| if log.count < 6 { Next::Again } else { Next::Enough })
        .compile()
        .unwrap();
    assert_eq!(graph.invoke(Log::update()).await.unwrap().into_state().count, 6);
}

/// C25: one compiled graph serves many runs at once, and none sees another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_of_one_graph_at_the_same_time_do_not_see_each_other() {
    async fn twice(log: &Log) -> LogUpdate {
        tokio::task::yield_now().await;
        Log::update().count(log.count * 2).seen([log.foo.clone()])
    }
    let graph = StateGraph::new("many")
        .node("first", twice)
        .node("second", twice)
        .edge(START, "first")
        .edge("first", "second")
        .edge("second", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let runs: Vec<_> = (0..10)
        .map(|n| {
            let thread = graph.thread(format!("t{n}"));
            tokio::spawn(async move { thread.invoke(Log::update().count(n).foo(format!("run {n}"))).await })
        })
        .collect();
    for (n, run) in (0..).zip(runs) {
        let done = run.await.unwrap().unwrap().into_state();
        assert_eq!((done.count, done.seen), (n * 4, vec![format!("run {n}"); 2]));
    }
}

/// C7: an edge from an unknown node does not compile; two plain writes of a superstep are a conflict that names the field.
/// A reducer of the wrong shape does not compile either (`tests/ui/reducer_that_does_not_exist.rs`).
#[tokio::test]
async fn unknown_sources_do_not_compile_and_plain_fields_have_one_writer() {
    let error = StateGraph::<Log>::new("unknown").node("1", one).edge(START, "1").edge("2", END).compile();
    let text = error.unwrap_err().to_string();
    assert!(text.contains("\"2\""), "{text}");
    async fn write() -> LogUpdate {
        Log::update().foo("mine")
    }
    let graph = StateGraph::new("conflict")
        .node("a", zero)
        .node("b", write)
        .node("c", write)
        .edge(START, "a")
        .edge("a", "b")
        .edge("a", "c")
        .edge("b", END)
        .edge("c", END)
        .compile()
        .unwrap();
    let error = graph.invoke(Log::update()).await.unwrap_err();
    assert!(matches!(&error, RunError::Conflict { field, .. } if field == "foo"), "{error}");
}
