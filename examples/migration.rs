//! A graph is deployed anew while threads are under way: names have changed, and the state has another shape.
//!
//! Run it with `cargo run --example migration`. A checkpoint knows the version and the fingerprint of the graph that wrote
//! it. What was written by an older version is brought up step by step; what no migration leads to is refused.

use medha_graph::prelude::*;

/// The program as it was in spring.
mod spring {
    use medha_graph::prelude::*;

    #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    pub struct Order {
        pub item: String,
        pub euros: u64,
        #[state(append)]
        pub notes: Vec<String>,
    }

    async fn take(order: &Order) -> OrderUpdate {
        Order::update().notes([format!("took an order of a {}", order.item)])
    }

    async fn check(ctx: Ctx) -> OrderUpdate {
        let is_fine: bool = ctx.interrupt("is the address fine?").await;
        Order::update().notes([if is_fine { "checked" } else { "cancelled" }])
    }

    pub fn graph() -> StateGraph<Order> {
        StateGraph::new("order")
            .node("take", take)
            .node("check", check)
            .edge(START, "take")
            .edge("take", "check")
            .edge("check", END)
    }
}

/// Today: cents instead of euros, remarks instead of notes, "inspect" instead of "check", and a node more.
#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Order {
    item: String,
    cents: u64,
    #[state(append)]
    remarks: Vec<String>,
    currency: String,
}

async fn take(order: &Order) -> OrderUpdate {
    Order::update().remarks([format!("took an order of a {}", order.item)])
}

async fn inspect(ctx: Ctx) -> OrderUpdate {
    let is_fine: bool = ctx.interrupt("is the address fine?").await;
    Order::update().remarks([if is_fine { "inspected" } else { "cancelled" }])
}

async fn bill(order: &Order) -> OrderUpdate {
    Order::update().remarks([format!("billed {} cents ({})", order.cents, order.currency)])
}

fn today() -> StateGraph<Order> {
    StateGraph::new("order")
        .version(3)
        .node("take", take)
        .node("inspect", inspect)
        .node("bill", bill)
        .edge(START, "take")
        .edge("take", "inspect")
        .edge("inspect", "bill")
        .edge("bill", END)
}

fn migrated() -> StateGraph<Order> {
    today()
        .migrate(1, |order| {
            let euros = order.remove("euros").and_then(|euros| euros.as_u64()).unwrap_or_default();
            order.insert("cents".into(), (euros * 100).into());
        })
        .migrate(2, |order| {
            order.insert("currency".into(), "EUR".into());
        })
        .renamed_field("notes", "remarks")
        .renamed_node("check", "inspect")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let saver = MemorySaver::default(); // stands for a database both programs know
    let old = spring::graph().compile()?.with_checkpointer(saver.clone());
    let asked = old.thread("order-1").invoke(spring::Order::update().item("lamp").euros(40)).await?;
    println!("in spring: {:?}", asked.state());

    // Without a migration nothing is guessed.
    let unprepared = today().compile()?.with_checkpointer(saver.clone());
    println!("refused: {}", unprepared.thread("order-1").state().await.unwrap_err());

    let new = migrated().compile()?.with_checkpointer(saver);
    let thread = new.thread("order-1");
    let snapshot = thread.state().await?.expect("it was begun in spring");
    let next: Vec<&str> = snapshot.next_nodes().collect();
    println!("today: version {} of {:?}, next {next:?}", snapshot.version, snapshot.state);
    println!("still open: {}", snapshot.interrupts[0].question);
    let order = thread.resume(Resume::answer(true)).await?.into_state();
    println!("done: {}", order.remarks.join(", "));
    println!("now stored as version {}", thread.state().await?.expect("it is done").version);
    Ok(())
}
