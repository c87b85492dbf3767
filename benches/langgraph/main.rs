//! LangGraph's own suite of benchmarks, rebuilt: the same graphs, sizes and payloads, each run on a fresh thread and its
//! whole stream of updates read. Rows have the names they have there.
//!
//! `cargo bench --bench langgraph` shows them with criterion. For a comparison with LangGraph side by side,
//! `benches/compare.py` runs them with `-- --json [--only TEXT] [--seconds S] [--at-once N]`, which prints the CPU time
//! and the wall time of a run of each row.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

mod row;
mod measure;
mod clock;

mod fanout;
mod agent;
mod wide;
mod wide_nodes;
mod lines;
mod fan_in;
mod log;

use std::process::ExitCode;

use criterion::Criterion;

use crate::measure::Options;
use crate::row::Row;

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(fanout::rows());
    rows.extend(agent::rows());
    rows.extend(wide::rows());
    rows.extend(lines::rows());
    rows.extend(fan_in::rows());
    rows.extend(log::rows());
    rows
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--json") {
        let options = match Options::read(&arguments) {
            Ok(options) => options,
            Err(why) => {
                eprintln!("{why}");
                return ExitCode::FAILURE;
            }
        };
        println!("{}", measure::all(rows(), &options));
        return ExitCode::SUCCESS;
    }
    let runtime = measure::single_threaded();
    let mut criterion = Criterion::default().configure_from_args();
    for row in rows() {
        let run = runtime.block_on((row.make)());
        criterion.bench_function(&row.name, |bencher| bencher.to_async(&runtime).iter(&*run));
    }
    criterion.final_summary();
    ExitCode::SUCCESS
}
