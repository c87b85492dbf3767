//! Answers: strict about what they answer, checked before anything is stored, and given along with changes of the state.

use std::sync::atomic::{AtomicU32, Ordering};

use medha_graph::prelude::*;
use medha_graph::{InterruptId, RunError, Thread};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
    text: String,
    choice: Option<String>,
}

async fn left(ctx: Ctx) -> LogUpdate {
    let answer: String = ctx.interrupt("left?").await;
    Log::update().seen([answer])
}

async fn right(ctx: Ctx) -> LogUpdate {
    let answer: String = ctx.interrupt("right?").await;
    Log::update().seen([answer])
}

fn both() -> Thread<Log> {
    let graph = StateGraph::new("both")
        .node("left", left)
        .node("right", right)
        .edge(START, "left")
        .edge(START, "right")
        .edge("left", END)
        .edge("right", END);
    graph.compile().unwrap().with_checkpointer(MemorySaver::default()).thread("t")
}

async fn ids(thread: &Thread<Log>) -> [InterruptId; 2] {
    let asked = thread.invoke(Log::update()).await.unwrap();
    let ids: Vec<InterruptId> = asked.interrupts().iter().map(|interrupt| interrupt.id).collect();
    ids.try_into().unwrap()
}

// C31, and the rules of the strict mode, which is the only one here.
#[tokio::test]
async fn an_answer_that_fits_no_open_question_is_refused_before_anything_is_stored() {
    let thread = both();
    let [one, two] = ids(&thread).await;
    let unknown: InterruptId = "00000000000000000000000000000001".parse().unwrap();
    let none: [(InterruptId, bool); 0] = [];
    for (wrong, text) in [
        (Resume::answer("x"), format!("2 questions are open; answer by id: [{one}, {two}]")),
        (Resume::answer("x").and(one, "y"), format!("2 questions are open; answer by id: [{one}, {two}]")),
        (
            Resume::answer_to(one, "x").and(unknown, "y"),
            format!("no open question has the id {unknown}; the open ones are [{one}, {two}]"),
        ),
        (
            Resume::answer_to(one, "x").and(one, "y"),
            format!("question {one} is given two answers; the open ones are [{one}, {two}]"),
        ),
        (
            Resume::answers(none),
            format!(
                "no answer was given, and these questions are open: [{one}, {two}]; to go on without an answer use `Resume::next()`"
            ),
        ),
    ] {
        assert_eq!(thread.resume(wrong).await.unwrap_err().to_string(), text);
    }
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.interrupts.len(), 2, "nothing is answered yet");

    thread.resume(Resume::answer_to(one, "first")).await.unwrap();
    let error = thread.resume(Resume::answer_to(one, "again")).await.unwrap_err();
    assert_eq!(error.to_string(), format!("question {one} is answered already; the open ones are [{two}]"));
    let done = thread.resume(Resume::answers([(two, "second")])).await.unwrap();
    assert_eq!(done.state().seen, ["first", "second"]);
}

// Defect 11
#[tokio::test]
async fn null_is_an_answer() {
    async fn ask(ctx: Ctx) -> LogUpdate {
        let choice: Option<String> = ctx.interrupt("any wishes?").await;
        Log::update().choice(choice.clone()).seen([format!("{choice:?}")])
    }
    let graph = StateGraph::new("ask")
        .node("ask", ask)
        .edge(START, "ask")
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    assert_eq!(thread.resume(Resume::answer(())).await.unwrap().state().seen, ["None"]);
}

/// Asks twice, and puts both answers behind the text.
async fn twice(log: &Log, ctx: Ctx) -> LogUpdate {
    let one: String = ctx.interrupt("one?").await;
    let two: String = ctx.interrupt("two?").await;
    Log::update().seen([format!("{}{one}{two}", log.text)])
}

