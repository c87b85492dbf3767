//! The semantic model in memory: what the tables mean, independent of the file format it came from.

use serde::{Deserialize, Serialize};

/// What a database means to the people who ask it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SemanticModel {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// Datasets, one for each table that may be asked about.
    pub datasets: Vec<Dataset>,
    /// How datasets join, many side to one side.
    pub relationships: Vec<Relationship>,
    /// Named aggregates.
    pub metrics: Vec<Metric>,
    /// Named conditions ("active customers").
    pub filters: Vec<NamedFilter>,
    /// Words of the business and what they stand for.
    pub glossary: Vec<GlossaryTerm>,
    /// Rules in plain words, shown with answers.
    pub rules: Vec<String>,
    /// Calendar of the business.
    pub calendar: Calendar,
    /// ISO code of the currency of money metrics.
    pub currency: Option<String>,
    /// The SQL its expressions are written in, where they are not portable.
    #[serde(default)]
    pub dialect: Option<medha_connectors::Dialect>,
    /// What is told to a language model about it.
    #[serde(default)]
    pub notes: Notes,
    /// Questions whose answers somebody has checked.
    #[serde(default)]
    pub verified_queries: Vec<VerifiedQuery>,
    /// What the file forbids to be read; it is in no other list of the model.
    #[serde(default)]
    pub denied: Vec<Denied>,
}

/// Words for a language model; the deterministic planner does not read them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Notes {
    /// How it is to be used.
    pub instructions: Option<String>,
    /// Questions it answers.
    pub examples: Vec<String>,
}

/// A question and the query that somebody has checked to answer it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VerifiedQuery {
    /// The question.
    pub question: String,
    /// The SQL that answers it.
    pub sql: Option<String>,
    /// The plan that answers it.
    pub plan: Option<crate::plan::AnalysisPlan>,
    /// Who checked it.
    pub verified_by: Option<String>,
    /// When it was checked, as written.
    pub at: Option<String>,
}

/// A dataset or a field that nobody may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// The dataset, or the one the field belongs to.
    pub dataset: String,
    /// The table behind it.
    pub source: String,
    /// The field, or `None` for the whole dataset.
    pub field: Option<String>,
    /// The field's SQL; empty for a whole dataset.
    pub expression: String,
    /// The class of personal data the field holds.
    pub pii: Option<String>,
}

/// How dates are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// IANA time zone; UTC unless the model says otherwise.
    pub timezone: String,
    /// First day of the week; Monday unless the model says otherwise.
    pub week_start: Weekday,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_start_month: u8,
    /// A frozen clock, for tests and evaluations only.
    pub now: Option<jiff::civil::DateTime>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { timezone: "UTC".into(), week_start: Weekday::Monday, fiscal_year_start_month: 1, now: None }
    }
}

/// The first day of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    /// Weeks run Monday to Sunday, as in ISO 8601.
    Monday,
    /// Weeks run Sunday to Saturday.
    Sunday,
    /// Weeks run Saturday to Friday.
    Saturday,
}

/// A table or view and what a row of it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name in the model.
    pub name: String,
    /// The table behind it as the database spells it.
    pub source: String,
    /// Fields that identify a row.
    pub primary_key: Vec<String>,
    /// Other field lists that are unique.
    pub unique_keys: Vec<Vec<String>>,
    /// What it holds.
    pub description: Option<String>,
    /// What a row is called.
    pub entity: Option<Entity>,
    /// Other words for it.
    pub synonyms: Vec<String>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The time field meant when none is named.
    pub default_time: Option<String>,
    /// Fields that name a row to a person, in order.
    pub label_fields: Vec<String>,
    /// A SQL condition that every row must meet (soft deletes).
    pub row_filter: Option<String>,
    /// Whether it is a mere link between others and never a subject.
    pub hidden: bool,
    /// How many rows it has, where known.
    pub row_count: Option<u64>,
    /// What one row is, in words ("one row per store and day").
    #[serde(default)]
    pub grain: Option<String>,
    /// Who answers for it.
    #[serde(default)]
    pub owner: Option<String>,
    /// How often it changes.
    #[serde(default)]
    pub update_frequency: Option<String>,
    /// What is told to a language model about it.
    #[serde(default)]
    pub notes: Notes,
}

/// What a row of a dataset is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// One of them.
    pub singular: String,
    /// Several of them.
    pub plural: String,
}

