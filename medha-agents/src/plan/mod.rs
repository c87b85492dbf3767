//! The analysis plan and its compilation to SQL.

mod analysis;
mod describe;
mod compile;
mod column;
mod error;
mod grouped;
mod stack;
mod listing;
mod leaf;
mod block;
mod scope;
mod rows;
mod filter;
mod term;
mod path;
mod context;
mod dialect;
mod select;

pub use analysis::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, CompareOp, DatePart, Expr, FieldRef, Filter, Grain,
    Literal, Operand, Order, Output, SetOp, SetOperation, TextMatch, TimeRange, TopPerGroup,
};
pub use column::{PlannedColumn, PlannedKind};
pub use compile::{CompiledPlan, compile};
pub use describe::describe;
pub use error::CompileError;
pub(crate) use rows::{fields_of, fields_of_filters};
