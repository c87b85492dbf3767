//! Findings about groups beside each other: who leads, what the shares are, who moved most.

use std::collections::HashMap;

use medha_connectors::{ResultSet, Value};

use super::find::{Facts, Previous, change, compare_words, uncovered};
use super::finding::{Finding, FindingKind};
use super::period::PreviousWindow;
use super::statistics::{median, robust_scores};
use super::words::{capital, counted, listed};
use crate::chart::{Column, ColumnRole, column_words, number, percent};
use crate::plan::Expr;
use crate::planner::Intent;

/// Outliers are looked for only among so many values.
const OUTLIERS_FROM: usize = 12;
/// Beyond so many robust standard deviations a value is far away.
const FAR: f64 = 3.5;

/// What the rows are, with their numbers.
struct Groups<'a> {
    facts: &'a Facts<'a>,
    column: &'a Column,
    /// What it is called.
    measure: String,
    /// Groups that have a number, in the order of the rows.
    named: Vec<(String, f64)>,
    /// Whether all groups are there, so that sums and shares mean something.
    whole: bool,
}

/// Looks at one measure over groups.
pub(crate) fn findings(facts: &Facts<'_>, measure: usize, others: &[usize]) -> Vec<Finding> {
    let plan = &facts.step.plan;
    let rows = facts.result.rows.len();
    let named: Vec<(String, f64)> =
        facts.result.rows.iter().filter_map(|row| Some((name(facts, row), number(&row[measure])?))).collect();
    let column = &facts.columns[measure];
    let cut =
        plan.limit.is_some_and(|limit| limit <= rows as u64) || plan.offset.is_some_and(|offset| offset > 0);
    let whole = !cut
        && facts.result.truncated.is_none()
        && plan.having.is_empty()
        && plan.top_per_group.is_none()
        && plan.set.is_none();
    let words = column_words(facts.step, facts.columns, measure);
    let groups = Groups { facts, column, measure: words, named, whole };
    if groups.named.is_empty() {
        let text =
            format!("There is no value for {} in any of the {}.", groups.measure, counted(rows, "row"));
        return vec![Finding::new(FindingKind::NoEvidence, text, [("rows", rows as f64)])];
    }
    let mut findings: Vec<Finding> = groups.beside(measure, others).into_iter().collect();
    findings.extend(groups.leader());
    findings.extend(groups.total());
    findings.extend(groups.shares());
    findings.extend(groups.changes(measure));
    findings.extend(groups.outliers());
    let missing = rows - groups.named.len();
    if missing > 0 {
        let text = format!("{} of {} have no value for {}.", missing, counted(rows, "row"), groups.measure);
        findings.push(Finding::new(
            FindingKind::Coverage,
            text,
            [("missing", missing as f64), ("rows", rows as f64)],
        ));
    }
    findings
}

/// What a row is called: its names, without identifiers where there are better ones.
pub(crate) fn name(facts: &Facts<'_>, row: &[Value]) -> String {
    let is_name = |column: &Column| {
        matches!(column.role, ColumnRole::Category | ColumnRole::Part(_) | ColumnRole::Bucket(_))
    };
    let is_key = |column: &Column| {
        let lower = column.name.to_ascii_lowercase();
        lower == "id" || lower.ends_with("_id")
    };
    let columns = facts.columns;
    let names: Vec<usize> = (0..columns.len()).filter(|&index| is_name(&columns[index])).collect();
    let better: Vec<usize> = names.iter().copied().filter(|&index| !is_key(&columns[index])).collect();
    let used = if better.is_empty() { names } else { better };
    let mut text = String::new();
    for (place, &index) in used.iter().enumerate() {
        if place > 0 {
            let before = &columns[used[place - 1]].labels;
            let together = before.is_some() && *before == columns[index].labels;
            text.push_str(if together { " " } else { ", " });
        }
        // A bare number names nothing.
        if number(&row[index]).is_some() && columns[index].role == ColumnRole::Category {
            let words = columns[index].words();
            text.push_str(words.strip_suffix(" id").unwrap_or(&words));
            text.push(' ');
        }
        text.push_str(&columns[index].label(&row[index]));
    }
    text
}

