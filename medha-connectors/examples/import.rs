//! Imports a CSV, TSV, JSON or JSON lines file, or a folder of them, and says what has become of it.
//!
//! `cargo run --release -p medha-connectors --example import -- orders.csv imports`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]
#![allow(clippy::disallowed_methods, reason = "it measures how long an import takes")]

use std::error::Error;
use std::time::Instant;

use medha_connectors::{Connector, FilesConnector};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, imports] = arguments.as_slice() else {
        return Err("say which file to import, and into which folder".into());
    };
    let started = Instant::now();
    let files = FilesConnector::open(path, imports).await?;
    println!("opened in {:.2?}", started.elapsed());
    for remark in files.remarks() {
        println!("{remark}");
    }
    for table in files.schema().await?.tables {
        println!("{}: {:?} rows, key {:?}", table.name, table.row_count, table.primary_key);
        for column in table.columns {
            println!("  {} {}", column.name, column.declared_type);
        }
    }
    Ok(())
}
