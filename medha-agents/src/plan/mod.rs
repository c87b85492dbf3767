//! The analysis plan and its compilation to SQL.

mod analysis;

pub use analysis::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, CompareOp, DatePart, Expr, FieldRef, Filter, Grain,
    Literal, Operand, Order, Output, SetOp, SetOperation, TextMatch, TimeRange, TopPerGroup,
};
