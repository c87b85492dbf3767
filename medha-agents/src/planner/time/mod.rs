//! Windows of time as people say them: `last quarter`, `in March 2024`, `since 2021`, `past 90 days`.

mod calendar;
mod point;
mod relative;
mod window;

pub(crate) use calendar::{add_grain, start_of};
pub(crate) use window::{Clock, Window, read_window};

#[cfg(test)]
mod tests;
