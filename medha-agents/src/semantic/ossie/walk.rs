//! Walks a YAML tree and collects what is wrong with it.

use serde_json::{Map, Value};

use crate::semantic::error::{Problem, hint};

/// Collects problems while the tree is read.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) problems: Vec<Problem>,
}

/// A map of the tree, with the path to it.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) path: String,
    pub(super) map: &'a Map<String, Value>,
}

impl Walk {
    pub(super) fn problem(&mut self, at: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { at: at.into(), message: message.into() });
    }

    /// Takes a value as a map with only known keys.
    pub(super) fn node<'a>(
        &mut self,
        path: impl Into<String>,
        value: &'a Value,
        known: &[&str],
    ) -> Option<Node<'a>> {
        let path = path.into();
        let Value::Object(map) = value else {
            self.problem(path, format!("expected a map, found {}", kind(value)));
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = hint(key, known.iter().copied());
            self.problem(path.clone(), format!("unknown key {key:?}{hint}"));
        }
        Some(Node { path, map })
    }

    /// Text at a key; numbers and booleans are taken as they are written.
    pub(super) fn text(&mut self, node: &Node<'_>, key: &str) -> Option<String> {
        match node.map.get(key)? {
            Value::Null => None,
            value => {
                let text = scalar(value);
                if text.is_none() {
                    self.problem(node.at(key), format!("expected text, found {}", kind(value)));
                }
                text
            }
        }
    }

    /// Text that must be there and not be empty.
    pub(super) fn required(&mut self, node: &Node<'_>, key: &str) -> Option<String> {
        match node.map.get(key) {
            None | Some(Value::Null) => {
                self.problem(node.path.clone(), format!("the key {key:?} is missing"));
                None
            }
            Some(_) => {
                let text = self.text(node, key)?;
                if text.trim().is_empty() {
                    self.problem(node.at(key), "must not be empty");
                    return None;
                }
                Some(text)
            }
        }
    }

    /// A list at a key; empty if the key is absent.
    pub(super) fn list<'a>(&mut self, node: &Node<'a>, key: &str) -> &'a [Value] {
        match node.map.get(key) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.problem(node.at(key), format!("expected a list, found {}", kind(other)));
                &[]
            }
        }
    }

    /// A list of texts at a key.
    pub(super) fn texts(&mut self, node: &Node<'_>, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.list(node, key).iter().enumerate() {
            match scalar(item) {
                Some(text) => texts.push(text),
                None => {
                    self.problem(node.item(key, index), format!("expected text, found {}", kind(item)));
                }
            }
        }
        texts
    }

    /// A yes or no at a key.
    pub(super) fn flag(&mut self, node: &Node<'_>, key: &str) -> Option<bool> {
        match node.map.get(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::Null => None,
            other => {
                self.problem(node.at(key), format!("expected true or false, found {}", kind(other)));
                None
            }
        }
    }

    /// One of some words at a key.
    pub(super) fn one_of<T: Copy>(&mut self, node: &Node<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let word = self.text(node, key)?;
        let found = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(known, _)| format!("{known:?}")).collect();
            self.problem(node.at(key), format!("{word:?} is not one of {}", known.join(", ")));
        }
        found.map(|(_, value)| *value)
    }
}

impl Node<'_> {
    /// The path of a key.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The path of a list item, by its name if it has one.
    pub(super) fn item(&self, key: &str, index: usize) -> String {
        let name = self
            .map
            .get(key)
            .and_then(|list| list.get(index))
            .and_then(|item| item.get("name"))
            .and_then(Value::as_str);
        match name {
            Some(name) => format!("{}[{name:?}]", self.at(key)),
            None => format!("{}[{index}]", self.at(key)),
        }
    }
}

/// A scalar as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
