//! A support desk decides where each mail goes: by a route, by several at once, or by a command of the node itself.
//!
//! Run it with `cargo run --example routing`. A *route* is a closed set of targets, chosen by a function of the merged
//! state: `compile()` knows every edge. A *command* is for targets that only the node knows; it is an update and where to
//! go besides the edges of the node.

use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Case {
    mail: String,
    topics: Vec<String>,
    #[state(append)]
    log: Vec<String>,
}

/// What a mail is about. A variant may carry a payload for the task it starts.
#[derive(Route)]
enum Desk {
    #[route("refund")]
    Refund(Refund),
    #[route("repair")]
    Repair,
    #[route("read by hand")]
    Unclear,
}

#[derive(Serialize, Deserialize)]
struct Refund {
    euros: u32,
}

async fn sort(case: &Case) -> CaseUpdate {
    let known = ["refund", "repair"].into_iter().filter(|topic| case.mail.contains(topic));
    Case::update().topics(known.map(str::to_owned).collect::<Vec<_>>())
}

/// Several topics, several desks: a router may return one route, an `Option` of one, or a `Vec`.
fn desks(case: &Case) -> Vec<Desk> {
    if case.topics.is_empty() {
        return vec![Desk::Unclear];
    }
    let euros = case.mail.split(' ').find_map(|word| word.parse().ok()).unwrap_or(0);
    let desk = |topic: &String| if topic == "refund" { Desk::Refund(Refund { euros }) } else { Desk::Repair };
    case.topics.iter().map(desk).collect()
}

/// More than it may give by itself goes to the boss, with a payload.
async fn refund(Payload(refund): Payload<Refund>) -> Command<Case> {
    let euros = refund.euros;
    if euros <= 50 {
        return Command::new().update(Case::update().log([format!("refunded {euros} euros")]));
    }
    let note = Case::update().log([format!("{euros} euros are too many for me")]);
    Command::new().update(note).send("boss", &refund)
}

async fn boss(Payload(refund): Payload<Refund>) -> CaseUpdate {
    Case::update().log([format!("the boss refunded {} euros", refund.euros)])
}

async fn repair() -> CaseUpdate {
    Case::update().log(["sent a repairman"])
}

/// Goes back to where it came from, once it has found out what is meant.
async fn read_by_hand(case: &Case) -> Command<Case> {
    let noted = Case::update().mail(format!("repair: {}", case.mail)).log(["read by hand"]);
    Command::new().update(noted).goto("sort")
}

fn desk() -> StateGraph<Case> {
    StateGraph::new("desk")
        .node("sort", sort)
        .node("refund", refund.goes_to(["boss"]))
        .node("boss", boss)
        .node("repair", repair)
        .node("read by hand", read_by_hand.goes_to(["sort"]))
        .edge(START, "sort")
        .conditional_edge("sort", desks)
        .edge("refund", END)
        .edge("boss", END)
        .edge("repair", END)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = desk().compile()?;
    for mail in ["refund 20 euros please", "refund 400 and repair it", "it makes a noise"] {
        let case = graph.invoke(Case::update().mail(mail)).await?.into_state();
        println!("{mail}\n  {}", case.log.join("\n  "));
    }

    // What is wrong with a graph is said before it runs: all of it, by name, with a hint.
    let wrong = desk().node("archive", repair).edge("repair", "achive").edge("lost", END).compile();
    println!("\n{}", wrong.unwrap_err());
    Ok(())
}
