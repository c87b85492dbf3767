//! A chart as text: bars for names, a braille line for one series over time, small bars for several.

use std::collections::BTreeMap;

use medha_agents::chart::{ChartKind, ChartSpec, Column, Encoding, NumberFormat, label, number};
use medha_agents::plan::DatePart;
use medha_connectors::{ResultSet, Value};

use super::bars::{Bar, bars};
use super::lines::{Labels, Mark, lines};
use super::sparklines::{Series, sparklines};
use super::text::harmless;

/// More bars than this say less than the table does.
const MOST_BARS: usize = 24;
const MOST_SERIES: usize = 12;
/// Fewer points make a poor line and good bars.
const FEWEST_POINTS: usize = 4;

/// Draws a chart over a result in `space` columns; empty where a terminal has no picture for it.
pub(crate) fn chart(spec: &ChartSpec, columns: &[Column], result: &ResultSet, space: usize) -> String {
    let Some(picture) = Picture::new(spec, columns, result) else { return String::new() };
    match spec.kind {
        ChartKind::Bar
        | ChartKind::Pie
        | ChartKind::Histogram
        | ChartKind::GroupedBar
        | ChartKind::StackedBar => picture.bars(space),
        ChartKind::Line | ChartKind::Area => picture.over_time(space),
        ChartKind::Scatter => picture.points(space),
        // One number and a table are shown as what they are; cells of colours need colours.
        ChartKind::Metric | ChartKind::Table | ChartKind::Heatmap => String::new(),
        _ => String::new(),
    }
}

/// A chart's columns, found in the result.
struct Picture<'a> {
    rows: &'a [Vec<Value>],
    x: Name,
    numbers: Vec<&'a Column>,
    /// Where those numbers are.
    places: Vec<usize>,
    color: Option<Name>,
}

/// Columns that name a thing together.
#[derive(PartialEq)]
struct Name {
    places: Vec<usize>,
    part: Option<DatePart>,
}

/// One number of the picture.
struct Point {
    step: String,
    series: Option<String>,
    value: f64,
    shown: String,
}

impl<'a> Picture<'a> {
    fn new(spec: &ChartSpec, columns: &'a [Column], result: &'a ResultSet) -> Option<Self> {
        let place = |field: &str| columns.iter().position(|column| column.name == field);
        let name = |encoding: &Encoding| {
            let fields = std::iter::once(&encoding.field).chain(&encoding.joined);
            let places = fields.map(|field| place(field)).collect::<Option<Vec<usize>>>()?;
            Some(Name { places, part: encoding.part })
        };
        let x = name(spec.x.as_ref()?)?;
        let numbers = std::iter::once(spec.y.as_ref()?).chain(&spec.more_y);
        let places = numbers.map(|encoding| place(&encoding.field)).collect::<Option<Vec<usize>>>()?;
        let color = match &spec.color {
            Some(encoding) => Some(name(encoding)?).filter(|color| *color != x),
            None => None,
        };
        Some(Self {
            rows: &result.rows,
            x,
            numbers: places.iter().map(|at| &columns[*at]).collect(),
            places,
            color,
        })
    }

    /// Every number that there is, row by row.
    fn all(&self) -> Vec<Point> {
        let mut points = Vec::new();
        for row in self.rows {
            for (column, place) in self.numbers.iter().zip(&self.places) {
                let Some(value) = number(&row[*place]) else { continue };
                let series = match &self.color {
                    Some(color) => Some(color.of(row)),
                    None => (self.numbers.len() > 1).then(|| harmless(&column.words())),
                };
                points.push(Point { step: self.x.of(row), series, value, shown: column.format.show(value) });
            }
        }
        points
    }

    fn bars(&self, space: usize) -> String {
        let points = self.all();
        if points.len() < 2 || points.len() > MOST_BARS {
            return String::new();
        }
        let bar = |point: Point| Bar {
            name: match point.series {
                Some(series) => format!("{} · {series}", point.step),
                None => point.step,
            },
            value: point.value,
            shown: point.shown,
        };
        bars(&points.into_iter().map(bar).collect::<Vec<Bar>>(), space)
    }

