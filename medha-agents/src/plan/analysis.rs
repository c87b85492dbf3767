//! The analysis plan: what is asked, as a value that can be shown, edited, saved and compiled to SQL.

use serde::{Deserialize, Serialize};

/// One query's worth of analysis over a [`SemanticModel`](crate::semantic::SemanticModel).
///
/// With an aggregate among its outputs, the other outputs and `group_by` are the groups;
/// without one, it lists rows of `subject`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AnalysisPlan {
    /// The dataset the rows are about; joins start here.
    pub subject: String,
    /// The columns of the answer, in order.
    pub outputs: Vec<Output>,
    /// Groups that are not shown (the key of an entity whose label is shown).
    #[serde(default)]
    pub group_by: Vec<Expr>,
    /// Conditions on rows; all must hold.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// The window of time looked at.
    #[serde(default)]
    pub time: Option<TimeRange>,
    /// Conditions on groups; all must hold.
    #[serde(default)]
    pub having: Vec<Filter>,
    /// How rows are ordered.
    #[serde(default)]
    pub order: Vec<Order>,
    /// At most this many rows.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Rows to skip first ("the second highest").
    #[serde(default)]
    pub offset: Option<u64>,
    /// Whether equal rows are shown once.
    #[serde(default)]
    pub distinct: bool,
    /// Whether groups without rows to aggregate are kept ("including the empty ones").
    #[serde(default)]
    pub keep_empty: bool,
    /// Only the first rows of each group ("the best-selling product in each region").
    #[serde(default)]
    pub top_per_group: Option<TopPerGroup>,
    /// Rows combined with another plan's.
    #[serde(default)]
    pub set: Option<SetOperation>,
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// What it is.
    pub expr: Expr,
    /// What it is called.
    pub name: String,
}

/// A field of a dataset, and the way to it where there are several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FieldRef {
    /// The dataset.
    pub dataset: String,
    /// The field.
    pub field: String,
    /// The relationship that leads to the dataset, where more than one does.
    #[serde(default)]
    pub via: Option<String>,
}

/// A value: of a row, of a group, or of the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expr {
    /// A field.
    Field(FieldRef),
    /// A time field cut to a grain, as text or integer: `2025`, `2025-03`, `2025-Q1`, `2025-03-31`.
    Bucket {
        /// The time field.
        field: FieldRef,
        /// How it is cut.
        grain: Grain,
    },
    /// A part of a time field that recurs: the weekday, the hour.
    Part {
        /// The time field.
        field: FieldRef,
        /// Which part.
        part: DatePart,
    },
    /// A metric of the model, by name.
    Metric(String),
    /// The number of rows of a dataset.
    Count {
        /// The dataset whose rows are counted.
        dataset: String,
    },
    /// An aggregate of an expression over rows.
    Aggregate {
        /// The function.
        function: AggregateFunction,
        /// What is aggregated.
        of: Box<Self>,
    },
    /// An aggregate over only the rows that meet conditions, the others counting as nothing.
    Where {
        /// The aggregate.
        of: Box<Self>,
        /// Conditions on its rows.
        filters: Vec<Filter>,
        /// A window of its own.
        time: Option<TimeRange>,
    },
    /// The aggregate over all groups together, under the same filters.
    Total {
        /// The aggregate.
        of: Box<Self>,
    },
    /// Arithmetic; a division is never integer division, and by zero it is `NULL`.
    Arithmetic {
        /// The left side.
        left: Box<Self>,
        /// What is done.
        op: ArithmeticOp,
        /// The right side.
        right: Box<Self>,
    },
    /// The days between two time fields.
    DaysBetween {
        /// The earlier one.
        from: FieldRef,
        /// The later one.
        to: FieldRef,
    },
    /// The aggregate summed over this group and those before it, in the plan's first bucket's order.
    RunningTotal {
        /// The aggregate.
        of: Box<Self>,
    },
    /// The aggregate of the group before, in the plan's first bucket's order.
    Previous {
        /// The aggregate.
        of: Box<Self>,
    },
    /// The place of the group when ordered by the aggregate, 1 for the first.
    Rank {
        /// The aggregate.
        by: Box<Self>,
        /// Whether the greatest comes first.
        descending: bool,
    },
    /// A constant.
    Literal(Literal),
}

