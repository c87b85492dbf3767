//! Takes the numbers of a plan apart: what is grouped by, what is aggregated over which rows, and the arithmetic
//! on top of it.

use std::ops::ControlFlow;

use sqlparser::ast::{self, visit_expressions_mut};

use super::analysis::{AggregateFunction, ArithmeticOp, Expr, FieldRef, Filter, Literal, TimeRange};
use super::context::Context;
use super::error::CompileError;
use super::path::{is_pure_link, turns};
use super::rows::fields_of;
use crate::semantic::expression::{finest, parse, reference};
use crate::semantic::{Metric, hint};

/// One aggregate over the rows of one dataset.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// The dataset whose rows are aggregated.
    pub(super) anchor: String,
    pub(super) call: Call,
    /// Conditions of its own; the other rows count as nothing.
    pub(super) filters: Vec<Filter>,
    pub(super) times: Vec<TimeRange>,
    /// The condition of its metric, over the metric's dataset.
    pub(super) guard: Option<(String, String)>,
    /// The time of its metric.
    pub(super) time: Option<FieldRef>,
    /// What it is called in messages.
    pub(super) said: String,
}

/// What is aggregated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Call {
    /// The rows themselves, counted.
    Rows,
    /// A value of the plan.
    Of { function: AggregateFunction, of: Expr },
    /// A value of the model, and the condition of its `FILTER` clause.
    Sql {
        function: AggregateFunction,
        of: Option<Box<ast::Expr>>,
        only: Option<Box<ast::Expr>>,
        text: String,
    },
}

impl Call {
    /// The function, with rows counted as `COUNT(*)`.
    pub(super) fn function(&self) -> AggregateFunction {
        match self {
            Self::Rows => AggregateFunction::Count,
            Self::Of { function, .. } | Self::Sql { function, .. } => *function,
        }
    }
}

/// A value of a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum GroupExpr {
    Group(usize),
    Leaf(usize),
    Literal(Literal),
    Arithmetic {
        left: Box<Self>,
        op: ArithmeticOp,
        right: Box<Self>,
    },
    /// SQL of a metric around its aggregates.
    Pieces(Vec<Piece>),
    Total(Box<Self>),
    Running(Box<Self>),
    Previous(Box<Self>),
    Rank {
        by: Box<Self>,
        descending: bool,
    },
}

/// Part of a metric's SQL.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Sql(String),
    Leaf(usize),
}

impl GroupExpr {
    /// Whether it looks at other groups than its own.
    pub(super) fn is_window(&self) -> bool {
        match self {
            Self::Group(_) | Self::Leaf(_) | Self::Literal(_) | Self::Pieces(_) => false,
            Self::Arithmetic { left, right, .. } => left.is_window() || right.is_window(),
            Self::Total(of) => of.is_window(),
            Self::Running(_) | Self::Previous(_) | Self::Rank { .. } => true,
        }
    }
}

/// The groups and the aggregates that the values of a plan share.
#[derive(Debug)]
pub(super) struct Analysis<'a> {
    context: &'a Context<'a>,
    subject: String,
    /// The fields that rows are grouped by and filtered on: they decide how fine a metric has to be.
    wanted: Vec<FieldRef>,
    pub(super) groups: Vec<Expr>,
    pub(super) leaves: Vec<Leaf>,
    around: Vec<(Vec<Filter>, Option<TimeRange>)>,
}

impl<'a> Analysis<'a> {
    pub(super) fn new(context: &'a Context<'a>, subject: &str, wanted: Vec<FieldRef>) -> Self {
        let subject = subject.to_owned();
        Self { context, subject, wanted, groups: Vec::new(), leaves: Vec::new(), around: Vec::new() }
    }

