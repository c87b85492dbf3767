//! A search over 10,000 entries beside a plain loop of dot products over as many vectors, and what it costs to put them in. Prints
//! figures and their bars.
//!
//! Run it with `cargo bench --bench retrieval`. The file lies in the folder of the build.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use medha_connectors::retrieval::{Entry, EntryKind, HashEmbedder, Query, RetrievalIndex, SqliteIndex};
use tokio::runtime::Runtime;

const ENTRIES: usize = 10_000;
const ROUNDS: usize = 41;
/// A search may take this many times the time of the loop: words, hits and the way through SQLite come on top.
const BAR: f64 = 3.0;
const QUESTION: &str = "which custommers had the highest shipping cost per order last quarter?";

const SUBJECTS: [&str; 20] = [
    "customer",
    "order",
    "invoice",
    "shipment",
    "product",
    "warehouse",
    "supplier",
    "employee",
    "ticket",
    "payment",
    "campaign",
    "session",
    "contract",
    "machine",
    "sensor",
    "patient",
    "policy",
    "claim",
    "vehicle",
    "route",
];
const PROPERTIES: [&str; 25] = [
    "id", "name", "status", "date", "amount", "cost", "price", "quantity", "region", "country", "type",
    "owner", "comment", "priority", "channel", "currency", "weight", "duration", "score", "code", "address",
    "phone", "rate", "limit", "balance",
];
const SOURCES: [&str; 20] = [
    "crm", "erp", "web", "pos", "hr", "fin", "ops", "mkt", "log", "ext", "raw", "stg", "dwh", "arc", "tmp",
    "api", "app", "iot", "bi", "ml",
];

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let index = runtime.block_on(SqliteIndex::open(folder.path().join("index.db"))).unwrap();
    let entries = entries();
    let put_in = put_in(&runtime, &index, &entries);
    let again = put_in_again(&runtime, &index, &entries);
    let query = Query::new("bench", QUESTION);
    let first = timed(|| search(&runtime, &index, &query));
    let (plain, asked) = (Plain::new(&entries), HashEmbedder::vector(QUESTION));
    let mut ratios: Vec<(f64, Duration, Duration)> = (0..ROUNDS)
        .map(|_| {
            let ours = timed(|| search(&runtime, &index, &query));
            let loop_ = timed(|| plain.best(black_box(&asked)));
            (ours.as_secs_f64() / loop_.as_secs_f64(), ours, loop_)
        })
        .collect();
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, ours, loop_) = ratios[ROUNDS / 2];
    println!(
        "{ENTRIES} entries are put into a SQLite file in {put_in:.1?}, and again, unchanged, in {again:.1?}"
    );
    println!("the first search, which reads all vectors, takes {first:.1?}");
    println!(
        "a search takes {ours:.1?}: {ratio:.2} times the loop over {ENTRIES} vectors of 1,024 floats ({loop_:.1?}), at most {BAR}"
    );
    if ratio <= BAR { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// As many columns of tables.
fn entries() -> Vec<Entry> {
    (0..ENTRIES)
        .map(|n| {
            let (subject, property) = (SUBJECTS[n % 20], PROPERTIES[n / 20 % 25]);
            let source = SOURCES[n / 500];
            let text = format!(
                "{property} of {source}_{subject}: the {property} of each {subject}, as {source} has it"
            );
            Entry::new(format!("{n}"), EntryKind::Column, text)
        })
        .collect()
}

fn put_in(runtime: &Runtime, index: &SqliteIndex, entries: &[Entry]) -> Duration {
    timed(|| runtime.block_on(index.upsert("bench", entries)).unwrap())
}

fn put_in_again(runtime: &Runtime, index: &SqliteIndex, entries: &[Entry]) -> Duration {
    let took = put_in(runtime, index, entries);
    let status = runtime.block_on(index.status()).unwrap();
    assert_eq!(status.collections[0].entries, ENTRIES as u64);
    took
}

fn search(runtime: &Runtime, index: &SqliteIndex, query: &Query) {
    let hits = runtime.block_on(index.search(query)).unwrap();
    assert_eq!(hits.len(), 10);
    let words = ["customer", "order", "cost", "shipment"];
    let is_about_it = |text: &str| words.iter().any(|word| text.contains(word));
    assert!(hits.iter().all(|hit| is_about_it(&hit.entry.text)), "{hits:?}");
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    black_box(work());
    begin.elapsed()
}

/// What anybody writes first: all vectors in a row, a dot product with each, the ten best.
struct Plain {
    numbers: Vec<f32>,
}

impl Plain {
    fn new(entries: &[Entry]) -> Self {
        Self { numbers: entries.iter().flat_map(|entry| HashEmbedder::vector(&entry.text)).collect() }
    }

    fn best(&self, asked: &[f32]) -> Vec<usize> {
        let rows = self.numbers.chunks_exact(asked.len()).enumerate();
        // Eight sums at a time, so that the compiler may use vector instructions: it must not reorder the sum of floats.
        let dot = |row: &[f32]| {
            let mut sums = [0.0_f32; 8];
            for (one, other) in row.chunks_exact(8).zip(asked.chunks_exact(8)) {
                for (sum, (a, b)) in sums.iter_mut().zip(one.iter().zip(other)) {
                    *sum += a * b;
                }
            }
            sums.iter().sum::<f32>()
        };
        let mut scored: Vec<(f32, usize)> = rows.map(|(place, row)| (dot(row), place)).collect();
        scored.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
        scored.into_iter().take(10).map(|(_, place)| place).collect()
    }
}
