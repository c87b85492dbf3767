//! Checkpoints that only the holder of a key can read: [`EncryptedSaver`] around any saver.
//!
//! `keys` has the cipher, `seal` what of a checkpoint is sealed, `saver` the wrapper.

mod keys;
mod seal;
mod saver;

pub use keys::{Key, Keys};
pub use saver::EncryptedSaver;
