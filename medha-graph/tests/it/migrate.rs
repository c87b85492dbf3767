//! Threads that were stored by an older version of their graph: renamed, migrated, or refused with the way out.

use std::collections::BTreeMap;

use medha_graph::CompiledGraph;
use medha_graph::graph::BuildProblem;
use medha_graph::prelude::*;
use medha_graph::store::{Checkpointer, Progress, StoredCheckpoint, ThreadKey};

/// Two checkpoints as version 1 of the graph stored them: `euros`, and notes with one more appended.
const OF_VERSION_1: [&str; 2] = [
    r#"{"format":2,"id":1,"parent":null,"line":"00000000000000aa","run":"0000000000000001","graph":"order","version":1,
        "fingerprint":"0123456789abcdef","cause":"input","step":0,"saved_at":1,
        "fields":[{"name":"euros","storage":"whole","base":1,"last":1,"base_bytes":1},
                  {"name":"notes","storage":"append","base":1,"last":1,"base_bytes":5},
                  {"name":"tags","storage":"merge","base":1,"last":1,"base_bytes":9}],
        "next":[{"node":"verify","input":"state"}],
        "written":{"values":[{"field":"euros","json":5},{"field":"notes","json":["a"]},{"field":"tags","json":{"x":1}}]}}"#,
    r#"{"format":2,"id":2,"parent":1,"line":"00000000000000aa","run":"0000000000000001","graph":"order","version":1,
        "fingerprint":"0123456789abcdef","cause":"superstep","step":1,"saved_at":2,
        "fields":[{"name":"euros","storage":"whole","base":1,"last":1,"base_bytes":1},
                  {"name":"notes","storage":"append","base":1,"last":2,"deltas":1,"delta_bytes":5,"base_bytes":5},
                  {"name":"tags","storage":"merge","base":1,"last":2,"deltas":1,"delta_bytes":13,"base_bytes":9}],
        "next":[{"node":"check","input":"state"},{"node":"pay","input":{"payload":7}}],
        "joins":[{"target":"done","arrived":["verify"],"missing":["pay"]}],
        "written":{"tasks":[{"task":"00000000000000000000000000000001","node":"verify",
            "outcome":{"done":{"writes":[{"field":"notes","json":["b"]},{"field":"tags","json":{"x":2,"y":3}}]}}}]}}"#,
];

/// The superstep after it: one task had finished, the other asks.
const PROGRESS_OF_VERSION_1: &str = r#"{"format":2,"revision":1,"tasks":[
    {"position":0,"outcome":{"done":{"writes":[{"field":"notes","json":["checked"]}]}},"questions":[],"answers":{}},
    {"position":1,"outcome":null,"questions":[{"ordinal":0,"id":"000000000000000000000000000000ff","value":"sure?"}],"answers":{}}]}"#;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Order {
    cents: u64,
    #[state(append)]
    remarks: Vec<String>,
    #[state(merge)]
    tags: BTreeMap<String, u32>,
    #[state(append)]
    paid: Vec<u64>,
}

async fn note(ctx: Ctx) -> OrderUpdate {
    Order::update().remarks([&*ctx.task().node])
}

async fn pay(Payload(share): Payload<u64>, ctx: Ctx) -> OrderUpdate {
    let sure: bool = ctx.interrupt("sure?").await;
    Order::update().paid(sure.then_some(share))
}

async fn old_thread() -> MemorySaver {
    let saver = MemorySaver::default();
    let key = ThreadKey::root("t");
    let mut head = None;
    for text in OF_VERSION_1 {
        let checkpoint: StoredCheckpoint = serde_json::from_str(text).unwrap();
        let expected = head.replace(checkpoint.head_ref());
        saver.commit(&key, expected, checkpoint).await.unwrap();
    }
    let progress: Progress = serde_json::from_str(PROGRESS_OF_VERSION_1).unwrap();
    saver.save_progress(&key, head.unwrap(), progress).await.unwrap();
    saver
}

