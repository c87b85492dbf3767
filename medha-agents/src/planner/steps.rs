//! Questions that ask for two things: a ranking, and how it developed.

use jiff::civil::DateTime;

use super::build::{intent, title};
use super::lexicon::Lexicon;
use super::text::{Token, TokenKind, words::is_imperative};
use super::time::{Clock, Window, read_window, start_of};
use super::understanding::{Intent, PlannedStep};
use crate::plan::{AnalysisPlan, Expr, FieldRef, Grain, Order, Output, TimeRange};

/// Where a question turns to the development over time, and the window it names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// The tokens before.
    pub(crate) first: Vec<Token>,
    /// How time is cut.
    grain: Grain,
    /// The window of the trend.
    window: Option<Window>,
}

/// Finds `... and show me the trend over the last 6 months`.
pub(crate) fn turn_to_trend(tokens: &[Token], lexicon: &Lexicon, now: DateTime) -> Option<Turn> {
    let clock = Clock { now, calendar: &lexicon.model.calendar };
    let and = (1..tokens.len()).find(|&place| {
        let opens = tokens[place].is("and")
            || tokens[place].is_symbol('.')
            || tokens[place].is_symbol(',')
            || tokens[place].is_symbol('?')
            || tokens[place].is_symbol(';');
        let verb = tokens[place + 1..]
            .iter()
            .find(|token| !matches!(token.lower.as_str(), "also" | "then" | "please" | "and"));
        opens
            && verb.is_some_and(|token| {
                is_imperative(&token.lower) || matches!(token.lower.as_str(), "how" | "their" | "its" | "the")
            })
    })?;
    let rest = &tokens[and + 1..];
    let trend = rest
        .iter()
        .position(|token| matches!(token.lower.as_str(), "trend" | "trends" | "development" | "evolution"))?;
    let window = (0..rest.len()).find_map(|place| {
        read_window(rest, place, &clock).filter(|window| window.len > 1 || window.year.is_some())
    });
    let covered = window.as_ref().map_or(0, |window| window.len);
    // Whatever else is said would be lost.
    let extra = rest
        .iter()
        .filter(|token| {
            token.kind == TokenKind::Word
                && !super::text::words::is_stop_word(&token.lower)
                && !is_imperative(&token.lower)
        })
        .count();
    if extra > 4 + covered || trend > 6 {
        return None;
    }
    let grain = rest
        .iter()
        .find_map(|token| super::text::words::grain_adjective(&token.lower))
        .unwrap_or(Grain::Month);
    Some(Turn { first: tokens[..and].to_vec(), grain, window })
}

/// Both steps: the first without a limit, the second over time.
pub(crate) fn ranking_and_trend(
    mut first: PlannedStep,
    turn: &Turn,
    lexicon: &Lexicon,
) -> Option<Vec<PlannedStep>> {
    let measure =
        first.plan.outputs.iter().find(|output| output.expr.is_aggregate()).cloned().or_else(|| {
            first
                .plan
                .order
                .iter()
                .find(|order| order.expr.is_aggregate())
                .map(|order| Output { expr: order.expr.clone(), name: "value".into() })
        })?;
    let measure = named(measure);
    let time = time_of(&measure.expr, &first.plan, lexicon)?;
    let bucket = Expr::Bucket { field: time.clone(), grain: turn.grain };
    let groups: Vec<Output> =
        first.plan.outputs.iter().filter(|output| !output.expr.is_aggregate()).cloned().collect();
    let mut outputs =
        vec![Output { expr: bucket.clone(), name: super::build::grain_name(turn.grain).into() }];
    outputs.extend(groups.clone());
    outputs.push(measure.clone());
    let midnight = |day: jiff::civil::Date| day.to_datetime(jiff::civil::Time::midnight());
    let window = turn.window.as_ref().map(|window| TimeRange {
        field: time,
        start: window
            .start
            .map(
                |day| {
                    if window.is_rolling { start_of(day, turn.grain, &lexicon.model.calendar) } else { day }
                },
            )
            .map(midnight),
        end: window.end.map(midnight),
        label: window.label.clone(),
    });
    let trend = AnalysisPlan {
        subject: first.plan.subject.clone(),
        outputs,
        group_by: first.plan.group_by.clone(),
        filters: first.plan.filters.clone(),
        time: window.or_else(|| first.plan.time.clone()),
        order: std::iter::once(Order { expr: bucket, descending: false })
            .chain(groups.into_iter().map(|output| Order { expr: output.expr, descending: false }))
            .collect(),
        ..AnalysisPlan::default()
    };
    if !first.plan.outputs.iter().any(|output| output.expr.is_aggregate()) {
        first.plan.outputs.push(measure.clone());
    }
    if first.plan.limit == Some(1) {
        first.plan.limit = None;
    }
    if first.plan.order.is_empty() {
        first.plan.order.push(Order { expr: measure.expr, descending: true });
    }
    first.title = title(&first.plan);
    first.intent = match intent(&first.plan, false) {
        Intent::Breakdown => Intent::Ranking,
        other => other,
    };
    let second = PlannedStep { title: title(&trend), intent: Intent::Trend, plan: trend };
    Some(vec![first, second])
}

fn named(output: Output) -> Output {
    match &output.expr {
        Expr::Metric(name) => Output { name: name.clone(), ..output },
        Expr::Count { .. } => Output { name: "count".into(), ..output },
        _ => output,
    }
}

/// The time a measure is counted at.
fn time_of(measure: &Expr, plan: &AnalysisPlan, lexicon: &Lexicon) -> Option<FieldRef> {
    let split = |path: &str| {
        path.split_once('.').map(|(dataset, field)| FieldRef {
            dataset: dataset.into(),
            field: field.into(),
            via: None,
        })
    };
    if let Expr::Metric(name) = measure
        && let Some(field) = lexicon.model.metric(name)?.time.as_deref().and_then(split)
    {
        return Some(field);
    }
    let own = lexicon.model.dataset(&plan.subject)?;
    let field = own.default_time.clone()?;
    Some(FieldRef { dataset: own.name.clone(), field, via: None })
}
