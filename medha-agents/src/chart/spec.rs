//! The chart as a value: what is drawn, without the data.

use serde::{Deserialize, Serialize};

use super::number::NumberFormat;
use crate::plan::{DatePart, Grain};

/// A chart over one result; every field name is a column of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartSpec {
    /// How it is drawn.
    pub kind: ChartKind,
    /// The horizontal position, the slices' names of a pie, or what the number of a metric card belongs to.
    ///
    /// Bars with many or long names are drawn lying down; their names stay `x` all the same.
    pub x: Option<Encoding>,
    /// The vertical position, the number of a metric card, or the slices' sizes.
    pub y: Option<Encoding>,
    /// Other numbers of the same unit, drawn beside `y` as series of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_y: Vec<Encoding>,
    /// The series; of a heatmap, the number.
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
    /// One number, large; or a few of them.
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

impl ChartKind {
    /// Its name in words: `grouped bar chart`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Metric => "number",
            Self::Bar => "bar chart",
            Self::GroupedBar => "grouped bar chart",
            Self::StackedBar => "stacked bar chart",
            Self::Line => "line chart",
            Self::Area => "area chart",
            Self::Scatter => "scatter plot",
            Self::Pie => "pie chart",
            Self::Histogram => "histogram",
            Self::Heatmap => "heatmap",
            Self::Table => "table",
        }
    }
}

/// A column and how it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// The column of the result.
    pub field: String,
    /// Further columns that are part of the same name (`last_name` after `first_name`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<String>,
    /// What kind of scale it needs.
    pub scale: Scale,
    /// How fine time is cut, of a temporal column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grain: Option<Grain>,
    /// Which part of a date its numbers are, so that they can be named: `Monday`, `March`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<DatePart>,
    /// The axis or legend title.
    pub title: Option<String>,
    /// How its numbers are shown.
    pub format: NumberFormat,
    /// Whether its numbers may be stacked and added up.
    pub additive: bool,
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
