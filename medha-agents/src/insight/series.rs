//! Findings about numbers over time: from where to where, whether there is a trend, what stands out, what is missing.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use medha_connectors::Value;

use super::find::Facts;
use super::finding::{Finding, FindingKind};
use super::period::{bucket, bucket_words, grain_words, step};
use super::statistics::{MannKendall, holm, mann_kendall, median, robust_scores, sen_slope};
use super::words::{capital, counted, listed, window};
use crate::chart::{Column, ColumnRole, column_words, label, number, percent};
use crate::plan::Grain;

/// A trend is tested from so many points on.
const TREND_FROM: usize = 8;
/// Outliers are looked for from so many points on.
const OUTLIERS_FROM: usize = 12;
/// Beyond so many robust standard deviations a value stands out.
const FAR: f64 = 3.5;
/// Longer series are averaged into so many blocks.
const MOST_POINTS: usize = 1000;
/// The chance of error a trend is claimed at.
const LEVEL: f64 = 0.05;

/// A value of one bucket.
#[derive(Debug, Clone, Copy)]
struct Point {
    start: DateTime,
    end: DateTime,
    value: f64,
}

struct Timeline<'a> {
    facts: &'a Facts<'a>,
    column: &'a Column,
    /// What it is called.
    measure: String,
    grain: Grain,
    /// Each series by its name, in order of time; one without a name where there is only one.
    series: BTreeMap<String, Vec<Point>>,
}

/// Looks at one measure over time.
pub(crate) fn findings(facts: &Facts<'_>, time: usize, measure: usize) -> Vec<Finding> {
    let ColumnRole::Bucket(grain) = facts.columns[time].role else { return Vec::new() };
    let column = &facts.columns[measure];
    let names: Vec<usize> = (0..facts.columns.len())
        .filter(|&index| matches!(facts.columns[index].role, ColumnRole::Category | ColumnRole::Part(_)))
        .collect();
    let mut series: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    let (mut undated, mut missing) = (0_usize, 0_usize);
    for row in &facts.result.rows {
        let Some((start, end)) =
            (row[time] != Value::Null).then(|| bucket(&label(&row[time]), grain)).flatten()
        else {
            undated += 1;
            continue;
        };
        let Some(value) = number(&row[measure]) else {
            missing += 1;
            continue;
        };
        let name =
            names.iter().map(|&index| facts.columns[index].label(&row[index])).collect::<Vec<_>>().join(", ");
        series.entry(name).or_default().push(Point { start, end, value });
    }
    for points in series.values_mut() {
        points.sort_by_key(|point| point.start);
    }
    let words = column_words(facts.step, facts.columns, measure);
    let timeline = Timeline { facts, column, measure: words, grain, series };
    let mut findings = match timeline.series.len() {
        0 => {
            let rows = facts.result.rows.len();
            let text =
                format!("There is no value for {} in any of the {}.", timeline.measure, counted(rows, "row"));
            return vec![Finding::new(FindingKind::NoEvidence, text, [("rows", rows as f64)])];
        }
        1 => timeline.single(),
        _ => timeline.several(),
    };
    findings.extend(timeline.partial());
    findings.extend(timeline.gaps());
    for (count, what) in [(undated, "a date"), (missing, "a value")] {
        if count > 0 {
            let verb = if count == 1 { "is" } else { "are" };
            let text = format!("{} without {what} {verb} left out.", counted(count, "row"));
            findings.push(Finding::new(FindingKind::Coverage, text, [("rows", count as f64)]));
        }
    }
    findings
}

