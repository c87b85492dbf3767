//! Choosing: which dataset the rows are about, and which field a noun stands for.

use super::builder::{Builder, Failure};
use super::kind::yes_or_no;
use super::subject::sure_dataset;
use crate::planner::grammar::Noun;
use crate::planner::lexicon::{FieldId, Target};
use crate::planner::text::words::Quality;
use crate::semantic::{DataType, Role};

/// What a noun turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    /// A metric.
    Metric(usize),
    /// A thing, shown by its label.
    Entity(usize),
    /// A field; whether it describes a thing that was named.
    Field(FieldId, bool),
    /// The label of a thing.
    Label(usize),
}

impl Builder<'_> {
    /// What a noun stands for, seen from a dataset; a reference to a thing at hand is that thing's own key.
    pub(super) fn resolve(&mut self, noun: &Noun, home: usize) -> Result<Resolved, Failure> {
        Ok(match self.resolve_words(noun, home)? {
            Resolved::Field(id, owned) => match self.referred_key(id, home) {
                Some(key) => Resolved::Field(key, owned),
                None => Resolved::Field(id, owned),
            },
            other => other,
        })
    }

    /// The key that a reference points to, where the rows are about the thing it refers to.
    pub(super) fn referred_key(&self, id: FieldId, home: usize) -> Option<FieldId> {
        if id.dataset == home && !self.lexicon.is_link(home) {
            return None;
        }
        let own = self.lexicon.dataset(id.dataset);
        let name = &own.fields[id.field].name;
        let known = self
            .lexicon
            .model
            .relationships
            .iter()
            .find(|known| known.from == own.name && known.from_columns == [name.clone()])?;
        let dataset = self.lexicon.dataset_index(&known.to)?;
        let at_hand = dataset == home || self.context.contains(&dataset);
        let field = self
            .lexicon
            .dataset(dataset)
            .fields
            .iter()
            .position(|field| Some(&field.name) == known.to_columns.first())?;
        at_hand.then_some(FieldId { dataset, field })
    }

    pub(super) fn resolve_words(&mut self, noun: &Noun, home: usize) -> Result<Resolved, Failure> {
        if let Some(metric) = self.metric_reading(noun) {
            return Ok(Resolved::Metric(metric));
        }
        if let Some(key) = self.key_of_asked(noun, home) {
            return Ok(Resolved::Field(key, true));
        }
        let owner = noun.owner.as_deref().and_then(|owner| sure_dataset(owner).or_else(|| owner.dataset()));
        if let Some(owner) = owner {
            let own = noun.matches.iter().find_map(|found| match found.target {
                Target::Field(field) if field.dataset == owner && (!noun.is_label || found.score >= 0.8) => {
                    Some(field)
                }
                Target::Field(_)
                | Target::Metric(_)
                | Target::Dataset(_)
                | Target::Named(_)
                | Target::Value(_) => None,
            });
            if let Some(field) = own {
                return Ok(Resolved::Field(field, true));
            }
            if noun.is_label {
                return Ok(Resolved::Label(owner));
            }
        }
        if noun.is_label {
            let home = self.main_entity(home);
            let in_context =
                self.context.iter().copied().find(|dataset| {
                    noun.matches.iter().any(|found| found.target.dataset() == Some(*dataset))
                });
            let at_home = noun.matches.iter().any(|found| found.target.dataset() == Some(home));
            return match in_context {
                Some(_) if at_home => self.field_of(noun, home),
                Some(_) | None if self.has_label(home) => Ok(Resolved::Label(home)),
                Some(dataset) => self.field_of(noun, dataset),
                None => Ok(Resolved::Label(home)),
            };
        }
        let thing = noun.matches.iter().find(|found| matches!(found.target, Target::Dataset(_))).copied();
        let field = self.best_field(noun, home);
        match (thing, field) {
            (Some(thing), Some((field, score, lexical))) => {
                let dataset = thing.target.dataset().unwrap_or(home);
                let reachable = self.lexicon.graph.distance(home, dataset).is_some();
                let at_home = field.dataset == home && lexical >= 0.75;
                if !reachable
                    || (lexical > thing.score + 0.05)
                    || (at_home && thing.score < 0.9 && score > 0.0)
                    || (at_home
                        && dataset != home
                        && lexical >= thing.score
                        && self.lexicon.dataset(dataset).hidden)
                {
                    self.note_confidence(lexical);
                    return Ok(Resolved::Field(field, false));
                }
                Ok(Resolved::Entity(dataset))
            }
            (Some(thing), None) => {
                self.note_confidence(thing.score.max(0.6));
                Ok(Resolved::Entity(thing.target.dataset().unwrap_or(home)))
            }
            (None, Some((field, _, lexical))) => {
                self.note_confidence(lexical);
                Ok(Resolved::Field(field, owner == Some(field.dataset)))
            }
            (None, None) => match noun.metric() {
                Some(metric) => Ok(Resolved::Metric(metric)),
                None => Err(self.unknown(noun)),
            },
        }
    }

    /// `Which customer ...? Return the id and name.`: the id is that of the thing asked for.
    fn key_of_asked(&self, noun: &Noun, home: usize) -> Option<FieldId> {
        let is_id = matches!(noun.text.to_lowercase().as_str(), "id" | "ids");
        if !is_id || noun.owner.is_some() || !self.sketch.wants_are_final {
            return None;
        }
        let asked = self.main_entity(home);
        let key = self.key_fields(asked).first().copied();
        key.filter(|_| asked != home)
    }

    pub(super) fn field_of(&self, noun: &Noun, dataset: usize) -> Result<Resolved, Failure> {
        noun.matches
            .iter()
            .find_map(|found| match found.target {
                Target::Field(field) if field.dataset == dataset => Some(Resolved::Field(field, true)),
                Target::Field(_)
                | Target::Metric(_)
                | Target::Dataset(_)
                | Target::Named(_)
                | Target::Value(_) => None,
            })
            .ok_or_else(|| self.unknown(noun))
    }

    /// The best field for a noun seen from a dataset: the field, its score in all and by its words alone.
    pub(super) fn best_field(&self, noun: &Noun, home: usize) -> Option<(FieldId, f32, f32)> {
        let owner = noun.owner.as_deref().and_then(|owner| sure_dataset(owner).or_else(|| owner.dataset()));
        let mut best: Option<(FieldId, f32, f32)> = None;
        for found in &noun.matches {
            let Target::Field(field) = found.target else { continue };
            let Some(cost) = self.lexicon.graph.cost(home, field.dataset) else { continue };
            let near = match () {
                () if owner == Some(field.dataset) => 1.0,
                () if field.dataset == home => 0.5,
                () if self.context.contains(&field.dataset) => 0.45,
                () => 0.0,
            };
            let is_key = self.lexicon.field(field).role == Role::Key && field.dataset != home;
            let beside = if noun.near.and_then(Target::dataset) == Some(field.dataset) { 0.3 } else { 0.0 };
            let score = found.score * 1.5 + near + beside - 0.12 * cost - if is_key { 0.2 } else { 0.0 };
            if best.is_none_or(|(_, other, _)| score > other + 1e-4) {
                best = Some((field, score, found.score));
            }
        }
        best
    }

    /// The field that measures a quality, of a dataset or one near to it.
    pub(super) fn quality_field(&self, quality: Quality, home: usize) -> Option<(FieldId, bool)> {
        let mut homes = vec![home];
        homes.extend(self.context.iter().copied().filter(|dataset| *dataset != home));
        for dataset in homes {
            for (wanted, alone) in quality
                .stems()
                .iter()
                .map(|stem| (stem, true))
                .chain(quality.stems().iter().map(|stem| (stem, false)))
            {
                let found = self.lexicon.fields(dataset).find(|(id, field)| {
                    let stems = self.lexicon.stems_of(*id).len();
                    let fits = self.lexicon.stems_of(*id).iter().any(|stem| stem == wanted)
                        || field.synonyms.iter().any(|synonym| {
                            crate::planner::text::words_of_text(synonym)
                                .iter()
                                .any(|word| crate::planner::text::stem(word) == *wanted)
                        });
                    fits && (!alone || stems == 1)
                        && field.role != Role::Key
                        && (quality == Quality::Recency
                            || is_ordered(field.data_type)
                            || field.role == Role::Measure
                            || *wanted == "age"
                            || *wanted == "birth")
                });
                if let Some((id, field)) = found {
                    // An age runs the other way than a date of birth.
                    let reversed = quality == Quality::Age
                        && (field.role == Role::Time
                            || matches!(*wanted, "birth" | "birthday" | "birthdat" | "born" | "dob"));
                    return Some((id, reversed));
                }
            }
            if quality == Quality::Recency {
                let held = self.lexicon.dataset(dataset);
                let default = held
                    .default_time
                    .as_ref()
                    .and_then(|name| held.fields.iter().position(|field| field.name == *name));
                let any = held.fields.iter().position(|field| field.role == Role::Time);
                if let Some(field) = default.or(any) {
                    return Some((FieldId { dataset, field }, false));
                }
            }
            if matches!(quality, Quality::Age) {
                // The oldest company is the one with the earliest date.
                let held = self.lexicon.dataset(dataset);
                if let Some(field) = held.fields.iter().position(|field| field.role == Role::Time) {
                    return Some((FieldId { dataset, field }, true));
                }
                if let Some((id, _)) = self
                    .lexicon
                    .fields(dataset)
                    .find(|(id, _)| self.lexicon.stems_of(*id).iter().any(|stem| stem == "year"))
                {
                    return Some((id, true));
                }
            }
        }
        None
    }

    /// The stored form of yes or no in a field.
    pub(super) fn yes_value(&self, id: FieldId, wanted: bool) -> crate::plan::Literal {
        let field = self.lexicon.field(id);
        let stored = field.values.iter().find(|value| yes_or_no(&value.value) == Some(wanted));
        match (stored, field.data_type) {
            (Some(value), DataType::String) => crate::plan::Literal::Text(value.value.clone()),
            (_, DataType::Boolean) => crate::plan::Literal::Boolean(wanted),
            (_, DataType::Integer) => crate::plan::Literal::Integer(i64::from(wanted)),
            (Some(value), _) => crate::plan::Literal::Text(value.value.clone()),
            (None, _) => crate::plan::Literal::Boolean(wanted),
        }
    }
}

pub(super) fn is_ordered(kind: DataType) -> bool {
    match kind {
        DataType::Integer
        | DataType::Decimal
        | DataType::Float
        | DataType::Date
        | DataType::DateTime
        | DataType::DateTimeTz
        | DataType::Time => true,
        DataType::String | DataType::Boolean | DataType::Opaque => false,
    }
}
