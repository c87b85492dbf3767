//! What is wrong with a semantic model, said all at once.

use std::fmt;

/// One thing that is wrong with a model, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place, as a path into the model: `datasets["orders"].fields["total"]`.
    pub at: String,
    /// What is wrong there and the way out.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() {
            return out.write_str(&self.message);
        }
        write!(out, "{}: {}", self.at, self.message)
    }
}

/// Why a file is not a semantic model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// It is not YAML.
    #[error("the semantic model is not valid YAML: {reason}")]
    Yaml {
        /// What the YAML reader said, with line and column.
        reason: String,
    },
    /// It is YAML, and something in it is wrong; every problem is listed.
    #[error("the semantic model has {} problem{}:{}", problems.len(), plural(problems), list(problems))]
    Invalid {
        /// The problems, in the order of the file.
        problems: Vec<Problem>,
    },
    /// It could not be written as YAML.
    #[error("the semantic model cannot be written as YAML: {reason}")]
    Write {
        /// What the YAML writer said.
        reason: String,
    },
}

fn plural(problems: &[Problem]) -> &'static str {
    if problems.len() == 1 { "" } else { "s" }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n- {problem}")).collect()
}

/// The known name nearest to a misspelt one, as `; did you mean "x"?`, or nothing if none is near.
pub(crate) fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default()
}

/// The known name nearest to a misspelt one, if any is near enough to be meant.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= 1 + candidate.chars().count().min(lower.chars().count()) / 4
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
