//! From a result to findings: which kind of result it is decides what is looked for.

use jiff::civil::DateTime;
use medha_connectors::ResultSet;

use super::conditions::conditions;
use super::finding::{Finding, FindingKind};
use super::period::{Compared, DataSpan, PreviousWindow};
use super::words::{capital, counted, listed};
use super::{groups, series};
use crate::chart::{Column, ColumnRole, column_words, measures, number, percent};
use crate::planner::{Intent, PlannedStep};

/// At most so many findings are told.
const MOST: usize = 6;

/// All that findings are drawn from.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// What was asked.
    pub step: &'a PlannedStep,
    /// What the columns mean, from [`columns_of`](crate::chart::columns_of).
    pub columns: &'a [Column],
    /// The rows.
    pub result: &'a ResultSet,
    /// The window before, where there is one to compare with.
    pub previous: Previous<'a>,
    /// From when to when there is data, where that is known.
    pub data: Option<DataSpan>,
    /// The moment of the question.
    pub now: DateTime,
}

/// What is known about the window before.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Previous<'a> {
    /// Nothing was looked up.
    Unknown,
    /// The same query over the window before; its rows have the same columns.
    Known(&'a PreviousWindow, &'a ResultSet),
    /// There is no data that far back.
    Uncovered(&'a Compared),
}

/// Finds what a result shows, most important first.
///
/// Every number in a text is in its evidence; where nothing can be said, that is the finding.
#[must_use]
pub fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = look(facts);
    findings.truncate(MOST);
    findings
}

fn look(facts: &Facts<'_>) -> Vec<Finding> {
    let plan = &facts.step.plan;
    if facts.result.rows.is_empty() {
        return vec![empty(facts)];
    }
    let aggregates = plan.outputs.iter().any(|output| output.expr.is_aggregate());
    if facts.step.intent == Intent::List && !aggregates {
        return listing(facts);
    }
    let Some((first, others)) =
        measures(facts.step, facts.columns).filter(|_| facts.columns.len() == facts.result.columns.len())
    else {
        return listing(facts);
    };
    let names =
        facts.columns.iter().any(|column| matches!(column.role, ColumnRole::Category | ColumnRole::Part(_)));
    let bucket = facts.columns.iter().position(|column| matches!(column.role, ColumnRole::Bucket(_)));
    let mut findings = match bucket {
        Some(time) if facts.result.rows.len() > 1 => series::findings(facts, time, first),
        None if !names && facts.result.rows.len() == 1 => numbers(facts, first, &others),
        Some(_) | None => groups::findings(facts, first, &others),
    };
    if facts.result.truncated.is_some() {
        let rows = facts.result.rows.len();
        let text =
            format!("Only the first {} were read, so sums and shares are not given.", counted(rows, "row"));
        findings.insert(0, Finding::new(FindingKind::Coverage, text, [("rows", rows as f64)]));
    }
    findings
}

/// No rows: what was looked for.
fn empty(facts: &Facts<'_>) -> Finding {
    let conditions = conditions(&facts.step.plan);
    let looked_for =
        if conditions.is_empty() { String::new() } else { format!(" for {}", listed(&conditions)) };
    let mut text = format!("There are no rows{looked_for}.");
    if let (Some(data), Some(time)) = (facts.data, &facts.step.plan.time) {
        let outside = time.start.is_some_and(|start| start >= data.end)
            || time.end.is_some_and(|end| end <= data.first);
        if outside {
            text.push_str(&format!(" The data covers {}.", super::words::window(data.first, data.end)));
        }
    }
    Finding::new(FindingKind::NoEvidence, text, [("rows", 0.0)])
}

/// Rows as they are: how many.
fn listing(facts: &Facts<'_>) -> Vec<Finding> {
    let rows = facts.result.rows.len();
    let cut = facts.result.truncated.is_some();
    let limited = facts.step.plan.limit.is_some_and(|limit| limit <= rows as u64);
    if let ([row], true, false) = (facts.result.rows.as_slice(), limited, facts.step.plan.order.is_empty()) {
        let text = format!("{} comes first.", capital(&groups::name(facts, row)));
        return vec![Finding::new(FindingKind::Leader, text, [("rows", 1.0)])];
    }
    let text = match (cut, limited) {
        (true, _) => format!("There are more than {}; only these were read.", counted(rows, "row")),
        (false, true) => format!("The first {} as asked; there may be more.", counted(rows, "row")),
        (false, false) if rows == 1 => "There is 1 row.".into(),
        (false, false) => format!("There are {}.", counted(rows, "row")),
    };
    vec![Finding::new(FindingKind::Total, text, [("rows", rows as f64)])]
}