/// Version 3: cents, remarks that were called notes, and "inspect" that was called "check".
fn today() -> StateGraph<Order> {
    StateGraph::new("order")
        .node("verify", note)
        .node("inspect", note)
        .node("pay", pay)
        .node("done", note)
        .edge(START, "verify")
        .edge("verify", "inspect")
        .fan_out("verify", "pay", |_: &Order| [7_u64])
        .edge("inspect", END)
        .edge(["verify", "pay"], "done")
        .edge("done", END)
}

fn migrated() -> StateGraph<Order> {
    today()
        .version(3)
        .migrate(1, |order| {
            let euros = order.remove("euros").and_then(|euros| euros.as_u64()).unwrap_or_default();
            order.insert("cents".into(), (euros * 100).into());
        })
        .migrate(2, |order| {
            let cents = order["cents"].as_u64().unwrap_or_default();
            order.insert("cents".into(), (cents + 1).into());
        })
        .renamed_field("notes", "remarks")
        .renamed_node("check", "inspect")
}

fn on(saver: &MemorySaver, graph: &StateGraph<Order>) -> CompiledGraph<Order> {
    graph.compile().unwrap().with_checkpointer(saver.clone())
}

#[tokio::test]
async fn a_thread_of_version_1_goes_on_under_version_3() {
    let saver = old_thread().await;
    let thread = on(&saver, &migrated()).thread("t");
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.state.cents, 501);
    assert_eq!(snapshot.state.remarks, ["a", "b"]);
    assert_eq!(snapshot.state.tags, BTreeMap::from([("x".to_owned(), 2), ("y".to_owned(), 3)]));
    assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["inspect", "pay"]);
    assert_eq!((snapshot.version, snapshot.is_of_another_shape), (1, true));
    assert_eq!(snapshot.interrupts.len(), 1, "the question is still open");

    let done = thread.resume(Resume::answer(true)).await.unwrap();
    assert_eq!(done.state().paid, [7]);
    assert_eq!(done.state().remarks, ["a", "b", "inspect", "done"], "what had finished runs again");
    let history = thread.history(10).await.unwrap();
    let first_of_today = &history[1];
    assert_eq!((first_of_today.version, first_of_today.is_of_another_shape), (3, false));
    let stored =
        saver.load(&ThreadKey::root("t"), Some(first_of_today.id)).await.unwrap().unwrap().checkpoint;
    assert!(stored.fields.iter().all(|field| field.base == stored.id), "everything was stored anew");
    assert_eq!(history.last().unwrap().state.cents, 501, "and the past can be read");
}

#[tokio::test]
async fn a_state_that_cannot_be_brought_to_today_is_refused_with_the_way_out() {
    let saver = old_thread().await;
    let cases: [(StateGraph<Order>, &str); 5] = [
        (
            today().version(2),
            r#"its state has version 1, and graph "order" has version 2; add the migrations in between with `migrate`"#,
        ),
        (
            migrated().version(4),
            r#"its state has version 1, and graph "order" has version 4; add the migrations in between with `migrate`"#,
        ),
        (today(), "it has field \"euros\", which the state no longer has; see `migrate` and `renamed_field`"),
        (
            today().version(2).migrate(1, |order| drop(order.remove("euros"))),
            "it has field \"notes\", which the state no longer has; see `migrate` and `renamed_field`",
        ),
        (
            today().version(2).migrate(1, |_| panic!("what order?")),
            "its state does not fit: the migration from version 1 panicked: what order?",
        ),
    ];
    for (graph, why) in cases {
        let thread = on(&saver, &graph).thread("t");
        let text = format!("cannot load the checkpoint of thread \"t\": {why}");
        assert_eq!(thread.state().await.unwrap_err().to_string(), text);
        assert_eq!(thread.resume(Resume::next()).await.unwrap_err().to_string(), text);
    }
    let lost = today().version(2).renamed_field("notes", "remarks").migrate(1, |order| {
        order.remove("euros");
    });
    let thread = on(&saver, &lost).thread("t");
    assert!(thread.state().await.unwrap().is_some(), "the state can be read where a node is gone");
    assert_eq!(
        thread.resume(Resume::next()).await.unwrap_err().to_string(),
        "cannot load the checkpoint of thread \"t\": it names node \"check\", which the graph no longer has; see `renamed_node`"
    );
}

