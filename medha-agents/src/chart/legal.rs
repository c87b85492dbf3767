//! What makes a chart wrong: the hard rules every chart is held to, whoever asked for it.

use std::collections::HashSet;

use medha_connectors::{ResultSet, Value};

use super::column::unique_names;
use super::spec::{ChartKind, ChartSpec, Encoding, Scale};
use super::value::{number, part_label};

/// More marks than this are neither drawn nor read.
const MAX_MARKS: usize = 5000;
/// More colours than this cannot be told apart.
const MAX_COLOURS: usize = 20;
/// More bars than this cannot be read.
const MAX_BARS: usize = 100;
/// A pie has at most so many parts.
const MAX_SLICES: usize = 6;

/// Why a chart cannot be drawn so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// A column that is not in the result.
    #[error("the result has no column {field:?}; it has {columns}")]
    UnknownField {
        /// As named in the chart.
        field: String,
        /// Those there are.
        columns: String,
    },
    /// A rule of honest charts.
    #[error("a {} would mislead here: {reason}", kind.words())]
    Misleading {
        /// What was to be drawn.
        kind: ChartKind,
        /// Which rule, in words.
        reason: String,
    },
}

/// Checks a chart against its result.
///
/// # Errors
/// If a column does not exist, or the drawing would hide, distort or drown the numbers.
pub fn check(spec: &ChartSpec, result: &ResultSet) -> Result<(), ChartError> {
    let view = View::new(result);
    for encoding in encodings(spec) {
        for field in std::iter::once(&encoding.field).chain(&encoding.joined) {
            if view.index(field).is_none() {
                return Err(ChartError::UnknownField { field: field.clone(), columns: view.listed() });
            }
        }
    }
    match objection(spec, &view) {
        None => Ok(()),
        Some(reason) => Err(ChartError::Misleading { kind: spec.kind, reason }),
    }
}

/// All encodings of a chart, in a fixed order.
pub(crate) fn encodings(spec: &ChartSpec) -> impl Iterator<Item = &Encoding> {
    spec.x.iter().chain(&spec.y).chain(&spec.more_y).chain(&spec.color).chain(&spec.size).chain(&spec.facet)
}

/// A result seen by the names of its columns.
pub(crate) struct View<'a> {
    names: Vec<String>,
    result: &'a ResultSet,
}

impl<'a> View<'a> {
    pub(crate) fn new(result: &'a ResultSet) -> Self {
        Self { names: unique_names(result.columns.iter().map(|column| column.name.as_str())), result }
    }

    pub(crate) fn index(&self, field: &str) -> Option<usize> {
        self.names.iter().position(|name| name == field)
    }

    pub(crate) fn rows(&self) -> usize {
        self.result.rows.len()
    }

    /// The values of a column, in the order of the rows.
    pub(crate) fn values(&self, field: &str) -> impl Iterator<Item = &'a Value> {
        let index = self.index(field);
        self.result.rows.iter().filter_map(move |row| row.get(index?))
    }

    pub(crate) fn numbers(&self, field: &str) -> impl Iterator<Item = Option<f64>> {
        self.values(field).map(number)
    }

    /// What each row is called by an encoding.
    pub(crate) fn labels(&self, encoding: &Encoding) -> Vec<String> {
        let columns: Vec<usize> = std::iter::once(&encoding.field)
            .chain(&encoding.joined)
            .filter_map(|field| self.index(field))
            .collect();
        let one = |value: &Value| part_label(encoding.part, value);
        let name =
            |row: &Vec<Value>| columns.iter().map(|&index| one(&row[index])).collect::<Vec<_>>().join(" ");
        self.result.rows.iter().map(name).collect()
    }

    pub(crate) fn distinct(&self, encoding: &Encoding) -> usize {
        self.labels(encoding).into_iter().collect::<HashSet<_>>().len()
    }

    fn listed(&self) -> String {
        self.names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
    }
}

/// The first rule the chart breaks.
fn objection(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    if spec.kind == ChartKind::Table {
        return None;
    }
    let marks = view.rows() * (1 + spec.more_y.len());
    if marks > MAX_MARKS {
        return Some(format!("it would have {marks} marks, and at most {MAX_MARKS} can be read"));
    }
    if view.rows() == 0 {
        return Some("there are no rows".into());
    }
    if let Some(y) = &spec.y
        && y.scale == Scale::Quantitative
        && view.numbers(&y.field).all(|number| number.is_none())
    {
        return Some(format!("{:?} has no numbers", y.field));
    }
    if spec.more_y.iter().any(|other| spec.y.as_ref().is_some_and(|y| y.format != other.format))
        && spec.kind != ChartKind::Metric
    {
        return Some("numbers of different units share no axis".into());
    }
    match spec.kind {
        ChartKind::Metric => (view.rows() != 1).then(|| "a single number needs a single row".into()),
        ChartKind::Bar => bars(spec, view),
        ChartKind::GroupedBar => {
            colours(spec, view).or_else(|| discrete_and_number(spec)).or_else(|| too_many_bars(spec, view))
        }
        ChartKind::StackedBar => colours(spec, view)
            .or_else(|| discrete_and_number(spec))
            .or_else(|| too_many_bars(spec, view))
            .or_else(|| stackable(spec, view)),
        ChartKind::Line => line(spec, view),
        ChartKind::Area => line(spec, view).or_else(|| stackable(spec, view)),
        ChartKind::Pie => pie(spec, view),
        ChartKind::Scatter => {
            let numbers =
                [&spec.x, &spec.y].into_iter().all(|axis| is_scale(axis.as_ref(), Scale::Quantitative));
            (!numbers).then(|| "both axes need numbers".into())
        }
        ChartKind::Histogram => (!is_scale(spec.x.as_ref(), Scale::Quantitative))
            .then(|| "there is no number to be binned".into()),
        ChartKind::Heatmap => heatmap(spec),
        ChartKind::Table => None,
    }
}

