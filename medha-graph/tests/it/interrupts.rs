//! Questions to a human: asked, answered, refused, several at once.

use medha_graph::prelude::*;
use medha_graph::{InterruptId, RunError};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mail {
    #[state(append)]
    log: Vec<String>,
}

async fn ask(ctx: Ctx) -> MailUpdate {
    let sure: bool = ctx.interrupt("sure?").await;
    let copies: u32 = ctx.interrupt("how many?").await;
    Mail::update().log([format!("sure {sure}, {copies} copies")])
}

async fn work() -> MailUpdate {
    Mail::update().log(["worked"])
}

fn graph() -> CompiledGraph<Mail> {
    StateGraph::new("mail")
        .node("ask", ask)
        .node("work", work)
        .edge(START, "ask")
        .edge(START, "work")
        .edge("ask", END)
        .edge("work", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
}

#[tokio::test]
async fn questions_stop_the_run_and_answers_take_it_on() {
    let thread = graph().thread("t");
    let outcome = thread.invoke(Mail::update()).await.unwrap();
    assert_eq!(outcome.interrupts().len(), 1);
    assert_eq!(
        (outcome.interrupts()[0].node.as_str(), &outcome.interrupts()[0].question),
        ("ask", &"sure?".into())
    );
    assert_eq!(outcome.state().log.len(), 0, "nothing is merged before the whole superstep is done");

    let outcome = thread.resume(Resume::answer(true)).await.unwrap();
    assert_eq!(outcome.interrupts()[0].question, "how many?");
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.interrupts, outcome.interrupts());

    let done = thread.resume(Resume::answer(2)).await.unwrap();
    assert!(done.is_done());
    assert_eq!(done.state().log, ["sure true, 2 copies", "worked"]);
}

#[tokio::test]
async fn an_answer_of_the_wrong_type_is_refused_and_the_question_stays_open() {
    let thread = graph().thread("t");
    let id = thread.invoke(Mail::update()).await.unwrap().interrupts()[0].id;
    let error = thread.resume(Resume::answer("maybe")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            r#"the answer to question {id} of node "ask" does not fit: invalid type: string "maybe", expected a boolean"#
        )
    );
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.interrupts.len(), snapshot.interrupts[0].id), (1, id));
    let outcome = thread.resume(Resume::answer_to(id, false)).await.unwrap();
    assert_eq!(outcome.interrupts()[0].question, "how many?");
}

#[tokio::test]
async fn unknown_ambiguous_and_needless_answers_are_errors() {
    async fn both(Payload(n): Payload<u32>, ctx: Ctx) -> MailUpdate {
        let name: String = ctx.interrupt(format!("name {n}")).await;
        Mail::update().log([name])
    }
    let graph = StateGraph::<Mail>::new("mail")
        .node("both", both)
        .fan_out(START, "both", |_| [1, 2])
        .edge("both", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    assert!(matches!(thread.resume(Resume::next()).await, Err(RunError::NothingToResume { .. })));
    let outcome = thread.invoke(Mail::update()).await.unwrap();
    let ids: Vec<InterruptId> = outcome.interrupts().iter().map(|interrupt| interrupt.id).collect();
    assert_eq!(ids.len(), 2);

    let error = thread.resume(Resume::answer("x")).await.unwrap_err();
    assert!(matches!(error, RunError::AmbiguousAnswer { open } if open == ids));
    let stranger: InterruptId = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let error = thread.resume(Resume::answer_to(stranger, "x")).await.unwrap_err();
    assert!(matches!(error, RunError::UnknownInterrupt { id, .. } if id == stranger));
    let error = thread.invoke(Mail::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"thread "t" is not finished, ["both", "both"] would run next; `resume` it, or `abandon` that work first"#
    );

    let outcome = thread.resume(Resume::answer_to(ids[1], "second")).await.unwrap();
    assert_eq!(outcome.interrupts().len(), 1);
    let outcome = thread.resume(Resume::answer_to(ids[0], "first")).await.unwrap();
    assert_eq!(outcome.state().log, ["first", "second"]);
    let error = thread.resume(Resume::answer("x")).await.unwrap_err();
    assert!(matches!(error, RunError::NothingAsked { .. }));
}

#[tokio::test]
async fn abandoned_work_leaves_the_state_and_frees_the_thread() {
    let thread = graph().thread("t");
    thread.invoke(Mail::update().log(["kept"])).await.unwrap();
    thread.abandon().await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.next.len(), snapshot.state.log), (0, vec!["kept".to_owned()]));
    let outcome = thread.invoke(Mail::update()).await.unwrap();
    assert_eq!(outcome.interrupts().len(), 1);
}

#[tokio::test]
async fn two_questions_asked_at_once_are_both_open() {
    async fn ask(ctx: Ctx) -> MailUpdate {
        let (left, right): (String, String) =
            futures_util::future::join(ctx.interrupt("left?"), ctx.interrupt("right?")).await;
        Mail::update().log([left, right])
    }
    let graph = StateGraph::<Mail>::new("mail")
        .node("ask", ask)
        .edge(START, "ask")
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    let outcome = thread.invoke(Mail::update()).await.unwrap();
    let ids: Vec<InterruptId> = outcome.interrupts().iter().map(|interrupt| interrupt.id).collect();
    let done = thread.resume(Resume::answer_to(ids[1], "r").and(ids[0], "l")).await.unwrap();
    assert_eq!(done.state().log, ["l", "r"]);
}
