//! Questions near to one that has no answer: each is read again before it is proposed.

use jiff::civil::DateTime;

use super::lexicon::{Lexicon, Target};
use super::phrase::{dimensions, identifier, plural};
use super::read::is_answerable;
use super::text::Token;

/// How many questions are proposed.
const MOST: usize = 3;

/// What the words of a question name in the data.
pub(crate) fn understood(tokens: &[Token], lexicon: &Lexicon) -> Vec<Target> {
    let mut found: Vec<Target> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let best = lexicon.lookup(tokens, at).into_iter().find(|candidate| {
            candidate.score >= 0.75 && !super::text::words::is_stop_word(&tokens[at].lower)
        });
        match best {
            Some(best) => {
                if !found.contains(&best.target) {
                    found.push(best.target);
                }
                at += best.len.max(1);
            }
            None => at += 1,
        }
    }
    found
}

/// What a target is called.
pub(crate) fn name_of(target: Target, lexicon: &Lexicon) -> String {
    match target {
        Target::Metric(metric) => identifier(&lexicon.model.metrics[metric].name),
        Target::Dataset(dataset) => plural(lexicon.dataset(dataset)),
        Target::Field(field) => format!(
            "{} of {}",
            identifier(&lexicon.field(field).name),
            plural(lexicon.dataset(field.dataset))
        ),
        Target::Named(filter) => identifier(&lexicon.model.filters[filter].name),
        Target::Value(value) => {
            format!("{} {:?}", identifier(&lexicon.field(value.field).name), lexicon.value_text(value))
        }
    }
}

/// Questions that can be answered, about what was understood first.
pub(crate) fn proposals(understood: &[Target], lexicon: &Lexicon, now: DateTime) -> Vec<String> {
    let mut candidates: Vec<String> = understood.iter().flat_map(|target| about(*target, lexicon)).collect();
    candidates.extend(
        (0..lexicon.model.metrics.len()).take(3).flat_map(|metric| about(Target::Metric(metric), lexicon)),
    );
    let shown = |dataset: &usize| !lexicon.is_link(*dataset);
    candidates.extend(
        (0..lexicon.model.datasets.len())
            .filter(shown)
            .take(3)
            .flat_map(|dataset| about(Target::Dataset(dataset), lexicon)),
    );
    let mut proposals: Vec<String> = Vec::new();
    for candidate in candidates {
        if proposals.len() == MOST {
            break;
        }
        if !proposals.contains(&candidate) && is_answerable(&candidate, lexicon, now) {
            proposals.push(candidate);
        }
    }
    proposals
}

fn about(target: Target, lexicon: &Lexicon) -> Vec<String> {
    match target {
        Target::Metric(index) => {
            let metric = &lexicon.model.metrics[index];
            let name = identifier(&metric.name);
            let mut questions = vec![format!("What is the {name}?")];
            if metric.time.is_some() {
                questions.push(format!("{} by month", capital(&name)));
            }
            if let Some(dataset) = lexicon.model.dataset(&metric.dataset) {
                questions.extend(
                    dimensions(dataset)
                        .first()
                        .map(|field| format!("{} by {}", capital(&name), identifier(&field.name))),
                );
            }
            questions
        }
        Target::Dataset(index) => {
            let dataset = lexicon.dataset(index);
            let things = plural(dataset);
            let mut questions = vec![format!("How many {things} are there?")];
            questions.extend(
                dimensions(dataset)
                    .first()
                    .map(|field| format!("Number of {things} by {}", identifier(&field.name))),
            );
            questions.push(format!("List all {things}"));
            questions
        }
        Target::Field(field) => about(Target::Dataset(field.dataset), lexicon),
        Target::Value(value) => about(Target::Dataset(value.field.dataset), lexicon),
        Target::Named(filter) => lexicon
            .dataset_index(&lexicon.model.filters[filter].dataset)
            .map(|dataset| about(Target::Dataset(dataset), lexicon))
            .unwrap_or_default(),
    }
}

/// The text with its first letter in upper case.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
