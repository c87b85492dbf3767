//! Groups: the keys rows are put together by, and the columns that show them.

use super::builder::{Builder, Failure};
use super::resolve::Resolved;
use crate::plan::{Expr, Output};
use crate::planner::grammar::{Group, Noun};
use crate::planner::lexicon::FieldId;

/// One group: what is shown of it and what tells it apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grouping {
    /// The columns that show it.
    pub(super) shown: Vec<Output>,
    /// Keys that are not shown.
    pub(super) hidden: Vec<Expr>,
    /// The dataset whose rows are the groups, where they are.
    pub(super) entity: Option<usize>,
}

impl Builder<'_> {
    /// A group, seen from the dataset that is summed up.
    pub(super) fn grouping(&mut self, group: &Group, home: usize) -> Result<Grouping, Failure> {
        match group {
            Group::Bucket(grain) => {
                let expr = self.bucket(*grain, home)?;
                let name = grain_name(*grain).to_owned();
                Ok(Grouping { shown: vec![Output { expr, name }], hidden: Vec::new(), entity: None })
            }
            Group::Part(part) => {
                let id = self.time_field(home, None, None).filter(|id| !self.is_year(*id));
                let id = id.ok_or_else(|| {
                    Failure::Missing(format!("nothing tells when {} happened", self.dataset_name(home)))
                })?;
                let expr = Expr::Part { field: self.field_ref(id), part: *part };
                let name = match part {
                    crate::plan::DatePart::HourOfDay => "hour",
                    crate::plan::DatePart::DayOfWeek => "weekday",
                    crate::plan::DatePart::DayOfMonth => "day",
                    crate::plan::DatePart::MonthOfYear => "month",
                    crate::plan::DatePart::QuarterOfYear => "quarter",
                    crate::plan::DatePart::Year => "year",
                };
                Ok(Grouping {
                    shown: vec![Output { expr, name: name.into() }],
                    hidden: Vec::new(),
                    entity: None,
                })
            }
            Group::Noun(noun) => self.noun_grouping(noun, home),
        }
    }

    fn noun_grouping(&mut self, noun: &Noun, home: usize) -> Result<Grouping, Failure> {
        self.refuse_bare_label(noun, home)?;
        Ok(match self.resolve(noun, home)? {
            Resolved::Entity(dataset) | Resolved::Label(dataset) => self.entity_grouping(dataset),
            Resolved::Field(id, _) => {
                let is_label = self.label_fields(id.dataset).contains(&id);
                if id.dataset != home && is_label {
                    self.entity_grouping(id.dataset)
                } else {
                    Grouping { shown: vec![self.output(id)], hidden: Vec::new(), entity: None }
                }
            }
            Resolved::Metric(_) => return Err(self.unknown(noun)),
        })
    }

    /// The rows of a dataset as groups: told apart by the key, shown by the label.
    pub(super) fn entity_grouping(&self, dataset: usize) -> Grouping {
        let keys = self.key_fields(dataset);
        let labels = self.label_fields(dataset);
        let hidden =
            keys.iter().filter(|key| !labels.contains(key)).map(|key| self.field_expr(*key)).collect();
        Grouping { shown: labels.iter().map(|id| self.output(*id)).collect(), hidden, entity: Some(dataset) }
    }

    /// A field as a column.
    pub(super) fn output(&self, id: FieldId) -> Output {
        Output { expr: self.field_expr(id), name: self.column_name(id) }
    }

    fn column_name(&self, id: FieldId) -> String {
        let field = &self.lexicon.field(id).name;
        let is_generic = matches!(field.to_lowercase().as_str(), "name" | "title" | "id");
        if is_generic && id.dataset != self.subject {
            let dataset = self.lexicon.dataset(id.dataset);
            let entity =
                dataset.entity.as_ref().map_or(dataset.name.as_str(), |entity| entity.singular.as_str());
            return entity.to_lowercase();
        }
        field.clone()
    }

    /// `sales by name`: the name of what is not said, and there are several.
    fn refuse_bare_label(&self, noun: &Noun, home: usize) -> Result<(), Failure> {
        let owned = noun.owner.is_some()
            || self
                .label_fields(home)
                .iter()
                .any(|id| noun.matches.iter().any(|found| found.target.field() == Some(*id)));
        if !noun.is_label || owned {
            return Ok(());
        }
        let mut options: Vec<String> = Vec::new();
        for (index, dataset) in self.lexicon.model.datasets.iter().enumerate() {
            let near = self.lexicon.graph.steps_up(home, index).is_some_and(|steps| steps <= 3);
            if near && !dataset.hidden && index != home && !dataset.label_fields.is_empty() {
                let entity =
                    dataset.entity.as_ref().map_or(dataset.name.as_str(), |entity| entity.singular.as_str());
                options.push(entity.to_lowercase());
            }
        }
        if options.len() > 1 {
            return Err(Failure::Ambiguous { word: noun.text.clone(), options });
        }
        Ok(())
    }
}

/// The name of a column of periods.
pub(crate) fn grain_name(grain: crate::plan::Grain) -> &'static str {
    match grain {
        crate::plan::Grain::Day => "day",
        crate::plan::Grain::Week => "week",
        crate::plan::Grain::Month => "month",
        crate::plan::Grain::Quarter => "quarter",
        crate::plan::Grain::Year => "year",
    }
}
