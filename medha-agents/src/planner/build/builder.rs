//! What a plan is built from, and what it is built around.

use crate::plan::{Expr, FieldRef, Filter, Literal};
use crate::planner::grammar::{Noun, Sketch};
use crate::planner::lexicon::{FieldId, Lexicon, Target};
use crate::planner::time::Clock;
use crate::semantic::{DataType, Role};

/// Why no plan could be built.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// Something that was asked for is not in the data.
    Missing(String),
    /// Something could be several things; the words that would settle it.
    Ambiguous {
        /// What is open.
        word: String,
        /// What it may be, each as words that settle it.
        options: Vec<String>,
    },
    /// The data does not reach there.
    OutOfRange(String),
}

/// Builds the plan of one sketch.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) clock: Clock<'a>,
    pub(crate) sketch: Sketch,
    /// What the rows are about.
    pub(super) subject: usize,
    /// Datasets that were mentioned, the nearest to the subject first.
    pub(super) context: Vec<usize>,
    /// What was assumed.
    pub(crate) assumptions: Vec<String>,
    /// Conditions on groups, collected while conditions are built.
    pub(super) having: Vec<Filter>,
    /// Set while one of several alternatives is built: one of them may lie outside the data.
    pub(super) is_alternative: bool,
    /// Aggregates that rows are ranked or ordered by.
    pub(super) ranked_by: Vec<Expr>,
    /// How sure the choices were: the lowest score of any.
    pub(crate) confidence: f32,
}

impl<'a> Builder<'a> {
    /// Begins a plan.
    pub(crate) fn new(lexicon: &'a Lexicon, clock: Clock<'a>, sketch: Sketch) -> Self {
        Self {
            lexicon,
            clock,
            sketch,
            subject: 0,
            context: Vec::new(),
            assumptions: Vec::new(),
            having: Vec::new(),
            is_alternative: false,
            ranked_by: Vec::new(),
            confidence: 1.0,
        }
    }

    /// A field as the plan names it.
    pub(super) fn field_ref(&self, id: FieldId) -> FieldRef {
        let dataset = self.lexicon.dataset(id.dataset);
        FieldRef {
            dataset: dataset.name.clone(),
            field: dataset.fields[id.field].name.clone(),
            via: self.way(id.dataset),
        }
    }

    /// Of several equally short ways to a dataset, the one over the smallest thing that can still reach all of it.
    fn way(&self, dataset: usize) -> Option<String> {
        let mut firsts = self.lexicon.graph.first_steps_up(self.subject, dataset);
        if firsts.len() < 2 {
            return None;
        }
        let wanted = self.lexicon.dataset(dataset).row_count.unwrap_or(0);
        firsts.sort_by_key(|(next, _)| {
            let count = self.lexicon.dataset(*next).row_count.unwrap_or(u64::MAX);
            (count < wanted, count)
        });
        firsts.first().map(|(_, relationship)| self.lexicon.model.relationships[*relationship].name.clone())
    }

    /// A field as an expression.
    pub(super) fn field_expr(&self, id: FieldId) -> Expr {
        Expr::Field(self.field_ref(id))
    }

    /// The name of a dataset.
    pub(super) fn dataset_name(&self, index: usize) -> String {
        self.lexicon.dataset(index).name.clone()
    }

    /// The fields that name a row of a dataset to a person.
    pub(super) fn label_fields(&self, dataset: usize) -> Vec<FieldId> {
        let held = self.lexicon.dataset(dataset);
        let named: Vec<FieldId> = held
            .label_fields
            .iter()
            .filter_map(|name| held.fields.iter().position(|field| field.name == *name))
            .map(|field| FieldId { dataset, field })
            .collect();
        if !named.is_empty() {
            return named;
        }
        let by_word = |words: &[&str]| {
            self.lexicon
                .fields(dataset)
                .find(|(id, field)| {
                    field.data_type == DataType::String
                        && self.lexicon.stems_of(*id).iter().any(|stem| words.contains(&stem.as_str()))
                })
                .map(|(id, _)| vec![id])
        };
        by_word(&["name", "titl"]).unwrap_or_else(|| self.key_fields(dataset))
    }

    /// The fields that identify a row of a dataset.
    pub(super) fn key_fields(&self, dataset: usize) -> Vec<FieldId> {
        let held = self.lexicon.dataset(dataset);
        let named: Vec<FieldId> = held
            .primary_key
            .iter()
            .filter_map(|name| held.fields.iter().position(|field| field.name == *name))
            .map(|field| FieldId { dataset, field })
            .collect();
        if !named.is_empty() {
            return named;
        }
        let key = self.lexicon.fields(dataset).find(|(_, field)| field.role == Role::Key).or_else(|| {
            self.lexicon.fields(dataset).find(|(_, field)| field.name.to_lowercase().ends_with("id"))
        });
        key.map(|(id, _)| vec![id]).unwrap_or_default()
    }

    /// A literal as a field stores it.
    pub(super) fn literal(&self, id: FieldId, text: &str) -> Literal {
        match self.lexicon.field(id).data_type {
            DataType::Integer | DataType::Decimal | DataType::Float => number_literal(text),
            DataType::Boolean
            | DataType::String
            | DataType::Date
            | DataType::Time
            | DataType::DateTime
            | DataType::DateTimeTz
            | DataType::Opaque => Literal::Text(text.to_owned()),
        }
    }

    /// A number as a field stores it.
    pub(super) fn number(&self, id: FieldId, number: f64) -> Literal {
        match self.lexicon.field(id).data_type {
            DataType::String if number.fract() == 0.0 => Literal::Text(format!("{number}")),
            DataType::String
            | DataType::Integer
            | DataType::Decimal
            | DataType::Float
            | DataType::Boolean
            | DataType::Date
            | DataType::Time
            | DataType::DateTime
            | DataType::DateTimeTz
            | DataType::Opaque => plain_number(number),
        }
    }

    /// Remembers how sure a choice was.
    pub(super) fn note_confidence(&mut self, score: f32) {
        self.confidence = self.confidence.min(score);
    }

    /// The failure for a noun that stands for nothing here.
    pub(super) fn unknown(&self, noun: &Noun) -> Failure {
        Failure::Missing(format!("nothing in the data is called {:?}", noun.text))
    }

    /// The dataset a target is about: of a metric, the one it sums up.
    pub(super) fn dataset_of(&self, target: Target) -> Option<usize> {
        match target {
            Target::Metric(metric) => self.lexicon.dataset_index(&self.lexicon.model.metrics[metric].dataset),
            Target::Named(filter) => self.lexicon.dataset_index(&self.lexicon.model.filters[filter].dataset),
            Target::Dataset(_) | Target::Field(_) | Target::Value(_) => target.dataset(),
        }
    }
}

/// A number as a literal.
pub(super) fn plain_number(number: f64) -> Literal {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Literal::Integer(number as i64)
    } else {
        Literal::Number(number)
    }
}

fn number_literal(text: &str) -> Literal {
    match text.replace(',', "").parse::<f64>() {
        Ok(number) => plain_number(number),
        Err(_) => Literal::Text(text.to_owned()),
    }
}
