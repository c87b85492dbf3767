//! Tests that span the crates: one binary, one module a subject.

mod examples;
mod tidy;
mod workflows;