#[tokio::test]
async fn a_renamed_node_and_field_need_no_new_version() {
    #[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Old {
        #[state(append)]
        notes: Vec<String>,
    }
    #[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct New {
        #[state(append)]
        remarks: Vec<String>,
        added: Option<u32>,
    }
    async fn a() -> OldUpdate {
        Old::update().notes(["a"])
    }
    async fn b(ctx: Ctx) -> OldUpdate {
        let _: String = ctx.interrupt("?").await;
        Old::update()
    }
    async fn new(ctx: Ctx) -> NewUpdate {
        let answer: String = ctx.interrupt("?").await;
        New::update().remarks([answer])
    }
    async fn never() -> NewUpdate {
        New::update().remarks(["never"])
    }
    let saver = MemorySaver::default();
    let old = StateGraph::new("names").node("a", a).node("b", b).node("beside", a);
    let old = old.edge(START, "a").edge("a", "b").edge("a", "beside").edge("b", END).edge("beside", END);
    let old = old.compile().unwrap().with_checkpointer(saver.clone());
    old.thread("t").invoke(Old::update().notes(["input"])).await.unwrap();

    let graph = StateGraph::new("names").node("a", never).node("bee", new).node("aside", never);
    let graph =
        graph.edge(START, "a").edge("a", "bee").edge("a", "aside").edge("bee", END).edge("aside", END);
    let graph =
        graph.renamed_node("b", "bee").renamed_node("beside", "aside").renamed_field("notes", "remarks");
    let thread = graph.compile().unwrap().with_checkpointer(saver).thread("t");
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["bee", "aside"]);
    assert_eq!(snapshot.with_progress().unwrap().remarks, ["input", "a", "a"]);
    let done = thread.resume(Resume::answer("new")).await.unwrap();
    assert_eq!(done.state().remarks, ["input", "a", "new", "a"], "what had finished is kept");
    let done = thread.history(1).await.unwrap().remove(0);
    assert_eq!(done.state.remarks, ["input", "a", "new", "a"]);
}

#[tokio::test]
async fn a_field_that_is_combined_in_another_way_today_reads_as_it_was_stored() {
    #[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Was {
        #[state(append)]
        list: Vec<u32>,
    }
    #[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Is {
        list: Vec<u32>,
    }
    let saver = MemorySaver::default();
    let was = StateGraph::new("g").node("a", async || Was::update().list([2]));
    let was = was.edge(START, "a").edge("a", END).compile().unwrap().with_checkpointer(saver.clone());
    was.thread("t").invoke(Was::update().list([1])).await.unwrap();
    let is = StateGraph::new("g").node("a", async || Is::update().list(vec![9]));
    let is = is.edge(START, "a").edge("a", END).compile().unwrap().with_checkpointer(saver);
    assert_eq!(is.thread("t").state().await.unwrap().unwrap().state.list, [1, 2]);
    is.thread("t").invoke(Is::update()).await.unwrap();
    assert_eq!(is.thread("t").state().await.unwrap().unwrap().state.list, [9]);
}

#[test]
fn renames_and_migrations_that_lead_nowhere_are_found_when_the_graph_is_built() {
    let error = today()
        .version(2)
        .migrate(1, |_| {})
        .migrate(1, |_| {})
        .migrate(2, |_| {})
        .renamed_node("check", "inspct")
        .renamed_node("pay", "done")
        .renamed_field("notes", "remarks")
        .renamed_field("notes", "paid")
        .compile()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph \"order\" cannot be built\n\
         - the migration from version 1 makes no sense: it was added twice\n\
         - the migration from version 2 makes no sense: the graph has version 2; a migration leads to a version up to that\n\
         - the node \"check\" was not renamed to \"inspct\": there is no node \"inspct\"; did you mean \"inspect\"?\n\
         - the node \"pay\" was not renamed to \"done\": there is a node \"pay\"\n\
         - the field \"notes\" was not renamed to \"paid\": \"notes\" was renamed twice"
    );
    assert!(matches!(error.problems[0], BuildProblem::BadMigration { from: 1, .. }));
}
