//! Whether it makes sense to connect: a server that keeps failing is left alone for a while.

use std::time::{Duration, Instant};

/// So many failures in a row, and the server is left alone.
const TOLERATED: u32 = 3;
/// For so long at first, then twice as long each time,
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Counts failures to connect. It reads no clock.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    closed_again_at: Option<Instant>,
}

impl Breaker {
    /// Whether to try at this moment; if not, how long to wait. After a pause one caller tries for all of them.
    pub(crate) fn ask(&mut self, now: Instant) -> Result<(), Duration> {
        match self.closed_again_at {
            Some(at) if now < at => Err(at - now),
            Some(_) => {
                self.closed_again_at = Some(now + pause(self.failures));
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= TOLERATED {
            self.closed_again_at = Some(now + pause(self.failures));
        }
    }
}

fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(TOLERATED).min(10);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "any moment will do")]
    fn after_three_failures_one_caller_tries_after_each_pause() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            assert_eq!(breaker.ask(start), Ok(()));
            breaker.failed(start);
        }
        assert_eq!(breaker.ask(start), Err(Duration::from_secs(1)));
        assert_eq!(breaker.ask(at(1)), Ok(()), "one tries");
        assert_eq!(breaker.ask(at(1)), Err(Duration::from_secs(1)), "the others wait for it");
        breaker.failed(at(1));
        assert_eq!(breaker.ask(at(1)), Err(Duration::from_secs(2)), "the pause doubles");
        for _ in 0..20 {
            breaker.failed(at(1));
        }
        assert_eq!(breaker.ask(at(1)), Err(LONGEST_PAUSE));
        breaker.succeeded();
        assert_eq!(breaker.ask(at(1)), Ok(()));
    }
}
