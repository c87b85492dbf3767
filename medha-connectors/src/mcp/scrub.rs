//! What a server of somebody else says, made fit to be shown: without secrets, and not longer than anybody reads.

use std::fmt;

/// Shorter values are no secrets, and taking them out of a text would leave little of it.
const SHORTEST: usize = 4;
/// More of a message than this nobody reads.
const LONGEST_MESSAGE: usize = 500;

/// The secrets that must not be in a message.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Scrub {
    secrets: Vec<String>,
}

impl Scrub {
    /// One more secret; of an address also the password in it.
    pub(crate) fn add(&mut self, secret: &str) {
        if let Some(password) = password_of(secret) {
            self.push(password);
        }
        self.push(secret);
    }

    fn push(&mut self, secret: &str) {
        if secret.len() >= SHORTEST && !self.secrets.iter().any(|known| known == secret) {
            self.secrets.push(secret.to_owned());
            // A secret that is part of another one must not leave the rest of it.
            self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// The text without the secrets, and without whatever stands as user and password in an address.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = without_logins(text);
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), "<secret>");
        }
        match text.char_indices().nth(LONGEST_MESSAGE) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

impl fmt::Debug for Scrub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scrub({} secrets)", self.secrets.len())
    }
}

/// The password of an address such as `scheme://user:password@host`.
fn password_of(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let (login, _) = rest.rsplit_once('@')?;
    login.split_once(':').map(|(_, password)| password)
}

/// Takes `user:password@` out of every address in a text.
fn without_logins(text: &str) -> String {
    let mut cleaned = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        cleaned.push_str(before);
        cleaned.push_str("://");
        let end = after.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c)).unwrap_or(after.len());
        let (address, after) = after.split_at(end);
        cleaned.push_str(address.rsplit_once('@').map_or(address, |(_, place)| place));
        rest = after;
    }
    cleaned.push_str(rest);
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_shown_without_secrets_and_not_in_full_length() {
        let mut scrub = Scrub::default();
        scrub.add("hunter2");
        scrub.add("hunter2-and-more");
        scrub.add("postgres://me:s3cret!@host/db");
        scrub.add("no");
        for (text, clean) in [
            ("password hunter2-and-more is wrong", "password <secret> is wrong"),
            ("s3cret! no", "<secret> no"),
            ("cannot reach mysql://root:pw@host:3306/db, no", "cannot reach mysql://host:3306/db, no"),
        ] {
            assert_eq!(scrub.clean(text), clean);
        }
        assert_eq!(scrub.clean(&"ä".repeat(2_000)).chars().count(), 501);
        assert!(!format!("{scrub:?}").contains("hunter2"));
    }
}
