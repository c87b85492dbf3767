//! The deadlines of one attempt: values and functions of the time that is passed in.
//!
//! The machine says when an attempt begins; its timer then knows when it has taken too long. Signs of life move the
//! deadlines of the idle and the heartbeat timeout, and nothing moves that of the whole attempt.

use std::fmt;
use std::time::Duration;

use super::checkpoint::Task;
use super::machine::Time;

/// How long an attempt may take, as a whole and between signs of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) run: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
}

impl Timeouts {
    /// Those of the node, or the task's own.
    pub(crate) fn of(node: &Self, task: &Task) -> Self {
        Self { run: task.timeout().or(node.run), ..*node }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.run.is_none() && self.idle.is_none() && self.heartbeat.is_none()
    }

    /// Whether signs of life matter.
    pub(crate) const fn has_moving(&self) -> bool {
        self.idle.is_some() || self.heartbeat.is_some()
    }
}

/// Something an attempt does that shows it is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It used its context.
    Activity,
    /// It said so.
    Heartbeat,
}

/// The deadlines of an attempt that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    timeouts: Timeouts,
    started: Time,
    last_sign: Time,
    last_heartbeat: Time,
}

/// When an attempt has taken too long, and what it then took too long for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) at: Time,
    pub(crate) expired: Expired,
}

/// A timeout that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    Run(Duration),
    Idle(Duration),
    Heartbeat(Duration),
}

impl Timer {
    pub(crate) const fn new(timeouts: Timeouts, started: Time) -> Self {
        Self { timeouts, started, last_sign: started, last_heartbeat: started }
    }

    /// Takes in a sign of life.
    pub(crate) const fn note(&mut self, sign: Sign, now: Time) {
        self.last_sign = now;
        match sign {
            Sign::Activity => {}
            Sign::Heartbeat => self.last_heartbeat = now,
        }
    }

    /// The first deadline; none where a timeout is longer than time can tell.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let Timeouts { run, idle, heartbeat } = self.timeouts;
        let all = [
            (run.map(Expired::Run), self.started),
            (idle.map(Expired::Idle), self.last_sign),
            (heartbeat.map(Expired::Heartbeat), self.last_heartbeat),
        ];
        let deadlines = all.into_iter().filter_map(|(timeout, since)| {
            let expired = timeout?;
            Some(Deadline { at: since.checked_add(expired.limit())?, expired })
        });
        deadlines.min_by_key(|deadline| deadline.at)
    }
}

impl Expired {
    const fn limit(self) -> Duration {
        match self {
            Self::Run(limit) | Self::Idle(limit) | Self::Heartbeat(limit) => limit,
        }
    }
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(limit) => write!(f, "took longer than its timeout of {limit:?}"),
            Self::Idle(limit) => write!(f, "gave no sign of life for {limit:?}, its idle timeout"),
            Self::Heartbeat(limit) => write!(f, "sent no heartbeat for {limit:?}, its heartbeat timeout"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const ALL: Timeouts =
        Timeouts { run: Some(seconds(60)), idle: Some(seconds(10)), heartbeat: Some(seconds(25)) };

    #[test]
    fn the_first_of_the_deadlines_counts_and_signs_move_it() {
        use Expired::{Heartbeat, Idle, Run};
        use Sign::{Activity, Heartbeat as Beat};
        type Row = (&'static [(Sign, u64)], u64, Expired);
        let table: [Row; 6] = [
            (&[], 110, Idle(seconds(10))),
            (&[(Activity, 104)], 114, Idle(seconds(10))),
            (&[(Activity, 109), (Activity, 118)], 125, Heartbeat(seconds(25))),
            (&[(Activity, 109), (Beat, 118)], 128, Idle(seconds(10))),
            (&[(Beat, 109), (Beat, 118), (Activity, 125)], 135, Idle(seconds(10))),
            (&[(Beat, 140), (Activity, 155)], 160, Run(seconds(60))),
        ];
        for (signs, at, expired) in table {
            let mut timer = Timer::new(ALL, seconds(100));
            signs.iter().for_each(|(sign, at)| timer.note(*sign, seconds(*at)));
            let expected = Deadline { at: seconds(at), expired };
            assert_eq!(timer.deadline(), Some(expected), "{signs:?}");
        }
    }

    #[test]
    fn a_timeout_without_end_has_no_deadline() {
        let endless = Timeouts { run: Some(Duration::MAX), ..Timeouts::default() };
        assert_eq!(Timer::new(endless, seconds(1)).deadline(), None);
        assert_eq!(Timer::new(Timeouts::default(), seconds(1)).deadline(), None);
    }

    #[test]
    fn a_failure_says_which_timeout_it_was_and_how_long() {
        let texts = [Expired::Run, Expired::Idle, Expired::Heartbeat].map(|of| of(seconds(5)).to_string());
        assert_eq!(
            texts,
            [
                "took longer than its timeout of 5s",
                "gave no sign of life for 5s, its idle timeout",
                "sent no heartbeat for 5s, its heartbeat timeout",
            ]
        );
    }
}