    fn over_time(&self, space: usize) -> String {
        let points = self.all();
        if points.iter().any(|point| point.series.is_some()) {
            return series(points, space);
        }
        if points.len() < FEWEST_POINTS {
            return self.bars(space);
        }
        let labels = Labels {
            first: points.first().map(|point| point.step.clone()).unwrap_or_default(),
            last: points.last().map(|point| point.step.clone()).unwrap_or_default(),
            least: shown_of(&points, |a, b| a < b),
            most: shown_of(&points, |a, b| a > b),
        };
        let drawn: Vec<(f64, f64)> =
            points.iter().enumerate().map(|(index, point)| (index as f64, point.value)).collect();
        lines(&drawn, Mark::Line, &labels, space)
    }

    fn points(&self, space: usize) -> String {
        let ([x], [y]) = (self.x.places.as_slice(), self.places.as_slice()) else { return String::new() };
        let mut points: Vec<(f64, f64)> =
            self.rows.iter().filter_map(|row| Some((number(&row[*x])?, number(&row[*y])?))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
        let heights = || points.iter().map(|point| point.1);
        let format = &self.numbers[0].format;
        let labels = Labels {
            first: NumberFormat::Plain.show(first.0),
            last: NumberFormat::Plain.show(last.0),
            least: format.show(heights().fold(f64::INFINITY, f64::min)),
            most: format.show(heights().fold(f64::NEG_INFINITY, f64::max)),
        };
        lines(&points, Mark::Points, &labels, space)
    }
}

impl Name {
    fn of(&self, row: &[Value]) -> String {
        let names: Vec<String> = self.places.iter().map(|place| harmless(&self.one(&row[*place]))).collect();
        names.join(" ")
    }

