//! An expense claim asks its questions, waits for days if need be, and takes no answer of the wrong type.
//!
//! Run it with `cargo run --example questions`. A question ends the run; the answer begins the next one, and the node runs
//! again from its first line with the answer in hand. What other nodes of that superstep did is kept.

use medha_graph::prelude::*;
use medha_graph::{Interrupt, RunError};

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Claim {
    purpose: String,
    euros: u32,
    #[state(append)]
    log: Vec<String>,
}

/// Questions are JSON, so a page can show them; answers are types.
#[derive(Serialize)]
struct Approve<'a> {
    ask: &'static str,
    purpose: &'a str,
    euros: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Approve,
    Cut { to: u32 },
    Reject { because: String },
}

async fn manager(claim: &Claim, ctx: Ctx) -> ClaimUpdate {
    let question = Approve { ask: "approve?", purpose: &claim.purpose, euros: claim.euros };
    match ctx.interrupt(question).await {
        Verdict::Approve => Claim::update().log(["the manager agreed"]),
        Verdict::Cut { to } => Claim::update().euros(to).log([format!("the manager cut it to {to}")]),
        Verdict::Reject { because } => Claim::update().euros(0).log([format!("rejected: {because}")]),
    }
}

async fn accounting(ctx: Ctx) -> ClaimUpdate {
    let centre: u32 = ctx.interrupt("which cost centre?").await;
    let paid_by: String = ctx.interrupt(format!("who pays for {centre}?")).await; // a second one, in turn
    Claim::update().log([format!("booked on {centre}, paid by {paid_by}")])
}

async fn scan() -> ClaimUpdate {
    Claim::update().log(["scanned the receipts"]) // runs once, however long the others wait
}

async fn pay(claim: &Claim) -> ClaimUpdate {
    Claim::update().log([format!("paid {} euros", claim.euros)])
}

fn show(open: &[Interrupt]) {
    for interrupt in open {
        println!("  {} asks: {}", interrupt.node, interrupt.question);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = StateGraph::<Claim>::new("claim")
        .node("scan", scan)
        .node("manager", manager)
        .node("accounting", accounting)
        .node("pay", pay)
        .edge(START, "scan")
        .edge(START, "manager")
        .edge(START, "accounting")
        .edge(["scan", "manager", "accounting"], "pay")
        .edge("pay", END)
        .compile()?
        .with_checkpointer(MemorySaver::default());

    let thread = graph.thread("claim-7");
    println!("monday");
    let outcome = thread.invoke(Claim::update().purpose("a trip to Oslo").euros(900)).await?;
    show(outcome.interrupts());

    println!("tuesday: an answer that is no number is refused where it is given");
    let id = |open: &[Interrupt], node: &str| open.iter().find(|one| one.node == node).unwrap().id;
    let (boss, books) = (id(outcome.interrupts(), "manager"), id(outcome.interrupts(), "accounting"));
    let error = thread.resume(Resume::answer_to(books, "the big one")).await.unwrap_err();
    assert!(matches!(error, RunError::BadAnswer { .. }));
    println!("  {}", error.to_string().replace(&books.to_string(), "<id>"));

    println!("wednesday: accounting answers, and is asked again");
    let outcome = thread.resume(Resume::answer_to(books, 4711)).await?;
    show(outcome.interrupts());

    println!("thursday: the thread knows what is open, in whatever process it is read");
    let open = thread.state().await?.expect("the thread was run").interrupts;
    let books = id(&open, "accounting");
    let answers = Resume::answer_to(boss, Verdict::Cut { to: 750 }).and(books, "Ada");
    let claim = thread.resume(answers).await?.into_state();
    println!("  {}", claim.log.join("\n  "));

    println!("and the next claim, with a note beside the answer");
    let thread = graph.thread("claim-8").with_metadata("desk", "north");
    let outcome = thread.invoke(Claim::update().purpose("a boat").euros(20_000)).await?;
    let (boss, books) = (id(outcome.interrupts(), "manager"), id(outcome.interrupts(), "accounting"));
    thread.resume(Resume::answer_to(books, 1)).await?;
    let no = Verdict::Reject { because: "we have one".to_owned() };
    let note = Command::new().update(Claim::update().log(["it was asked for by phone"]));
    let outcome = thread.resume_with(Resume::answer_to(boss, no), note).await?;
    let claim = thread.resume(Resume::answer_to(outcome.interrupts()[0].id, "nobody")).await?.into_state();
    println!("  {}", claim.log.join("\n  "));
    Ok(())
}
