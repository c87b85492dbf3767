//! Runs with everything on: stored in memory, watched, many threads at once.
//!
//! Run it with `cargo bench --bench throughput`.

#![allow(clippy::disallowed_methods, reason = "the bench spawns its runs, and awaits them all")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use medha_graph::prelude::*;
use medha_graph::store::Checkpointer;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Work {
    count: u64,
    text: String,
}

const STEPS: u64 = 100;
const RUNS: u64 = 64;

async fn count(work: &Work) -> WorkUpdate {
    Work::update().count(work.count + 1).text("the quick brown fox jumps over the lazy dog")
}

#[derive(Route)]
enum Again {
    #[route("count")]
    Yes,
    #[route(END)]
    No,
}

fn graph() -> CompiledGraph<Work> {
    StateGraph::new("loop")
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", |work: &Work| if work.count < STEPS { Again::Yes } else { Again::No })
        .compile()
        .unwrap()
}

fn all(criterion: &mut Criterion) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let plain = graph();
    let saver = MemorySaver::default();
    let stored = graph().with_checkpointer(saver.clone());

    let mut group = criterion.benchmark_group("100 steps");
    group.throughput(Throughput::Elements(STEPS));
    group.bench_function("plain", |bencher| {
        bencher.to_async(&runtime).iter(|| async { plain.invoke(Work::update()).await.unwrap() });
    });
    group.bench_function("stored in memory", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let outcome = stored.thread("t").invoke(Work::update()).await.unwrap();
            saver.delete("t").await.unwrap();
            outcome
        });
    });
    group.bench_function("watched", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut events = plain.thread("t").stream(Work::update());
            let mut seen = 0;
            while let Some(event) = events.next().await {
                event.unwrap();
                seen += 1;
            }
            seen
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("64 threads of 100 steps on 2 cores");
    group.throughput(Throughput::Elements(STEPS * RUNS));
    group.bench_function("stored in memory", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let runs = (0..RUNS).map(|number| {
                let thread = stored.thread(format!("t{number}"));
                tokio::spawn(async move { thread.invoke(Work::update()).await.unwrap() })
            });
            for done in join_all(runs).await {
                assert!(done.unwrap().is_done());
            }
            for number in 0..RUNS {
                saver.delete(&format!("t{number}")).await.unwrap();
            }
        });
    });
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
