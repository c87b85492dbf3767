//! Where a document lives: a path of labels, and the patterns such paths are listed by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A path of labels, such as `users.ann.notes`: the folder a document of a [`Store`](crate::Store) lives in.
///
/// There is at least one label. A label is not empty, is not `*` (which stands for any label in a
/// [`NamespacePattern`]), and holds neither `.` nor NUL, so the text with dots is never ambiguous. Never make a label
/// of what a user may write freely; take an id.
///
/// ```
/// use medha_graph::Namespace;
///
/// let notes = Namespace::new(["users", "ann", "notes"])?;
/// assert_eq!(notes, "users.ann.notes".parse()?);
/// assert!(notes.is_under(&"users.ann".parse()?));
/// assert!(!notes.is_under(&"users.an".parse()?));         // whole labels, not letters
/// # Ok::<(), medha_graph::store::NamespaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace(Vec<String>);

/// Labels a namespace begins or ends with; `*` stands for any one label. See
/// [`ListNamespaces`](crate::store::ListNamespaces).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamespacePattern(Vec<String>);

/// Why a text is no namespace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// There is no label.
    #[error("a namespace has at least one label")]
    NoLabels,
    /// A label cannot be used.
    #[error("{label:?} cannot be a label of a namespace: it {why}")]
    BadLabel {
        /// The label.
        label: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Namespace {
    /// A namespace of these labels, from the outermost in.
    pub fn new<L: Into<String>>(labels: impl IntoIterator<Item = L>) -> Result<Self, NamespaceError> {
        let labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        match labels.iter().find(|label| *label == ANY) {
            Some(label) => Err(bad(label, "stands for any label, which only a pattern may hold")),
            None => checked(labels).map(Self),
        }
    }

    /// A namespace inside this one.
    pub fn child(&self, label: impl Into<String>) -> Result<Self, NamespaceError> {
        Self::new(self.0.iter().cloned().chain([label.into()]))
    }

    /// The labels, from the outermost in.
    pub fn labels(&self) -> &[String] {
        &self.0
    }

    /// Whether this is the other namespace or lies inside it.
    pub fn is_under(&self, outer: &Self) -> bool {
        self.0.starts_with(&outer.0)
    }

    /// Cuts it to its first labels; one at least stays.
    #[must_use]
    pub fn truncated(&self, depth: usize) -> Self {
        Self(self.0.iter().take(depth.max(1)).cloned().collect())
    }
}

impl NamespacePattern {
    /// A pattern of these labels, from the outermost in.
    pub fn new<L: Into<String>>(labels: impl IntoIterator<Item = L>) -> Result<Self, NamespaceError> {
        checked(labels.into_iter().map(Into::into).collect()).map(Self)
    }

    /// The labels; `*` stands for any.
    pub fn labels(&self) -> &[String] {
        &self.0
    }

    /// Whether the namespace begins like this.
    pub fn begins(&self, namespace: &Namespace) -> bool {
        namespace.0.len() >= self.0.len() && self.fits(&namespace.0[..self.0.len()])
    }

    /// Whether the namespace ends like this.
    pub fn ends(&self, namespace: &Namespace) -> bool {
        namespace.0.len().checked_sub(self.0.len()).is_some_and(|from| self.fits(&namespace.0[from..]))
    }

    fn fits(&self, labels: &[String]) -> bool {
        self.0.iter().zip(labels).all(|(wanted, label)| wanted == ANY || wanted == label)
    }
}

impl From<&Namespace> for NamespacePattern {
    fn from(namespace: &Namespace) -> Self {
        Self(namespace.0.clone())
    }
}

macro_rules! dotted {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0.join(".")) }
        }
        impl FromStr for $name {
            type Err = NamespaceError;
            fn from_str(text: &str) -> Result<Self, NamespaceError> { Self::new(text.split('.')) }
        }
        impl TryFrom<String> for $name {
            type Error = NamespaceError;
            fn try_from(text: String) -> Result<Self, NamespaceError> { text.parse() }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self { name.to_string() }
        }
    )*};
}
dotted!(Namespace NamespacePattern);

/// Any label, in a pattern.
const ANY: &str = "*";

fn checked(labels: Vec<String>) -> Result<Vec<String>, NamespaceError> {
    if labels.is_empty() {
        return Err(NamespaceError::NoLabels);
    }
    for label in &labels {
        if label.is_empty() {
            return Err(bad(label, "is empty"));
        } else if label.contains('.') {
            return Err(bad(label, "holds a dot"));
        } else if label.contains('\0') {
            return Err(bad(label, "holds a NUL"));
        }
    }
    Ok(labels)
}

fn bad(label: &str, why: &'static str) -> NamespaceError {
    NamespaceError::BadLabel { label: label.to_owned(), why }
}
