//! Tests that span the crates: one binary, one module a subject.

// With every database switched on, the futures of a whole question nest a little deeper than the compiler follows unasked.
#![recursion_limit = "256"]

mod examples;
mod tidy;
mod workflows;
