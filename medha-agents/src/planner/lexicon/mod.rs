//! What the words of a question can stand for, built once from the semantic model.

mod target;
mod general;
mod place;
mod graph;
mod names;
mod index;
mod lookup;

pub(crate) use general::{are_synonyms, opposite_of};
pub(crate) use index::{Lexicon, plural_of};
pub(crate) use names::identifier_stems;
pub(crate) use target::{FieldId, Match, Target, ValueId};
