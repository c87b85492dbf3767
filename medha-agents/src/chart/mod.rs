//! Charts: chosen by rule from the plan and the result, compiled to Vega-Lite v6.

mod spec;

pub use spec::{ChartKind, ChartSpec, Encoding, Scale};
