//! What a superstep costs beside the same functions, boxed, in a loop written by hand. The figure is the ratio.
//!
//! Run it with `cargo bench --bench superstep`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::future::{BoxFuture, join_all};
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Work {
    count: u64,
    #[state(add)]
    sum: u64,
}

const CHAIN: usize = 1_000;
const LOOP: u64 = 10_000;
const WIDTH: u64 = 100;

async fn nothing(_: &Work) -> WorkUpdate {
    Work::update()
}

async fn count(work: &Work) -> WorkUpdate {
    Work::update().count(work.count + 1)
}

async fn add(Payload(number): Payload<u64>) -> WorkUpdate {
    Work::update().sum(number)
}

#[derive(Route)]
enum Again {
    #[route("count")]
    Yes,
    #[route(END)]
    No,
}

fn again(work: &Work) -> Again {
    if work.count < LOOP { Again::Yes } else { Again::No }
}

type Boxed = Box<dyn for<'a> Fn(&'a Work) -> BoxFuture<'a, WorkUpdate> + Send + Sync>;
type BoxedAdd = Box<dyn Fn(u64) -> BoxFuture<'static, WorkUpdate> + Send + Sync>;

fn chain_of_nodes() -> CompiledGraph<Work> {
    let mut graph = StateGraph::new("chain").edge(START, "n0");
    for number in 0..CHAIN {
        let next = if number + 1 == CHAIN { END.to_owned() } else { format!("n{}", number + 1) };
        graph = graph.node(format!("n{number}"), nothing).edge(format!("n{number}"), next);
    }
    graph.compile().unwrap()
}

fn chain(criterion: &mut Criterion, runtime: &tokio::runtime::Runtime) {
    let mut group = criterion.benchmark_group("chain of 1000 no-op nodes");
    let graph = chain_of_nodes();
    group.bench_function("graph", |bencher| {
        bencher.to_async(runtime).iter(|| async { graph.invoke(Work::update()).await.unwrap() });
    });
    let boxed = || -> Boxed { Box::new(|work| Box::pin(nothing(work))) };
    let functions: Vec<Boxed> = (0..CHAIN).map(|_| boxed()).collect();
    group.bench_function("boxed loop", |bencher| {
        bencher.to_async(runtime).iter(|| async {
            let mut work = Work::default();
            for function in black_box(&functions) {
                let update = function(&work).await;
                work.apply(update).unwrap();
            }
            work
        });
    });
    group.finish();
}

fn cycle(criterion: &mut Criterion, runtime: &tokio::runtime::Runtime) {
    let mut group = criterion.benchmark_group("loop of 10000 steps");
    let graph = StateGraph::new("loop")
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", again)
        .compile()
        .unwrap();
    group.bench_function("graph", |bencher| {
        bencher.to_async(runtime).iter(|| async { graph.invoke(Work::update()).await.unwrap() });
    });
    let function: Boxed = Box::new(|work| Box::pin(count(work)));
    group.bench_function("boxed loop", |bencher| {
        bencher.to_async(runtime).iter(|| async {
            let mut work = Work::default();
            loop {
                let update = black_box(&function)(&work).await;
                work.apply(update).unwrap();
                if matches!(again(&work), Again::No) {
                    return work;
                }
            }
        });
    });
    group.finish();
}

fn fan_out(criterion: &mut Criterion, runtime: &tokio::runtime::Runtime) {
    let mut group = criterion.benchmark_group("fan-out to 100 tasks");
    let graph = StateGraph::<Work>::new("fan out")
        .node("add", add)
        .fan_out(START, "add", |_| 0..WIDTH)
        .edge("add", END)
        .compile()
        .unwrap();
    group.bench_function("graph", |bencher| {
        bencher.to_async(runtime).iter(|| async { graph.invoke(Work::update()).await.unwrap() });
    });
    let function: BoxedAdd = Box::new(|number| Box::pin(add(Payload(number))));
    group.bench_function("boxed, joined", |bencher| {
        bencher.to_async(runtime).iter(|| async {
            let mut work = Work::default();
            for update in join_all((0..WIDTH).map(black_box(&function))).await {
                work.apply(update).unwrap();
            }
            work
        });
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    chain(criterion, &runtime);
    cycle(criterion, &runtime);
    fan_out(criterion, &runtime);
}

criterion_group!(benches, all);
criterion_main!(benches);