    /// Takes a value apart.
    pub(super) fn expr(&mut self, expr: &Expr) -> Result<GroupExpr, CompileError> {
        if let Expr::Literal(constant) = expr {
            return Ok(GroupExpr::Literal(constant.clone()));
        }
        if !expr.is_aggregate() {
            return Ok(GroupExpr::Group(self.group(expr)));
        }
        match expr {
            Expr::Metric(name) => self.metric(name),
            Expr::Count { dataset } => {
                self.context.dataset(dataset)?;
                let said = format!("the number of {dataset:?}");
                Ok(GroupExpr::Leaf(self.leaf(dataset.clone(), Call::Rows, None, said)))
            }
            Expr::Aggregate { function, of } => self.aggregate(*function, of),
            Expr::Where { of, filters, time } => {
                self.around.push((filters.clone(), time.clone()));
                let inner = self.expr(of);
                self.around.pop();
                inner
            }
            Expr::Total { of } => Ok(GroupExpr::Total(Box::new(self.expr(of)?))),
            Expr::Arithmetic { left, op, right } => {
                let left = Box::new(self.expr(left)?);
                let right = Box::new(self.expr(right)?);
                Ok(GroupExpr::Arithmetic { left, op: *op, right })
            }
            Expr::RunningTotal { of } => Ok(GroupExpr::Running(Box::new(self.expr(of)?))),
            Expr::Previous { of } => Ok(GroupExpr::Previous(Box::new(self.expr(of)?))),
            Expr::Rank { by, descending } => {
                Ok(GroupExpr::Rank { by: Box::new(self.expr(by)?), descending: *descending })
            }
            Expr::Field(_)
            | Expr::Bucket { .. }
            | Expr::Part { .. }
            | Expr::DaysBetween { .. }
            | Expr::Literal(_) => Ok(GroupExpr::Group(self.group(expr))),
        }
    }

    /// The place of a group, added if it is new.
    pub(super) fn group(&mut self, expr: &Expr) -> usize {
        if let Some(known) = self.groups.iter().position(|known| known == expr) {
            return known;
        }
        self.groups.push(expr.clone());
        self.groups.len() - 1
    }

    fn leaf(&mut self, anchor: String, call: Call, metric: Option<&Metric>, said: String) -> usize {
        let time = metric.and_then(|metric| metric.time.as_deref()).and_then(|time| time.rsplit_once('.'));
        let leaf = Leaf {
            anchor,
            call,
            filters: self.around.iter().flat_map(|(filters, _)| filters.clone()).collect(),
            times: self.around.iter().filter_map(|(_, time)| time.clone()).collect(),
            guard: metric.and_then(|metric| Some((metric.dataset.clone(), metric.filter.clone()?))),
            time: time.map(|(dataset, field)| FieldRef {
                dataset: dataset.to_owned(),
                field: field.to_owned(),
                via: None,
            }),
            said,
        };
        if let Some(known) = self.leaves.iter().position(|known| *known == leaf) {
            return known;
        }
        self.leaves.push(leaf);
        self.leaves.len() - 1
    }

    fn aggregate(&mut self, function: AggregateFunction, of: &Expr) -> Result<GroupExpr, CompileError> {
        if of.is_aggregate() {
            return Err(CompileError::unsupported(
                "an aggregate of an aggregate has to be an output of its own, over the groups of the plan",
            ));
        }
        let mut fields = Vec::new();
        fields_of(of, &mut fields);
        for field in &fields {
            self.context.field(field)?;
        }
        let mut datasets: Vec<String> = Vec::new();
        for field in &fields {
            if !datasets.contains(&field.dataset) {
                datasets.push(field.dataset.clone());
            }
        }
        let anchor = finest(&datasets, self.context.model).unwrap_or_else(|| self.subject.clone());
        let said = match fields.first() {
            Some(field) => {
                format!("the {function:?} of \"{}.{}\"", field.dataset, field.field).to_lowercase()
            }
            None => "the aggregate".to_owned(),
        };
        let of = self.at_home(of, &anchor);
        Ok(GroupExpr::Leaf(self.leaf(anchor, Call::Of { function, of }, None, said)))
    }

    /// A value seen from its own rows: how the question came to them does not matter there.
    fn at_home(&self, expr: &Expr, anchor: &str) -> Expr {
        let strip = |field: &FieldRef| {
            let own = field.via.as_ref().is_some_and(|via| {
                let mut known = self.context.model.relationships.iter();
                known.any(|known| known.name == *via && known.from == known.to)
            });
            let via = if field.dataset == anchor && !own { None } else { field.via.clone() };
            FieldRef { via, ..field.clone() }
        };
        match expr {
            Expr::Field(field) => Expr::Field(strip(field)),
            Expr::Bucket { field, grain } => Expr::Bucket { field: strip(field), grain: *grain },
            Expr::Part { field, part } => Expr::Part { field: strip(field), part: *part },
            Expr::DaysBetween { from, to } => Expr::DaysBetween { from: strip(from), to: strip(to) },
            Expr::Arithmetic { left, op, right } => Expr::Arithmetic {
                left: Box::new(self.at_home(left, anchor)),
                op: *op,
                right: Box::new(self.at_home(right, anchor)),
            },
            other => other.clone(),
        }
    }

