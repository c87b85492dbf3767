//! The sketch: what a question asks, with every name still open between its candidates.

use crate::plan::{AggregateFunction, CompareOp, DatePart, Grain, TextMatch};
use crate::planner::lexicon::{Match, Target};
use crate::planner::text::words::Quality;
use crate::planner::time::Window;

/// What one question asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sketch {
    /// What is to be shown, in order.
    pub(crate) wants: Vec<Want>,
    /// Whether a later sentence said what to show, which then is all that is shown.
    pub(crate) wants_are_final: bool,
    /// What makes a group.
    pub(crate) groups: Vec<Group>,
    /// Conditions and what else was mentioned.
    pub(crate) scope: Scope,
    /// Sort keys.
    pub(crate) order: Vec<OrderKey>,
    /// The first few by something.
    pub(crate) superlative: Option<Superlative>,
    /// Whether equal rows are shown once.
    pub(crate) distinct: bool,
    /// Whether empty groups are kept.
    pub(crate) keep_empty: bool,
    /// What makes the question more than one query of groups.
    pub(crate) special: Option<Special>,
    /// What was asked before a later sentence said what to show.
    pub(crate) asked: Vec<Want>,
    /// The unit a duration is wanted in.
    pub(crate) unit: Option<String>,
    /// Whether the values or windows named are set side by side.
    pub(crate) compares: bool,
    /// Whether the answer is wanted in percent.
    pub(crate) percent: bool,
    /// Whether it is a phrase without a verb: `revenue by region`.
    pub(crate) is_bare: bool,
    /// Whether rows are listed whatever they are (`show`, `list`).
    pub(crate) is_listing: bool,
}

/// Conditions that hold together, and what was mentioned beside them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// All must hold.
    pub(crate) conds: Vec<Cond>,
    /// Things mentioned without a role of their own; they say what the conditions are about.
    pub(crate) mentions: Vec<Noun>,
    /// Stems of verbs: they choose among fields (`hired in 2003`).
    pub(crate) verbs: Vec<String>,
}

/// A noun of the question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noun {
    /// What it may stand for, best first.
    pub(crate) matches: Vec<Match>,
    /// As written.
    pub(crate) text: String,
    /// The first token.
    pub(crate) at: usize,
    /// Whose it is: `the name of the singer`, `singer name`.
    pub(crate) owner: Option<Box<Self>>,
    /// Whether it stands for the name of a thing: `name`, `title`.
    pub(crate) is_label: bool,
    /// Whether `each` or `every` stands before it.
    pub(crate) each: bool,
    /// Whether `different` or `distinct` stands before it.
    pub(crate) distinct: bool,
    /// A window of its own: `2024 revenue`.
    pub(crate) window: Option<Window>,
    /// What was named right before it.
    pub(crate) near: Option<Target>,
}

/// Something to be shown.
#[derive(Debug, Clone)]
pub(crate) enum Want {
    /// A field, an entity, a metric.
    Noun(Noun),
    /// An aggregate of a field.
    Aggregate {
        /// The function.
        function: AggregateFunction,
        /// Of what.
        of: Noun,
    },
    /// How many there are.
    Count {
        /// Of what.
        of: Noun,
    },
    /// The average number of one thing for each of another.
    AverageCount {
        /// What is counted.
        of: Noun,
    },
    /// A period.
    Bucket(Grain),
    /// A recurring part of time.
    Part(DatePart),
    /// All fields.
    Everything(Noun),
    /// What an adjective measures: `how old`.
    Quality(Quality),
    /// Where it is.
    Where(Noun),
    /// When it was.
    When,
    /// A person, whoever fits.
    Who,
    /// The number that was asked for or ranked by: `and the total`.
    TheMeasure,
    /// The place in a ranking.
    Rank,
    /// The measure of the period before.
    Previous(Noun),
}

