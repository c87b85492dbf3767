//! Windows of time: which field they are about, and whether the data reaches there.

use jiff::civil::{Date, DateTime};

use super::builder::{Builder, Failure, plain_number};
use crate::plan::{CompareOp, Expr, Filter, Grain, Literal, Operand, TimeRange};
use crate::planner::grammar::Timed;
use crate::planner::lexicon::{FieldId, Target};
use crate::planner::text::root;
use crate::planner::time::Window;
use crate::semantic::{DataType, Role};

impl Builder<'_> {
    /// The time field that a window is about.
    pub(super) fn time_field(
        &self,
        home: usize,
        verb: Option<&str>,
        near: Option<Target>,
    ) -> Option<FieldId> {
        let metric_time = self
            .first_metric()
            .filter(|metric| self.dataset_of(Target::Metric(*metric)) == Some(home))
            .and_then(|metric| self.lexicon.model.metrics[metric].time.clone())
            .and_then(|path| self.lexicon.field_index(&path));
        let by_verb = |dataset: usize| {
            let verb = verb?;
            let wanted = root(verb);
            self.lexicon
                .fields(dataset)
                .find(|(id, field)| {
                    (field.role == Role::Time || self.is_year(*id))
                        && self.lexicon.stems_of(*id).iter().any(|stem| {
                            root(stem) == wanted || crate::planner::lexicon::are_synonyms(stem, verb)
                        })
                })
                .map(|(id, _)| id)
        };
        let mut homes = vec![home];
        if let Some(Target::Dataset(dataset)) = near {
            homes.insert(0, dataset);
        }
        homes.extend(self.context.iter().copied());
        if let Some(id) = homes.iter().find_map(|dataset| by_verb(*dataset)) {
            return Some(id);
        }
        if let Some(Target::Field(field)) = near.filter(|_| metric_time.is_none())
            && (self.lexicon.field(field).role == Role::Time || self.is_year(field))
        {
            return Some(field);
        }
        metric_time
            .or_else(|| homes.iter().find_map(|dataset| self.own_time(*dataset)))
            .or_else(|| self.time_nearby(home))
    }

    /// The time field of a dataset itself.
    fn own_time(&self, dataset: usize) -> Option<FieldId> {
        let held = self.lexicon.dataset(dataset);
        let default = held
            .default_time
            .as_ref()
            .and_then(|name| held.fields.iter().position(|field| field.name == *name));
        let is_time = |field: &crate::semantic::Field| {
            field.role == Role::Time
                || matches!(field.data_type, DataType::Date | DataType::DateTime | DataType::DateTimeTz)
        };
        let dates: Vec<usize> = (0..held.fields.len())
            .filter(|&field| is_time(&held.fields[field]) && held.fields[field].pii.is_none())
            .collect();
        let created =
            dates.iter().copied().find(|&field| held.fields[field].name.to_lowercase().starts_with("creat"));
        if let Some(field) = default.or(created).or(dates.first().copied()) {
            return Some(FieldId { dataset, field });
        }
        self.lexicon.fields(dataset).find(|(id, _)| self.is_year(*id)).map(|(id, _)| id)
    }

    /// The time field of the nearest dataset that each row belongs to.
    fn time_nearby(&self, home: usize) -> Option<FieldId> {
        let mut near: Vec<(usize, usize)> = (0..self.lexicon.model.datasets.len())
            .filter_map(|dataset| {
                self.lexicon
                    .graph
                    .steps_up(home, dataset)
                    .filter(|steps| *steps > 0)
                    .map(|steps| (steps, dataset))
            })
            .collect();
        near.sort_unstable();
        near.into_iter().find_map(|(_, dataset)| {
            self.lexicon.dataset(dataset).default_time.is_some().then(|| self.own_time(dataset)).flatten()
        })
    }

    /// Whether a field holds years as numbers.
    pub(super) fn is_year(&self, id: FieldId) -> bool {
        let field = self.lexicon.field(id);
        let named = self.lexicon.stems_of(id).iter().any(|stem| stem == "year");
        let plain = matches!(
            field.data_type,
            DataType::Integer | DataType::String | DataType::Float | DataType::Decimal
        );
        let looks_right = field.min.as_ref().is_none_or(|least| {
            least.trim().parse::<f64>().is_ok_and(|least| (1000.0..2200.0).contains(&least))
        });
        named && plain && looks_right
    }

    /// The filter of a window: a range of a time field, or a comparison of a year.
    pub(super) fn window_filter(&mut self, timed: &Timed, home: usize) -> Result<Filter, Failure> {
        let Some(id) = self.time_field(home, timed.verb.as_deref(), timed.near) else {
            return Err(Failure::Missing(format!("nothing tells when {} happened", self.dataset_name(home))));
        };
        self.check_range(id, &timed.window)?;
        if self.is_year(id) {
            return Ok(self.year_filter(id, &timed.window));
        }
        Ok(Filter::During(self.range(id, &timed.window)))
    }

    /// A window on a time field.
    pub(super) fn range(&self, id: FieldId, window: &Window) -> TimeRange {
        let midnight = |day: Date| DateTime::from_parts(day, jiff::civil::Time::midnight());
        let cut = self.sketch.groups.iter().find_map(|group| match group {
            crate::planner::grammar::Group::Bucket(grain) if window.is_rolling => Some(*grain),
            crate::planner::grammar::Group::Bucket(_)
            | crate::planner::grammar::Group::Part(_)
            | crate::planner::grammar::Group::Noun(_) => None,
        });
        let whole = |day: Date| {
            cut.map_or(day, |grain| crate::planner::time::start_of(day, grain, self.clock.calendar))
        };
        TimeRange {
            field: self.field_ref(id),
            start: window.start.map(whole).map(midnight),
            end: window.end.map(midnight),
            label: window.label.clone(),
        }
    }

    fn year_filter(&self, id: FieldId, window: &Window) -> Filter {
        let literal = |year: i16| -> Literal {
            match self.lexicon.field(id).data_type {
                DataType::String => Literal::Text(year.to_string()),
                DataType::Integer
                | DataType::Decimal
                | DataType::Float
                | DataType::Boolean
                | DataType::Date
                | DataType::Time
                | DataType::DateTime
                | DataType::DateTimeTz
                | DataType::Opaque => plain_number(f64::from(year)),
            }
        };
        let compare = |op: CompareOp, year: i16| Filter::Compare {
            left: self.field_expr(id),
            op,
            right: Operand::Literal(literal(year)),
        };
        match (window.start, window.end) {
            (Some(start), Some(end)) if end.year() <= start.year() + 1 => {
                compare(CompareOp::Equal, start.year())
            }
            (Some(start), Some(end)) => Filter::All(vec![
                compare(CompareOp::GreaterOrEqual, start.year()),
                compare(CompareOp::Less, end.year()),
            ]),
            (Some(start), None) => compare(CompareOp::GreaterOrEqual, start.year()),
            (None, Some(end)) => compare(CompareOp::Less, end.year()),
            (None, None) => Filter::All(Vec::new()),
        }
    }

    /// Fails where the data ends before the window begins or begins after it ends.
    fn check_range(&self, id: FieldId, window: &Window) -> Result<(), Failure> {
        let field = self.lexicon.field(id);
        let (Some(least), Some(greatest)) =
            (field.min.as_deref().and_then(day_of), field.max.as_deref().and_then(day_of))
        else {
            return Ok(());
        };
        let ends_before = window.end.is_some_and(|end| end <= least);
        let begins_after = window.start.is_some_and(|start| start > greatest);
        if (ends_before || begins_after) && !self.is_alternative {
            let name = self.dataset_name(id.dataset);
            return Err(Failure::OutOfRange(format!(
                "the data on {name} covers {least} to {greatest}, not {}",
                window.label
            )));
        }
        Ok(())
    }

    /// A time field cut to a grain.
    pub(super) fn bucket(&self, grain: Grain, home: usize) -> Result<Expr, Failure> {
        let id = self.time_field(home, None, None).ok_or_else(|| {
            Failure::Missing(format!("nothing tells when {} happened", self.dataset_name(home)))
        })?;
        if self.is_year(id) {
            return if grain == Grain::Year {
                Ok(self.field_expr(id))
            } else {
                Err(Failure::Missing(format!("only the year of {} is known", self.dataset_name(id.dataset))))
            };
        }
        Ok(Expr::Bucket { field: self.field_ref(id), grain })
    }
}

/// The day a stored date begins with; a year alone is its first or last day, which is near enough for a range.
fn day_of(text: &str) -> Option<Date> {
    if let Ok(year) = text.trim().trim_end_matches(".0").parse::<i16>() {
        return Date::new(year, 1, 1).ok();
    }
    text.get(..10)?.parse().ok()
}
