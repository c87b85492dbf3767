//! What storing costs, as ratios: each superstep kept in memory beside a loop, written by hand, that serialises its state
//! each time; what nobody touches; how much is stored; how many wait at once.
//!
//! `cargo bench --bench stored` prints the figures beside their bars, and fails if one is missed.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use medha_graph::Durability;
use medha_graph::prelude::*;
use medha_graph::store::{Checkpointer, HistoryQuery, ThreadKey};
use tokio::runtime::Runtime;

#[path = "langgraph/clock.rs"]
mod clock;

/// Rounds of two measurements each, of which the middle ratio counts.
const ROUNDS: usize = 15;
const STEPS: u64 = 10_000;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let figures = [
        boxed_loop(&runtime),
        stored_loop(&runtime),
        stored_chain(&runtime, 100),
        stored_chain(&runtime, 10_000),
        untouched(&runtime, 256 << 10),
        untouched(&runtime, 100 << 20),
        serialised_end(&runtime),
        appends(&runtime),
        sleepers(&runtime),
    ];
    let mut is_missed = false;
    for Figure { name, value, bar, unit } in figures {
        let verdict = if value <= bar { "ok" } else { "MISSED" };
        println!("{name:64} {value:10.2} {unit:6} at most {bar:7.2} {verdict}");
        is_missed |= value > bar;
    }
    if is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A measured value and the most it may be.
struct Figure {
    name: String,
    value: f64,
    bar: f64,
    unit: &'static str,
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Work {
    count: u64,
    untouched: String,
}

async fn count(work: &Work) -> WorkUpdate {
    Work::update().count(work.count + 1)
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    entries: Vec<String>,
}

async fn append() -> LogUpdate {
    Log::update().entries(["x".repeat(1024)])
}

#[derive(Route)]
enum Again {
    #[route("count")]
    Yes,
    #[route(END)]
    No,
}

fn cycle() -> CompiledGraph<Work> {
    StateGraph::new("loop")
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", |work: &Work| if work.count < STEPS { Again::Yes } else { Again::No })
        .compile()
        .unwrap()
}

fn chain(length: u64) -> CompiledGraph<Work> {
    let mut graph = StateGraph::new("chain").edge(START, "n0");
    for number in 0..length {
        let next = if number + 1 == length { END.to_owned() } else { format!("n{}", number + 1) };
        graph = graph.node(format!("n{number}"), count).edge(format!("n{number}"), next);
    }
    graph.compile().unwrap()
}

type Boxed = Box<dyn for<'a> Fn(&'a Work) -> BoxFuture<'a, WorkUpdate> + Send + Sync>;

/// The loop by hand; `is_stored` says whether each state is serialised and kept.
async fn by_hand(function: &Boxed, steps: u64, is_stored: bool) -> Vec<Vec<u8>> {
    let (mut work, mut kept) = (Work::default(), Vec::new());
    for _ in 0..steps {
        let update = black_box(function)(&work).await;
        work.apply(update).unwrap();
        if is_stored {
            kept.push(serde_json::to_vec(&work).unwrap());
        }
    }
    black_box(work);
    kept
}

fn boxed_loop(runtime: &Runtime) -> Figure {
    let (graph, function) = (cycle(), boxed());
    let value = ratio(
        || drop(runtime.block_on(graph.invoke(Work::update())).unwrap()),
        || drop(runtime.block_on(by_hand(&function, STEPS, false))),
    );
    Figure { name: "loop of 10,000, by a loop by hand".to_owned(), value, bar: 5.0, unit: "times" }
}

fn stored_loop(runtime: &Runtime) -> Figure {
    let function = boxed();
    let value = ratio(
        || stored_run(runtime, &cycle(), Work::update()),
        || drop(runtime.block_on(by_hand(&function, STEPS, true))),
    );
    let name = "stored loop of 10,000, by a loop that serialises".to_owned();
    Figure { name, value, bar: 10.0, unit: "times" }
}

fn stored_chain(runtime: &Runtime, length: u64) -> Figure {
    let (graph, function) = (chain(length), boxed());
    let again = STEPS / length;
    let value = ratio(
        || (0..again).for_each(|_| stored_run(runtime, &graph, Work::update())),
        || (0..again).for_each(|_| drop(runtime.block_on(by_hand(&function, length, true)))),
    );
    let name = format!("stored chain of {length} nodes, by a loop that serialises");
    Figure { name, value, bar: 10.0, unit: "times" }
}