/// What makes a group.
#[derive(Debug, Clone)]
pub(crate) enum Group {
    /// A field or an entity.
    Noun(Noun),
    /// A period.
    Bucket(Grain),
    /// A recurring part of time.
    Part(DatePart),
}

/// A window of time and what was said with it.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    /// The window.
    pub(crate) window: Window,
    /// The stem of the verb right before it: `founded before 2003`.
    pub(crate) verb: Option<String>,
    /// The noun right before it: `invoices in 2024`.
    pub(crate) near: Option<Target>,
}

/// A condition.
#[derive(Debug, Clone)]
pub(crate) enum Cond {
    /// A field has one of some values.
    Is {
        /// The candidates of each value.
        values: Vec<Noun>,
        /// The field, where it was named.
        field: Option<Noun>,
        /// The noun right before it.
        near: Option<Target>,
        /// Whether it must be none of them.
        negated: bool,
    },
    /// A field equals a text or number that is no known value.
    Equals {
        /// The field or thing named.
        field: Option<Noun>,
        /// Texts, any of which will do.
        texts: Vec<String>,
        /// Whether it must not be.
        negated: bool,
    },
    /// A comparison with a number, an aggregate or another field.
    Compare {
        /// What is compared, where it was named.
        left: Option<Noun>,
        /// The aggregate of the left side, where one was named.
        function: Option<AggregateFunction>,
        /// What the comparative is about.
        quality: Quality,
        /// How it must stand.
        op: CompareOp,
        /// The right side.
        right: Right,
    },
    /// How many there are of something.
    CountIs {
        /// What is counted; `None` for `times`.
        of: Option<Noun>,
        /// How it must stand.
        op: CompareOp,
        /// To how many.
        number: f64,
    },
    /// Text that contains, begins or ends with a text.
    Matches {
        /// The field.
        field: Option<Noun>,
        /// How.
        kind: TextMatch,
        /// The text.
        text: String,
        /// Whether it must not.
        negated: bool,
    },
    /// Nothing is stored.
    Missing {
        /// The field.
        field: Noun,
        /// Whether something must be.
        negated: bool,
    },
    /// Rows of something else belong to it, or none do.
    Related {
        /// The other thing.
        noun: Noun,
        /// Conditions on it.
        scope: Scope,
        /// Whether there must be none.
        negated: bool,
    },
    /// A named condition of the model.
    Named {
        /// Its place.
        index: usize,
        /// Whether it must not hold.
        negated: bool,
    },
    /// A yes-or-no field.
    Flag {
        /// The field.
        field: Noun,
        /// Whether it must be no.
        negated: bool,
    },
    /// In a window of time.
    Time(Timed),
    /// At a recurring part of time: weekends.
    OnDays {
        /// Days of the week, 0 for Sunday.
        days: Vec<i64>,
    },
    /// At least one holds.
    Any(Vec<Self>),
    /// Each holds, of rows of its own: `both in 2014 and in 2015`.
    Both(Vec<Self>),
}

/// The right side of a comparison.
#[derive(Debug, Clone)]
pub(crate) enum Right {
    /// A number, and its unit.
    Number {
        /// The number.
        value: f64,
        /// The unit: `minutes`, `dollars`.
        unit: Option<String>,
    },
    /// Two numbers.
    Between(f64, f64),
    /// An aggregate over rows that meet conditions of their own.
    Aggregate {
        /// The function.
        function: AggregateFunction,
        /// Of what; the left side's field if not named.
        of: Option<Noun>,
        /// The conditions.
        scope: Scope,
    },
    /// Another field.
    Noun(Noun),
}

/// A sort key.
#[derive(Debug, Clone)]
pub(crate) struct OrderKey {
    /// What is looked at; the measure shown if not named.
    pub(crate) by: Option<Measure>,
    /// Whether the greatest comes first.
    pub(crate) descending: bool,
}

