//! The index: from the first stem of a phrase to what it may stand for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::general::value_words;
use super::graph::JoinGraph;
use super::names::{dataset_phrases, field_phrases, identifier_stems, phrase_stems};
use super::place::other_names;
use super::target::{FieldId, Target, ValueId};
use crate::planner::text::{root, stem, words_of_text};
use crate::semantic::{DataType, Dataset, Field, Role, SemanticModel};

/// A phrase of stems and what it stands for.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) stems: Vec<String>,
    pub(super) target: Target,
    pub(super) score: f32,
}

/// A value as lower-case words.
#[derive(Debug, Clone)]
pub(super) struct ValueEntry {
    pub(super) words: Vec<String>,
    pub(super) target: ValueId,
    pub(super) score: f32,
    /// Set where the very spelling matters: `R`, `PG`.
    pub(super) exact: Option<String>,
}

/// Everything the words of a question can stand for.
#[derive(Debug)]
pub(crate) struct Lexicon {
    pub(crate) model: Arc<SemanticModel>,
    pub(crate) graph: JoinGraph,
    /// Phrases by their first stem.
    pub(super) phrases: HashMap<String, Vec<Entry>>,
    /// Phrases written together: `highschooler`, `mediatype`.
    pub(super) compounds: HashMap<String, Vec<Entry>>,
    /// Fields by any of their own stems.
    pub(super) bags: HashMap<String, Vec<FieldId>>,
    /// The stems any of which may call a field.
    pub(super) field_stems: HashMap<FieldId, Vec<String>>,
    /// Fields and datasets by the roots of their stems.
    pub(super) roots: HashMap<String, Vec<Target>>,
    /// Values by their first word.
    pub(super) values: HashMap<String, Vec<ValueEntry>>,
    /// Every word that names something, as written, for the spelling checker.
    pub(crate) vocabulary: Vec<String>,
    /// The plurals of those words.
    pub(crate) plurals: Vec<String>,
}

impl Lexicon {
    /// Builds the index.
    pub(crate) fn new(held: Arc<SemanticModel>) -> Self {
        let model = Arc::clone(&held);
        let mut lexicon = Self {
            graph: JoinGraph::new(&model),
            model: held,
            phrases: HashMap::new(),
            compounds: HashMap::new(),
            bags: HashMap::new(),
            field_stems: HashMap::new(),
            roots: HashMap::new(),
            values: HashMap::new(),
            vocabulary: Vec::new(),
            plurals: Vec::new(),
        };
        for (index, metric) in model.metrics.iter().enumerate() {
            lexicon.add(identifier_stems(&metric.name), Target::Metric(index), 1.0);
            for synonym in &metric.synonyms {
                lexicon.add(phrase_stems(synonym), Target::Metric(index), 0.98);
            }
        }
        for (index, filter) in model.filters.iter().enumerate() {
            lexicon.add(identifier_stems(&filter.name), Target::Named(index), 1.0);
            for synonym in &filter.synonyms {
                lexicon.add(phrase_stems(synonym), Target::Named(index), 0.98);
            }
        }
        for (index, dataset) in model.datasets.iter().enumerate() {
            lexicon.add_dataset(index, dataset);
        }
        for term in &model.glossary {
            if let Some(target) = term.maps_to.as_deref().and_then(|name| lexicon.named_target(name)) {
                for phrase in std::iter::once(&term.term).chain(&term.synonyms) {
                    lexicon.add(phrase_stems(phrase), target, 0.99);
                }
            }
        }
        lexicon.add_roles();
        lexicon.vocabulary = lexicon.collect_vocabulary();
        lexicon.plurals = lexicon.vocabulary.iter().map(|word| plural_of(word)).collect();
        lexicon
    }

    /// The dataset at a place.
    pub(crate) fn dataset(&self, index: usize) -> &Dataset {
        &self.model.datasets[index]
    }

    /// The field at a place.
    pub(crate) fn field(&self, id: FieldId) -> &Field {
        &self.model.datasets[id.dataset].fields[id.field]
    }

