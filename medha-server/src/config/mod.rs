//! The configuration: what can be set, where the file is, and what it says.
//!
//! In reading order: every setting with its flag, variable, key and default (`settings`), the values of the file (`file`, `limits`),
//! variables of the environment in them (`substitute`), how it is read (`read`) and found (`find`).

#[cfg(test)]
mod settings;
mod file;
mod limits;
mod substitute;
mod read;
mod find;

pub(crate) use file::{Config, ConfiguredConnection};
pub(crate) use find::{ConfigError, load};
pub(crate) use limits::Limits;
pub(crate) use read::yaml_file;

#[cfg(test)]
pub(crate) use settings::SETTINGS;
