//! A concierge that remembers its guests from one conversation to the next, and looks the weather up once an hour.
//!
//! Run it with `cargo run --example memory`. It needs no network: the "embedder" counts words of three topics, where a
//! program would ask a model, and the forecast is made up.

use std::time::Duration;

use futures_util::future::BoxFuture;
use medha_graph::prelude::*;
use medha_graph::store::{Embed, EmbedError, Put, Search, VectorIndex};
use medha_graph::{CachePolicy, MemoryCache, MemoryStore, Namespace, Store};
use serde_json::json;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Talk {
    guest: String,
    city: String,
    said: String,
    weather: String,
    reply: String,
}

/// What a guest told us is kept in a namespace of its own, beyond the thread it was said in.
fn told_by(guest: &str) -> Result<Namespace, NodeError> {
    Namespace::new(["guests", guest, "told"]).terminal()
}

async fn remember(talk: &Talk, store: Context<dyn Store>) -> Result<TalkUpdate, NodeError> {
    if !talk.said.ends_with('?') {
        store.put(Put::new(&told_by(&talk.guest)?, &talk.said, json!({"text": talk.said}))).await?;
    }
    Ok(Talk::update())
}

async fn forecast(talk: &Talk) -> TalkUpdate {
    println!("  (asking for the weather of {})", talk.city);
    Talk::update().weather(format!("rain in {}", talk.city))
}

async fn answer(talk: &Talk, store: Context<dyn Store>) -> Result<TalkUpdate, NodeError> {
    let known = store.search(Search::within(&told_by(&talk.guest)?).about(&talk.said).limit(1)).await?;
    let closest = known.first().map_or("nothing", |found| found.item.key.as_str());
    Ok(Talk::update().reply(format!("{}. You once said: {closest}", talk.weather)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let by_city = CachePolicy::new().ttl(Duration::from_secs(3600)).key(|talk: &Talk| talk.city.clone());
    let graph = StateGraph::<Talk>::new("concierge")
        .node("remember", remember)
        .node("forecast", forecast.cache(by_city))
        .node("answer", answer)
        .edge(START, "remember")
        .edge("remember", "forecast")
        .edge("forecast", "answer")
        .edge("answer", END)
        .compile()?
        .with_store(MemoryStore::new().with_index(VectorIndex::new(Topics, ["text"])?))
        .with_cache(MemoryCache::new());

    for (day, said) in [
        ("monday", "I cannot eat nuts"),
        ("tuesday", "I love to walk in the woods"),
        ("wednesday", "what should I eat tonight?"),
        ("thursday", "where could I walk today?"),
    ] {
        let talk = Talk::update().guest("ann").city("Bergen").said(said);
        let talk = graph.thread(day).invoke(talk).await?.into_state();
        println!("{day}: {said}\n  {}", talk.reply);
    }
    Ok(())
}

/// Stands in for a model: texts about the same topic have like vectors.
#[derive(Debug)]
struct Topics;

const TOPICS: [&[&str]; 3] = [&["eat", "nuts", "dinner"], &["walk", "woods", "hike"], &["music", "jazz"]];

impl Embed for Topics {
    fn dimensions(&self) -> usize {
        TOPICS.len()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>> {
        let weight =
            |text: &str, words: &[&str]| words.iter().filter(|word| text.contains(**word)).count() as f32;
        let vector = |text: &String| TOPICS.map(|words| weight(text, words)).to_vec();
        let vectors = texts.iter().map(vector).collect();
        Box::pin(async { Ok(vectors) })
    }
}
