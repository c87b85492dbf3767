//! Keys, and texts sealed with them: XChaCha20-Poly1305 with a random nonce of 24 bytes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

const MARK: &str = "medha1.";
const NONCE: usize = 24;

/// A key of 32 random bytes, and a name by which what was sealed with it is found again.
#[derive(Clone)]
pub struct Key {
    name: String,
    cipher: XChaCha20Poly1305,
}

impl Key {
    /// The name is stored in the clear; it may be a date. A `.` in it is taken for a `-`.
    pub fn new(name: impl Into<String>, bytes: [u8; 32]) -> Self {
        Self { name: name.into().replace('.', "-"), cipher: XChaCha20Poly1305::new(&bytes.into()) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The keys of a program: the first seals, all of them open. To rotate, put a new one first and keep the old ones as long
/// as there is something sealed with them.
#[derive(Clone, Debug)]
pub struct Keys {
    newest: Key,
    older: Vec<Key>,
}

impl Keys {
    /// One key, which seals and opens.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self { newest: key, older: Vec::new() }
    }

    /// Also opens what was sealed with this one.
    #[must_use]
    pub fn with_older(mut self, key: Key) -> Self {
        self.older.push(key);
        self
    }

    pub(super) fn seal(&self, text: &str, place: &[u8]) -> Result<String, String> {
        let nonce = XNonce::try_generate().map_err(|error| format!("there is no randomness: {error}"))?;
        let sealed = self.newest.cipher.encrypt(&nonce, Payload { msg: text.as_bytes(), aad: place });
        let sealed = sealed.map_err(|_| "it cannot be encrypted".to_owned())?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(format!("{MARK}{}.{}", self.newest.name, BASE64.encode(bytes)))
    }

    /// Opens what was sealed in one of these places.
    pub(super) fn open(&self, token: &str, places: &[Vec<u8>]) -> Result<String, Closed> {
        let parts = token.strip_prefix(MARK).and_then(|rest| rest.split_once('.'));
        let (name, encoded) = parts.ok_or_else(|| Closed::Other("it is not encrypted".to_owned()))?;
        let mut keys =
            std::iter::once(&self.newest).chain(&self.older).filter(|key| key.name == name).peekable();
        if keys.peek().is_none() {
            let why = format!(
                "it is encrypted with key {name:?}, which this program does not have; add it to its keys"
            );
            return Err(Closed::Other(why));
        }
        let bytes = BASE64.decode(encoded).map_err(|error| Closed::Other(error.to_string()))?;
        let split = bytes.split_at_checked(NONCE);
        let (nonce, sealed) = split.ok_or_else(|| Closed::Other("its end is missing".to_owned()))?;
        let nonce =
            XNonce::try_from(nonce).map_err(|_| Closed::Other("its nonce is cut short".to_owned()))?;
        let tries = keys.flat_map(|key| places.iter().map(move |place| (key, place)));
        let mut opened =
            tries.filter_map(|(key, aad)| key.cipher.decrypt(&nonce, Payload { msg: sealed, aad }).ok());
        let text = opened.next().ok_or(Closed::Changed)?;
        String::from_utf8(text).map_err(|error| Closed::Other(error.to_string()))
    }
}

/// Why a sealed text does not open.
#[derive(Debug)]
pub(super) enum Closed {
    /// The key is known and does not fit the text in this place.
    Changed,
    Other(String),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => {
                f.write_str("it was changed or moved since it was encrypted, or encrypted with other bytes under the same key name")
            }
            Self::Other(why) => f.write_str(why),
        }
    }
}
