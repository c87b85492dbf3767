//! The histories of graphs within graphs: read from outside, and where the parent goes back in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use medha_graph::prelude::*;
use medha_graph::subgraph::MappedSubgraph;
use medha_graph::{CheckpointId, Checkpointer, Durability, RunError, Subgraph, Thread};

use crate::shapes::of_one;

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

async fn reply(chat: &Chat, replies: Context<AtomicU32>) -> ChatUpdate {
    replies.0.fetch_add(1, Ordering::SeqCst);
    Chat::update().said([format!("answer {}", chat.said.len())])
}
async fn note(desk: &Desk) -> DeskUpdate {
    Desk::update().answers([format!("noted {}", desk.answers.len())])
}

fn chat() -> CompiledGraph<Chat> {
    of_one("chat", "reply", reply)
}

fn mapped() -> MappedSubgraph<Chat, Desk> {
    Subgraph::new(chat())
        .input(|desk: &Desk| Chat::update().said([desk.question.clone()]))
        .output(|chat: &Chat| Desk::update().answers([chat.said.join(" ")]))
}

fn desk(chat: MappedSubgraph<Chat, Desk>) -> (CompiledGraph<Desk>, Arc<AtomicU32>) {
    let replies = Arc::new(AtomicU32::new(0));
    let graph = StateGraph::<Desk>::new("desk")
        .node("chat", chat)
        .node("note", note)
        .edge(START, "chat")
        .edge("chat", "note")
        .edge("note", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
        .with_context(Arc::clone(&replies));
    (graph, replies)
}

/// The checkpoint of the thread at which this question has come in and nothing has run.
async fn asked(thread: &Thread<Desk>, question: &str) -> CheckpointId {
    let history = thread.history(99).await.unwrap();
    let is_it = |snapshot: &&medha_graph::Snapshot<Desk>| {
        snapshot.state.question == question && snapshot.next_nodes().eq(["chat"])
    };
    history.iter().find(is_it).unwrap().id
}

async fn said(thread: &Thread<Desk>) -> Option<Vec<String>> {
    let child = thread.subgraph(&chat(), "chat").await.unwrap()?;
    Some(child.state().await.unwrap().unwrap().state.said)
}

#[tokio::test]
async fn the_history_of_a_child_is_read_at_the_head_and_at_earlier_checkpoints() {
    for persistent in [false, true] {
        let (graph, _) = desk(if persistent { mapped().persistent() } else { mapped() });
        let thread = graph.thread("t");
        assert_eq!(said(&thread).await, None);
        thread.invoke(Desk::update().question("1")).await.unwrap();
        thread.invoke(Desk::update().question("2")).await.unwrap();
        let second = if persistent { vec!["1", "answer 1", "2", "answer 3"] } else { vec!["2", "answer 1"] };
        assert_eq!(said(&thread).await.unwrap(), second);
        let first = asked(&thread, "1").await;
        assert_eq!(said(&thread.clone().at(first)).await.unwrap(), ["1", "answer 1"]);
        let between = asked(&thread, "2").await;
        assert_eq!(said(&thread.clone().at(CheckpointId(between.0 - 1))).await.unwrap(), ["1", "answer 1"]);

        let child = thread.subgraph(&chat(), "chat").await.unwrap().unwrap();
        let steps: Vec<usize> =
            child.history(2).await.unwrap().iter().map(|snapshot| snapshot.state.said.len()).collect();
        assert_eq!(steps, [second.len(), second.len() - 1]);
    }
}

#[tokio::test]
async fn a_child_of_a_node_that_does_not_exist_is_an_error_with_a_hint() {
    let (graph, _) = desk(mapped());
    let error = graph.thread("t").subgraph(&chat(), "chta").await.unwrap_err();
    assert!(matches!(error, RunError::UnknownNode { .. }));
    assert_eq!(error.to_string(), "the graph has no node \"chta\"; did you mean \"chat\"?");
}

#[tokio::test]
async fn names_with_slashes_and_colons_keep_histories_apart() {
    let saver = MemorySaver::default();
    let graph = StateGraph::<Desk>::new("desk")
        .node("a", mapped().persistent())
        .node("a/b:1.0", mapped().persistent())
        .edge(START, "a")
        .edge("a", "a/b:1.0")
        .edge("a/b:1.0", END)
        .compile()
        .unwrap()
        .with_checkpointer(saver.clone())
        .with_context(Arc::new(AtomicU32::new(0)));
    let thread = graph.thread("t");
    thread.invoke(Desk::update().question("q")).await.unwrap();
    let keys = saver.namespaces("t").await.unwrap();
    assert_eq!(
        keys.iter().map(medha_graph::store::ThreadKey::namespace).collect::<Vec<_>>(),
        ["", "a", "a%2Fb%3A1.0"]
    );
    for node in ["a", "a/b:1.0"] {
        let child = thread.subgraph(&chat(), node).await.unwrap().unwrap();
        assert_eq!(child.state().await.unwrap().unwrap().state.said, ["q", "answer 1"]);
    }
}

#[tokio::test]
async fn a_replay_of_the_parent_visits_its_children_anew() {
    let (graph, replies) = desk(mapped());
    let thread = graph.thread("t");
    thread.invoke(Desk::update().question("1")).await.unwrap();
    let at = asked(&thread, "1").await;
    let again = thread.clone().at(at).resume(Resume::next()).await.unwrap();
    assert_eq!(again.state().answers, ["1 answer 1", "noted 1"]);
    assert_eq!(replies.load(Ordering::SeqCst), 2);
    let after = CheckpointId(at.0 + 1);
    thread.at(after).resume(Resume::next()).await.unwrap();
    assert_eq!(replies.load(Ordering::SeqCst), 2, "what came before the checkpoint is not run again");
}

#[tokio::test]
async fn a_replay_of_the_parent_gives_a_persistent_child_what_it_remembered_then() {
    for durability in [Durability::Sync, Durability::Async] {
        let (graph, _) = desk(mapped().persistent());
        let thread = graph.thread("t").with_durability(durability);
        for question in ["1", "2", "3"] {
            thread.invoke(Desk::update().question(question)).await.unwrap();
        }
        let second = asked(&thread, "2").await;
        let replayed = thread.clone().at(second).resume(Resume::next()).await.unwrap().into_state();
        assert_eq!(
            replayed.answers,
            ["1 answer 1", "noted 1", "1 answer 1 2 answer 3", "noted 3"],
            "the third question was not asked yet"
        );
        // The thread goes on from there, over a second fork too.
        let fourth = thread.invoke(Desk::update().question("4")).await.unwrap().into_state();
        assert_eq!(fourth.answers[4], "1 answer 1 2 answer 3 4 answer 5");
        let fork = thread.clone().at(asked(&thread, "4").await);
        let fifth = fork.invoke(Desk::update().question("5")).await.unwrap().into_state();
        assert_eq!(fifth.answers[4], "1 answer 1 2 answer 3 5 answer 5");
        assert_eq!(said(&thread).await.unwrap(), ["1", "answer 1", "2", "answer 3", "5", "answer 5"]);

        let first = asked(&thread, "1").await;
        let anew = thread.clone().at(first).resume(Resume::next()).await.unwrap().into_state();
        assert_eq!(anew.answers, ["1 answer 1", "noted 1"], "before the first visit it remembered nothing");
    }
}

#[tokio::test]
async fn a_persistent_child_remembers_at_every_durability() {
    for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
        let (graph, _) = desk(mapped().persistent());
        let thread = graph.thread("t").with_durability(durability);
        thread.invoke(Desk::update().question("1")).await.unwrap();
        let done = thread.invoke(Desk::update().question("2")).await.unwrap().into_state();
        assert_eq!(done.answers[2], "1 answer 1 2 answer 3", "{durability:?}");
    }
}

#[tokio::test]
async fn a_drawing_shows_what_is_inside() {
    let (graph, _) = desk(mapped());
    let drawn = graph.mermaid();
    assert!(drawn.contains("subgraph") && drawn.contains("reply"), "{drawn}");
}
