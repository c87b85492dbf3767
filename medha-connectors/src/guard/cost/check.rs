//! All bounds on what a query may cost.

use sqlparser::ast::Query;

use super::{combinations, made, recursion, unfold};
use crate::guard::error::GuardError;
use crate::schema::Schema;

/// Refuses what nothing ends, narrows or bounds.
pub(crate) fn check(query: &Query, schema: &Schema) -> Result<(), GuardError> {
    unfold::check(query)?;
    recursion::check(query)?;
    made::check(query)?;
    combinations::check(query, schema)
}
