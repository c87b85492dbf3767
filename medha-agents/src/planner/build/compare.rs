//! Comparisons: the field they are about, units, and averages to compare with.

use super::builder::{Builder, Failure, plain_number};
use super::filter::CountOf;
use super::resolve::Resolved;
use crate::plan::{AggregateFunction, AnalysisPlan, CompareOp, Expr, Filter, Operand, Output};
use crate::planner::grammar::{Noun, Right, Scope};
use crate::planner::lexicon::FieldId;
use crate::planner::text::words::Quality;
use crate::semantic::{DataType, Role};

impl Builder<'_> {
    /// The filter of a comparison; a comparison of an aggregate is kept for the groups.
    pub(super) fn compare(
        &mut self,
        left: Option<&Noun>,
        function: Option<AggregateFunction>,
        quality: Quality,
        op: CompareOp,
        right: &Right,
        home: usize,
    ) -> Result<Option<Filter>, Failure> {
        let (expr, id, aggregated, op) = self.left_side(left, function, quality, op, right, home)?;
        let operand = match right {
            Right::Number { value, unit } => {
                let scaled = id.map_or(*value, |id| self.in_unit(id, *value, unit.as_deref()));
                Operand::Literal(id.map_or_else(|| plain_number(scaled), |id| self.number(id, scaled)))
            }
            Right::Between(low, high) => {
                let Some(id) = id else { return Err(Failure::Missing("a range of an aggregate".into())) };
                return Ok(Some(Filter::Between {
                    expr,
                    low: self.number(id, *low),
                    high: self.number(id, *high),
                }));
            }
            Right::Aggregate { function, of, scope } => {
                Operand::Scalar(Box::new(self.scalar(*function, of.as_ref(), scope, id, home)?))
            }
            Right::Noun(noun) => match self.resolve(noun, home)? {
                Resolved::Field(other, _) => Operand::Expr(Box::new(self.field_expr(other))),
                Resolved::Metric(metric) => {
                    Operand::Expr(Box::new(Expr::Metric(self.lexicon.model.metrics[metric].name.clone())))
                }
                Resolved::Entity(_) | Resolved::Label(_) => return Err(self.unknown(noun)),
            },
        };
        let filter = Filter::Compare { left: expr, op, right: operand };
        if aggregated {
            self.having.push(filter);
            return Ok(None);
        }
        Ok(Some(filter))
    }

    fn left_side(
        &mut self,
        left: Option<&Noun>,
        function: Option<AggregateFunction>,
        quality: Quality,
        op: CompareOp,
        right: &Right,
        home: usize,
    ) -> Result<(Expr, Option<FieldId>, bool, CompareOp), Failure> {
        if let Some(noun) = left {
            return match self.resolve(noun, home)? {
                Resolved::Metric(metric) => {
                    Ok((Expr::Metric(self.lexicon.model.metrics[metric].name.clone()), None, true, op))
                }
                Resolved::Field(id, _) => {
                    let total = function.or(self.says_in_total().then_some(AggregateFunction::Sum));
                    match total.filter(|_| !matches!(right, Right::Aggregate { .. })) {
                        Some(function) => Ok((
                            Expr::Aggregate { function, of: Box::new(self.field_expr(id)) },
                            Some(id),
                            true,
                            op,
                        )),
                        None => Ok((self.field_expr(id), Some(id), false, op)),
                    }
                }
                Resolved::Entity(dataset) | Resolved::Label(dataset) => {
                    let _ = self.resolve_counted(noun, home).map(|count| matches!(count, CountOf::Rows(_)));
                    Ok((Expr::Count { dataset: self.dataset_name(dataset) }, None, true, op))
                }
            };
        }
        if quality != Quality::Amount {
            let Some((id, reversed)) = self.quality_field(quality, home) else {
                return Err(Failure::Missing(format!(
                    "nothing in {} can be compared like that",
                    self.dataset_name(home)
                )));
            };
            return Ok((self.field_expr(id), Some(id), false, if reversed { mirrored(op) } else { op }));
        }
        // `spent more than 45 dollars`: a verb or a currency says what is meant.
        if let Some(noun) = self.compared_noun() {
            return self.left_side(Some(&noun), function, quality, op, right, home);
        }
        let money = matches!(right, Right::Number { unit: Some(unit), .. } if is_money(unit));
        let measure = self.main_measure(home, money);
        match measure {
            Some(id) => Ok((self.field_expr(id), Some(id), false, op)),
            None => Err(Failure::Missing("what is compared is not clear".into())),
        }
    }

    /// The metric or field that a verb of the question names: `spent`, `sold`.
    fn compared_noun(&self) -> Option<Noun> {
        self.sketch.scope.verbs.iter().find_map(|verb| {
            let tokens = crate::planner::text::tokenize(verb);
            let matches: Vec<_> = self
                .lexicon
                .lookup(&tokens, 0)
                .into_iter()
                .filter(|found| {
                    matches!(
                        found.target,
                        crate::planner::lexicon::Target::Metric(_)
                            | crate::planner::lexicon::Target::Field(_)
                    )
                })
                .filter(|found| found.score >= 0.7)
                .collect();
            (!matches.is_empty()).then(|| Noun { matches, text: verb.clone(), ..Noun::default() })
        })
    }

    /// Whether the question says that something is summed up.
    fn says_in_total(&self) -> bool {
        false
    }

    /// The one number that a dataset is about.
    fn main_measure(&self, home: usize, money: bool) -> Option<FieldId> {
        let measures: Vec<FieldId> = self
            .lexicon
            .fields(home)
            .filter(|(_, field)| field.role == Role::Measure)
            .map(|(id, _)| id)
            .collect();
        if let [only] = measures.as_slice() {
            return Some(*only);
        }
        let is_money_field = |id: &FieldId| {
            self.lexicon.field(*id).format.as_deref() == Some("currency")
                || self.lexicon.stems_of(*id).iter().any(|stem| {
                    matches!(stem.as_str(), "total" | "amount" | "price" | "cost" | "revenu" | "valu")
                })
        };
        if money { measures.into_iter().find(is_money_field) } else { None }
    }

    /// A single value to compare with: the average of a field.
    fn scalar(
        &mut self,
        function: AggregateFunction,
        of: Option<&Noun>,
        scope: &Scope,
        left: Option<FieldId>,
        home: usize,
    ) -> Result<AnalysisPlan, Failure> {
        let id = match of {
            Some(noun) => match self.resolve(noun, home)? {
                Resolved::Field(id, _) => id,
                Resolved::Entity(_) | Resolved::Label(_) | Resolved::Metric(_) => match left {
                    Some(id) => id,
                    None => return Err(self.unknown(noun)),
                },
            },
            None => left.ok_or_else(|| Failure::Missing("an average of what is not clear".into()))?,
        };
        let having = std::mem::take(&mut self.having);
        let filters = self.filters(scope, id.dataset);
        self.having = having;
        Ok(AnalysisPlan {
            subject: self.dataset_name(id.dataset),
            outputs: vec![Output {
                expr: Expr::Aggregate { function, of: Box::new(self.field_expr(id)) },
                name: "value".into(),
            }],
            filters: filters?,
            ..AnalysisPlan::default()
        })
    }

    /// A number in the unit a field is stored in.
    pub(super) fn in_unit(&mut self, id: FieldId, value: f64, unit: Option<&str>) -> f64 {
        if matches!(unit, Some("%" | "percent")) {
            let greatest = self.lexicon.field(id).max.as_deref().and_then(|most| most.parse::<f64>().ok());
            let is_part = greatest.is_some_and(|greatest| greatest <= 1.0);
            return if is_part && self.is_rate(id) { value / 100.0 } else { value };
        }
        let Some(seconds) = unit.and_then(seconds_in) else { return value };
        match self.stored_seconds(id) {
            Some(stored) => value * seconds / stored,
            None => value,
        }
    }

    /// How many seconds one unit of a field is: as the model says, or judged from its name and range.
    pub(super) fn stored_seconds(&mut self, id: FieldId) -> Option<f64> {
        let field = self.lexicon.field(id);
        if let Some(unit) = field.unit.as_deref() {
            return seconds_in(&unit.to_lowercase());
        }
        let named = self.lexicon.stems_of(id).iter().find_map(|stem| match stem.as_str() {
            "millisecond" | "ms" => Some(0.001),
            "second" | "sec" => Some(1.0),
            "minut" | "min" => Some(60.0),
            "hour" => Some(3600.0),
            "day" => Some(86_400.0),
            _ => None,
        });
        if named.is_some() {
            return named;
        }
        if !matches!(field.data_type, DataType::Integer | DataType::Decimal | DataType::Float) {
            return None;
        }
        let name = field.name.clone();
        let greatest: f64 = field.max.as_deref()?.parse().ok()?;
        let (seconds, word) = match greatest {
            greatest if greatest <= 24.0 => return None,
            greatest if greatest <= 1_000.0 => (60.0, "minutes"),
            greatest if greatest <= 100_000.0 => (1.0, "seconds"),
            _ => (0.001, "milliseconds"),
        };
        self.assumptions.push(format!("{name} is taken to be in {word}"));
        Some(seconds)
    }
}

/// The seconds of a unit of time.
pub(super) fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" | "milliseconds" | "millisecond" => 0.001,
        "s" | "sec" | "second" | "seconds" => 1.0,
        "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "day" | "days" => 86_400.0,
        "week" | "weeks" => 604_800.0,
        _ => return None,
    })
}

fn is_money(unit: &str) -> bool {
    matches!(unit, "dollars" | "dollar" | "usd" | "euros" | "euro" | "pounds" | "gbp")
}

/// The comparison seen from the other side: the older one has the earlier date.
pub(super) fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
        CompareOp::Equal | CompareOp::NotEqual => op,
    }
}
