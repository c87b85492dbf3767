//! Queries that would never end or never fit, recognised by their form. The deadline stands behind this.
//!
//! Text that is made from nothing (`made`), generators (`series`), recursion (`recursion`), joins that nothing narrows
//! (`combinations`) and common table expressions that unfold without measure (`unfold`).

mod check;
mod made;
mod series;
mod recursion;
mod combinations;
mod unfold;

pub(crate) use check::check;
pub(crate) use series::{generated_rows, number_of};
