//! Savers keep the promises of the trait.

use std::sync::Arc;

use medha_graph::MemorySaver;
use medha_graph::store::conformance;

#[tokio::test]
async fn the_saver_in_memory_keeps_every_promise() {
    assert_eq!(conformance::broken_promises(&MemorySaver::default()).await, Vec::<String>::new());
    assert_eq!(conformance::broken_promises(&Arc::new(MemorySaver::default())).await, Vec::<String>::new());
}
