//! An order is paid for; the process is killed in the middle of the work; another process goes on and charges nothing twice.
//!
//! Run it with `cargo run --example crash`. Checkpoints are kept in a SQLite file. The example starts itself a second time:
//! that process really dies, without any clean-up, and all the first one has is the file.

use std::env;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;

use medha_connectors::savers::SqliteSaver;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Order {
    item: String,
    receipt: String,
    #[state(append)]
    log: Vec<String>,
}

async fn reserve(order: &Order, shop: Context<Shop>) -> OrderUpdate {
    shop.happens("reserved");
    Order::update().log([format!("reserved a {}", order.item)])
}

/// The charge runs once: what it came to is stored the moment it is there, not when the node is done.
async fn pay(order: &Order, ctx: Ctx, shop: Context<Shop>) -> Result<OrderUpdate, NodeError> {
    let receipt: String = ctx.once("charge", async |_key| shop.charge(&order.item)).await?;
    if shop.crashes {
        shop.happens("killed, after the charge and before the checkpoint");
        process::exit(9);
    }
    Ok(Order::update().receipt(receipt).log(["paid"]))
}

async fn ship(order: &Order, shop: Context<Shop>) -> OrderUpdate {
    shop.happens("shipped");
    Order::update().log([format!("shipped with {}", order.receipt)])
}

/// What is outside of the graph: a ledger on disk that shows what really happened.
struct Shop {
    ledger: PathBuf,
    crashes: bool,
}

impl Shop {
    fn happens(&self, what: &str) {
        let mut ledger = OpenOptions::new().append(true).create(true).open(&self.ledger).unwrap();
        writeln!(ledger, "{what}").unwrap();
    }

    fn charge(&self, item: &str) -> Result<String, NodeError> {
        self.happens("charged");
        Ok(format!("receipt of {item}"))
    }
}

async fn shop(folder: &Path, crashes: bool) -> Result<medha_graph::CompiledGraph<Order>, Box<dyn Error>> {
    let graph = StateGraph::<Order>::new("order")
        .node("reserve", reserve)
        .node("pay", pay)
        .node("ship", ship)
        .edge(START, "reserve")
        .edge("reserve", "pay")
        .edge("pay", "ship")
        .edge("ship", END)
        .compile()?;
    let shop = Shop { ledger: folder.join("ledger"), crashes };
    let saver = SqliteSaver::open(folder.join("threads.db")).await?;
    Ok(graph.with_context(Arc::new(shop)).with_checkpointer(saver))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // In the process that will die.
    if let Some(folder) = env::args_os().nth(1) {
        let graph = shop(Path::new(&folder), true).await?;
        graph.thread("order-1").invoke(Order::update().item("kettle")).await?;
        unreachable!("the process is killed before this line");
    }

    // In the process that goes on.
    let folder = tempfile::tempdir()?;
    let status = process::Command::new(env::current_exe()?).arg(folder.path()).status()?;
    println!("the first process ended with {:?}", status.code());

    let thread = shop(folder.path(), false).await?.thread("order-1");
    let snapshot = thread.state().await?.expect("the first process has stored something");
    println!("stored: {:?}; next: {:?}", snapshot.state.log, snapshot.next_nodes().collect::<Vec<_>>());

    let order = thread.resume(Resume::next()).await?.into_state();
    println!("log: {:?}", order.log);
    println!(
        "what really happened:\n  {}",
        fs::read_to_string(folder.path().join("ledger"))?.trim().replace('\n', "\n  ")
    );

    println!("history:");
    for snapshot in thread.history(10).await?.iter().rev() {
        println!(
            "  {} {:?} next {:?}",
            snapshot.id,
            snapshot.cause,
            snapshot.next_nodes().collect::<Vec<_>>()
        );
    }
    Ok(())
}
