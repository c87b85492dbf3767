//! What is found, and in what order.

use super::{Outcome, check, entry, ids, same};
use crate::retrieval::entry::{Entry, EntryKind};
use crate::retrieval::index::RetrievalIndex;
use crate::retrieval::query::{Hit, Query};

pub(super) async fn words(index: &dyn RetrievalIndex) -> Outcome {
    let entries = [
        entry("items", "orderItems: the lines of an order"),
        entry("staff", "staff_members: people who work here, their café and their IDs"),
        entry("q1", "revenue2024Q1"),
    ];
    index.upsert("words", &entries).await?;
    for (asked, expected) in [
        ("order items", "items"),
        ("ordering", "items"),
        ("order_items", "items"),
        ("Members", "staff"),
        ("member's cafe", "staff"),
        ("which members have an id?", "staff"),
        ("revenue of 2024", "q1"),
    ] {
        let found = ids(index, "words", asked).await?;
        same(asked, &found.first().map(String::as_str), &Some(expected))?;
    }
    let hits = index.search(&Query::new("words", "order")).await?;
    let first = hits.first().map(|hit| (hit.ranks.words, hit.ranks.vectors));
    same("the ranks of the first", &first, &Some((Some(1), Some(1))))
}

pub(super) async fn misspellings(index: &dyn RetrievalIndex) -> Outcome {
    let entries = [
        entry("customers", "customers: who buys"),
        entry("invoices", "invoices: what they have to pay"),
        entry("suppliers", "suppliers: who delivers"),
    ];
    index.upsert("misspellings", &entries).await?;
    for (asked, expected) in [
        ("custmer", "customers"),
        ("invocies", "invoices"),
        ("supplyers", "suppliers"),
        ("custommers", "customers"),
    ] {
        let found = ids(index, "misspellings", asked).await?;
        same(asked, &found.first().map(String::as_str), &Some(expected))?;
    }
    same("nonsense finds nothing", &ids(index, "misspellings", "zzqqxx").await?, &Vec::new())
}

pub(super) async fn any_text(index: &dyn RetrievalIndex) -> Outcome {
    let essay = "the quick brown fox jumps over 13 lazy dogs; ".repeat(20_000);
    let long_word = "x".repeat(100_000);
    let texts = [
        "",
        " ",
        "\"",
        "'",
        "\\",
        "\0",
        "a\0b",
        "NEAR(a b)",
        "a NEAR/3 b",
        "* OR ^ AND NOT",
        "words:x scope:c1",
        "c1",
        "'; DROP TABLE medha_retrieval_entry; --",
        "? $1 :a %> <=> {} [1,2]",
        "a & b | !c <-> d:*",
        "\u{feff}\u{202e}🦀 売上高 مبيعات",
        "(((",
        "-- x",
        "how is it",
        &essay,
        &long_word,
    ];
    for (place, text) in texts.iter().enumerate() {
        index.upsert("any text", &[entry(&format!("{place} {}", &text[..text.len().min(3)]), text)]).await?;
    }
    for (place, text) in texts.iter().enumerate() {
        let hits = index.search(&Query::new("any text", *text).limit(100)).await?;
        let is_found = |hit: &Hit| hit.entry.text == *text && hit.entry.id.starts_with(&format!("{place} "));
        let has_words = text.chars().any(char::is_alphanumeric);
        check(hits.iter().any(is_found) == has_words, || {
            let shown: String = text.chars().take(40).collect();
            format!("{shown:?} was put in, and not found by its own text: {} hits", hits.len())
        })?;
    }
    index.clear("any text").await?;
    Ok(())
}

pub(super) async fn kinds_and_collections(index: &dyn RetrievalIndex) -> Outcome {
    let text = "regions of the world";
    let of = |kind: EntryKind| Entry::new(format!("{kind:?}"), kind, text);
    index.upsert("kinds", &EntryKind::ALL.map(of)).await?;
    index.upsert("other kinds", &[entry("elsewhere", text)]).await?;
    let query = Query::new("kinds", "region");
    let all: Vec<String> = index.search(&query).await?.into_iter().map(|hit| hit.entry.id).collect();
    same(
        "all kinds",
        &all,
        &["Column", "Document", "Question", "Table", "Value"].map(str::to_owned).to_vec(),
    )?;
    let some = index.search(&query.kinds([EntryKind::Value, EntryKind::Table])).await?;
    let some: Vec<EntryKind> = some.into_iter().map(|hit| hit.entry.kind).collect();
    same("some kinds", &some, &vec![EntryKind::Table, EntryKind::Value])
}

pub(super) async fn order(index: &dyn RetrievalIndex) -> Outcome {
    let ids = |hits: Vec<Hit>| -> Vec<String> { hits.into_iter().map(|hit| hit.entry.id).collect() };
    for (collection, order) in [("order", ["c", "a", "d", "b"]), ("order again", ["b", "d", "a", "c"])] {
        for id in order {
            index.upsert(collection, &[entry(id, "the same text")]).await?;
        }
        let query = Query::new(collection, "text");
        let hits = index.search(&query).await?;
        check(hits.windows(2).all(|two| two[0].score >= two[1].score), || "scores go up".to_owned())?;
        same("ties", &ids(hits), &["a", "b", "c", "d"].map(str::to_owned).to_vec())?;
        let two = index.search(&query.clone().limit(2)).await?;
        same("a limit of two", &ids(two), &["a", "b"].map(str::to_owned).to_vec())?;
        same("a limit of none", &index.search(&query.limit(0)).await?, &Vec::new())?;
    }
    let many: Vec<Entry> = (0..1_200).map(|n| entry(&format!("{n:04}"), "alike in everything")).collect();
    index.upsert("many", &many).await?;
    let hits = index.search(&Query::new("many", "alike").limit(1_100)).await?;
    let expected: Vec<String> = (0..1_100).map(|n| format!("{n:04}")).collect();
    same("many", &ids(hits), &expected)?;
    index.clear("many").await?;
    Ok(())
}
