//! The round of a join: which of its sources have come, and whether it has fired; and how that is stored.

use super::checkpoint::Frontier;
use super::name::Name;
use super::record::StoredJoin;
use super::restore::Unusable;
use crate::graph::topology::{NodeIx, Topology};
use crate::state::State;

/// How far one join has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// Which sources have come in this round.
    pub(crate) arrived: Vec<bool>,
    pub(crate) has_fired: bool,
}

impl Round {
    /// A round nobody has come to.
    pub(crate) fn new(sources: usize) -> Self {
        Self { arrived: vec![false; sources], has_fired: false }
    }

    /// Takes in the arrival of a source, and says whether the join fires. Who comes after it has fired is taken in; who
    /// comes again then begins the next round.
    pub(crate) fn arrive(&mut self, source: usize, needed: usize) -> bool {
        if self.has_fired && self.arrived[source] {
            self.begin();
        }
        self.arrived[source] = true;
        let count = self.arrived.iter().filter(|has_arrived| **has_arrived).count();
        let fires = !self.has_fired && count >= needed;
        self.has_fired |= fires;
        if count == self.arrived.len() {
            self.begin();
        }
        fires
    }

    /// Lets the join fire again when one of those who had come before it fired comes once more.
    pub(crate) fn refill(&mut self) {
        if self.has_fired {
            self.has_fired = false;
        } else {
            self.arrived.fill(true);
        }
    }

    /// Whether nobody has come yet.
    pub(crate) fn is_empty(&self) -> bool {
        !self.arrived.contains(&true)
    }

    /// Whether some have come, and not enough.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.has_fired && !self.is_empty()
    }

    fn begin(&mut self) {
        self.arrived.fill(false);
        self.has_fired = false;
    }
}

/// The joins that wait for more of their sources before they fire.
pub(crate) fn waiting_joins<S: State>(topology: &Topology<S>, frontier: &Frontier) -> Vec<StoredJoin> {
    let mut joins = open_joins(topology, frontier);
    joins.retain(|join| !join.has_fired);
    joins
}

/// The joins in the middle of a round, with names, as they are stored.
pub(crate) fn open_joins<S: State>(topology: &Topology<S>, frontier: &Frontier) -> Vec<StoredJoin> {
    let open = topology.joins.iter().zip(&frontier.joins).filter(|(_, round)| !round.is_empty());
    open.map(|(join, round)| {
        let names = |wanted: bool| {
            let sources = join.sources.iter().zip(&round.arrived).filter(move |(_, has)| **has == wanted);
            sources.map(|(source, _)| Name::from(topology.name_of(*source))).collect()
        };
        let target = Name::from(topology.name_of(join.target));
        let (needed, has_fired) = (join.needed, round.has_fired);
        StoredJoin { target, arrived: names(true), missing: names(false), needed, has_fired }
    })
    .collect()
}

/// Finds the join by its target and sources: its number may have changed.
pub(crate) fn restore<S: State>(
    topology: &Topology<S>,
    stored: &StoredJoin,
    frontier: &mut Frontier,
) -> Result<(), Unusable> {
    let target = topology.number(&stored.target).ok_or_else(|| Unusable::Node(stored.target.to_string()))?;
    let is_same = |sources: &[NodeIx]| {
        let names: Vec<&str> = sources.iter().map(|source| &**topology.name_of(*source)).collect();
        let all = || stored.arrived.iter().chain(&stored.missing);
        names.len() == all().count() && all().all(|name| names.contains(&name.as_str()))
    };
    let found = topology.joins.iter().position(|join| join.target == target && is_same(&join.sources));
    let join = found.ok_or_else(|| Unusable::Node(format!("a join into {}", stored.target)))?;
    let has_arrived =
        |source: &NodeIx| stored.arrived.iter().any(|name| **name == **topology.name_of(*source));
    let arrived = topology.joins[join].sources.iter().map(has_arrived).collect();
    frontier.joins[join] = Round { arrived, has_fired: stored.has_fired };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which arrivals a join of three sources fires.
    fn firings(needed: usize, arrivals: &[usize]) -> Vec<usize> {
        let mut round = Round::new(3);
        let fires = |(place, source): (usize, &usize)| round.arrive(*source, needed).then_some(place);
        arrivals.iter().enumerate().filter_map(fires).collect()
    }

    #[test]
    fn a_join_fires_once_in_each_round() {
        let table: [(usize, &[usize], &[usize]); 9] = [
            (3, &[0, 1, 2, 2, 1, 0], &[2, 5]),
            (3, &[0, 0, 0, 1], &[]),
            (1, &[0, 1, 2, 0], &[0, 3]),
            (1, &[0, 0, 0], &[0, 1, 2]),
            (1, &[0, 1, 0, 2, 1], &[0, 2]),
            (2, &[0, 1, 2, 2, 2, 0], &[1, 5]),
            (2, &[0, 1, 1, 0], &[1, 3]),
            (2, &[2, 2, 0, 0, 2], &[2, 4]),
            (2, &[0, 1, 0, 2], &[1, 3]),
        ];
        for (needed, arrivals, expected) in table {
            assert_eq!(firings(needed, arrivals), expected, "{needed} of 3, {arrivals:?}");
        }
    }

    #[test]
    fn a_join_that_was_refilled_fires_once_more_and_its_round_goes_on() {
        for needed in 1..=3 {
            let mut round = Round::new(3);
            let fired = (0..needed).filter(|source| round.arrive(*source, needed)).count();
            assert_eq!(fired, 1);
            let before = round.clone();
            round.refill();
            assert!(round.arrive(0, needed));
            assert_eq!(round, before, "{needed} of 3");
        }
    }

    #[test]
    fn a_join_waits_while_some_have_come_and_not_enough() {
        let mut round = Round::new(3);
        let states = [0, 1, 2].map(|source| {
            round.arrive(source, 2);
            (round.is_waiting(), round.is_empty())
        });
        assert_eq!(states, [(true, false), (false, false), (false, true)]);
    }
}
