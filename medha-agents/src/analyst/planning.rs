//! Who understands questions: the offline planner, or one of your own.

use std::fmt::Debug;

use jiff::civil::DateTime;

use crate::planner::{Planned, PlannedStep, Planner, Question, Understanding};

/// Turns questions into plans.
pub trait QuestionPlanner: Debug + Send + Sync {
    /// Says what a question means. It must not block: it reads nothing and waits for nothing.
    fn understand(&self, question: &Question<'_>) -> Understanding;

    /// Questions worth asking after these steps, best first; the analyst adds its own and keeps those that
    /// [`understand`](Self::understand) plans.
    fn follow_ups(&self, steps: &[PlannedStep], now: DateTime) -> Vec<String> {
        let _ = (steps, now);
        Vec::new()
    }
}

impl QuestionPlanner for Planner {
    fn understand(&self, question: &Question<'_>) -> Understanding {
        Self::understand(self, question)
    }

    fn follow_ups(&self, steps: &[PlannedStep], now: DateTime) -> Vec<String> {
        let planned = Planned { steps: steps.to_vec(), assumptions: Vec::new() };
        Self::follow_ups(self, &planned, now)
    }
}
