//! Answers in a Redis that several processes share.
//!
//! What is written there (`commands`), the line to it, which only a task of its own connects and puts back into use (`line`,
//! `keeper`), and the cache over them ([`RedisCache`]).

mod commands;
mod line;
mod keeper;
mod store;

pub use store::{RedisCache, RedisOptions};
