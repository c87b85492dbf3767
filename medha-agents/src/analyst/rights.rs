//! Whom an analyst answers, and what that user may read.

use std::sync::Arc;

use medha_connectors::{Dialect, Guard, Policy, PolicyError, Schema, User};

/// A policy and the user it is applied to: every statement of an analyst passes a guard that holds both.
///
/// The analyst plans, mends and answers with the schema as this user may know it, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Who may read what.
    pub policy: Arc<Policy>,
    /// Who asks.
    pub user: User,
}

impl Rights {
    /// A guard over a schema that holds the policy for the user.
    ///
    /// # Errors
    /// If the policy does not fit the schema, or asks for an attribute that the user has not.
    pub fn guard(&self, dialect: Dialect, schema: Arc<Schema>) -> Result<Guard, PolicyError> {
        Guard::new(dialect, schema).with_policy(&self.policy, &self.user)
    }
}

/// The guard of whoever asks; without rights, one that lets everything be read.
pub(crate) fn guard_for(
    rights: Option<&Rights>,
    dialect: Dialect,
    schema: Arc<Schema>,
) -> Result<Guard, PolicyError> {
    match rights {
        Some(rights) => rights.guard(dialect, schema),
        None => Ok(Guard::new(dialect, schema)),
    }
}
