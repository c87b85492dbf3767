//! Which events of a run its reader wants: those that copy the state or an update are not made for nobody.

use std::collections::BTreeSet;

use super::modes::Mode;

/// Kinds of events that cost something, as bits. All others are always made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interest(pub(super) u8);

impl Interest {
    /// The state as a run begins or goes on.
    pub(crate) const FIRST_VALUES: Self = Self(1);
    /// The state after each superstep.
    pub(crate) const VALUES: Self = Self(1 << 1);
    /// What tasks wrote.
    pub(crate) const UPDATES: Self = Self(1 << 2);
    /// Tasks that start.
    pub(crate) const STARTS: Self = Self(1 << 3);
    /// The state at the end.
    pub(crate) const END: Self = Self(1 << 4);
    /// What happens inside subgraphs. Without it they run as if nobody watched them.
    pub(crate) const CHILDREN: Self = Self(1 << 5);
    /// How long tasks took: two looks at the clock each.
    pub(crate) const TIMES: Self = Self(1 << 6);
    /// What a reader of plain events gets.
    pub(crate) const ALL: Self = Self(u8::MAX);

    /// What is needed to show these modes.
    pub(crate) fn of(modes: &BTreeSet<Mode>) -> Self {
        let needed = |mode: &Mode| match mode {
            Mode::Values => Self::FIRST_VALUES.0 | Self::VALUES.0,
            Mode::Updates => Self::UPDATES.0,
            // The first values say which messages are known, and which fields hold messages.
            Mode::Messages => Self::FIRST_VALUES.0 | Self::UPDATES.0,
            Mode::Tasks => Self::STARTS.0 | Self::UPDATES.0 | Self::TIMES.0,
            Mode::Custom | Mode::Checkpoints => 0,
            Mode::Debug => Self::ALL.0,
        };
        Self(modes.iter().map(needed).fold(0, |all, one| all | one))
    }

    /// The kinds of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any kind is in both.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_alone_need_no_copy_of_the_state() {
        let interest = Interest::of(&BTreeSet::from([Mode::Updates, Mode::Custom]));
        assert!(interest.meets(Interest::UPDATES));
        assert!(!interest.meets(Interest::FIRST_VALUES) && !interest.meets(Interest::VALUES));
        assert!(
            !interest.meets(Interest::CHILDREN)
                && !interest.meets(Interest::END)
                && !interest.meets(Interest::TIMES)
                && !interest.meets(Interest::STARTS)
        );
    }

    #[test]
    fn debug_needs_everything() {
        assert_eq!(Interest::of(&BTreeSet::from([Mode::Debug])), Interest::ALL);
    }
}
