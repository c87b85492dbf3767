//! What a word can stand for.

/// A field by its place in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FieldId {
    /// Index of the dataset.
    pub(crate) dataset: usize,
    /// Index of the field in it.
    pub(crate) field: usize,
}

/// A known value of a field, by its place in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueId {
    /// The field.
    pub(crate) field: FieldId,
    /// Index of the value in it.
    pub(crate) value: usize,
}

/// What a phrase stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A metric.
    Metric(usize),
    /// A dataset, or a row of it.
    Dataset(usize),
    /// A field.
    Field(FieldId),
    /// A named condition.
    Named(usize),
    /// A value of a field.
    Value(ValueId),
}

/// A target that some tokens may stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Match {
    /// The target.
    pub(crate) target: Target,
    /// How many tokens it takes.
    pub(crate) len: usize,
    /// How well it fits, 1 for its very name.
    pub(crate) score: f32,
}

impl Target {
    /// The dataset it belongs to, if it belongs to one by itself.
    pub(crate) fn dataset(self) -> Option<usize> {
        match self {
            Self::Dataset(dataset) => Some(dataset),
            Self::Field(field) => Some(field.dataset),
            Self::Value(value) => Some(value.field.dataset),
            Self::Metric(_) | Self::Named(_) => None,
        }
    }

    /// The field it is, or is a value of.
    pub(crate) fn field(self) -> Option<FieldId> {
        match self {
            Self::Field(field) => Some(field),
            Self::Value(value) => Some(value.field),
            Self::Metric(_) | Self::Dataset(_) | Self::Named(_) => None,
        }
    }
}
