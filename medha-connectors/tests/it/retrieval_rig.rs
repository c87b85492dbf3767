//! An embedding model of rig in the index.

use std::sync::{Arc, Mutex};

use futures_util::stream;
use medha_connectors::retrieval::{
    Embedder as _, Entry, EntryKind, Query, RetrievalError, RetrievalIndex as _, RigEmbedder, SqliteIndex,
};
use rig_core::ProviderError;
use rig_core::driver::{Exchange, Local, Model, Opened, Opening, Step, Transport};
use rig_core::embeddings::{Embedding, EmbeddingResponse};
use rig_core::operation;
use rig_core::wire::Capabilities;

/// Tells texts about money from others, and keeps how many texts each request had.
#[derive(Clone, Default)]
struct Money {
    requests: Arc<Mutex<Vec<usize>>>,
    is_down: bool,
}

impl Transport<Local<operation::Embedding>> for Money {
    fn send(&self, texts: Vec<String>, _: Exchange) -> Opening<Step<operation::Embedding>> {
        self.requests.lock().unwrap().push(texts.len());
        let vector = |document: String| {
            let is_money = ["money", "revenue", "turnover"].iter().any(|word| document.contains(word));
            Embedding { vec: if is_money { vec![1.0, 0.0] } else { vec![0.0, 1.0] }, document }
        };
        let reply = match self.is_down {
            true => Err(ProviderError::Response("the model is asleep".to_owned())),
            false => Ok(Step::End(EmbeddingResponse::new(texts.into_iter().map(vector).collect()))),
        };
        Opening::ready(Opened::new(stream::iter([reply])))
    }
}

fn model(
    money: Money,
    id: &str,
    at_a_time: usize,
    numbers: usize,
) -> Model<Local<operation::Embedding>, Money> {
    Model::new(
        Local::new("here").with_id(id).with_capabilities(Capabilities::embedding(at_a_time, numbers)),
        money,
    )
}

fn entries() -> [Entry; 3] {
    [("a", "monthly revenue"), ("b", "staff on leave"), ("c", "parking places")]
        .map(|(id, text)| Entry::new(id, EntryKind::Document, text))
}

#[tokio::test]
async fn it_finds_by_meaning_and_takes_so_many_texts_at_a_time() {
    let money = Money::default();
    let embedder = RigEmbedder::new(model(money.clone(), "money-1", 2, 2)).unwrap();
    assert_eq!((embedder.id(), embedder.dimensions()), ("here/money-1", 2));
    let index = SqliteIndex::open_with("sqlite::memory:", Arc::new(embedder)).await.unwrap();
    index.upsert("docs", &entries()).await.unwrap();
    assert_eq!(*money.requests.lock().unwrap(), [2, 1]);
    let hits = index.search(&Query::new("docs", "turnover")).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.entry.id.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test]
async fn vectors_of_two_models_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let open = async |id: &str| {
        let embedder = RigEmbedder::new(model(Money::default(), id, 0, 2)).unwrap();
        SqliteIndex::open_with(&path, Arc::new(embedder)).await.unwrap()
    };
    let first = open("money-1").await;
    first.upsert("docs", &entries()).await.unwrap();
    first.close().await;
    let error = open("money-2").await.upsert("docs", &entries()).await.unwrap_err().to_string();
    assert!(error.contains("here/money-1") && error.contains("here/money-2"), "{error}");
}

#[tokio::test]
async fn what_a_model_does_not_say_or_do_is_told() {
    let error = RigEmbedder::new(model(Money::default(), "money-1", 0, 0)).unwrap_err().to_string();
    assert!(error.contains("\"here/money-1\" does not say how many numbers"), "{error}");
    let unsaid = RigEmbedder::with_dimensions(model(Money::default(), "money-1", 0, 0), 2);
    assert_eq!(unsaid.embed_query("money").await.unwrap(), [1.0, 0.0]);

    let wide = RigEmbedder::with_dimensions(model(Money::default(), "money-1", 0, 0), 3);
    let index = SqliteIndex::open_with("sqlite::memory:", Arc::new(wide)).await.unwrap();
    let error = index.upsert("docs", &entries()).await.unwrap_err();
    assert!(
        matches!(&error, RetrievalError::Embedder { reason, .. } if reason.contains("2 numbers")),
        "{error}"
    );

    let asleep = Money { is_down: true, ..Money::default() };
    let asleep = RigEmbedder::new(model(asleep, "money-1", 0, 2)).unwrap();
    let index = SqliteIndex::open_with("sqlite::memory:", Arc::new(asleep)).await.unwrap();
    let error = index.upsert("docs", &entries()).await.unwrap_err().to_string();
    assert!(error.contains("the model is asleep"), "{error}");
}
