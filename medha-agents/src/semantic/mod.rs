//! What the tables mean: the semantic model, where it comes from and how it is checked.

mod model;
mod error;
mod words;
mod infer;
mod observe;
mod check;
mod within;
mod references;
pub mod ossie;
pub(crate) mod expression;

pub use error::{ModelError, Problem};
pub use infer::infer;
pub use model::{
    Additivity, Calendar, DataType, Dataset, Denied, Entity, Field, FieldValue, GlossaryTerm, JoinType,
    Metric, NamedFilter, Notes, PiiAction, Relationship, Role, SemanticModel, VerifiedQuery, Weekday,
};
pub use words::identifier_words;

pub(crate) use check::is_query;
pub(crate) use error::hint;
pub(crate) use words::{plural, singular};