    fn metric(&mut self, name: &str) -> Result<GroupExpr, CompileError> {
        let asked = self.context.metric(name)?;
        let metric = self.fine_enough(asked)?;
        let text = metric.expression.as_str();
        let mut expression =
            parse(text).map_err(|reason| CompileError::Expression { expression: text.to_owned(), reason })?;
        let mut leaves = Vec::new();
        let flow = visit_expressions_mut(&mut expression, |part| {
            if let ast::Expr::Function(function) = part
                && let Some(aggregate) = aggregate_of(function)
            {
                match self.metric_leaf(metric, function, aggregate) {
                    Ok(leaf) => {
                        leaves.push(leaf);
                        *part = ast::Expr::Identifier(ast::Ident::new(format!("\u{1}{leaf}\u{1}")));
                    }
                    Err(error) => return ControlFlow::Break(error),
                }
            } else if let ast::Expr::BinaryOp { left, op: ast::BinaryOperator::Divide, right } = part {
                // Metrics are quotients, not whole-number divisions, and a group without a divisor has none.
                **left = times_one(left);
                **right = null_if_zero(right);
            }
            ControlFlow::Continue(())
        });
        if let ControlFlow::Break(error) = flow {
            return Err(error);
        }
        if leaves.is_empty() {
            return Err(CompileError::Expression {
                expression: text.to_owned(),
                reason: "a metric needs an aggregate, like SUM or COUNT".to_owned(),
            });
        }
        let rendered = expression.to_string();
        let pieces: Vec<Piece> = rendered
            .split('\u{1}')
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
            .map(|(place, text)| match text.parse() {
                Ok(leaf) if place % 2 == 1 => Piece::Leaf(leaf),
                Ok(_) | Err(_) => Piece::Sql(text.to_owned()),
            })
            .collect();
        Ok(match pieces.as_slice() {
            [Piece::Leaf(only)] => GroupExpr::Leaf(*only),
            _ => GroupExpr::Pieces(pieces),
        })
    }

    fn metric_leaf(
        &mut self,
        metric: &Metric,
        function: &ast::Function,
        aggregate: (AggregateFunction, Option<ast::Expr>),
    ) -> Result<usize, CompileError> {
        let broken = |reason: &str| CompileError::Expression {
            expression: metric.expression.clone(),
            reason: reason.to_owned(),
        };
        if function.over.is_some() {
            return Err(broken(
                "window functions are not supported in metrics; ask for a running total or a rank",
            ));
        }
        let (name, of) = aggregate;
        let only = function.filter.as_deref().cloned();
        let mut datasets: Vec<String> = Vec::new();
        let mut bare = false;
        for part in of.iter().chain(&only) {
            for found in crate::semantic::expression::references(part) {
                match found.dataset {
                    Some(dataset) if datasets.contains(&dataset) => {}
                    Some(dataset) => datasets.push(dataset),
                    None => bare = true,
                }
            }
        }
        if bare || datasets.is_empty() {
            datasets.insert(0, metric.dataset.clone());
        }
        for dataset in &datasets {
            self.context.dataset(dataset)?;
        }
        let reached = crate::semantic::expression::referred_from(&metric.dataset, self.context.model);
        let anchor = if datasets.iter().all(|dataset| reached.contains(dataset.as_str())) {
            metric.dataset.clone()
        } else {
            finest(&datasets, self.context.model).unwrap_or_else(|| metric.dataset.clone())
        };
        // Counting keys is counting rows.
        let key = self.context.dataset(&anchor)?.primary_key.as_slice();
        let counted = of.as_ref().and_then(reference);
        let is_key = counted.is_some_and(|found| {
            found.dataset.is_none_or(|dataset| dataset == anchor) && *key == [found.name]
        });
        let of = of.filter(|_| !(is_key && name == AggregateFunction::Count));
        let call = match (&of, &only) {
            (None, None) => Call::Rows,
            _ => Call::Sql {
                function: name,
                of: of.map(Box::new),
                only: only.map(Box::new),
                text: metric.expression.clone(),
            },
        };
        Ok(self.leaf(anchor, call, Some(metric), format!("{:?}", metric.name)))
    }

