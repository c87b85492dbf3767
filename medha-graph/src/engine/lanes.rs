//! How many tasks of one node run at once: a lane per node that has a limit, used again in every superstep.
//!
//! A task that finds its lane full waits in it and holds up nobody else. When a task of the lane ends, its place goes
//! to the next one that waits, so that nothing is ever searched.

use std::collections::{HashMap, VecDeque};

use crate::graph::topology::NodeIx;

/// An attempt that is about to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entrant {
    pub(crate) position: usize,
    pub(crate) attempt: u32,
}

/// The lanes of one superstep; a lane is made when its first task comes.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: HashMap<NodeIx, Lane>,
    /// Attempts that were given a place and have not begun.
    admitted: VecDeque<Entrant>,
}

#[derive(Debug, Default)]
struct Lane {
    taken: usize,
    waiting: VecDeque<Entrant>,
}

impl Lanes {
    /// Empties all lanes.
    pub(crate) fn clear(&mut self) {
        self.lanes.clear();
        self.admitted.clear();
    }

    /// Takes a place, or lets the attempt wait for one. A task that was tried before goes ahead of those that were not.
    pub(crate) fn enter(&mut self, node: NodeIx, limit: usize, entrant: Entrant) -> bool {
        let lane = self.lanes.entry(node).or_default();
        let is_free = lane.taken < limit;
        if is_free {
            lane.taken += 1;
        } else if entrant.attempt > 1 {
            lane.waiting.push_front(entrant);
        } else {
            lane.waiting.push_back(entrant);
        }
        is_free
    }

    /// Gives the place of an attempt that has ended to the next in its lane.
    pub(crate) fn leave(&mut self, node: NodeIx) {
        let Some(lane) = self.lanes.get_mut(&node) else { return };
        match lane.waiting.pop_front() {
            Some(next) => self.admitted.push_back(next),
            None => lane.taken -= 1,
        }
    }

    /// The next attempt that was given a place while it waited.
    pub(crate) fn admit(&mut self) -> Option<Entrant> {
        self.admitted.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeIx = NodeIx(3);

    const fn entrant(position: usize, attempt: u32) -> Entrant {
        Entrant { position, attempt }
    }

    #[test]
    fn a_place_goes_from_one_to_the_next_and_a_second_attempt_goes_first() {
        let mut lanes = Lanes::default();
        let entered = [0, 1, 2, 3].map(|position| lanes.enter(NODE, 2, entrant(position, 1)));
        assert_eq!(entered, [true, true, false, false]);
        assert_eq!(lanes.admit(), None);
        assert!(!lanes.enter(NODE, 2, entrant(9, 2)));
        let admitted = [(); 5].map(|()| {
            lanes.leave(NODE);
            lanes.admit().map(|next| next.position)
        });
        assert_eq!(admitted, [Some(9), Some(2), Some(3), None, None]);
        assert!(lanes.enter(NODE, 2, entrant(0, 1)), "every place is free again");
    }

    #[test]
    fn a_full_lane_is_nothing_to_the_others() {
        let mut lanes = Lanes::default();
        assert!(lanes.enter(NODE, 1, entrant(0, 1)));
        assert!(!lanes.enter(NODE, 1, entrant(1, 1)));
        assert!(lanes.enter(NodeIx(4), 1, entrant(2, 1)));
        lanes.leave(NodeIx(4));
        assert_eq!(lanes.admit(), None);
    }
}
