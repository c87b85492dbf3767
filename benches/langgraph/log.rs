//! A log that grows by 1 KiB in each of 500 supersteps: what is stored must grow with what was written.

use medha_graph::prelude::*;

use crate::row::{Row, Saver};

const ENTRIES: usize = 500;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    log: Vec<String>,
}

#[derive(Route)]
enum Again {
    #[route("step")]
    Yes,
    #[route(END)]
    No,
}

pub(crate) fn rows() -> Vec<Row> {
    let savers = [Saver::EVERY[0], Saver::EVERY[3], Saver::EVERY[6]];
    let row = |(end, saver)| Row::of(format!("growing_log_500{end}"), saver, growing, Log::update);
    savers.into_iter().map(row).collect()
}

async fn step() -> LogUpdate {
    Log::update().log(["x".repeat(1024)])
}

fn growing() -> CompiledGraph<Log> {
    StateGraph::new("growing log")
        .node("step", step)
        .edge(START, "step")
        .conditional_edge("step", |log: &Log| if log.log.len() < ENTRIES { Again::Yes } else { Again::No })
        .compile()
        .unwrap()
}
