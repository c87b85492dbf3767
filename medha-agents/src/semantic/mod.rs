//! What the tables mean: the semantic model, where it comes from and how it is checked.

mod model;

pub use model::{
    Additivity, Calendar, DataType, Dataset, Entity, Field, FieldValue, GlossaryTerm, Metric, NamedFilter,
    Relationship, Role, SemanticModel, Weekday,
};
