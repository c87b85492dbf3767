//! What a plan must not lose: things that must exist, and names that play no part.

use super::builder::{Builder, Failure};
use crate::plan::{AnalysisPlan, Expr, Filter};
use crate::planner::grammar::{Group, Noun, Want};
use crate::planner::lexicon::{FieldId, Target};

impl Builder<'_> {
    /// `cities of both shops opened before 2010 and shops opened after`: values that rows of both kinds have.
    pub(super) fn both_of_one_dataset(&mut self, home: usize) -> Result<Option<AnalysisPlan>, Failure> {
        use crate::planner::grammar::Cond;
        let place = self.sketch.scope.conds.iter().position(|cond| matches!(cond, Cond::Both(_)));
        let Some(place) =
            place.filter(|_| self.sketch.special.is_none() && self.sketch.superlative.is_none())
        else {
            return Ok(None);
        };
        let columns = self.columns(home)?;
        let shows_rows = columns.iter().any(|column| {
            column.aggregated
                || column.entity.is_some_and(|dataset| {
                    self.label_fields(dataset).iter().any(|id| self.field_expr(*id) == column.output.expr)
                })
        });
        let Cond::Both(parts) = self.sketch.scope.conds[place].clone() else { return Ok(None) };
        if shows_rows || parts.len() != 2 {
            return Ok(None);
        }
        let held = self.sketch.scope.conds.remove(place);
        let others = self.filters(&self.sketch.scope.clone(), home)?;
        let mut plans: Vec<AnalysisPlan> = Vec::new();
        for part in &parts {
            let mut filters = others.clone();
            filters.extend(self.filter(part, home)?);
            let outputs = columns.iter().map(|column| column.output.clone()).collect();
            let mut plan = AnalysisPlan {
                subject: self.dataset_name(home),
                outputs,
                filters,
                distinct: true,
                ..AnalysisPlan::default()
            };
            Self::lift_time(&mut plan);
            plans.push(plan);
        }
        self.sketch.scope.conds.insert(place, held);
        let (Some(with), Some(mut first)) = (plans.pop(), plans.pop()) else { return Ok(None) };
        first.set =
            Some(crate::plan::SetOperation { op: crate::plan::SetOp::Intersect, with: Box::new(with) });
        Ok(Some(first))
    }

    /// Two different values of one field cannot hold of one row: of related rows each is looked for by itself.
    pub(super) fn apart(&self, filters: Vec<Filter>, home: usize) -> Result<Vec<Filter>, Failure> {
        use crate::plan::{CompareOp, Operand};
        let equal = |filter: &Filter| match filter {
            Filter::Compare {
                left: Expr::Field(field),
                op: CompareOp::Equal,
                right: Operand::Literal(_),
            } => Some(field.clone()),
            _ => None,
        };
        let fields: Vec<_> = filters.iter().filter_map(equal).collect();
        let twice = |field: &crate::plan::FieldRef| fields.iter().filter(|other| *other == field).count() > 1;
        filters
            .into_iter()
            .map(|filter| match equal(&filter).filter(|field| twice(field)) {
                Some(field) => {
                    let dataset = self.lexicon.dataset_index(&field.dataset).unwrap_or(home);
                    if dataset == home || self.lexicon.graph.steps_up(home, dataset).is_some() {
                        return Err(Failure::Missing(format!("no {} has two values at once", field.field)));
                    }
                    Ok(self.related(dataset, vec![filter], None, false))
                }
                None => Ok(filter),
            })
            .collect()
    }

    /// What was named and plays no part in the plan makes the reading a guess.
    pub(super) fn refuse_unused(&self, plan: &AnalysisPlan) -> Result<(), Failure> {
        for noun in &self.sketch.scope.mentions {
            match noun.best() {
                Some(found) if found.score >= 0.95 => match found.target {
                    Target::Metric(metric) => {
                        let name = &self.lexicon.model.metrics[metric].name;
                        let used = format!("{plan:?}").contains(&format!("Metric({name:?})"));
                        let is_thing = super::subject::sure_dataset(noun).is_some();
                        if !used && !is_thing {
                            return Err(Failure::Missing(format!(
                                "what {:?} has to do with the rest is not clear",
                                noun.text
                            )));
                        }
                    }
                    Target::Field(id) if self.refers_to_itself(id) => {
                        return Err(Failure::Missing(format!(
                            "relations of {} to one another are not understood",
                            self.dataset_name(id.dataset)
                        )));
                    }
                    Target::Field(_) | Target::Dataset(_) | Target::Named(_) | Target::Value(_) => {}
                },
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Whether a field refers to rows of its own dataset.
    pub(super) fn refers_to_itself(&self, id: FieldId) -> bool {
        let dataset = self.lexicon.dataset(id.dataset);
        let name = &dataset.fields[id.field].name;
        self.lexicon.model.relationships.iter().any(|known| {
            known.from == dataset.name && known.to == dataset.name && known.from_columns.contains(name)
        })
    }

    /// `rentals by category`: things by group are counted.
    pub(super) fn count_bare_things(&mut self) {
        if self.sketch.is_listing
            || !self.sketch.is_bare
            || self.sketch.groups.is_empty()
            || self.sketch.superlative.is_some()
        {
            return;
        }
        if let [Want::Noun(noun)] = self.sketch.wants.as_slice()
            && super::subject::sure_dataset(noun).is_some()
            && self.metric_reading(noun).is_none()
        {
            self.sketch.wants = vec![Want::Count { of: noun.clone() }];
        }
    }

    /// `compare revenue in 2024 and 2025`: what is compared stands side by side.
    pub(super) fn compare_side_by_side(&mut self) {
        if !self.sketch.compares || !self.sketch.groups.is_empty() {
            return;
        }
        self.merge_compared_values();
        for cond in self.sketch.scope.conds.clone() {
            match &cond {
                crate::planner::grammar::Cond::Any(windows) => {
                    if let Some(crate::planner::grammar::Cond::Time(timed)) = windows.first() {
                        self.sketch.groups.push(Group::Bucket(timed.window.grain));
                    }
                }
                crate::planner::grammar::Cond::Is { values, field, near, negated: false }
                    if values.len() > 1 =>
                {
                    if let Ok(id) = self.value_field(values, field.as_ref(), *near, self.subject) {
                        let found =
                            crate::planner::lexicon::Match { target: Target::Field(id), len: 1, score: 1.0 };
                        self.sketch
                            .groups
                            .push(Group::Noun(Noun { matches: vec![found], ..Noun::default() }));
                    }
                }
                _ => {}
            }
        }
    }

    /// `in Canada higher than in Brazil`: two values of one field are set side by side.
    pub(super) fn merge_compared_values(&mut self) {
        use crate::planner::grammar::Cond;
        let conds = std::mem::take(&mut self.sketch.scope.conds);
        let mut merged: Vec<Cond> = Vec::new();
        for cond in conds {
            let joined = match (merged.last_mut(), &cond) {
                (
                    Some(Cond::Is { values, negated: false, .. }),
                    Cond::Is { values: more, negated: false, .. },
                ) => {
                    let field = |noun: &Noun| noun.best().and_then(|found| found.target.field());
                    let same = values.first().and_then(field).is_some_and(|first| {
                        more.first().is_some_and(|next| {
                            next.matches.iter().any(|found| found.target.field() == Some(first))
                        })
                    });
                    if same {
                        values.extend(more.iter().cloned());
                    }
                    same
                }
                _ => false,
            };
            if !joined {
                merged.push(cond);
            }
        }
        self.sketch.scope.conds = merged;
    }

    /// Things that were mentioned must be there: `students who have a pet`.
    pub(super) fn existence(&mut self, plan: &mut AnalysisPlan, home: usize) {
        let mentions = self.sketch.scope.mentions.clone();
        for noun in &mentions {
            let Some(dataset) = super::subject::sure_dataset(noun)
                .filter(|_| noun.best().is_some_and(|found| found.score >= 0.7))
            else {
                continue;
            };
            let name = self.dataset_name(dataset);
            let below = self.lexicon.graph.steps_up(home, dataset).is_none()
                && self.lexicon.graph.distance(home, dataset).is_some();
            if dataset == home
                || !below
                || uses_dataset(plan, &self.having, &name)
                || self.sketch.superlative.is_some()
            {
                continue;
            }
            let reached = plan.filters.iter().any(|filter| {
                format!("{filter:?}").contains("dataset: \"") && self.filter_is_beyond(filter, home, dataset)
            });
            if !reached {
                plan.filters.push(self.related(dataset, Vec::new(), None, false));
            }
        }
    }

    /// Whether a filter looks at a dataset that lies behind another one.
    pub(super) fn filter_is_beyond(&self, filter: &Filter, home: usize, through: usize) -> bool {
        let text = format!("{filter:?}");
        (0..self.lexicon.model.datasets.len()).any(|dataset| {
            let named = text.contains(&format!("dataset: {:?}", self.dataset_name(dataset)));
            let whole = self.lexicon.graph.distance(home, dataset);
            let parts =
                self.lexicon.graph.distance(home, through).zip(self.lexicon.graph.distance(through, dataset));
            named
                && dataset != home
                && whole.zip(parts).is_some_and(|(whole, (first, second))| whole >= first + second)
        })
    }
}

/// Whether a plan shows, groups by or filters on a dataset.
pub(super) fn uses_dataset(plan: &AnalysisPlan, having: &[Filter], name: &str) -> bool {
    let text = format!("{:?} {:?} {:?} {having:?}", plan.outputs, plan.group_by, plan.filters);
    text.contains(&format!("dataset: {name:?}"))
}