    fn one(&self, value: &Value) -> String {
        const DAYS: [&str; 7] =
            ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let index = || match value {
            Value::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        let named = match self.part {
            Some(DatePart::DayOfWeek) => index().and_then(|day| DAYS.get(day)),
            Some(DatePart::MonthOfYear) => index().and_then(|month| MONTHS.get(month.checked_sub(1)?)),
            Some(DatePart::HourOfDay | DatePart::DayOfMonth | DatePart::QuarterOfYear | DatePart::Year)
            | None => None,
        };
        named.map_or_else(|| label(value), |name| (*name).to_owned())
    }
}

/// The number that is before all others, as it is written.
fn shown_of(points: &[Point], before: fn(f64, f64) -> bool) -> String {
    let mut found: Option<&Point> = None;
    for point in points {
        if found.is_none_or(|found| before(point.value, found.value)) {
            found = Some(point);
        }
    }
    found.map(|point| point.shown.clone()).unwrap_or_default()
}

/// The series in the order they appear, over all steps that appear.
fn series(points: Vec<Point>, space: usize) -> String {
    let mut steps: Vec<String> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut values: BTreeMap<(String, String), (f64, String)> = BTreeMap::new();
    for point in points {
        let name = point.series.unwrap_or_default();
        if !names.contains(&name) {
            names.push(name.clone());
        }
        if !steps.contains(&point.step) {
            steps.push(point.step.clone());
        }
        values.insert((name, point.step), (point.value, point.shown));
    }
    // Dates are written so that they sort; a series that begins late does not come first.
    steps.sort();
    let hidden = names.len().saturating_sub(MOST_SERIES);
    let one = |name: String| {
        let found: Vec<Option<&(f64, String)>> =
            steps.iter().map(|step| values.get(&(name.clone(), step.clone()))).collect();
        let mut known = found.iter().flatten().map(|(_, shown)| shown.clone());
        let first = known.next().unwrap_or_default();
        let last = known.next_back().unwrap_or_else(|| first.clone());
        Series {
            name,
            values: found.iter().map(|value| value.map(|(value, _)| *value)).collect(),
            first,
            last,
        }
    };
    let drawn: Vec<Series> = names.into_iter().take(MOST_SERIES).map(one).collect();
    let mut out = sparklines(&drawn, space);
    if hidden > 0 && !out.is_empty() {
        out.push_str(&format!("  … and {hidden} more\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use medha_agents::chart::{ColumnRole, Scale};
    use medha_connectors::{ColumnKind, ResultColumn};

    fn encoding(field: &str) -> Encoding {
        Encoding {
            field: field.into(),
            joined: vec![],
            scale: Scale::Nominal,
            grain: None,
            part: None,
            title: None,
            format: NumberFormat::Plain,
            additive: true,
            keep_order: true,
        }
    }

    fn spec(kind: ChartKind, fields: [&str; 2], color: Option<&str>) -> ChartSpec {
        ChartSpec {
            kind,
            x: Some(encoding(fields[0])),
            y: Some(encoding(fields[1])),
            more_y: vec![],
            color: color.map(encoding),
            size: None,
            facet: None,
            title: String::new(),
            description: String::new(),
            alternatives: vec![],
        }
    }

    fn data(names: [&str; 4], rows: Vec<Vec<Value>>) -> (Vec<Column>, ResultSet) {
        let roles = [ColumnRole::Category, ColumnRole::Category, ColumnRole::Measure, ColumnRole::Measure];
        let column = |(name, role): (&str, ColumnRole)| Column {
            name: name.into(),
            role,
            format: NumberFormat::Plain,
            additive: true,
            higher_is_better: None,
            labels: None,
        };
        let columns: Vec<Column> = names.into_iter().zip(roles).map(column).collect();
        let kind = ColumnKind::Unknown;
        let header = columns.iter().map(|column| ResultColumn { name: column.name.clone(), kind }).collect();
        (columns, ResultSet { columns: header, rows, truncated: None })
    }

    fn half_a_year() -> (Vec<Column>, ResultSet) {
        let rows = (1..=6).flat_map(|month| {
            [("SMB", month), ("Consumer", 10 - month)].map(|(name, profit)| {
                let month = Value::Text(format!("2025-0{month}"));
                vec![month, Value::Text(name.into()), Value::Integer(profit), Value::Integer(2 * profit)]
            })
        });
        data(["month", "segment", "profit", "revenue"], rows.collect())
    }

    #[test]
    fn each_kind_is_drawn_in_its_way() {
        let (columns, result) = half_a_year();
        let draw = |spec: &ChartSpec| chart(spec, &columns, &result, 80);

        let several = draw(&spec(ChartKind::Line, ["month", "profit"], Some("segment")));
        assert!(several.contains("SMB") && several.contains("1 → 6"), "{several}");
        let one = draw(&spec(ChartKind::Line, ["month", "profit"], None));
        assert!(one.contains("2025-01") && one.contains("2025-06"), "{one}");
        let grouped = draw(&spec(ChartKind::GroupedBar, ["month", "profit"], Some("segment")));
        assert!(grouped.contains("2025-01 · SMB │"), "{grouped}");
        let simple = draw(&spec(ChartKind::Bar, ["segment", "profit"], None));
        assert_eq!(simple.lines().count(), 12, "{simple}");
        assert_eq!(draw(&spec(ChartKind::Table, ["month", "profit"], None)), "");
    }

    #[test]
    fn several_numbers_are_series_of_their_own() {
        let (columns, result) = half_a_year();
        let mut two = spec(ChartKind::Line, ["month", "profit"], None);
        two.more_y = vec![encoding("revenue")];
        let drawn = chart(&two, &columns, &result, 80);
        assert!(drawn.contains("  profit ") && drawn.contains("  revenue "), "{drawn}");
        two.kind = ChartKind::GroupedBar;
        let drawn = chart(&two, &columns, &result, 80);
        assert!(drawn.contains("2025-01 · revenue │"), "{drawn}");
    }

    #[test]
    fn names_are_joined_and_weekdays_are_named() {
        let rows = (0..3).map(|day| {
            vec![Value::Integer(day), Value::Text("x".into()), Value::Integer(day + 1), Value::Null]
        });
        let (columns, result) = data(["day", "segment", "orders", "none"], rows.collect());
        let mut bars = spec(ChartKind::Bar, ["day", "orders"], None);
        if let Some(x) = &mut bars.x {
            x.part = Some(DatePart::DayOfWeek);
        }
        assert!(chart(&bars, &columns, &result, 80).contains("Monday │"));
        let mut named = spec(ChartKind::Bar, ["segment", "orders"], None);
        if let Some(x) = &mut named.x {
            x.joined = vec!["day".into()];
        }
        assert!(chart(&named, &columns, &result, 80).contains("x 2 │"));
    }

    #[test]
    fn a_field_that_is_not_in_the_result_draws_nothing() {
        let (columns, result) = half_a_year();
        assert_eq!(chart(&spec(ChartKind::Bar, ["region", "profit"], None), &columns, &result, 80), "");
    }
}
