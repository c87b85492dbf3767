//! The round of a join: which of its sources have come, and whether it has fired.

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
    fn a_join_waits_while_some_have_come_and_not_enough() {
        let mut round = Round::new(3);
        let states = [0, 1, 2].map(|source| {
            round.arrive(source, 2);
            (round.is_waiting(), round.is_empty())
        });
        assert_eq!(states, [(true, false), (false, false), (false, true)]);
    }
}
