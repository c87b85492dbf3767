//! Ways between datasets: which of several equally short ones was taken is told.

use super::builder::Builder;
use crate::plan::{AnalysisPlan, FieldRef, fields_of, fields_of_filters};

impl Builder<'_> {
    /// Tells which way was taken where others are as short.
    pub(super) fn tell_ways(&mut self, plan: &AnalysisPlan) {
        let mut fields: Vec<FieldRef> = Vec::new();
        let shown = plan.outputs.iter().map(|output| &output.expr).chain(&plan.group_by);
        for expr in shown.chain(plan.order.iter().map(|order| &order.expr)) {
            fields_of(expr, &mut fields);
        }
        fields_of_filters(&plan.filters, &mut fields);
        fields_of_filters(&plan.having, &mut fields);
        fields.extend(plan.time.iter().map(|time| time.field.clone()));
        for field in fields {
            let Some(via) = &field.via else { continue };
            let Some(known) = self.lexicon.model.relationships.iter().find(|known| known.name == *via) else {
                continue;
            };
            let Some(dataset) = self.lexicon.dataset_index(&field.dataset) else { continue };
            let others: Vec<String> = self
                .lexicon
                .graph
                .first_steps_up(self.subject, dataset)
                .into_iter()
                .filter(|(_, relationship)| self.lexicon.model.relationships[*relationship].name != *via)
                .map(|(next, _)| self.dataset_name(next))
                .collect();
            if others.is_empty() {
                continue;
            }
            let told = format!(
                "{} is that of {}, not of {}",
                field.dataset.replace('_', " "),
                known.to.replace('_', " "),
                others.join(" or ").replace('_', " ")
            );
            if !self.assumptions.contains(&told) {
                self.assumptions.push(told);
            }
        }
    }
}