/// A column or an expression over columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Field {
    /// Its name in the model.
    pub name: String,
    /// SQL over the dataset's own columns; often just a column name.
    pub expression: String,
    /// What it holds.
    pub data_type: DataType,
    /// What it is for.
    pub role: Role,
    /// What it means.
    pub description: Option<String>,
    /// Other words for it.
    pub synonyms: Vec<String>,
    /// Values it takes, with other words for each.
    pub values: Vec<FieldValue>,
    /// Whether `values` holds every value.
    pub values_complete: bool,
    /// How it is summed up unless the question says so.
    pub default_aggregate: Option<crate::plan::AggregateFunction>,
    /// Unit of its numbers ("minutes", "USD").
    pub unit: Option<String>,
    /// How it is shown: `currency`, `percent`, `count`, ...
    pub format: Option<String>,
    /// The class of personal data it holds (`email`, `phone`, ...).
    pub pii: Option<String>,
    /// The least value, as text, where known.
    pub min: Option<String>,
    /// The greatest value, as text, where known.
    pub max: Option<String>,
    /// What is to happen to personal data when people without the right to it ask.
    #[serde(default)]
    pub pii_action: Option<PiiAction>,
    /// A few values, to show what they look like.
    #[serde(default)]
    pub sample_values: Vec<String>,
    /// A heading it belongs under.
    #[serde(default)]
    pub label: Option<String>,
    /// What is told to a language model about it.
    #[serde(default)]
    pub notes: Notes,
}

/// What happens to personal data; fields with `deny` never enter the model, see [`Denied`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PiiAction {
    /// Most of it is blanked out.
    Mask,
    /// It is replaced by a hash.
    Hash,
}

/// A value and the words people use for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldValue {
    /// As stored.
    pub value: String,
    /// As said.
    pub synonyms: Vec<String>,
}

/// What a field holds, as Ossie's `datatype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DataType {
    /// Text.
    #[default]
    String,
    /// Whole numbers.
    Integer,
    /// Exact decimals.
    Decimal,
    /// Doubles.
    Float,
    /// Yes or no.
    Boolean,
    /// Calendar dates.
    Date,
    /// Times of day.
    Time,
    /// Dates with a time of day.
    DateTime,
    /// Dates with a time of day and a zone.
    DateTimeTz,
    /// Nothing that can be compared.
    Opaque,
}

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Identifies or refers to a row.
    Key,
    /// Groups and filters.
    #[default]
    Dimension,
    /// When something happened.
    Time,
    /// A number to be summed up.
    Measure,
}

/// A join from the many side to the one side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Relationship {
    /// Its name.
    pub name: String,
    /// The dataset that refers.
    pub from: String,
    /// The dataset referred to.
    pub to: String,
    /// Fields that refer.
    pub from_columns: Vec<String>,
    /// Fields referred to.
    pub to_columns: Vec<String>,
    /// What the other row is to this one ("shipping address"), where two datasets join in several ways.
    pub role: Option<String>,
    /// Other words for the role.
    #[serde(default)]
    pub synonyms: Vec<String>,
    /// What happens to rows that refer to nothing; `None` leaves it to the plan.
    #[serde(default)]
    pub join_type: Option<JoinType>,
    /// Whether nobody declared it and names and values alone suggest it.
    #[serde(default)]
    pub guessed: bool,
}

/// What a join does with rows that refer to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JoinType {
    /// They are left out.
    Inner,
    /// They are kept, with nothing beside them.
    Left,
}

/// A named aggregate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// SQL with aggregates over `dataset.field` references.
    pub expression: String,
    /// The dataset whose rows it sums up.
    pub dataset: String,
    /// What it means.
    pub description: Option<String>,
    /// Other words for it.
    pub synonyms: Vec<String>,
    /// `dataset.field` of the time it is counted at.
    pub time: Option<String>,
    /// A SQL condition on the rows it counts.
    pub filter: Option<String>,
    /// How it is shown: `currency`, `percent`, `count`, ...
    pub format: Option<String>,
    /// Unit of its number.
    pub unit: Option<String>,
    /// ISO code of its currency.
    pub currency: Option<String>,
    /// Whether it may be added up over groups.
    pub additivity: Additivity,
    /// Whether more is better.
    pub higher_is_better: Option<bool>,
    /// The metric that means the same at a finer grain, used where this one would fan out.
    pub line_level_equivalent: Option<String>,
    /// What its number is, where the file says so.
    #[serde(default)]
    pub data_type: Option<DataType>,
    /// What is told to a language model about it.
    #[serde(default)]
    pub notes: Notes,
}

/// Whether a metric may be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Additivity {
    /// Over every dimension.
    #[default]
    Additive,
    /// Over every dimension but time.
    Semi,
    /// Over none (ratios, averages, distinct counts).
    Non,
}

/// A named condition on a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFilter {
    /// Its name.
    pub name: String,
    /// The dataset it is about.
    pub dataset: String,
    /// The SQL condition.
    pub expression: String,
    /// Words for it.
    pub synonyms: Vec<String>,
}

/// A word of the business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlossaryTerm {
    /// The word.
    pub term: String,
    /// What it means.
    pub definition: Option<String>,
    /// Other words for it.
    pub synonyms: Vec<String>,
    /// The metric, `dataset.field` or named filter it stands for.
    pub maps_to: Option<String>,
}

impl SemanticModel {
    /// Finds a dataset by name.
    #[must_use]
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }

    /// Finds a metric by name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

impl Dataset {
    /// Finds a field by name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
