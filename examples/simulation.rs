//! A graph is tested in virtual time: a thousand orders of completion, failures, and a crash at every storage call.
//!
//! Run it with `cargo run --example simulation`; such code belongs into the tests of a program. It is the real engine, with
//! no runtime and no waiting: hours of retries take no time, and a seed gives the same run again.

use std::collections::BTreeSet;
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::testing::{Crash, Faults, Simulation, simulate};
use medha_graph::{CompiledGraph, Node};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Backup {
    #[state(append)]
    copied: Vec<String>,
    #[state(append)]
    lost: Vec<String>,
    report: String,
}

/// A node for each disk, which copies it.
struct Disk(&'static str);

impl Node<Backup> for Disk {
    type Output = BackupUpdate;

    async fn run(&self, _: &Backup, _: Ctx) -> BackupUpdate {
        Backup::update().copied([self.0])
    }
}

async fn give_up(failure: Failure) -> BackupUpdate {
    Backup::update().lost([failure.node])
}

async fn report(backup: &Backup) -> BackupUpdate {
    Backup::update().report(format!("{} of 4 disks", backup.copied.len()))
}

fn backup() -> Result<CompiledGraph<Backup>, medha_graph::BuildError> {
    let hourly = RetryPolicy::attempts(3).initial(Duration::from_secs(3600)).max(Duration::from_secs(36_000));
    let disks = ["north", "east", "south", "west"].into_iter();
    let graph = disks.fold(StateGraph::<Backup>::new("backup"), |graph, disk| {
        let graph = graph.node(disk, Disk(disk).retry(hourly.clone()));
        graph.edge(START, disk).edge(disk, "report").error_edge(disk, "give up")
    });
    let graph = graph.node("give up", give_up).node("report", report.defer());
    graph.edge("give up", "report").edge("report", END).compile()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let graph = backup()?;

    // Whichever disk is copied first, the state is the same, to the byte of what is stored.
    let (mut orders, mut results) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..1000 {
        let mut simulation = Simulation::new(&graph, seed, Faults::none());
        simulation.run(Backup::update())?;
        let last = simulation.checkpoints().pop().expect("something was stored");
        results.insert(serde_json::to_string(&last.written)?);
        orders.insert(simulation.order().join(" "));
        assert!(simulation.misfits().is_empty());
    }
    println!("1000 seeds: {} orders, {} result", orders.len(), results.len());

    // Half of all attempts fail. A seed tells which; the retries wait hours that nobody waits for.
    let faults = Faults::seeded(19).failing(0.5).sparing(["give up", "report"]);
    let mut simulation = Simulation::new(&graph, 1, faults.clone());
    let state = simulation.run(Backup::update())?.into_state();
    println!("half of it fails: {:?}, lost {:?}", state.report, state.lost);
    println!("  {} attempts in {} hours", simulation.order().len(), simulation.elapsed().as_secs() / 3600);
    assert_eq!(simulate(&graph, Backup::update(), 1, &faults)?.into_state(), state);

    // The process dies at each storage call in turn, before or after it; resumed, it comes to the same.
    let whole = {
        let mut simulation = Simulation::new(&graph, 1, Faults::none());
        let state = simulation.run(Backup::update())?.into_state();
        (state, simulation.storage_calls())
    };
    let mut crashes = 0;
    for call in 0..whole.1 {
        for crash in [Crash::Before(call), Crash::After(call)] {
            let mut simulation = Simulation::new(&graph, 1, Faults::none().crash(crash));
            if simulation.run(Backup::update()).is_ok() {
                continue;
            }
            crashes += 1;
            simulation.recover();
            let resumed = if simulation.checkpoints().is_empty() {
                simulation.run(Backup::update())? // nothing was stored yet
            } else {
                simulation.run(Resume::next())?
            };
            assert_eq!(resumed.into_state(), whole.0, "after {crash:?}");
        }
    }
    println!("{} storage calls, {crashes} crashes, and always {:?}", whole.1, whole.0.report);
    Ok(())
}
