//! Values: which field a value belongs to, and the filter that picks it.

use super::builder::{Builder, Failure};
use crate::plan::{CompareOp, Expr, Filter, Literal, Operand};
use crate::planner::grammar::Noun;
use crate::planner::lexicon::{FieldId, Target, ValueId};
use crate::semantic::Role;

impl Builder<'_> {
    /// The field the values belong to, seen from a dataset.
    pub(super) fn value_field(
        &mut self,
        values: &[Noun],
        field: Option<&Noun>,
        near: Option<Target>,
        home: usize,
    ) -> Result<FieldId, Failure> {
        let Some(first) = values.first() else { return Err(Failure::Missing("a value is missing".into())) };
        let mut best: Option<(f32, FieldId)> = None;
        for found in &first.matches {
            let Target::Value(value) = found.target else { continue };
            let id = value.field;
            let Some(cost) = self.lexicon.graph.cost(home, id.dataset) else { continue };
            let all_known =
                values.iter().all(|other| other.matches.iter().any(|found| found.target.field() == Some(id)));
            let named =
                field.is_some_and(|noun| noun.matches.iter().any(|found| found.target == Target::Field(id)));
            let beside = match near {
                Some(Target::Field(other)) if other == id => 1.0,
                Some(Target::Dataset(other)) if other == id.dataset => 0.6,
                Some(
                    Target::Dataset(_)
                    | Target::Field(_)
                    | Target::Metric(_)
                    | Target::Named(_)
                    | Target::Value(_),
                )
                | None => 0.0,
            };
            let mut score = found.score - 0.25 * cost;
            score += beside + if named { 2.0 } else { 0.0 };
            score += if id.dataset == home { 0.3 } else { 0.0 };
            score += if self.context.contains(&id.dataset) { 0.25 } else { 0.0 };
            score += if self.is_label(id) && beside >= 0.6 { 0.1 } else { 0.0 };
            score -= if self.lexicon.field(id).role == Role::Key && !named { 0.1 } else { 0.0 };
            score -= if all_known { 0.0 } else { 1.0 };
            if best.is_none_or(|(other, _)| score > other + 1e-4) {
                best = Some((score, id));
            }
        }
        best.map(|(_, id)| id).ok_or_else(|| self.unknown(first))
    }

    fn is_label(&self, id: FieldId) -> bool {
        let dataset = self.lexicon.dataset(id.dataset);
        dataset.label_fields.contains(&dataset.fields[id.field].name)
    }

    /// The filter that picks values of a field.
    pub(super) fn value_filter(&self, id: FieldId, values: &[Noun], negated: bool) -> Filter {
        let texts: Vec<Literal> = values
            .iter()
            .filter_map(|value| {
                value.matches.iter().find_map(|found| match found.target {
                    Target::Value(known) if known.field == id => Some(self.stored(known)),
                    Target::Value(_)
                    | Target::Metric(_)
                    | Target::Dataset(_)
                    | Target::Field(_)
                    | Target::Named(_) => None,
                })
            })
            .collect();
        one_of(self.field_expr(id), texts, negated)
    }

    fn stored(&self, value: ValueId) -> Literal {
        Literal::Text(self.lexicon.value_text(value).to_owned())
    }
}

/// One of some literals, or none of them.
pub(super) fn one_of(expr: Expr, mut values: Vec<Literal>, negated: bool) -> Filter {
    if values.len() == 1 {
        let op = if negated { CompareOp::NotEqual } else { CompareOp::Equal };
        return Filter::Compare { left: expr, op, right: Operand::Literal(values.remove(0)) };
    }
    Filter::OneOf { expr, values, negated }
}