/// Something that can be measured and compared.
#[derive(Debug, Clone)]
pub(crate) enum Measure {
    /// A field, a metric, or a thing that is counted.
    Noun(Noun),
    /// An aggregate.
    Aggregate {
        /// The function.
        function: AggregateFunction,
        /// Of what.
        of: Noun,
    },
    /// How many there are.
    Count(Noun),
    /// How often it happened.
    Times,
    /// What an adjective is about.
    Quality(Quality),
}

/// The first few by something.
#[derive(Debug, Clone)]
pub(crate) struct Superlative {
    /// What the word is about.
    pub(crate) quality: Quality,
    /// Whether the greatest is meant.
    pub(crate) descending: bool,
    /// What is measured, where it was named.
    pub(crate) measure: Option<Measure>,
    /// How many; one if not said.
    pub(crate) count: Option<u64>,
    /// How many better ones are skipped: `the second highest`.
    pub(crate) skip: u64,
    /// The noun it stands before, if any: the thing that is ranked.
    pub(crate) of: Option<Target>,
}

/// What makes a question more than groups and conditions.
#[derive(Debug, Clone)]
pub(crate) enum Special {
    /// Parts of a whole, in percent.
    Share,
    /// One count or metric divided by another.
    Ratio {
        /// Above the line.
        top: Box<Want>,
        /// Conditions above the line.
        top_scope: Scope,
        /// Below the line.
        bottom: Box<Want>,
        /// Conditions below the line.
        bottom_scope: Scope,
    },
    /// Change between two windows, in percent or beside each other.
    Change {
        /// The earlier window.
        from: Window,
        /// The later window.
        to: Window,
        /// Whether the relative change is asked.
        relative: bool,
    },
    /// Lower or higher in one window than in another.
    Versus {
        /// The window compared.
        left: Window,
        /// How it must stand.
        op: CompareOp,
        /// The window compared with.
        right: Window,
    },
    /// Summed up over the periods so far.
    RunningTotal,
    /// Beside the period before.
    Previous,
    /// With the place of each.
    Rank,
    /// The average over periods or things: `average daily revenue`, `revenue per customer`.
    Per(PerUnit),
    /// The development over time, beside the answer.
    Trend,
}

/// What a total is spread over.
#[derive(Debug, Clone)]
pub(crate) enum PerUnit {
    /// Periods.
    Grain(Grain),
    /// Things.
    Noun(Noun),
}

impl Want {
    /// Whether it asks for a number that sums up rows, by its form alone.
    pub(crate) fn sums_up(&self) -> bool {
        match self {
            Self::Aggregate { .. }
            | Self::Count { .. }
            | Self::AverageCount { .. }
            | Self::TheMeasure
            | Self::Previous(_) => true,
            Self::Noun(noun) => {
                noun.metric().is_some()
                    && noun.best().is_some_and(|found| matches!(found.target, Target::Metric(_)))
            }
            Self::Bucket(_)
            | Self::Part(_)
            | Self::Everything(_)
            | Self::Quality(_)
            | Self::Where(_)
            | Self::When
            | Self::Who
            | Self::Rank => false,
        }
    }
}

impl Noun {
    /// The best match, if there is any.
    pub(crate) fn best(&self) -> Option<&Match> {
        self.matches.first()
    }

    /// The dataset it stands for, where that is its best reading.
    pub(crate) fn dataset(&self) -> Option<usize> {
        self.matches.iter().find_map(|found| match found.target {
            Target::Dataset(dataset) => Some(dataset),
            Target::Metric(_) | Target::Field(_) | Target::Named(_) | Target::Value(_) => None,
        })
    }

    /// The metric it may stand for.
    pub(crate) fn metric(&self) -> Option<usize> {
        self.matches.iter().find_map(|found| match found.target {
            Target::Metric(metric) => Some(metric),
            Target::Dataset(_) | Target::Field(_) | Target::Named(_) | Target::Value(_) => None,
        })
    }

    /// Whether any reading of it is a field.
    pub(crate) fn has_field(&self) -> bool {
        self.matches.iter().any(|found| matches!(found.target, Target::Field(_)))
    }
}
