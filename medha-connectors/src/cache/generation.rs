//! Which answers are still valid: those of the present generation of their connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::shared::Invalidated;

/// A number that moves on with every invalidation. An answer is valid as long as its connection's is the one it began in,
/// so that one that was being loaded meanwhile is never kept as valid.
#[derive(Debug, Default)]
pub(super) struct Generations(Mutex<Moved>);

#[derive(Debug, Default)]
struct Moved {
    everything: u64,
    connections: HashMap<Arc<str>, u64>,
}

impl Generations {
    /// The present one.
    pub(super) fn of(&self, connection: &str) -> u64 {
        let moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Both only grow, so that their sum grows with each of them.
        moved.everything + moved.connections.get(connection).copied().unwrap_or_default()
    }

    pub(super) fn move_on(&self, invalidated: &Invalidated) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match invalidated {
            Invalidated::Everything => moved.everything += 1,
            Invalidated::Connection(name) => {
                *moved.connections.entry(Arc::from(name.as_str())).or_default() += 1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalidation_moves_its_connection_on_and_no_other() {
        let generations = Generations::default();
        let both = || (generations.of("a"), generations.of("b"));
        let before = both();
        generations.move_on(&Invalidated::Connection("a".into()));
        let after = both();
        assert!(after.0 > before.0 && after.1 == before.1);
        generations.move_on(&Invalidated::Everything);
        assert!(both().0 > after.0 && both().1 > after.1);
    }
}
