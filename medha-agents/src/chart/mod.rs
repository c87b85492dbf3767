//! Charts: chosen by rule from the plan and the result, compiled to Vega-Lite v6.

mod choose;
mod column;
mod describe;
mod legal;
mod number;
mod spec;
mod value;
mod vega;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use choose::{choose, redraw};
pub use column::{Column, ColumnRole, columns_of, unique_names};
pub(crate) use column::{column_words, measures};
pub use legal::{ChartError, check};
pub use number::NumberFormat;
pub(crate) use number::percent;
pub use spec::{ChartKind, ChartSpec, Encoding, Scale};
pub use value::{label, number};
pub use vega::{VEGA_LITE_SCHEMA, vega_lite};
