//! The chart as a value: what is drawn, without the data.

use serde::{Deserialize, Serialize};

/// A chart over one result; every field name is a column of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartSpec {
    /// How it is drawn.
    pub kind: ChartKind,
    /// The horizontal position, or the slices' names of a pie.
    pub x: Option<Encoding>,
    /// The vertical position, the number of a metric card, or the slices' sizes.
    pub y: Option<Encoding>,
    /// The series.
    pub color: Option<Encoding>,
    /// The size of points.
    pub size: Option<Encoding>,
    /// Small multiples.
    pub facet: Option<Encoding>,
    /// The title.
    pub title: String,
    /// What it shows, in words, for those who do not see it.
    pub description: String,
    /// Other kinds that would be legal here, best first.
    pub alternatives: Vec<ChartKind>,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChartKind {
    /// One number, large.
    Metric,
    /// Bars from zero.
    Bar,
    /// Bars side by side by series.
    GroupedBar,
    /// Bars on top of each other by series.
    StackedBar,
    /// Lines.
    Line,
    /// Filled lines from zero.
    Area,
    /// Points.
    Scatter,
    /// At most six parts of a whole.
    Pie,
    /// Bars over binned numbers.
    Histogram,
    /// Coloured cells.
    Heatmap,
    /// No chart: the table says it best.
    Table,
}

/// A column and how it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// The column of the result.
    pub field: String,
    /// What kind of scale it needs.
    pub scale: Scale,
    /// The axis or legend title.
    pub title: Option<String>,
    /// `currency`, `percent`, `count`, ...
    pub format: Option<String>,
    /// Whether the axis keeps the order of the rows.
    pub keep_order: bool,
}

/// The kind of a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Names.
    Nominal,
    /// Names with an order.
    Ordinal,
    /// Numbers.
    Quantitative,
    /// Dates.
    Temporal,
}
