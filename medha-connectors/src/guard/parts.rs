//! What several checks read of the tree: the constraint of a join, the last part of a name, what a wildcard leaves out.

use sqlparser::ast::{
    ExcludeSelectItem, Ident, JoinConstraint, JoinOperator, ObjectName, WildcardAdditionalOptions,
};

use super::error::GuardError;

/// The joins that a query may have and that say what they join by; `None` for the others, which `shape` refuses.
macro_rules! constraint_of {
    ($operator:expr) => {
        match $operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::StraightJoin(constraint)
            | JoinOperator::CrossJoin(constraint) => Some(constraint),
            _ => None,
        }
    };
}

/// What a join says it joins by.
pub(crate) fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    constraint_of!(operator)
}

/// The same, to be changed.
pub(crate) fn constraint_mut(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    constraint_of!(operator)
}

/// The last part of a name, `None` if it is computed.
pub(crate) fn last(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(|part| part.as_ident())
}

/// The last part of a name, which must not be computed.
pub(crate) fn written_last(name: &ObjectName) -> Result<&Ident, GuardError> {
    last(name).ok_or_else(|| GuardError::not_allowed(format!("the computed name {name}")))
}

/// The columns that a wildcard leaves out.
pub(crate) fn left_out(options: &WildcardAdditionalOptions) -> Vec<&Ident> {
    let mut names: Vec<&Ident> = Vec::new();
    match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => names.extend(last(name)),
        Some(ExcludeSelectItem::Multiple(excluded)) => {
            names.extend(excluded.iter().filter_map(|name| last(name)));
        }
        None => {}
    }
    if let Some(except) = &options.opt_except {
        names.push(&except.first_element);
        names.extend(&except.additional_elements);
    }
    names
}
