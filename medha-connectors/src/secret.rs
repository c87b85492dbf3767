//! What must never be printed.

use std::fmt;

use serde::Deserialize;

/// A password, or an address with one in it: it never shows in logs, errors and debug output.
///
/// ```
/// use medha_connectors::Secret;
///
/// let url = Secret::new("postgres://me:hunter2@db.example.com/sales");
/// assert_eq!(format!("{url} {url:?}"), "<secret> Secret(<secret>)");
/// assert!(url.expose().contains("hunter2"));
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(<secret>)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<secret>")
    }
}

/// The host and the database of an address.
pub(crate) fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    // What follows a password may look like the end of the path, so everything up to the last `@` is left out first.
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{}", place.split(['?', '#']).next().unwrap_or_default())
}

/// An address with all that says what is asked and as whom, and without a password, to be hashed and not to be shown: where
/// an address is not written as it should be, nothing is left out, so that no two places become one.
pub(crate) fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = user.split(':').next().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parameters: Vec<&str> = query.split('&').filter(|pair| !is_password(pair)).collect();
    parameters.sort_unstable();
    format!("{scheme}://{user}@{host}{path}?{}", parameters.join("&"))
}

/// Whether a name, or a pair that begins with one, is of a password.
pub(crate) fn is_password(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.contains("password") || name.contains("passphrase")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let shown = without_secrets("postgres://user:se@cret@host:5432/db?password=x");
        assert_eq!(shown, "postgres://host:5432/db");
    }

    #[test]
    fn an_address_without_its_password_still_says_who_asks_what() {
        let place = "postgres://user@host:5432/db?options=a&sslmode=require";
        for url in [
            "postgres://user:one@host:5432/db?sslmode=require&options=a",
            "postgres://user:t@w:o@host:5432/db?options=a&password=x&sslmode=require",
            "postgres://user@host:5432/db?options=a&sslmode=require",
        ] {
            assert_eq!(without_password(url), place, "{url}");
        }
        for other in [
            "postgres://host:1/db?options=a@b",
            "postgres://host:1/other?options=a@b",
            "postgres://other:one@host/db",
            "postgres://user:one@host/other",
            "mysql://user:one@host/db",
        ] {
            assert_ne!(without_password(other), without_password("postgres://user:one@host/db"), "{other}");
        }
    }
}