impl Groups<'_> {
    fn show(&self, value: f64) -> String {
        self.column.format.show(value)
    }

    /// Whether the question was for the least ones.
    fn wants_least(&self) -> bool {
        let plan = &self.facts.step.plan;
        let ordered = plan.order.first().filter(|order| {
            plan.outputs.iter().any(|output| output.expr == order.expr && output.name == self.column.name)
                || order.expr.is_aggregate()
        });
        ordered.is_some_and(|order| !order.descending) && plan.limit.is_some()
    }

    fn leader(&self) -> Vec<Finding> {
        let least = self.wants_least();
        let mut sorted: Vec<&(String, f64)> = self.named.iter().collect();
        sorted.sort_by(|a, b| if least { a.1.total_cmp(&b.1) } else { b.1.total_cmp(&a.1) });
        let measure = &self.measure;
        let (first, value) = sorted[0];
        let Some((second, next)) = sorted.get(1).map(|(name, number)| (name, *number)) else {
            let text = format!("{}: {measure} is {}.", capital(first), self.show(*value));
            return vec![Finding::new(FindingKind::Leader, text, [("first", *value)])];
        };
        let ties: Vec<&str> =
            sorted.iter().filter(|(_, number)| number == value).map(|(name, _)| name.as_str()).collect();
        if ties.len() == sorted.len() {
            let text = format!("All {} have the same {measure}: {}.", sorted.len(), self.show(*value));
            return vec![Finding::new(
                FindingKind::Leader,
                text,
                [("first", *value), ("groups", sorted.len() as f64)],
            )];
        }
        if ties.len() > 1 {
            let named = if ties.len() <= 3 {
                listed(&ties)
            } else {
                format!("{} and {} others", ties[0], ties.len() - 1)
            };
            let place = if least { "last" } else { "first" };
            let text = format!(
                "{} share the {place} place in {measure} with {}.",
                capital(&named),
                self.show(*value)
            );
            return vec![Finding::new(
                FindingKind::Leader,
                text,
                [("first", *value), ("ties", ties.len() as f64)],
            )];
        }
        let verb = if least { format!("has the lowest {measure}") } else { format!("leads in {measure}") };
        let margin = margin(self.column, *value, next);
        let text = format!(
            "{} {verb} with {}, {margin} {second} ({}).",
            capital(first),
            self.show(*value),
            self.show(next)
        );
        let mut finding = Finding::new(
            FindingKind::Leader,
            text,
            [("first", *value), ("second", next), ("margin", value - next)],
        );
        if next > 0.0 && !self.column.format.is_relative() {
            finding.evidence.insert("margin_percent".into(), 100.0 * (value - next) / next);
        }
        let mut findings = vec![finding];
        if let Some((last, number)) = sorted.last()
            && self.whole
            && (3..=30).contains(&sorted.len())
        {
            let text = format!(
                "{} has the {} {measure}: {}.",
                capital(last),
                if least { "highest" } else { "lowest" },
                self.show(*number)
            );
            findings.push(Finding::new(
                FindingKind::Leader,
                text,
                [("last", *number), ("groups", sorted.len() as f64)],
            ));
        }
        findings
    }

    fn total(&self) -> Option<Finding> {
        if !self.column.additive
            || self.column.format.is_relative()
            || self.named.len() < 2
            || self.facts.result.truncated.is_some()
        {
            return None;
        }
        let total: f64 = self.sum();
        let over = self.group_words();
        let text = if self.whole {
            format!("{} adds up to {} over {over}.", capital(&self.measure), self.show(total))
        } else {
            format!("The {} shown add up to {} of {}.", self.named.len(), self.show(total), self.measure)
        };
        Some(Finding::new(FindingKind::Total, text, [("total", total), ("groups", self.named.len() as f64)]))
    }

    fn shares(&self) -> Vec<Finding> {
        let total = self.sum();
        let negative = self.named.iter().any(|(_, number)| *number < 0.0);
        if !self.whole
            || !self.column.additive
            || self.column.format.is_relative()
            || negative
            || total <= 0.0
            || self.named.len() < 2
        {
            return Vec::new();
        }
        let mut sorted: Vec<&(String, f64)> = self.named.iter().collect();
        sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (first, value) = sorted[0];
        let share = 100.0 * value / total;
        let text = format!("{} makes up {} of the total.", capital(first), percent(share));
        let mut findings =
            vec![Finding::new(FindingKind::Share, text, [("share_percent", share), ("total", total)])];
        let mut covered = 0.0;
        let mut few = 0;
        while few < sorted.len() && covered < 0.8 * total {
            covered += sorted[few].1;
            few += 1;
        }
        if sorted.len() >= 5 && few >= 2 && few * 5 <= sorted.len() * 2 {
            let share = 100.0 * covered / total;
            let text =
                format!("The first {few} of {} make up {} of the total.", self.group_words(), percent(share));
            let evidence = [("share_percent", share), ("few", few as f64), ("groups", sorted.len() as f64)];
            findings.push(Finding::new(FindingKind::Share, text, evidence));
        }
        findings
    }

    fn changes(&self, measure: usize) -> Vec<Finding> {
        match self.facts.previous {
            Previous::Known(window, before) if before.truncated.is_none() => {
                self.moved(measure, window, before)
            }
            Previous::Uncovered(compared) => uncovered(compared).into_iter().collect(),
            Previous::Known(..) | Previous::Unknown => Vec::new(),
        }
    }

    /// The whole against the window before, and who gained and lost most.
    fn moved(&self, measure: usize, window: &PreviousWindow, before: &ResultSet) -> Vec<Finding> {
        let earlier: HashMap<String, f64> = before
            .rows
            .iter()
            .filter_map(|row| Some((name(self.facts, row), number(row.get(measure)?)?)))
            .collect();
        let mut findings = Vec::new();
        if self.whole && self.column.additive && !self.column.format.is_relative() {
            let sum: f64 = earlier.values().sum();
            let mut finding =
                change(self.column, self.sum(), Some(sum).filter(|_| !earlier.is_empty()), window);
            finding.text = finding.text.replacen("That is", "The total is", 1);
            findings.push(finding);
        }
        if earlier.is_empty() {
            if findings.is_empty() {
                findings.push(change(self.column, self.sum(), None, window));
            }
            return findings;
        }
        // A group that was not there before counts from zero only where sums are looked at.
        let start = |name: &String| earlier.get(name).copied().or(self.column.additive.then_some(0.0));
        let moves: Vec<(&String, f64, f64)> =
            self.named.iter().filter_map(|(name, value)| Some((name, start(name)?, *value))).collect();
        findings.extend(self.movers(&moves, &format!("Against {}", window.range.label)));
        if let ([(name, from, to)], true) = (moves.as_slice(), findings.is_empty()) {
            let words = compare_words(self.column, *to, *from);
            let text = format!("{name}: {words} in {}, {}.", window.range.label, self.show(*from));
            let evidence = [("value", *to), ("previous", *from)];
            findings.push(Finding::new(FindingKind::Change, text, evidence));
        }
        findings
    }

    /// Two numbers of each group that were asked for beside each other: who moved most from the earlier to the later.
    fn beside(&self, measure: usize, others: &[usize]) -> Option<Finding> {
        let facts = self.facts;
        let same = |other: &&usize| facts.columns[**other].format == self.column.format;
        let second = *others.iter().find(same).filter(|_| facts.step.intent == Intent::Comparison)?;
        let start = |index: usize| match &facts.step.plan.outputs.get(index)?.expr {
            Expr::Where { time: Some(time), .. } => time.start,
            _ => None,
        };
        let in_order = start(measure).zip(start(second)).map_or(measure < second, |(one, other)| one < other);
        let (from, to) = if in_order { (measure, second) } else { (second, measure) };
        let rows: Vec<(String, f64, f64)> = facts
            .result
            .rows
            .iter()
            .filter_map(|row| Some((name(facts, row), number(&row[from])?, number(&row[to])?)))
            .collect();
        let moves: Vec<(&String, f64, f64)> =
            rows.iter().map(|(name, from, to)| (name, *from, *to)).collect();
        let words = |index: usize| column_words(facts.step, facts.columns, index);
        self.movers(&moves, &format!("From {} to {}", words(from), words(to)))
    }

    /// Who gained and who lost most; nothing where there is only one group or none moved.
    fn movers(&self, moves: &[(&String, f64, f64)], against: &str) -> Option<Finding> {
        let by_move =
            |a: &&(&String, f64, f64), b: &&(&String, f64, f64)| (a.2 - a.1).total_cmp(&(b.2 - b.1));
        let gained = moves.iter().max_by(by_move).filter(|(_, from, to)| to > from);
        let lost = moves.iter().min_by(by_move).filter(|(_, from, to)| to < from);
        let said = |(name, from, to): &(&String, f64, f64), verb: &str| {
            let by = if self.column.format.is_relative() || *from <= 0.0 {
                self.column.format.show_difference((to - from).abs())
            } else {
                percent(100.0 * (to - from).abs() / from)
            };
            format!("{name} {verb} most, by {by} ({} to {})", self.show(*from), self.show(*to))
        };
        let gains = gained.map(|moved| said(moved, "gained"));
        let clauses: Vec<String> = gains.into_iter().chain(lost.map(|moved| said(moved, "lost"))).collect();
        if moves.len() < 2 || clauses.is_empty() {
            return None;
        }
        let mut finding =
            Finding::new(FindingKind::Change, format!("{against}, {}.", clauses.join("; ")), []);
        for (moved, prefix) in [(gained, "gained"), (lost, "lost")] {
            if let Some((_, from, to)) = moved {
                finding.evidence.insert(format!("{prefix}_from"), *from);
                finding.evidence.insert(format!("{prefix}_to"), *to);
            }
        }
        Some(finding)
    }

    fn outliers(&self) -> Option<Finding> {
        if self.named.len() < OUTLIERS_FROM || !self.whole {
            return None;
        }
        let values: Vec<f64> = self.named.iter().map(|(_, number)| *number).collect();
        let middle = median(&values)?;
        let scores = robust_scores(&values)?;
        let mut far: Vec<(usize, f64)> =
            scores.into_iter().enumerate().filter(|(_, score)| score.abs() > FAR).collect();
        // Where many are far the numbers are merely spread wide.
        if far.is_empty() || far.len() * 10 > values.len() {
            return None;
        }
        far.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let (index, score) = far[0];
        let (name, value) = &self.named[index];
        let text = format!(
            "{} stands apart with {}, against a median of {}.",
            capital(name),
            self.show(*value),
            self.show(middle)
        );
        Some(Finding::new(
            FindingKind::Outlier,
            text,
            [("value", *value), ("median", middle), ("robust_z", score)],
        ))
    }

    fn sum(&self) -> f64 {
        self.named.iter().map(|(_, number)| number).sum()
    }

    /// `5 segments`.
    fn group_words(&self) -> String {
        let names: Vec<&Column> = self
            .facts
            .columns
            .iter()
            .filter(|column| matches!(column.role, ColumnRole::Category | ColumnRole::Part(_)))
            .collect();
        match names.as_slice() {
            [one] if !one.words().contains(' ') && one.words() != "name" => {
                counted(self.named.len(), &one.words())
            }
            _ => counted(self.named.len(), "group"),
        }
    }
}

/// `43.0% above`, `2.0 percentage points below`.
fn margin(column: &Column, value: f64, next: f64) -> String {
    let side = if value > next { "above" } else { "below" };
    let difference = (value - next).abs();
    if column.format.is_relative() || next <= 0.0 {
        return format!("{} {side}", column.format.show_difference(difference));
    }
    format!("{} {side}", percent(100.0 * difference / next))
}
