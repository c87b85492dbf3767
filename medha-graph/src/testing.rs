//! Tools for testing graphs.
