//! Finding the columns a question is about, by words and by letters, and then with the vectors of a model.
//!
//! Run it with `cargo run --example retrieval`. It needs no network: the model is a table of meanings, where a program would
//! call a service.

use std::sync::Arc;

use async_trait::async_trait;
use medha_connectors::Schema;
use medha_connectors::retrieval::{
    EmbedError, Embedder, Entry, EntryKind, Query, Ranks, RetrievalIndex, SqliteIndex, index_schema,
};
use serde_json::{Value, json};

/// Knows three meanings, and the words for them.
#[derive(Debug)]
struct Meanings;

const MEANINGS: [&[&str]; 3] = [
    &["customer", "client", "buyer"],
    &["staff", "employee", "hired", "people"],
    &["amount", "revenue", "money"],
];

#[async_trait]
impl Embedder for Meanings {
    fn id(&self) -> &str {
        "meanings-1"
    }

    fn dimensions(&self) -> usize {
        MEANINGS.len()
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let count =
            |text: &String, words: &[&str]| words.iter().filter(|word| text.contains(**word)).count() as f32;
        Ok(texts.iter().map(|text| MEANINGS.iter().map(|words| count(text, words)).collect()).collect())
    }
}

fn schema() -> Schema {
    let column = |name: &str, comment: Option<&str>, values: &[&str]| -> Value {
        json!({"name": name, "declared_type": "TEXT", "kind": "text", "nullable": true, "default": null, "comment": comment,
               "profile": {"distinct": null, "values": values, "complete": false, "min": null, "max": null,
                           "has_nulls": false}})
    };
    let table = |name: &str, columns: Vec<Value>| -> Value {
        json!({"name": name, "kind": "table", "comment": null, "columns": columns, "primary_key": [], "unique_keys": [],
               "foreign_keys": [], "indexes": [], "row_count": null})
    };
    let orders = table(
        "salesOrders",
        vec![
            column("buyer_id", Some("the customer"), &[]),
            column("net_amount", None, &[]),
            column("shipping_status", None, &["delivered", "lost in transit"]),
        ],
    );
    let staff =
        table("staff", vec![column("hired_on", None, &[]), column("office", None, &["Zürich", "Lyon"])]);
    serde_json::from_value(json!({ "tables": [orders, staff] })).unwrap()
}

async fn ask(index: &SqliteIndex, question: &str) -> Result<(), Box<dyn std::error::Error>> {
    println!("{question}");
    let hits = index.search(&Query::new("shop", question).limit(3)).await?;
    if hits.is_empty() {
        println!("  nothing: no word and few letters in common");
    }
    for hit in hits {
        let Ranks { words, vectors, .. } = hit.ranks;
        let place = |rank: Option<u32>| rank.map_or("-".to_owned(), |rank| rank.to_string());
        println!("  {:45} words {:2} vectors {}", hit.entry.id, place(words), place(vectors));
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("index.db");
    let index = SqliteIndex::open(&path).await?;
    index.upsert("shop", &index_schema(&schema())).await?;
    let asked = Entry::new("q1", EntryKind::Question, "revenue by shipping status")
        .with_payload(json!({"sql": "SELECT shipping_status, sum(net_amount) FROM salesOrders GROUP BY 1"}));
    index.upsert("shop", &[asked]).await?;
    ask(&index, "orders with a shiping status of delivered").await?;
    ask(&index, "who works in zurich?").await?;
    ask(&index, "money per client").await?;

    let questions = Query::new("shop", "what was the revenue per status?").kinds([EntryKind::Question]);
    println!("asked before: {}", index.search(&questions).await?[0].entry.payload["sql"]);

    // The vectors of two embedders cannot be compared, so another one is refused until the collection is re-embedded.
    let other = SqliteIndex::open_with(&path, Arc::new(Meanings)).await?;
    println!("{}", other.search(&questions).await.unwrap_err());
    index.reembed("shop", Arc::new(Meanings)).await?.finished().await?;
    ask(&other, "money per client").await?;
    let status = index.status().await?;
    for collection in status.collections {
        println!("{}: {} entries by {}", collection.name, collection.entries, collection.embedder);
    }
    Ok(())
}
