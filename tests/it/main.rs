//! Tests that span the crates: one binary, one module a subject.

mod tidy;
mod workflows;
