//! What is predicted for a question, as the scorer reads it.

use medha_agents::analyst::{Answer, AnswerOutcome};
use serde_json::{Value, json};

/// What is predicted for a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Prediction {
    /// This SQL answers it.
    Sql(String),
    /// It was not understood surely enough.
    Abstained {
        /// Why.
        reason: String,
    },
    /// Something went wrong; the scorer sees an abstention.
    Failed {
        /// What.
        reason: String,
    },
}

impl Prediction {
    /// Takes the SQL of the first panel, which is the question's main part.
    pub(crate) fn of(answer: &Answer) -> Self {
        match &answer.outcome {
            AnswerOutcome::Answered => match answer.panels.first() {
                Some(panel) => Self::Sql(panel.sql.clone()),
                None => Self::Failed { reason: "answered without SQL".into() },
            },
            AnswerOutcome::NeedsChoice(clarification) => {
                Self::Abstained { reason: clarification.prompt.clone() }
            }
            AnswerOutcome::Abstained(abstention) => {
                let words = abstention.not_understood.join(", ");
                let rest =
                    if words.is_empty() { String::new() } else { format!(" (not understood: {words})") };
                Self::Abstained { reason: format!("{}{rest}", abstention.reason) }
            }
            AnswerOutcome::Refused { reason } => Self::Abstained { reason: format!("refused: {reason}") },
            AnswerOutcome::Cancelled => Self::Failed { reason: "cancelled".into() },
            AnswerOutcome::Failed { message, .. } => Self::Failed { reason: message.clone() },
        }
    }

    /// The line of the predictions' file.
    pub(crate) fn line(&self, id: &str) -> Value {
        match self {
            Self::Sql(sql) => json!({"id": id, "sql": sql}),
            Self::Abstained { reason } => json!({"id": id, "abstain": true, "reason": reason}),
            Self::Failed { reason } => {
                json!({"id": id, "abstain": true, "reason": format!("failed: {reason}")})
            }
        }
    }
}

/// How many of each there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) answered: usize,
    pub(crate) abstained: usize,
    pub(crate) failed: usize,
}

impl Tally {
    pub(crate) fn of<'a>(predictions: impl IntoIterator<Item = &'a Prediction>) -> Self {
        let mut tally = Self::default();
        for prediction in predictions {
            match prediction {
                Prediction::Sql(_) => tally.answered += 1,
                Prediction::Abstained { .. } => tally.abstained += 1,
                Prediction::Failed { .. } => tally.failed += 1,
            }
        }
        tally
    }

    /// For a person, with how long it took.
    pub(crate) fn summary(self, seconds: f64) -> String {
        let Self { answered, abstained, failed } = self;
        let all = answered + abstained + failed;
        format!(
            "{all} questions in {seconds:.1} s: {answered} answered, {abstained} abstained, {failed} failed"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medha_agents::planner::Abstention;

    #[test]
    fn a_prediction_is_sql_or_says_why_not() {
        let answer = |outcome| Answer {
            question: "?".into(),
            outcome,
            panels: vec![],
            follow_ups: vec![],
            notes: vec![],
            timings: vec![],
        };
        let abstained = Prediction::of(&answer(AnswerOutcome::Abstained(Abstention {
            reason: "too vague".into(),
            not_understood: vec!["how".into(), "why".into()],
            ..Abstention::default()
        })));
        let failed =
            Prediction::of(&answer(AnswerOutcome::Failed { message: "no such table".into(), hint: None }));
        let sql = Prediction::Sql("SELECT 1".into());
        assert_eq!(sql.line("a"), json!({"id": "a", "sql": "SELECT 1"}));
        assert_eq!(
            abstained.line("b"),
            json!({"id": "b", "abstain": true, "reason": "too vague (not understood: how, why)"})
        );
        assert_eq!(failed.line("c"), json!({"id": "c", "abstain": true, "reason": "failed: no such table"}));
        assert_eq!(
            Tally::of([&sql, &sql, &abstained, &failed]).summary(1.25),
            "4 questions in 1.2 s: 2 answered, 1 abstained, 1 failed"
        );
    }
}
