//! A graph as a node of another: what goes in, what comes out, what each run remembers.

use medha_graph::prelude::*;
use medha_graph::subgraph::MappedSubgraph;
use medha_graph::{Checkpointer, Event, RunError, Subgraph};

use crate::shapes::of_one;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
    last: String,
    untouched: String,
}

async fn first() -> LogUpdate {
    Log::update().seen(["first"]).last("first")
}
async fn second(log: &Log) -> LogUpdate {
    Log::update().seen([format!("second after {}", log.seen.len())]).last("second")
}
async fn beside() -> LogUpdate {
    Log::update().seen(["beside"]).untouched("by the child")
}

fn child() -> CompiledGraph<Log> {
    StateGraph::<Log>::new("child")
        .node("first", first)
        .node("second", second)
        .edge(START, "first")
        .edge("first", "second")
        .edge("second", END)
        .compile()
        .unwrap()
}

fn around(child: CompiledGraph<Log>) -> CompiledGraph<Log> {
    StateGraph::<Log>::new("parent")
        .node("child", Subgraph::new(child))
        .node("beside", beside)
        .edge(START, "child")
        .edge(START, "beside")
        .edge("child", END)
        .edge("beside", END)
        .compile()
        .unwrap()
}

/// A conversation of its own.
#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Chat {
    #[state(append)]
    said: Vec<String>,
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Desk {
    question: String,
    #[state(append)]
    answers: Vec<String>,
}

async fn reply(chat: &Chat) -> ChatUpdate {
    Chat::update().said([format!("answer {}", chat.said.len())])
}

fn chat() -> CompiledGraph<Chat> {
    of_one("chat", "reply", reply)
}

fn asked(desk: &Desk) -> ChatUpdate {
    Chat::update().said([desk.question.clone()])
}
fn answered(chat: &Chat) -> DeskUpdate {
    Desk::update().answers([chat.said.join(" ")])
}

#[tokio::test]
async fn a_child_over_the_same_state_hands_up_what_it_wrote_and_nothing_twice() {
    let done = around(child()).invoke(Log::update().seen(["input"])).await.unwrap().into_state();
    assert_eq!(done.seen, ["input", "first", "second after 2", "beside"]);
    assert_eq!((done.last.as_str(), done.untouched.as_str()), ("second", "by the child"));
}

#[tokio::test]
async fn a_field_that_the_child_does_not_write_does_not_collide_with_others_that_do() {
    // `beside` writes `untouched`, which the child has in its state as well.
    let saved = around(child()).with_checkpointer(MemorySaver::default());
    let done = saved.thread("t").invoke(Log::update().untouched("input")).await.unwrap().into_state();
    assert_eq!(done.untouched, "by the child");
}

async fn clear() -> LogUpdate {
    Log::update().overwrite_seen(vec!["cleared".into()])
}
async fn late() -> LogUpdate {
    Log::update().seen(["lost"])
}

#[tokio::test]
async fn an_overwrite_inside_a_child_overwrites_in_the_parent() {
    let child = StateGraph::<Log>::new("child")
        .node("first", first)
        .node("clear", clear)
        .node("late", late)
        .node("second", second)
        .edge(START, "first")
        .edge("first", "clear")
        .edge("first", "late")
        .edge(["clear", "late"], "second")
        .edge("second", END)
        .compile()
        .unwrap();
    let parent = of_one("parent", "child", Subgraph::new(child));
    let done = parent.invoke(Log::update().seen(["input"])).await.unwrap().into_state();
    assert_eq!(done.seen, ["cleared", "second after 1"]);
}

#[tokio::test]
async fn a_child_with_a_state_of_its_own_is_given_an_input_and_gives_an_output() {
    let parent = of_one("desk", "chat", Subgraph::new(chat()).input(asked).output(answered));
    let done = parent.invoke(Desk::update().question("why?")).await.unwrap().into_state();
    assert_eq!(done.answers, ["why? answer 1"]);
}

