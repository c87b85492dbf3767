//! The connectors: rows per second beside plain sqlx, and the memory of a long answer.
//!
//! Run it with `cargo bench --bench connectors`; `-- rows` and `-- stream` choose one. Servers that do not answer are skipped;
//! `MEDHA_TEST_POSTGRES` and `MEDHA_TEST_MYSQL` say where they are.

#![allow(clippy::disallowed_methods, reason = "a bench looks at the clock")]

mod databases;
mod rows;
mod stream;

use criterion::Criterion;
use medha_connectors::Dialect;

use databases::on_server;

/// As in the `medha` program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| format!("sqlite:{}?mode=rwc", folder.path().join(name).display());
    let mut criterion = Criterion::default().configure_from_args();
    rows::measure::<sqlx::Sqlite>(&mut criterion, &runtime, "rows/sqlite", &file("rows.sqlite"));
    on_server::<sqlx::Postgres>(&runtime, Dialect::Postgres, |url| {
        rows::measure::<sqlx::Postgres>(&mut criterion, &runtime, "rows/postgres", url);
    });
    on_server::<sqlx::MySql>(&runtime, Dialect::MySql, |url| {
        rows::measure::<sqlx::MySql>(&mut criterion, &runtime, "rows/mysql", url);
    });
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "rows") {
        return;
    }
    runtime.block_on(stream::measure::<sqlx::Sqlite>("stream/sqlite", &file("stream.sqlite")));
    on_server::<sqlx::Postgres>(&runtime, Dialect::Postgres, |url| {
        runtime.block_on(stream::measure::<sqlx::Postgres>("stream/postgres", url));
    });
    on_server::<sqlx::MySql>(&runtime, Dialect::MySql, |url| {
        runtime.block_on(stream::measure::<sqlx::MySql>("stream/mysql", url));
    });
}