impl Expr {
    /// Whether it is a number over several rows: a value of a group, not of a row.
    ///
    /// ```
    /// use medha_agents::plan::{Expr, Literal};
    ///
    /// assert!(Expr::Metric("revenue".into()).is_aggregate());
    /// assert!(!Expr::Literal(Literal::Integer(1)).is_aggregate());
    /// ```
    #[must_use]
    pub fn is_aggregate(&self) -> bool {
        match self {
            Self::Metric(_)
            | Self::Count { .. }
            | Self::Aggregate { .. }
            | Self::Where { .. }
            | Self::Total { .. }
            | Self::RunningTotal { .. }
            | Self::Previous { .. }
            | Self::Rank { .. } => true,
            Self::Arithmetic { left, right, .. } => left.is_aggregate() || right.is_aggregate(),
            Self::Field(_)
            | Self::Bucket { .. }
            | Self::Part { .. }
            | Self::DaysBetween { .. }
            | Self::Literal(_) => false,
        }
    }
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// Text; dates are ISO text.
    Text(String),
    /// Yes or no.
    Boolean(bool),
}

/// How rows are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateFunction {
    /// Sum.
    Sum,
    /// Arithmetic mean.
    Average,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Number of values that are not `NULL`.
    Count,
    /// Number of distinct values.
    CountDistinct,
    /// The middle value.
    Median,
}

/// Arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArithmeticOp {
    /// Plus.
    Add,
    /// Minus.
    Subtract,
    /// Times.
    Multiply,
    /// Divided by.
    Divide,
}

/// How fine time is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Days, `2025-03-31`.
    Day,
    /// Weeks, by their first day.
    Week,
    /// Months, `2025-03`.
    Month,
    /// Quarters, `2025-Q1`.
    Quarter,
    /// Years, `2025`.
    Year,
}

/// A part of a date that recurs, as an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePart {
    /// 0 to 23.
    HourOfDay,
    /// 0 (Sunday) to 6.
    DayOfWeek,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12.
    MonthOfYear,
    /// 1 to 4.
    QuarterOfYear,
    /// The year itself.
    Year,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Filter {
    /// A comparison.
    Compare {
        /// The left side.
        left: Expr,
        /// How it must stand to the right side.
        op: CompareOp,
        /// The right side.
        right: Operand,
    },
    /// One of some values.
    OneOf {
        /// What is looked at.
        expr: Expr,
        /// The values.
        values: Vec<Literal>,
        /// Whether it must be none of them.
        negated: bool,
    },
    /// Between two values, both included.
    Between {
        /// What is looked at.
        expr: Expr,
        /// The least.
        low: Literal,
        /// The greatest.
        high: Literal,
    },
    /// Text that contains, starts or ends with a text, ignoring case.
    Matches {
        /// What is looked at.
        expr: Expr,
        /// How it must match.
        kind: TextMatch,
        /// The text.
        text: String,
        /// Whether it must not match.
        negated: bool,
    },
    /// `NULL` or empty text.
    Missing {
        /// What is looked at.
        expr: Expr,
        /// Whether it must be there.
        negated: bool,
    },
    /// Rows of another dataset that belong to this row exist, or do not.
    Related {
        /// The other dataset.
        dataset: String,
        /// Conditions on its rows.
        filters: Vec<Self>,
        /// A window of its own.
        time: Option<TimeRange>,
        /// Whether there must be none.
        negated: bool,
    },
    /// In a window of time.
    During(TimeRange),
    /// A named condition of the model.
    Named(String),
    /// At least one holds.
    Any(Vec<Self>),
    /// All hold.
    All(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A constant.
    Literal(Literal),
    /// Another value of the same row or group.
    Expr(Box<Expr>),
    /// The single value another plan answers with ("above the average").
    Scalar(Box<AnalysisPlan>),
}

/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompareOp {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

/// How text must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextMatch {
    /// Anywhere.
    Contains,
    /// At the start.
    StartsWith,
    /// At the end.
    EndsWith,
}

/// A half-open window of time on a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// The time field.
    pub field: FieldRef,
    /// The first moment inside, open if `None`.
    pub start: Option<jiff::civil::DateTime>,
    /// The first moment after, open if `None`.
    pub end: Option<jiff::civil::DateTime>,
    /// In words, as it is told to the user: `last quarter (Jul to Sep 2025)`.
    pub label: String,
}

/// A sort key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What is looked at.
    pub expr: Expr,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Only the first rows of each group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopPerGroup {
    /// What makes a group.
    pub partition: Vec<Expr>,
    /// The order within a group.
    pub order: Vec<Order>,
    /// How many; rows that tie with the last are kept.
    pub count: u64,
}

/// Rows combined with another plan's; both have as many outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetOperation {
    /// How.
    pub op: SetOp,
    /// The other plan.
    pub with: Box<AnalysisPlan>,
}

/// How two sets of rows are combined, duplicates removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetOp {
    /// Rows of either.
    Union,
    /// Rows of both.
    Intersect,
    /// Rows of the first that the second lacks.
    Except,
}
