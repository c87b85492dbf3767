//! Whom a policy is applied to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The person or program a statement is run for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct User {
    /// Who it is; conditions name it `:user_id`.
    pub id: String,
    /// Its roles.
    #[serde(default)]
    pub roles: BTreeSet<String>,
    /// What conditions of a policy can name with a colon.
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of a user's attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Attribute {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Several values, for `IN (:name)`.
    List(Vec<Self>),
}

impl User {
    /// A user without roles or attributes.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Gives it a role.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.insert(role.into());
        self
    }

    /// Gives it an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<Attribute>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Whether it has one of these roles.
    pub(crate) fn is_one_of(&self, roles: &BTreeSet<String>) -> bool {
        !self.roles.is_disjoint(roles)
    }

    /// What a name behind a colon stands for.
    pub(crate) fn attribute(&self, name: &str) -> Option<Attribute> {
        match self.attributes.get(name) {
            None if name == "user_id" => Some(Attribute::Text(self.id.clone())),
            found => found.cloned(),
        }
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Attribute {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Attribute {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