/// One row of numbers: each of them, and how it changed.
fn numbers(facts: &Facts<'_>, first: usize, others: &[usize]) -> Vec<Finding> {
    let row = &facts.result.rows[0];
    let mut findings = Vec::new();
    let words = |index: usize| column_words(facts.step, facts.columns, index);
    let when = facts.step.plan.time.as_ref().map(|time| format!(", {}", time.label)).unwrap_or_default();
    for &index in std::iter::once(&first).chain(others) {
        let column = &facts.columns[index];
        let Some(value) = number(&row[index]) else {
            let text = format!("There is no value for {}{when}: no row has one.", words(index));
            findings.push(Finding::new(FindingKind::NoEvidence, text, [("rows", 0.0)]));
            continue;
        };
        let text = format!("{} is {}{when}.", capital(&words(index)), column.format.show(value));
        findings.push(Finding::new(FindingKind::Total, text, [("value", value)]));
    }
    let Some(value) = number(&row[first]) else { return findings };
    match facts.previous {
        Previous::Known(window, before) => {
            let before = before.rows.first().and_then(|row| row.get(first)).and_then(number);
            findings.insert(1, change(&facts.columns[first], value, before, window));
        }
        Previous::Uncovered(compared) => findings.extend(uncovered(compared)),
        Previous::Unknown => {}
    }
    if facts.step.intent == Intent::Comparison {
        findings.extend(beside(facts, first, others));
    }
    findings
}

/// Two numbers of one unit that were asked for beside each other.
fn beside(facts: &Facts<'_>, first: usize, others: &[usize]) -> Option<Finding> {
    let column = &facts.columns[first];
    let &second = others.iter().find(|&&index| facts.columns[index].format == column.format)?;
    let row = &facts.result.rows[0];
    let (a, b) = (number(&row[first])?, number(&row[second])?);
    let difference = compare_words(column, a, b);
    let words = |index: usize| column_words(facts.step, facts.columns, index);
    let text = format!("{} is {difference} {}.", capital(&words(first)), words(second));
    Some(Finding::new(FindingKind::Change, text, [("first", a), ("second", b), ("difference", a - b)]))
}

/// A number against its window before.
pub(crate) fn change(column: &Column, value: f64, before: Option<f64>, window: &PreviousWindow) -> Finding {
    let so_far = window.so_far.as_ref().map(|so_far| format!(" so far ({so_far})")).unwrap_or_default();
    let Some(before) = before else {
        let text = format!("There is nothing to compare with in {}.", window.range.label);
        return Finding::new(FindingKind::NoEvidence, text, [("value", value)]);
    };
    let difference = compare_words(column, value, before);
    let text =
        format!("That is{so_far} {difference} in {}: {}.", window.range.label, column.format.show(before));
    let mut finding = Finding::new(
        FindingKind::Change,
        text,
        [("value", value), ("previous", before), ("difference", value - before)],
    );
    if before > 0.0 && !column.format.is_relative() {
        finding.evidence.insert("change_percent".into(), 100.0 * (value - before) / before);
    }
    finding
}

/// `12.3% more than`, `2.0 percentage points less than`, `the same as`.
pub(crate) fn compare_words(column: &Column, value: f64, other: f64) -> String {
    if value == other {
        return "the same as".into();
    }
    let more = if value > other { "more than" } else { "less than" };
    let difference = (value - other).abs();
    if column.format.is_relative() || other <= 0.0 {
        return format!("{} {more}", column.format.show_difference(difference));
    }
    format!("{} {more}", percent(100.0 * difference / other))
}

/// Says that the data does not reach back far enough.
pub(crate) fn uncovered(compared: &Compared) -> Option<Finding> {
    let Compared::Uncovered { window, since } = compared else { return None };
    let text = format!(
        "It cannot be compared with the period before ({window}): the data begins on {}.",
        super::words::date(*since)
    );
    Some(Finding::new(FindingKind::NoEvidence, text, [("first_year_of_data", f64::from(since.year()))]))
}
