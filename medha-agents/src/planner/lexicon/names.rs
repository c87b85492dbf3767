//! The phrases by which the parts of a model are called.

use super::general::expansion;
use crate::planner::text::{stem, words_of_identifier, words_of_text};

/// A phrase as stems, and how well it names its target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Phrase {
    pub(crate) stems: Vec<String>,
    pub(crate) score: f32,
}

/// Words that name nothing by themselves inside an identifier.
pub(crate) fn is_filler(stem: &str) -> bool {
    matches!(
        stem,
        "of" | "the" | "by" | "in" | "is" | "num" | "number" | "no" | "a" | "and" | "for" | "to" | "str"
    )
}

/// The stems of an identifier; shortened words are written out.
pub(crate) fn identifier_stems(name: &str) -> Vec<String> {
    words_of_identifier(name)
        .iter()
        .flat_map(|word| match expansion(word) {
            Some(words) => words.iter().map(|word| stem(word)).collect::<Vec<_>>(),
            None => vec![stem(word)],
        })
        .collect()
}

/// The stems of a phrase in plain words.
pub(crate) fn phrase_stems(phrase: &str) -> Vec<String> {
    words_of_text(phrase).iter().map(|word| stem(word)).collect()
}

/// The ways a dataset is called.
pub(crate) fn dataset_phrases(dataset: &crate::semantic::Dataset) -> Vec<Phrase> {
    let mut phrases = vec![Phrase { stems: identifier_stems(&dataset.name), score: 1.0 }];
    if let Some(entity) = &dataset.entity {
        for word in [&entity.singular, &entity.plural] {
            phrases.push(Phrase { stems: identifier_stems(word), score: 1.0 });
        }
    }
    for synonym in &dataset.synonyms {
        phrases.push(Phrase { stems: phrase_stems(synonym), score: 0.97 });
    }
    let whole = identifier_stems(&dataset.name);
    for len in 1..whole.len() {
        for start in 0..=whole.len() - len {
            let part = &whole[start..start + len];
            let ends = start + len == whole.len();
            let at_edge = |stem: &String| is_filler(stem) || stem == "in" || stem == "has";
            if part.first().is_some_and(at_edge) || part.last().is_some_and(at_edge) {
                continue;
            }
            if part.iter().all(|stem| is_filler(stem) || stem.chars().count() < 3 || is_weak_part(stem)) {
                continue;
            }
            let share = len as f32 / whole.len() as f32;
            let score = 0.4 + 0.3 * share + if ends { 0.1 } else { 0.0 };
            phrases.push(Phrase { stems: part.to_vec(), score });
        }
    }
    dedup(phrases)
}

/// Parts of names that are too common to name a dataset.
fn is_weak_part(stem: &str) -> bool {
    matches!(
        stem,
        "daili"
            | "monthli"
            | "histori"
            | "detail"
            | "tabl"
            | "list"
            | "info"
            | "data"
            | "high"
            | "has"
            | "line"
            | "in"
    )
}

/// The ways a field is called, and the stems any of which may call it.
pub(crate) fn field_phrases(
    field: &crate::semantic::Field,
    dataset_stems: &[String],
) -> (Vec<Phrase>, Vec<String>) {
    let whole = identifier_stems(&field.name);
    let own: Vec<String> = whole.iter().filter(|stem| !dataset_stems.contains(stem)).cloned().collect();
    let mut phrases = vec![Phrase { stems: whole.clone(), score: 1.0 }];
    if !own.is_empty() && own.len() < whole.len() && !own.iter().all(|stem| is_filler(stem)) {
        phrases.push(Phrase { stems: own.clone(), score: 0.95 });
    }
    let content: Vec<String> = own.iter().filter(|stem| !is_filler(stem)).cloned().collect();
    if !content.is_empty() && content.len() < own.len() {
        phrases.push(Phrase { stems: content.clone(), score: 0.8 });
        let mut counted = vec![stem("number"), "of".to_owned()];
        counted.extend(content.clone());
        phrases.push(Phrase { stems: counted, score: 0.97 });
        let mut reversed = content.clone();
        reversed.push(stem("number"));
        phrases.push(Phrase { stems: reversed, score: 0.97 });
    }
    for synonym in &field.synonyms {
        phrases.push(Phrase { stems: phrase_stems(synonym), score: 0.97 });
    }
    let bag = if content.is_empty() { whole } else { content };
    (dedup(phrases), bag)
}

fn dedup(phrases: Vec<Phrase>) -> Vec<Phrase> {
    let mut kept: Vec<Phrase> = Vec::with_capacity(phrases.len());
    for phrase in phrases.into_iter().filter(|phrase| !phrase.stems.is_empty()) {
        match kept.iter_mut().find(|other| other.stems == phrase.stems) {
            Some(other) => other.score = other.score.max(phrase.score),
            None => kept.push(phrase),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortened_words_are_written_out() {
        assert_eq!(identifier_stems("Fname"), ["first", "name"]);
        assert_eq!(identifier_stems("order_qty"), ["order", "quantiti"]);
    }
}