fn asks_twice() -> CompiledGraph<Log> {
    StateGraph::new("twice")
        .node("twice", twice)
        .edge(START, "twice")
        .edge("twice", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
}

// C27
#[tokio::test]
async fn an_update_given_with_an_answer_is_there_when_the_node_runs_again() {
    let thread = asks_twice().thread("t");
    thread.invoke(Log::update().text("DE")).await.unwrap();
    let update = Command::new().update(Log::update().text("DE foofoo ").seen(["told"]));
    let asked = thread.resume_with(Resume::answer("answer 1"), update).await.unwrap();
    assert_eq!(asked.interrupts()[0].question, "two?");
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.state.text, "DE", "the checkpoint is as it was");
    assert_eq!(snapshot.with_progress().unwrap().text, "DE foofoo ");
    assert_eq!(thread.history(10).await.unwrap().len(), 1);

    let done = thread.resume(Resume::answer(" answer 2")).await.unwrap();
    assert_eq!(done.state().seen, ["told", "DE foofoo answer 1 answer 2"]);
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.state.text, "DE foofoo ");
    let writers: Vec<_> = snapshot.writes.iter().map(|task| task.node.as_str()).collect();
    assert_eq!(writers, [START, "twice"], "the audit record has the update too");
}

// C32
#[tokio::test]
async fn a_target_given_with_a_resume_runs_besides_what_is_planned() {
    async fn one() -> LogUpdate {
        Log::update().seen(["node-1"])
    }
    async fn two() -> LogUpdate {
        Log::update().seen(["node-2"])
    }
    let graph = StateGraph::new("goto")
        .node("node1", one)
        .node("node2", two)
        .edge(START, "node1")
        .edge("node1", "node2")
        .edge("node2", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
        .with_interrupt_before(["node1"]);
    let thread = graph.thread("t");
    thread.invoke(Log::update().seen(["abc"])).await.unwrap();
    let error = thread.resume_with(Resume::next(), Command::new().goto("node3")).await.unwrap_err();
    assert_eq!(error.to_string(), r#"the graph has no node "node3"; did you mean "node1"?"#);
    let done = thread.resume_with(Resume::next(), Command::new().goto("node2")).await.unwrap();
    assert_eq!(done.state().seen, ["abc", "node-1", "node-2", "node-2"]);
    // A thread that is done goes on where it is sent.
    let done = thread.resume_with(Resume::next(), Command::new().goto("node2")).await.unwrap();
    assert_eq!(done.state().seen.len(), 5);
}

#[tokio::test]
async fn what_was_given_with_an_answer_survives_a_run_that_fails() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    async fn ask(log: &Log, ctx: Ctx) -> Result<LogUpdate, NodeError> {
        let answer: String = ctx.interrupt("which?").await;
        match TRIES.fetch_add(1, Ordering::Relaxed) {
            0 => Err(NodeError::new("not yet").terminal()),
            _ => Ok(Log::update().seen([format!("{} {answer}", log.text)])),
        }
    }
    async fn extra() -> LogUpdate {
        Log::update().seen(["extra"])
    }
    let graph = StateGraph::new("fail")
        .node("ask", ask)
        .node("extra", extra)
        .edge(START, "ask")
        .edge("ask", END)
        .conditional_edge("ask", |_: &Log| Never::Stop)
        .edge("extra", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    #[derive(Route)]
    enum Never {
        #[route("extra")]
        #[allow(dead_code, reason = "only the command goes there")]
        Extra,
        #[route(END)]
        Stop,
    }
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    let command = Command::new().update(Log::update().text("told")).goto("extra");
    thread.resume_with(Resume::answer("this"), command).await.unwrap_err();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["ask", "extra"]);
    assert!(snapshot.tasks[0].failure.is_some() && snapshot.tasks[1].outcome.is_some());
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().seen, ["told this", "extra"]);
}

#[tokio::test]
async fn a_command_at_an_earlier_checkpoint_forks_with_it() {
    let thread = asks_twice().thread("t");
    thread.invoke(Log::update().text("a")).await.unwrap();
    thread.resume(Resume::answer(1.to_string())).await.unwrap();
    thread.resume(Resume::answer(2.to_string())).await.unwrap();
    let past = thread.clone().at(medha_graph::CheckpointId(1));
    let command = || Command::new().update(Log::update().text("b"));
    let error = past.resume_with(Resume::answer("x"), command()).await.unwrap_err();
    assert!(matches!(error, RunError::AnswerToThePast { .. }), "{error}");
    assert_eq!(past.resume_with(Resume::next(), command()).await.unwrap().interrupts().len(), 1);
    assert_eq!(thread.state().await.unwrap().unwrap().state.text, "b");
    thread.resume(Resume::answer("3")).await.unwrap();
    assert_eq!(thread.resume(Resume::answer("4")).await.unwrap().state().seen, ["b34"]);
}
