//! `${NAME}` and `${NAME:-default}` in a configuration, filled in from what the caller gives.

use std::collections::BTreeMap;

use super::config::McpConfigError;
use super::scrub::Scrub;
use crate::secret::Secret;

/// Fills in the variables of one configuration, and remembers their values as secrets.
pub(super) struct Variables<'a> {
    known: &'a BTreeMap<String, Secret>,
    pub(super) used: Scrub,
    /// Names that have neither a value nor a default, in the order they were met.
    pub(super) missing: Vec<String>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(known: &'a BTreeMap<String, Secret>) -> Self {
        Self { known, used: Scrub::default(), missing: Vec::new() }
    }

    /// The text with all variables filled in; one that is missing stays empty and is noted.
    pub(super) fn fill(&mut self, text: &str) -> Result<String, McpConfigError> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((inside, after)) = after.split_once('}') else {
                return Err(McpConfigError::OpenVariable { text: format!("${{{after}") });
            };
            let (name, default) = match inside.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (inside, None),
            };
            if !is_name(name) {
                return Err(McpConfigError::VariableName { name: name.to_owned() });
            }
            // As in a shell, a variable that is empty has no value where there is a default.
            let value = self.known.get(name).map(Secret::expose);
            match (value.filter(|value| default.is_none() || !value.is_empty()), default) {
                (Some(value), _) => {
                    self.used.add(value);
                    filled.push_str(value);
                }
                (None, Some(default)) => filled.push_str(default),
                (None, None) => self.missing.push(name.to_owned()),
            }
            rest = after;
        }
        filled.push_str(rest);
        // What a variable is part of, such as an address with a password in it, is as secret as the variable.
        Ok(filled)
    }
}

fn is_name(name: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_inside) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_their_values_are_secrets() {
        let known = BTreeMap::from([
            ("HOST".to_owned(), Secret::new("db.example.com")),
            ("PASSWORD".to_owned(), Secret::new("hunter2")),
            ("NOTHING".to_owned(), Secret::new("")),
        ]);
        let mut variables = Variables::new(&known);
        for (text, filled) in [
            ("postgres://me:${PASSWORD}@${HOST}/shop", "postgres://me:hunter2@db.example.com/shop"),
            ("${PORT:-5432}", "5432"),
            ("${NOTHING:-x}${NOTHING}", "x"),
            ("${EMPTY:-}", ""),
            ("$HOME and 5$", "$HOME and 5$"),
        ] {
            assert_eq!(variables.fill(text).unwrap(), filled, "{text}");
        }
        assert!(variables.missing.is_empty());
        assert_eq!(variables.used.clean("no hunter2 here"), "no <secret> here");
        variables.fill("${USER} ${PORT}").unwrap();
        assert_eq!(variables.missing, ["USER", "PORT"]);
        assert!(matches!(variables.fill("${OPEN"), Err(McpConfigError::OpenVariable { .. })));
        assert!(matches!(variables.fill("${a b}"), Err(McpConfigError::VariableName { .. })));
    }
}
