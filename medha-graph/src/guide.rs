//! Pages to read from beginning to end, for those who come from elsewhere. Their code runs as tests of the documentation.

#[doc = include_str!("../docs/coming_from_langgraph.md")]
pub mod coming_from_langgraph {}

#[doc = include_str!("../docs/langgraph.md")]
pub mod langgraph {}