    /// The metric, or the one that means the same over finer rows if the question looks at finer rows.
    fn fine_enough(&self, metric: &'a Metric) -> Result<&'a Metric, CompileError> {
        let Some(finer) = &metric.line_level_equivalent else { return Ok(metric) };
        let finer = self.context.model.metric(finer).ok_or_else(|| CompileError::Unknown {
            kind: "metric",
            name: finer.clone(),
            hint: hint(finer, self.context.model.metrics.iter().map(|known| known.name.as_str())),
        })?;
        let forward = |from: &str, field: &FieldRef| {
            let way = self.context.paths.find(from, &field.dataset, field.via.as_deref());
            way.is_ok_and(|way| way.iter().all(|step| step.forward))
        };
        let out_of_reach = |field: &FieldRef| {
            let way = self.context.paths.find(&metric.dataset, &field.dataset, field.via.as_deref());
            way.is_ok_and(|way| {
                let many = way.iter().any(|step| !step.forward);
                let links_only = way.iter().filter(|step| !step.forward).all(|step| {
                    self.context.model.dataset(self.context.paths.end(*step)).is_some_and(is_pure_link)
                });
                many && !turns(&way) && !links_only
            })
        };
        let needed = self.wanted.iter().any(|field| out_of_reach(field) && forward(&finer.dataset, field));
        Ok(if needed { finer } else { metric })
    }
}

/// The aggregate that a call is, with what it is over; `None` for other functions.
fn aggregate_of(function: &ast::Function) -> Option<(AggregateFunction, Option<ast::Expr>)> {
    let ast::FunctionArguments::List(list) = &function.args else { return None };
    let distinct = matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct));
    let name = function.name.to_string().to_lowercase();
    let name = match (name.as_str(), distinct) {
        ("count", true) => AggregateFunction::CountDistinct,
        ("count", false) => AggregateFunction::Count,
        ("sum" | "total", false) => AggregateFunction::Sum,
        ("avg" | "mean", false) => AggregateFunction::Average,
        ("min", _) => AggregateFunction::Min,
        ("max", _) => AggregateFunction::Max,
        ("median", false) => AggregateFunction::Median,
        _ => return None,
    };
    let argument = |argument: &ast::FunctionArg| match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(of)) => Some(Some(of.clone())),
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) => Some(None),
        _ => None,
    };
    match list.args.as_slice() {
        [] if name == AggregateFunction::Count => Some((name, None)),
        [only] => Some((name, argument(only)?)),
        _ => None,
    }
}

fn times_one(expression: &ast::Expr) -> ast::Expr {
    let one = ast::Expr::value(ast::Value::Number("1.0".to_owned(), false));
    ast::Expr::BinaryOp {
        left: Box::new(in_parentheses(expression)),
        op: ast::BinaryOperator::Multiply,
        right: Box::new(one),
    }
}

fn null_if_zero(expression: &ast::Expr) -> ast::Expr {
    let constant = matches!(expression, ast::Expr::Value(value)
        if matches!(&value.value, ast::Value::Number(text, _) if text.parse::<f64>().is_ok_and(|number| number != 0.0)));
    if constant {
        return expression.clone();
    }
    match parse("NULLIF(1, 0)") {
        Ok(ast::Expr::Function(mut function)) => {
            if let ast::FunctionArguments::List(list) = &mut function.args
                && let Some(first) = list.args.first_mut()
            {
                *first = ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expression.clone()));
            }
            ast::Expr::Function(function)
        }
        Ok(other) => other,
        Err(_) => expression.clone(),
    }
}

fn in_parentheses(expression: &ast::Expr) -> ast::Expr {
    match expression {
        simple @ (ast::Expr::Identifier(_)
        | ast::Expr::Value(_)
        | ast::Expr::Nested(_)
        | ast::Expr::Function(_)
        | ast::Expr::CompoundIdentifier(_)) => simple.clone(),
        // Multiplication and division associate to the left: a product may go on.
        product @ ast::Expr::BinaryOp {
            op: ast::BinaryOperator::Multiply | ast::BinaryOperator::Divide,
            ..
        } => product.clone(),
        open => ast::Expr::Nested(Box::new(open.clone())),
    }
}
