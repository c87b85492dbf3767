//! What is kept, and what is gone.

use std::sync::Arc;

use serde_json::json;

use super::{Outcome, check, entry, ids, same};
use crate::retrieval::embedder::Embedder;
use crate::retrieval::entry::{Entry, EntryKind};
use crate::retrieval::error::RetrievalError;
use crate::retrieval::hash::HashEmbedder;
use crate::retrieval::index::RetrievalIndex;
use crate::retrieval::query::Query;

pub(super) async fn replacing(index: &dyn RetrievalIndex) -> Outcome {
    let collection = "replacing";
    index.upsert(collection, &[entry("a", "elephants"), entry("b", "tigers")]).await?;
    same("before", &ids(index, collection, "elephants").await?, &vec!["a".to_owned()])?;
    index.upsert(collection, &[entry("a", "first"), Entry::new("a", EntryKind::Value, "bicycles")]).await?;
    for gone in ["elephants", "first"] {
        same(gone, &ids(index, collection, gone).await?, &Vec::new())?;
    }
    let hits = index.search(&Query::new(collection, "bicycle")).await?;
    let found: Vec<(&str, EntryKind)> =
        hits.iter().map(|hit| (hit.entry.id.as_str(), hit.entry.kind)).collect();
    same("after", &found, &vec![("a", EntryKind::Value)])?;
    let as_value = Query::new(collection, "bicycle").kinds([EntryKind::Table]);
    same("its old kind", &index.search(&as_value).await?, &Vec::new())
}

pub(super) async fn payloads(index: &dyn RetrievalIndex) -> Outcome {
    let payload =
        json!({"sql": "SELECT '\0'", "n": 1.5, "big": u64::MAX, "deep": [[[null]]], "é": "\u{1F980}"});
    let entry = Entry::new("a\0?", EntryKind::Question, "turnover\0?").with_payload(payload);
    index.upsert("payloads", std::slice::from_ref(&entry)).await?;
    let hits = index.search(&Query::new("payloads", "turnover")).await?;
    same("the entry", &hits.into_iter().map(|hit| hit.entry).collect(), &vec![entry])
}

pub(super) async fn removing(
    index: &dyn RetrievalIndex,
    open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>,
) -> Outcome {
    let collection = "removing";
    let entries: Vec<Entry> = (0..20).map(|n| entry(&format!("{n:02}"), "penguins")).collect();
    index.upsert(collection, &entries).await?;
    same("all", &index.search(&Query::new(collection, "penguin").limit(50)).await?.len(), &20)?;
    let some = ["03", "19", "00", "none such"].map(str::to_owned);
    same("how many were there", &index.remove(collection, &some).await?, &3)?;
    same("a second time", &index.remove(collection, &some).await?, &0)?;
    let reopened = open(Arc::new(HashEmbedder)).await;
    index.upsert(collection, &[entry("04", "penguins and others")]).await?;
    for index in [index, reopened.as_ref()] {
        let hits = index.search(&Query::new(collection, "penguin").limit(50)).await?;
        check(hits.iter().all(|hit| !some.contains(&hit.entry.id)), || "something came back".to_owned())?;
        same("the rest", &hits.len(), &17)?;
    }
    index.clear(collection).await?;
    index.clear(collection).await?;
    let asked = reopened.search(&Query::new(collection, "penguin")).await;
    check(matches!(asked, Err(RetrievalError::UnknownCollection { .. })), || {
        format!("after a clear: {asked:?}")
    })?;
    index.upsert(collection, &[entry("05", "penguins")]).await?;
    same("made anew", &ids(reopened.as_ref(), collection, "penguin").await?, &vec!["05".to_owned()])?;
    same("in one that is not there", &index.remove("no such collection", &some).await?, &0)
}

pub(super) async fn names(index: &dyn RetrievalIndex) -> Outcome {
    let long = "x".repeat(1_001);
    let said = |result: Result<(), RetrievalError>| result.err().map(|error| error.to_string());
    let expected = Some("the name of an entry has 1001 bytes, and an index takes 1000".to_owned());
    same("an entry", &said(index.upsert("names", &[entry(&long, "")]).await), &expected)?;
    let expected = Some("the name of a collection has 1001 bytes, and an index takes 1000".to_owned());
    same("a collection", &said(index.upsert(&long, &[entry("a", "")]).await), &expected)?;
    let expected = Some("there is no collection \"unheard of\"; an upsert makes it".to_owned());
    same("an unknown one", &said(index.search(&Query::new("unheard of", "x")).await.map(|_| ())), &expected)?;
    index.upsert("only made", &[]).await?;
    same("an empty one", &ids(index, "only made", "x").await?, &Vec::new())
}

pub(super) async fn two_openings(
    index: &dyn RetrievalIndex,
    open: &impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>,
) -> Outcome {
    let other = open(Arc::new(HashEmbedder)).await;
    let collection = "two openings";
    let (here, there): (Vec<Entry>, Vec<Entry>) =
        (0..60).map(|n| entry(&format!("{n:02}"), "lighthouses")).partition(|entry| entry.id.as_str() < "30");
    let (one, two) = tokio::join!(index.upsert(collection, &here), other.upsert(collection, &there));
    one?;
    two?;
    for round in 0..5 {
        let id = format!("{round:02}");
        let (removed, put) = tokio::join!(
            index.remove(collection, std::slice::from_ref(&id)),
            other.upsert(collection, &there)
        );
        same("removed", &removed?, &1)?;
        put?;
        for index in [index, other.as_ref()] {
            let hits = index.search(&Query::new(collection, "lighthouse").limit(100)).await?;
            same("what both see", &hits.len(), &(59 - round))?;
            let by_vectors = hits.iter().filter(|hit| hit.ranks.vectors.is_some()).count();
            same("and by vectors", &by_vectors, &(59 - round))?;
        }
    }
    let status = other.status().await?;
    let of_it = status.collections.iter().find(|one| one.name == collection);
    same("the status", &of_it.map(|one| (one.entries, one.dimensions)), &Some((55, 1024)))
}