fn is_scale(encoding: Option<&Encoding>, scale: Scale) -> bool {
    encoding.is_some_and(|encoding| encoding.scale == scale)
}

fn bars(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    if spec.color.is_some() || !spec.more_y.is_empty() {
        return Some("series would lie over each other".into());
    }
    discrete_and_number(spec).or_else(|| too_many_bars(spec, view)).or_else(|| repeated(spec, view))
}

/// Several rows for one place would be added up without a word.
fn repeated(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    let mut places: Vec<Vec<String>> = vec![Vec::new(); view.rows()];
    for encoding in spec.x.iter().chain(&spec.color).chain(&spec.facet) {
        for (place, name) in places.iter_mut().zip(view.labels(encoding)) {
            place.push(name);
        }
    }
    let distinct = places.iter().collect::<HashSet<_>>().len();
    (distinct < places.len()).then(|| "several rows would fall on one place".into())
}

fn discrete_and_number(spec: &ChartSpec) -> Option<String> {
    if spec.x.as_ref().is_none_or(|x| x.scale == Scale::Quantitative) {
        return Some("there are no names to set bars beside each other by".into());
    }
    (!is_scale(spec.y.as_ref(), Scale::Quantitative))
        .then(|| "there is no number to give bars a length".into())
}

fn too_many_bars(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    let places = spec.x.as_ref().map_or(0, |x| view.distinct(x));
    let temporal = is_scale(spec.x.as_ref(), Scale::Temporal);
    let bars =
        if spec.kind == ChartKind::StackedBar { places } else { view.rows() * (1 + spec.more_y.len()) };
    let most = if temporal { 4 * MAX_BARS } else { MAX_BARS };
    (bars > most).then(|| format!("{bars} bars cannot be read, {most} can"))
}

fn colours(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    match &spec.color {
        Some(color) => {
            let colours = view.distinct(color);
            (colours > MAX_COLOURS)
                .then(|| format!("{colours} colours cannot be told apart, {MAX_COLOURS} can"))
                .or_else(|| repeated(spec, view))
        }
        None if spec.more_y.is_empty() => Some("there is only one series".into()),
        None if spec.kind == ChartKind::StackedBar => {
            Some("different numbers are not parts of one whole".into())
        }
        None => (1 + spec.more_y.len() > MAX_COLOURS)
            .then(|| format!("more than {MAX_COLOURS} colours cannot be told apart"))
            .or_else(|| repeated(spec, view)),
    }
}

fn line(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    let Some(x) = &spec.x else { return Some("there is nothing to go along".into()) };
    if x.scale == Scale::Nominal {
        return Some(format!("{:?} has no order to go along", x.field));
    }
    if !is_scale(spec.y.as_ref(), Scale::Quantitative) {
        return Some("a line over two discrete columns says nothing".into());
    }
    if view.distinct(x) < 2 {
        return Some("a line needs two points".into());
    }
    match spec.color {
        Some(_) => colours(spec, view),
        None => repeated(spec, view),
    }
}

/// Only sums of parts that are not negative may be piled up.
fn stackable(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    let y = spec.y.as_ref()?;
    if !y.additive {
        return Some(format!("{:?} cannot be added up", y.field));
    }
    if !spec.more_y.is_empty() {
        return Some("different numbers are not parts of one whole".into());
    }
    view.numbers(&y.field).flatten().any(|number| number < 0.0).then(|| "some numbers are negative".into())
}

fn pie(spec: &ChartSpec, view: &View<'_>) -> Option<String> {
    let parts = view.rows();
    if !(2..=MAX_SLICES).contains(&parts) {
        return Some(format!("it has {parts} parts, and two to {MAX_SLICES} can be read"));
    }
    if spec.color.is_some() {
        return Some("a pie has one series".into());
    }
    let sum: f64 = spec.y.iter().flat_map(|y| view.numbers(&y.field)).flatten().sum();
    discrete_and_number(spec)
        .or_else(|| stackable(spec, view))
        .or_else(|| repeated(spec, view))
        .or_else(|| (sum <= 0.0).then(|| "there is no whole to have parts of".into()))
}

fn heatmap(spec: &ChartSpec) -> Option<String> {
    let discrete =
        |axis: &Option<Encoding>| axis.as_ref().is_some_and(|axis| axis.scale != Scale::Quantitative);
    if !discrete(&spec.x) || !discrete(&spec.y) {
        return Some("both axes need names".into());
    }
    (!is_scale(spec.color.as_ref(), Scale::Quantitative))
        .then(|| "there is no number to colour the cells by".into())
}
