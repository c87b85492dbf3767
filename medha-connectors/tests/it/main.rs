//! Everything a user of this crate can see, in one binary.

mod files;
mod sqlite;
