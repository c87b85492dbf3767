//! What can be set when a saver is opened.

use std::time::Duration;

/// How a saver works with its database.
#[derive(Clone, Debug)]
pub struct SaverOptions {
    pub(super) max_bytes: u64,
    pub(super) connections: u32,
    pub(super) patience: Duration,
    pub(super) synchronous: Synchronous,
}

/// What a commit to SQLite survives. Exhaustive on purpose: these are the two that make sense in write-ahead mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// A stored checkpoint survives the loss of power. Each commit waits for the disk.
    #[default]
    Full,
    /// A stored checkpoint survives the death of the process; a loss of power may take the last ones, never the whole
    /// file. Several times faster on disks that are slow to sync.
    Normal,
}

impl Default for SaverOptions {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024 * 1024,
            connections: 8,
            patience: Duration::from_secs(10),
            synchronous: Synchronous::Full,
        }
    }
}

impl SaverOptions {
    /// Refuses to read anything larger than this; 256 MiB if not said.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// At most so many connections; 8 if not said. For SQLite, connections that read: there is one that writes.
    #[must_use]
    pub fn connections(mut self, count: u32) -> Self {
        self.connections = count.max(1);
        self
    }

    /// How long to wait for a connection, and in SQLite for another process to finish writing; 10 seconds if not said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What a commit to SQLite survives.
    #[must_use]
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }
}