    /// The fields of a dataset, with their places.
    pub(crate) fn fields(&self, dataset: usize) -> impl Iterator<Item = (FieldId, &Field)> {
        self.model.datasets[dataset]
            .fields
            .iter()
            .enumerate()
            .map(move |(field, held)| (FieldId { dataset, field }, held))
    }

    /// The own stems of a field.
    pub(crate) fn stems_of(&self, id: FieldId) -> &[String] {
        self.field_stems.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The place of a dataset by name.
    pub(crate) fn dataset_index(&self, name: &str) -> Option<usize> {
        self.model.datasets.iter().position(|dataset| dataset.name == name)
    }

    /// The place of a field by `dataset.field`.
    pub(crate) fn field_index(&self, path: &str) -> Option<FieldId> {
        let (dataset, field) = path.split_once('.')?;
        let dataset = self.dataset_index(dataset)?;
        let field = self.model.datasets[dataset].fields.iter().position(|held| held.name == field)?;
        Some(FieldId { dataset, field })
    }

    /// What a name of the model stands for: metric, filter or `dataset.field`.
    fn named_target(&self, name: &str) -> Option<Target> {
        if let Some(index) = self.model.metrics.iter().position(|metric| metric.name == name) {
            return Some(Target::Metric(index));
        }
        if let Some(index) = self.model.filters.iter().position(|filter| filter.name == name) {
            return Some(Target::Named(index));
        }
        self.field_index(name).map(Target::Field).or_else(|| self.dataset_index(name).map(Target::Dataset))
    }

    fn add(&mut self, stems: Vec<String>, target: Target, score: f32) {
        let Some(first) = stems.first().cloned() else { return };
        if stems.len() <= 3 {
            let joined = stem(&stems.concat());
            let entry = Entry { stems: stems.clone(), target, score: score * 0.95 };
            self.compounds.entry(joined).or_default().push(entry);
        }
        self.phrases.entry(first).or_default().push(Entry { stems, target, score });
    }

    /// Whether a dataset only links others: all of its key refers elsewhere and it holds little else.
    pub(crate) fn is_link(&self, index: usize) -> bool {
        let dataset = &self.model.datasets[index];
        if dataset.hidden {
            return true;
        }
        let refers = |field: &str| {
            let own = self.model.relationships.iter().filter(|known| known.from == dataset.name);
            own.flat_map(|known| &known.from_columns).any(|column| column == field)
        };
        let refers_count = dataset.fields.iter().filter(|field| refers(&field.name)).count();
        dataset.primary_key.len() >= 2
            && dataset.primary_key.iter().all(|field| refers(field))
            && dataset.fields.len() <= refers_count + 1
            && dataset.fields.iter().all(|field| refers(&field.name) || field.role == Role::Time)
    }

    /// A column that refers to another dataset tells a name for its rows: `student_id`, `SupportRepId`.
    fn add_roles(&mut self) {
        let model = Arc::clone(&self.model);
        for known in &model.relationships {
            let ([column], Some(target)) = (known.from_columns.as_slice(), self.dataset_index(&known.to))
            else {
                continue;
            };
            let mut stems = identifier_stems(column);
            if stems.last().is_some_and(|stem| stem == "id") && stems.len() >= 2 && stems.len() <= 3 {
                stems.pop();
                // Where the rows of a dataset are called so themselves (friends, with a friend each), that is what is meant.
                let is_name = model.datasets.iter().any(|dataset| identifier_stems(&dataset.name) == stems);
                if !is_name {
                    self.add(stems, Target::Dataset(target), 0.8);
                }
            }
        }
    }

    fn add_dataset(&mut self, index: usize, dataset: &Dataset) {
        let mut dataset_stems: HashSet<String> = HashSet::new();
        let penalty = if self.is_link(index) { 0.7 } else { 1.0 };
        for phrase in dataset_phrases(dataset) {
            if phrase.score >= 0.97 {
                dataset_stems.extend(phrase.stems.iter().cloned());
            }
            if phrase.stems.len() == 1 {
                self.add_root(&phrase.stems[0], Target::Dataset(index));
            }
            self.add(phrase.stems, Target::Dataset(index), phrase.score * penalty);
        }
        let dataset_stems: Vec<String> = dataset_stems.into_iter().collect();
        for (field_index, field) in dataset.fields.iter().enumerate() {
            let id = FieldId { dataset: index, field: field_index };
            let (phrases, bag) = field_phrases(field, &dataset_stems);
            for phrase in phrases {
                self.add(phrase.stems, Target::Field(id), phrase.score * penalty);
            }
            for stem in &bag {
                self.bags.entry(stem.clone()).or_default().push(id);
                self.add_root(stem, Target::Field(id));
            }
            self.add_values(id, field, &bag);
            self.field_stems.insert(id, bag);
        }
    }

    fn add_root(&mut self, stem: &str, target: Target) {
        let root = root(stem).to_owned();
        if root.chars().count() >= 4 {
            let targets = self.roots.entry(root).or_default();
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }

    fn add_values(&mut self, id: FieldId, field: &Field, stems: &[String]) {
        let is_text = field.data_type == DataType::String
            || !field.values.iter().all(|value| value.synonyms.is_empty());
        if !is_text || field.role == Role::Time {
            return;
        }
        for (index, value) in field.values.iter().enumerate() {
            let target = ValueId { field: id, value: index };
            let words = words_of_text(&value.value);
            let is_number = words.iter().all(|word| word.chars().all(|character| character.is_ascii_digit()));
            if words.is_empty() || is_number {
                continue;
            }
            let length: usize = words.iter().map(|word| word.chars().count()).sum();
            let exact = (length <= 2).then(|| value.value.clone());
            let mut ways: Vec<(Vec<String>, f32, Option<String>)> = vec![(words, 0.95, exact)];
            ways.extend(value.synonyms.iter().map(|synonym| (words_of_text(synonym), 0.95, None)));
            ways.extend(
                value_words(&value.value, stems).iter().map(|word| (vec![(*word).to_owned()], 0.9, None)),
            );
            ways.extend(other_names(&value.value).into_iter().map(|name| {
                let exact = (name.len() == 2).then(|| name.to_uppercase());
                (words_of_text(name), 0.85, exact)
            }));
            for (words, score, exact) in ways {
                if let Some(first) = words.first() {
                    let entry = ValueEntry { words: words.clone(), target, score, exact };
                    self.values.entry(stem(first)).or_default().push(entry);
                }
            }
        }
    }

    fn collect_vocabulary(&self) -> Vec<String> {
        let mut words: HashSet<String> = HashSet::new();
        let mut take = |text: &str| {
            words.extend(
                crate::planner::text::words_of_identifier(text).into_iter().filter(|word| word.len() >= 4),
            );
        };
        for dataset in self.model.datasets.iter().filter(|dataset| !dataset.hidden) {
            take(&dataset.name);
            dataset.entity.iter().for_each(|entity| {
                take(&entity.singular);
                take(&entity.plural);
            });
            dataset.synonyms.iter().for_each(|synonym| take(synonym));
            for field in &dataset.fields {
                take(&field.name);
                field.synonyms.iter().for_each(|synonym| take(synonym));
                field
                    .values
                    .iter()
                    .filter(|value| value.value.len() < 40)
                    .for_each(|value| take(&value.value));
            }
        }
        for metric in &self.model.metrics {
            take(&metric.name);
            metric.synonyms.iter().for_each(|synonym| take(synonym));
        }
        for filter in &self.model.filters {
            filter.synonyms.iter().for_each(|synonym| take(synonym));
        }
        let mut sorted: Vec<String> = words.into_iter().collect();
        sorted.sort();
        sorted
    }
}

/// The plural of a word, by the rule.
pub(crate) fn plural_of(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(rest) if !rest.ends_with(['a', 'e', 'o', 'u']) => format!("{rest}ies"),
        Some(_) | None => format!("{word}s"),
    }
}
