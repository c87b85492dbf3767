//! When a failed attempt is tried again: a policy is a value, the decision a function.

use std::time::Duration;

use fastrand::Rng;

use crate::node::error::NodeError;

/// How often, and how long apart, a failing node is tried.
///
/// Attempts after the first wait `initial * factor^(n-1)`, at most `max`, then shortened by up to `jitter` of it,
/// so that many runs that failed together do not come back together. An error that asked for its own pause
/// ([`NodeError::retry_after`](crate::NodeError::retry_after)) waits exactly that. Terminal errors and panics are
/// never retried; timeouts are.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    attempts: u32,
    initial: Duration,
    factor: f64,
    max: Duration,
    jitter: f64,
}

impl RetryPolicy {
    /// Up to this many attempts, the first one included; half a second, doubled each time, at most half a minute,
    /// with half of it jitter.
    pub const fn attempts(attempts: u32) -> Self {
        Self {
            attempts,
            initial: Duration::from_millis(500),
            factor: 2.0,
            max: Duration::from_secs(30),
            jitter: 0.5,
        }
    }

    /// The wait before the second attempt.
    #[must_use]
    pub const fn initial(mut self, initial: Duration) -> Self {
        self.initial = initial;
        self
    }

    /// What each further wait is multiplied by.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The longest wait.
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// The share of a wait that is random, from 0 to 1.
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// What is wrong with the numbers, if anything is.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.attempts == 0 {
            Some("a retry policy needs at least one attempt")
        } else if !self.factor.is_finite() || self.factor < 1.0 {
            Some("the factor of a retry policy is a number of at least 1")
        } else if !(0.0..=1.0).contains(&self.jitter) {
            Some("the jitter of a retry policy is between 0 and 1")
        } else {
            None
        }
    }

    /// How long to wait before the next attempt at something that is not a node, or nothing if there is none: `attempt`
    /// (from 1) failed with this error. `random`, from 0 to 1, is the share of the jitter to take off.
    ///
    /// ```
    /// use std::time::Duration;
    /// use medha_graph::{NodeError, RetryPolicy};
    ///
    /// let policy = RetryPolicy::attempts(2).initial(Duration::from_secs(1));
    /// let error = NodeError::new("the line is busy");
    /// assert_eq!(policy.wait_after(1, &error, 0.0), Some(Duration::from_secs(1)));
    /// assert_eq!(policy.wait_after(2, &error, 0.0), None);
    /// ```
    pub fn wait_after(&self, attempt: u32, error: &NodeError, random: f64) -> Option<Duration> {
        let is_over = !error.is_retryable() || attempt >= self.attempts;
        (!is_over).then(|| error.pause().unwrap_or_else(|| self.wait(attempt, random)))
    }

    /// What to do after attempt number `attempt` (from 1) failed with a retryable error.
    pub(crate) fn after_failure(&self, attempt: u32, asked: Option<Duration>, rng: &mut Rng) -> Retry {
        if attempt >= self.attempts {
            return Retry::GiveUp;
        }
        Retry::After(asked.unwrap_or_else(|| self.wait(attempt, rng.f64())))
    }

    fn wait(&self, attempt: u32, random: f64) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.initial.as_secs_f64() * self.factor.powi(exponent);
        // Nothing, however often it is multiplied, is nothing; as floats zero times infinity is no number.
        let seconds = if self.initial.is_zero() { 0.0 } else { grown.min(self.max.as_secs_f64()) };
        let wait = Duration::try_from_secs_f64(seconds * (1.0 - self.jitter * random));
        wait.unwrap_or(self.max)
    }
}

/// The decision after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Try again after this wait.
    After(Duration),
    /// That was the last attempt.
    GiveUp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RetryPolicy {
        RetryPolicy::attempts(5).initial(Duration::from_secs(1)).max(Duration::from_secs(6)).jitter(0.0)
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_maximum_and_then_end() {
        let mut rng = Rng::with_seed(1);
        let decide = |attempt| policy().after_failure(attempt, None, &mut rng);
        let decisions: Vec<Retry> = (1..=5).map(decide).collect();
        let after = |seconds| Retry::After(Duration::from_secs(seconds));
        assert_eq!(decisions, [after(1), after(2), after(4), after(6), Retry::GiveUp]);
    }

    #[test]
    fn an_error_that_asks_for_a_pause_gets_exactly_that() {
        let pause = Duration::from_secs(99);
        let mut rng = Rng::with_seed(1);
        assert_eq!(policy().after_failure(1, Some(pause), &mut rng), Retry::After(pause));
        assert_eq!(policy().after_failure(5, Some(pause), &mut rng), Retry::GiveUp);
    }

    #[test]
    fn jitter_shortens_a_wait_and_never_lengthens_it() {
        let mut rng = Rng::with_seed(7);
        for _ in 0..1000 {
            let Retry::After(wait) = policy().jitter(0.5).after_failure(1, None, &mut rng) else {
                panic!("gave up")
            };
            assert!(wait >= Duration::from_millis(500) && wait <= Duration::from_secs(1), "{wait:?}");
        }
    }

    #[test]
    fn waits_at_the_ends_of_what_a_duration_holds_do_not_overflow() {
        let mut rng = Rng::with_seed(1);
        let endless = RetryPolicy::attempts(3).initial(Duration::MAX).max(Duration::MAX).jitter(0.0);
        assert_eq!(endless.after_failure(2, None, &mut rng), Retry::After(Duration::MAX));
        let at_once = RetryPolicy::attempts(u32::MAX).initial(Duration::ZERO);
        assert_eq!(at_once.after_failure(5_000, None, &mut rng), Retry::After(Duration::ZERO));
    }

    #[test]
    fn a_huge_attempt_number_does_not_overflow() {
        let mut rng = Rng::with_seed(1);
        let policy = RetryPolicy::attempts(u32::MAX).jitter(0.0);
        assert_eq!(policy.after_failure(u32::MAX - 1, None, &mut rng), Retry::After(Duration::from_secs(30)));
    }
}
