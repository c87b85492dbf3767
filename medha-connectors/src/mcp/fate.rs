//! What became of a server, for those who wait for it: why it ended, and the last it said.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many of the last lines are kept.
const LINES: usize = 4;

/// The end of a server, told by its transport and read by whoever lost it.
#[derive(Debug, Default)]
pub(super) struct Fate {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    end: Option<String>,
    is_too_large: bool,
    last_lines: VecDeque<String>,
}

impl Fate {
    /// It has ended, or has to; the first reason counts.
    pub(super) fn ended(&self, reason: String) {
        self.told().end.get_or_insert(reason);
    }

    /// It has said more at once than is read.
    pub(super) fn too_large(&self) {
        self.told().is_too_large = true;
        self.ended("its answer was too large".to_owned());
    }

    /// Whether it has ended because it said too much at once.
    pub(super) fn is_too_large(&self) -> bool {
        self.told().is_too_large
    }

    /// It has said a line on its standard error.
    pub(super) fn said(&self, line: &str) {
        let mut told = self.told();
        if told.last_lines.len() == LINES {
            told.last_lines.pop_front();
        }
        told.last_lines.push_back(line.to_owned());
    }

    /// Why it is not there any more, if anybody knows.
    pub(super) fn reason(&self) -> Option<String> {
        let told = self.told();
        let end = told.end.clone()?;
        let said: Vec<&str> = told.last_lines.iter().map(String::as_str).collect();
        Some(if said.is_empty() { end } else { format!("{end}; it said: {}", said.join(" | ")) })
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
