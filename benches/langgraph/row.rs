//! A row of the suite: a graph, an input, a saver, and what is done with them over and over.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use medha_connectors::savers::SqliteSaver;
use medha_graph::prelude::*;
use medha_graph::store::Checkpointer;
use medha_graph::{Durability, Input, Mode};

/// What is measured: one call is one run.
pub(crate) type Run = Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

pub(crate) struct Row {
    pub(crate) name: String,
    /// Builds what is measured; not measured itself.
    pub(crate) make: Box<dyn Fn() -> BoxFuture<'static, Run>>,
}

impl Row {
    pub(crate) fn new<F: Future<Output = Run> + Send + 'static>(
        name: impl Into<String>,
        make: impl Fn() -> F + 'static,
    ) -> Self {
        Self { name: name.into(), make: Box::new(move || Box::pin(make())) }
    }

    /// Runs of a graph whose updates are read to the end.
    pub(crate) fn of<S: State>(
        name: impl Into<String>,
        saver: Saver,
        graph: impl Fn() -> CompiledGraph<S> + Send + Sync + 'static,
        input: impl Fn() -> S::Update + Send + Sync + 'static,
    ) -> Self {
        let parts = Arc::new((graph, input));
        Self::new(name, move || {
            let parts = Arc::clone(&parts);
            async move { each_run(saver.keeping(parts.0()).await, parts.1(), true) }
        })
    }

    /// The same until the first update.
    pub(crate) fn first_event<S: State>(
        name: impl Into<String>,
        graph: impl Fn() -> CompiledGraph<S> + Send + Sync + 'static,
        input: impl Fn() -> S::Update + Send + Sync + 'static,
    ) -> Self {
        let parts = Arc::new((graph, input));
        Self::new(name, move || {
            let parts = Arc::clone(&parts);
            async move { each_run(parts.0(), parts.1(), false) }
        })
    }

    /// Compiling a graph.
    pub(crate) fn compilation<S: State>(
        name: impl Into<String>,
        graph: impl Fn() -> StateGraph<S> + Send + Sync + 'static,
    ) -> Self {
        let graph = Arc::new(graph);
        Self::new(name, move || {
            let graph = Arc::new(graph());
            let once = move || -> BoxFuture<'static, ()> {
                let graph = Arc::clone(&graph);
                Box::pin(async move { drop(black_box(graph.compile().unwrap())) })
            };
            async move { Box::new(once) as Run }
        })
    }
}

fn each_run<S: State>(graph: CompiledGraph<S>, input: S::Update, is_whole: bool) -> Run {
    let parts = Arc::new((graph, input));
    Box::new(move || {
        let parts = Arc::clone(&parts);
        Box::pin(async move {
            let mut updates =
                parts.0.thread(fresh_thread()).stream(Input::Update(parts.1.clone())).modes([Mode::Updates]);
            while let Some(part) = updates.next().await {
                black_box(part.unwrap());
                if !is_whole {
                    return;
                }
            }
        })
    })
}

fn fresh_thread() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("thread-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What keeps the checkpoints of a row, and when they are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Saver {
    None,
    Memory(Durability),
    Sqlite(Durability),
}

impl Saver {
    /// As in LangGraph's suite: nothing, or the end of each run.
    pub(crate) const SUITE: [(&'static str, Self); 2] =
        [("", Self::None), ("_checkpoint", Self::Memory(Durability::Exit))];

    /// Every saver and durability, with the end of the name of a row.
    pub(crate) const EVERY: [(&'static str, Self); 7] = [
        ("_nocheckpoint", Self::None),
        ("_memory_durability_exit", Self::Memory(Durability::Exit)),
        ("_memory_durability_async", Self::Memory(Durability::Async)),
        ("_memory_durability_sync", Self::Memory(Durability::Sync)),
        ("_sqlite_durability_exit", Self::Sqlite(Durability::Exit)),
        ("_sqlite_durability_async", Self::Sqlite(Durability::Async)),
        ("_sqlite_durability_sync", Self::Sqlite(Durability::Sync)),
    ];

    async fn keeping<S: State>(self, graph: CompiledGraph<S>) -> CompiledGraph<S> {
        match self {
            Self::None => graph,
            Self::Memory(durability) => {
                graph.with_checkpointer(MemorySaver::default()).with_durability(durability)
            }
            Self::Sqlite(durability) => {
                // The directory lives as long as the process: rows come one after the other.
                let path = tempfile::tempdir().unwrap().keep().join("threads.sqlite");
                let saver: Arc<dyn Checkpointer> = Arc::new(SqliteSaver::open(path).await.unwrap());
                graph.with_checkpointer(saver).with_durability(durability)
            }
        }
    }
}