#[tokio::test]
async fn each_task_of_a_fan_out_gives_the_child_its_payload() {
    let one = Subgraph::new(chat())
        .input_with(|desk: &Desk, word: String| Chat::update().said([format!("{} {word}", desk.question)]))
        .output(answered);
    let parent = StateGraph::<Desk>::new("desk")
        .node("chat", one)
        .fan_out(START, "chat", |_: &Desk| ["a", "b", "c"])
        .edge("chat", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let done = parent.thread("t").invoke(Desk::update().question("q")).await.unwrap().into_state();
    assert_eq!(done.answers, ["q a answer 1", "q b answer 1", "q c answer 1"]);
    let chats = parent.thread("t").subgraphs(&chat(), "chat").await.unwrap();
    let mut said = Vec::new();
    for chat in &chats {
        said.push(chat.state().await.unwrap().unwrap().state.said[0].clone());
    }
    assert_eq!(said, ["q a", "q b", "q c"]);
}

#[tokio::test]
async fn graphs_nest_to_any_depth() {
    let mut graph = child();
    for depth in 0..5 {
        graph = StateGraph::<Log>::new(format!("level {depth}"))
            .node("inner", Subgraph::new(graph))
            .node("beside", beside)
            .edge(START, "inner")
            .edge("inner", "beside")
            .edge("beside", END)
            .compile()
            .unwrap();
    }
    let graph = graph.with_checkpointer(MemorySaver::default());
    let done = graph.thread("t").invoke(Log::update().seen(["input"])).await.unwrap().into_state();
    assert_eq!(done.seen.len(), 3 + 5);
    assert_eq!(done.seen[..3], ["input", "first", "second after 2"]);
}

fn desk(chat: MappedSubgraph<Chat, Desk>) -> CompiledGraph<Desk> {
    of_one("desk", "chat", chat).with_checkpointer(MemorySaver::default())
}

async fn ask_thrice(desk: &CompiledGraph<Desk>) -> Vec<String> {
    let thread = desk.thread("t");
    for question in ["1", "2"] {
        thread.invoke(Desk::update().question(question)).await.unwrap();
    }
    thread.invoke(Desk::update().question("3")).await.unwrap().into_state().answers
}

#[tokio::test]
async fn a_child_begins_anew_with_each_visit_unless_it_is_persistent() {
    let mapped = || Subgraph::new(chat()).input(asked).output(answered);
    assert_eq!(ask_thrice(&desk(mapped())).await, ["1 answer 1", "2 answer 1", "3 answer 1"]);
    assert_eq!(ask_thrice(&desk(mapped().stateless())).await, ["1 answer 1", "2 answer 1", "3 answer 1"]);
    assert_eq!(
        ask_thrice(&desk(mapped().persistent())).await,
        ["1 answer 1", "1 answer 1 2 answer 3", "1 answer 1 2 answer 3 3 answer 5"]
    );
}

#[tokio::test]
async fn persistent_children_of_different_nodes_remember_apart() {
    let mapped = || Subgraph::new(chat()).input(asked).output(answered).persistent();
    let desk = StateGraph::<Desk>::new("desk")
        .node("left", mapped())
        .node("right", mapped())
        .edge(START, "left")
        .edge("left", "right")
        .edge("right", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = desk.thread("t");
    thread.invoke(Desk::update().question("1")).await.unwrap();
    let answers = thread.invoke(Desk::update().question("2")).await.unwrap().into_state().answers;
    assert_eq!(answers, ["1 answer 1", "1 answer 1", "1 answer 1 2 answer 3", "1 answer 1 2 answer 3"]);
    let other = desk.thread("u").invoke(Desk::update().question("3")).await.unwrap();
    assert_eq!(
        other.into_state().answers,
        ["3 answer 1", "3 answer 1"],
        "another thread knows nothing of it"
    );
}

#[tokio::test]
async fn a_stateless_child_stores_nothing() {
    let saver = MemorySaver::default();
    let desk = desk(Subgraph::new(chat()).input(asked).output(answered).stateless())
        .with_checkpointer(saver.clone());
    desk.thread("t").invoke(Desk::update().question("1")).await.unwrap();
    assert_eq!(saver.namespaces("t").await.unwrap().len(), 1);
    assert!(desk.thread("t").subgraph(&chat(), "chat").await.unwrap().is_none());
}

async fn calls_with_its_own_thread(
    desk: &Desk,
    memory: Context<MemorySaver>,
) -> Result<DeskUpdate, NodeError> {
    let chat = chat().with_checkpointer((*memory.0).clone());
    let done = chat.thread("other").invoke(asked(desk)).await?;
    Ok(answered(done.state()))
}

#[tokio::test]
async fn a_graph_that_a_node_runs_on_a_thread_of_its_own_keeps_that_thread() {
    let saver = MemorySaver::default();
    let desk = of_one("desk", "call", calls_with_its_own_thread)
        .with_checkpointer(saver.clone())
        .with_context(std::sync::Arc::new(saver.clone()));
    assert_eq!(ask_thrice(&desk).await[1], "1 answer 1 2 answer 3");
    assert_eq!(saver.threads(None, 9).await.unwrap(), ["other", "t"]);
    assert_eq!(saver.namespaces("other").await.unwrap(), [medha_graph::store::ThreadKey::root("other")]);
}

async fn needs(word: Context<str>, number: Context<u32>) -> ChatUpdate {
    Chat::update().said([format!("{} {}", &*word.0, *number)])
}

#[tokio::test]
async fn a_child_is_given_the_parents_dependencies_and_its_own_come_first() {
    use std::sync::Arc;
    let child = of_one("chat", "needs", needs).with_context::<str>(Arc::from("own"));
    let desk = desk(Subgraph::new(child).input(|_: &Desk| Chat::update()).output(answered))
        .with_context::<str>(Arc::from("the parent's"))
        .with_context(Arc::new(7_u32));
    let done = desk.thread("t").invoke(Desk::update()).await.unwrap();
    assert_eq!(done.into_state().answers, ["own 7"]);
}

fn endless(chat: &Chat) -> Option<Again> {
    (chat.said.len() < 100).then_some(Again::Reply)
}

#[derive(Route)]
enum Again {
    #[route("reply")]
    Reply,
}

#[tokio::test]
async fn a_child_has_the_step_limit_of_the_parent_unless_it_has_its_own() {
    let looping = || {
        StateGraph::<Chat>::new("chat")
            .node("reply", reply)
            .edge(START, "reply")
            .conditional_edge("reply", endless)
            .edge("reply", END)
            .compile()
            .unwrap()
    };
    let run = async |child: CompiledGraph<Chat>| {
        let desk = desk(Subgraph::new(child).input(asked).output(answered)).with_step_limit(10);
        desk.thread("t").invoke(Desk::update()).await.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(
        run(looping()).await.unwrap_err(),
        "node \"chat\" failed in step 1: the run took 10 supersteps, its limit, and [\"reply\"] would run next; see \
         `with_step_limit`"
    );
    assert_eq!(run(looping().with_step_limit(200)).await, Ok(()));
}

#[tokio::test]
async fn a_child_that_takes_the_state_refuses_a_payload() {
    let parent = StateGraph::<Log>::new("parent")
        .node("child", Subgraph::new(child()))
        .fan_out(START, "child", |_: &Log| [1])
        .edge("child", END)
        .compile()
        .unwrap();
    let error = parent.invoke(Log::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "node \"child\" failed in step 1: subgraph \"child\" takes the state and no payload; use `input_with`"
    );
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rounds {
    #[state(add)]
    round: u32,
    #[state(append)]
    heard: Vec<String>,
}

#[derive(Route)]
enum Round {
    #[route("inner")]
    More,
    #[route(END)]
    Enough,
}

#[tokio::test]
async fn events_of_a_child_come_in_order_with_the_path_that_leads_to_them() {
    let inner = Subgraph::new(chat())
        .input(|rounds: &Rounds| Chat::update().said([format!("round {}", rounds.round)]))
        .output(|chat: &Chat| Rounds::update().round(1).heard(chat.said.clone()))
        .persistent();
    let graph = StateGraph::<Rounds>::new("rounds")
        .node("inner", inner)
        .edge(START, "inner")
        .conditional_edge(
            "inner",
            |rounds: &Rounds| if rounds.round < 2 { Round::More } else { Round::Enough },
        )
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let mut events = graph.thread("t").stream(Rounds::update());
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            Event::Child { path, event } => {
                let path: Vec<String> = path.iter().map(ToString::to_string).collect();
                match event.of::<Chat>().unwrap() {
                    Event::Values { state, .. } => seen.push(format!("{path:?} {}", state.said.len())),
                    Event::TaskStarted { task } => seen.push(format!("{path:?} {}", task.node)),
                    _ => {}
                }
            }
            Event::TaskStarted { task } => seen.push(task.node.to_string()),
            Event::Values { state, .. } => seen.push(format!("{} heard", state.heard.len())),
            _ => {}
        }
    }
    assert_eq!(
        seen,
        [
            "0 heard",
            "inner",
            "[\"inner:1.0\"] 1",
            "[\"inner:1.0\"] reply",
            "[\"inner:1.0\"] 2",
            "2 heard",
            "inner",
            "[\"inner:2.0\"] 3",
            "[\"inner:2.0\"] reply",
            "[\"inner:2.0\"] 4",
            "6 heard"
        ]
    );
}

#[tokio::test]
async fn an_event_of_a_grandchild_has_the_whole_path_and_reads_as_json() {
    let middle = of_one("middle", "inner", Subgraph::new(child()));
    let mut events = around(middle).thread("t").stream(Log::update());
    let mut deepest = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        if let Event::Child { path, .. } = &event
            && path.len() == 2
        {
            deepest.push(serde_json::to_value(&event).unwrap());
        }
    }
    assert_eq!(deepest[0]["event"], "child");
    assert_eq!(deepest[0]["path"], serde_json::json!(["child:1.0", "inner:1.0"]));
    assert_eq!(deepest[0]["child"]["event"], "run_started");
    let finished = deepest.iter().filter(|event| event["child"]["event"] == "task_finished");
    assert_eq!(
        finished.map(|event| event["child"]["update"]["last"].clone()).collect::<Vec<_>>(),
        ["first", "second"]
    );
}

async fn hands_up() -> Command<Chat> {
    Command::to_parent(Command::<Desk>::new().update(Desk::update().answers(["from inside"])).goto("other"))
}
async fn other() -> DeskUpdate {
    Desk::update().answers(["other"])
}
async fn unreached() -> ChatUpdate {
    Chat::update().said(["never"])
}

fn handing_up() -> CompiledGraph<Chat> {
    StateGraph::<Chat>::new("chat")
        .node("hands_up", hands_up)
        .node("unreached", unreached)
        .edge(START, "hands_up")
        .edge("hands_up", "unreached")
        .edge("unreached", END)
        .compile()
        .unwrap()
}

#[tokio::test]
async fn a_command_for_the_parent_ends_the_child_and_is_what_its_node_returns() {
    let child = Subgraph::new(handing_up()).input(asked).output(answered);
    let desk = StateGraph::<Desk>::new("desk")
        .node("chat", child.retry(RetryPolicy::attempts(3)).goes_to(["other"]))
        .node("other", other)
        .edge(START, "chat")
        .edge("chat", END)
        .edge("other", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let done = desk.thread("t").invoke(Desk::update()).await.unwrap();
    assert!(done.is_done());
    assert_eq!(done.into_state().answers, ["from inside", "other"]);
}

#[tokio::test]
async fn a_command_for_the_parent_needs_a_parent_of_that_state() {
    let error = handing_up().invoke(Chat::update()).await.unwrap_err();
    assert!(matches!(error, RunError::NoParent { .. }));
    assert_eq!(
        error.to_string(),
        "node \"hands_up\" hands a command to a parent graph, and this graph has none; run it as a `Subgraph`, or return \
         the command itself"
    );
    let parent = StateGraph::<Log>::new("parent")
        .node(
            "chat",
            Subgraph::new(handing_up()).input(|_: &Log| Chat::update()).output(|_: &Chat| Log::update()),
        )
        .edge(START, "chat")
        .edge("chat", END)
        .compile()
        .unwrap();
    let error = parent.invoke(Log::update()).await.unwrap_err().to_string();
    assert!(
        error.starts_with("node \"chat\" failed in step 1: node \"chat\" hands a command for a graph over `"),
        "{error}"
    );
    assert!(error.contains("Desk` to one over `") && error.ends_with("Log`"), "{error}");
}
