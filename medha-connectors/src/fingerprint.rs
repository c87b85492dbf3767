//! A short name for a large value: the same for equal values, on every machine and in every run.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a value, such as a schema or a policy with the user it is applied to.
///
/// ```
/// use medha_connectors::{Policy, Schema, User};
///
/// let nothing = Schema::default();
/// assert_eq!(nothing.fingerprint(), nothing.clone().fingerprint());
///
/// let policy: Policy = serde_json::from_str(r#"{"version": 1}"#)?;
/// let ann = policy.fingerprint(&User::new("ann"));
/// assert_ne!(ann, policy.fingerprint(&User::new("bob")));
/// assert_eq!(ann.to_string().len(), 64);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

/// Takes a value in, field by field. Every field has its length before it, so that no two values run into the same bytes.
pub(crate) struct Fingerprinter(Sha256);

impl Fingerprinter {
    /// `subject` says what is taken in, and in which version of its form.
    pub(crate) fn of(subject: &str) -> Self {
        let mut fingerprinter = Self(Sha256::new());
        fingerprinter.bytes(subject.as_bytes());
        fingerprinter
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len());
        self.0.update(bytes);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn number(&mut self, number: usize) -> &mut Self {
        self.0.update((number as u64).to_be_bytes());
        self
    }

    pub(crate) fn texts(&mut self, texts: &[String]) -> &mut Self {
        self.number(texts.len());
        for text in texts {
            self.text(text);
        }
        self
    }

    pub(crate) fn part(&mut self, part: Option<Fingerprint>) -> &mut Self {
        match part {
            Some(part) => self.bytes(&part.0),
            None => self.bytes(&[]),
        }
    }

    pub(crate) fn finish(&mut self) -> Fingerprint {
        Fingerprint(self.0.finalize_reset().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        let of = |fields: [&str; 2]| Fingerprinter::of("test 1").text(fields[0]).text(fields[1]).finish();
        assert_ne!(of(["ab", "c"]), of(["a", "bc"]));
        assert_ne!(of(["", "a"]), of(["a", ""]));
        let lists =
            |lists: [&[String]; 2]| Fingerprinter::of("test 1").texts(lists[0]).texts(lists[1]).finish();
        let a = ["a".to_owned()];
        assert_ne!(lists([&a, &[]]), lists([&[], &a]));
        assert_ne!(Fingerprinter::of("test 1").finish(), Fingerprinter::of("test 2").finish());
    }

    #[test]
    fn it_does_not_change_from_one_version_of_us_to_the_next() {
        let fingerprint = Fingerprinter::of("test 1").text("a").number(7).finish();
        assert_eq!(
            fingerprint.to_string(),
            "9237de3964b79a7d06d633da133333f2aadcb4b56a47e1ed2c70db36452b0d2c"
        );
    }
}