impl Timeline<'_> {
    fn show(&self, value: f64) -> String {
        self.column.format.show(value)
    }

    fn when(&self, point: &Point) -> String {
        bucket_words(point.start, self.grain)
    }

    /// Whether the whole bucket is in the window asked for, in the past, and covered by the data.
    fn is_complete(&self, point: &Point) -> bool {
        let asked = self.facts.step.plan.time.as_ref();
        let inside = asked.is_none_or(|time| {
            time.start.is_none_or(|start| start <= point.start)
                && time.end.is_none_or(|close| point.end <= close)
        });
        let covered = self.facts.data.is_none_or(|data| data.covers(point.start, point.end));
        inside && point.end <= self.facts.now && covered
    }

    fn complete(&self, points: &[Point]) -> Vec<Point> {
        points.iter().copied().filter(|point| self.is_complete(point)).collect()
    }

    fn single(&self) -> Vec<Finding> {
        let Some(points) = self.series.values().next() else { return Vec::new() };
        let whole = self.complete(points);
        let mut findings = Vec::new();
        if let [first, .., last] = whole.as_slice() {
            findings.push(self.span(first, last));
        }
        findings.push(self.trend(&whole));
        findings.extend(self.peak(&whole));
        findings.extend(self.outliers(&whole));
        if self.column.additive && self.facts.result.truncated.is_none() {
            let total: f64 = points.iter().map(|point| point.value).sum();
            let text = format!(
                "{} adds up to {} over {}.",
                capital(&self.measure),
                self.show(total),
                counted(points.len(), grain_words(self.grain))
            );
            findings.push(Finding::new(FindingKind::Total, text, [("total", total)]));
        }
        findings
    }

    /// From the first to the last whole bucket.
    fn span(&self, first: &Point, last: &Point) -> Finding {
        let measure = capital(&self.measure);
        let (from, to) = (self.show(first.value), self.show(last.value));
        let moved = self.moved(first.value, last.value);
        let text = if first.value == last.value {
            format!("{measure} was {from} in {} and in {} alike.", self.when(first), self.when(last))
        } else {
            format!(
                "{measure} went from {from} in {} to {to} in {}, {moved}.",
                self.when(first),
                self.when(last)
            )
        };
        Finding::new(FindingKind::Change, text, [("first", first.value), ("last", last.value)])
    }

    /// `12.0% up`.
    fn moved(&self, from: f64, to: f64) -> String {
        let side = if to >= from { "up" } else { "down" };
        if self.column.format.is_relative() || from <= 0.0 {
            return format!("{} {side}", self.column.format.show_difference((to - from).abs()));
        }
        format!("{} {side}", percent(100.0 * (to - from).abs() / from))
    }

    /// Whether there is a trend; where it cannot be told, that.
    fn trend(&self, points: &[Point]) -> Finding {
        let unit = grain_words(self.grain);
        let count = points.len() as f64;
        let values: Vec<f64> = points.iter().map(|point| point.value).collect();
        let test = tested(&values).filter(|_| points.len() >= TREND_FROM);
        let Some((test, slope)) = test else {
            let text = format!(
                "{} {} too few to tell a trend from chance; {TREND_FROM} are needed.",
                capital(&counted(points.len(), &format!("whole {unit}"))),
                if points.len() == 1 { "is" } else { "are" }
            );
            return Finding::new(FindingKind::NoEvidence, text, [("points", count)]);
        };
        let evidence = [("p", test.p), ("slope", slope), ("points", count)];
        if test.p >= LEVEL || slope == 0.0 {
            let text = format!(
                "There is no evidence of a trend over these {} (Mann-Kendall, p = {}).",
                counted(points.len(), unit),
                chance(test.p)
            );
            return Finding::new(FindingKind::NoEvidence, text, evidence);
        }
        let direction = if slope > 0.0 { "upward" } else { "downward" };
        let text = format!(
            "There is {} {direction} trend: about {} {} each {unit} (Mann-Kendall, p {}, {}).",
            if slope > 0.0 { "an" } else { "a" },
            self.column.format.show_difference(slope.abs()),
            if slope > 0.0 { "more" } else { "less" },
            claimed(test.p),
            counted(points.len(), unit),
        );
        Finding::new(FindingKind::Trend, text, evidence)
    }

    fn peak(&self, points: &[Point]) -> Option<Finding> {
        let highest = points.iter().rev().max_by(|a, b| a.value.total_cmp(&b.value))?;
        let lowest = points.iter().min_by(|a, b| a.value.total_cmp(&b.value))?;
        if points.len() < 3 || highest.value == lowest.value {
            return None;
        }
        let text = format!(
            "The highest is {} in {}, the lowest {} in {}.",
            self.show(highest.value),
            self.when(highest),
            self.show(lowest.value),
            self.when(lowest)
        );
        Some(Finding::new(FindingKind::Leader, text, [("highest", highest.value), ("lowest", lowest.value)]))
    }

    /// Values far from the others, a trend taken out first.
    fn outliers(&self, points: &[Point]) -> Option<Finding> {
        if points.len() < OUTLIERS_FROM {
            return None;
        }
        let values: Vec<f64> = points.iter().map(|point| point.value).collect();
        let trend = tested(&values).filter(|(test, _)| test.p < LEVEL).map_or(0.0, |(_, slope)| slope);
        let rest: Vec<f64> =
            values.iter().enumerate().map(|(place, value)| value - trend * place as f64).collect();
        let mut far: Vec<(usize, f64)> =
            robust_scores(&rest)?.into_iter().enumerate().filter(|(_, score)| score.abs() > FAR).collect();
        if far.is_empty() || far.len() * 10 > points.len() {
            return None;
        }
        far.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        far.truncate(3);
        let middle = median(&values)?;
        let base = median(&rest)?;
        let expected = |place: usize| base + trend * place as f64;
        let said: Vec<String> = far
            .iter()
            .map(|&(place, _)| {
                let (when, value) = (self.when(&points[place]), self.show(points[place].value));
                let trend = if trend == 0.0 {
                    String::new()
                } else {
                    format!(", where the trend leads to {}", self.show(expected(place)))
                };
                format!("{when} ({value}{trend})")
            })
            .collect();
        let verb = if said.len() == 1 { "stands" } else { "stand" };
        let against =
            if trend == 0.0 { format!(" against a median of {}", self.show(middle)) } else { String::new() };
        let text = format!("{} {verb} out{against}.", capital(&listed(&said)));
        let (place, score) = far[0];
        let evidence = [
            ("value", points[place].value),
            ("expected", expected(place)),
            ("median", middle),
            ("robust_z", score),
            ("outliers", far.len() as f64),
        ];
        Some(Finding::new(FindingKind::Outlier, text, evidence))
    }

    fn several(&self) -> Vec<Finding> {
        let whole: Vec<(&String, Vec<Point>)> =
            self.series.iter().map(|(name, points)| (name, self.complete(points))).collect();
        let mut findings = Vec::new();
        findings.extend(self.biggest());
        findings.extend(self.movers(&whole));
        findings.push(self.trends(&whole));
        findings
    }

    /// The series with most over the whole time.
    fn biggest(&self) -> Option<Finding> {
        if !self.column.additive || self.facts.result.truncated.is_some() {
            return None;
        }
        let mut sums: Vec<(&String, f64)> = self
            .series
            .iter()
            .map(|(name, points)| (name, points.iter().map(|point| point.value).sum()))
            .collect();
        sums.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (&(first, value), &(second, next)) = (sums.first()?, sums.get(1)?);
        let text = format!(
            "{} has the most {} over the whole time, {}, before {second} with {}.",
            capital(first),
            self.measure,
            self.show(value),
            self.show(next)
        );
        Some(Finding::new(FindingKind::Leader, text, [("first", value), ("second", next)]))
    }

    /// Which series rose and fell most from its first to its last whole bucket.
    fn movers(&self, whole: &[(&String, Vec<Point>)]) -> Option<Finding> {
        let first = whole.iter().filter_map(|(_, points)| points.first()).map(|point| point.start).min()?;
        let last = whole.iter().filter_map(|(_, points)| points.last()).map(|point| point.start).max()?;
        let ends = |points: &Vec<Point>| {
            let from = points.first().filter(|point| point.start == first)?;
            let to = points.last().filter(|point| point.start == last)?;
            Some((*from, *to))
        };
        let moves: Vec<(&String, Point, Point)> = whole
            .iter()
            .filter_map(|(name, points)| ends(points).map(|(from, to)| (*name, from, to)))
            .collect();
        if first == last {
            return None;
        }
        let by = |a: &&(&String, Point, Point), b: &&(&String, Point, Point)| {
            (a.2.value - a.1.value).total_cmp(&(b.2.value - b.1.value))
        };
        let rose = moves.iter().max_by(by).filter(|(_, from, to)| to.value > from.value);
        let fell = moves.iter().min_by(by).filter(|(_, from, to)| to.value < from.value);
        let said = |(name, from, to): &(&String, Point, Point), verb: &str| {
            format!(
                "{name} {verb} most, {} ({} to {})",
                self.moved(from.value, to.value),
                self.show(from.value),
                self.show(to.value)
            )
        };
        let clauses: Vec<String> = rose
            .map(|moved| said(moved, "rose"))
            .into_iter()
            .chain(fell.map(|moved| said(moved, "fell")))
            .collect();
        let (_, from, to) = rose.or(fell)?;
        let text = format!("From {} to {}, {}.", self.when(from), self.when(to), clauses.join("; "));
        let mut finding = Finding::new(FindingKind::Change, text, []);
        for (moved, prefix) in [(rose, "rose"), (fell, "fell")] {
            if let Some((_, from, to)) = moved {
                finding.evidence.insert(format!("{prefix}_from"), from.value);
                finding.evidence.insert(format!("{prefix}_to"), to.value);
            }
        }
        Some(finding)
    }

    /// Trends of all series, the tests read together.
    fn trends(&self, whole: &[(&String, Vec<Point>)]) -> Finding {
        let unit = grain_words(self.grain);
        let longest = whole.iter().map(|(_, points)| points.len()).max().unwrap_or_default();
        let mut tests = Vec::new();
        for (name, points) in whole.iter().filter(|(_, points)| points.len() >= TREND_FROM) {
            let values: Vec<f64> = points.iter().map(|point| point.value).collect();
            if let Some((test, slope)) = tested(&values) {
                tests.push((*name, slope, test.p));
            }
        }
        if tests.is_empty() {
            let text = format!(
                "{} {} too few to tell trends from chance; {TREND_FROM} are needed.",
                capital(&counted(longest, &format!("whole {unit}"))),
                if longest == 1 { "is" } else { "are" }
            );
            return Finding::new(FindingKind::NoEvidence, text, [("points", longest as f64)]);
        }
        let adjusted = holm(&tests.iter().map(|(_, _, p)| *p).collect::<Vec<_>>());
        let least = adjusted.iter().copied().fold(1.0, f64::min);
        let evidence = [("series", tests.len() as f64), ("least_p", least)];
        let sure: Vec<String> = tests
            .iter()
            .zip(&adjusted)
            .filter(|((_, slope, _), p)| **p < LEVEL && *slope != 0.0)
            .map(|((name, slope, _), _)| {
                let sign = if *slope > 0.0 { "up" } else { "down" };
                format!("{name} {sign} about {} each {unit}", self.column.format.show_difference(slope.abs()))
            })
            .take(5)
            .collect();
        if sure.is_empty() {
            let text = format!(
                "There is no evidence of a trend in any of the {} series (Mann-Kendall, Holm-adjusted p at least {}).",
                tests.len(),
                chance(least)
            );
            return Finding::new(FindingKind::NoEvidence, text, evidence);
        }
        let text = format!(
            "Trends that chance hardly explains: {} (Mann-Kendall, Holm-adjusted p < 0.05).",
            listed(&sure)
        );
        Finding::new(FindingKind::Trend, text, evidence)
    }

    /// Buckets at the ends that are not whole.
    fn partial(&self) -> Option<Finding> {
        let mut cut: Vec<&Point> =
            self.series.values().flatten().filter(|point| !self.is_complete(point)).collect();
        cut.sort_by_key(|point| point.start);
        cut.dedup_by_key(|point| point.start);
        if cut.is_empty() {
            return None;
        }
        let end = self.facts.data.map_or(self.facts.now, |data| data.end);
        let named: Vec<String> = cut.iter().map(|point| self.when(point)).collect();
        let running = cut.len() == 1 && cut[0].end > end && cut[0].start < end;
        let text = if running {
            format!(
                "{} is not over ({} so far) and is left out of comparisons.",
                capital(&named[0]),
                window(cut[0].start, end)
            )
        } else {
            let verb = if named.len() == 1 { "is" } else { "are" };
            format!("{} {verb} only partly covered and left out of comparisons.", capital(&listed(&named)))
        };
        Some(Finding::new(FindingKind::Coverage, text, [("buckets", cut.len() as f64)]))
    }

    /// Buckets in between that have no rows.
    fn gaps(&self) -> Option<Finding> {
        let mut starts: Vec<DateTime> = self.series.values().flatten().map(|point| point.start).collect();
        starts.sort();
        starts.dedup();
        let (first, last) = (*starts.first()?, *starts.last()?);
        let mut missing = Vec::new();
        let mut at = first;
        while at < last && missing.len() < 10_000 {
            if starts.binary_search(&at).is_err() {
                missing.push(at);
            }
            at = at.checked_add(step(self.grain)).ok()?;
        }
        if missing.is_empty() {
            return None;
        }
        let mut named: Vec<String> =
            missing.iter().take(3).map(|&start| bucket_words(start, self.grain)).collect();
        if missing.len() > 3 {
            named.push(format!("{} more", missing.len() - 3));
        }
        let text = format!(
            "There are no rows for {}: {}.",
            counted(missing.len(), grain_words(self.grain)),
            listed(&named)
        );
        Some(Finding::new(FindingKind::Coverage, text, [("missing", missing.len() as f64)]))
    }
}

/// The test and the slope a step. Both look at all pairs, so a very long series is first averaged into blocks.
fn tested(values: &[f64]) -> Option<(MannKendall, f64)> {
    let size = values.len().div_ceil(MOST_POINTS).max(1);
    let means: Vec<f64> =
        values.chunks_exact(size).map(|block| block.iter().sum::<f64>() / size as f64).collect();
    Some((mann_kendall(&means)?, sen_slope(&means)? / size as f64))
}

fn chance(p: f64) -> String {
    format!("{p:.2}")
}

/// A chance small enough for a claim: `= 0.003`, `< 0.001`.
fn claimed(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("= {p:.3}") }
}
