//! Whose vectors they are, and how they are exchanged.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::embedders::Watched;
use super::{Broken, Outcome, check, entry, ids, same};
use crate::retrieval::embedder::Embedder;
use crate::retrieval::entry::Entry;
use crate::retrieval::error::RetrievalError;
use crate::retrieval::index::{CollectionStatus, RetrievalIndex};
use crate::retrieval::query::Query;

/// Long enough for anything that happens at all.
const PATIENCE: Duration = Duration::from_secs(30);

fn entries(count: usize) -> Vec<Entry> {
    (0..count).map(|n| entry(&format!("{n:04}"), &format!("harbour {n}"))).collect()
}

async fn status(index: &dyn RetrievalIndex, collection: &str) -> Result<CollectionStatus, Broken> {
    let status = index.status().await?;
    let found = status.collections.into_iter().find(|one| one.name == collection);
    found.ok_or_else(|| Broken(format!("the status lacks {collection:?}")))
}

/// Waits until the embedder has done so many texts.
async fn until(embedder: &Watched, count: usize) -> Outcome {
    let done = async {
        while embedder.embedded() < count {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, done).await;
    check(in_time.is_ok(), || format!("{} of {count} texts were embedded", embedder.embedded()))
}

pub(super) async fn unchanged(open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>) -> Outcome {
    let embedder = Arc::new(Watched::new("watched-1"));
    let index = open(embedder.clone()).await;
    index.upsert("unchanged", &entries(30)).await?;
    index.upsert("unchanged", &entries(40)).await?;
    same("texts that were embedded", &embedder.embedded(), &40)
}

pub(super) async fn mixing(open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>) -> Outcome {
    let collection = "mixing";
    open(Arc::new(Watched::new("watched-1"))).await.upsert(collection, &entries(1)).await?;
    let other = open(Arc::new(Watched::new("watched-2"))).await;
    let expected = Some(
        "collection \"mixing\" was embedded by \"watched-1\" with 4 dimensions, and this index has \"watched-2\" with 4; open \
         it with that embedder, or call `reembed` with the new one"
            .to_owned(),
    );
    let said = |result: Result<(), RetrievalError>| result.err().map(|error| error.to_string());
    same("an upsert", &said(other.upsert(collection, &entries(2)).await), &expected)?;
    same("a search", &said(ids(other.as_ref(), collection, "harbour").await.map(|_| ())), &expected)?;
    other.clear(collection).await?;
    other.upsert(collection, &entries(1)).await?;
    same("after a clear", &status(other.as_ref(), collection).await?.embedder, &"watched-2".to_owned())
}

pub(super) async fn failing(open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>) -> Outcome {
    let embedder = Arc::new(Watched::new("watched-1"));
    let index = open(embedder.clone()).await;
    index.upsert("failing", &entries(1)).await?;
    embedder.fail_next("no credit left");
    let said = index.upsert("failing", &entries(2)).await.err().map(|error| error.to_string());
    same("the error", &said, &Some("the embedder \"watched-1\" failed: no credit left".to_owned()))?;
    same("what is there", &ids(index.as_ref(), "failing", "harbour").await?, &vec!["0000".to_owned()])
}

pub(super) async fn exchange(open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>) -> Outcome {
    let collection = "exchange";
    let index = open(Arc::new(Watched::new("watched-1"))).await;
    index.upsert(collection, &entries(250)).await?;
    let next = Arc::new(Watched::held("watched-2", 1));
    let work = index.reembed(collection, next.clone()).await?;
    until(&next, 1).await?;
    let before = status(index.as_ref(), collection).await?;
    same("who serves meanwhile", &before.embedder, &"watched-1".to_owned())?;
    let pending = before.reembedding.map(|one| one.embedder);
    same("who is to", &pending, &Some("watched-2".to_owned()))?;
    let hits = index.search(&Query::new(collection, "harbour 7")).await?;
    check(hits.iter().all(|hit| hit.ranks.vectors.is_some()), || "old vectors do not serve".to_owned())?;
    next.permits.add_permits(1_000);
    work.finished().await?;
    let after = status(index.as_ref(), collection).await?;
    same("who serves then", &(after.embedder.as_str(), after.reembedding.is_none()), &("watched-2", true))?;
    same("texts that were embedded", &next.embedded(), &250)?;
    let hits = index.search(&Query::new(collection, "harbour 7").limit(250)).await?;
    let by_vectors = hits.iter().filter(|hit| hit.ranks.vectors.is_some()).count();
    same("found by new vectors", &by_vectors, &250)?;
    index.reembed(collection, next.clone()).await?.finished().await?;
    // One more is the question above.
    same("a second time there is nothing to do", &next.embedded(), &251)
}

pub(super) async fn resuming(open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>) -> Outcome {
    let collection = "resuming";
    let old = Arc::new(Watched::new("watched-1"));
    let index = open(old.clone()).await;
    index.upsert(collection, &entries(450)).await?;
    let next = Arc::new(Watched::held("watched-2", 2));
    let work = index.reembed(collection, next.clone()).await?;
    until(&next, 2).await?;
    // As if the process had died: what it has stored by now is all that is left.
    let done = async {
        while status(index.as_ref(), collection).await?.reembedding.is_none_or(|one| one.done == 0) {
            tokio::task::yield_now().await;
        }
        Ok::<(), Broken>(())
    };
    tokio::time::timeout(PATIENCE, done).await.map_err(|_| Broken("no batch was stored".to_owned()))??;
    drop(work);
    let reopened = open(old).await;
    same("what serves", &ids(reopened.as_ref(), collection, "harbour 3").await?.is_empty(), &false)?;
    let stored = status(reopened.as_ref(), collection).await?.reembedding.map_or(0, |one| one.done);
    let rest = Arc::new(Watched::new("watched-2"));
    reopened.reembed(collection, rest.clone()).await?.finished().await?;
    let again = rest.texts.load(Ordering::SeqCst);
    check(again < 450 && again as u64 <= 450 - stored, || {
        format!("{stored} of 450 were stored, and {again} were embedded after that")
    })?;
    let failing = Arc::new(Watched::new("watched-3"));
    failing.fail_next("no credit left");
    let said = reopened.reembed(collection, failing.clone()).await?.finished().await;
    check(matches!(said, Err(RetrievalError::Embedder { .. })), || format!("a failure is told: {said:?}"))?;
    same("who serves then", &status(reopened.as_ref(), collection).await?.embedder, &"watched-2".to_owned())?;
    reopened.reembed(collection, failing).await?.finished().await?;
    same("in the end", &status(reopened.as_ref(), collection).await?.embedder, &"watched-3".to_owned())
}

pub(super) async fn writes_meanwhile(
    open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>,
) -> Outcome {
    let collection = "writes meanwhile";
    let index = open(Arc::new(Watched::new("watched-1"))).await;
    index.upsert(collection, &entries(150)).await?;
    let next = Arc::new(Watched::held("watched-2", 1));
    let work = index.reembed(collection, next.clone()).await?;
    until(&next, 1).await?;
    index.upsert(collection, &[entry("0001", "changed meanwhile"), entry("new", "harbour new")]).await?;
    index.remove(collection, &["0002".to_owned(), "0140".to_owned()]).await?;
    next.permits.add_permits(1_000);
    work.finished().await?;
    let hits = index.search(&Query::new(collection, "harbour").limit(300)).await?;
    let by_vectors = hits.iter().filter(|hit| hit.ranks.vectors.is_some()).count();
    same("found by new vectors", &(hits.len(), by_vectors), &(149, 149))?;
    let changed = index.search(&Query::new(collection, "changed").limit(300)).await?;
    let by_words: Vec<&str> =
        changed.iter().filter(|hit| hit.ranks.words.is_some()).map(|hit| hit.entry.id.as_str()).collect();
    same("the change", &by_words, &vec!["0001"])?;
    let is_back = hits.iter().any(|hit| hit.entry.id == "0002" || hit.entry.id == "0140");
    check(!is_back, || "what was removed came back".to_owned())
}

pub(super) async fn superseding(
    open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>,
) -> Outcome {
    let collection = "superseding";
    let index = open(Arc::new(Watched::new("watched-1"))).await;
    index.upsert(collection, &entries(150)).await?;
    let first = Arc::new(Watched::held("watched-2", 1));
    let work = index.reembed(collection, first.clone()).await?;
    until(&first, 1).await?;
    index.reembed(collection, Arc::new(Watched::new("watched-3"))).await?.finished().await?;
    first.permits.add_permits(1_000);
    let said = work.finished().await;
    check(matches!(said, Err(RetrievalError::Superseded { .. })), || format!("the first one says {said:?}"))?;
    same("who serves", &status(index.as_ref(), collection).await?.embedder, &"watched-3".to_owned())?;
    let unknown = index.reembed("unheard of", first).await.map(|_| ());
    check(matches!(unknown, Err(RetrievalError::UnknownCollection { .. })), || {
        format!("unknown: {unknown:?}")
    })
}
