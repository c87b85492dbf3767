//! Several windows in one question: set side by side where they are compared, refused where no row can lie in both.

use super::builder::{Builder, Failure};
use crate::plan::{DatePart, Filter, Grain};
use crate::planner::grammar::{Cond, Group, Special, Timed, Want};
use crate::planner::time::Window;

impl Builder<'_> {
    /// `compare revenue this year with last year by segment`: one column for each window.
    pub(super) fn compare_windows(&mut self) -> Result<(), Failure> {
        if !self.sketch.compares || self.sketch.special.is_some() {
            return Ok(());
        }
        let grouped = !self.sketch.groups.is_empty();
        let mut windows: Vec<Window> = Vec::new();
        for cond in &self.sketch.scope.conds {
            match cond {
                Cond::Time(timed) => windows.push(timed.window.clone()),
                Cond::Any(any) if grouped => windows.extend(any.iter().filter_map(timed)),
                _ => {}
            }
        }
        let [first, second] = windows.as_slice() else { return Ok(()) };
        if !are_apart(&(first.start, first.end), &(second.start, second.end)) {
            return Ok(());
        }
        let (from, to) = if first.start <= second.start { (first, second) } else { (second, first) };
        let special = Special::Change { from: from.clone(), to: to.clone(), relative: self.sketch.percent };
        self.recurring_groups(from)?;
        self.sketch.scope.conds.retain(|cond| match cond {
            Cond::Time(_) => false,
            Cond::Any(any) => any.iter().any(|part| timed(part).is_none()),
            _ => true,
        });
        self.sketch.special = Some(special);
        Ok(())
    }

    /// Months of two years stand beside each other as months of the year.
    fn recurring_groups(&mut self, window: &Window) -> Result<(), Failure> {
        for group in &mut self.sketch.groups {
            let Group::Bucket(grain) = group else { continue };
            *group = match (window.grain, *grain) {
                (Grain::Year, Grain::Month) => Group::Part(DatePart::MonthOfYear),
                (Grain::Year, Grain::Quarter) => Group::Part(DatePart::QuarterOfYear),
                (Grain::Month, Grain::Day) => Group::Part(DatePart::DayOfMonth),
                (Grain::Week, Grain::Day) => Group::Part(DatePart::DayOfWeek),
                _ => {
                    return Err(Failure::Missing("which periods of the two windows belong together".into()));
                }
            };
        }
        self.sketch.wants.retain(|want| !matches!(want, Want::Bucket(_)));
        Ok(())
    }

    /// No row lies in two windows that have no moment in common.
    pub(super) fn refuse_windows_apart(filters: &[Filter]) -> Result<(), Failure> {
        let ranges: Vec<_> = filters
            .iter()
            .filter_map(|filter| match filter {
                Filter::During(range) => Some(range),
                _ => None,
            })
            .collect();
        for (place, first) in ranges.iter().enumerate() {
            for second in &ranges[place + 1..] {
                if first.field == second.field
                    && are_apart(&(first.start, first.end), &(second.start, second.end))
                {
                    return Err(Failure::Missing(format!(
                        "nothing lies both in {} and in {}; ask to compare them",
                        first.label, second.label
                    )));
                }
            }
        }
        Ok(())
    }
}

fn timed(cond: &Cond) -> Option<Window> {
    match cond {
        Cond::Time(Timed { window, .. }) => Some(window.clone()),
        _ => None,
    }
}

/// Whether two stretches, each open where it has no bound, have nothing in common.
fn are_apart<T: PartialOrd>(first: &(Option<T>, Option<T>), second: &(Option<T>, Option<T>)) -> bool {
    let ends_before = |end: &Option<T>, start: &Option<T>| {
        end.as_ref().zip(start.as_ref()).is_some_and(|(end, start)| end <= start)
    };
    ends_before(&first.1, &second.0) || ends_before(&second.1, &first.0)
}
