//! Text made from nothing: each call is bounded where functions are checked, and here all of them together, since one may
//! repeat what another has made.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, FunctionArguments, Query, Visit, Visitor};

use super::series::number_of;
use crate::guard::error::GuardError;

/// The longest text that all of them together may make.
const MAX_TOGETHER: f64 = 10_000_000.0;

/// Refuses a query whose padding and repeating functions could make a text without measure.
pub(crate) fn check(query: &Query) -> Result<(), GuardError> {
    let mut made = Made(1.0);
    let _: ControlFlow<()> = query.visit(&mut made);
    if made.0 > MAX_TOGETHER {
        return Err(GuardError::too_large(format!(
            "texts of {:.0} characters could be made of nothing",
            made.0
        )));
    }
    Ok(())
}

struct Made(f64);

impl Visitor for Made {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && let FunctionArguments::List(list) = &function.args
            && let Some(name) = function.name.0.last().and_then(|part| part.as_ident())
        {
            let length = match name.value.to_ascii_lowercase().as_str() {
                "repeat" | "lpad" | "rpad" => list.args.get(1),
                "space" => list.args.first(),
                _ => None,
            };
            self.0 *= length.and_then(number_of).unwrap_or(1.0).max(1.0);
        }
        ControlFlow::Continue(())
    }
}
