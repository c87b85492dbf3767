//! Whom an analyst answers, and what that user may read.

use std::sync::Arc;

use medha_connectors::{Connector, Guard, Policy, PolicyError, Schema, User};

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
    /// A guard over the schema of a database that holds the policy for the user.
    ///
    /// # Errors
    /// If the policy does not fit the schema, or asks for an attribute that the user has not.
    pub fn guard(&self, connector: &dyn Connector, schema: Arc<Schema>) -> Result<Guard, PolicyError> {
        open_guard(connector, schema).with_policy(&self.policy, &self.user)
    }
}

/// The guard of whoever asks; without rights, one that lets everything be read.
pub(crate) fn guard_for(
    rights: Option<&Rights>,
    connector: &dyn Connector,
    schema: Arc<Schema>,
) -> Result<Guard, PolicyError> {
    match rights {
        Some(rights) => rights.guard(connector, schema),
        None => Ok(open_guard(connector, schema)),
    }
}

fn open_guard(connector: &dyn Connector, schema: Arc<Schema>) -> Guard {
    Guard::new(connector.dialect(), schema)
}