/// A field nobody touches, beside the same run without it: without the input, which holds it once.
fn untouched(runtime: &Runtime, bytes: usize) -> Figure {
    let text = "x".repeat(bytes);
    let once = |steps: u64, text: &str| {
        let graph = cycle().with_checkpointer(MemorySaver::default()).with_step_limit(steps);
        let input = Work::update().untouched(text);
        let run = runtime.block_on(graph.thread("t").invoke(input));
        assert!(run.is_err(), "the step limit ends it");
    };
    // What the supersteps cost is what many cost more than one.
    let cost = |text: &str| {
        let (many, one) = (cpu(|| once(STEPS / 2, text)), cpu(|| once(1, text)));
        many.saturating_sub(one).as_secs_f64()
    };
    let rounds = if bytes > 1 << 20 { 3 } else { ROUNDS };
    let value = median((0..rounds).map(|_| cost(&text) / cost("")).collect());
    let name = format!("supersteps beside an untouched field of {} KiB, by without", bytes >> 10);
    Figure { name, value, bar: 1.5, unit: "times" }
}

/// A run of which only the end is stored, beside the same run and one bare serialisation of its state of 4 MiB.
fn serialised_end(runtime: &Runtime) -> Figure {
    let input = Work::update().count(STEPS - 10).untouched("x".repeat(4 << 20));
    let plain = cycle();
    let stored = || {
        let graph = plain.clone().with_checkpointer(MemorySaver::default()).with_durability(Durability::Exit);
        drop(black_box(runtime.block_on(graph.thread("t").invoke(input.clone())).unwrap()));
    };
    let bare = || {
        let state = runtime.block_on(plain.invoke(input.clone())).unwrap().into_state();
        drop(black_box(serde_json::to_vec(&state).unwrap()));
    };
    let name = "the end of a run of 4 MiB stored, by one bare serialisation".to_owned();
    Figure { name, value: ratio(stored, bare), bar: 2.0, unit: "times" }
}

/// Everything that is kept of 500 appends of 1 KiB, serialised.
fn appends(runtime: &Runtime) -> Figure {
    let saver = MemorySaver::default();
    let graph = StateGraph::new("log")
        .node("count", append)
        .edge(START, "count")
        .conditional_edge("count", |log: &Log| if log.entries.len() < 500 { Again::Yes } else { Again::No })
        .compile()
        .unwrap()
        .with_checkpointer(saver.clone());
    let kept = runtime.block_on(async {
        graph.thread("t").invoke(Log::update()).await.unwrap();
        saver.history(&ThreadKey::root("t"), &HistoryQuery::default()).await.unwrap()
    });
    assert_eq!(kept.len(), 501);
    let bytes: usize = kept.iter().map(|checkpoint| serde_json::to_vec(checkpoint).unwrap().len()).sum();
    let name = "500 appends of 1 KiB, everything that is stored".to_owned();
    Figure { name, value: bytes as f64 / 1e6, bar: 1.1, unit: "MB" }
}

/// Fifty nodes that sleep take as long as one.
fn sleepers(runtime: &Runtime) -> Figure {
    const NAP: Duration = Duration::from_millis(200);
    async fn sleep(Payload(_): Payload<u64>) {
        tokio::time::sleep(NAP).await;
    }
    let graph = StateGraph::<Work>::new("sleepers")
        .node("sleep", sleep)
        .fan_out(START, "sleep", |_| 0..50)
        .edge("sleep", END)
        .compile()
        .unwrap();
    let begin = Instant::now();
    runtime.block_on(graph.invoke(Work::update())).unwrap();
    let value = begin.elapsed().as_secs_f64() / NAP.as_secs_f64();
    Figure { name: "fifty sleepers, by one nap".to_owned(), value, bar: 1.5, unit: "naps" }
}

fn boxed() -> Boxed {
    Box::new(|work| Box::pin(count(work)))
}

fn stored_run(runtime: &Runtime, graph: &CompiledGraph<Work>, input: WorkUpdate) {
    let graph = graph.clone().with_checkpointer(MemorySaver::default());
    let outcome = runtime.block_on(graph.thread("t").invoke(input)).unwrap();
    assert!(outcome.is_done());
}

/// How much more CPU time the one takes than the other.
fn ratio(ours: impl Fn(), other: impl Fn()) -> f64 {
    ours();
    other();
    median((0..ROUNDS).map(|_| cpu(&ours).as_secs_f64() / cpu(&other).as_secs_f64()).collect())
}

fn cpu(work: impl FnOnce()) -> Duration {
    let begin = clock::cpu_time();
    work();
    clock::cpu_time().saturating_sub(begin)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
