//! Why a plan has no SQL.

/// A plan that cannot be compiled, and what would help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The plan names something that the model does not have.
    #[error("the model has no {kind} {name:?}{hint}")]
    Unknown {
        /// What it was taken for: `dataset`, `field`, `metric`, `relationship`, `filter`.
        kind: &'static str,
        /// The name.
        name: String,
        /// `; did you mean "x"?`, or nothing.
        hint: String,
    },
    /// No relationships lead from one dataset to the other.
    #[error("{from:?} and {to:?} are not related; add a relationship between them to the model")]
    Unrelated {
        /// Where the way starts.
        from: String,
        /// Where it should end.
        to: String,
    },
    /// Several ways lead from one dataset to the other and none is better than the rest.
    #[error("there are several ways from {from:?} to {to:?}; say which one: {}", listed(ways))]
    Ambiguous {
        /// Where the ways start.
        from: String,
        /// Where they end.
        to: String,
        /// The relationships that each way takes, in order.
        ways: Vec<Vec<String>>,
    },
    /// The number would count some rows several times.
    #[error(
        "{aggregate} cannot be split by {over:?}: one row of {dataset:?} belongs to several rows of {over:?}, \
         so its amount would be counted several times; use a metric of the finer rows"
    )]
    FanOut {
        /// What is summed up.
        aggregate: String,
        /// The dataset whose rows are summed up.
        dataset: String,
        /// The dataset on the many side.
        over: String,
    },
    /// A window or a bucket of time cannot be applied to a dataset that has no time.
    #[error("{dataset:?} has no time field that {field:?} could stand for; name one as its default time")]
    NoTime {
        /// The dataset.
        dataset: String,
        /// The time field asked for.
        field: String,
    },
    /// An expression of the model cannot be used.
    #[error("the model's expression {expression:?} cannot be used: {reason}")]
    Expression {
        /// The expression.
        expression: String,
        /// Why not.
        reason: String,
    },
    /// The plan contradicts itself or asks for what plans cannot say.
    #[error("the plan cannot be compiled: {reason}")]
    Unsupported {
        /// Why not, and what to do instead.
        reason: String,
    },
}

impl CompileError {
    pub(super) fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported { reason: reason.into() }
    }
}

fn listed(ways: &[Vec<String>]) -> String {
    ways.iter().map(|way| way.join(" then ")).collect::<Vec<_>>().join(", or ")
}
